/* SPDX-License-Identifier: MIT */
#include "tools/capture/output.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>

#include "spool/base/fd.h"

int output_open(const char *path, uint64_t max, Output *ret) {
        _cleanup_(output_done) Output o = OUTPUT_INIT;
        struct stat st;

        if (max < OUTPUT_MAX_MIN || max > OUTPUT_MAX_MAX)
                return -EINVAL;
        /* O_NONBLOCK: a FIFO in its place must not hang us; nothing is truncated before it is known to be a file. */
        o.fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        if (o.fd < 0)
                return negative_errno();
        if (fstat(o.fd, &st) < 0)
                return negative_errno();
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        if (fchmod(o.fd, 0600) < 0 || ftruncate(o.fd, 0) < 0)
                return negative_errno();
        o.head_left = max / 2;
        o.ring_size = (size_t) (max - o.head_left);
        o.ring = malloc(o.ring_size);
        if (!o.ring)
                return -ENOMEM;
        *ret = o;
        o = OUTPUT_INIT;
        return 0;
}

void output_done(Output *o) {
        o->fd = fd_close(o->fd);
        free(o->ring);
        o->ring = NULL;
}

static void write_file(Output *o, const char *data, size_t size) {
        if (o->error == 0)
                o->error = fd_write_all(o->fd, data, size);
}

/* Keeps the last ring_size bytes of all that was put in. */
static void ring_add(Output *o, const char *data, size_t size) {
        size_t pushed_out = o->ring_used + size > o->ring_size ? o->ring_used + size - o->ring_size : 0;
        size_t first;

        o->left_out += pushed_out;
        if (size > o->ring_size) {
                data += size - o->ring_size;
                size = o->ring_size;
        }
        first = o->ring_size - o->ring_at < size ? o->ring_size - o->ring_at : size;
        memcpy(o->ring + o->ring_at, data, first);
        memcpy(o->ring, data + first, size - first);
        o->ring_at = (o->ring_at + size) % o->ring_size;
        o->ring_used = o->ring_used + size > o->ring_size ? o->ring_size : o->ring_used + size;
}

void output_add(Output *o, const char *data, size_t size) {
        size_t head = size < o->head_left ? size : (size_t) o->head_left;

        /* Whoever does not listen any more is no trouble of the command's. */
        if (o->copy && fd_write_all(STDOUT_FILENO, data, size) < 0)
                o->copy = false;
        if (head > 0)
                write_file(o, data, head);
        o->head_left -= head;
        if (size > head)
                ring_add(o, data + head, size - head);
}

int output_finish(Output *o) {
        size_t start = (o->ring_at + o->ring_size - o->ring_used) % o->ring_size;
        size_t first = o->ring_size - start < o->ring_used ? o->ring_size - start : o->ring_used;
        char line[64];

        if (o->left_out > 0) {
                int n = snprintf(line, sizeof(line), "\n... %" PRIu64 " bytes left out ...\n", o->left_out);

                write_file(o, line, (size_t) n);
        }
        write_file(o, o->ring + start, first);
        write_file(o, o->ring, o->ring_used - first);
        o->ring_used = 0;
        if (o->error == 0 && fsync(o->fd) < 0)
                o->error = negative_errno();
        return o->error;
}
