/* SPDX-License-Identifier: MIT */

/*
 * morf(1): hands in jobs, shows them and their results, asks the daemon for things, keeps the accounts.
 */

#include <locale.h>

#include "tools/cli/verbs.h"

static int run(Cli *cli, int argc, char **argv) {
        static const struct option options[] = { CLI_COMMON_OPTIONS };
        const Verb *v;
        int c, r;

        /* '+': options behind the verb are the verb's. */
        while ((c = getopt_long(argc, argv, "+:h", options, NULL)) >= 0) {
                r = cli_common_option(cli, NULL, c == 'h' ? CLI_OPTION_HELP : c, argv);
                if (r >= 0)
                        return r;
        }
        argc -= optind;
        argv += optind;
        if (argc == 0)
                return verbs_help(cli, NULL);
        if (streq(argv[0], "help"))
                return verbs_help(cli, argc > 1 ? argv[1] : NULL);
        v = verbs_find(argv[0]);
        if (!v)
                return verbs_help(cli, argv[0]);
        optind = 0;
        return v->run(cli, argc, argv);
}

int main(int argc, char **argv) {
        _cleanup_cli_ Cli cli = { .spool = SPOOL_EMPTY, .jobs = JOBS_EMPTY };
        int r;

        setlocale(LC_ALL, "");
        /* Numbers in tables stay readable for programs. */
        setlocale(LC_NUMERIC, "C");
        opterr = 0;
        if (cli_init(&cli) < 0)
                return cli_fail(CLI_EXIT_SYSTEM, "out of memory");
        r = run(&cli, argc, argv);
        if (fflush(stdout) == EOF && r == CLI_EXIT_OK)
                return cli_fail(CLI_EXIT_SYSTEM, "cannot write the answer: %s", strerrordesc_np(errno));
        return r;
}
