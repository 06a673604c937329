// SPDX-License-Identifier: Apache-2.0
/* ELF, generic ABI chapters 4 and 5. A library is shown to a process alone, not the folder it lies
 * in: a build tree is full of other things. The loader's other ways (LD_LIBRARY_PATH, ld.so.conf
 * outside of /usr) are the manifest's to show. */
#include "kernel/cage/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* A program or library, mapped, and what of its dynamic section counts here. */
struct loader_image {
    const uint8_t *bytes;
    size_t size;
    const ElfW(Phdr) * segments;
    size_t segment_count;
    char folder[LOADER_PATH_MAX];
};

static void loader_close(const struct loader_image *image)
{
    if (image->bytes != NULL)
        munmap((void *)(uintptr_t)image->bytes, image->size);
}

static const void *loader_at(const struct loader_image *image, uint64_t offset, uint64_t size)
{
    if (offset > image->size || size > image->size - offset)
        return NULL;
    return image->bytes + offset;
}

/* Where in the file the memory at `address` comes from. UINT64_MAX: nowhere. */
static uint64_t loader_offset(const struct loader_image *image, uint64_t address)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];

        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
                address - segment->p_vaddr < segment->p_filesz)
            return address - segment->p_vaddr + segment->p_offset;
    }
    return UINT64_MAX;
}

/* A text that ends within the file; NULL where there is none. */
static const char *loader_text(const struct loader_image *image, uint64_t offset)
{
    if (offset >= image->size || memchr(image->bytes + offset, '\0', image->size - offset) == NULL)
        return NULL;
    return (const char *)image->bytes + offset;
}

static const ElfW(Phdr) * loader_segment(const struct loader_image *image, uint32_t type)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        if (image->segments[i].p_type == type)
            return &image->segments[i];
    }
    return NULL;
}

static bool loader_open(struct loader_image *image, const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const ElfW(Ehdr) * head;
    struct stat about;
    void *bytes;

    *image = (struct loader_image){ 0 };
    if (fd < 0 || fstat(fd, &about) < 0 || about.st_size <= 0)
        return false;
    bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    image->bytes = bytes;
    image->size = (size_t)about.st_size;
    snprintf(image->folder, sizeof(image->folder), "%s", path);
    if (strrchr(image->folder, '/') != NULL)
        *strrchr(image->folder, '/') = '\0';
    head = loader_at(image, 0, sizeof(*head));
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
            head->e_ident[EI_CLASS] != (__ELF_NATIVE_CLASS == 64 ? ELFCLASS64 : ELFCLASS32) ||
            head->e_phentsize != sizeof(ElfW(Phdr)))
        return true; /* none that is looked into: it has no segments */
    image->segments = loader_at(image, head->e_phoff, (uint64_t)head->e_phnum * sizeof(ElfW(Phdr)));
    image->segment_count = image->segments != NULL ? head->e_phnum : 0;
    return true;
}

/* The dynamic section. `*countp` is 0 where there is none. */
static const ElfW(Dyn) * loader_dynamic(const struct loader_image *image, size_t *countp)
{
    const ElfW(Phdr) *segment = loader_segment(image, PT_DYNAMIC);
    const void *dynamic =
            segment != NULL ? loader_at(image, segment->p_offset, segment->p_filesz) : NULL;

    *countp = dynamic != NULL ? segment->p_filesz / sizeof(ElfW(Dyn)) : 0;
    return dynamic;
}

static uint64_t loader_value(const struct loader_image *image, ElfW(Sxword) tag)
{
    size_t count;
    const ElfW(Dyn) *dynamic = loader_dynamic(image, &count);

    for (size_t i = 0; i < count && dynamic[i].d_tag != DT_NULL; i++) {
        if (dynamic[i].d_tag == tag)
            return dynamic[i].d_un.d_val;
    }
    return UINT64_MAX;
}

static const char *loader_string(const struct loader_image *image, uint64_t index)
{
    uint64_t table = loader_value(image, DT_STRTAB);
    uint64_t offset = table != UINT64_MAX ? loader_offset(image, table) : UINT64_MAX;

    if (index == UINT64_MAX || offset == UINT64_MAX || offset > image->size || index > image->size)
        return NULL;
    return loader_text(image, offset + index);
}

