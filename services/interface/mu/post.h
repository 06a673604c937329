/* post.h - bytes to a web server, by mu-post. */
#pragma once

#include "services/interface/mu/cli.h"

/* POSTs `text`, which is JSON, to `url` (http or https), with `header` ("Name: value") besides
 * where that is not NULL. Says what is wrong. Returns EXIT_OK, or EXIT_UNAVAILABLE where nobody
 * answered, EXIT_ANSWERED_ERROR where the answer was no success. */
int post_json(const struct cli *cli, const char *url, const char *header, const char *text);
