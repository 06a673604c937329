// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/chain.h"

enum certificate_outcome chain_read(struct chain *chain, uint32_t count, struct span bytes)
{
    struct chain read = { .count = count };

    if (count == 0 || count > CHAIN_MAX)
        return CERTIFICATE_BAD;
    for (uint32_t i = 0; i < count; i++) {
        struct span one = { bytes.data, certificate_measure(bytes) };

        if (certificate_read(&read.certificates[i], one) != CERTIFICATE_OK)
            return CERTIFICATE_BAD;
        bytes.data += one.size;
        bytes.size -= one.size;
    }
    if (bytes.size != 0)
        return CERTIFICATE_BAD;
    *chain = read;
    return CERTIFICATE_OK;
}

size_t chain_size(const struct chain *chain)
{
    size_t size = 0;

    for (uint32_t i = 0; i < chain->count; i++)
        size += certificate_size(&chain->certificates[i]);
    return size;
}

uint8_t *chain_write(const struct chain *chain, uint8_t *out)
{
    for (uint32_t i = 0; i < chain->count; i++)
        out = certificate_write(&chain->certificates[i], out);
    return out;
}

const struct public_key *chain_root(const struct chain *chain)
{
    return &chain->certificates[chain->count - 1].issuer;
}
