/* SPDX-License-Identifier: MIT */
#include "tools/cli/lookout.h"

#include <poll.h>
#include <sys/inotify.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"

#define EVENTS                                                                                                         \
        (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF |        \
         IN_ATTRIB)

int lookout_open(Lookout *w) {
        w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->fd < 0) {
                int r = negative_errno();

                w->fd = -EBADF;
                return r;
        }
        return 0;
}

void lookout_close(Lookout *w) {
        w->fd = fd_close(w->fd);
}

void lookout_add(Lookout *w, int fd) {
        char path[64];

        if (w->fd < 0 || fd < 0)
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        (void) inotify_add_watch(w->fd, path, EVENTS);
}

int lookout_wait(Lookout *w, uint64_t timeout_usec) {
        struct pollfd p = { .fd = w->fd, .events = POLLIN };
        char events[4096];
        int n;

        n = poll(&p, 1, (int) (timeout_usec / USEC_PER_MSEC));
        if (n < 0)
                return negative_errno();
        while (n > 0 && read(w->fd, events, sizeof(events)) > 0)
                ;
        return 0;
}
