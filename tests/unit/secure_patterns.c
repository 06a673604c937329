// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/secure_patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sections 7.4, 7.5 and 18.1 ("deferred") of the specification, word for word. */
static const struct row {
    const char *name;
    const char *before; /* pre-messages: whose static key the other one has */
    const char *messages[NOISE_MESSAGES_MAX];
} rows[] = {
    { "N", "<-s", { "e es" } },
    { "K", "->s <-s", { "e es ss" } },
    { "X", "<-s", { "e es s ss" } },

    { "NN", "", { "e", "e ee" } },
    { "KN", "->s", { "e", "e ee se" } },
    { "NK", "<-s", { "e es", "e ee" } },
    { "KK", "->s <-s", { "e es ss", "e ee se" } },
    { "NX", "", { "e", "e ee s es" } },
    { "KX", "->s", { "e", "e ee se s es" } },
    { "XN", "", { "e", "e ee", "s se" } },
    { "IN", "", { "e s", "e ee se" } },
    { "XK", "<-s", { "e es", "e ee", "s se" } },
    { "IK", "<-s", { "e es s ss", "e ee se" } },
    { "XX", "", { "e", "e ee s es", "s se" } },
    { "IX", "", { "e s", "e ee se s es" } },

    { "NK1", "<-s", { "e", "e ee es" } },
    { "NX1", "", { "e", "e ee s", "es" } },
    { "X1N", "", { "e", "e ee", "s", "se" } },
    { "X1K", "<-s", { "e es", "e ee", "s", "se" } },
    { "XK1", "<-s", { "e", "e ee es", "s se" } },
    { "X1K1", "<-s", { "e", "e ee es", "s", "se" } },
    { "X1X", "", { "e", "e ee s es", "s", "se" } },
    { "XX1", "", { "e", "e ee s", "es s se" } },
    { "X1X1", "", { "e", "e ee s", "es s", "se" } },
    { "K1N", "->s", { "e", "e ee", "se" } },
    { "K1K", "->s <-s", { "e es", "e ee", "se" } },
    { "KK1", "->s <-s", { "e", "e ee se es" } },
    { "K1K1", "->s <-s", { "e", "e ee es", "se" } },
    { "K1X", "->s", { "e", "e ee s es", "se" } },
    { "KX1", "->s", { "e", "e ee se s", "es" } },
    { "K1X1", "->s", { "e", "e ee s", "se es" } },
    { "I1N", "", { "e s", "e ee", "se" } },
    { "I1K", "<-s", { "e es s", "e ee", "se" } },
    { "IK1", "<-s", { "e s", "e ee se es" } },
    { "I1K1", "<-s", { "e s", "e ee es", "se" } },
    { "I1X", "", { "e s", "e ee s es", "se" } },
    { "IX1", "", { "e s", "e ee se s", "es" } },
    { "I1X1", "", { "e s", "e ee s", "se es" } },
};

static const char *const token_names[] = {
    [NOISE_E] = "e",
    [NOISE_S] = "s",
    [NOISE_EE] = "ee",
    [NOISE_ES] = "es",
    [NOISE_SE] = "se",
    [NOISE_SS] = "ss",
};

/* Turns "e ee s es" into tokens. */
static void add_tokens(uint8_t tokens[NOISE_TOKENS_MAX], const char *text)
{
    for (size_t count = 0; *text != '\0'; count++) {
        size_t length = strcspn(text, " ");

        for (int token = NOISE_E; token <= NOISE_SS; token++)
            if (strlen(token_names[token]) == length &&
                    strncmp(token_names[token], text, length) == 0)
                tokens[count] = (uint8_t)token;
        text += length;
        text += strspn(text, " ");
    }
}

/* "pskN": in front of the first message for 0, else behind message N. */
static bool add_psk(struct noise_pattern *noise, unsigned long number)
{
    uint8_t *tokens = noise->messages[number == 0 ? 0 : number - 1];
    size_t count = 0;

    if (number > NOISE_MESSAGES_MAX || tokens[NOISE_TOKENS_MAX - 1] != NOISE_END)
        return false;
    while (tokens[count] != NOISE_END)
        count += 1;
    if (number == 0) {
        memmove(tokens + 1, tokens, count);
        count = 0;
    }
    tokens[count] = NOISE_PSK;
    return true;
}

static const struct row *find_row(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

bool secure_pattern_init(struct secure_pattern *pattern, const char *protocol)
{
    static const char prefix[] = "Noise_";
    static const char suffix[] = "_25519_ChaChaPoly_SHA256";
    const char *name = protocol + strlen(prefix);
    const struct row *row;
    const char *end;

    if (strncmp(protocol, prefix, strlen(prefix)) != 0 || strlen(protocol) >= SECURE_PROTOCOL_MAX)
        return false;
    end = strchr(name, '_');
    if (end == NULL || strcmp(end, suffix) != 0)
        return false;
    row = find_row(name, strcspn(name, "p_"));
    if (row == NULL)
        return false;
    *pattern = (struct secure_pattern){ .one_way = row->messages[1] == NULL };
    snprintf(pattern->protocol, sizeof(pattern->protocol), "%s", protocol);
    pattern->noise.protocol = pattern->protocol;
    pattern->noise.initiator_known = strstr(row->before, "->s") != NULL;
    pattern->noise.responder_known = strstr(row->before, "<-s") != NULL;
    for (size_t i = 0; i < NOISE_MESSAGES_MAX && row->messages[i] != NULL; i++)
        add_tokens(pattern->noise.messages[i], row->messages[i]);
    name += strlen(row->name);
    while (strncmp(name, "psk", 3) == 0 || strncmp(name, "+psk", 4) == 0) {
        char *rest;

        if (!add_psk(&pattern->noise, strtoul(name + strcspn(name, "0123456789"), &rest, 10)))
            return false;
        pattern->psk_count += 1;
        name = rest;
    }
    return name == end;
}
