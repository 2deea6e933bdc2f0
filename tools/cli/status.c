/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/statvfs.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "spool/outbox.h"
#include "tools/cli/explain.h"
#include "tools/cli/verbs.h"

/* Failed jobs that are looked at for recent faults of the platform. */
#define RECENT_JOBS_MAX 200u
#define RECENT_USEC USEC_PER_DAY
/* A mail that waits longer is a problem. */
#define MAIL_LATE_USEC USEC_PER_HOUR
/* A job this far past its deadline is. */
#define DEADLINE_SLACK_USEC (2 * USEC_PER_MINUTE)
#define PROBLEMS_MAX 50u

typedef struct Status {
        Cli *cli;
        Conf conf;
        bool conf_known;
        int running; /* 1, 0, or -EAGAIN */
        json_t *report; /* what the daemon wrote about itself, or NULL */
        uint64_t states[_JOB_STATE_MAX];
        uint64_t held, late, working;
        uint64_t done, failed; /* all that ended */
        uint64_t free_bytes, total_bytes;
        bool mails_known;
        uint64_t mails_waiting, mails_undeliverable;
        char **problems;
        uint64_t now;
} Status;

static void status_done(Status *s) {
        conf_done(&s->conf);
        json_decref(s->report);
        strv_free(s->problems);
}

static void _printf_(2, 3) problem(Status *s, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                text = NULL;
        else if (strv_length(s->problems) < PROBLEMS_MAX)
                (void) strv_add(&s->problems, text);
}

static void read_report(Status *s) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        const json_t *item;
        size_t size, i;

        if (asprintf(&path, "%s/" CLI_REPORT_FILE, s->cli->runtime_dir ?: CLI_RUNTIME_DIR) < 0) {
                path = NULL;
                return;
        }
        if (fd_read_file_at(AT_FDCWD, path, CLI_REPORT_MAX, &text, &size) < 0)
                return;
        s->report = json_loadb(text, size, 0, NULL);
        json_array_foreach (json_object_get(s->report, "problems"), i, item)
                if (json_is_string(item))
                        problem(s, "%s", json_string_value(item));
}

static void count_active(Status *s) {
        _cleanup_id_list_ IdList ids = {};

        (void) jobs_list(&s->cli->jobs, 0, "", &ids);
        for (size_t i = 0; i < ids.n; i++) {
                _cleanup_record_ Record r = {};
                char span[TIME_STRING_MAX];
                int k;

                k = jobs_read_in(&s->cli->jobs, 0, ids.items[i].text, &r, NULL);
                if (k == -EBADMSG)
                        problem(s, "the record of job %s is damaged; 'morf show %s' says how", ids.items[i].text,
                                ids.items[i].text);
                if (k < 0)
                        continue;
                s->states[r.state]++;
                if (r.state == JOB_STATE_QUEUED && r.hold)
                        s->held++;
                if (job_state_holds_slot(r.state))
                        s->working++;
                if (!job_state_is_final(r.state) && r.deadline > 0 &&
                    s->now > time_add(r.deadline, DEADLINE_SLACK_USEC)) {
                        s->late++;
                        problem(s, "job %.*s is %s and %s past its deadline; 'morf log %.*s' says more",
                                (int) ID_SHORT_LENGTH, r.id, job_state_to_string(r.state),
                                term_span(s->now - r.deadline, span), (int) ID_SHORT_LENGTH, r.id);
                }
        }
}

/* Ended jobs are counted, and the newest failed ones looked at. */
static void count_ended(Status *s) {
        _cleanup_id_list_ IdList done = {}, failed = {};
        uint64_t platform = 0;

        (void) jobs_list(&s->cli->jobs, 1, "", &done);
        (void) jobs_list(&s->cli->jobs, 2, "", &failed);
        s->done = done.n;
        s->failed = failed.n;
        for (size_t i = 0; i < failed.n && i < RECENT_JOBS_MAX; i++) {
                _cleanup_record_ Record r = {};

                if (jobs_read_in(&s->cli->jobs, 2, failed.items[i].text, &r, NULL) == 0 &&
                    r.fault.code == FAULT_PLATFORM && time_add(r.finished, RECENT_USEC) > s->now)
                        platform++;
        }
        if (platform > 0)
                problem(s, "%llu job%s failed in the last 24 hours by the platform's fault; see "
                        "'morf list --state failed', and 'morf retry' when it is mended",
                        (unsigned long long) platform, platform == 1 ? "" : "s");
}

