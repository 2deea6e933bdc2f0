/* SPDX-License-Identifier: MIT */
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "tools/cli/grid.h"
#include "tools/cli/login.h"
#include "tools/cli/researcher.h"
#include "tools/cli/sshkey.h"
#include "tools/cli/verbs.h"

/* What was given on the command line. */
typedef struct Given {
        const char *name;
        char **mail, **grants, **keys;
        bool grants_given, purge;
        int enabled;     /* -1: not given */
        int labels;      /* likewise */
        uint64_t active; /* UINT64_MAX: not given */
} Given;

static void given_done(Given *g) {
        strv_free(g->mail);
        strv_free(g->grants);
        strv_free(g->keys);
}

static int add_mail(Given *g, const char *s) {
        if (!name_is_mail_address(s))
                return cli_fail(CLI_EXIT_USAGE, "'%s' is not a mail address", s);
        return strv_contains(g->mail, s) || strv_add(&g->mail, s) == 0 ? -1 : cli_fail_errno(-ENOMEM, "cannot go on");
}

static int add_grant(Given *g, const char *s) {
        if (!streq(s, "*") && !name_is_valid(s))
                return cli_fail(CLI_EXIT_USAGE, "'%s' is not the name of a course", s);
        g->grants_given = true;
        return strv_contains(g->grants, s) || strv_add(&g->grants, s) == 0 ? -1
                                                                           : cli_fail_errno(-ENOMEM, "cannot go on");
}

static int add_key(Given *g, const char *s) {
        _cleanup_free_ char *error = NULL;
        int r;

        r = sshkey_add_argument(s, &g->keys, &error);
        return r < 0 ? cli_fail(r == -EACCES ? CLI_EXIT_DENIED : CLI_EXIT_USAGE, "%s", error ?: strerrordesc_np(-r))
                     : -1;
}

/* Return: -1, or an exit status. */
static int parse(Cli *cli, int argc, char **argv, Given *g) {
        static const struct option options[] = {
                { "mail", required_argument, NULL, 'm' },   { "grant", required_argument, NULL, 'g' },
                { "grant-all", no_argument, NULL, 'G' },    { "grant-none", no_argument, NULL, 'N' },
                { "ssh-key", required_argument, NULL, 'k' }, { "active", required_argument, NULL, 'a' },
                { "enable", no_argument, NULL, 'E' },       { "disable", no_argument, NULL, 'D' },
                { "allow-labels", no_argument, NULL, 'L' }, { "forbid-labels", no_argument, NULL, 'F' },
                { "purge", no_argument, NULL, 'P' },        CLI_COMMON_OPTIONS,
        };
        char verb[] = "user";
        int c, r = -1;

        while (r < 0 && (c = getopt_long(argc, argv, ":", options, NULL)) >= 0)
                switch (c) {
                case 'm':
                        r = add_mail(g, optarg);
                        break;
                case 'g':
                        r = add_grant(g, optarg);
                        break;
                case 'G':
                        r = add_grant(g, "*");
                        break;
                case 'N':
                        g->grants_given = true;
                        break;
                case 'k':
                        r = add_key(g, optarg);
                        break;
                case 'a':
                        if (parse_u64(optarg, 0, UINT32_MAX, &g->active) < 0)
                                r = cli_fail(CLI_EXIT_USAGE, "--active needs a number of jobs, not '%s'", optarg);
                        break;
                case 'E':
                case 'D':
                        g->enabled = c == 'E';
                        break;
                case 'L':
                case 'F':
                        g->labels = c == 'L';
                        break;
                case 'P':
                        g->purge = true;
                        break;
                default:
                        r = cli_common_option(cli, verb, c, argv);
                }
        return r;
}

