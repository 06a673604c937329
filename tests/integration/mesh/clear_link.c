// SPDX-License-Identifier: Apache-2.0
/* The least that joins two routers: a service `link` that copies the bytes of a node channel to a
 * socket and back, in clear. Nothing is read of them: the greeting and the frames that one
 * router writes are what the other one expects. What the encrypted link costs is measured against
 * this one.
 *
 *     CLEAR_LINK_0 … _3    "listen|dial PATH NODE KEY SERVICE/HOPS,SERVICE/HOPS…"
 *
 * PATH is that of a Unix socket, or `tcp:` and a port of 127.0.0.1. KEY is a digit that stands for
 * the node's public key. A link that is lost is made anew, for ever.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mu/link/v1/link.mu.h"
#include "mu/log.h"
#include "mu/router/v1/router.mu.h"

enum { LINKS_MAX = 4, ROUTES_MAX = 16, COPY_SIZE = 262144, KEY_SIZE = 32, AGAIN_MS = 5 };

struct link {
    struct links *links; /* borrowed for good: those that it is one of */
    bool listens;
    int listener; /* owned; -1 where it dials */
    char path[108];
    char node[65];
    uint8_t key[KEY_SIZE];
    char services[ROUTES_MAX][64];
    uint32_t hops[ROUTES_MAX];
    size_t service_count;
};

struct links {
    struct mu_client *client; /* borrowed until `stopped` */
    pthread_mutex_t lock;     /* guards the client's use, and `stopped` */
    bool stopped;
    struct link each[LINKS_MAX];
    int count;
};

/* One direction of a link. */
struct copying {
    int from; /* owned, both */
    int to;
};

struct clear_address {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in tcp;
    } socket;
    socklen_t size;
};

static struct clear_address clear_address(const char *path)
{
    struct clear_address address = { .size = sizeof(address.socket.local) };

