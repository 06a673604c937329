/* complete.h - live completion: `mu __complete -- mu words…`, the last word being typed.
 *
 * One candidate a line, with a tab and a word about it behind. No line at all lets the shell
 * complete files. A candidate that ends with `=`, `.` or `/` goes on; the stubs put no space behind
 * it.
 */
#pragma once

#include "services/interface/mu/cli.h"

/* argv[0] is "__complete". Prints to standard output and never fails: where a node does not answer
 * in time, there are fewer candidates. */
void complete_run(struct cli *cli, int argc, char **argv);
