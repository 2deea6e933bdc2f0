/* SPDX-License-Identifier: MIT */
#include "tools/intake/attachment.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tools/intake/context.h"
#include "tools/intake/docker-archive.h"
#include "tools/intake/path.h"

/* The directory of the job file itself, where there is a Dockerfile. */
#define HERE "."

/* manifest.json holds no longer one. */
#define ATTACHMENT_PATH_MAX 512u

static int take_archive(const IntakeRequest *request, const Drop *drop, const JobAttachment *a, int parent,
        const char *last, Manifest *m, Fault *f) {
        _cleanup_fd_ int fd = -EBADF, directory = -EBADF;
        DockerImage image;
        int r;

        fd = fd_open_regular_at(parent, last, LIMIT_IMAGE_BYTES, /* ret_st= */ NULL);
        if (fd == -EBADMSG) {
                directory = fd_open_dir_at(parent, last);
                if (directory >= 0)
                        return fault_set(f, FAULT_ATTACHMENT, drop->label, a->line,
                                "'image' must name a docker save archive, but '%s' is a directory; "
                                "'dockerfile' is for those",
                                a->path);
        }
        if (fd < 0)
                return drop_refuse_open(FAULT_ATTACHMENT, a->path, "a file", LIMIT_IMAGE_BYTES, fd, f);
        r = docker_archive_check(fd, a->path, &image, f);
        if (r < 0)
                return r;
        /* Whoever uploaded it has no way to do that, and an accepted job must not lose its image to a power cut. */
        if (request->durable && fsync(fd) < 0)
                return negative_errno();
        if (request->machine && !docker_architecture_fits(image.architecture, request->machine)) {
                r = fault_set(f, FAULT_IMAGE, a->path, 0, "the image is made for %s processors, but this machine is %s",
                        image.architecture, request->machine);
                return fault_set_hint(f, "Build the image for this machine, as with 'docker build --platform'.") < 0
                               ? -ENOMEM
                               : r;
        }
        m->image.digest = strdup(image.id);
        return m->image.digest ? 0 : -ENOMEM;
}

static int take_directory(const IntakeRequest *request, const Drop *drop, const JobAttachment *a, int parent,
        const char *last, Manifest *m, Fault *f) {
        const ContextSource source = {
                .code = FAULT_ATTACHMENT, .label = streq(a->path, HERE) ? drop->label : a->path, .durable = request->durable, .f = f
        };
        _cleanup_(context_freep) Context *c = NULL;
        char digest[DIGEST_LENGTH + 1];
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = streq(a->path, HERE) ? fcntl(drop->fd, F_DUPFD_CLOEXEC, 3) : fd_open_dir_at(parent, last);
        if (fd == -1)
                return negative_errno();
        if (fd == -ENOTDIR)
                return fault_set(f, FAULT_ATTACHMENT, drop->label, a->line,
                        "'dockerfile' must name a directory that holds a Dockerfile, but '%s' is none", a->path);
        if (fd < 0)
                return drop_refuse_open(FAULT_ATTACHMENT, a->path, "a directory", 0, fd, f);
        r = context_new(request->out_fd, &source, &c);
        if (r >= 0)
                r = context_copy(c, fd);
        if (r >= 0)
                r = context_finish(c, digest);
        if (r < 0)
                return r;
        m->image.digest = strdup(digest);
        return m->image.digest ? 0 : -ENOMEM;
}

/* The Python script of a workflow: only what it is and how big is judged here; it is read where it runs, in a container. */
static int take_controller(const IntakeRequest *request, const JobAttachment *a, int parent, const char *last, Fault *f) {
        _cleanup_fd_ int fd = -EBADF;

        fd = fd_open_regular_at(parent, last, LIMIT_CONTROLLER_BYTES, /* ret_st= */ NULL);
        if (fd < 0)
                return drop_refuse_open(FAULT_ATTACHMENT, a->controller, "a file", LIMIT_CONTROLLER_BYTES, fd, f);
        return request->durable && fsync(fd) < 0 ? negative_errno() : 0;
}

/*
 * Looks for an attachment. ret_parent, ret_last: where it is.
 * Return: 1 found; 0 not there, but may come, and m->needs says so; -EBADMSG with *f set; another negative errno.
 */
static int find(const IntakeRequest *request, const Drop *drop, const char *path, unsigned line, Manifest *m, int *ret_parent,
        const char **ret_last, Fault *f) {
        int r;

        if (strlen(drop->prefix) + strlen(path) > ATTACHMENT_PATH_MAX)
                return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "the path of the attachment is too long");
        r = path_open_parent_at(drop->fd, path, /* made= */ NULL, ret_parent, ret_last);
        if (r == -ENOTDIR || r == -ELOOP)
                return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "'%s' leads through something that is not a directory", path);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0 && (faccessat(*ret_parent, *ret_last, F_OK, AT_SYMLINK_NOFOLLOW) >= 0 || errno != ENOENT))
                return 1;
        if (r < 0 || !request->may_need || drop->form != DROP_JOB_FILE)
                return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "'%s' is not there", path);
        return strv_add(&m->needs, path);
}

