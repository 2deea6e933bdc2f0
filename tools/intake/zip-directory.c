/* SPDX-License-Identifier: MIT */
#include "tools/intake/zip-directory.h"

#include <endian.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "spool/limits.h"

/* Sizes and signatures of APPNOTE.TXT 4.3. */
#define END_SIGNATURE 0x06054b50u
#define END_SIZE 22u
#define END_COMMENT_MAX 65535u
#define LOCATOR_SIGNATURE 0x07064b50u
#define LOCATOR_SIZE 20u
#define END64_SIGNATURE 0x06064b50u
#define END64_SIZE 56u
#define HEADER_SIGNATURE 0x02014b50u
#define HEADER_SIZE 46u
#define LOCAL_SIGNATURE 0x04034b50u
#define FLAG_ENCRYPTED 1u
#define MADE_ON_UNIX 3u

typedef struct Directory {
        uint64_t offset;
        uint64_t size;
        uint64_t entries;
} Directory;

static uint16_t get16(const unsigned char *p) {
        uint16_t v;

        memcpy(&v, p, sizeof(v));
        return le16toh(v);
}

static uint32_t get32(const unsigned char *p) {
        uint32_t v;

        memcpy(&v, p, sizeof(v));
        return le32toh(v);
}

static uint64_t get64(const unsigned char *p) {
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        return le64toh(v);
}

