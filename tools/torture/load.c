/* SPDX-License-Identifier: MIT */
#include "tools/torture/load.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"

/* Enough of each class for any release policy. */
#define ROWS 400u

int load_open(Load *l, const Spool *spool) {
        const struct passwd *pw = getpwnam(l->user);
        char path[300];

        if (!pw)
                return -ENOENT;
        l->uid = pw->pw_uid;
        l->gid = pw->pw_gid;
        snprintf(path, sizeof(path), "%.255s/incoming", l->user);
        l->box_fd = openat(spool->fds[SPOOL_SFTP], path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (l->box_fd < 0 && errno == ENOENT)
                l->box_fd = openat(spool->fds[SPOOL_INCOMING], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return l->box_fd < 0 ? negative_errno() : 0;
}

void load_done(Load *l) {
        l->box_fd = fd_close(l->box_fd);
}

const char *load_prefix(const Load *l, char buffer[static LOAD_NAME_SIZE]) {
        snprintf(buffer, LOAD_NAME_SIZE, LOAD_PREFIX "%s-", l->token);
        return buffer;
}

const char *load_name(const Load *l, unsigned number, char buffer[static LOAD_NAME_SIZE]) {
        snprintf(buffer, LOAD_NAME_SIZE, LOAD_PREFIX "%s-%03u", l->token, number);
        return buffer;
}

static int write_file(const Load *l, int dirfd, const char *name, const char *text) {
        return publish_volatile_file_at(dirfd, name, text, strlen(text), 0640, l->uid, l->gid);
}

/* Predictions that are neither perfect nor useless, the same in every job. */
static int make_predictions(const Load *l, char **ret) {
        size_t size, n = strv_length(l->courses);
        char *text = NULL;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fputs("course,y_true,y_pred,y_score\n", f);
        for (unsigned i = 0; i < ROWS * n; i++)
                fprintf(f, "%s,%d,%d,0.%02u\n", l->courses[i % n], i * 7 % 5 < 2, i % 3 < 1, i * 37 % 100);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

static int fill_image(const Load *l, int dirfd) {
        _cleanup_free_ char *dockerfile = NULL, *predictions = NULL;
        int r;

        if (asprintf(&dockerfile, "FROM %s\nCOPY output.csv /output.csv\nENTRYPOINT [\"cp\", \"/output.csv\", \"/output/\"]\n", l->base) < 0) {
                dockerfile = NULL;
                return -ENOMEM;
        }
        r = make_predictions(l, &predictions);
        if (r >= 0)
                r = write_file(l, dirfd, "Dockerfile", dockerfile);
        return r < 0 ? r : write_file(l, dirfd, "output.csv", predictions);
}

static int fill_drop(const Load *l, int dirfd, const char *name) {
        static const char job[] = "job: { dockerfile = \"image\"; notify = [\"accepted\", \"started\"]; limits: { memory = \"64M\"; cpus = 0.25; }; };\n";
        _cleanup_fd_ int image = -EBADF;
        char file[LOAD_NAME_SIZE + 8];
        int r;

        snprintf(file, sizeof(file), "%s.cfg", name);
        r = write_file(l, dirfd, file, job);
        if (r >= 0)
                r = publish_mkdir_at(dirfd, "image", 0750, l->uid, l->gid);
        if (r < 0)
                return r;
        image = fd_open_dir_at(dirfd, "image");
        return image < 0 ? image : fill_image(l, image);
}

int load_drop(const Load *l, unsigned number) {
        char name[LOAD_NAME_SIZE], part[LOAD_NAME_SIZE + 8];
        _cleanup_fd_ int dir = -EBADF;
        int r;

        load_name(l, number, name);
        snprintf(part, sizeof(part), "%s.part", name);
        r = publish_mkdir_at(l->box_fd, part, 0750, l->uid, l->gid);
        if (r < 0)
                return r;
        dir = fd_open_dir_at(l->box_fd, part);
        r = dir < 0 ? dir : fill_drop(l, dir, name);
        return r < 0 ? r : publish_rename(l->box_fd, part, l->box_fd, name);
}
