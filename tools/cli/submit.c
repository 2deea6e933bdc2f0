/* SPDX-License-Identifier: MIT */
#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
#include "tools/cli/drop-files.h"
#include "tools/cli/follow.h"
#include "tools/cli/handin.h"
#include "tools/cli/show.h"
#include "tools/cli/subproc.h"
#include "tools/cli/verbs.h"

typedef struct Submit {
        Cli *cli;
        bool wait, check;
        uint64_t timeout_usec;
        const char *user; /* --user, or NULL */
        DropFiles files;
        char *dropped;      /* the name in the end */
        uint64_t since;
} Submit;

static void submit_done(Submit *s) {
        free(s->dropped);
        drop_files_done(&s->files);
}

/* Whether all that intake would wait for is handed in. */
static int look_at_needs(const Submit *s, const json_t *answer) {
        const json_t *name;
        size_t i;

        json_array_foreach (json_object_get(answer, "needs"), i, name) {
                bool given = false;

                STRV_FOREACH(a, s->files.attachments) {
                        _cleanup_free_ char *other = drop_files_last_component(*a);

                        given = given || streq_ptr(other, json_string_value(name));
                }
                if (given)
                        continue;
                cli_fail(CLI_EXIT_JOB, "the job file names '%s', which is not there",
                         strempty(json_string_value(name)));
                cli_hint("Put it beside the job file, or give its path behind that of the job file.");
                return CLI_EXIT_JOB;
        }
        return 0;
}

/* Runs the validator of the server. Return: 0, or an exit status after a message. */
static int check(const Submit *s) {
        _cleanup_free_ char *helper = cli_helper_path("morf-intake"), *output = NULL;
        char option_check[] = "--check", option_json[] = "--json";
        char *argv[] = { helper, option_check, (char *) (uintptr_t) s->files.path, option_json, NULL };
        _cleanup_json_ json_t *answer = NULL;
        const char *code, *hint;
        int status, r;

        if (!helper)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        r = subproc_run(argv, false, &output, &status);
        if (r < 0) {
                cli_fail(CLI_EXIT_SYSTEM, "cannot check the job: %s: %s", helper, strerrordesc_np(-r));
                cli_hint("--no-check hands it in unchecked; the server checks it anyway.");
                return CLI_EXIT_SYSTEM;
        }
        answer = json_loads(output, 0, NULL);
        if (status == 0)
                return look_at_needs(s, answer);
        code = json_string_value(json_object_get(answer, "code"));
        if (status != FAULT_EXIT_STATUS || !code)
                return cli_fail(CLI_EXIT_SYSTEM,
                                "the check of '%s' ended with status %d; --no-check hands it in unchecked", s->files.path,
                                status);
        if (s->files.elsewhere && streq(code, fault_to_string(FAULT_ATTACHMENT))) {
                cli_note("attachments that do not lie beside the job file are checked by the server only");
                return 0;
        }
        cli_fail(CLI_EXIT_JOB, "%s", strempty(json_string_value(json_object_get(answer, "message"))));
        hint = json_string_value(json_object_get(answer, "hint"));
        if (hint)
                cli_hint("%s", hint);
        cli_hint("Nothing was handed in (%s).", code);
        return CLI_EXIT_JOB;
}