/* The researcher's side of "how do I use it". */
static void tell_next_steps(const Cli *cli, const Given *g) {
        const Term *t = &cli->term;

        if (g->keys)
                term_line(t,
                          "Jobs are handed in with: sftp %s@HOST, then 'put job.cfg incoming/'; results appear in "
                          "jobs/.",
                          g->name);
        else
                term_line(t,
                          "Jobs are handed in with 'morf submit', from the next login on (new group " LOGIN_GROUP_SUBMIT
                          ").");
        if (!g->grants)
                term_line(t, "No course is granted yet: 'morf user set %s --grant COURSE' or '--grant-all'.", g->name);
}

static int user_add(Cli *cli, Given *g) {
        ConfUser u = { .name = (char *) (uintptr_t) g->name,
                       .mail = g->mail,
                       .grants = g->grants,
                       .enabled = g->enabled != 0,
                       .labels = g->labels > 0,
                       .active = g->active == UINT64_MAX ? 0 : (unsigned) g->active };
        bool is_new;
        int r;

        if (!g->mail) {
                cli_fail(CLI_EXIT_USAGE, "an account needs a mail address for results: give --mail ADDRESS");
                return CLI_EXIT_USAGE;
        }
        r = researcher_add(cli, &u, g->keys, &is_new);
        if (r != 0)
                return r;
        if (cli->json)
                return cli_print_json(json_pack("{s:s, s:b}", "name", g->name, "new", is_new));
        term_line(&cli->term, is_new ? "Made the account '%s'." : "The account '%s' was there already and is complete.",
                  g->name);
        tell_next_steps(cli, g);
        return CLI_EXIT_OK;
}

/* Return: 0, or an exit status after a message. */
static int load(const char *name, ConfUser *ret) {
        _cleanup_free_ char *error = NULL;
        int r;

        r = conf_user_load(name, ret, &error);
        if (r == -ENOENT) {
                cli_fail(CLI_EXIT_NO_JOB, "there is no account '%s'", name);
                cli_hint("'morf user list' shows the accounts.");
                return CLI_EXIT_NO_JOB;
        }
        if (r < 0)
                return cli_fail(r == -EACCES ? CLI_EXIT_DENIED : CLI_EXIT_SYSTEM, "%s", error ?: strerrordesc_np(-r));
        return 0;
}

static int set_keys(const Given *g) {
        int r;

        if (researcher_access(g->name) != RESEARCHER_SFTP) {
                cli_fail(CLI_EXIT_SYSTEM, "'%s' is not an SFTP account", g->name);
                cli_hint("A local account keeps its keys in its own home directory.");
                return CLI_EXIT_SYSTEM;
        }
        r = researcher_write_keys(g->name, g->keys);
        return r < 0 ? cli_fail_errno(r, "cannot write the keys of '%s'", g->name) : 0;
}

/* Login follows the switch for accounts of ours; local accounts keep theirs. */
static int set_enabled(const Given *g) {
        int r;

        if (researcher_access(g->name) != RESEARCHER_SFTP)
                return 0;
        r = g->enabled ? login_enable(g->name) : login_disable(g->name);
        if (r == -EREMOTEIO)
                return cli_fail(CLI_EXIT_SYSTEM, "cannot change the Unix account '%s'; the reason stands above",
                                g->name);
        return r < 0 ? cli_fail_errno(r, "cannot change the Unix account '%s'", g->name) : 0;
}

static int user_set(Cli *cli, Given *g) {
        _cleanup_conf_user_ ConfUser u = {};
        int r;

        if (!g->mail && !g->grants_given && !g->keys && g->enabled < 0 && g->labels < 0 && g->active == UINT64_MAX) {
                cli_fail(CLI_EXIT_USAGE, "nothing to change was given");
                cli_hint("'morf help user' lists what can be changed.");
                return CLI_EXIT_USAGE;
        }
        r = load(g->name, &u);
        if (r != 0)
                return r;
        if (g->keys)
                r = set_keys(g);
        if (r == 0 && g->enabled >= 0)
                r = set_enabled(g);
        if (r != 0)
                return r;
        if (g->mail) {
                strv_free(u.mail);
                u.mail = TAKE_PTR(g->mail);
        }
        if (g->grants_given) {
                strv_free(u.grants);
                u.grants = TAKE_PTR(g->grants);
        }
        if (g->enabled >= 0)
                u.enabled = g->enabled;
        if (g->labels >= 0)
                u.labels = g->labels;
        if (g->active != UINT64_MAX)
                u.active = (unsigned) g->active;
        r = conf_user_save(&u);
        if (r < 0)
                return cli_fail_errno(r, "cannot write users.d/%s.conf beside %s", g->name, conf_path());
        if (!cli->json)
                term_line(&cli->term, "Changed '%s'; jobs that are accepted from now on see it.", g->name);
        return cli->json ? cli_print_json(json_pack("{s:s}", "name", g->name)) : CLI_EXIT_OK;
}

