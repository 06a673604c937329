// SPDX-License-Identifier: Apache-2.0
/* A run of capitals counts as one word and an underscore is never taken away, so that `GetURLNow`
 * is `get_urlnow` and `foo_Bar` is `foo__bar`. Odd, but it is what protoc-c does. */
#include "client/protoc/names.h"

#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"

/* The .proto grammar knows ASCII only, and no locale. */
static bool names_is_capital(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

static char names_capital(char letter)
{
    return (char)(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
}

static char names_small(char letter)
{
    return (char)(names_is_capital(letter) ? letter - 'A' + 'a' : letter);
}

static char *names_copy_struct(char *end, const char *word, size_t size)
{
    bool capital = true;

    for (size_t i = 0; i < size; i++) {
        if (word[i] == '_') {
            capital = true;
            continue;
        }
        *end++ = capital ? names_capital(word[i]) : word[i];
        capital = false;
    }
    return end;
}

static char *names_copy_lower(char *end, const char *word, size_t size)
{
    bool after_capital = true;

    for (size_t i = 0; i < size; i++) {
        bool capital = names_is_capital(word[i]);

        if (capital && !after_capital)
            *end++ = '_';
        *end++ = names_small(word[i]);
        after_capital = capital;
    }
    return end;
}

typedef char *(*names_copy_fn)(char *end, const char *word, size_t size);

/* Each word between dots goes through `copy`; `__` joins them. A letter never becomes more than
 * two. */
static char *names_convert(const char *full_name, names_copy_fn copy)
{
    char *name = memory_get(2 * strlen(full_name) + 1);
    char *end = name;

    for (const char *word = full_name; *word != '\0';) {
        size_t size = strcspn(word, ".");

        if (end != name && size > 0)
            end = stpcpy(end, "__");
        end = copy(end, word, size);
        word += size;
        word += strspn(word, ".");
    }
    *end = '\0';
    return name;
}

char *names_struct(const char *full_name)
{
    return names_convert(full_name, names_copy_struct);
}

char *names_lower(const char *full_name)
{
    return names_convert(full_name, names_copy_lower);
}

char *names_snake(const char *name)
{
    return names_convert(name, names_copy_lower);
}

static int names_compare(const void *key, const void *keyword)
{
    return strcmp(key, *(const char *const *)keyword);
}

bool names_is_keyword(const char *name)
{
    static const char *const keywords[] = { "asm", "auto", "break", "case", "char", "const",
        "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
        "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
        "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void",
        "volatile", "while" };

    return bsearch(name, keywords, sizeof(keywords) / sizeof(keywords[0]), sizeof(keywords[0]),
                   names_compare) != NULL;
}