/* ---- finding libraries ---- */

/* One folder of a RUNPATH, with $ORIGIN filled in. */
static void loader_folder(const struct loader_image *image, const char *part, size_t size,
        char folder[LOADER_PATH_MAX])
{
    static const char *const origins[] = { "$ORIGIN", "${ORIGIN}" };

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        size_t name_size = strlen(origins[i]);

        if (size < name_size || strncmp(part, origins[i], name_size) != 0)
            continue;
        if (snprintf(folder, LOADER_PATH_MAX, "%s%.*s", image->folder, (int)(size - name_size),
                    part + name_size) >= LOADER_PATH_MAX)
            folder[0] = '\0';
        return;
    }
    snprintf(folder, LOADER_PATH_MAX, "%.*s", (int)size, part);
}

static bool loader_is_known(const struct loader *loader, const char *path)
{
    for (size_t i = 0; i < loader->file_count; i++) {
        if (strcmp(loader->files[i], path) == 0)
            return true;
    }
    return false;
}

static int loader_add(struct loader *loader, const char *path)
{
    if (loader->file_count == LOADER_FILES_MAX || loader_is_known(loader, path))
        return 0;
    loader->files[loader->file_count] = strdup(path);
    if (loader->files[loader->file_count] == NULL)
        return err_new(-ENOMEM);
    loader->file_count += 1;
    return 0;
}

/* Adds library `name` from the first folder of `run_path` that has it. */
static int loader_find(struct loader *loader, const struct loader_image *image,
        const char *run_path, const char *name)
{
    char folder[LOADER_PATH_MAX];
    char path[LOADER_PATH_MAX];

    for (const char *part = run_path; *part != '\0';) {
        size_t size = strcspn(part, ":");

        loader_folder(image, part, size, folder);
        if (folder[0] == '/' &&
                (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path) &&
                access(path, F_OK) == 0)
            return loader_add(loader, path);
        part += size + (part[size] == ':');
    }
    return 0;
}

/* Adds what `image` needs and finds by its own RUNPATH or by the program's RPATH, which counts for
 * all of its libraries. */
static int loader_add_needed(
        struct loader *loader, const struct loader_image *image, const char *inherited)
{
    const char *own = loader_string(image, loader_value(image, DT_RUNPATH));
    size_t count;
    const ElfW(Dyn) *dynamic = loader_dynamic(image, &count);
    int r = 0;

    if (own == NULL)
        own = loader_string(image, loader_value(image, DT_RPATH));
    for (size_t i = 0; i < count && dynamic[i].d_tag != DT_NULL && r == 0; i++) {
        const char *name =
                dynamic[i].d_tag == DT_NEEDED ? loader_string(image, dynamic[i].d_un.d_val) : NULL;

        if (name != NULL && own != NULL)
            r = loader_find(loader, image, own, name);
        if (name != NULL && inherited != NULL && r == 0)
            r = loader_find(loader, image, inherited, name);
    }
    return r;
}

int loader_look(struct loader *loader, const char *program)
{
    struct loader_image image;
    const ElfW(Phdr) * segment;
    const char *inherited;
    const char *text;
    int r;

    *loader = (struct loader){ 0 };
    if (!loader_open(&image, program))
        return 0;
    loader->is_script = image.size >= 2 && memcmp(image.bytes, "#!", 2) == 0;
    segment = loader_segment(&image, PT_INTERP);
    text = segment != NULL ? loader_text(&image, segment->p_offset) : NULL;
    if (text != NULL)
        snprintf(loader->interpreter, sizeof(loader->interpreter), "%s", text);
    inherited = loader_string(&image, loader_value(&image, DT_RPATH));
    r = loader_add_needed(loader, &image, NULL);
    for (size_t i = 0; i < loader->file_count && r == 0; i++) {
        struct loader_image library;

        if (loader_open(&library, loader->files[i]))
            r = loader_add_needed(loader, &library, inherited);
        loader_close(&library);
    }
    loader_close(&image);
    return r;
}

void loader_deinit(struct loader *loader)
{
    while (loader->file_count > 0)
        free(loader->files[--loader->file_count]);
}
