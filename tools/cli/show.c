/* SPDX-License-Identifier: MIT */
#include "tools/cli/show.h"

#include <fcntl.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "tools/cli/explain.h"
#include "tools/cli/result.h"
#include "tools/cli/verbs.h"

static void _printf_(3, 4) field(const Cli *cli, const char *name, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return;
        }
        if (*text)
                term_line(&cli->term, "%11s: %s", name, text);
}

static void show_usage(const Cli *cli, const Usage *u) {
        char wall[TIME_STRING_MAX], cpu[TIME_STRING_MAX], peak[FORMAT_SIZE_MAX], limit[FORMAT_SIZE_MAX],
                        output[FORMAT_SIZE_MAX];

        if (u->wall_usec == 0 && u->cpu_usec == 0 && u->memory_peak == 0)
                return;
        field(cli, "used", "%s, %s of processor time", term_span(u->wall_usec, wall), term_span(u->cpu_usec, cpu));
        if (u->memory_limit > 0)
                field(cli, "memory", "%s at most, %u %% of %s%s", format_size(u->memory_peak, peak),
                      (unsigned) (u->memory_peak / (u->memory_limit / 100 + 1)), format_size(u->memory_limit, limit),
                      u->oom_kills > 0 ? "; it ran out of memory" : "");
        else if (u->memory_peak > 0)
                field(cli, "memory", "%s at most%s", format_size(u->memory_peak, peak),
                      u->oom_kills > 0 ? "; it ran out of memory" : "");
        if (u->output_bytes > 0)
                field(cli, "output", "%s", format_size(u->output_bytes, output));
}

static void show_times(const Cli *cli, const Record *r) {
        char when[TIME_STRING_MAX], span[TIME_STRING_MAX];

        field(cli, "created", "%s", term_time(&cli->term, r->created, when));
        if (r->finished > 0) {
                field(cli, "ended", "%s, after %s", term_time(&cli->term, r->finished, when),
                      term_span(r->finished > r->created ? r->finished - r->created : 1, span));
                return;
        }
        field(cli, "since", "%s", term_time(&cli->term, r->changed, when));
        if (r->retry_at > 0)
                field(cli, "next try", "%s", term_time(&cli->term, r->retry_at, when));
        if (r->deadline > 0)
                field(cli, "until", "%s", term_time(&cli->term, r->deadline, when));
}

static void show_list(const Cli *cli, const char *name, char *const *l) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;

        if (!l || !*l)
                return;
        f = open_memstream(&text, &size);
        if (!f)
                return;
        STRV_FOREACH(s, l)
                fprintf(f, "%s%s", s == l ? "" : ", ", *s);
        if (fclose(f) == 0)
                field(cli, name, "%s", text);
}

