/* tests/unit/secure_golden.h - a link's bytes that another implementation can check itself with,
 * and that another one than ours made. docs/protocol.md shows them and says of which keys they are.
 */
#pragma once

#define GOLDEN_LINK_FIRST                                                                          \
    "4d754c3101010000a0a1a2a3a4a5a6a70030f5b2d6e60f9477e310c2982daaa6c9136c108a1777c5947e448f"     \
    "a37d6817455744f863f03bee04586ff0976172ce029e"
#define GOLDEN_LINK_SECOND                                                                         \
    "024013be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d0693c274e57efef494ea"     \
    "f9223cc4432ffbb6a8c43204cabcb8d31764d0a5c320fe5e271b5ca37e3e276b2d3d3079385d4b01e638ab2d"     \
    "85e36e43b90f3308c3da041f85bcf5f0daa2fd22f935c0e1a9fd2529c220ce3c504ed75c76a4427d84cefbe4"     \
    "f7dc4aa3ce4ad356141001e15b11646fc50042f5aba1266630d24f36c798fa814d45e58a03d6942d1fb7c79f"     \
    "a12a663f72848ff9f5811181add43911bc483d56dd149ce6a1895e853fec3729049c2df62851315890ef534b"     \
    "f364bb6747ebe86874aa00ec53673ac2c07fa52774c4d34e45a30031247e26711d183bc15b203d37cea1c402"     \
    "142a106dacfeff4759451a8d5e863d0e3539e69107c4904f1de10e51570c5e6bc622ac13215e78d52748e529"     \
    "6c5ed7e2e29f511d749861dd1fc7da84f40cb7b18b4727940a835c113e3feba1eff830095d8e739b435b9aaa"     \
    "860957dcd809adaa728a9275a3bf9bfbe94e1b9eb3a5c5b8b5539416e836b05ac25f16be85df13b9d53665f5"     \
    "83c991d17652ff160cb4fa1e8dff9f82209d9932dd65ba59f737041439418095c6f50b215f1afa728390dbb8"     \
    "fc98bee31aea25a12d8fee5511d3dac40d299ce9066e620e67f09c52ff1912e2174eb8f5f5ee72b606fc3bf8"     \
    "97613cd0689ef6c3079126a39763f045c9355613e63fc7a1a9d4452e459ab1dcdf986be1a6efe6f73c506bf6"     \
    "3176303394a0172483594bfa55fa7348a9c00e89472a1add98bc8935f56f9c8931a765e2075cbaa6f0d54ed2"     \
    "9f3da4fae2b4"
#define GOLDEN_LINK_THIRD                                                                          \
    "00a17dd489c4131276cc457f963abce016f939278592f4483ffc6d9eb061ed35071837a1e56e9e70bae6b0f3"     \
    "04cbfbf51fc39fb3d789d72ca33f13e17016ce92d455af745669006ce74fbc3ce95a08321f234875846718bd"     \
    "7523960b1c87a2dcd2a80cbbc767c6751a9aff4cf9e3b0e66d62906a379311dcadaa99c9a12319de2fae513b"     \
    "145817750356ed62172c79f108d72e7552a6f0203dddb41b98b76d9d9f0079"
#define GOLDEN_LINK_ID          "0e02cc65a4cdfe0a0a7a75dd101ddfeec5caf86acd7c67d6201275416497780c"
#define GOLDEN_LINK_RECORD      "001d7a550ec277764e5ff2cdde021fbbc755e693a87714ac919cfba64010f1"
#define GOLDEN_LINK_PING        "00186fbbf0b52f6cff1b1042d2c95ed357889bebb447495f8af6"
#define GOLDEN_LINK_RECORD_LATE "001d948d8d1df3c60060f9d1dd71dc787e253bd9a1afbb0e05ec9c22de60eb"