static void count_mails(Status *s) {
        static const SpoolDir dirs[] = { SPOOL_OUTBOX, SPOOL_UNDELIVERABLE };
        uint64_t late = 0;

        if (s->cli->spool.fds[SPOOL_OUTBOX] < 0)
                return;
        s->mails_known = true;
        for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
                _cleanup_(closedirp) DIR *dir = NULL;
                const struct dirent *de;

                if (s->cli->spool.fds[dirs[i]] < 0 || fd_open_dirstream_at(s->cli->spool.fds[dirs[i]], ".", &dir) < 0)
                        continue;
                while ((de = readdir(dir))) {
                        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
                        OutboxName name;

                        if (outbox_name_parse(de->d_name, &name) < 0)
                                continue;
                        if (dirs[i] == SPOOL_UNDELIVERABLE) {
                                s->mails_undeliverable++;
                                continue;
                        }
                        s->mails_waiting++;
                        if (outbox_load_at(s->cli->spool.fds[dirs[i]], de->d_name, &m, NULL) < 0 ||
                            m.created + MAIL_LATE_USEC > s->now)
                                continue;
                        if (late++ == 0)
                                problem(s, "a mail of job %.*s waits for more than an hour: %s", (int) ID_SHORT_LENGTH,
                                        strempty(m.id), m.last_error ?: "not tried yet; is morf-mail.service running?");
                }
        }
        if (late > 1)
                problem(s, "%llu mails wait for more than an hour", (unsigned long long) late);
}

static void measure_disk(Status *s) {
        char free_text[FORMAT_SIZE_MAX], limit[FORMAT_SIZE_MAX];
        struct statvfs v;

        if (fstatvfs(s->cli->spool.fds[SPOOL_ROOT], &v) < 0)
                return;
        s->free_bytes = (uint64_t) v.f_bavail * v.f_frsize;
        s->total_bytes = (uint64_t) v.f_blocks * v.f_frsize;
        if (s->conf_known && s->free_bytes < s->conf.scheduler.free_bytes)
                problem(s, "%s are free for the spool, less than scheduler.free_space (%s): no job is started",
                        format_size(s->free_bytes, free_text), format_size(s->conf.scheduler.free_bytes, limit));
}

static const char *running_text(const Status *s) {
        return s->running > 0 ? "running" : s->running == 0 ? "not running" : "unknown";
}

static int verdict(const Status *s) {
        return s->running == 0 ? CLI_STATUS_CRITICAL : s->problems ? CLI_STATUS_DEGRADED : CLI_STATUS_FINE;
}

static json_t *to_json(const Status *s) {
        static const char *const verdicts[] = { "ok", "degraded", "critical" };
        _cleanup_json_ json_t *states = json_object(), *problems = json_array();
        json_t *answer;

        for (JobState i = 0; i < _JOB_STATE_MAX; i++)
                if (!job_state_is_final(i))
                        json_object_set_new(states, job_state_to_string(i), json_integer((json_int_t) s->states[i]));
        STRV_FOREACH(p, s->problems)
                json_array_append_new(problems, json_string(*p));
        answer = json_pack("{s:s, s:s, s:O, s:I, s:I, s:O}", "status", verdicts[verdict(s)], "daemon",
                           running_text(s), "problems", problems, "free_bytes", (json_int_t) s->free_bytes,
                           "total_bytes", (json_int_t) s->total_bytes, "states", states);
        if (!answer)
                return NULL;
        if (s->cli->operator_view) {
                json_object_set_new(answer, "held", json_integer((json_int_t) s->held));
                json_object_set_new(answer, "done", json_integer((json_int_t) s->done));
                json_object_set_new(answer, "failed", json_integer((json_int_t) s->failed));
        }
        if (s->conf_known)
                json_object_set_new(answer, "slots", json_integer(s->conf.scheduler.slots));
        if (s->mails_known) {
                json_object_set_new(answer, "mails_waiting", json_integer((json_int_t) s->mails_waiting));
                json_object_set_new(answer, "mails_undeliverable", json_integer((json_int_t) s->mails_undeliverable));
        }
        if (s->report)
                json_object_set(answer, "report", s->report);
        return answer;
}

static long long reported(const Status *s, const char *key) {
        return (long long) json_integer_value(json_object_get(s->report, key));
}

/* What running jobs take of the budgets, as the daemon says. */
static void print_budgets(const Status *s) {
        char used[FORMAT_SIZE_MAX], all[FORMAT_SIZE_MAX];

        if (reported(s, "memory") <= 0)
                return;
        term_line(&s->cli->term, " taken: %s of %s of memory, %g of %g processors", format_size((uint64_t) reported(s, "memory_used"), used),
                  format_size((uint64_t) reported(s, "memory"), all), (double) reported(s, "cpus_milli_used") / 1000,
                  (double) reported(s, "cpus_milli") / 1000);
}

