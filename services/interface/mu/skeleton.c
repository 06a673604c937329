// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/skeleton.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands at `at`, and how long its mark is there; NULL for none. */
static const char *skeleton_word(
        const char *at, size_t left, const struct skeleton_words *words, size_t *sizep)
{
    const struct {
        const char *mark;
        const char *word;
    } marks[] = {
        { "@name@", words->name },
        { "@file@", words->ident },
        { "@ident@", words->ident },
        { "@snake@", words->prefix },
        { "@Type@", words->type },
        { "@Prefix@", words->type },
        { "@UPPER@", words->upper },
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t size = strlen(marks[i].mark);

        if (size <= left && memcmp(at, marks[i].mark, size) == 0) {
            *sizep = size;
            return marks[i].word;
        }
    }
    return NULL;
}

/* As protoc-gen-mu does it: a capital behind another begins no word, so that XRay is xray. */
static void skeleton_prefix(struct skeleton_words *words)
{
    bool after_capital = true;
    size_t length = 0;

    for (const char *c = words->type; *c != '\0'; c++) {
        bool is_capital = *c >= 'A' && *c <= 'Z';

        if (is_capital && !after_capital && length + 2 < sizeof(words->prefix))
            words->prefix[length++] = '_';
        words->prefix[length++] = (char)(tolower)((unsigned char)*c);
        after_capital = is_capital;
    }
    words->prefix[length] = '\0';
}

void skeleton_name(struct skeleton_words *words, const char *name)
{
    size_t length = 0;
    bool is_start = true;

    *words = (struct skeleton_words){ 0 };
    snprintf(words->name, sizeof(words->name), "%s", name);
    for (size_t i = 0; words->name[i] != '\0'; i++) {
        char letter = words->name[i];

        if (letter != '-')
            words->type[length++] = (char)(is_start ? (toupper)((unsigned char)letter) : letter);
        is_start = letter == '-';
        words->ident[i] = (char)(letter == '-' ? '_' : letter);
        words->upper[i] = (char)(toupper)((unsigned char)words->ident[i]);
    }
    skeleton_prefix(words);
}

char *skeleton_fill(const char *text, size_t size, const struct skeleton_words *words)
{
    char *filled = NULL;
    size_t filled_size = 0;
    FILE *out = open_memstream(&filled, &filled_size);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < size;) {
        size_t step = 1;
        const char *word = skeleton_word(text + i, size - i, words, &step);

        if (word != NULL)
            fputs(word, out);
        else
            fputc(text[i], out);
        i += step;
    }
    if (fclose(out) != 0) {
        free(filled);
        return NULL;
    }
    return filled;
}
