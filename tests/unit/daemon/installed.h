/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * In the place of the C library's stat(): the programs of this list are installed, whatever the machine has, and no other engine is.
 * Include once in a test program.
 */

#include <fcntl.h>
#include <sys/stat.h>

#include "spool/base/macro.h"

static const char *const *installed;

int stat(const char *restrict path, struct stat *restrict ret) {
        for (const char *const *p = installed; p && *p; p++)
                if (streq(path, *p)) {
                        *ret = (struct stat){ .st_mode = S_IFREG | 0755 };
                        return 0;
                }
        if (streq(path, "/usr/bin/docker") || streq(path, "/usr/bin/podman")) {
                errno = ENOENT;
                return -1;
        }
        return fstatat(AT_FDCWD, path, ret, 0);
}

#define INSTALL(...)                                                     \
        do {                                                             \
                static const char *const list[] = { __VA_ARGS__, NULL }; \
                installed = list;                                        \
        } while (false)
