/* SPDX-License-Identifier: MIT */
#include "tools/collect/collect.h"

#include <fcntl.h>
#include <inttypes.h>

#include "spool/beneath.h"
#include "spool/helper.h"
#include "spool/base/fd.h"
#include "spool/base/publish.h"

/* sealed/ while it is being filled. */
#define PARTIAL ".#sealed"

static const JsonField report_fields[] = {
        { "version", JSON_KIND_UNSIGNED, offsetof(CollectReport, version), JSON_REQUIRED, .min = 1, .max = 1 },
        { "files", JSON_KIND_U64, offsetof(CollectReport, seal.files), JSON_REQUIRED },
        { "bytes", JSON_KIND_U64, offsetof(CollectReport, seal.bytes), JSON_REQUIRED },
        { "copied", JSON_KIND_U64, offsetof(CollectReport, seal.copied), JSON_REQUIRED },
        { "ignored", JSON_KIND_OBJECT, offsetof(CollectReport, seal.ignored), JSON_REQUIRED, .table = &seal_ignored_table },
};

const JsonTable collect_report_table = JSON_TABLE(report_fields);

typedef struct Collection {
        const CollectOptions *options;
        SealOptions seal;
        CollectReport report;
        Fault *fault;
} Collection;

/* Copies the expected file, or says what is wrong with it. */
static int take_expected(Collection *c, int dirfd, int to_dirfd) {
        const char *name = c->options->expect;
        struct stat st;
        int r;

        if (c->options->all) {
                if (fstatat(to_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
                        return 0;
                _cleanup_fd_ int fd = beneath_open_file(dirfd, name, &st);
                r = fd < 0 ? fd : -EIO;
        } else
                r = seal_file(dirfd, name, to_dirfd, &c->seal, &c->report.seal);

        switch (r) {
        case -ENOENT:
                return fault_set(c->fault, FAULT_OUTPUT_MISSING, name, 0,
                                 "the job did not write it; it left %" PRIu64 " other file%s in /output", c->report.seal.files,
                                 c->report.seal.files == 1 ? "" : "s");
        case -ELOOP:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is a symbolic link");
        case -EMLINK:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is a hard link: the file has other names");
        case -EBADMSG:
                return fault_set(c->fault, FAULT_OUTPUT_KIND, name, 0, "it is not a regular file but a directory, FIFO, socket or device");
        default:
                return r;
        }
}

int collect_run(int output_dirfd, int out_dirfd, const CollectOptions *options, Fault *reterr) {
        static const char *const results[] = { COLLECT_FILE, COLLECT_SEALED, PARTIAL, NULL };
        Collection c = {
                .options = options,
                .seal = { .max_bytes = options->max_bytes, .max_files = options->max_files, .who = "the job" },
                .report.version = 1,
                .fault = reterr,
        };
        _cleanup_fd_ int partial = -EBADF;
        int r;

        r = helper_clear(out_dirfd, results);
        if (r < 0)
                return r;
        r = publish_mkdir_at(out_dirfd, PARTIAL, 0750, (uid_t) -1, (gid_t) -1);
        if (r < 0)
                return r;
        partial = fd_open_dir_at(out_dirfd, PARTIAL);
        if (partial < 0)
                return partial;

        r = seal_walk(output_dirfd, options->all ? partial : -EBADF, &c.seal, &c.report.seal, reterr);
        if (r == 0 && options->expect)
                r = take_expected(&c, output_dirfd, partial);
        if (r == 0)
                r = publish_sync_dir(partial);
        if (r == 0)
                r = publish_rename(out_dirfd, PARTIAL, out_dirfd, COLLECT_SEALED);
        if (r < 0) {
                (void) fd_remove_tree_at(out_dirfd, PARTIAL);
                return r;
        }
        return json_record_publish_at(&collect_report_table, &c.report, out_dirfd, COLLECT_FILE, 0640, (uid_t) -1, (gid_t) -1);
}
