/* SPDX-License-Identifier: MIT */
#include "tools/intake/job-zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "spool/base/name.h"
#include "spool/limits.h"
#include "tools/intake/context.h"
#include "tools/intake/path.h"
#include "tools/intake/zip-directory.h"

typedef struct Entry {
        char *path;
        bool directory;
} Entry;

typedef struct Zip {
        int fd;
        const char *label;
        Fault *f;
        struct archive *archive;
        struct archive_entry *e; /* the present one */
        char *path;              /* its path, judged, without a final '/' */
        Entry *entries;
        size_t n;
        char *top;  /* the folder that everything is in, or NULL */
        bool morf2; /* it has a client.config */
        char *settings;
        size_t settings_size;
} Zip;

static void zip_done(Zip *z) {
        archive_read_free(z->archive);
        for (size_t i = 0; i < z->n; i++)
                free(z->entries[i].path);
        free(z->entries);
        free(z->path);
        free(z->top);
        free(z->settings);
}

#define refuse(zip, ...) fault_set((zip)->f, FAULT_ZIP, (zip)->label, 0, __VA_ARGS__)

static int refuse_entry(const Zip *z, const char *path, const char *what) {
        _cleanup_free_ char *quoted = name_escape(path, strlen(path), 128);

        if (!quoted)
                return -ENOMEM;
        return refuse(z, "'%s' %s", quoted, what);
}

static int refuse_read(const Zip *z) {
        int e = archive_errno(z->archive);

        if (e == ENOMEM || e == EIO || e == EINTR)
                return -e;
        if (z->path)
                return refuse_entry(
                        z, z->path, "cannot be unpacked: the zip is damaged, or uses a compression other than deflate");
        return refuse(z, "the zip is damaged");
}

static int open_archive(Zip *z) {
        archive_read_free(z->archive);
        z->archive = archive_read_new();
        if (!z->archive)
                return -ENOMEM;
        if (lseek(z->fd, 0, SEEK_SET) < 0)
                return negative_errno();
        archive_read_support_format_zip_seekable(z->archive);
        if (archive_read_open_fd(z->archive, z->fd, 64 * LIMIT_KIB) != ARCHIVE_OK)
                return refuse_read(z);
        return 0;
}

/* Return: 1 with the next entry that is not junk in z->e and z->path; 0 at the end; or a negative errno. */
static int next_entry(Zip *z) {
        for (;;) {
                const char *raw, *wrong;
                size_t n;
                int r;

                free(TAKE_PTR(z->path));
                r = archive_read_next_header(z->archive, &z->e);
                if (r == ARCHIVE_EOF)
                        return 0;
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return refuse_read(z);
                raw = archive_entry_pathname(z->e);
                if (!raw)
                        return refuse(z, "it has an entry whose name is not valid UTF-8");
                z->path = strdup(raw);
                if (!z->path)
                        return -ENOMEM;
                n = strlen(z->path);
                if (n > 1 && z->path[n - 1] == '/')
                        z->path[n - 1] = '\0';
                wrong = path_wrong(z->path, LIMIT_DROP_DEPTH);
                if (wrong) {
                        _cleanup_free_ char *sentence = NULL;

                        if (asprintf(&sentence, "is not a name that is unpacked: it %s", wrong) < 0)
                                return -ENOMEM;
                        return refuse_entry(z, z->path, sentence);
                }
                if (!context_is_junk(z->path))
                        return 1;
        }
}

static int judge_entry(const Zip *z) {
        if (archive_entry_is_data_encrypted(z->e) || archive_entry_is_metadata_encrypted(z->e))
                return refuse_entry(z, z->path, "is encrypted; make the zip without a password");
        if (archive_entry_hardlink(z->e))
                return refuse_entry(z, z->path, "is a hard link; only files and folders are allowed");
        if (archive_entry_filetype(z->e) == AE_IFLNK)
                return refuse_entry(z, z->path, "is a symbolic link; only files and folders are allowed");
        if (archive_entry_filetype(z->e) != AE_IFREG && archive_entry_filetype(z->e) != AE_IFDIR)
                return refuse_entry(z, z->path, "is neither a file nor a folder");
        return 0;
}

