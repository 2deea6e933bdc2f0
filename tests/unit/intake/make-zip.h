/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes zips byte by byte, for unit tests: with names, flags and kinds that no packer would write. Entries are stored,
 * not deflated. Include after cmocka.h.
 */

#include <sys/stat.h>
#include <zlib.h>

#include "spool/base/macro.h"
#include "tests/unit/scratch.h"

typedef struct ZipMember {
        const char *name;
        size_t name_size; /* 0: strlen(name) */
        const char *content;
        size_t content_size; /* 0: strlen(content) */
        mode_t mode; /* 0: a plain file, as a packer on Windows writes it */
        unsigned flags;
        unsigned method; /* 0: stored */
        bool wrong_crc;
} ZipMember;

typedef struct ZipBuffer {
        unsigned char *data;
        size_t size, allocated;
} ZipBuffer;

static inline void zip_put(ZipBuffer *b, const void *data, size_t size) {
        if (b->size + size + 1 > b->allocated) {
                b->allocated = 2 * (b->size + size + 1);
                b->data = realloc(b->data, b->allocated);
                assert_non_null(b->data);
        }
        memcpy(b->data + b->size, data, size);
        b->size += size;
}

static inline void zip_put16(ZipBuffer *b, size_t v) {
        zip_put(b, (unsigned char[]){ v & 255, (v >> 8) & 255 }, 2);
}

static inline void zip_put32(ZipBuffer *b, size_t v) {
        zip_put16(b, v & 65535);
        zip_put16(b, v >> 16);
}

/* What the local header and the central one have in common, from "version needed" to the length of the extra field. */
static inline void zip_put_common(ZipBuffer *b, const ZipMember *m, size_t name_size, size_t size) {
        size_t crc = crc32(0, (const unsigned char *) m->content, (unsigned) size);

        zip_put16(b, 20);
        zip_put16(b, m->flags);
        zip_put16(b, m->method);
        zip_put32(b, 0x00210000); /* 1980-01-01 */
        zip_put32(b, m->wrong_crc ? crc ^ 1 : crc);
        zip_put32(b, size);
        zip_put32(b, size);
        zip_put16(b, name_size);
        zip_put16(b, 0);
}

static inline void zip_write(const Scratch *s, const char *file, const ZipMember *members, size_t n) {
        ZipBuffer zip = {}, directory = {};
        size_t start;

        for (size_t i = 0; i < n; i++) {
                const ZipMember *m = &members[i];
                size_t name_size = m->name_size > 0 ? m->name_size : strlen(m->name), 
                       size = m->content_size > 0 ? m->content_size : strlen(m->content);

                start = zip.size;
                zip_put32(&zip, 0x04034b50);
                zip_put_common(&zip, m, name_size, size);
                zip_put(&zip, m->name, name_size);
                zip_put(&zip, m->content, size);

                zip_put32(&directory, 0x02014b50);
                zip_put16(&directory, m->mode ? 0x0314 : 0x0014); /* made on Unix, or on MS-DOS */
                zip_put_common(&directory, m, name_size, size);
                zip_put16(&directory, 0);
                zip_put16(&directory, 0);
                zip_put16(&directory, 0);
                zip_put32(&directory, (size_t) m->mode << 16);
                zip_put32(&directory, start);
                zip_put(&directory, m->name, name_size);
        }
        start = zip.size;
        if (directory.size > 0)
                zip_put(&zip, directory.data, directory.size);
        zip_put32(&zip, 0x06054b50);
        zip_put32(&zip, 0);
        zip_put16(&zip, n);
        zip_put16(&zip, n);
        zip_put32(&zip, directory.size);
        zip_put32(&zip, start);
        zip_put16(&zip, 0);
        scratch_write_bytes(s, file, zip.data, zip.size);
        free(zip.data);
        free(directory.data);
}
