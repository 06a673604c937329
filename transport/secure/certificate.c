// SPDX-License-Identifier: Apache-2.0
/* No ASN.1 and no protobuf: every field has one place, so a reader is a few comparisons and nothing
 * in it can be nested, repeated, left out or spelled twice. A new field needs a new magic. */
#include "transport/secure/certificate.h"

#include <sodium.h>
#include <string.h>

#include "transport/secure/big_endian.h"

/* Where the fields stand. */
enum {
    AT_KIND = 4,
    AT_FLAGS = 5,
    AT_NAME_SIZE = 6,
    AT_NETWORK = 8,
    AT_SUBJECT = 24,
    AT_ISSUER = 56,
    AT_SERIAL = 88,
    AT_NOT_BEFORE = 96,
    AT_NOT_AFTER = 104,
    AT_ROLES = 112,
    AT_ZERO = 116,
    AT_NAME = CERTIFICATE_HEAD_SIZE
};

static const uint8_t magic[4] = { 'M', 'u', 'C', '1' };

void network_id_init(struct network_id *network, const struct public_key *root)
{
    static const char context[] = "mu.net.v1";
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, NETWORK_ID_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)context, sizeof(context) - 1);
    crypto_generichash_update(&state, root->bytes, sizeof(root->bytes));
    crypto_generichash_final(&state, network->bytes, NETWORK_ID_SIZE);
}

bool network_id_equal(const struct network_id *one, const struct network_id *two)
{
    return memcmp(one->bytes, two->bytes, NETWORK_ID_SIZE) == 0;
}

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool label_is_valid(const char *label, size_t size)
{
    if (size == 0 || !letter_or_digit(label[0]) || !letter_or_digit(label[size - 1]))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!letter_or_digit(label[i]) && label[i] != '-')
            return false;
    }
    return true;
}

bool certificate_name_is_valid(const char *name, enum certificate_kind kind)
{
    size_t size = strnlen(name, CERTIFICATE_NAME_MAX + 1);
    const char *dot = memchr(name, '.', size);

    if (size > CERTIFICATE_NAME_MAX)
        return false;
    if (kind != CERTIFICATE_NODE)
        return label_is_valid(name, size);
    return dot != NULL && label_is_valid(name, (size_t)(dot - name)) &&
           label_is_valid(dot + 1, (size_t)(name + size - dot - 1));
}

const char *certificate_owner(const struct certificate *certificate)
{
    const char *dot = strchr(certificate->name, '.');

    return dot != NULL ? dot + 1 : certificate->name;
}

static bool certificate_is_valid(const struct certificate *certificate)
{
    return certificate->kind >= CERTIFICATE_ROOT && certificate->kind <= CERTIFICATE_NODE &&
           certificate_name_is_valid(certificate->name, certificate->kind) &&
           certificate->not_before_s < certificate->not_after_s &&
           certificate->not_after_s <= TIME_MAX_S &&
           (certificate->kind != CERTIFICATE_ROOT ||
                   public_key_equal(&certificate->subject, &certificate->issuer));
}

/* Writes what is signed: everything but the signature. */
static uint8_t *certificate_write_signed(const struct certificate *certificate, uint8_t *out)
{
    size_t name_size = strlen(certificate->name);

    out = bytes_write(out, magic, sizeof(magic));
    *out++ = (uint8_t)certificate->kind;
    *out++ = 0;
    out = be16_write(out, (uint16_t)name_size);
    out = bytes_write(out, certificate->network.bytes, NETWORK_ID_SIZE);
    out = bytes_write(out, certificate->subject.bytes, PUBLIC_KEY_SIZE);
    out = bytes_write(out, certificate->issuer.bytes, PUBLIC_KEY_SIZE);
    out = be64_write(out, certificate->serial);
    out = be64_write(out, certificate->not_before_s);
    out = be64_write(out, certificate->not_after_s);
    out = be32_write(out, certificate->roles);
    out = be32_write(out, 0);
    return bytes_write(out, certificate->name, name_size);
}