/* Return: 0; -ENODATA where the file ends before; or another negative errno. */
static int read_at(int fd, uint64_t offset, void *data, size_t size) {
        for (size_t done = 0; done < size;) {
                ssize_t n = pread(fd, (char *) data + done, size - done, (off_t) (offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? negative_errno() : -ENODATA;
                done += (size_t) n;
        }
        return 0;
}

static int refuse_incomplete(int fd, const char *label, Fault *f) {
        unsigned char head[4];
        int r;

        r = read_at(fd, 0, head, sizeof(head));
        if (r == -ENODATA || (r >= 0 && get32(head) != LOCAL_SIGNATURE))
                return fault_set(f, FAULT_ZIP, label, 0, "this is not a zip file");
        if (r < 0)
                return r;
        return fault_set(f, FAULT_ZIP, label, 0, "the zip is incomplete: the table of contents at its end is missing");
}

/* Finds the end record, which is the last thing in the file but for a comment. Return: 0, -ENODATA (none) or a negative
 * errno. */
static int find_end(int fd, uint64_t size, uint64_t *ret_offset, unsigned char ret[static END_SIZE]) {
        _cleanup_free_ unsigned char *tail = NULL;
        size_t n = size < END_SIZE + END_COMMENT_MAX ? (size_t) size : END_SIZE + END_COMMENT_MAX;
        int r;

        if (n < END_SIZE)
                return -ENODATA;
        tail = malloc(n);
        if (!tail)
                return -ENOMEM;
        r = read_at(fd, size - n, tail, n);
        if (r < 0)
                return r;
        for (size_t i = n - END_SIZE + 1; i-- > 0;)
                if (get32(tail + i) == END_SIGNATURE && i + END_SIZE + get16(tail + i + 20) == n) {
                        memcpy(ret, tail + i, END_SIZE);
                        *ret_offset = size - n + i;
                        return 0;
                }
        return -ENODATA;
}

/* The zip64 end record stands before its locator, which stands before the end record at offset. Return: 0 or -ENODATA
 * or a negative errno. */
static int find_end64(int fd, uint64_t offset, Directory *ret) {
        unsigned char locator[LOCATOR_SIZE], end[END64_SIZE];
        uint64_t end_offset;
        int r;

        if (offset < LOCATOR_SIZE + END64_SIZE)
                return -ENODATA;
        r = read_at(fd, offset - LOCATOR_SIZE, locator, sizeof(locator));
        if (r < 0)
                return r;
        end_offset = get64(locator + 8);
        if (get32(locator) != LOCATOR_SIGNATURE || end_offset > offset - LOCATOR_SIZE - END64_SIZE)
                return -ENODATA;
        r = read_at(fd, end_offset, end, sizeof(end));
        if (r < 0)
                return r;
        if (get32(end) != END64_SIGNATURE || get64(end + 40) > end_offset)
                return -ENODATA;
        *ret = (Directory){ .entries = get64(end + 32),
                            .size = get64(end + 40),
                            .offset = end_offset - get64(end + 40) };
        return 0;
}

/* Whether a header tells of a file, a directory or a symbolic link, which is refused later, by name. */
static bool is_plain_kind(const unsigned char *header) {
        uint32_t mode = get32(header + 38) >> 16;

        if (header[5] != MADE_ON_UNIX || (mode & S_IFMT) == 0)
                return true;
        return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

static int check_headers(const unsigned char *p, size_t size, uint64_t entries, const char *label, Fault *f) {
        for (uint64_t i = 0; i < entries; i++) {
                size_t name, total;

                if (size < HEADER_SIZE || get32(p) != HEADER_SIGNATURE)
                        return fault_set(f, FAULT_ZIP, label, 0,
                                         "the zip is damaged: its table of contents breaks off");
                name = get16(p + 28);
                total = HEADER_SIZE + name + get16(p + 30) + get16(p + 32);
                if (size < total)
                        return fault_set(f, FAULT_ZIP, label, 0,
                                         "the zip is damaged: its table of contents breaks off");
                if (get16(p + 8) & FLAG_ENCRYPTED)
                        return fault_set(f, FAULT_ZIP, label, 0,
                                         "entry %" PRIu64 " is encrypted; make the zip without a password", i + 1);
                if (name == 0)
                        return fault_set(f, FAULT_ZIP, label, 0, "entry %" PRIu64 " has no name", i + 1);
                if (memchr(p + HEADER_SIZE, '\0', name))
                        return fault_set(f, FAULT_ZIP, label, 0, "the name of entry %" PRIu64 " holds a NUL byte",
                                         i + 1);
                if (!is_plain_kind(p))
                        return fault_set(f, FAULT_ZIP, label, 0, "entry %" PRIu64 " is neither a file nor a folder",
                                         i + 1);
                p += total;
                size -= total;
        }
        return size == 0 ? 0
                         : fault_set(f, FAULT_ZIP, label, 0,
                                     "the zip is damaged: its table of contents is longer than it says");
}

int zip_directory_check(int fd, uint64_t size, const char *label, Fault *f) {
        _cleanup_free_ unsigned char *headers = NULL;
        unsigned char end[END_SIZE];
        uint64_t end_offset;
        Directory d;
        int r;

        r = find_end(fd, size, &end_offset, end);
        if (r == -ENODATA)
                return refuse_incomplete(fd, label, f);
        if (r < 0)
                return r;
        d = (Directory){ .entries = get16(end + 10), .size = get32(end + 12) };
        if (d.entries == UINT16_MAX || d.size == UINT32_MAX || get32(end + 16) == UINT32_MAX)
                r = find_end64(fd, end_offset, &d);
        else if (d.size > end_offset)
                r = -ENODATA;
        else
                d.offset = end_offset - d.size;
        if (r == -ENODATA)
                return fault_set(f, FAULT_ZIP, label, 0,
                                 "the zip is damaged: it does not say where its table of contents is");
        if (r < 0)
                return r;
        if (d.entries == 0)
                return fault_set(f, FAULT_ZIP, label, 0, "the zip is empty");
        if (d.entries > LIMIT_ZIP_ENTRIES || d.size > LIMIT_ZIP_DIRECTORY_BYTES)
                return fault_set(f, FAULT_TOO_BIG, label, 0, "the zip has more than %u entries", LIMIT_ZIP_ENTRIES);
        headers = malloc(d.size > 0 ? d.size : 1);
        if (!headers)
                return -ENOMEM;
        r = read_at(fd, d.offset, headers, d.size);
        if (r < 0)
                return r == -ENODATA ? -EIO : r;
        return check_headers(headers, d.size, d.entries, label, f);
}