static void print_queue(const Status *s) {
        const Term *t = &s->cli->term;

        if (!s->cli->operator_view) {
                const json_t *running = json_object_get(s->report, "running"),
                             *queued = json_object_get(s->report, "queued");

                if (json_is_integer(running) && json_is_integer(queued))
                        term_line(t, "  jobs: %lld at work, %lld queued", (long long) json_integer_value(running),
                                  (long long) json_integer_value(queued));
                return;
        }
        if (s->conf_known)
                term_line(t, "  jobs: %llu of %u slots at work, %llu queued (%llu of them held), %llu being parsed",
                          (unsigned long long) s->working, s->conf.scheduler.slots,
                          (unsigned long long) s->states[JOB_STATE_QUEUED], (unsigned long long) s->held,
                          (unsigned long long) s->states[JOB_STATE_INTAKE]);
        else
                term_line(t, "  jobs: %llu at work, %llu queued (%llu of them held), %llu being parsed",
                          (unsigned long long) s->working, (unsigned long long) s->states[JOB_STATE_QUEUED],
                          (unsigned long long) s->held, (unsigned long long) s->states[JOB_STATE_INTAKE]);
        for (JobState i = JOB_STATE_PREPARING; i < JOB_STATE_DONE; i++)
                if (s->states[i] > 0)
                        term_line(t, "        %llu %s", (unsigned long long) s->states[i], job_state_to_string(i));
        term_line(t, " ended: %llu done, %llu failed, rejected or cancelled", (unsigned long long) s->done,
                  (unsigned long long) s->failed);
}

static void print(const Status *s) {
        const char *version = json_string_value(json_object_get(s->report, "version")),
                   *engine = json_string_value(json_object_get(s->report, "engine")),
                   *isolation = json_string_value(json_object_get(s->report, "isolation"));
        char free_text[FORMAT_SIZE_MAX], total[FORMAT_SIZE_MAX];
        const Term *t = &s->cli->term;
        TermColour c = verdict(s) == CLI_STATUS_FINE       ? TERM_GREEN
                       : verdict(s) == CLI_STATUS_DEGRADED ? TERM_YELLOW
                                                           : TERM_RED;

        printf("%smorfd: %s%s", term_on(t, c), running_text(s), term_off(t, c));
        fflush(stdout);
        term_line(t, "%s%s%s%s", version ? ", version " : "", strempty(version), engine ? ", engine " : "",
                  strempty(engine));
        print_queue(s);
        if (s->running > 0)
                print_budgets(s);
        if (s->running > 0 && isolation)
                term_line(t, " probe: %s", isolation);
        term_line(t, "  disk: %s of %s free", format_size(s->free_bytes, free_text),
                  format_size(s->total_bytes, total));
        if (s->mails_known)
                term_line(t, " mails: %llu waiting, %llu undeliverable", (unsigned long long) s->mails_waiting,
                          (unsigned long long) s->mails_undeliverable);
        if (s->running == 0)
                term_line(t, "Start the daemon with 'systemctl start morfd'; 'journalctl -u morfd' says why it ended. "
                             "No job is lost.");
        STRV_FOREACH(p, s->problems)
                term_line(t, "Needs attention: %s", *p);
}

int verb_status(Cli *cli, int argc, char **argv) {
        static const struct option options[] = { CLI_COMMON_OPTIONS };
        _cleanup_(status_done) Status s = { .cli = cli, .now = time_now_realtime() };
        _cleanup_free_ char *error = NULL;
        int c, r;

        while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
                r = cli_common_option(cli, argv[0], c, argv);
                if (r >= 0)
                        return r;
        }
        if (optind < argc)
                return cli_fail(CLI_EXIT_USAGE, "'morf status' takes no argument");
        r = cli_open_spool(cli);
        if (r != 0)
                return CLI_STATUS_CRITICAL;
        r = conf_load(&s.conf, &error);
        s.conf_known = r == 0;
        if (r == -EBADMSG)
                problem(&s, "the configuration is wrong: %s", strempty(error));
        s.running = cli_daemon_runs(cli);
        read_report(&s);
        measure_disk(&s);
        if (cli->operator_view) {
                if (jobs_open(&cli->spool, NULL, &cli->jobs) == 0) {
                        count_active(&s);
                        count_ended(&s);
                }
                count_mails(&s);
        }
        if (cli->json)
                (void) cli_print_json(to_json(&s));
        else
                print(&s);
        return verdict(&s);
}
