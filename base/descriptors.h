/* base/descriptors.h - standard input, output and error are always open. */
#pragma once

/* Opens /dev/null in place of each of the three that this process was started without, so that
 * nothing opened later gets its number and is read or written for it: a closed input is an empty
 * one, what is written to a closed output is thrown away. First thing in main. */
void descriptors_open_standard(void);
