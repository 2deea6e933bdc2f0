/* SPDX-License-Identifier: MIT */
#include "tools/capture/engine.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/socket-get.h"
#include "spool/base/time.h"

/* An engine that is busy answers this question at once; one that takes longer hangs. */
#define ANSWER_USEC (10 * USEC_PER_SEC)
/* When told to end there are five seconds in all, see the unit's TimeoutStopSec. */
#define ANSWER_SOON_USEC (3 * USEC_PER_SEC)

static bool answers(const CaptureEngine *e, uint64_t timeout_usec) {
        int r = socket_get(e->socket, "/_ping", timeout_usec, /* ret_body= */ NULL);

        if (r == 200)
                return true;
        if (r < 0)
                log_warning_errno(r, "the container engine does not answer");
        else
                log_warning("the container engine answers with status %d", r);
        return false;
}

/* What tells one run of the engine from the next: the number in its file, and when that was written. */
static void identify(const CaptureEngine *e, char ret[static CAPTURE_ENGINE_ID_MAX]) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;
        size_t size;

        ret[0] = '\0';
        fd = e->pid_file ? fd_open_regular_at(AT_FDCWD, e->pid_file, 32, &st) : -ENOENT;
        if (fd < 0 || fd_read_all(fd, 32, &text, &size) < 0)
                return;
        snprintf(ret, CAPTURE_ENGINE_ID_MAX, "%.16s/%" PRIu64 ".%09lu", text, (uint64_t) st.st_mtim.tv_sec, (unsigned long) st.st_mtim.tv_nsec);
}

static void remove_container(const CaptureEngine *e, const char *name, uint64_t timeout_usec) {
        char target[256];
        int r;

        snprintf(target, sizeof(target), "/containers/%.128s?force=1&v=1", name);
        r = socket_delete(e->socket, target, timeout_usec);
        if (r == 204)
                log_notice("removed the container %s, which was left over", name);
        else if (r != 404)
                log_warning_errno(r < 0 ? r : 0, "cannot remove the container %s, ignoring", name);
}

void capture_engine_clean(const CaptureEngine *e) {
        if (e->socket && e->container)
                remove_container(e, e->container, ANSWER_SOON_USEC);
}

bool capture_engine_begin(CaptureEngine *e) {
        if (!e->socket)
                return true;
        if (!answers(e, ANSWER_USEC))
                return false;
        identify(e, e->id);
        if (e->stale)
                remove_container(e, e->stale, ANSWER_USEC);
        return true;
}

bool capture_engine_is_same(const CaptureEngine *e) {
        char id[CAPTURE_ENGINE_ID_MAX];

        if (!e->socket)
                return true;
        if (!answers(e, ANSWER_USEC))
                return false;
        identify(e, id);
        if (streq(id, e->id))
                return true;
        log_warning("the container engine was started anew while the command ran");
        return false;
}

bool capture_engine_answers(const CaptureEngine *e) {
        return !e->socket || answers(e, ANSWER_SOON_USEC);
}
