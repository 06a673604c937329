// SPDX-License-Identifier: Apache-2.0
/* mu-software-key SOCKET [--es256] [--pin PIN] - a security key made of software: CTAP2 over
 * CTAPHID's reports of 64 bytes on a unix socket, for one program at a time. It is touched by
 * nobody, and says that it verified its user. SIGUSR1 takes its counter back to 0, as in a copy of
 * it that is older; SIGUSR2 has it say that it verified nobody, or again that it did. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "tests/integration/cli/software_pin.h"
#include "tests/unit/authenticator.h"

enum {
    REPORT = 64,
    HEAD = 7, /* of a message's first report; of the others 5 */
    MORE = 5,
    MESSAGE_MAX = 4096,
    KEYS_MAX = 32,
    COMMAND_INIT = 0x86,
    COMMAND_CBOR = 0x90,
    COMMAND_ERROR = 0xbf,
    CTAP_MAKE = 1,
    CTAP_GET = 2,
    CTAP_INFO = 4,
    CTAP_PIN = 6,
    CTAP_OK = 0,
    CTAP_INVALID = 0x12,
    CTAP_EXCLUDED = 0x19,
    CTAP_NO_ROOM = 0x28,
    CTAP_NO_CREDENTIALS = 0x2e,
    CTAP_PIN_INVALID = 0x31,
    CTAP_PIN_AUTH_INVALID = 0x33,
    CTAP_PIN_REQUIRED = 0x36
};

static struct authenticator_key keys[KEYS_MAX];
static size_t key_count;
static uint32_t counter;
static bool only_es256;
static struct software_pin pin;
static volatile sig_atomic_t goes_back;
static volatile sig_atomic_t verifies = 1;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        goes_back = 1;
    else
        verifies = !verifies;
}

/* ---- CBOR, as much as CTAP2 needs ---- */

struct item {
    int major;
    uint64_t number;     /* or how many */
    const uint8_t *text; /* of a string */
};

static bool take_item(struct span *rest, struct item *item)
{
    size_t more;

    if (rest->size < 1)
        return false;
    item->major = rest->data[0] >> 5;
    item->number = rest->data[0] & 0x1f;
    *rest = (struct span){ rest->data + 1, rest->size - 1 };
    if (item->number >= 28)
        return false;
    more = item->number < 24 ? 0 : (size_t)1 << (item->number - 24);
    if (rest->size < more)
        return false;
    for (size_t i = 0; i < more; i++)
        item->number = (i == 0 ? 0 : item->number << 8) | rest->data[i];
    *rest = (struct span){ rest->data + more, rest->size - more };
    item->text = rest->data;
    if (item->major == 2 || item->major == 3) {
        if (item->number > rest->size)
            return false;
        *rest = (struct span){ rest->data + item->number, rest->size - (size_t)item->number };
    }
    return true;
}

/* Takes a whole value off. */
static bool skip(struct span *rest, int depth)
{
    struct item item;
    uint64_t count;

    if (depth > 4 || !take_item(rest, &item))
        return false;
    count = item.major == 4 ? item.number : item.major == 5 ? 2 * item.number : 0;
    while (count-- > 0) {
        if (!skip(rest, depth + 1))
            return false;
    }
    return true;
}

/* The value of a key of a map: a number, or a text where `name` is not NULL. */
static bool find(struct span map, uint64_t number, const char *name, struct span *value)
{
    struct item item;
    uint64_t count;

    if (!take_item(&map, &item) || item.major != 5)
        return false;
    for (count = item.number; count > 0; count--) {
        bool here;

        if (!take_item(&map, &item))
            return false;
        here = name == NULL ? item.major == 0 && item.number == number
                            : item.major == 3 && item.number == strlen(name) &&
                                      memcmp(item.text, name, strlen(name)) == 0;
        if (here) {
            *value = map;
            return true;
        }
        if (!skip(&map, 0))
            return false;
    }
    return false;
}

struct out {
    size_t size;
    uint8_t bytes[MESSAGE_MAX];
};

