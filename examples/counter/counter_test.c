// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <expect.h>

#include "counter.mu.h"

static int64_t add(struct mu_client *client, char *key, int64_t amount, char *op, enum mu_code code)
{
    Counter__V1__AddRequest request = COUNTER__V1__ADD_REQUEST__INIT;
    Counter__V1__AddReply *reply = NULL;
    struct mu_status status;
    int64_t value = 0;

    request.key = key;
    request.amount = amount;
    request.op = op;
    counter_add(client, &request, NULL, &reply, &status);
    expect_status(&status, code, "counter.Add");
    if (reply != NULL)
        value = reply->value;
    counter__v1__add_reply__free_unpacked(reply, NULL);
    return value;
}

static int64_t get(struct mu_client *client, char *key)
{
    Counter__V1__GetRequest request = COUNTER__V1__GET_REQUEST__INIT;
    Counter__V1__GetReply *reply = NULL;
    struct mu_status status;
    int64_t value;

    request.key = key;
    counter_get(client, &request, NULL, &reply, &status);
    expect_status(&status, MU_OK, "counter.Get");
    value = reply->value;
    counter__v1__get_reply__free_unpacked(reply, NULL);
    return value;
}

static int64_t check(struct mu_client *client, char *op)
{
    Counter__V1__CheckRequest request = COUNTER__V1__CHECK_REQUEST__INIT;
    Counter__V1__CheckReply *reply = NULL;
    struct mu_status status;
    int64_t count;

    request.op = op;
    counter_check(client, &request, NULL, &reply, &status);
    expect_status(&status, MU_OK, "counter.Check");
    count = reply->count;
    counter__v1__check_reply__free_unpacked(reply, NULL);
    return count;
}

int main(void)
{
    struct mu_client *client = expect_client();
    char none[] = "";
    char key[64];
    char op[80];

    snprintf(key, sizeof(key), "test-%lld", (long long)time(NULL));
    snprintf(op, sizeof(op), "%s-first", key);
    expect(get(client, key) == 0, "a new counter holds 0");
    expect(add(client, key, 0, none, MU_OK) == 1, "adding nothing in particular adds 1");
    expect(add(client, key, 41, op, MU_OK) == 42, "41 more make 42");
    add(client, key, 41, op, MU_ALREADY_EXISTS);
    expect(get(client, key) == 42, "the same operation is not carried out again");
    expect(check(client, op) == 2, "but it is counted");
    expect(add(client, key, -42, none, MU_OK) == 0, "it counts down, too");
    add(client, key, INT64_MAX, none, MU_OK);
    add(client, key, 1, none, MU_OUT_OF_RANGE);
    mu_client_close(client);
    return EXIT_SUCCESS;
}
