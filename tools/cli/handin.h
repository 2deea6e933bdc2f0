/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Putting files and directories into a drop box so that the daemon never meets a part of one: copied under a temporary
 * name
 * (".morf-" and random digits, which the daemon ignores), made durable, and renamed.
 */

#include <sys/types.h>

#include "spool/layout.h"

/* Suffixes tried for a name that is taken: "weekly-2.cfg" to "weekly-999.cfg". */
#define HANDIN_SUFFIX_MAX 999u

typedef struct Handin {
        int fd;     /* of the drop box; O_PATH where it may be written, but not listed */
        char *path; /* below the spool, for messages */
        uid_t uid;  /* owner of what is put there, -1: the caller */
        gid_t gid;
} Handin;

#define HANDIN_EMPTY { .fd = -EBADF, .uid = (uid_t) -1, .gid = (gid_t) -1 }

/*
 * Opens incoming/, or with user sftp/USER/incoming, whose owner will own what is put there.
 * Return: 0; -ENOENT; or another negative errno.
 */
int handin_open(const Spool *spool, const char *user, Handin *ret);
void handin_close(Handin *h);
#define _cleanup_handin_ _cleanup_(handin_close)

/*
 * Copies path, a regular file or a directory of those, under name. What is taken already:
 * job (ret_name is set): a suffix is added before the extension, and *ret_name is the name in the end;
 * attachment (ret_name is NULL): the same content is left as it is and *ret_reused set, other content is refused.
 * ret_bad: may be NULL; on -ELOOP, -EBADMSG or -EMLINK the path inside a directory that is not a file or directory.
 * Return: 0; -EEXIST (name is taken); -EFBIG (too many entries or levels); -ELOOP, -EBADMSG (a link, a special file);
 * or another negative errno.
 */
int handin_put(const Handin *h, const char *path, const char *name, char **ret_name, bool *ret_reused, char **ret_bad);