static void put(struct out *out, const void *bytes, size_t size)
{
    CHECK(out->size + size <= sizeof(out->bytes));
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_head(struct out *out, int major, size_t number)
{
    uint8_t head[3] = { (uint8_t)(major << 5 | (number < 24 ? (int)number : 0)), 0, 0 };

    if (number < 24) {
        put(out, head, 1);
    } else if (number < 256) {
        head[0] |= 24;
        head[1] = (uint8_t)number;
        put(out, head, 2);
    } else {
        head[0] |= 25;
        head[1] = (uint8_t)(number >> 8);
        head[2] = (uint8_t)number;
        put(out, head, 3);
    }
}

static void put_text(struct out *out, const char *text)
{
    put_head(out, 3, strlen(text));
    put(out, text, strlen(text));
}

static void put_bytes(struct out *out, const void *bytes, size_t size)
{
    put_head(out, 2, size);
    put(out, bytes, size);
}

/* ---- CTAP2 ---- */

static void say_info(struct out *out)
{
    static const uint8_t aaguid[16] = "mu software key";
    int kinds = only_es256 ? 1 : 2;

    put_head(out, 5, pin.pin != NULL ? 5 : 4);
    put_head(out, 0, 1);
    put_head(out, 4, 1);
    put_text(out, "FIDO_2_0");
    put_head(out, 0, 3);
    put_bytes(out, aaguid, sizeof(aaguid));
    put_head(out, 0, 4);
    put_head(out, 5, 2);
    put_text(out, "up");
    put(out, "\xf5", 1);
    put_text(out, pin.pin != NULL ? "clientPin" : "uv");
    put(out, "\xf5", 1);
    if (pin.pin != NULL) {
        put_head(out, 0, 6); /* of its protocols the first */
        put_head(out, 4, 1);
        put_head(out, 0, 1);
    }
    put_head(out, 0, 10);
    put_head(out, 4, (size_t)kinds);
    for (int i = 0; i < kinds; i++) {
        put_head(out, 5, 2);
        put_text(out, "alg");
        put_head(out, 1, i == 0 ? 6 : 7); /* -7, -8 */
        put_text(out, "type");
        put_text(out, "public-key");
    }
}

static bool read_fixed(struct span value, int major, uint8_t *bytes, size_t size)
{
    struct item item;

    if (!take_item(&value, &item) || item.major != major || item.number != size)
        return false;
    memcpy(bytes, item.text, size);
    return true;
}

static bool read_number(struct span map, uint64_t key, uint64_t *number)
{
    struct span value;
    struct item item;

    if (!find(map, key, NULL, &value) || !take_item(&value, &item) || item.major != 0)
        return false;
    *number = item.number;
    return true;
}

/* Takes a key of a map and its value, 32 bytes. */
static bool take_coordinate(struct span *map, uint8_t bytes[32])
{
    return skip(map, 0) && read_fixed(*map, 2, bytes, 32) && skip(map, 0);
}

/* The platform's half of the key agreement: a map whose keys are 1, 3, -1, -2, -3 in this order. */
static bool read_point(struct span map, uint8_t point[PIN_POINT_SIZE])
{
    struct item item;

    if (!take_item(&map, &item) || item.major != 5 || item.number != 5)
        return false;
    for (int i = 0; i < 6; i++) {
        if (!skip(&map, 0))
            return false;
    }
    point[0] = 4;
    return take_coordinate(&map, point + 1) && take_coordinate(&map, point + 33);
}

static void say_point(struct out *out)
{
    uint8_t point[PIN_POINT_SIZE];

    software_pin_point(&pin, point);
    put_head(out, 5, 1);
    put_head(out, 0, 1);
    put(out, "\xa5\x01\x02\x03\x38\x18\x20\x01\x21", 9);
    put_bytes(out, point + 1, 32);
    put(out, "\x22", 1);
    put_bytes(out, point + 33, 32);
}

/* ClientPIN: tries, key agreement, token. */
static int client_pin(struct span request, struct out *out)
{
    uint8_t point[PIN_POINT_SIZE];
    uint8_t token[PIN_TOKEN_SIZE];
    uint8_t hash[16];
    struct span value;
    uint64_t what;

    if (pin.pin == NULL || !read_number(request, 2, &what))
        return CTAP_INVALID;
    if (what == 1) {
        put(out, "\xa1\x03", 2);
        put_head(out, 0, (size_t)pin.tries);
        return CTAP_OK;
    }
    if (what == 2) {
        say_point(out);
        return CTAP_OK;
    }
    if (what != 5 || !find(request, 3, NULL, &value) || !read_point(value, point) ||
            !find(request, 6, NULL, &value) || !read_fixed(value, 2, hash, sizeof(hash)))
        return CTAP_INVALID;
    if (!software_pin_take(&pin, point, hash, token))
        return CTAP_PIN_INVALID;
    put(out, "\xa1\x02", 2);
    put_bytes(out, token, sizeof(token));
    return CTAP_OK;
}

/* What the device says of its user; the mark of the PIN's token is at `key` of the request. */
static int look_at_user(
        struct span request, uint64_t key, const uint8_t client_data_hash[32], uint8_t *flags)
{
    struct span value;
    uint8_t mark[16];

    *flags = verifies ? AUTHENTICATOR_PRESENT | AUTHENTICATOR_VERIFIED : AUTHENTICATOR_PRESENT;
    if (pin.pin == NULL)
        return CTAP_OK;
    if (!find(request, key, NULL, &value))
        return CTAP_PIN_REQUIRED;
    return read_fixed(value, 2, mark, sizeof(mark)) &&
                           software_pin_marked(&pin, client_data_hash, mark)
                   ? CTAP_OK
                   : CTAP_PIN_AUTH_INVALID;
}

/* One of ours that a list names; NULL where it names none. */
static struct authenticator_key *named(struct span list)
{
    struct item item;
    uint64_t count;

    if (!take_item(&list, &item) || item.major != 4)
        return NULL;
    for (count = item.number; count > 0; count--) {
        struct span id;

        if (find(list, 0, "id", &id) && take_item(&id, &item) && item.major == 2) {
            for (size_t i = 0; i < key_count; i++) {
                if (item.number == AUTHENTICATOR_ID_SIZE &&
                        memcmp(item.text, keys[i].id, AUTHENTICATOR_ID_SIZE) == 0)
                    return &keys[i];
            }
        }
        if (!skip(&list, 0))
            return NULL;
    }
    return NULL;
}

static bool read_text(struct span value, int major, char *text, size_t size)
{
    struct item item;

    if (!take_item(&value, &item) || item.major != major || item.number >= size)
        return false;
    memcpy(text, item.text, (size_t)item.number);
    text[item.number] = '\0';
    return true;
}

static void say_credential(struct out *out, const struct authenticator_key *key)
{
    put_head(out, 5, 2);
    put_text(out, "id");
    put_bytes(out, key->id, sizeof(key->id));
    put_text(out, "type");
    put_text(out, "public-key");
}

static int make(struct span request, struct out *out)
{
    struct authenticator_key *key;
    struct span rp;
    struct span value;
    struct item algorithm;
    struct out data = { .size = 37 };
    struct out signed_;
    uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX];
    uint8_t hash[32];
    uint8_t flags;
    char name[128];
    size_t size;
    int status;

    if (!find(request, 1, NULL, &value) || !read_fixed(value, 2, hash, sizeof(hash)) ||
            !find(request, 2, NULL, &rp) || !find(rp, 0, "id", &value) ||
            !read_text(value, 3, name, sizeof(name)) || !find(request, 4, NULL, &value) ||
            !take_item(&value, &algorithm) || !find(value, 0, "alg", &value) ||
            !take_item(&value, &algorithm))
        return CTAP_INVALID;
    status = look_at_user(request, 8, hash, &flags);
    if (status != CTAP_OK)
        return status;
    if (find(request, 5, NULL, &value) && named(value) != NULL)
        return CTAP_EXCLUDED;
    if (key_count == KEYS_MAX)
        return CTAP_NO_ROOM;
    key = &keys[key_count++];
    authenticator_make(key, algorithm.number == 6);
    crypto_hash_sha256(data.bytes, (const uint8_t *)name, strlen(name));
    memset(data.bytes + 32, 0, 5);
    data.bytes[32] = flags | 0x40;
    put(&data, "mu software key", 16);
    put(&data, (uint8_t[]){ 0, AUTHENTICATOR_ID_SIZE }, 2);
    put(&data, key->id, sizeof(key->id));
    put(&data, key->cose, key->cose_size);
    signed_ = data;
    put(&signed_, hash, sizeof(hash));
    size = authenticator_sign_bytes(key, (struct span){ signed_.bytes, signed_.size }, signature);
    put_head(out, 5, 3);
    put_head(out, 0, 1);
    put_text(out, "packed");
    put_head(out, 0, 2);
    put_bytes(out, data.bytes, data.size);
    put_head(out, 0, 3);
    put_head(out, 5, 2);
    put_text(out, "alg");
    put_head(out, 1, key->is_es256 ? 6 : 7);
    put_text(out, "sig");
    put_bytes(out, signature, size);
    return CTAP_OK;
}

