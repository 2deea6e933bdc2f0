/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "tools/cli/explain.h"
#include "tools/cli/verbs.h"
#include "tools/cli/lookout.h"

/* How long the effect of a request is waited for, and how often it is looked for without an event. */
#define EFFECT_USEC (5 * USEC_PER_SEC)
#define LOOK_USEC (200 * USEC_PER_MSEC)

typedef enum Request {
        REQUEST_CANCEL,
        REQUEST_HOLD,
        REQUEST_RELEASE,
        REQUEST_RETRY,
        _REQUEST_MAX,
        _REQUEST_INVALID = -EINVAL,
} Request;

static const char *const request_names[_REQUEST_MAX] = {
        [REQUEST_CANCEL] = "cancel",
        [REQUEST_HOLD] = "hold",
        [REQUEST_RELEASE] = "release",
        [REQUEST_RETRY] = "retry",
};

/* What became of one request. */
typedef enum Outcome {
        OUTCOME_EFFECT,  /* the job is as asked for */
        OUTCOME_ALREADY, /* it was before */
        OUTCOME_SENT,    /* not waited for */
        OUTCOME_TAKEN,   /* the daemon took the request, but the job is not as asked for yet */
        OUTCOME_PENDING, /* the daemon did not take it in time */
        OUTCOME_REFUSED,
} Outcome;

static const char *outcome_name(Outcome o) {
        static const char *const names[] = { "effect", "already", "sent", "taken", "pending", "refused" };

        return names[o];
}

/* Whether the job is as the request wants it. */
static bool has_effect(Request q, const Record *before, const Record *now) {
        switch (q) {
        case REQUEST_CANCEL:
                return now->state == JOB_STATE_CANCELLED;
        case REQUEST_HOLD:
                return now->hold;
        case REQUEST_RELEASE:
                return !now->hold;
        case REQUEST_RETRY:
                /* A job may have failed again before it was looked at. */
                return before && (!job_state_is_final(now->state) || now->changed != before->changed);
        case _REQUEST_MAX:
        case _REQUEST_INVALID:
                break;
        }
        return false;
}

/* What can be told without asking the daemon. Return: NULL when the request makes sense. */
static const char *senseless(Request q, const Record *r) {
        bool ended = job_state_is_final(r->state);

        if (q == REQUEST_RETRY)
                return r->state == JOB_STATE_DONE       ? "it is done; hand it in once more to have it run again"
                        : r->state == JOB_STATE_REJECTED ? "it was rejected; correct it and hand it in once more"
                        : !ended                         ? "it has not ended"
                                                         : NULL;
        if (ended)
                return "it has ended";
        if (q == REQUEST_HOLD && r->state > JOB_STATE_QUEUED)
                return "it has started; only a queued job can be held";
        return NULL;
}

static int put_request(Cli *cli, Request q, const char *id, char **ret_name) {
        _cleanup_free_ char *name = NULL;
        _cleanup_fd_ int fd = -EBADF, dir = -EBADF;
        int r;

        if (asprintf(&name, "%s.%s", request_names[q], id) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        /* Submitters may write there, but not list it. */
        dir = openat(cli->spool.fds[SPOOL_ROOT], spool_dir_name(SPOOL_CONTROL),
                     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0)
                return negative_errno();
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        r = fd < 0 ? negative_errno() : 0;
        if (r < 0 && r != -EEXIST)
                return r;
        *ret_name = TAKE_PTR(name);
        return r;
}

static bool request_is_pending(const Cli *cli, const char *name) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", spool_dir_name(SPOOL_CONTROL), name) < 0) {
                path = NULL;
                return false;
        }
        return faccessat(cli->spool.fds[SPOOL_ROOT], path, F_OK, AT_SYMLINK_NOFOLLOW | AT_EACCESS) == 0;
}

static Outcome wait_for_effect(Cli *cli, Request q, const char *name, const Record *before, Record *ret) {
        _cleanup_lookout_ Lookout w = LOOKOUT_EMPTY;
        uint64_t end = time_add(time_now_boottime(), EFFECT_USEC);
        bool pending = true;

        (void) lookout_open(&w);
        for (size_t i = 0; i < cli->jobs.n; i++)
                lookout_add(&w, cli->jobs.fds[i]);
        for (;;) {
                _cleanup_record_ Record now = {};
                _cleanup_fd_ int dir = jobs_open_dir(&cli->jobs, before->id, NULL);
                uint64_t left = time_sub(end, time_now_boottime());

                lookout_add(&w, dir);
                /* The request first: a job that is looked at after the request went was looked at late enough. */
                pending = request_is_pending(cli, name);
                if (jobs_read(&cli->jobs, before->id, &now, NULL, NULL) == 0) {
                        bool done = has_effect(q, before, &now);

                        record_done(ret);
                        *ret = now;
                        now = (Record){};
                        if (done)
                                return OUTCOME_EFFECT;
                }
                if (left == 0)
                        return pending ? OUTCOME_PENDING : OUTCOME_TAKEN;
                (void) lookout_wait(&w, left < LOOK_USEC ? left : LOOK_USEC);
        }
}

