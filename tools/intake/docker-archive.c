/* SPDX-License-Identifier: MIT */
#include "tools/intake/docker-archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tools/intake/path.h"

#define MEMBER_NAME_MAX 512u
#define MEMBER_DEPTH_MAX 8u

typedef enum MemberKind { MEMBER_FILE, MEMBER_DIRECTORY, MEMBER_LINK } MemberKind;

typedef struct Member {
        char *name;
        MemberKind kind;
        char *target;      /* of a link: the member that it points to */
        bool is_config;    /* its content is JSON and has the digest that its name says */
        DockerImage image; /* what that JSON says */
} Member;

typedef struct Scan {
        struct archive *archive;
        const char *file;
        Fault *f;
        uint64_t file_size;
        uint64_t total; /* bytes of all members so far */
        Member *members;
        size_t n;
        char *manifest; /* the text of manifest.json */
        size_t manifest_size;
} Scan;

static void scan_done(Scan *s) {
        for (size_t i = 0; i < s->n; i++) {
                free(s->members[i].name);
                free(s->members[i].target);
        }
        free(s->members);
        free(s->manifest);
        archive_read_free(s->archive);
}

#define refuse(scan, ...) fault_set((scan)->f, FAULT_IMAGE, (scan)->file, 0, __VA_ARGS__)

/* libarchive's failure as ours: trouble of the machine is passed on, everything else is a damaged archive. */
static int refuse_read(const Scan *s) {
        int e = archive_errno(s->archive);

        if (e == ENOMEM || e == EIO || e == EINTR)
                return -e;
        if (s->n == 0)
                return refuse(s, "this is not a tar archive made by 'docker save'");
        return refuse(s, "the archive is damaged or cut off");
}

static int refuse_member(const Scan *s, const char *name, const char *what) {
        _cleanup_free_ char *quoted = name_escape(name, strlen(name), 128);

        if (!quoted)
                return -ENOMEM;
        return refuse(s, "its member '%s' %s", quoted, what);
}

static int read_content(Scan *s, struct archive_entry *e, char **ret, size_t *ret_size) {
        size_t size = (size_t) archive_entry_size(e), done = 0;
        _cleanup_free_ char *data = malloc(size + 1);

        if (!data)
                return -ENOMEM;
        while (done < size) {
                la_ssize_t n = archive_read_data(s->archive, data + done, size - done);

                if (n < 0)
                        return refuse_read(s);
                if (n == 0)
                        return refuse(s, "the archive is cut off");
                done += (size_t) n;
        }
        data[size] = '\0';
        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

/* The digest that the name of a configuration states, or NULL: <64 hex>.json or blobs/sha256/<64 hex>. */
static const char *stated_digest(const char *name, char buffer[static DIGEST_LENGTH + 1]) {
        const char *blob = startswith(name, "blobs/sha256/"), *end = endswith(name, ".json");

        if (blob && digest_is_valid(blob))
                strcpy(buffer, blob);
        else if (end && end - name == (ptrdiff_t) DIGEST_LENGTH) {
                memcpy(buffer, name, DIGEST_LENGTH);
                buffer[DIGEST_LENGTH] = '\0';
        } else
                return NULL;
        return digest_is_valid(buffer) ? buffer : NULL;
}

/* Looks whether data is an image's configuration; if not, that is no error, for it may be a layer. */
static int judge_config(Member *m, const char *digest, const char *data, size_t size) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_json_ json_t *config = NULL;
        const char *architecture;
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, data, size);
        if (r >= 0)
                r = digest_finish(d, m->image.id);
        if (r < 0)
                return r;
        if (!streq(digest, m->image.id))
                return 0;
        config = json_loadb(data, size, 0, /* error= */ NULL);
        if (!json_is_object(config))
                return 0;
        architecture = json_string_value(json_object_get(config, "architecture"));
        if (architecture && strlen(architecture) <= DOCKER_ARCHIVE_WORD_MAX && name_is_valid(architecture))
                strcpy(m->image.architecture, architecture);
        m->image.layers = json_array_size(json_object_get(json_object_get(config, "rootfs"), "diff_ids"));
        m->is_config = true;
        return 0;
}