static int explain_put(const Submit *s, const Handin *h, const char *path, const char *name, const char *bad, int r) {
        switch (-r) {
        case EEXIST:
                cli_fail(CLI_EXIT_JOB, "%s/%s is there already, with other content or from somebody else", h->path,
                         name);
                cli_hint("Wait until the job that it belongs to has taken it, or hand in a directory that holds job "
                         "file and attachments.");
                return CLI_EXIT_JOB;
        case ELOOP:
        case EBADMSG:
                cli_fail(CLI_EXIT_JOB, "'%s%s%s' is a link or a special file", path, bad ? "/" : "", strempty(bad));
                cli_hint("A job is made of files and directories only.");
                return CLI_EXIT_JOB;
        case EFBIG:
                return cli_fail(CLI_EXIT_JOB, "'%s' holds more than %u files or more than %u levels", path,
                                LIMIT_DROP_ENTRIES, LIMIT_DROP_DEPTH);
        case EACCES:
                if (s->user || access(path, R_OK) < 0)
                        return cli_fail_errno(r, "cannot copy '%s%s%s'", path, bad ? "/" : "", strempty(bad));
                cli_fail(CLI_EXIT_DENIED, "you may not hand in jobs: %s/%s is not open to you", s->cli->spool.path,
                         h->path);
                cli_hint("Accounts that may are in the group morf-submit; the operator adds them with 'morf user add', "
                         "which takes effect with your next login.");
                return CLI_EXIT_DENIED;
        default:
                return cli_fail_errno(r, "cannot copy '%s' to %s/%s", path, s->cli->spool.path, h->path);
        }
}

static int put_all(Submit *s, const Handin *h) {
        int r;

        STRV_FOREACH(a, s->files.attachments) {
                _cleanup_free_ char *name = drop_files_last_component(*a), *bad = NULL;
                bool reused = false;

                if (!name)
                        return cli_fail_errno(-ENOMEM, "cannot go on");
                r = handin_put(h, *a, name, NULL, &reused, &bad);
                if (r < 0)
                        return explain_put(s, h, *a, name, bad, r);
                if (!s->cli->json)
                        term_line(&s->cli->term, "%s %s%s",
                                  reused ? "Attachment is there already:" : "Attachment handed in:", name,
                                  reused ? ", with the same content" : "");
        }
        {
                _cleanup_free_ char *bad = NULL;
                bool reused;

                s->since = time_now_realtime();
                r = handin_put(h, s->files.path, s->files.name, &s->dropped, &reused, &bad);
                if (r < 0)
                        return explain_put(s, h, s->files.path, s->files.name, bad, r);
        }
        return 0;
}

static json_t *to_json(const Submit *s, const Handin *h, const Record *r) {
        _cleanup_json_ json_t *attachments = json_array();
        json_t *answer;

        STRV_FOREACH(a, s->files.attachments) {
                _cleanup_free_ char *name = drop_files_last_component(*a);

                json_array_append_new(attachments, json_string(strempty(name)));
        }
        answer = json_pack("{s:s, s:s, s:s, s:O}", "drop", s->dropped, "directory", h->path, "user",
                           s->user ?: strempty(s->cli->user), "attachments", attachments);
        if (answer && r && r->id)
                json_object_set_new(answer, "job", show_to_json(s->cli, r));
        return answer;
}

static int wait_for_job(Submit *s, const Handin *h) {
        Follow f = {
                .drop = s->dropped,
                .user = s->user ?: strempty(s->cli->user),
                .since = s->since,
                .until = s->timeout_usec == USEC_INFINITY ? USEC_INFINITY
                                                          : time_add(time_now_boottime(), s->timeout_usec),
        };
        _cleanup_record_ Record record = {};
        int r;

        r = follow_job(s->cli, &s->cli->jobs, &f, &record);
        if (r < 0 && r != -ETIMEDOUT)
                return cli_fail_errno(r, "cannot follow the job");
        if (s->cli->json)
                (void) cli_print_json(to_json(s, h, &record));
        if (r == -ETIMEDOUT) {
                cli_fail(CLI_EXIT_TIMEOUT, "the job has not ended in time; it goes on");
                if (record.id)
                        cli_hint("'morf why %.*s' says where it is.", (int) ID_SHORT_LENGTH, record.id);
                return CLI_EXIT_TIMEOUT;
        }
        if (!s->cli->json) {
                show_fault(s->cli, &record);
                show_result(s->cli, &record);
        }
        return record.state == JOB_STATE_DONE ? CLI_EXIT_OK : CLI_EXIT_JOB;
}