static char *join(char *const *l) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        STRV_FOREACH(s, l)
                fprintf(f, "%s%s", s == l ? "" : ", ", *s);
        return fclose(f) == 0 ? text : NULL;
}

static json_t *strings(char *const *l) {
        json_t *array = json_array();

        STRV_FOREACH(s, l)
                json_array_append_new(array, json_string(*s));
        return array;
}

static json_t *user_to_json(const ConfUser *u) {
        _cleanup_strv_ char **keys = NULL;

        (void) researcher_read_keys(u->name, &keys);
        return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:b, s:I}", "name", u->name, "enabled", u->enabled, "access",
                         researcher_access_to_string(researcher_access(u->name)), "mail", strings(u->mail), "grants",
                         strings(u->grants), "keys", strings(keys), "labels", u->labels,
                         "active", (json_int_t) u->active);
}

static void add_row(Grid *g, const ConfUser *u) {
        _cleanup_free_ char *mail = join(u->mail), *grants = join(u->grants);
        _cleanup_strv_ char **keys = NULL;

        (void) researcher_read_keys(u->name, &keys);
        grid_cell(g, TERM_PLAIN, u->name);
        grid_cell(g, u->enabled ? TERM_GREEN : TERM_YELLOW, u->enabled ? "enabled" : "disabled");
        grid_cell(g, TERM_PLAIN, researcher_access_to_string(researcher_access(u->name)));
        grid_cellf(g, TERM_PLAIN, "%zu", strv_length(keys));
        grid_cell(g, TERM_PLAIN, mail);
        grid_cell(g, TERM_PLAIN, u->grants ? grants : "-");
}

static int user_list(Cli *cli) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_json_ json_t *users = json_array();
        _cleanup_grid_ Grid g;
        int r;

        grid_init(&g, &cli->term);
        grid_column(&g, "NAME", GRID_LEFT);
        grid_column(&g, "STATE", GRID_LEFT);
        grid_column(&g, "ACCESS", GRID_LEFT);
        grid_column(&g, "KEYS", GRID_RIGHT);
        grid_column(&g, "MAIL", GRID_FLEXIBLE);
        grid_column(&g, "GRANTS", GRID_FLEXIBLE);
        r = conf_user_names(&names);
        if (r < 0)
                return cli_fail_errno(r, "cannot list the accounts");
        STRV_FOREACH(name, names) {
                _cleanup_conf_user_ ConfUser u = {};
                _cleanup_free_ char *error = NULL;

                r = conf_user_load(*name, &u, &error);
                if (r == -EACCES)
                        return cli_fail(CLI_EXIT_DENIED, "only root may read the accounts");
                if (r < 0)
                        cli_note("%s", error ?: strerrordesc_np(-r));
                else if (cli->json)
                        json_array_append_new(users, user_to_json(&u));
                else
                        add_row(&g, &u);
        }
        if (cli->json)
                return cli_print_json(json_pack("{s:O}", "users", users));
        if (grid_rows(&g) == 0)
                term_line(&cli->term, "No accounts. 'morf user add NAME --mail ADDRESS' makes one.");
        else if (grid_print(&g, stdout) < 0)
                return cli_fail_errno(-ENOMEM, "cannot print the list");
        return CLI_EXIT_OK;
}