enum certificate_outcome certificate_sign(struct certificate *certificate, const struct key *issuer)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    struct certificate made = *certificate;
    size_t size;

    made.issuer = issuer->public;
    if (!certificate_is_valid(&made))
        return CERTIFICATE_BAD;
    size = (size_t)(certificate_write_signed(&made, bytes) - bytes);
    key_sign(issuer, KEY_FOR_CERTIFICATE, (struct span){ bytes, size }, made.signature);
    *certificate = made;
    return CERTIFICATE_OK;
}

enum certificate_outcome certificate_sign_root(struct certificate *certificate,
        const struct key *root, const char *name, uint64_t not_before_s, uint64_t not_after_s)
{
    struct certificate made = {
        .kind = CERTIFICATE_ROOT,
        .subject = root->public,
        .not_before_s = not_before_s,
        .not_after_s = not_after_s,
        .roles = ROLES_ALL,
    };

    if (!certificate_name_is_valid(name, CERTIFICATE_ROOT))
        return CERTIFICATE_BAD;
    memcpy(made.name, name, strlen(name));
    network_id_init(&made.network, &root->public);
    if (certificate_sign(&made, root) != CERTIFICATE_OK)
        return CERTIFICATE_BAD;
    *certificate = made;
    return CERTIFICATE_OK;
}

bool certificate_verify(const struct certificate *certificate)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    size_t size = (size_t)(certificate_write_signed(certificate, bytes) - bytes);

    return key_verify(&certificate->issuer, KEY_FOR_CERTIFICATE, (struct span){ bytes, size },
            certificate->signature);
}

size_t certificate_measure(struct span bytes)
{
    size_t size;

    if (bytes.size < CERTIFICATE_HEAD_SIZE)
        return 0;
    size = CERTIFICATE_HEAD_SIZE + (size_t)be16_read(bytes.data + AT_NAME_SIZE) + SIGNATURE_SIZE;
    return size <= CERTIFICATE_SIZE_MAX && size <= bytes.size ? size : 0;
}

enum certificate_outcome certificate_read(struct certificate *certificate, struct span bytes)
{
    const uint8_t *at = bytes.data;
    struct certificate read = { 0 };
    size_t name_size;

    if (bytes.size == 0 || certificate_measure(bytes) != bytes.size ||
            memcmp(at, magic, sizeof(magic)) != 0 || at[AT_FLAGS] != 0 ||
            be32_read(at + AT_ZERO) != 0)
        return CERTIFICATE_BAD;
    name_size = be16_read(at + AT_NAME_SIZE);
    read.kind = (enum certificate_kind)at[AT_KIND];
    memcpy(read.network.bytes, at + AT_NETWORK, NETWORK_ID_SIZE);
    memcpy(read.subject.bytes, at + AT_SUBJECT, PUBLIC_KEY_SIZE);
    memcpy(read.issuer.bytes, at + AT_ISSUER, PUBLIC_KEY_SIZE);
    read.serial = be64_read(at + AT_SERIAL);
    read.not_before_s = be64_read(at + AT_NOT_BEFORE);
    read.not_after_s = be64_read(at + AT_NOT_AFTER);
    read.roles = be32_read(at + AT_ROLES);
    memcpy(read.name, at + AT_NAME, name_size);
    memcpy(read.signature, at + AT_NAME + name_size, SIGNATURE_SIZE);
    if (strlen(read.name) != name_size || !certificate_is_valid(&read))
        return CERTIFICATE_BAD;
    *certificate = read;
    return CERTIFICATE_OK;
}

size_t certificate_size(const struct certificate *certificate)
{
    return CERTIFICATE_HEAD_SIZE + strlen(certificate->name) + SIGNATURE_SIZE;
}

uint8_t *certificate_write(const struct certificate *certificate, uint8_t *out)
{
    out = certificate_write_signed(certificate, out);
    return bytes_write(out, certificate->signature, SIGNATURE_SIZE);
}
