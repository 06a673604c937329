// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/routes_model.h"

#include "base/check.h"
#include "tests/unit/routes_world.h"

enum {
    PEERS = 3,   /* nodes 1 to 3 */
    NODES = 6,   /* spoken of: 1 to 6 */
    VERSIONS = 8 /* of each */
};

/* What one neighbour says of one node. */
struct report {
    bool there;
    uint8_t version;
    bool mention;
    bool forged;
    bool loops;
    uint32_t through_count;
    bool doubted[VERSIONS]; /* a body of this version from here was forged */
};

struct model {
    struct world world;
    struct report reports[PEERS][NODES];
    bool linked[PEERS];
    bool held[NODES];
    uint8_t version[NODES];
};

/* Version n: some are of an earlier boot, some differ in nothing but what they offer. */
static struct world_advert model_advert(uint32_t node, const struct report *report)
{
    struct world_advert advert = {
        .node = node + 1,
        .epoch = 10u + report->version / 4,
        .sequence = 1u + report->version / 2 % 2,
        .services = 1u + report->version % 2,
        .through_count = report->through_count,
        .through = { 8, 9 },
        .mention = report->mention,
        .forged = report->forged,
    };

    if (report->loops)
        advert.through[0] = 0;
    return advert;
}

/* Where a version stands among all of a node's: the check decides between two with one number. */
static struct version model_version(uint32_t node, uint8_t version)
{
    struct report report = { .version = version };
    struct world_advert advert = model_advert(node, &report);
    uint8_t hash[ADVERT_HASH_SIZE];
    uint8_t bytes[512];
    struct public_key id = world_id(node + 1);
    struct advert_body body = { .node = id,
        .epoch = advert.epoch,
        .sequence = advert.sequence,
        .ttl_ms = ADVERT_TTL_MS,
        .offer_count = 1 };
    struct offer offer = { .service = world_service(version % 2), .instances = 1 };

    /* services 1 is s-0 alone, 2 is s-1 alone */
    advert_hash(
            (struct span){ bytes, (size_t)(advert_body_write(&body, &offer, NULL, bytes) - bytes) },
            hash);
    return (struct version){ advert.epoch, advert.sequence, fixed64_read(hash) };
}

static int model_order(uint32_t node, uint8_t one, uint8_t two)
{
    struct version left = model_version(node, one);
    struct version right = model_version(node, two);

    return version_compare(&left, &right);
}

/* True where some neighbour tells the version that is held, or a newer one. */
static bool model_is_told(const struct model *model, uint32_t node)
{
    for (uint32_t i = 0; i < PEERS; i++) {
        const struct report *report = &model->reports[i][node];

        if (report->there && !report->loops && !report->doubted[report->version] &&
                model_order(node, report->version, model->version[node]) >= 0)
            return true;
    }
    return false;
}

static void model_merge(struct model *model, uint32_t peer, uint32_t node)
{
    struct report *report = &model->reports[peer][node];
    int order = model->held[node] ? model_order(node, report->version, model->version[node]) : 1;

    if (report->mention || report->loops || order == 0 || (order < 0 && model_is_told(model, node)))
        return;
    if (report->doubted[report->version])
        return;
    if (report->forged) {
        memset(report->doubted, 0, sizeof(report->doubted)); /* one doubt is remembered */
        report->doubted[report->version] = true;
        return;
    }
    model->held[node] = true;
    model->version[node] = report->version;
}

/* Hops to a node: with every neighbour confirming at once, the fewest. */
static uint32_t model_hops(const struct model *model, uint32_t node)
{
    uint32_t hops = HOPS_NONE;

    for (uint32_t i = 0; i < PEERS; i++) {
        const struct report *report = &model->reports[i][node];
        uint32_t told = report->through_count + (node == i ? 0 : 1);

        if (report->there && !report->loops && model->held[node] && told + 1 < hops)
            hops = told + 1;
    }
    return hops;
}

static void model_compare(const struct model *model)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct public_key id = world_id(i + 1);
        const struct node *node = nodes_find(&model->world.routes.nodes, &id);
        bool held = node != NULL && node->held;

        CHECK(held == model->held[i]);
        CHECK((node != NULL ? node->hops : HOPS_NONE) == model_hops(model, i));
        if (held) {
            struct version version = model_version(i, model->version[i]);

            CHECK(version_compare(&node->version, &version) == 0);
        }
        CHECK(model->world.imported_at_all[i + 1] == (model_hops(model, i) != HOPS_NONE));
    }
}

