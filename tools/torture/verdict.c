/* SPDX-License-Identifier: MIT */
#include "tools/torture/verdict.h"

#include <fcntl.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/socket-get.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/limits.h"
#include "spool/outbox.h"
#include "tools/torture/manager.h"

#define DOCKER_SOCKET "/run/docker.sock"
#define DOCKER_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define SETTLE_TRIES 50u
#define SETTLE_USEC 200000u

static void _printf_(2, 3) fault(Verdict *v, const char *format, ...) {
        va_list ap;

        v->faults++;
        if (v->silent)
                return;
        va_start(ap, format);
        fputs("  FAULT: ", stdout);
        vprintf(format, ap);
        putchar('\n');
        va_end(ap);
}

static void say(const Verdict *v, unsigned before, const char *what) {
        printf("%s  %s\n", v->faults > before ? "FAILED" : "ok    ", what);
}

/* All jobs of this run. */
static void take_all(Verdict *v, Inventory *ret) {
        char prefix[LOAD_NAME_SIZE];

        if (inventory_take(v->spool, load_prefix(v->load, prefix), ret) < 0)
                fault(v, "the jobs cannot be listed");
}

/* ---- jobs ---- */

static int read_result(const Verdict *v, const Found *f, char **ret, size_t *ret_size) {
        char path[ID_LENGTH + 32];

        snprintf(path, sizeof(path), "%s/release/eval.csv", f->record.id);
        return fd_read_file_at(v->spool->fds[f->place], path, LIMIT_RELEASE_BYTES, ret, ret_size);
}

/* The one job of a name. Return: it, or NULL after saying what is wrong. */
static const Found *find_one(Verdict *v, const Inventory *all, const char *name) {
        const Found *found = NULL;

        for (size_t i = 0; i < all->n; i++) {
                if (!streq(all->items[i].record.drop, name))
                        continue;
                if (found) {
                        fault(v, "%s: there are two jobs of it, %s and %s", name, found->record.id, all->items[i].record.id);
                        return NULL;
                }
                found = &all->items[i];
        }
        if (!found)
                fault(v, "%s: no job of it is left", name);
        return found;
}

static void judge_job(Verdict *v, const Found *f, const char *expected, size_t size) {
        _cleanup_free_ char *result = NULL;
        size_t n = 0;

        if (f->place != SPOOL_DONE || f->record.state != JOB_STATE_DONE) {
                fault(v, "%s: it is in %s/, %s: %s", f->record.drop, spool_dir_name(f->place), job_state_to_string(f->record.state),
                      strempty(f->record.why));
                return;
        }
        if (read_result(v, f, &result, &n) < 0)
                fault(v, "%s: its result cannot be read", f->record.drop);
        else if (n != size || memcmp(result, expected, size) != 0)
                fault(v, "%s: its result is not that of the quiet run", f->record.drop);
}

void verdict_on_jobs(Verdict *v) {
        _cleanup_inventory_ Inventory all = {};
        _cleanup_free_ char *expected = NULL;
        unsigned before = v->faults;
        char name[LOAD_NAME_SIZE];
        const Found *quiet;
        size_t size = 0;

        take_all(v, &all);
        quiet = find_one(v, &all, load_name(v->load, 0, name));
        if (quiet && read_result(v, quiet, &expected, &size) < 0)
                fault(v, "the result of the quiet run cannot be read");
        for (unsigned i = 1; quiet && expected && i <= v->jobs; i++) {
                const Found *f = find_one(v, &all, load_name(v->load, i, name));

                if (f)
                        judge_job(v, f, expected, size);
        }
        say(v, before, "each job ended once, with the result of the quiet run");
}

/* ---- mails ---- */

