// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>

#include <expect.h>

#include "digest.mu.h"

enum { CHUNK_SIZE = 100000, CHUNK_COUNT = 50, HASH_SIZE = 64 };

int main(void)
{
    static uint8_t data[CHUNK_SIZE];
    struct mu_client *client = expect_client();
    Digest__V1__Chunk chunk = DIGEST__V1__CHUNK__INIT;
    Digest__V1__SumReply *reply;
    crypto_generichash_state blake;
    struct mu_stream *stream;
    struct mu_status status;
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];

    crypto_generichash_init(&blake, NULL, 0, HASH_SIZE);
    expect(digest_sum_open(client, NULL, &stream) == 0, "a stream opens");
    for (int i = 0; i < CHUNK_COUNT; i++) {
        memset(data, i, sizeof(data));
        crypto_generichash_update(&blake, data, sizeof(data));
        chunk.data = (ProtobufCBinaryData){ .data = data, .len = sizeof(data) };
        expect(digest_sum_write(stream, &chunk) == MU_STREAM_OK, "the stream takes every chunk");
    }
    digest_sum_finish(stream, &reply, &status);
    expect_status(&status, MU_OK, "digest.Sum");
    crypto_generichash_final(&blake, hash, sizeof(hash));
    expect(strcmp(reply->hex, sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash))) == 0,
            "its sum is libsodium's");
    expect(reply->size == CHUNK_SIZE * CHUNK_COUNT, "no byte is lost");
    digest__v1__sum_reply__free_unpacked(reply, NULL);
    mu_client_close(client);
    return EXIT_SUCCESS;
}
