/* skeleton.h - the files that `mu new` writes, as they stand in skeleton/, and how they are filled
 * in. */
#pragma once

#include <stddef.h>

enum { SKELETON_WORD_MAX = 64 }; /* bytes with the final NUL */

struct skeleton_file {
    const unsigned char *bytes;
    const unsigned long *size;
    const char *name; /* filled in like the text */
};

struct skeleton_words {
    char name[SKELETON_WORD_MAX];   /* @name@:  "my-shop" */
    char ident[SKELETON_WORD_MAX];  /* @ident@, @file@: "my_shop", the package and its files */
    char type[SKELETON_WORD_MAX];   /* @Type@, @Prefix@: "MyShop" */
    char upper[SKELETON_WORD_MAX];  /* @UPPER@: "MY_SHOP", the messages' macros */
    char prefix[SKELETON_WORD_MAX]; /* @snake@: "my_shop", in front of the stubs' functions */
};

/* Makes all of them of `name`, lower-case letters, digits and single `-`: "x-ray" is the package
 * x_ray and the type XRay, of which protoc-gen-mu makes the prefix xray. */
void skeleton_name(struct skeleton_words *words, const char *name);

/* `text` with its words filled in, which the caller frees; NULL where memory is out. An `@` that
 * begins none of them stays. */
char *skeleton_fill(const char *text, size_t size, const struct skeleton_words *words);

extern const unsigned char skeleton_proto[], skeleton_code[], skeleton_test[], skeleton_script[],
        skeleton_manifest[], skeleton_cmake[], skeleton_readme[], skeleton_ignore[];
extern const unsigned long skeleton_proto_size, skeleton_code_size, skeleton_test_size,
        skeleton_script_size, skeleton_manifest_size, skeleton_cmake_size, skeleton_readme_size,
        skeleton_ignore_size;