static void model_tell(struct model *model, uint32_t peer, uint32_t node, uint8_t operation)
{
    struct report *report = &model->reports[peer][node];
    struct world_advert advert;

    if (!model->linked[peer])
        return;
    report->there = true;
    report->version = operation % VERSIONS;
    report->mention = (operation >> 3 & 3) == 1;
    report->forged = (operation >> 3 & 3) == 2;
    report->through_count = node == peer ? 0 : operation >> 5 & 1;
    report->loops = report->through_count == 1 && (operation >> 6) == 1;
    advert = model_advert(node, report);
    CHECK(world_say(&model->world, peer + 1, &advert) == ROUTES_OK);
    model_merge(model, peer, node);
}

static void model_relink(struct model *model, uint32_t peer)
{
    model->linked[peer] = !model->linked[peer];
    memset(model->reports[peer], 0, sizeof(model->reports[peer]));
    if (model->linked[peer])
        world_link(&model->world, peer + 1);
    else
        world_unlink(&model->world, peer + 1);
}

static void model_step(struct model *model, uint8_t what, uint8_t operation)
{
    uint32_t peer = what % PEERS;
    uint32_t node = what / PEERS % NODES;

    if (what >= 250) {
        model_relink(model, peer);
    } else if (what >= 200) {
        if (model->linked[peer]) {
            CHECK(world_withdraw(&model->world, peer + 1, node + 1) == ROUTES_OK);
            model->reports[peer][node].there = false;
        }
    } else {
        model_tell(model, peer, node, operation);
    }
    /* Time stands still, so that doubts last; only batches are never short of tokens. */
    for (uint32_t i = 0; i < model->world.routes.neighbour_count; i++)
        model->world.routes.neighbours[i]->bucket.count = ROUTE_BURST;
    model_compare(model);
}

/* Hears what stands in the model, from the first report to the last or the other way round. */
static void model_replay(const struct model *model, struct model *again, bool backwards)
{
    world_init(&again->world);
    for (uint32_t i = 0; i < PEERS; i++)
        if (model->linked[i])
            model_relink(again, i);
    for (uint32_t i = 0; i < PEERS * NODES; i++) {
        uint32_t at = backwards ? PEERS * NODES - 1 - i : i;
        const struct report *report = &model->reports[at / NODES][at % NODES];
        struct world_advert advert = model_advert(at % NODES, report);
        uint64_t verified;

        if (!report->there)
            continue;
        advert.mention = false;
        for (int twice = 0; twice < 2; twice++) {
            verified = again->world.routes.adverts_verified;
            CHECK(world_say(&again->world, at / NODES + 1, &advert) == ROUTES_OK);
        }
        CHECK(again->world.routes.adverts_verified == verified);
    }
}

static void model_check_order(const struct model *model)
{
    static struct model forward;
    static struct model backward;

    forward = (struct model){ 0 };
    backward = (struct model){ 0 };
    model_replay(model, &forward, false);
    model_replay(model, &backward, true);
    for (uint32_t i = 1; i <= NODES; i++) {
        struct public_key id = world_id(i);
        const struct node *one = nodes_find(&forward.world.routes.nodes, &id);
        const struct node *two = nodes_find(&backward.world.routes.nodes, &id);

        CHECK((one != NULL) == (two != NULL));
        if (one == NULL)
            continue;
        CHECK(one->held == two->held && one->hops == two->hops);
        CHECK(!one->held || version_compare(&one->version, &two->version) == 0);
        CHECK(forward.world.imported[i] == backward.world.imported[i]);
    }
    world_deinit(&forward.world);
    world_deinit(&backward.world);
}

void model_run(const uint8_t *operations, size_t size)
{
    static struct model model;

    model = (struct model){ 0 };
    world_init(&model.world);
    for (uint32_t i = 0; i < PEERS; i++)
        model_relink(&model, i);
    for (size_t i = 0; i + 1 < size; i += 2)
        model_step(&model, operations[i], operations[i + 1]);
    model_check_order(&model);
    world_deinit(&model.world);
}
