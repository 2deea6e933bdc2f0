/* SPDX-License-Identifier: MIT */
#include <ini.h>
#include <libconfig.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/limits.h"
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
        const char *path;
        char *name;         /* under which it is dropped */
        char **attachments; /* paths */
        bool elsewhere;     /* an attachment does not lie beside the job file */
        char *dropped;      /* the name in the end */
        uint64_t since;
} Submit;

static void submit_done(Submit *s) {
        free(s->name);
        free(s->dropped);
        strv_free(s->attachments);
}

/* The last component of a path, slashes at the end left out. Return: a fresh string, "" for "/", or NULL. */
static char *last_component(const char *path) {
        _cleanup_free_ char *real = NULL;
        size_t end, start;

        if (streq(path, ".") || streq(path, "..") || endswith(path, "/.") || endswith(path, "/..")) {
                real = realpath(path, NULL);
                path = real ?: path;
        }
        for (end = strlen(path); end > 0 && path[end - 1] == '/'; end--)
                ;
        for (start = end; start > 0 && path[start - 1] != '/'; start--)
                ;
        return strndup(path + start, end - start);
}

/* path/../name. Return: a fresh string or NULL. */
static char *beside_path(const char *path, const char *name) {
        const char *slash = strrchr(path, '/');
        char *s;

        return asprintf(&s, "%.*s%s", slash ? (int) (slash + 1 - path) : 0, path, name) < 0 ? NULL : s;
}

/* Adds what the job file names, when it is there and not given already. Return: 0 or -ENOMEM. */
static int add_named(Submit *s, const char *value) {
        _cleanup_free_ char *name = NULL, *path = NULL;

        name = last_component(value);
        if (!name || !name_is_valid(name))
                return 0;
        STRV_FOREACH(a, s->attachments) {
                _cleanup_free_ char *other = last_component(*a);

                if (streq_ptr(other, name))
                        return 0;
        }
        path = beside_path(s->path, value);
        if (!path)
                return -ENOMEM;
        return access(path, F_OK) == 0 ? strv_add(&s->attachments, path) : 0;
}

/* Of a client.config; its URLs name files beside it by their last component. Return: 1 (go on) or 0. */
static int on_client_config(void *user, const char *section, const char *key, const char *value) {
        Submit *s = user;
        _cleanup_free_ char *plain = strndup(value, strcspn(value, "?#")), *name = NULL;

        if (!streq(section, "client") || (strcasecmp(key, "docker_url") != 0 && strcasecmp(key, "controller_url") != 0))
                return 1;
        name = plain ? last_component(plain) : NULL;
        return name && add_named(s, name) >= 0;
}

static int add_named_attachments(Submit *s) {
        static const char *const keys[] = { "job.image", "job.dockerfile", "job.controller" };
        config_t config;
        int r = 0;

        /* What is wrong with the file, the check says better. */
        if (endswith(s->name, ".config")) {
                (void) ini_parse(s->path, on_client_config, s);
                return 0;
        }
        config_init(&config);
        if (config_read_file(&config, s->path) == CONFIG_TRUE)
                for (size_t i = 0; r == 0 && i < ELEMENTSOF(keys); i++) {
                        const char *value;

                        if (config_lookup_string(&config, keys[i], &value) == CONFIG_TRUE)
                                r = add_named(s, value);
                }
        config_destroy(&config);
        return r;
}

/* Return: 0, or an exit status after a message. */
static int look_at_attachments(Submit *s) {
        if (strv_length(s->attachments) > LIMIT_NEEDS)
                return cli_fail(CLI_EXIT_USAGE, "a job has at most %u attachments", LIMIT_NEEDS);
        STRV_FOREACH(a, s->attachments) {
                _cleanup_free_ char *name = last_component(*a), *beside = NULL;
                struct stat given, found;

                if (stat(*a, &given) < 0)
                        return cli_fail_errno(negative_errno(), "cannot use the attachment '%s'", *a);
                if (!name || !name_is_valid(name)) {
                        cli_fail(CLI_EXIT_JOB, "the attachment '%s' has a name that a job file cannot use", *a);
                        cli_hint("Rename it: letters, digits, '.', '_' and '-', at most %u of them.", NAME_MAX_LENGTH);
                        return CLI_EXIT_JOB;
                }
                beside = beside_path(s->path, name);
                if (!beside || stat(beside, &found) < 0 || found.st_dev != given.st_dev || found.st_ino != given.st_ino)
                        s->elsewhere = true;
        }
        return 0;
}

