/* tests/unit/access_golden.h - access tokens that another implementation can check itself with; the
 * keys' seeds are 32 times 5, 6 and 7. docs/protocol.md shows the first. */
#pragma once

#define GOLDEN_ACCESS_TOKEN                                                                        \
    "mut1.CssBCmUKEHd3d3d3d3d3d3d3d3d3d3cSCKNJhcBPElBQGhARERERERERERERERERERERIgVhbGljZSo"         \
    "HKi5hbGljZTINZ3JlZXRlci5IZWxsbzIHc3RvcmUuKjiA8tbKBkCE-dbKBkjoBxIgiodf_x6zhFFXes1a_uQ"         \
    "FRWVo3XyJ4JCGOgVXvHr0nxcaQNK9rB79Ansctd7hACI3H8KiI0sbss1LTvIjVQvvvcYzu20pL0cJ5khAAYq"         \
    "Ew0JVqzrzryNSPcN2Ms7fsG3uzAcKdwoRMglzdG9yZS5HZXRAvPLWygYSIOpKbGPinFIKvvVQexMuxfmVR3a"         \
    "uvr57kkIe6mkURtIsGkByU4jcMbYz6ymcE7Juk2fM4uX-BQ_f_faxk_jdU-Py7iUf3R6mUmjGYGCXpFHw0mt"         \
    "5d9vZTVvCZ4i1UVNxrboAEiAHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw"
#define GOLDEN_ACCESS_TOKEN_SEALED                                                                 \
    "mut1.CssBCmUKEHd3d3d3d3d3d3d3d3d3d3cSCKNJhcBPElBQGhARERERERERERERERERERERIgVhbGljZSo"         \
    "HKi5hbGljZTINZ3JlZXRlci5IZWxsbzIHc3RvcmUuKjiA8tbKBkCE-dbKBkjoBxIgiodf_x6zhFFXes1a_uQ"         \
    "FRWVo3XyJ4JCGOgVXvHr0nxcaQNK9rB79Ansctd7hACI3H8KiI0sbss1LTvIjVQvvvcYzu20pL0cJ5khAAYq"         \
    "Ew0JVqzrzryNSPcN2Ms7fsG3uzAcKdwoRMglzdG9yZS5HZXRAvPLWygYSIOpKbGPinFIKvvVQexMuxfmVR3a"         \
    "uvr57kkIe6mkURtIsGkByU4jcMbYz6ymcE7Juk2fM4uX-BQ_f_faxk_jdU-Py7iUf3R6mUmjGYGCXpFHw0mt"         \
    "5d9vZTVvCZ4i1UVNxrboAGkCflEZYbzxKz2jB19ER1cpOVofihq5pJgWPTzD_cP3F8NxtSAD3GgG_PkKdXsB"         \
    "uzKbyu1yBREqg_ijY0VA4oWwG"
