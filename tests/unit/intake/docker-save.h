/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes docker save archives, right and wrong ones, for unit tests. Include after cmocka.h.
 */

#include <archive.h>
#include <archive_entry.h>

#include "spool/base/digest.h"
#include "spool/base/macro.h"
#include "tests/unit/scratch.h"

/* One member; type AE_IFREG (content), AE_IFLNK (content: its target), AE_IFDIR, AE_IFIFO, or 0: hard link to content. */
typedef struct SaveMember {
        const char *name;
        const char *content;
        mode_t type;
} SaveMember;

static inline void save_sha256(const char *text, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;

        assert_int_equal(digest_new(&d), 0);
        assert_int_equal(digest_add(d, text, strlen(text)), 0);
        assert_int_equal(digest_finish(d, ret), 0);
}

/* filter: an ARCHIVE_FILTER_ number. */
static inline void save_write(const Scratch *s, const char *name, const SaveMember *members, size_t n, int filter) {
        struct archive *a = archive_write_new();
        struct archive_entry *e = archive_entry_new();
        int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(a && e && fd >= 0);
        assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
        assert_int_equal(archive_write_set_format_gnutar(a), ARCHIVE_OK);
        assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
        for (size_t i = 0; i < n; i++) {
                size_t size = members[i].type == AE_IFREG ? strlen(members[i].content) : 0;

                archive_entry_clear(e);
                archive_entry_set_pathname(e, members[i].name);
                archive_entry_set_perm(e, 0644);
                archive_entry_set_filetype(e, members[i].type ? members[i].type : AE_IFREG);
                archive_entry_set_size(e, (la_int64_t) size);
                if (members[i].type == AE_IFLNK)
                        archive_entry_set_symlink(e, members[i].content);
                if (members[i].type == 0)
                        archive_entry_set_hardlink(e, members[i].content);
                assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
                if (size > 0)
                        assert_int_equal(archive_write_data(a, members[i].content, size), size);
        }
        archive_entry_free(e);
        assert_int_equal(archive_write_free(a), ARCHIVE_OK);
        fd_close(fd);
}
