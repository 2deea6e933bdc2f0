/* SPDX-License-Identifier: MIT */
#include "tools/cli/follow.h"

#include <time.h>

#include "spool/base/fd.h"
#include "tools/cli/explain.h"
#include "tools/cli/lookout.h"

/* Looking again without an event. */
#define LOOK_USEC USEC_PER_SEC
/* A drop that is not a job after this long is worth a remark. */
#define UNCLAIMED_USEC (15 * USEC_PER_SEC)

/*
 * The first job that fits. Candidates are watched: their record may still be on its way. Return: 0; -ENOENT; or another
 * negative errno.
 */
static int find(const Jobs *jobs, const Follow *f, Lookout *w, Id *ret) {
        char floor[ID_LENGTH + 1];
        int r;

        jobs_id_floor(f->since, floor);
        for (size_t place = 0; place < jobs->n; place++) {
                _cleanup_id_list_ IdList ids = {};

                r = jobs_list(jobs, place, floor, &ids);
                if (r < 0)
                        return r;
                for (size_t i = ids.n; i-- > 0;) {
                        _cleanup_fd_ int dir = fd_open_dir_at(jobs->fds[place], ids.items[i].text);
                        _cleanup_record_ Record record = {};

                        lookout_add(w, dir);
                        if (jobs_read_in(jobs, place, ids.items[i].text, &record, NULL) < 0 ||
                            record.created < f->since || !streq(record.drop, f->drop) || !streq(record.user, f->user))
                                continue;
                        *ret = ids.items[i];
                        return 0;
                }
        }
        return -ENOENT;
}

static void clock_text(const Term *t, uint64_t usec, char buffer[static TIME_STRING_MAX]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!(t->utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) ||
            strftime(buffer, TIME_STRING_MAX, "%H:%M:%S", &tm) == 0)
                strcpy(buffer, "?");
}

/* One line a state; on a terminal the current line is rewritten while only the reason changes. */
static void print_state(const Cli *cli, const Record *r, bool rewrite) {
        _cleanup_free_ char *why = explain_short(r), *line = NULL, *safe = NULL, *cut = NULL;
        const Term *t = &cli->term;
        char when[TIME_STRING_MAX], steps[32] = "";

        clock_text(t, r->changed, when);
        if (r->steps > 1)
                snprintf(steps, sizeof(steps), " (%u of %u)", r->step, r->steps);
        if (asprintf(&line, "%s%s%s", steps, why && *why ? "  " : "", strempty(why)) < 0) {
                line = NULL;
                return;
        }
        safe = term_safe(t, line);
        cut = safe ? term_cut(t, safe, t->columns > 24 ? t->columns - 24 : 0) : NULL;
        if (rewrite && t->terminal)
                fputs("\033[A\r\033[K", stdout);
        printf("%s  %s%-10s%s%s\n", when, term_on(t, explain_colour(r)), explain_state(r),
               term_off(t, explain_colour(r)), strempty(cut));
        fflush(stdout);
}

/* Whether there is something new to print. */
static bool differs(const Term *t, const Record *last, const Record *now) {
        if (!last->id || last->state != now->state || last->hold != now->hold || last->cancel != now->cancel)
                return true;
        if (!t->terminal)
                return last->step != now->step;
        return !streq_ptr(last->why, now->why) || last->step != now->step;
}

static void say_unclaimed(const Cli *cli, const Follow *f) {
        cli_note("'%s' is not a job yet", f->drop);
        if (cli_daemon_runs(cli) == 0)
                cli_hint("The daemon is not running; it takes the drop once it does. Ctrl-C ends the waiting, not the "
                         "job.");
        else
                cli_hint("The daemon may be busy; 'morf status' says more. Ctrl-C ends the waiting, not the job.");
}

int follow_job(const Cli *cli, const Jobs *jobs, const Follow *f, Record *ret) {
        _cleanup_lookout_ Lookout w = LOOKOUT_EMPTY;
        uint64_t start = time_now_boottime();
        bool found = false, said = false;
        Id id;
        int r;

        (void) lookout_open(&w);
        for (size_t i = 0; i < jobs->n; i++)
                lookout_add(&w, jobs->fds[i]);
        for (;;) {
                _cleanup_fd_ int dir = -EBADF;
                _cleanup_record_ Record now = {};
                uint64_t clock;

                if (!found) {
                        r = find(jobs, f, &w, &id);
                        if (r < 0 && r != -ENOENT)
                                return r;
                        found = r == 0;
                }
                if (found) {
                        /* Watch, then look. The directory may have moved: it is opened anew each time. */
                        dir = jobs_open_dir(jobs, id.text, NULL);
                        lookout_add(&w, dir);
                        if (jobs_read(jobs, id.text, &now, NULL, NULL) == 0) {
                                if (!cli->json && differs(&cli->term, ret, &now))
                                        print_state(cli, &now, ret->id && ret->state == now.state);
                                record_done(ret);
                                *ret = now;
                                now = (Record){};
                                if (job_state_is_final(ret->state))
                                        return 0;
                        }
                }
                clock = time_now_boottime();
                if (!found && !said && clock - start > UNCLAIMED_USEC) {
                        say_unclaimed(cli, f);
                        said = true;
                }
                if (clock >= f->until)
                        return -ETIMEDOUT;
                r = lookout_wait(&w, f->until - clock < LOOK_USEC ? f->until - clock : LOOK_USEC);
                if (r < 0 && r != -EINTR)
                        return r;
        }
}