static int take_image(const IntakeRequest *request, const Drop *drop, const JobAttachment *a, Manifest *m, Fault *f) {
        _cleanup_fd_ int parent = -EBADF;
        const char *last = NULL;
        int r;

        m->image.kind = a->kind;
        if (a->kind == MANIFEST_IMAGE_ARCHIVE && asprintf(&m->image.file, "%s%s", drop->prefix, a->path) < 0) {
                m->image.file = NULL;
                return -ENOMEM;
        }
        r = streq(a->path, HERE) ? 1 : find(request, drop, a->path, a->line, m, &parent, &last, f);
        if (r <= 0)
                return r;
        if (a->kind == MANIFEST_IMAGE_ARCHIVE)
                return take_archive(request, drop, a, parent, last, m, f);
        return take_directory(request, drop, a, parent, last, m, f);
}

int attachment_take(const IntakeRequest *request, const Drop *drop, const JobAttachment *a, Manifest *m, Fault *f) {
        _cleanup_fd_ int parent = -EBADF;
        const char *last;
        int r;

        if (a->controller) {
                if (asprintf(&m->controller, "%s%s", drop->prefix, a->controller) < 0) {
                        m->controller = NULL;
                        return -ENOMEM;
                }
                r = find(request, drop, a->controller, a->controller_line, m, &parent, &last, f);
                if (r > 0)
                        r = take_controller(request, a, parent, last, f);
                if (r < 0)
                        return r;
        }
        return take_image(request, drop, a, m, f);
}

/* ---- files by other names ---- */

typedef struct FileKind {
        const char *key;  /* that names it */
        const char *what; /* it is */
        bool (*is)(const char *name);
} FileKind;

static bool is_script(const char *name) {
        return endswith(name, ".py") != NULL;
}

static const FileKind image_kind = { "docker_url", "image archive (*.tar, *.tar.gz, *.tgz)", drop_is_archive };
static const FileKind controller_kind = { "controller_url", "Python script (*.py)", is_script };

/* Counts the files of a kind. ret: one of them, or NULL. */
static int list_kind(const Drop *drop, const FileKind *kind, unsigned *ret_n, char **ret) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_free_ char *one = NULL;
        struct dirent *de;
        int r;

        *ret_n = 0;
        r = fd_open_dirstream_at(drop->fd, ".", &d);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(d))) {
                if (de->d_name[0] == '.' || !kind->is(de->d_name))
                        continue;
                (*ret_n)++;
                free(one);
                one = strdup(de->d_name);
                if (!one)
                        return -ENOMEM;
        }
        if (errno > 0)
                return -errno;
        *ret = TAKE_PTR(one);
        return 0;
}

static bool is_there(const Drop *drop, const char *path) {
        return path[0] != '\0' && (faccessat(drop->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0 || errno != ENOENT);
}

static int refuse_missing(const Drop *drop, const FileKind *kind, const char *path, unsigned line, unsigned n, Fault *f) {
        _cleanup_free_ char *named = NULL;

        if (path[0] == '\0')
                named = strdup("a file by no name that it could have here");
        else if (asprintf(&named, "'%s', which is not there", path) < 0)
                named = NULL;
        if (!named)
                return -ENOMEM;
        if (n == 0)
                return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "'%s' names %s, and there is no other %s", kind->key, named, kind->what);
        return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "'%s' names %s, and there is more than one other %s", kind->key, named, kind->what);
}

/* Return: 0, *n == 0 when there is no file of the kind at all; or as attachment_settle(). */
static int settle(const Drop *drop, const FileKind *kind, unsigned line, char **path, unsigned *ret_n, Fault *f) {
        _cleanup_free_ char *one = NULL, *quoted = NULL;
        int r;

        *ret_n = 1;
        if (is_there(drop, *path))
                return 0;
        r = list_kind(drop, kind, ret_n, &one);
        if (r < 0 || *ret_n == 0)
                return r;
        if (*ret_n > 1)
                return refuse_missing(drop, kind, *path, line, *ret_n, f);
        if (!name_is_valid(one)) {
                quoted = name_escape(one, strlen(one), NAME_MAX_LENGTH);
                return fault_set(f, FAULT_ATTACHMENT, drop->label, line, "'%s' must be renamed: a file name is 1 to 64 letters, digits, '.', '_' and '-' here, "
                                 "and begins with a letter or digit", strempty(quoted));
        }
        free(*path);
        *path = TAKE_PTR(one);
        return 0;
}

/* Nothing but a Dockerfile may be there. */
static int settle_dockerfile(const Drop *drop, JobAttachment *a, Fault *f) {
        if (faccessat(drop->fd, "Dockerfile", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? refuse_missing(drop, &image_kind, a->path, a->line, 0, f) : negative_errno();
        free(a->path);
        a->path = strdup(HERE);
        a->kind = MANIFEST_IMAGE_DOCKERFILE;
        return a->path ? 0 : -ENOMEM;
}

int attachment_settle(const Drop *drop, JobAttachment *a, Fault *f) {
        struct stat st;
        unsigned n;
        int r;

        r = settle(drop, &controller_kind, a->controller_line, &a->controller, &n, f);
        if (r >= 0 && n == 0)
                r = refuse_missing(drop, &controller_kind, a->controller, a->controller_line, 0, f);
        if (r >= 0)
                r = settle(drop, &image_kind, a->line, &a->path, &n, f);
        if (r < 0 || n == 0)
                return r < 0 ? r : settle_dockerfile(drop, a, f);
        if (fstatat(drop->fd, a->path, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode))
                a->kind = MANIFEST_IMAGE_DOCKERFILE;
        return 0;
}
