/* SPDX-License-Identifier: MIT */
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "tools/cli/explain.h"
#include "tools/cli/grid.h"
#include "tools/cli/verbs.h"

/* Ended jobs shown without --all and --limit. */
#define ENDED_DEFAULT 20u
/* Ended jobs that are read, at most, to find those that a filter wants; --all reads every one. */
#define READ_MAX 10000u

typedef struct List {
        Cli *cli;
        bool all, full_id;
        uint64_t limit; /* rows, UINT64_MAX: no limit */
        uint64_t ended_limit;
        const char *user;
        unsigned states; /* bits; 0: all */
        Grid grid;
        json_t *jobs;
        uint64_t shown, ended_shown, unreadable;
        bool incomplete; /* READ_MAX was hit */
        uint64_t now;
} List;

static int add_state(List *l, const char *name) {
        const char *candidates[_JOB_STATE_MAX + 2] = { "active", "ended" }, *nearest;
        JobState s = job_state_from_string(name);

        if (s >= 0)
                l->states |= 1u << s;
        for (s = 0; s < _JOB_STATE_MAX; s++) {
                candidates[s + 2] = job_state_to_string(s);
                if (streq(name, job_state_is_final(s) ? "ended" : "active"))
                        l->states |= 1u << s;
        }
        if (streq(name, "active") || streq(name, "ended") || job_state_from_string(name) >= 0)
                return 0;
        nearest = parse_nearest(name, candidates, ELEMENTSOF(candidates));
        cli_fail(CLI_EXIT_USAGE, "unknown state '%s'%s%s%s", name, nearest ? "; did you mean '" : "", strempty(nearest),
                 nearest ? "'?" : "");
        return CLI_EXIT_USAGE;
}

static void add_row(List *l, const Record *r) {
        _cleanup_free_ char *why = explain_short(r);
        uint64_t from = r->created, to = r->finished > 0 ? r->finished : l->now;
        char age[TIME_STRING_MAX];

        grid_cellf(&l->grid, TERM_PLAIN, "%.*s", l->full_id ? (int) ID_LENGTH : (int) ID_SHORT_LENGTH, r->id);
        if (!l->cli->jobs.researcher)
                grid_cell(&l->grid, TERM_PLAIN, r->user);
        grid_cell(&l->grid, TERM_PLAIN, r->name);
        grid_cell(&l->grid, explain_colour(r), explain_state(r));
        if (r->steps > 0)
                grid_cellf(&l->grid, TERM_PLAIN, "%u/%u", r->step, r->steps);
        else
                grid_cell(&l->grid, TERM_PLAIN, "-");
        grid_cell(&l->grid, TERM_PLAIN, term_span(l->now > from ? l->now - from : 1, age));
        grid_cell(&l->grid, TERM_PLAIN, term_span(to > from ? to - from : 1, age));
        grid_cell(&l->grid, TERM_DIM, why);
}

static void add(List *l, const Record *r, bool ended) {
        l->shown++;
        if (ended)
                l->ended_shown++;
        if (l->cli->json)
                json_array_append_new(l->jobs, jobs_to_json(&l->cli->jobs, r));
        else
                add_row(l, r);
}

static bool wanted(const List *l, const Record *r) {
        return (l->states == 0 || (l->states & (1u << r->state))) && (!l->user || streq(l->user, r->user));
}

static bool is_full(const List *l, bool ended) {
        return l->shown >= l->limit || (ended && l->ended_shown >= l->ended_limit);
}

static void add_from(List *l, size_t place, const char *id) {
        _cleanup_record_ Record r = {};
        int k;

        k = jobs_read_in(&l->cli->jobs, place, id, &r, NULL);
        if (k == -EBADMSG || k == -EACCES)
                l->unreadable++;
        /* Anything else that fails: it has just moved on, and is met in its new place, or is not complete yet. */
        if (k == 0 && wanted(l, &r))
                add(l, &r, job_state_is_final(r.state));
}

/* Ended jobs of two places as one list, newest first. */
static void add_ended(List *l, const IdList *done, const IdList *failed) {
        size_t d = 0, f = 0, n_read = 0;

        while (!is_full(l, true) && (d < done->n || f < failed->n)) {
                bool from_done = f >= failed->n ||
                                 (d < done->n && strcmp(done->items[d].text, failed->items[f].text) > 0);

                if (!l->all && n_read++ >= READ_MAX) {
                        l->incomplete = true;
                        return;
                }
                if (from_done)
                        add_from(l, 1, done->items[d++].text);
                else
                        add_from(l, 2, failed->items[f++].text);
        }
}

/* The operator's view: three places, of which the first holds what goes on. */
static int list_operator(List *l) {
        _cleanup_id_list_ IdList active = {}, done = {}, failed = {};
        int r;

        r = jobs_list(&l->cli->jobs, 0, "", &active);
        if (r < 0)
                return r;
        for (size_t i = 0; i < active.n && !is_full(l, false); i++)
                add_from(l, 0, active.items[i].text);
        if (is_full(l, true))
                return 0;
        r = jobs_list(&l->cli->jobs, 1, "", &done);
        if (r < 0)
                return r;
        r = jobs_list(&l->cli->jobs, 2, "", &failed);
        if (r < 0)
                return r;
        add_ended(l, &done, &failed);
        return 0;
}

