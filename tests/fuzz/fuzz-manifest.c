/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as manifest.json, read by the daemon as root: refused with a sentence, or names that are safe in paths and argument
 * vectors, and the same after writing and reading again.
 */

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "spool/manifest.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int dir = -EBADF;
static char path[] = "/tmp/fuzz-manifest-XXXXXX";

static void check(bool ok) {
        if (!ok)
                abort();
}

static void remove_dir(void) {
        (void) fd_remove_tree_at(AT_FDCWD, path);
}

/* manifest_read_at() opens a file of a directory by its own name. */
int LLVMFuzzerInitialize(_unused_ int *argc, _unused_ char ***argv) {
        check(mkdtemp(path));
        dir = fd_open_dir_at(AT_FDCWD, path);
        check(dir >= 0);
        (void) atexit(remove_dir);
        return 0;
}

static void write_text(const char *text, size_t size) {
        _cleanup_fd_ int fd = openat(dir, MANIFEST_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        check(fd >= 0 && fd_write_all(fd, text, size) == 0);
}

static void check_manifest(const Manifest *m) {
        check(name_is_valid(m->name) && manifest_profile_to_string(m->profile) && manifest_image_to_string(m->image.kind));
        check(m->args.n <= LIMIT_ARGS && strv_length(m->courses) <= LIMIT_COURSES && strv_length(m->needs) <= LIMIT_NEEDS);
        STRV_FOREACH(course, m->courses)
                check(name_is_valid(*course));
        STRV_FOREACH(need, m->needs)
                check(name_is_valid(*need));
        for (size_t i = 0; i < m->args.n; i++)
                check(name_is_valid(m->args.items[i].name) && name_is_argument_value(m->args.items[i].value));
        if (m->image.file)
                check(name_is_relative_path(m->image.file, LIMIT_DROP_DEPTH));
        if (!m->needs)
                check(m->image.digest && strlen(m->image.digest) == DIGEST_LENGTH);
        check(m->limits.memory == 0 || (m->limits.memory >= LIMIT_MEMORY_MIN && m->limits.memory <= LIMIT_MEMORY_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *error = NULL, *first = NULL, *second = NULL;
        _cleanup_manifest_ Manifest m = {}, again = {};
        int r;

        write_text((const char *) data, size);
        r = manifest_read_at(dir, &m, &error);
        check((r == 0 && !error) || (r == -EBADMSG && error));
        if (r < 0)
                return 0;
        check_manifest(&m);
        check(json_record_format(&manifest_table, &m, &first) == 0);
        write_text(first, strlen(first));
        check(manifest_read_at(dir, &again, NULL) == 0);
        check(json_record_format(&manifest_table, &again, &second) == 0);
        check(streq(first, second));
        return 0;
}
