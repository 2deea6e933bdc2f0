/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <stdarg.h>
#include <zlib.h>

#include "spool/base/fd.h"
#include "tools/synth/outfile.h"

#define BUFFER_SIZE (256u * 1024)
#define PACKED_SIZE (64u * 1024)
/* The fastest level: a log is so repetitive that it shrinks twelvefold all the same. */
#define GZIP_LEVEL 1
/* 15 bits of window, and 16 for "with a gzip header". */
#define GZIP_WINDOW_BITS (15 + 16)
#define PRINTF_MAX 4096u

struct Outfile {
        int fd;
        int error;
        OutfileKind kind;
        bool deflating;
        uint64_t size;
        size_t used;
        z_stream z;
        char buffer[BUFFER_SIZE];
        unsigned char packed[PACKED_SIZE];
};

Outfile *outfile_free(Outfile *o) {
        if (!o)
                return NULL;
        if (o->deflating)
                (void) deflateEnd(&o->z);
        (void) fd_close(o->fd);
        free(o);
        return NULL;
}

int outfile_open(int dirfd, const char *name, OutfileKind kind, Outfile **ret) {
        _cleanup_(outfile_freep) Outfile *o = malloc(sizeof(*o));

        if (!o)
                return -ENOMEM;
        o->fd = -EBADF;
        o->error = 0;
        o->kind = kind;
        o->deflating = false;
        o->size = o->used = 0;
        o->z = (z_stream) {};
        if (kind == OUTFILE_GZIP) {
                if (deflateInit2(&o->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
                        return -ENOMEM;
                o->deflating = true;
        }
        o->fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (o->fd < 0)
                return negative_errno();
        if (fchmod(o->fd, 0644) < 0)
                return negative_errno();
        *ret = TAKE_PTR(o);
        return 0;
}

static void flush_gzip(Outfile *o, int flush) {
        int r;

        o->z.next_in = (unsigned char *) o->buffer;
        o->z.avail_in = (unsigned) o->used;
        do {
                o->z.next_out = o->packed;
                o->z.avail_out = PACKED_SIZE;
                r = deflate(&o->z, flush);
                if (r == Z_STREAM_ERROR)
                        o->error = -EIO;
                else
                        o->error = fd_write_all(o->fd, o->packed, PACKED_SIZE - o->z.avail_out);
        } while (o->error == 0 && o->z.avail_out == 0);
}

static void flush_buffer(Outfile *o, int flush) {
        if (o->error == 0) {
                if (o->kind == OUTFILE_GZIP)
                        flush_gzip(o, flush);
                else
                        o->error = fd_write_all(o->fd, o->buffer, o->used);
        }
        o->size += o->used;
        o->used = 0;
}

int outfile_close(Outfile *o) {
        int r;

        flush_buffer(o, Z_FINISH);
        r = o->error;
        if (close(o->fd) < 0 && r == 0)
                r = negative_errno();
        o->fd = -EBADF;
        (void) outfile_free(o);
        return r;
}

char *outfile_reserve(Outfile *o, size_t size) {
        if (BUFFER_SIZE - o->used < size)
                flush_buffer(o, Z_NO_FLUSH);
        return o->buffer + o->used;
}

void outfile_commit(Outfile *o, size_t size) {
        o->used += size;
}

const char *outfile_last(const Outfile *o, size_t size) {
        return o->buffer + o->used - size;
}

void outfile_write(Outfile *o, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                size_t n = BUFFER_SIZE - o->used;

                if (n == 0) {
                        flush_buffer(o, Z_NO_FLUSH);
                        continue;
                }
                n = n < size ? n : size;
                memcpy(o->buffer + o->used, p, n);
                o->used += n;
                p += n;
                size -= n;
        }
}

void outfile_puts(Outfile *o, const char *s) {
        outfile_write(o, s, strlen(s));
}

void outfile_printf(Outfile *o, const char *format, ...) {
        char text[PRINTF_MAX];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= sizeof(text))
                o->error = o->error ?: -EOVERFLOW;
        else
                outfile_write(o, text, (size_t) n);
}

uint64_t outfile_size(const Outfile *o) {
        return o->size + o->used;
}
