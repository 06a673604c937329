/* tests/unit/identity_golden.h - bytes that another implementation can check itself with; the keys
 * are those of identity_fixture.h. docs/protocol.md shows them too. */
#pragma once

#include <sodium.h>
#include <stdio.h>

#include "tests/unit/cmocka.h"
#include "transport/envelope.h"

#define GOLDEN_NETWORK_ID "3978432a1c0fe039106681e50c84f9c4"
#define GOLDEN_ROOT_CERTIFICATE                                                                    \
    "4d754331010000043978432a1c0fe039106681e50c84f9c48a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d"   \
    "94121bf3748801b40f6f5c8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c0000"   \
    "000000000000000000006955b900000000007c21bc00ffffffff00000000686f6d65c630a3dec7fc71d7812147"   \
    "8adb7f00414fd9d62bbaeb0b59989078613e0dbf692d6b1f4f3cda5be8e1b4e80aa988b5ad5ffaf2b109cc7dc9"   \
    "ad13bbf1234d3e02"
#define GOLDEN_AUTHORITY_CERTIFICATE                                                               \
    "4d754331020000053978432a1c0fe039106681e50c84f9c48139770ea87d175f56a35466c34c7ecccb8d8a91b4"   \
    "ee37a25df60f5b8fc9b3948a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c0000"   \
    "000000000007000000006955b900000000006b36ec800000000300000000616c6963650e90246a1e3978f2d195"   \
    "84c6752eeabeb0867aa19eedf1cdfc834174cf540b2d84b7f151b1b63ed50de43d1fd07e455d9bd6e4aa3621d8"   \
    "8c94aaf04d098a290f"
#define GOLDEN_NODE_CERTIFICATE                                                                    \
    "4d7543310300000a3978432a1c0fe039106681e50c84f9c4ed4928c628d1c2c6eae90338905995612959273a5c"   \
    "63f93636c14614ac8737d18139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b3940000"   \
    "000000000007000000006955b9000000000069570a8000000001000000006465736b2e616c69636570c92b6b41"   \
    "6aa6b9aadb77c7ac6f857af8fbbdcc4415b81112c75af56558506d2302006cf55286c490f754d8bb4ffec2821a"   \
    "bdf9c331f779f58a78d70a2ce607"
#define GOLDEN_REVOCATION_LIST                                                                     \
    "4d755231010000003978432a1c0fe039106681e50c84f9c48139770ea87d175f56a35466c34c7ecccb8d8a91b4"   \
    "ee37a25df60f5b8fc9b3940000000000000001000000006955b900000000020000000000000000000000000000"   \
    "000000000000000000000000000000000000000000000000000069546780ed4928c628d1c2c6eae90338905995"   \
    "612959273a5c63f93636c14614ac8737d1000000006955b9009e5f7a080fb9b6635caafe3a014d6686b48d75af"   \
    "17ffdfa56860cef3619127e9263b1b362b71cab59158b3aeaf0818cbda358d2d0f635dab1b18f5971067be0e4d"   \
    "754331020000053978432a1c0fe039106681e50c84f9c48139770ea87d175f56a35466c34c7ecccb8d8a91b4ee"   \
    "37a25df60f5b8fc9b3948a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c000000"   \
    "0000000007000000006955b900000000006b36ec800000000300000000616c6963650e90246a1e3978f2d19584"   \
    "c6752eeabeb0867aa19eedf1cdfc834174cf540b2d84b7f151b1b63ed50de43d1fd07e455d9bd6e4aa3621d88c"   \
    "94aaf04d098a290f"
#define GOLDEN_TOKEN                                                                               \
    "mu1.ATl4QyocD-A5EGaB5QyE-cSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fFKfYO6u8tm"   \
    "ORklY_0smImgAAAABpVccQAAAAAQIOMTkyLjAuMi43Ojc0MDASWzIwMDE6ZGI4Ojo3XTo3NDAwJDkzEw"
#define GOLDEN_TOKEN_PSK       "273072e074b7a2902b58d7204aab493437d8505960fbe50359a7d7990869c155"
#define GOLDEN_TOKEN_PROOF_KEY "1bf780ba39f1b4a02346ad0e640c50f1f5e34d67595c7b61fcd0ea0d138da530"
#define GOLDEN_JOIN_REQUEST                                                                        \
    "4d7551310100000a3978432a1c0fe039106681e50c84f9c4ed4928c628d1c2c6eae90338905995612959273a5c"   \
    "63f93636c14614ac8737d1a0a1a2a3a4a5a6a700000001000000006465736b2e616c696365e41a819ba03e09ac"   \
    "db0b444eb108844ebc393ec79d021810663667ba17659455138688cefd665d3b91d5df663aacf1de2b68ac4f38"   \
    "a144b1396c58721a088601ff5d0b52d4193e4f0b812b47389e82203635ae39c9beff4c0cff0332834aee300d2d"   \
    "81f398224404264105db374a0088798dc7ca36fff96ee52ae7bdecc25b00"
#define GOLDEN_SEALED_KEY                                                                          \
    "4d7553310100000000000001000000088a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b4"   \
    "0f6f5c101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233343536378904"   \
    "f74f216b94d055ff0107e750b04516603d7f3d094a186ba8d48bd501c3581099514b202008881c59f2a0b64e3b"   \
    "53"
#define GOLDEN_NODE_ID "mu:5vesrrri2hbmn2xjam4jawmvmeuvsjz2lrr7snrwyfdbjlehg7iq"

/* Fails and prints what there is where `bytes` are not those of `hex`. */
static inline void golden_equal(struct span bytes, const char *hex)
{
    char text[1024];

    assert_true(bytes.size * 2 < sizeof(text));
    sodium_bin2hex(text, sizeof(text), bytes.data, bytes.size);
    assert_string_equal(text, hex);
}
