/* SPDX-License-Identifier: MIT */
#include "spool/keys.h"

#include <fcntl.h>
#include <sys/random.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"

static int make_one(int dirfd, const char *name, gid_t gid) {
        unsigned char raw[KEYS_LENGTH / 2];
        char text[KEYS_LENGTH + 2];
        int r;

        if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        if (getrandom(raw, sizeof(raw), 0) != (ssize_t) sizeof(raw))
                return negative_errno();
        for (size_t i = 0; i < sizeof(raw); i++)
                snprintf(text + 2 * i, 3, "%02x", raw[i]);
        text[KEYS_LENGTH] = '\n';
        r = publish_new_file_at(dirfd, name, text, KEYS_LENGTH + 1, 0640, 0, gid);
        explicit_bzero(raw, sizeof(raw));
        explicit_bzero(text, sizeof(text));
        return r == -EEXIST ? 0 : r;
}

int keys_make(int dirfd, gid_t gid) {
        static const char *const names[] = { KEYS_PSEUDONYM, KEYS_RECEIPT };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++)
                r = make_one(dirfd, names[i], gid);
        return r;
}

int keys_read(int dirfd, const char *name, char ret[static KEYS_LENGTH + 1]) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, name, KEYS_SECRET_MAX, &text, &size);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        if (size != KEYS_LENGTH + 1 || text[KEYS_LENGTH] != '\n' || strspn(text, "0123456789abcdef") != KEYS_LENGTH)
                return -EBADMSG;
        memcpy(ret, text, KEYS_LENGTH);
        ret[KEYS_LENGTH] = '\0';
        explicit_bzero(text, size);
        return 0;
}

int keys_read_secret(int dirfd, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, KEYS_HASH_SECRET, KEYS_SECRET_MAX, &text, &size);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        if (size > 0 && text[size - 1] == '\n')
                text[--size] = '\0';
        if (size == 0 || strlen(text) != size || strpbrk(text, "\r\n"))
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}