static int get(struct span request, struct out *out)
{
    struct authenticator_order order = { .flags = 0 };
    struct authenticator_assertion assertion;
    const struct authenticator_key *key;
    struct span value;
    char rp[128];
    int status;

    if (!find(request, 1, NULL, &value) || !read_text(value, 3, rp, sizeof(rp)) ||
            !find(request, 2, NULL, &value) || !read_fixed(value, 2, order.client_data_hash, 32))
        return CTAP_INVALID;
    status = look_at_user(request, 6, order.client_data_hash, &order.flags);
    if (status != CTAP_OK)
        return status;
    key = find(request, 3, NULL, &value) ? named(value) : NULL;
    if (key == NULL)
        return CTAP_NO_CREDENTIALS;
    order.rp = rp;
    counter = goes_back ? 1 : counter + 1;
    goes_back = 0;
    order.counter = counter;
    authenticator_sign(key, &order, &assertion);
    put_head(out, 5, 3);
    put_head(out, 0, 1);
    say_credential(out, key);
    put_head(out, 0, 2);
    put_bytes(out, assertion.data, sizeof(assertion.data));
    put_head(out, 0, 3);
    put_bytes(out, assertion.signature, assertion.signature_size);
    return CTAP_OK;
}

static void answer_cbor(struct span request, struct out *out)
{
    struct out body = { .size = 0 };
    struct span rest = { request.data + 1, request.size - 1 };
    uint8_t status = CTAP_INVALID;

    if (request.size > 0 && request.data[0] == CTAP_INFO) {
        say_info(&body);
        status = CTAP_OK;
    } else if (request.size > 0 && request.data[0] == CTAP_MAKE) {
        status = (uint8_t)make(rest, &body);
    } else if (request.size > 0 && request.data[0] == CTAP_GET) {
        status = (uint8_t)get(rest, &body);
    } else if (request.size > 0 && request.data[0] == CTAP_PIN) {
        status = (uint8_t)client_pin(rest, &body);
    }
    put(out, &status, 1);
    if (status == CTAP_OK)
        put(out, body.bytes, body.size);
}

