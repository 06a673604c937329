// SPDX-License-Identifier: Apache-2.0
/* mu doctor - what may be wrong with this machine and its node, each with what to do about it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/doctor_check.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/output.h"

static const char *const doctor_marks[] = {
    [CHECK_GOOD] = "ok",
    [CHECK_NOTE] = "--",
    [CHECK_BAD] = "!!",
};

static const char *const doctor_colors[] = {
    [CHECK_GOOD] = COLOR_GOOD,
    [CHECK_NOTE] = COLOR_WARN,
    [CHECK_BAD] = COLOR_BAD,
};

static void doctor_print(const struct cli *cli, const struct check *check)
{
    printf("%s%s%s  %-10s  %s\n", color_on(cli, stdout, doctor_colors[check->level]),
            doctor_marks[check->level], color_off(cli, stdout), check->name, check->text);
    if (check->fix[0] != '\0')
        printf("                fix: %s\n", check->fix);
}

static json_t *doctor_json(const struct check *check)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:s}", "name", check->name, "ok",
            (int)(check->level != CHECK_BAD), "level", doctor_marks[check->level], "text",
            check->text, "fix", check->fix);
}

static int doctor_run(struct cli *cli, const struct arguments *arguments)
{
    json_t *list = json_array();
    bool is_well = true;

    (void)arguments;
    for (size_t i = 0; check_all[i] != NULL; i++) {
        struct check check = { .cli = cli };

        check_all[i](&check);
        if (check.name == NULL)
            continue;
        is_well = is_well && check.level != CHECK_BAD;
        if (output_is_json(cli))
            json_array_append_new(list, doctor_json(&check));
        else if (!cli->quiet || check.level == CHECK_BAD)
            doctor_print(cli, &check);
    }
    if (output_is_json(cli)) {
        int code = output_json(cli, json_pack("{s:b, s:O}", "ok", (int)is_well, "checks", list));

        if (code != EXIT_OK)
            return code;
    }
    json_decref(list);
    return is_well ? EXIT_OK : EXIT_ANSWERED_ERROR;
}

const struct command doctor_command = {
    .as_owner = true,
    .name = "doctor",
    .is_local = true,
    .group = "Daily",
    .summary = "what is wrong here, and how to mend it",
    .details = "Looks at this machine and at the node: ok, -- for what is good to know, !! for "
               "what is wrong. The\n"
               "exit status is 1 where something is wrong.",
    .examples =
            (const struct example[]){
                    { "mu doctor", "a line for each check" },
                    { "mu doctor --json", "the same for programs" },
                    { NULL, NULL },
            },
    .run = doctor_run,
};
