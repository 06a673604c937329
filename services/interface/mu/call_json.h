/* call_json.h - a record of a call, for programs: ids in digits, codes by name. */
#pragma once

#include <jansson.h>

#include "mu/router/v1/router.pb-c.h"

/* Makes the object. The caller's; NULL: no memory. */
json_t *call_json_make(const Mu__Router__V1__CallRecord *record);

/* Writes a time (us since 1970) as "2026-11-27T14:30:00.123456Z" into `text`, and returns it. */
enum { CALL_JSON_TIME_MAX = 40 }; /* bytes with the final NUL */
char *call_json_time(uint64_t at_us, char text[CALL_JSON_TIME_MAX]);