    if (strncmp(path, "tcp:", 4) == 0) {
        address.size = sizeof(address.socket.tcp);
        address.socket.tcp = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_port = htons((uint16_t)strtoul(path + 4, NULL, 10)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
    } else {
        address.socket.local = (struct sockaddr_un){ .sun_family = AF_UNIX };
        snprintf(address.socket.local.sun_path, sizeof(address.socket.local.sun_path), "%s", path);
    }
    return address;
}

/* Has what is written leave at once. */
static void clear_hurry(int fd, const char *path)
{
    if (fd >= 0 && strncmp(path, "tcp:", 4) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static int clear_connect(const char *path)
{
    struct clear_address address = clear_address(path);
    int fd = socket(address.socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, &address.socket.any, address.size) == 0) {
        clear_hurry(fd, path);
        return fd;
    }
    close(fd);
    return -1;
}

static int clear_listen(const char *path)
{
    struct clear_address address = clear_address(path);
    int fd = socket(address.socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (address.socket.any.sa_family == AF_UNIX)
        unlink(path);
    else if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (fd >= 0 && bind(fd, &address.socket.any, address.size) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The next one who dialled. */
static int clear_accept(const struct link *link)
{
    int fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC);

    clear_hurry(fd, link->path);
    return fd;
}

/* The stream to the other node, however long it takes. */
static int clear_reach(const struct link *link)
{
    int fd;

    if (link->listens)
        return clear_accept(link);
    while ((fd = clear_connect(link->path)) < 0)
        poll(NULL, 0, AGAIN_MS);
    return fd;
}

static bool clear_set_routes(const struct link *link, uint64_t channel)
{
    Mu__Router__V1__RoutesRequest request = MU__ROUTER__V1__ROUTES_REQUEST__INIT;
    Mu__Router__V1__RoutesReply *reply = NULL;
    Mu__Router__V1__Route routes[ROUTES_MAX];
    Mu__Router__V1__Route *each[ROUTES_MAX];

    request.channel = channel;
    request.n_routes = link->service_count;
    request.routes = each;
    for (size_t i = 0; i < link->service_count; i++) {
        mu__router__v1__route__init(&routes[i]);
        routes[i].service = (char *)(uintptr_t)link->services[i];
        routes[i].hops = link->hops[i];
        each[i] = &routes[i];
    }
    if (router_routes(link->links->client, &request, NULL, &reply, NULL) != MU_OK)
        return false;
    mu__router__v1__routes_reply__free_unpacked(reply, NULL);
    return true;
}

/* The node channel, with its routes set; -1 where the router gives none. */
static int clear_open_channel(struct link *link)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    Mu__Router__V1__LinkReply *reply = NULL;
    struct mu_status status;
    int fd;

    request.node = link->node;
    request.owner = (char *)"alice";
    request.node_id = (ProtobufCBinaryData){ KEY_SIZE, link->key };
    request.link_id = request.node_id;
    if (router_link(link->links->client, &request, NULL, &reply, &status) != MU_OK) {
        mu_log_warn("no node channel: %s", status.message);
        return -1;
    }
    fd = clear_connect(reply->path);
    if (fd >= 0 && !clear_set_routes(link, reply->channel)) {
        close(fd);
        fd = -1;
    }
    mu__router__v1__link_reply__free_unpacked(reply, NULL);
    mu_log_info("%s %s", fd >= 0 ? "linked to" : "not linked to", link->node);
    return fd;
}

static bool copying_write(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = send(fd, bytes, size, MSG_NOSIGNAL);

        if (written < 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Copies until one end is gone, ends both, and frees what it was given. */
static void *copying_run(void *user)
{
    struct copying *copying = user;
    uint8_t *bytes = malloc(COPY_SIZE);
    ssize_t size;

    while (bytes != NULL && (size = recv(copying->from, bytes, COPY_SIZE, 0)) > 0) {
        if (!copying_write(copying->to, bytes, (size_t)size))
            break;
    }
    free(bytes);
    shutdown(copying->from, SHUT_RDWR);
    shutdown(copying->to, SHUT_RDWR);
    close(copying->from);
    close(copying->to);
    free(copying);
    return NULL;
}

/* Each direction has descriptors of its own, so that neither waits for the other to end. */
static struct copying *copying_new(int from, int to)
{
    struct copying *copying = malloc(sizeof(*copying));

    if (copying != NULL)
        *copying = (struct copying){ dup(from), dup(to) };
    return copying;
}

static void clear_copy(int near, int far)
{
    struct copying *out = copying_new(near, far);
    struct copying *in = copying_new(far, near);
    pthread_t thread;

    if (out == NULL || in == NULL || pthread_create(&thread, NULL, copying_run, out) != 0)
        abort(); /* the supervisor starts it anew */
    pthread_detach(thread);
    copying_run(in);
}

static void *clear_run(void *user)
{
    struct link *link = user;
    struct links *links = link->links;
    bool stopped = false;

    while (!stopped) {
        int far = clear_reach(link);
        int near = -1;

        pthread_mutex_lock(&links->lock);
        stopped = links->stopped;
        if (!stopped && far >= 0)
            near = clear_open_channel(link);
        pthread_mutex_unlock(&links->lock);
        if (near >= 0) {
            clear_copy(near, far);
            close(near);
        }
        close(far);
    }
    return NULL;
}

/* Reads "SERVICE/HOPS,…". */
static bool clear_parse_routes(struct link *link, char *text)
{
    char *route;

    while ((route = strsep(&text, ",")) != NULL) {
        char *slash = strchr(route, '/');

        if (slash == NULL || link->service_count == ROUTES_MAX)
            return false;
        snprintf(link->services[link->service_count], sizeof(link->services[0]), "%.*s",
                (int)(slash - route), route);
        link->hops[link->service_count++] = (uint32_t)strtoul(slash + 1, NULL, 10);
    }
    return true;
}

/* Reads one link's description. False where it is none. */
static bool clear_parse(struct link *link, const char *text)
{
    char copy[1024];
    char *rest = copy;
    const char *mode;
    const char *path;
    const char *node;
    const char *key;

    snprintf(copy, sizeof(copy), "%s", text);
    mode = strsep(&rest, " ");
    path = strsep(&rest, " ");
    node = strsep(&rest, " ");
    key = strsep(&rest, " ");
    if (key == NULL)
        return false;
    snprintf(link->path, sizeof(link->path), "%s", path);
    snprintf(link->node, sizeof(link->node), "%s", node);
    memset(link->key, (int)strtoul(key, NULL, 10), sizeof(link->key));
    link->listens = strcmp(mode, "listen") == 0;
    link->listener = link->listens ? clear_listen(link->path) : -1;
    return (!link->listens || link->listener >= 0) && clear_parse_routes(link, rest);
}

/* From here on no thread uses the client; they go with the process. */
static void clear_stop(void *state)
{
    struct links *links = state;

    pthread_mutex_lock(&links->lock);
    links->stopped = true;
    pthread_mutex_unlock(&links->lock);
}

static int clear_start(void *state, struct mu_client *client, const char *state_dir)
{
    static const char *const names[LINKS_MAX] = { "CLEAR_LINK_0", "CLEAR_LINK_1", "CLEAR_LINK_2",
        "CLEAR_LINK_3" };
    struct links *links = state;

    (void)state_dir;
    links->client = client;
    for (int i = 0; i < LINKS_MAX; i++) {
        const char *text = getenv(names[i]);

        links->each[links->count].links = links;
        if (text != NULL && !clear_parse(&links->each[links->count++], text))
            return -EINVAL;
    }
    for (int i = 0; i < links->count; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, clear_run, &links->each[i]) != 0) {
            clear_stop(links);
            return -EAGAIN;
        }
        pthread_detach(thread);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct link_handlers handlers = { .init = NULL };
    static struct links links = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const struct mu_service service = { .type = &link_type,
        .handlers = &handlers,
        .state = &links,
        .start = clear_start,
        .stop = clear_stop };

    return mu_service_main(&service, argc, argv); /* the links' threads go with the process */
}