/* Opens the drop box of the caller or of --user. Return: 0, or an exit status after a message. */
static int open_box(Submit *s, Handin *ret) {
        int r;

        r = handin_open(&s->cli->spool, s->user, ret);
        if (r == -ENOENT && s->user) {
                cli_fail(CLI_EXIT_NO_JOB, "there is no account '%s' with a drop box", s->user);
                cli_hint("'morf user list' shows the accounts, 'morf user add %s --mail ADDRESS' makes one.", s->user);
                return CLI_EXIT_NO_JOB;
        }
        return r < 0 ? cli_fail_errno(r, "cannot open the drop box %s/%s", s->cli->spool.path,
                                      s->user ?: spool_dir_name(SPOOL_INCOMING))
                     : 0;
}

static int submit(Submit *s) {
        _cleanup_handin_ Handin box = HANDIN_EMPTY;
        int r;

        r = drop_files_find(&s->files);
        if (r == 0)
                r = cli_open(s->cli);
        if (r == 0)
                r = open_box(s, &box);
        if (r == 0 && s->check)
                r = check(s);
        if (r == 0)
                r = put_all(s, &box);
        if (r != 0)
                return r;
        if (!s->cli->json) {
                term_line(&s->cli->term, "Handed in: %s%s%s", s->dropped,
                          streq(s->dropped, s->files.name) ? "" : ", because there was already one called ",
                          streq(s->dropped, s->files.name) ? "" : s->files.name);
                if (!s->wait)
                        term_line(&s->cli->term,
                                  "'morf list' shows it as soon as it is taken, 'morf why ID' says where it is.");
                fflush(stdout);
        }
        if (s->wait)
                return wait_for_job(s, &box);
        return s->cli->json ? cli_print_json(to_json(s, &box, NULL)) : CLI_EXIT_OK;
}

/* Who may hand in for whom. Return: 0, or an exit status after a message. */
static int check_caller(const Submit *s) {
        if (s->user && s->cli->uid != 0)
                return cli_fail(CLI_EXIT_DENIED, "only root may hand in for somebody else (--user)");
        if (s->user && !name_is_user(s->user))
                return cli_fail(CLI_EXIT_USAGE, "'%s' is not the name of an account", s->user);
        if (!s->user && s->cli->uid == 0) {
                cli_fail(CLI_EXIT_USAGE, "root hands in jobs for an account: give --user NAME");
                cli_hint("'morf user list' shows the accounts.");
                return CLI_EXIT_USAGE;
        }
        return 0;
}

int verb_submit(Cli *cli, int argc, char **argv) {
        static const struct option options[] = {
                { "wait", no_argument, NULL, 'w' },
                { "user", required_argument, NULL, 'u' },
                { "timeout", required_argument, NULL, 't' },
                { "no-check", no_argument, NULL, 'N' },
                CLI_COMMON_OPTIONS,
        };
        _cleanup_(submit_done) Submit s = { .cli = cli, .check = true, .timeout_usec = USEC_INFINITY };
        int c, r;

        while ((c = getopt_long(argc, argv, ":wu:", options, NULL)) >= 0)
                switch (c) {
                case 'w':
                        s.wait = true;
                        break;
                case 'u':
                        s.user = optarg;
                        break;
                case 't':
                        if (parse_span(optarg, &s.timeout_usec) < 0)
                                return cli_fail(CLI_EXIT_USAGE,
                                                "--timeout needs a length of time such as 90s, 10m or 2h, not '%s'",
                                                optarg);
                        break;
                case 'N':
                        s.check = false;
                        break;
                default:
                        r = cli_common_option(cli, argv[0], c, argv);
                        if (r >= 0)
                                return r;
                }
        if (optind == argc) {
                cli_fail(CLI_EXIT_USAGE, "'morf submit' needs a job file, a job zip or a directory");
                cli_hint("'morf help submit' says more.");
                return CLI_EXIT_USAGE;
        }
        r = check_caller(&s);
        if (r != 0)
                return r;
        s.files.path = argv[optind];
        for (int i = optind + 1; i < argc; i++)
                if (strv_add(&s.files.attachments, argv[i]) < 0)
                        return cli_fail_errno(-ENOMEM, "cannot go on");
        return submit(&s);
}
