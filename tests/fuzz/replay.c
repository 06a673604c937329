// SPDX-License-Identifier: Apache-2.0
/* A fuzz target without a fuzzer: runs it on the empty input and on each file of the folder that is
 * named, so that whatever was found once is tried in every build. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns 0, or -1 with a message where the file cannot be read. */
static int replay_file(int folder, const char *name)
{
    CLEANUP(cleanup_close) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0) {
        perror(name);
        return -1;
    }
    bytes = malloc((size_t)about.st_size + 1);
    if (bytes == NULL || read(fd, bytes, (size_t)about.st_size) != about.st_size) {
        perror(name);
        return -1;
    }
    LLVMFuzzerTestOneInput(bytes, (size_t)about.st_size);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    unsigned count = 0;

    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_type != DT_REG)
            continue;
        if (replay_file(dirfd(folder), entry->d_name) < 0)
            return 1;
        count += 1;
    }
    closedir(folder);
    printf("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
