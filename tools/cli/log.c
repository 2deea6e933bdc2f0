/* SPDX-License-Identifier: MIT */
#include <systemd/sd-journal.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "tools/cli/journal.h"
#include "tools/cli/verbs.h"

#define WAIT_USEC USEC_PER_SEC

typedef struct Log {
        Cli *cli;
        bool follow, json;
        uint64_t lines; /* UINT64_MAX: all */
        const char *directory;
        Id id;
        sd_journal *journal;
        uint64_t shown;
} Log;

/* The field of the current entry without its name. Return: a fresh string, or NULL. */
static char *get(sd_journal *j, const char *field) {
        const void *data;
        size_t size, skip = strlen(field) + 1;

        if (sd_journal_get_data(j, field, &data, &size) < 0 || size < skip)
                return NULL;
        return strndup((const char *) data + skip, size - skip);
}

static bool entry_is_trusted(sd_journal *j) {
        _cleanup_free_ char *uid = get(j, "_UID"), *unit = get(j, "_SYSTEMD_UNIT");

        return journal_is_trusted(uid, unit);
}

static void print_short(Log *l) {
        sd_journal *j = l->journal;
        _cleanup_free_ char *message = get(j, "MESSAGE"), *unit = get(j, "_SYSTEMD_UNIT"),
                            *priority = get(j, "PRIORITY");
        _cleanup_free_ char *safe = term_safe(&l->cli->term, message), *label = journal_label(unit);
        const Term *t = &l->cli->term;
        char when[TIME_STRING_MAX];
        uint64_t usec = 0, level = 6;
        TermColour colour;

        (void) sd_journal_get_realtime_usec(j, &usec);
        if (priority)
                (void) parse_u64(priority, 0, 7, &level);
        colour = level <= 3 ? TERM_RED : level == 4 ? TERM_YELLOW : level == 7 ? TERM_DIM : TERM_PLAIN;
        printf("%s %s%s%s: %s%s%s\n", term_time(t, usec, when), term_on(t, TERM_BOLD), strempty(label),
               term_off(t, TERM_BOLD), term_on(t, colour), strempty(safe), term_off(t, colour));
}

static void print_json(sd_journal *j) {
        _cleanup_json_ json_t *object = json_object();
        const void *data;
        uint64_t usec = 0;
        size_t size;

        (void) sd_journal_get_realtime_usec(j, &usec);
        json_object_set_new(object, "__REALTIME_TIMESTAMP", json_integer((json_int_t) usec));
        SD_JOURNAL_FOREACH_DATA(j, data, size) {
                const char *eq = memchr(data, '=', size);
                _cleanup_free_ char *name = eq ? strndup(data, (size_t) (eq - (const char *) data)) : NULL;
                size_t n = eq ? size - (size_t) (eq + 1 - (const char *) data) : 0;

                if (!name)
                        continue;
                if (name_is_utf8(eq + 1, n))
                        json_object_set_new(object, name, json_stringn(eq + 1, n));
                else {
                        _cleanup_free_ char *escaped = name_escape(eq + 1, n, TERM_TEXT_MAX);

                        json_object_set_new(object, name, json_string(strempty(escaped)));
                }
        }
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
}

/* Prints the entries from here to the end. Return: 0 or a negative errno. */
static int print_rest(Log *l) {
        int r;

        while ((r = sd_journal_next(l->journal)) > 0) {
                if (!entry_is_trusted(l->journal))
                        continue;
                l->shown++;
                if (l->json)
                        print_json(l->journal);
                else
                        print_short(l);
        }
        fflush(stdout);
        return r;
}

/* Goes to before the first entry that is to be printed. */
static int seek(Log *l) {
        uint64_t n = 0;
        int r;

        if (l->lines == UINT64_MAX)
                return sd_journal_seek_head(l->journal);
        r = sd_journal_seek_tail(l->journal);
        while (r >= 0 && (r = sd_journal_previous(l->journal)) > 0)
                if (entry_is_trusted(l->journal) && ++n > l->lines)
                        return 0;
        return r < 0 ? r : sd_journal_seek_head(l->journal);
}

static int follow(Log *l) {
        bool ended = false;
        int r;

        for (;;) {
                _cleanup_record_ Record record = {};
                bool last = ended;

                r = jobs_read(&l->cli->jobs, l->id.text, &record, NULL, NULL);
                ended = r == 0 ? job_state_is_final(record.state) : r == -ENOENT;
                r = sd_journal_wait(l->journal, WAIT_USEC);
                if (r < 0)
                        return r;
                r = print_rest(l);
                if (r < 0)
                        return r;
                /* Once more after the end: the journal may be a moment behind. */
                if (last)
                        return 0;
        }
}

static int show(Log *l) {
        _cleanup_free_ char *match = NULL;
        int r;

        r = l->directory ? sd_journal_open_directory(&l->journal, l->directory, 0)
                         : sd_journal_open(&l->journal, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return cli_fail_errno(r, "cannot open the journal");
        if (asprintf(&match, "MORF_JOB=%s", l->id.text) < 0) {
                match = NULL;
                return cli_fail_errno(-ENOMEM, "cannot go on");
        }
        r = sd_journal_add_match(l->journal, match, 0);
        if (r >= 0)
                r = seek(l);
        if (r >= 0)
                r = print_rest(l);
        if (r >= 0 && l->follow)
                r = follow(l);
        if (r < 0)
                return cli_fail_errno(r, "cannot read the journal");
        if (l->shown == 0) {
                cli_note("the journal has no message of job %s that you may read", l->id.text);
                if (l->cli->uid != 0)
                        cli_hint("Members of the group systemd-journal may read all; 'morf show %.*s' and 'morf why "
                                 "%.*s' need no journal.",
                                 (int) ID_SHORT_LENGTH, l->id.text, (int) ID_SHORT_LENGTH, l->id.text);
        }
        return CLI_EXIT_OK;
}

int verb_log(Cli *cli, int argc, char **argv) {
        static const struct option options[] = {
                { "follow", no_argument, NULL, 'f' },       { "lines", required_argument, NULL, 'n' },
                { "output", required_argument, NULL, 'o' }, { "directory", required_argument, NULL, 'D' },
                CLI_COMMON_OPTIONS,
        };
        Log l = { .cli = cli, .lines = UINT64_MAX };
        int c, r;

        while ((c = getopt_long(argc, argv, ":fn:o:D:", options, NULL)) >= 0)
                switch (c) {
                case 'f':
                        l.follow = true;
                        break;
                case 'n':
                        if (parse_u64(optarg, 0, UINT32_MAX, &l.lines) < 0)
                                return cli_fail(CLI_EXIT_USAGE, "--lines needs a number, not '%s'", optarg);
                        break;
                case 'o':
                        if (!streq(optarg, "json") && !streq(optarg, "short"))
                                return cli_fail(CLI_EXIT_USAGE, "--output is short or json, not '%s'", optarg);
                        l.json = streq(optarg, "json");
                        break;
                case 'D':
                        l.directory = optarg;
                        break;
                default:
                        r = cli_common_option(cli, argv[0], c, argv);
                        if (r >= 0)
                                return r;
                }
        if (argc - optind != 1) {
                cli_fail(CLI_EXIT_USAGE, "'morf log' takes one job id");
                cli_hint("'morf list' shows the ids.");
                return CLI_EXIT_USAGE;
        }
        l.json = l.json || cli->json;
        r = cli_find_job(cli, argv[optind], &l.id);
        if (r == 0)
                r = show(&l);
        sd_journal_close(l.journal);
        return r;
}
