/* SPDX-License-Identifier: MIT */
#include "tools/intake/path.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/limits.h"

int path_open_parent_at(int dirfd, const char *path, size_t *made, int *ret_fd, const char **ret_last) {
        _cleanup_fd_ int fd = -EBADF;

        fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return negative_errno();
        for (;;) {
                size_t n = strcspn(path, "/");
                _cleanup_free_ char *component = NULL;
                int next;

                if (path[n] == '\0')
                        break;
                component = strndup(path, n);
                if (!component)
                        return -ENOMEM;
                if (made && mkdirat(fd, component, 0755) == 0)
                        (*made)++;
                else if (made && errno != EEXIST)
                        return negative_errno();
                next = fd_open_dir_at(fd, component);
                if (next < 0)
                        return next;
                fd_close(fd);
                fd = next;
                path += n + 1;
        }
        *ret_fd = TAKE_FD(fd);
        *ret_last = path;
        return 0;
}

char *path_trim(char *path) {
        size_t n;

        while (path[0] == '.' && path[1] == '/') {
                path += 2;
                path += strspn(path, "/");
        }
        n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
                path[--n] = '\0';
        return path;
}

const char *path_wrong(const char *path, unsigned depth_max) {
        unsigned depth = 0;

        if (path[0] == '\0')
                return "is empty";
        if (path[0] == '/')
                return "begins with '/'";
        if (!name_is_utf8(path, strlen(path)))
                return "is not valid UTF-8";
        for (const unsigned char *p = (const unsigned char *) path; *p; p++)
                if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
                        return "holds a control character";
        if (strchr(path, '\\'))
                return "holds a backslash";
        for (;;) {
                size_t n = strcspn(path, "/");

                if (n == 0)
                        return "has an empty component";
                if (n == 1 && path[0] == '.')
                        return "has the component '.'";
                if (n == 2 && path[0] == '.' && path[1] == '.')
                        return "has the component '..'";
                if (n > LIMIT_PATH_COMPONENT_BYTES)
                        return "has a component that is too long";
                if (++depth > depth_max)
                        return "has too many components";
                if (path[n] == '\0')
                        return NULL;
                path += n + 1;
        }
}