/* The researcher's view: one place for all, so two passes over the newest. */
static int list_researcher(List *l) {
        _cleanup_id_list_ IdList ids = {};
        int r;

        r = jobs_list(&l->cli->jobs, 0, "", &ids);
        if (r < 0)
                return r;
        for (unsigned pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < ids.n && !is_full(l, pass == 1); i++) {
                        _cleanup_record_ Record record = {};
                        int k;

                        if (!l->all && i >= READ_MAX) {
                                l->incomplete = true;
                                break;
                        }
                        k = jobs_read_in(&l->cli->jobs, 0, ids.items[i].text, &record, NULL);
                        if (k == -EBADMSG)
                                l->unreadable += pass;
                        if (k == 0 && wanted(l, &record) && job_state_is_final(record.state) == (pass == 1))
                                add(l, &record, pass == 1);
                }
        return 0;
}

static int print(List *l) {
        if (l->cli->json)
                return cli_print_json(json_pack("{s:O, s:b, s:I}", "jobs", l->jobs, "complete", !l->incomplete,
                                                "unreadable", (json_int_t) l->unreadable));
        if (l->shown == 0)
                term_line(&l->cli->term, "No jobs%s.", l->user || l->states != 0 ? " like that" : "");
        else if (grid_print(&l->grid, stdout) < 0)
                return cli_fail_errno(-ENOMEM, "cannot print the list");
        if (l->incomplete)
                cli_note("only the newest %u ended jobs were looked at; --all looks at every one", READ_MAX);
        if (l->unreadable > 0)
                cli_note("%llu jobs have a record that cannot be read; 'morf show ID' says why",
                         (unsigned long long) l->unreadable);
        return CLI_EXIT_OK;
}

static int collect_and_print(List *l) {
        int r;

        grid_init(&l->grid, &l->cli->term);
        grid_column(&l->grid, "ID", GRID_LEFT);
        if (!l->cli->jobs.researcher)
                grid_column(&l->grid, "USER", GRID_LEFT);
        grid_column(&l->grid, "NAME", GRID_FLEXIBLE);
        grid_column(&l->grid, "STATE", GRID_LEFT);
        grid_column(&l->grid, "STEP", GRID_RIGHT);
        grid_column(&l->grid, "AGE", GRID_RIGHT);
        grid_column(&l->grid, "TOOK", GRID_RIGHT);
        grid_column(&l->grid, "WHY", GRID_FLEXIBLE);
        l->jobs = json_array();
        l->now = time_now_realtime();
        r = l->cli->jobs.researcher ? list_researcher(l) : list_operator(l);
        r = r < 0 ? cli_fail_errno(r, "cannot list the jobs") : print(l);
        grid_done(&l->grid);
        json_decref(l->jobs);
        return r;
}

int verb_list(Cli *cli, int argc, char **argv) {
        static const struct option options[] = {
                { "all", no_argument, NULL, 'a' },         { "user", required_argument, NULL, 'u' },
                { "state", required_argument, NULL, 's' }, { "limit", required_argument, NULL, 'n' },
                { "full-id", no_argument, NULL, 'F' },     CLI_COMMON_OPTIONS,
        };
        List l = { .cli = cli, .limit = UINT64_MAX, .ended_limit = ENDED_DEFAULT };
        int c, r;

        while ((c = getopt_long(argc, argv, ":au:s:n:", options, NULL)) >= 0) {
                r = -1;
                switch (c) {
                case 'a':
                        l.all = true;
                        break;
                case 'u':
                        l.user = optarg;
                        break;
                case 's':
                        r = add_state(&l, optarg);
                        if (r != 0)
                                return r;
                        break;
                case 'n':
                        if (parse_u64(optarg, 1, UINT32_MAX, &l.limit) < 0)
                                return cli_fail(CLI_EXIT_USAGE, "--limit needs a number of jobs, at least 1, not '%s'",
                                                optarg);
                        break;
                case 'F':
                        l.full_id = true;
                        break;
                default:
                        r = cli_common_option(cli, argv[0], c, argv);
                        if (r >= 0)
                                return r;
                }
        }
        if (optind < argc)
                return cli_fail(CLI_EXIT_USAGE, "'morf list' takes no argument; 'morf show %s' shows one job",
                                argv[optind]);
        if (l.user && !name_is_user(l.user))
                return cli_fail(CLI_EXIT_USAGE, "'%s' is not the name of an account", l.user);
        if (l.all || l.limit != UINT64_MAX)
                l.ended_limit = UINT64_MAX;
        r = cli_open(cli);
        return r != 0 ? r : collect_and_print(&l);
}