static int user_show(Cli *cli, Given *g) {
        _cleanup_free_ char *mail = NULL, *grants = NULL;
        _cleanup_strv_ char **keys = NULL;
        _cleanup_conf_user_ ConfUser u = {};
        const Term *t = &cli->term;
        int r;

        r = load(g->name, &u);
        if (r != 0)
                return r;
        if (cli->json)
                return cli_print_json(user_to_json(&u));
        mail = join(u.mail);
        grants = join(u.grants);
        (void) researcher_read_keys(u.name, &keys);
        term_line(t, "   name: %s", u.name);
        term_line(t, "  state: %s", u.enabled ? "enabled" : "disabled; its drops are rejected");
        term_line(t, " access: %s", researcher_access_to_string(researcher_access(u.name)));
        term_line(t, "   mail: %s", strempty(mail));
        term_line(t, " grants: %s",
                  !u.grants                      ? "none"
                  : strv_contains(u.grants, "*") ? "all courses"
                                                 : strempty(grants));
        if (u.labels)
                term_line(t, " labels: its jobs may make tables of labels");
        if (u.active > 0)
                term_line(t, " active: at most %u jobs at a time", u.active);
        STRV_FOREACH(k, keys)
                term_line(t, "    key: %s", *k);
        return CLI_EXIT_OK;
}

static int user_remove(Cli *cli, Given *g) {
        _cleanup_conf_user_ ConfUser u = {};
        _cleanup_free_ char *error = NULL;
        int r;

        /* Also what is half removed: as long as anything of it is there. */
        r = conf_user_load(g->name, &u, &error);
        if (r == -ENOENT && faccessat(cli->spool.fds[SPOOL_SFTP], g->name, F_OK, 0) < 0)
                return load(g->name, &u);
        return researcher_remove(cli, g->name, g->purge);
}

static int dispatch(Cli *cli, const char *op, Given *g, int n_names) {
        int r;

        if (streq(op, "list"))
                return n_names == 0 ? user_list(cli)
                                    : cli_fail(CLI_EXIT_USAGE,
                                               "'morf user list' takes no name; 'morf user show %s' does", g->name);
        if (n_names != 1)
                return cli_fail(CLI_EXIT_USAGE, "'morf user %s' takes one name", op);
        if (!name_is_user(g->name)) {
                cli_fail(CLI_EXIT_USAGE, "'%s' cannot be the name of an account", g->name);
                cli_hint("A name has up to 32 of a-z, 0-9, '_' and '-', and begins with a letter.");
                return CLI_EXIT_USAGE;
        }
        if (streq(op, "show"))
                return user_show(cli, g);
        if (cli->uid != 0)
                return cli_fail(CLI_EXIT_DENIED, "only root may change accounts");
        r = cli_open(cli);
        if (r != 0)
                return r;
        return streq(op, "add") ? user_add(cli, g) : streq(op, "set") ? user_set(cli, g) : user_remove(cli, g);
}

int verb_user(Cli *cli, int argc, char **argv) {
        static const char *const ops[] = { "add", "list", "show", "set", "remove" };
        _cleanup_(given_done) Given g = { .enabled = -1, .labels = -1, .active = UINT64_MAX };
        const char *op, *nearest;
        int r;

        r = parse(cli, argc, argv, &g);
        if (r >= 0)
                return r;
        if (optind == argc) {
                cli_fail(CLI_EXIT_USAGE, "'morf user' needs one of add, list, show, set, remove");
                cli_hint("'morf help user' says more.");
                return CLI_EXIT_USAGE;
        }
        op = argv[optind++];
        g.name = optind < argc ? argv[optind] : NULL;
        for (size_t i = 0; i < ELEMENTSOF(ops); i++)
                if (streq(ops[i], op))
                        return dispatch(cli, op, &g, argc - optind);
        nearest = parse_nearest(op, ops, ELEMENTSOF(ops));
        return cli_fail(CLI_EXIT_USAGE, "unknown 'morf user %s'%s%s%s", op, nearest ? "; did you mean '" : "",
                        strempty(nearest), nearest ? "'?" : "");
}
