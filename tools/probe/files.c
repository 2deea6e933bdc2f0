/* SPDX-License-Identifier: MIT */
#include "tools/probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int64_t file_read(const char *path, char *buffer, size_t size) {
        size_t used = 0;
        int fd;

        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -1;
        while (used < size - 1) {
                ssize_t n = read(fd, buffer + used, size - 1 - used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        close(fd);
                        return -1;
                }
                if (n == 0)
                        break;
                used += (size_t) n;
        }
        close(fd);
        buffer[used] = '\0';
        return (int64_t) used;
}

uint64_t file_number(const char *path) {
        char text[64], *end;
        uint64_t n;

        if (file_read(path, text, sizeof(text)) <= 0)
                return PROBE_UNKNOWN;
        errno = 0;
        n = strtoull(text, &end, 10);
        return errno != 0 || end == text || (*end != '\n' && *end != '\0') || n > PROBE_UNKNOWN ? PROBE_UNKNOWN : n;
}