static int take_file(Scan *s, struct archive_entry *e, Member *m) {
        char buffer[DIGEST_LENGTH + 1];
        const char *digest = stated_digest(m->name, buffer);
        uint64_t size = (uint64_t) archive_entry_size(e);
        _cleanup_free_ char *data = NULL;
        int r;

        if (archive_entry_size(e) < 0 || __builtin_add_overflow(s->total, size, &s->total) ||
            s->total > LIMIT_IMAGE_BYTES)
                return fault_set(s->f, FAULT_TOO_BIG, s->file, 0, "the image is larger than %u GiB",
                                 (unsigned) (LIMIT_IMAGE_BYTES / LIMIT_GIB));
        /* A member that is skipped by seeking is not missed when it is cut off. */
        if (archive_filter_code(s->archive, 0) == ARCHIVE_FILTER_NONE && archive_entry_sparse_count(e) == 0 &&
            (uint64_t) archive_filter_bytes(s->archive, 0) + size > s->file_size)
                return refuse(s, "the archive is cut off within its member '%s'", m->name);
        if (streq(m->name, "manifest.json")) {
                if (size > LIMIT_IMAGE_MANIFEST_BYTES)
                        return refuse(s, "its manifest.json is too long");
                if (s->manifest)
                        return refuse_member(s, m->name, "is there twice");
                return read_content(s, e, &s->manifest, &s->manifest_size);
        }
        if (!digest || size > LIMIT_IMAGE_MANIFEST_BYTES)
                return 0;
        r = read_content(s, e, &data, &(size_t){ 0 });
        if (r < 0)
                return r;
        return judge_config(m, digest, data, size);
}

/*
 * The member that a link points to, where that lies within the archive: ../<id>/layer.tar from <id>/layer.tar.
 * Return: a fresh string, or NULL.
 */
static char *link_target(const char *name, const char *target) {
        _cleanup_free_ char *directory = strdup(name);
        char *slash, *path;

        if (!directory)
                return NULL;
        slash = strrchr(directory, '/');
        *(slash ? slash : directory) = '\0';
        for (; startswith(target, "../"); target += 3) {
                if (directory[0] == '\0')
                        return NULL;
                slash = strrchr(directory, '/');
                *(slash ? slash : directory) = '\0';
        }
        if (asprintf(&path, "%s%s%s", directory, directory[0] ? "/" : "", target) < 0)
                return NULL;
        if (path_wrong(path, MEMBER_DEPTH_MAX)) {
                free(path);
                return NULL;
        }
        return path;
}