/* How many mails of a Maildir have this beginning of a Message-ID. */
static unsigned count_delivered(int maildir, const char *id) {
        static const char *const parts[] = { "new", "cur" };
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                _cleanup_(closedirp) DIR *d = NULL;
                struct dirent *de;

                if (fd_open_dirstream_at(maildir, parts[i], &d) < 0)
                        continue;
                while ((de = readdir(d))) {
                        _cleanup_free_ char *mail = NULL;
                        char *line = NULL, *state = NULL;

                        if (de->d_name[0] == '.' || fd_read_file_at(dirfd(d), de->d_name, LIMIT_MAIL_REQUEST_BYTES, &mail, NULL) < 0)
                                continue;
                        for (line = strtok_r(mail, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                                if (strncasecmp(line, "Message-ID:", 11) == 0) {
                                        n += strcasestr(line, id) != NULL;
                                        break;
                                }
                }
        }
        return n;
}

static void judge_mail(Verdict *v, const Record *r, const OutboxName *name, int maildir) {
        char expected[ID_LENGTH + 64];
        OutboxPlace place;

        if (outbox_find(v->spool->fds[SPOOL_OUTBOX], name, &place) < 0 || place != OUTBOX_PLACE_SENT) {
                fault(v, "%s: the mail '%s' was not sent", r->drop, mail_event_to_string(name->event));
                return;
        }
        if (maildir < 0)
                return;
        snprintf(expected, sizeof(expected), "<%s.%02u.%s@", r->id, name->number, mail_event_to_string(name->event));
        if (count_delivered(maildir, expected) != 1)
                fault(v, "%s: the mail '%s' is in the Maildir %u times", r->drop, mail_event_to_string(name->event),
                      count_delivered(maildir, expected));
}

void verdict_on_mails(Verdict *v) {
        _cleanup_inventory_ Inventory all = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_fd_ int maildir = -EBADF;
        unsigned before = v->faults;

        /* Only where mails go to files can be seen how many came. */
        if (!v->conf->mail.smtp_host || !*v->conf->mail.smtp_host) {
                if (v->conf->mail.maildir && *v->conf->mail.maildir)
                        path = strdup(v->conf->mail.maildir);
                else if (asprintf(&path, "%s/mail", v->spool->path) < 0)
                        path = NULL;
                maildir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -ENOMEM;
        }
        take_all(v, &all);
        for (size_t i = 0; i < all.n; i++) {
                const Record *r = &all.items[i].record;
                OutboxName name = {};

                memcpy(name.id, r->id, ID_LENGTH + 1);
                STRV_FOREACH(event, r->events) {
                        name.number++;
                        name.event = mail_event_from_string(*event);
                        judge_mail(v, r, &name, maildir);
                }
                if (strv_length(r->events) != 3)
                        fault(v, "%s: it has %zu events and not 'accepted', 'started' and its end", r->drop, strv_length(r->events));
        }
        say(v, before, maildir >= 0 ? "one mail for each event, none twice" : "one mail for each event (the server alone knows whether one came twice)");
}

/* ---- what is left ---- */

static void expect_empty(Verdict *v, int dirfd, const char *name, const char *shown, bool hidden_too) {
        int n = inventory_count(dirfd, name, hidden_too);

        if (n != 0)
                fault(v, n < 0 ? "%s/ cannot be read" : "%s/ is not empty", shown);
}

static void judge_units(Verdict *v) {
        _cleanup_strv_ char **units = NULL;
        int r;

        r = manager_list_job_units(&units);
        if (r < 0)
                fault(v, "the units cannot be listed: %s", strerrordesc_np(-r));
        STRV_FOREACH(unit, units)
                fault(v, "unit %s is still there", *unit);
}

static void judge_containers(Verdict *v) {
        _cleanup_free_ char *body = NULL;
        int r;

        if (access(DOCKER_SOCKET, F_OK) < 0)
                return;
        /* filters={"label":["morf.job"]} */
        r = socket_get(DOCKER_SOCKET, "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22morf.job%22%5D%7D", DOCKER_TIMEOUT_USEC, &body);
        if (r != 200)
                fault(v, "docker does not list its containers");
        else if (strncmp(body, "[]", 2) != 0)
                fault(v, "containers are still there: docker ps --all --filter label=morf.job");
}

/* What ends takes a moment to be gone. */
static void settle(const Verdict *v) {
        for (unsigned i = 0; i < SETTLE_TRIES; i++) {
                Verdict quiet = *v;

                quiet.silent = true;
                quiet.faults = 0;
                judge_units(&quiet);
                judge_containers(&quiet);
                if (quiet.faults == 0)
                        return;
                (void) usleep(SETTLE_USEC);
        }
}

void verdict_on_leftovers(Verdict *v) {
        unsigned before = v->faults;

        settle(v);
        expect_empty(v, v->spool->fds[SPOOL_ACTIVE], ".", "active", true);
        expect_empty(v, v->spool->fds[SPOOL_CORRUPT], ".", "corrupt", true);
        expect_empty(v, v->load->box_fd, ".", "the drop box", true);
        judge_units(v);
        judge_containers(v);
        say(v, before, "nothing half done: no directory, unit, slice or container is left over");
}
