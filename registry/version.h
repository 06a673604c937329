/* registry/version.h - which of two versions is newer. */
#pragma once

/* Compares by precedence, as Semantic Versioning 2.0.0 (section 11) has it; build metadata does not
 * count. Numbers may be of any length. A text that is no semantic version is older than any that
 * is; two such are compared as bytes. Returns < 0, 0 or > 0. */
int version_compare(const char *left, const char *right);