/* Where an operator looks further. */
static void show_place(const Cli *cli, const Record *r, size_t place) {
        static const char *const logs[] = { "steps/001/container.log", "image/build.log" };
        _cleanup_fd_ int fd = -EBADF;

        if (cli->jobs.researcher)
                return;
        if (r->unit && *r->unit)
                field(cli, "unit", "%s", r->unit);
        if (r->attempt > 1 || r->faults > 0)
                field(cli, "attempt", "%u, %u faults of the platform in this stage", r->attempt, r->faults);
        show_list(cli, "mails", r->events);
        field(cli, "directory", "%s/%s/%s", cli->spool.path, cli->jobs.paths[place], r->id);
        fd = jobs_open_dir(&cli->jobs, r->id, NULL);
        for (size_t i = 0; fd >= 0 && i < ELEMENTSOF(logs); i++)
                if (faccessat(fd, logs[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        field(cli, "log", "%s", logs[i]);
}

void show_fault(const Cli *cli, const Record *r) {
        if (r->fault.code == FAULT_NONE)
                return;
        field(cli, "fault", "%s: %s", fault_to_string(r->fault.code), strempty(r->fault.message));
        if (r->fault.hint)
                field(cli, "hint", "%s", r->fault.hint);
}

void show_result(const Cli *cli, const Record *r) {
        _cleanup_fd_ int fd = result_open(&cli->jobs, r->id);
        int k;

        if (fd < 0) {
                if (r->state == JOB_STATE_DONE)
                        cli_note("the result cannot be opened: %s", strerrordesc_np(-fd));
                return;
        }
        putchar('\n');
        k = result_print(fd, &cli->term);
        if (k < 0)
                cli_note("eval.csv cannot be shown: %s", strerrordesc_np(-k));
}

json_t *show_to_json(const Cli *cli, const Record *r) {
        _cleanup_json_ json_t *object = jobs_to_json(&cli->jobs, r);
        _cleanup_fd_ int fd = result_open(&cli->jobs, r->id);
        json_t *result = fd >= 0 ? result_to_json(fd) : NULL;

        if (result && json_object_set_new(object, "result", result) < 0)
                return NULL;
        return TAKE_PTR(object);
}

static void show_text(const Cli *cli, const Record *r, size_t place) {
        uint64_t now = time_now_realtime();
        const Term *t = &cli->term;
        char span[TIME_STRING_MAX];

        field(cli, "job", "%s", r->id);
        field(cli, "name", "%s", r->name);
        if (!streq(r->drop, r->name))
                field(cli, "drop", "%s%s%s%s", r->drop, r->form && *r->form ? " (" : "", strempty(r->form),
                      r->form && *r->form ? ")" : "");
        field(cli, "user", "%s", r->user);
        printf("%11s: %s%s%s\n", "state", term_on(t, explain_colour(r)), explain_state(r),
               term_off(t, explain_colour(r)));
        if (r->why)
                field(cli, "why", "%s", r->why);
        show_list(cli, "waits for", r->needs);
        if (r->steps > 0)
                field(cli, "steps", "%u of %u", r->step, r->steps);
        if (r->expected > now)
                field(cli, "left", "about %s", time_format_span(r->expected - now, span));
        if (r->left_out)
                field(cli, "left out", "%s", r->left_out);
        show_times(cli, r);
        show_usage(cli, &r->usage);
        show_place(cli, r, place);
        show_fault(cli, r);
        show_result(cli, r);
}

/* Options of a verb that takes one id and nothing else. Return: -1 and the job's record, or an exit status. */
static int one_job(Cli *cli, int argc, char **argv, Record *ret, size_t *ret_place) {
        static const struct option options[] = { CLI_COMMON_OPTIONS };
        _cleanup_free_ char *error = NULL;
        Id id;
        int c, r;

        while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
                r = cli_common_option(cli, argv[0], c, argv);
                if (r >= 0)
                        return r;
        }
        if (argc - optind != 1) {
                cli_fail(CLI_EXIT_USAGE, "'morf %s' takes one job id", argv[0]);
                cli_hint("'morf list' shows the ids.");
                return CLI_EXIT_USAGE;
        }
        r = cli_find_job(cli, argv[optind], &id);
        if (r != 0)
                return r;
        r = jobs_read(&cli->jobs, id.text, ret, ret_place, &error);
        if (r == -EBADMSG) {
                cli_fail(CLI_EXIT_SYSTEM, "the record of job %s is damaged: %s", id.text, error ?: "not a record");
                if (!cli->jobs.researcher)
                        cli_hint("Its files are below %s; 'morf log %s' shows what happened.", cli->spool.path,
                                 id.text);
                return CLI_EXIT_SYSTEM;
        }
        return r < 0 ? cli_fail_errno(r, "cannot read the record of job %s", id.text) : -1;
}

int verb_show(Cli *cli, int argc, char **argv) {
        _cleanup_record_ Record record = {};
        size_t place;
        int r;

        r = one_job(cli, argc, argv, &record, &place);
        if (r >= 0)
                return r;
        if (cli->json)
                return cli_print_json(show_to_json(cli, &record));
        show_text(cli, &record, place);
        return CLI_EXIT_OK;
}

int verb_why(Cli *cli, int argc, char **argv) {
        _cleanup_record_ Record record = {};
        _cleanup_free_ char *why = NULL;
        int r;

        r = one_job(cli, argc, argv, &record, NULL);
        if (r >= 0)
                return r;
        why = explain_why(&record, &cli->term, time_now_realtime(), cli_daemon_runs(cli) == 0);
        if (!why)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        if (cli->json)
                return cli_print_json(json_pack("{s:s, s:s, s:s}", "id", record.id, "state",
                                                job_state_to_string(record.state), "why", why));
        term_line(&cli->term, "%s", why);
        return CLI_EXIT_OK;
}
