/* token_bearer.h - what is done with a token that one has, without asking anybody. */
#pragma once

#include "mu/token.h"
#include "services/interface/mu/command.h"

extern const struct command token_narrow_command;
extern const struct command token_show_command;

/* Takes the token that is the command's first word; `-` stands for the first line of standard
 * input, no word for the token of mu login. Says what is wrong. Returns EXIT_OK or an exit status.
 * The caller wipes it. */
int token_read(
        const struct cli *cli, const struct arguments *arguments, char token[MU_TOKEN_TEXT_SIZE]);

/* For CLEANUP, of a char[MU_TOKEN_TEXT_SIZE]. */
void token_wipe(void *token);
