/* client/protoc/names.h - the names that protoc-c gives to things in C, letter by letter as it does
 * (protobuf-c 1.4, protoc-c/c_helpers.cc): what is written here must link with what it wrote. */
#pragma once

#include <stdbool.h>

/* "foo_bar.v1.HTTPServer2" -> "FooBar__V1__HTTPServer2", the struct. The caller frees it. */
char *names_struct(const char *full_name);

/* "foo_bar.v1.HTTPServer2" -> "foo_bar__v1__httpserver2", in front of functions and descriptors.
 * The caller frees it. */
char *names_lower(const char *full_name);

/* "GetURLNow" -> "get_urlnow". The caller frees it. */
char *names_snake(const char *name);

/* A word that C keeps for itself. */
bool names_is_keyword(const char *name);
