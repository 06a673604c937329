// SPDX-License-Identifier: Apache-2.0
/* The lists of this file are the product's answer to "what does any program need?". They are short
 * on purpose: what one service needs besides stands in its manifest. */
#include "kernel/cage/view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

/* The system's programs and libraries, and how the loader finds those. */
static const char *const view_system[] = { "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin",
    "/sbin", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime" };

/* How names of hosts are found, and who is believed in TLS. */
static const char *const view_network[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
    "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/ssl", "/etc/ca-certificates" };

static const char *const view_devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
    "/dev/urandom" };

static void view_add(struct view *view, const char *path, unsigned rights)
{
    for (size_t i = 0; i < view->count; i++) {
        if (strcmp(view->paths[i].path, path) == 0) {
            view->paths[i].rights |= rights;
            return;
        }
    }
    CHECK(view->count < VIEW_PATHS_MAX);
    view->paths[view->count++] = (struct view_path){ .path = path, .rights = rights };
}

static void view_add_present(
        struct view *view, const char *const *paths, size_t count, unsigned rights)
{
    for (size_t i = 0; i < count; i++) {
        if (access(paths[i], F_OK) == 0)
            view_add(view, paths[i], rights);
    }
}

static int view_compare(const void *one, const void *other)
{
    return strcmp(((const struct view_path *)one)->path, ((const struct view_path *)other)->path);
}

void view_make(struct view *view, const struct cage *cage, const char *program,
        const struct loader *loader)
{
    bool starts = cage->processes || CAGE_IS_INSTRUMENTED; /* a sanitizer its symbolizer */
    unsigned runs = starts || loader->is_script ? VIEW_EXECUTE : 0;

    view->count = 0;
    view_add_present(
            view, view_system, sizeof(view_system) / sizeof(view_system[0]), VIEW_READ | runs);
    view_add_present(view, view_devices, sizeof(view_devices) / sizeof(view_devices[0]),
            VIEW_READ | VIEW_WRITE | VIEW_DEVICE);
    if (cage->network != CAGE_NETWORK_NONE)
        view_add_present(
                view, view_network, sizeof(view_network) / sizeof(view_network[0]), VIEW_READ);
    for (size_t i = 0; i < cage->read_count; i++)
        view_add(view, cage->read[i], VIEW_READ | (cage->processes ? VIEW_EXECUTE : 0));
    for (size_t i = 0; i < cage->write_count; i++)
        view_add(view, cage->write[i], VIEW_READ | VIEW_WRITE);
    if (cage->data != NULL)
        view_add(view, cage->data, VIEW_READ | VIEW_WRITE);
    if (cage->channel != NULL)
        view_add(view, cage->channel, cage->router ? VIEW_READ | VIEW_WRITE : VIEW_SOCKET);
#ifdef CAGE_SUPPRESSIONS
    view_add(view, CAGE_SUPPRESSIONS, VIEW_READ);
#endif
#ifdef CAGE_BUILD_FOLDER
    view_add(view, CAGE_BUILD_FOLDER, VIEW_READ | VIEW_WRITE);
#endif
    view_add(view, program, VIEW_READ | VIEW_EXECUTE);
    if (loader->interpreter[0] != '\0')
        view_add(view, loader->interpreter, VIEW_READ | VIEW_EXECUTE);
    for (size_t i = 0; i < loader->file_count; i++)
        view_add(view, loader->files[i], VIEW_READ);
    qsort(view->paths, view->count, sizeof(view->paths[0]), view_compare);
}
