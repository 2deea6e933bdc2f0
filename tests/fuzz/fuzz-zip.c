/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a job zip: unpacking must end with a context or a sentence, and whatever lies on disk then must be
 * regular files and directories below context/, with names and modes that we allow.
 */

#include <fcntl.h>
#include <sys/mman.h>

#include "spool/base/fd.h"
#include "spool/limits.h"
#include "tools/intake/context.h"
#include "tools/intake/job-zip.h"
#include "tools/intake/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char scratch[64];

static void check(bool ok) {
        if (!ok)
                abort();
}

static void remove_scratch(void) {
        (void) fd_remove_tree_at(AT_FDCWD, scratch);
}

static int open_scratch(void) {
        if (scratch[0] == '\0') {
                strcpy(scratch, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-zip-XXXXXX" : "/tmp/fuzz-zip-XXXXXX");
                check(mkdtemp(scratch));
                check(atexit(remove_scratch) == 0);
        }
        return open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void check_tree(int dirfd, bool whole, unsigned depth) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *de;

        check(depth <= LIMIT_DROP_DEPTH + 1);
        check(fd_open_dirstream_at(dirfd, ".", &d) == 0);
        while ((de = readdir(d))) {
                _cleanup_fd_ int child = -EBADF;
                struct stat st;

                if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
                        continue;
                check(!path_wrong(de->d_name, 1));
                check(fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
                check(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
                check(!(st.st_mode & 07000));
                if (whole)
                        check(st.st_mtim.tv_sec == 0);
                if (S_ISREG(st.st_mode))
                        continue;
                child = fd_open_dir_at(dirfd, de->d_name);
                check(child >= 0);
                check_tree(child, whole, depth + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_fd_ int fd = memfd_create("zip", MFD_CLOEXEC), out = open_scratch(), context = -EBADF;
        _cleanup_free_ char *settings = NULL;
        char digest[DIGEST_LENGTH + 1];
        _cleanup_fault_ Fault f = {};
        size_t settings_size;
        const char *made;
        bool morf2 = false;
        int r;

        check(fd >= 0 && out >= 0);
        check(fd_write_all(fd, data, size) == 0);
        r = job_zip_unpack(fd, size, "j.zip", out, /* durable= */ false, &morf2, digest, &settings, &settings_size, &f);
        check(r == 0 || (r == -EBADMSG && f.message) || r == -ENOMEM);
        made = faccessat(out, CONTEXT_UNPACKED_DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? CONTEXT_UNPACKED_DIRECTORY : CONTEXT_DIRECTORY;
        check(r < 0 || morf2 == streq(made, CONTEXT_UNPACKED_DIRECTORY));
        context = fd_open_dir_at(out, made);
        if (r == 0) {
                check(context >= 0 && digest_is_valid(digest));
                check(faccessat(context, morf2 ? "client.config" : "Dockerfile", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
                check(!settings || strlen(settings) <= settings_size);
        }
        if (context >= 0)
                check_tree(context, r == 0, 1);
        check(fd_remove_tree_at(out, made) == 0);
        return 0;
}
