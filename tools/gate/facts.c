/* SPDX-License-Identifier: MIT */
#include "tools/gate/facts.h"

#include <fcntl.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/plan.h"

static int digest_file(int dirfd, const char *name, char **ret) {
        char digest[DIGEST_LENGTH + 1];
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = digest_fd(fd, digest);
        if (r < 0)
                return r;
        free(*ret);
        *ret = strdup(digest);
        return *ret ? 0 : -ENOMEM;
}

static int add(Digest *d, const char *s) {
        return digest_add(d, s, strlen(s) + 1);
}

/* Of all sessions: course, session and version, each ended by a NUL, in the order of the plan. */
static int digest_data(const Plan *p, char **ret) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char digest[DIGEST_LENGTH + 1];
        int r;

        r = digest_new(&d);
        for (size_t i = 0; i < p->n_courses; i++)
                for (size_t k = 0; r >= 0 && k < p->courses[i].n_sessions; k++) {
                        const PlanSession *s = &p->courses[i].sessions[k];

                        r = add(d, p->courses[i].name);
                        if (r >= 0)
                                r = add(d, s->name);
                        if (r >= 0)
                                r = add(d, s->version);
                }
        if (r >= 0)
                r = digest_finish(d, digest);
        if (r < 0)
                return r;
        free(*ret);
        *ret = strdup(digest);
        return *ret ? 0 : -ENOMEM;
}

int facts_gather(int dirfd, int plan_dirfd, const char *controller, Receipt *ret) {
        _cleanup_receipt_ Receipt receipt = {};
        _cleanup_free_ char *text = NULL;
        _cleanup_plan_ Plan plan = {};
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, RECEIPT_FACTS_FILE, RECEIPT_SIZE_MAX, &text, &size);
        if (r >= 0)
                r = receipt_parse(text, size, &receipt, /* reterr= */ NULL);
        if (r >= 0 && plan_dirfd >= 0) {
                r = plan_read_at(plan_dirfd, &plan, /* reterr= */ NULL);
                if (r >= 0)
                        r = digest_file(plan_dirfd, PLAN_FILE, &receipt.plan);
                if (r >= 0)
                        r = digest_data(&plan, &receipt.data);
        }
        if (r >= 0 && controller)
                r = digest_file(AT_FDCWD, controller, &receipt.controller);
        if (r < 0)
                return r;
        *ret = receipt;
        receipt = (Receipt){};
        return 0;
}

int facts_remove(int dirfd) {
        return unlinkat(dirfd, RECEIPT_FACTS_FILE, 0) < 0 && errno != ENOENT ? negative_errno() : 0;
}