static int report(Cli *cli, Request q, Outcome o, const Record *r) {
        const char *id = r->id, *op = request_names[q];

        switch (o) {
        case OUTCOME_EFFECT:
                term_line(&cli->term, "%.*s %s: %s.", (int) ID_SHORT_LENGTH, id, r->name,
                          q == REQUEST_CANCEL    ? "cancelled"
                          : q == REQUEST_HOLD    ? "held"
                          : q == REQUEST_RELEASE ? "no longer held"
                                                 : "is tried again");
                return CLI_EXIT_OK;
        case OUTCOME_ALREADY:
                term_line(&cli->term, "%.*s %s: was %s before.", (int) ID_SHORT_LENGTH, id, r->name,
                          q == REQUEST_CANCEL ? "cancelled" : q == REQUEST_HOLD ? "held" : "not held");
                return CLI_EXIT_OK;
        case OUTCOME_SENT:
                term_line(&cli->term, "%.*s %s: %s asked for.", (int) ID_SHORT_LENGTH, id, r->name, op);
                return CLI_EXIT_OK;
        case OUTCOME_TAKEN:
                if (q == REQUEST_CANCEL && r->cancel) {
                        term_line(&cli->term, "%.*s %s: is being cancelled.", (int) ID_SHORT_LENGTH, id, r->name);
                        return CLI_EXIT_OK;
                }
                cli_fail(CLI_EXIT_TIMEOUT, "%s of %s was taken, but the job is still %s after %u s", op, id,
                         explain_state(r), (unsigned) (EFFECT_USEC / USEC_PER_SEC));
                cli_hint("'morf why %.*s' says why; where the request was refused, 'morf log %.*s' does.",
                         (int) ID_SHORT_LENGTH, id, (int) ID_SHORT_LENGTH, id);
                return CLI_EXIT_TIMEOUT;
        case OUTCOME_PENDING:
                cli_fail(CLI_EXIT_TIMEOUT, "the daemon did not take the request '%s' for %s within %u s", op, id,
                         (unsigned) (EFFECT_USEC / USEC_PER_SEC));
                cli_hint("The request stays and is acted on once morfd runs; see 'morf status'.");
                return CLI_EXIT_TIMEOUT;
        case OUTCOME_REFUSED:
                break;
        }
        return CLI_EXIT_JOB;
}

static int request_one(Cli *cli, Request q, const char *prefix, bool wait, json_t *answers) {
        _cleanup_record_ Record before = {}, now = {};
        _cleanup_free_ char *name = NULL, *error = NULL;
        const char *why;
        Outcome o;
        Id id;
        int r;

        r = cli_find_job(cli, prefix, &id);
        if (r != 0)
                return r;
        r = jobs_read(&cli->jobs, id.text, &before, NULL, &error);
        if (r < 0)
                return cli_fail_errno(r, "cannot read the record of job %s", id.text);
        why = senseless(q, &before);
        if (q != REQUEST_RETRY && has_effect(q, NULL, &before) && (!why || q == REQUEST_CANCEL)) {
                o = OUTCOME_ALREADY;
        } else if (why) {
                r = cli_fail(CLI_EXIT_JOB, "cannot %s %s (%s, %s): %s", request_names[q], id.text, before.name,
                             explain_state(&before), why);
                o = OUTCOME_REFUSED;
        } else {
                r = put_request(cli, q, id.text, &name);
                if (r == -EACCES || r == -EPERM) {
                        cli_fail(CLI_EXIT_DENIED, "you may not hand requests to the daemon");
                        cli_hint("Accounts that may are in the group morf-submit; the operator adds them with 'morf "
                                 "user add'.");
                        return CLI_EXIT_DENIED;
                }
                if (r < 0 && r != -EEXIST)
                        return cli_fail_errno(r, "cannot write the request '%s' for %s", request_names[q], id.text);
                o = wait ? wait_for_effect(cli, q, name, &before, &now) : OUTCOME_SENT;
        }
        if (cli->json) {
                const Record *shown = now.id ? &now : &before;

                json_array_append_new(answers, json_pack("{s:s, s:s, s:s, s:s}", "id", id.text, "request",
                                                         request_names[q], "outcome", outcome_name(o), "state",
                                                         job_state_to_string(shown->state)));
                return o == OUTCOME_REFUSED                                             ? CLI_EXIT_JOB
                       : o == OUTCOME_PENDING || (o == OUTCOME_TAKEN && !shown->cancel) ? CLI_EXIT_TIMEOUT
                                                                                        : CLI_EXIT_OK;
        }
        return report(cli, q, o, now.id ? &now : &before);
}

int verb_control(Cli *cli, int argc, char **argv) {
        static const struct option options[] = { { "no-wait", no_argument, NULL, 'W' }, CLI_COMMON_OPTIONS };
        _cleanup_json_ json_t *answers = json_array();
        bool wait = true;
        Request q = 0;
        int c, r, result = CLI_EXIT_OK;

        while (q < _REQUEST_MAX && !streq(request_names[q], argv[0]))
                q++;
        while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
                if (c == 'W') {
                        wait = false;
                        continue;
                }
                r = cli_common_option(cli, argv[0], c, argv);
                if (r >= 0)
                        return r;
        }
        if (optind == argc) {
                cli_fail(CLI_EXIT_USAGE, "'morf %s' needs the ids of one or more jobs", argv[0]);
                cli_hint("'morf list' shows the ids.");
                return CLI_EXIT_USAGE;
        }
        /* Every id is tried; the first failure decides the exit status. */
        for (int i = optind; i < argc; i++) {
                r = request_one(cli, q, argv[i], wait, answers);
                if (result == CLI_EXIT_OK)
                        result = r;
        }
        if (cli->json)
                (void) cli_print_json(json_pack("{s:O}", "requests", answers));
        return result;
}