/* ---- CTAPHID ---- */

static bool read_report(int fd, uint8_t report[REPORT])
{
    size_t got = 0;

    while (got < REPORT) {
        ssize_t count = read(fd, report + got, REPORT - got);

        if (count <= 0)
            return false;
        got += (size_t)count;
    }
    return true;
}

struct message {
    uint8_t channel[4];
    uint8_t command;
    size_t size;
    uint8_t bytes[MESSAGE_MAX];
};

static bool read_message(int fd, struct message *message)
{
    uint8_t report[REPORT];
    size_t got;

    if (!read_report(fd, report))
        return false;
    memcpy(message->channel, report, 4);
    message->command = report[4];
    message->size = (size_t)report[5] << 8 | report[6];
    if (message->size > MESSAGE_MAX)
        return false;
    got = message->size < REPORT - HEAD ? message->size : REPORT - HEAD;
    memcpy(message->bytes, report + HEAD, got);
    while (got < message->size) {
        size_t more = message->size - got < REPORT - MORE ? message->size - got : REPORT - MORE;

        if (!read_report(fd, report))
            return false;
        memcpy(message->bytes + got, report + MORE, more);
        got += more;
    }
    return true;
}

static bool send_message(int fd, const struct message *to, uint8_t command, const struct out *out)
{
    size_t sent = 0;

    for (int number = -1; number < 0 || sent < out->size; number++) {
        uint8_t report[REPORT] = { 0 };
        size_t head = number < 0 ? HEAD : MORE;
        size_t more = out->size - sent < REPORT - head ? out->size - sent : REPORT - head;

        memcpy(report, to->channel, 4);
        report[4] = number < 0 ? command : (uint8_t)number;
        if (number < 0) {
            report[5] = (uint8_t)(out->size >> 8);
            report[6] = (uint8_t)out->size;
        }
        memcpy(report + head, out->bytes + sent, more);
        sent += more;
        if (send(fd, report, sizeof(report), MSG_NOSIGNAL) != (ssize_t)sizeof(report))
            return false;
    }
    return true;
}

static void serve(int fd)
{
    static struct message message;
    static struct out out;

    while (read_message(fd, &message)) {
        uint8_t command = message.command;

        out.size = 0;
        if (command == COMMAND_INIT && message.size == 8) {
            put(&out, message.bytes, 8);
            put(&out, "\1\2\3\4", 4);     /* the channel from now on */
            put(&out, "\2\1\0\0\x0c", 5); /* version 2; CBOR, and no U2F */
        } else if (command == COMMAND_CBOR) {
            answer_cbor((struct span){ message.bytes, message.size }, &out);
        } else {
            command = COMMAND_ERROR;
            put(&out, "\1", 1);
        }
        if (!send_message(fd, &message, command, &out))
            return;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "es256", no_argument, NULL, 'e' },
        { "pin", required_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    const char *text = NULL;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int option;
    int fd;

    CHECK(sodium_init() >= 0);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'e')
            only_es256 = true;
        else if (option == 'p')
            text = optarg;
        else
            return 2;
    }
    software_pin_init(&pin, text);
    CHECK(optind + 1 == argc);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[optind]);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, 8) == 0);
    signal(SIGUSR1, on_signal); /* and go on with what was interrupted */
    signal(SIGUSR2, on_signal);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int peer = accept(fd, NULL, NULL);

        CHECK(peer >= 0);
        serve(peer);
        close(peer);
    }
}