static int compare_entries(const void *a, const void *b) {
        return strcmp(((const Entry *) a)->path, ((const Entry *) b)->path);
}

/* First pass: all names, so that the top folder is known and twins are found before anything is written. */
static int list_entries(Zip *z) {
        int r;

        while ((r = next_entry(z)) > 0) {
                Entry *bigger;

                r = judge_entry(z);
                if (r < 0)
                        return r;
                if (z->n >= LIMIT_ZIP_ENTRIES)
                        return refuse(z, "the zip has more than %u entries", LIMIT_ZIP_ENTRIES);
                bigger = reallocarray(z->entries, z->n + 1, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                z->entries = bigger;
                z->entries[z->n++] =
                        (Entry){ .path = TAKE_PTR(z->path), .directory = archive_entry_filetype(z->e) == AE_IFDIR };
        }
        if (r < 0)
                return r;
        if (z->n == 0)
                return refuse(z, "the zip is empty");
        qsort(z->entries, z->n, sizeof(*z->entries), compare_entries);
        for (size_t i = 1; i < z->n; i++)
                if (streq(z->entries[i - 1].path, z->entries[i].path))
                        return refuse_entry(z, z->entries[i].path, "is there twice");
        return 0;
}

/*
 * Names are cheap, the directories that they imply are not: counts the components that an entry does not share with the
 * one before it, which for sorted names is (nearly) the number of directories to make.
 */
static int check_directories(const Zip *z) {
        const char *before = "";
        size_t n = z->n;

        for (size_t i = 0; i < z->n; i++) {
                const char *path = z->entries[i].path;
                size_t shared = 0;

                while (before[shared] != '\0' && before[shared] == path[shared])
                        shared++;
                /* A directory that has an entry of its own is counted already. */
                shared += before[shared] == '\0' && path[shared] == '/';
                for (const char *p = path + shared; (p = strchr(p, '/')); p++)
                        n++;
                before = path;
        }
        if (n > LIMIT_DROP_ENTRIES)
                return fault_set(z->f, FAULT_TOO_BIG, z->label, 0, "there are more than %u files and directories",
                                 LIMIT_DROP_ENTRIES);
        return 0;
}

static bool has_file(const Zip *z, const char *path) {
        const Entry *e = bsearch(
                &(Entry){ .path = (char *) (uintptr_t) path }, z->entries, z->n, sizeof(*z->entries), compare_entries);

        return e && !e->directory;
}

/* Whether top, or the root where it is NULL, has a client.config or a Dockerfile. Return: 0, 1 or -ENOMEM. */
static int look(Zip *z, const char *top) {
        static const char *const names[] = { JOB_ZIP_CLIENT_CONFIG, "Dockerfile" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *path = NULL;

                if (asprintf(&path, "%s%s%s", strempty(top), top ? "/" : "", names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                if (has_file(z, path)) {
                        z->morf2 = i == 0;
                        return 1;
                }
        }
        return 0;
}

/* Where they are: at the root, or in the one folder that everything is in. */
static int find_top(Zip *z) {
        _cleanup_free_ char *top = NULL;
        size_t n;
        int r;

        r = look(z, NULL);
        if (r != 0)
                return r < 0 ? r : 0;
        n = strcspn(z->entries[0].path, "/");
        top = strndup(z->entries[0].path, n);
        if (!top)
                return -ENOMEM;
        for (size_t i = 0; i < z->n; i++) {
                const char *rest = startswith(z->entries[i].path, top);

                if (!rest || (rest[0] != '/' && !(rest[0] == '\0' && z->entries[i].directory)))
                        return refuse(
                                z, "there is no file 'Dockerfile' at its root, and not everything is in one folder");
        }
        r = look(z, top);
        if (r <= 0)
                return r < 0 ? r : refuse(z, "there is no file 'Dockerfile' at its root or in its one folder '%s'", top);
        z->top = TAKE_PTR(top);
        return 0;
}

static int read_settings(Zip *z) {
        _cleanup_free_ char *text = malloc(LIMIT_JOB_FILE_BYTES + 2);
        size_t size = 0;

        if (!text)
                return -ENOMEM;
        for (;;) {
                la_ssize_t n = archive_read_data(z->archive, text + size, LIMIT_JOB_FILE_BYTES + 1 - size);

                if (n < 0)
                        return refuse_read(z);
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > LIMIT_JOB_FILE_BYTES)
                        return refuse_entry(z, z->path, "is larger than a job file may be");
        }
        text[size] = '\0';
        free(z->settings);
        z->settings = TAKE_PTR(text);
        z->settings_size = size;
        return 0;
}

static int unpack_file(Zip *z, Context *c, const char *path) {
        const void *block;
        la_int64_t offset, expected = 0;
        size_t size;
        int r, a;

        r = context_begin_file(c, path, archive_entry_perm(z->e) & 0100);
        if (r < 0)
                return r;
        while ((a = archive_read_data_block(z->archive, &block, &size, &offset)) == ARCHIVE_OK) {
                if (offset != expected)
                        return refuse_read(z);
                r = context_write(c, block, size);
                if (r < 0)
                        return r;
                expected += (la_int64_t) size;
        }
        return a == ARCHIVE_EOF ? context_end_file(c) : refuse_read(z);
}

/* Second pass. */
static int unpack_entries(Zip *z, Context *c) {
        int r;

        while ((r = next_entry(z)) > 0) {
                const char *path = z->path;

                if (z->top) {
                        path += strlen(z->top);
                        if (path[0] == '\0')
                                continue;
                        path++;
                }
                if (!z->morf2 && streq(path, JOB_ZIP_SETTINGS) && archive_entry_filetype(z->e) == AE_IFREG)
                        r = read_settings(z);
                else if (archive_entry_filetype(z->e) == AE_IFDIR)
                        r = context_add_directory(c, path);
                else
                        r = unpack_file(z, c, path);
                if (r < 0)
                        return r;
        }
        return r;
}

static int unpack(Zip *z, uint64_t size, int out_fd, bool durable, char ret_digest[static DIGEST_LENGTH + 1]) {
        ContextSource source = {
                .code = FAULT_ZIP, .label = z->label, .packed_size = size, .durable = durable, .f = z->f
        };
        _cleanup_(context_freep) Context *c = NULL;
        int r;

        r = open_archive(z);
        if (r >= 0)
                r = list_entries(z);
        if (r >= 0)
                r = check_directories(z);
        if (r >= 0)
                r = find_top(z);
        source.unpacked = z->morf2;
        if (r >= 0)
                r = context_new(out_fd, &source, &c);
        if (r >= 0)
                r = open_archive(z);
        if (r >= 0)
                r = unpack_entries(z, c);
        return r < 0 ? r : context_finish(c, ret_digest);
}

int job_zip_unpack(int fd, uint64_t size, const char *label, int out_fd, bool durable, bool *ret_morf2,
        char ret_digest[static DIGEST_LENGTH + 1], char **ret_settings, size_t *ret_settings_size, Fault *f) {
        _cleanup_(zip_done) Zip z = { .fd = fd, .label = label, .f = f };
        locale_t utf8, before;
        int r;

        r = zip_directory_check(fd, size, label, f);
        if (r < 0)
                return r;
        /* libarchive turns names into the locale's character set, whatever that is at the moment. */
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
        if (!utf8)
                return negative_errno();
        before = uselocale(utf8);
        r = unpack(&z, size, out_fd, durable, ret_digest);
        uselocale(before);
        if (r >= 0) {
                *ret_morf2 = z.morf2;
                *ret_settings = TAKE_PTR(z.settings);
                *ret_settings_size = z.settings_size;
        }
        archive_read_free(TAKE_PTR(z.archive));
        freelocale(utf8);
        return r;
}
