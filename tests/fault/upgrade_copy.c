// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/upgrade_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

static void copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    struct stat about;
    off_t done = 0;

    assert_true(in >= 0 && out >= 0);
    assert_int_equal(fstat(in, &about), 0);
    while (done < about.st_size)
        assert_true(sendfile(out, in, &done, (size_t)(about.st_size - done)) > 0);
    close(in);
    assert_int_equal(close(out), 0);
}

void copy_make(const struct node *node, const char *name, char prefix[COPY_PATH_MAX])
{
    static const char *const programs[] = { "mu-node", "mu-exec", "mu-router", "mu-registry" };
    static const char *const folders[] = { "", "/libexec", "/libexec/mu" };
    char from[COPY_PATH_MAX];
    char to[2 * COPY_PATH_MAX];

    snprintf(prefix, COPY_PATH_MAX, "%s/%s", node->dir, name);
    for (size_t i = 0; i < 3; i++) {
        snprintf(to, sizeof(to), "%s%s", prefix, folders[i]);
        assert_int_equal(mkdir(to, 0755), 0);
    }
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        snprintf(from, sizeof(from), "%.*s/%s", (int)(strrchr(TEST_NODE, '/') - TEST_NODE),
                TEST_NODE, programs[i]);
        snprintf(to, sizeof(to), "%s/libexec/mu/%s", prefix, programs[i]);
        copy_file(from, to);
    }
}

enum mu_code copy_take_over(struct node *node, const char *prefix, struct mu_status *status)
{
    const struct mu_call_options options = { .timeout_ms = NODE_PATIENCE_MS };
    Mu__Node__V1__UpgradeRequest request = MU__NODE__V1__UPGRADE_REQUEST__INIT;
    struct mu_result result;
    enum mu_code code;
    uint8_t body[512];

    request.from = (char *)(uintptr_t)prefix;
    code = mu_call(node->client, "node.Upgrade",
            (struct mu_bytes){ body, mu__node__v1__upgrade_request__pack(&request, body) },
            &options, &result);
    if (status != NULL)
        *status = result.status;
    mu_result_deinit(&result);
    return code;
}

bool copy_runs(const struct node *node, const char *prefix)
{
    char link[64];
    char program[2 * COPY_PATH_MAX];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/%d/exe", (int)node->pid);
    size = readlink(link, program, sizeof(program) - 1);
    return size > (ssize_t)strlen(prefix) && strncmp(program, prefix, strlen(prefix)) == 0;
}