static int take_member(Scan *s, struct archive_entry *e) {
        const char *raw = archive_entry_pathname(e);
        _cleanup_free_ char *copy = NULL;
        Member *bigger, *m;
        char *name;

        if (!raw)
                return refuse(s, "it has a member without a name that can be read");
        copy = strdup(raw);
        if (!copy)
                return -ENOMEM;
        name = path_trim(copy);
        if (name[0] == '\0' || streq(name, "."))
                return 0;
        if (strlen(name) > MEMBER_NAME_MAX || path_wrong(name, MEMBER_DEPTH_MAX))
                return refuse_member(s, name, "has a name that docker would not write");
        if (s->n >= LIMIT_IMAGE_MEMBERS)
                return refuse(s, "it has more than %u members", LIMIT_IMAGE_MEMBERS);
        bigger = reallocarray(s->members, s->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        s->members = bigger;
        m = &s->members[s->n];
        *m = (Member){ .name = strdup(name) };
        if (!m->name)
                return -ENOMEM;
        s->n++;

        if (archive_entry_hardlink(e))
                return refuse_member(s, name, "is a hard link, which docker would not write");
        switch (archive_entry_filetype(e)) {
        case AE_IFREG:
                m->kind = MEMBER_FILE;
                return take_file(s, e, m);
        case AE_IFDIR:
                m->kind = MEMBER_DIRECTORY;
                return 0;
        case AE_IFLNK:
                m->kind = MEMBER_LINK;
                m->target = link_target(name, strempty(archive_entry_symlink(e)));
                return m->target ? 0 : refuse_member(s, name, "is a link that leads out of the archive");
        default:
                return refuse_member(s, name, "is neither a file nor a directory");
        }
}

static int compare_members(const void *a, const void *b) {
        return strcmp(((const Member *) a)->name, ((const Member *) b)->name);
}

static const Member *find_member(const Scan *s, const char *name) {
        return bsearch(&(Member){ .name = (char *) (uintptr_t) name }, s->members, s->n, sizeof(*s->members),
                       compare_members);
}

static int check_members(const Scan *s) {
        for (size_t i = 0; i < s->n; i++) {
                const Member *m = &s->members[i], *target;

                if (i > 0 && streq(s->members[i - 1].name, m->name) &&
                    !(m->kind == MEMBER_DIRECTORY && s->members[i - 1].kind == MEMBER_DIRECTORY))
                        return refuse_member(s, m->name, "is there twice");
                if (m->kind != MEMBER_LINK)
                        continue;
                target = find_member(s, m->target);
                if (!target || target->kind != MEMBER_FILE)
                        return refuse_member(s, m->name, "is a link to something that is not in the archive");
        }
        return 0;
}

static int check_layers(const Scan *s, const json_t *layers, size_t expected) {
        const json_t *layer;
        size_t i;

        if (json_array_size(layers) == 0)
                return refuse(s, "the image has no layers");
        if (json_array_size(layers) > LIMIT_IMAGE_LAYERS)
                return refuse(s, "the image has more than %u layers", LIMIT_IMAGE_LAYERS);
        json_array_foreach (layers, i, layer) {
                const char *name = json_string_value(layer);
                const Member *m = name ? find_member(s, name) : NULL;

                if (!name)
                        return refuse(s, "its manifest.json names a layer that is not a string");
                if (!m || m->kind == MEMBER_DIRECTORY)
                        return refuse_member(s, name, "is named as a layer but is not in the archive");
        }
        if (expected != json_array_size(layers))
                return refuse(s, "its manifest.json and its configuration differ in the number of layers, %zu and %zu",
                              json_array_size(layers), expected);
        return 0;
}

static int check_manifest(const Scan *s, DockerImage *ret) {
        _cleanup_json_ json_t *manifest = NULL;
        char digest[DIGEST_LENGTH + 1];
        const json_t *image, *tags;
        const char *config;
        const Member *m;
        int r;

        if (!s->manifest)
                return refuse(s, "there is no manifest.json in it: it was not made by 'docker save'");
        manifest = json_loadb(s->manifest, s->manifest_size, JSON_REJECT_DUPLICATES, /* error= */ NULL);
        if (!json_is_array(manifest))
                return refuse(s, "its manifest.json is not a JSON list");
        if (json_array_size(manifest) != 1)
                return refuse(s, "it holds %zu images; a job has exactly one", json_array_size(manifest));
        image = json_array_get(manifest, 0);
        config = json_string_value(json_object_get(image, "Config"));
        tags = json_object_get(image, "RepoTags");
        if (!config || !json_is_array(json_object_get(image, "Layers")) ||
            (tags && !json_is_array(tags) && !json_is_null(tags)))
                return refuse(s, "its manifest.json lacks 'Config' or 'Layers', or has a key of the wrong type");
        if (!stated_digest(config, digest))
                return refuse(s, "its manifest.json names a configuration in a way that docker does not");
        m = find_member(s, config);
        if (!m)
                return refuse(s, "the configuration that its manifest.json names is not in the archive");
        if (!m->is_config)
                return refuse(
                        s, "the image's configuration does not have the digest that its name states, or is not JSON");
        r = check_layers(s, json_object_get(image, "Layers"), m->image.layers);
        if (r < 0)
                return r;
        *ret = m->image;
        return 0;
}

int docker_archive_check(int fd, const char *file, DockerImage *ret, Fault *f) {
        _cleanup_(scan_done) Scan s = { .file = file, .f = f };
        struct archive_entry *e;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        s.file_size = (uint64_t) st.st_size;
        if (s.file_size == 0)
                return refuse(&s, "the file is empty");
        s.archive = archive_read_new();
        if (!s.archive)
                return -ENOMEM;
        archive_read_support_filter_gzip(s.archive);
        archive_read_support_filter_xz(s.archive);
        archive_read_support_filter_zstd(s.archive);
        archive_read_support_format_tar(s.archive);
        if (archive_read_open_fd(s.archive, fd, 256 * LIMIT_KIB) != ARCHIVE_OK)
                return refuse_read(&s);
        while ((r = archive_read_next_header(s.archive, &e)) != ARCHIVE_EOF) {
                if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
                        return refuse_read(&s);
                r = take_member(&s, e);
                if (r < 0)
                        return r;
        }
        if (s.n > 1)
                qsort(s.members, s.n, sizeof(*s.members), compare_members);
        r = check_members(&s);
        if (r < 0)
                return r;
        return check_manifest(&s, ret);
}

bool docker_architecture_fits(const char *architecture, const char *machine) {
        static const struct {
                const char *machine;
                const char *architectures[2];
        } table[] = {
                { "x86_64", { "amd64", "386" } },
                { "aarch64", { "arm64", "arm" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(table[i].machine, machine))
                        return architecture[0] == '\0' || streq(table[i].architectures[0], architecture) ||
                               streq(table[i].architectures[1], architecture);
        return true;
}
