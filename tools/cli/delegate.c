/* SPDX-License-Identifier: MIT */

/*
 * Verbs that other programs do: the validator and the generator of course data.
 */

#include "tools/cli/verbs.h"

static int run_helper(const char *name, char *const *argv) {
        _cleanup_free_ char *path = cli_helper_path(name);

        if (!path)
                return cli_fail_errno(-ENOMEM, "cannot go on");
        execv(path, argv);
        return cli_fail(CLI_EXIT_SYSTEM, "cannot run %s: %s", path, strerrordesc_np(errno));
}

int verb_check(Cli *cli, int argc, char **argv) {
        static const struct option options[] = { CLI_COMMON_OPTIONS };
        char name[] = "morf-intake", option_check[] = "--check", option_json[] = "--json";
        int c, r;

        while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
                r = cli_common_option(cli, argv[0], c, argv);
                if (r >= 0)
                        return r;
        }
        if (argc - optind != 1) {
                cli_fail(CLI_EXIT_USAGE, "'morf check' takes one job file, job zip or directory");
                cli_hint("Attachments are looked for beside the job file.");
                return CLI_EXIT_USAGE;
        }
        return run_helper(name,
                          (char *const[]){ name, option_check, argv[optind], cli->json ? option_json : NULL, NULL });
}

int verb_synth(Cli *cli, int argc, char **argv) {
        char name[] = "morf-synth";

        (void) cli;
        (void) argc;
        argv[0] = name;
        return run_helper(name, argv);
}