static int look_at_job(Submit *s) {
        struct stat st;
        int r;

        if (stat(s->path, &st) < 0)
                return cli_fail_errno(negative_errno(), "cannot hand in '%s'", s->path);
        s->name = last_component(s->path);
        if (!s->name)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        /* Blanks and the like would be a nuisance in every message about the job. */
        for (char *p = s->name; *p; p++)
                if (!strchr("._-", *p) && !(*p >= '0' && *p <= '9') && !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
                        *p = '-';
        if (strlen(s->name) + 4 > LIMIT_DROP_NAME_BYTES || s->name[0] == '\0' || strchr(".-_", s->name[0]))
                return cli_fail(CLI_EXIT_JOB,
                                "'%s' cannot be the name of a drop: rename it to letters and digits, at most %u",
                                s->path, LIMIT_DROP_NAME_BYTES - 4);
        if (S_ISDIR(st.st_mode))
                return s->attachments ? cli_fail(CLI_EXIT_USAGE,
                                                 "a directory is handed in as it is, without attachments")
                                      : 0;
        if (!S_ISREG(st.st_mode))
                return cli_fail(CLI_EXIT_JOB, "'%s' is neither a file nor a directory", s->path);
        if (endswith(s->name, ".zip"))
                return s->attachments ? cli_fail(CLI_EXIT_USAGE, "a job zip has no attachments: all is in it") : 0;
        if (!endswith(s->name, ".cfg") && !endswith(s->name, ".config")) {
                cli_fail(CLI_EXIT_JOB, "'%s' is not a job: its name must end in .cfg or .config (a job file) or .zip (a job zip)",
                         s->path);
                return CLI_EXIT_JOB;
        }
        r = add_named_attachments(s);
        return r < 0 ? cli_fail_errno(r, "cannot go on") : look_at_attachments(s);
}

/* Whether all that intake would wait for is handed in. */
static int look_at_needs(const Submit *s, const json_t *answer) {
        const json_t *name;
        size_t i;

        json_array_foreach (json_object_get(answer, "needs"), i, name) {
                bool given = false;

                STRV_FOREACH(a, s->attachments) {
                        _cleanup_free_ char *other = last_component(*a);

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
        char *argv[] = { helper, option_check, (char *) (uintptr_t) s->path, option_json, NULL };
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
                                "the check of '%s' ended with status %d; --no-check hands it in unchecked", s->path,
                                status);
        if (s->elsewhere && streq(code, fault_to_string(FAULT_ATTACHMENT))) {
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

        STRV_FOREACH(a, s->attachments) {
                _cleanup_free_ char *name = last_component(*a), *bad = NULL;
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
                r = handin_put(h, s->path, s->name, &s->dropped, &reused, &bad);
                if (r < 0)
                        return explain_put(s, h, s->path, s->name, bad, r);
        }
        return 0;
}

static json_t *to_json(const Submit *s, const Handin *h, const Record *r) {
        _cleanup_json_ json_t *attachments = json_array();
        json_t *answer;

        STRV_FOREACH(a, s->attachments) {
                _cleanup_free_ char *name = last_component(*a);

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

        r = look_at_job(s);
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
                          streq(s->dropped, s->name) ? "" : ", because there was already one called ",
                          streq(s->dropped, s->name) ? "" : s->name);
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
        s.path = argv[optind];
        for (int i = optind + 1; i < argc; i++)
                if (strv_add(&s.attachments, argv[i]) < 0)
                        return cli_fail_errno(-ENOMEM, "cannot go on");
        return submit(&s);
}
