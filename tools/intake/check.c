/* SPDX-License-Identifier: MIT */
#include "tools/intake/check.h"

#include <fcntl.h>
#include <limits.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "tools/intake/intake.h"

/* A directory that is removed with all that is in it. */
static void scratch_done(char **path) {
        if (*path)
                (void) fd_remove_tree_at(AT_FDCWD, *path);
        free(*path);
}

static int scratch_new(char **ret) {
        const char *base = getenv("TMPDIR");
        char *path;

        if (asprintf(&path, "%s/morf-check-XXXXXX", base && base[0] == '/' ? base : "/tmp") < 0)
                return -ENOMEM;
        if (!mkdtemp(path)) {
                int r = negative_errno();

                free(path);
                return r;
        }
        *ret = path;
        return 0;
}

/* Splits path into an open directory and a name in it. Return: 0 or a negative errno. */
static int split(const char *path, int *ret_fd, char **ret_name) {
        _cleanup_free_ char *copy = strdup(path);
        char *slash, *last;
        size_t n;

        if (!copy)
                return -ENOMEM;
        for (n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
                copy[n - 1] = '\0';
        slash = strrchr(copy, '/');
        last = slash ? slash + 1 : copy;
        if (last[0] == '\0' || streq(last, ".") || streq(last, "..")) {
                char *real = realpath(path, NULL);

                if (!real)
                        return negative_errno();
                free(copy);
                copy = real;
                slash = strrchr(copy, '/');
                last = slash + 1;
        }
        *ret_name = strdup(last);
        if (!*ret_name)
                return -ENOMEM;
        if (slash)
                *last = '\0';
        *ret_fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *ret_fd < 0 ? negative_errno() : 0;
}

static void print_list(const char *label, char *const *l, const char *empty) {
        printf("  %-9s", label);
        if (strv_length(l) == 0)
                printf(" %s", empty);
        STRV_FOREACH(s, l)
                printf(" %s", *s);
        putchar('\n');
}

static void print_limits(const ManifestLimits *l) {
        char size[FORMAT_SIZE_MAX], span[TIME_STRING_MAX];
        const ManifestLimits none = {};

        printf("  %-9s", "limits");
        if (memcmp(l, &none, sizeof(none)) == 0)
                printf(" the server's");
        if (l->cpus_milli > 0)
                printf(" cpus=%g", (double) l->cpus_milli / 1000);
        if (l->memory > 0)
                printf(" memory=%s", format_size(l->memory, size));
        if (l->time_usec > 0)
                printf(" time=%s", time_format_span(l->time_usec, span));
        if (l->output > 0)
                printf(" output=%s", format_size(l->output, size));
        if (l->pids > 0)
                printf(" pids=%u", (unsigned) l->pids);
        putchar('\n');
}

static void print_manifest(const char *path, const Manifest *m) {
        static const char *const forms[_MANIFEST_FORM_MAX] = {
                [MANIFEST_FORM_NATIVE] = "native job file",
                [MANIFEST_FORM_ZIP] = "job zip",
                [MANIFEST_FORM_MORF2] = "client.config of MORF 2.0",
        };

        printf("OK: %s is a job that can be submitted\n", path);
        printf("  name      %s\n", m->name);
        printf("  form      %s\n", forms[m->form]);
        if (m->controller)
                printf("  workflow  controller %s\n", m->controller);
        for (size_t i = 0; i < m->n_calls; i++)
                printf("  %-9s %s\n", i == 0 ? "workflow" : "", call_function_to_string(m->calls[i].function));
        if (m->image.kind == MANIFEST_IMAGE_ARCHIVE)
                printf("  image     docker save archive, sha256:%s\n", m->image.digest);
        else
                printf("  image     built from a Dockerfile; content %s\n", m->image.digest);
        printf("  profile   %s\n", manifest_profile_to_string(m->profile));
        print_list("courses", m->courses, "all that are granted");
        print_limits(&m->limits);
        for (size_t i = 0; i < m->args.n; i++)
                printf("  %-9s %s = %s\n", i == 0 ? "args" : "", m->args.items[i].name, m->args.items[i].value);
}

static int print_json(const JsonTable *table, const void *record) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_record_format(table, record, &text);
        if (r >= 0)
                fputs(text, stdout);
        return r;
}

int check_run(const char *path, bool json) {
        _cleanup_(scratch_done) char *scratch = NULL;
        _cleanup_fd_ int drop_fd = -EBADF, out_fd = -EBADF;
        _cleanup_manifest_ Manifest m = {};
        _cleanup_free_ char *name = NULL;
        _cleanup_fault_ Fault f = {};
        int r;

        r = split(path, &drop_fd, &name);
        if (r == -ENOENT || r == -ENOTDIR)
                r = fault_set(&f, FAULT_JOBFILE, path, 0, "there is no such file or directory");
        if (r >= 0)
                r = scratch_new(&scratch);
        if (r >= 0)
                r = out_fd = fd_open_dir_at(AT_FDCWD, scratch);
        if (r >= 0)
                r = intake_run(&(IntakeRequest){ .drop_fd = drop_fd, .main = name, .label = path, .out_fd = out_fd },
                               &m, &f);
        if (r < 0 && (r != -EBADMSG || f.code == FAULT_NONE)) {
                log_error_errno(r, "cannot check '%s'", path);
                return FAULT_EXIT_TEMPORARY;
        }
        if (json) {
                if ((f.code != FAULT_NONE ? print_json(&fault_table, &f) : print_json(&manifest_table, &m)) < 0)
                        return FAULT_EXIT_TEMPORARY;
        } else if (f.code != FAULT_NONE)
                printf("%s\nhint: %s\n", f.message, f.hint);
        else
                print_manifest(path, &m);
        if (fflush(stdout) != 0)
                return FAULT_EXIT_TEMPORARY;
        return f.code != FAULT_NONE ? FAULT_EXIT_STATUS : 0;
}
