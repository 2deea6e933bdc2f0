/* SPDX-License-Identifier: MIT */
#include "tools/cli/verbs.h"

#include "spool/keys.h"
#include "spool/base/parse.h"
#include "tools/cli/grid.h"

#define EVERYBODY "everybody"
#define OWNER "the owner of the job and operators"

static const Verb verbs[] = {
        { "submit", "morf submit [--wait] [--user NAME] FILE|DIRECTORY [ATTACHMENT...]", "hand in a job",
          "  -w, --wait           wait until the job has ended, showing its progress, then its result\n"
          "      --timeout SPAN   with --wait: give up waiting after so long (90s, 10m, 2h); the job goes on\n"
          "  -u, --user NAME      as root: hand in for this account\n"
          "      --no-check       do not check the job first\n"
          "\n"
          "The job is a job file (*.cfg, or *.config of MORF 2.0), a job zip or a directory with a job file. Files that the job file names and "
          "that\n"
          "lie beside it are handed in with it; others are given as ATTACHMENT. It is checked before anything is "
          "copied.\n"
          "Exit status: 0 handed in (with --wait: done), 1 refused, failed or cancelled.\n",
          "members of the group morf-submit with an account; root with --user", verb_submit },
        { "list", "morf list [--all] [--user NAME] [--state STATE] [--limit N]", "show jobs, those that go on first",
          "  -a, --all            every ended job, not the newest 20\n"
          "  -u, --user NAME      only jobs of this account\n"
          "  -s, --state STATE    only jobs in this state; may be given several times; 'active' and 'ended' stand for "
          "groups\n"
          "  -n, --limit N        at most N jobs\n"
          "      --full-id        whole ids, not their beginnings\n",
          EVERYBODY ", own jobs; operators, all", verb_list },
        { "show", "morf show ID", "all about a job, with its result",
          "  An id may be shortened as long as it fits one job.\n", OWNER, verb_show },
        { "why", "morf why ID", "the one reason why a job is where it is",
          "  Prints one or two sentences; exit status 0.\n", OWNER, verb_why },
        { "log", "morf log [-f] [-n N] [-o FORMAT] ID", "the messages of a job in the journal",
          "  -f, --follow         go on with new messages until the job ends\n"
          "  -n, --lines N        only the newest N messages\n"
          "  -o, --output FORMAT  short (default), or json: one journal entry a line\n"
          "  -D, --directory DIR  read the journal files in this directory\n"
          "\n"
          "Only messages of root and of morf's own services are shown: anybody could send others under the name of a "
          "job.\n",
          "operators who may read the journal (group systemd-journal)", verb_log },
        { "cancel", "morf cancel [--no-wait] ID...", "end jobs",
          "      --no-wait        do not wait for the effect\n"
          "\nWhat the job made so far is kept for the operator; nothing is released.\n",
          OWNER, verb_control },
        { "hold", "morf hold [--no-wait] ID...", "keep jobs in the queue from starting",
          "      --no-wait        do not wait for the effect\n", OWNER, verb_control },
        { "release", "morf release [--no-wait] ID...", "let held jobs start",
          "      --no-wait        do not wait for the effect\n", OWNER, verb_control },
        { "retry", "morf retry [--no-wait] ID...", "run failed or cancelled jobs again",
          "      --no-wait        do not wait for the effect\n", OWNER, verb_control },
        { "check", "morf check FILE|DIRECTORY", "check a job without handing it in",
          "  Prints OK, or what is wrong, with file, line and hint. Exit status: that of morf-intake, 0 right, 65 "
          "wrong.\n",
          EVERYBODY, verb_check },
        { "run", "morf run --data DIR [--output DIR] FILE|DIRECTORY [ATTACHMENT...]", "try a job on this machine",
          "  -d, --data DIR       course data that 'morf synth' made; may be given several times\n"
          "  -o, --output DIR     where the results go, by default morf-run-NAME\n"
          "      --keep           keep the directory of the job there: inputs, outputs, plan\n"
          "      --not-private    the data is not from 'morf synth', and may be seen by whoever sees this\n"
          "\n"
          "What the server does with a job, without the server: the same checks, containers and evaluation, with all that the containers\n"
          "print. Needs docker. Exit status: 0 it runs, 1 the job is at fault, 6 this machine is, 130 interrupted.\n",
          EVERYBODY " who may use docker", verb_run },
        { "verify", "morf verify RECEIPT [FILE...]", "whether a result is one of this server's, unchanged",
          "      --keys DIR       where the server's keys are, by default " KEYS_DIR "\n"
          "\n"
          "Compares each FILE (eval.csv, roc.png, ...) with the digest in the receipt, and the receipt with its signature.\n"
          "Exit status: 0 all is right, 1 something is not, 4 the files are right and the signature was not checked.\n",
          "who may read the key of the server, root and the group morf-eval; without the signature, " EVERYBODY, verb_verify },
        { "synth", "morf synth [OPTION...]", "make synthetic course data to develop a job on",
          "  Runs morf-synth; 'morf synth --help' lists its options.\n", EVERYBODY, verb_synth },
        { "status", "morf status", "whether the service is well",
          "  Exit status, for monitors: 0 well, 1 something needs attention, 2 not running.\n", EVERYBODY,
          verb_status },
        { "user", "morf user add|list|show|set|remove ...", "accounts of researchers",
          "  morf user add NAME --mail A [--mail B] [--grant COURSE]... | --grant-all [--ssh-key FILE|'ssh-ed25519 "
          "...']\n"
          "                                 make an account; with a key one that comes by SFTP only\n"
          "  morf user list                 all accounts\n"
          "  morf user show NAME            one of them\n"
          "  morf user set NAME [--mail A]... [--grant COURSE]... [--grant-all] [--grant-none] [--ssh-key KEY]...\n"
          "                     [--active N] [--allow-labels|--forbid-labels] [--enable|--disable]\n"
          "                                 change what is given\n"
          "  morf user remove NAME [--purge]                           end the account; with --purge its jobs too\n"
          "\n"
          "  --mail, --grant and --ssh-key may be given several times and replace what there was.\n"
          "  --allow-labels: jobs of the account may call extract_session(labels=True).\n",
          "root", verb_user },
};

const Verb *verbs_at(size_t i) {
        return i < ELEMENTSOF(verbs) ? &verbs[i] : NULL;
}

const Verb *verbs_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, name))
                        return &verbs[i];
        return NULL;
}

static int short_help(void) {
        printf("morf - run jobs on course data that nobody may see\n\n"
               "Usage: morf [OPTION...] VERB [ARGUMENT...]\n\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
        printf("  %-9s help on a verb\n\n"
               "Options, before or behind the verb:\n"
               "      --json           answer in JSON, with the keys that morf(1) lists\n"
               "      --utc            times in UTC\n"
               "      --spool DIR      another spool directory than the configured one\n"
               "      --help, --version\n\n"
               "'morf help VERB' says more; morf(1) says all.\n",
               "help");
        return CLI_EXIT_OK;
}

int verbs_help(const Cli *cli, const char *name) {
        const char *names[ELEMENTSOF(verbs)], *nearest;
        const Verb *v;

        if (!name)
                return short_help();
        v = verbs_find(name);
        if (!v) {
                for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                        names[i] = verbs[i].name;
                nearest = parse_nearest(name, names, ELEMENTSOF(names));
                cli_fail(CLI_EXIT_USAGE, "unknown verb '%s'%s%s%s", name, nearest ? "; did you mean '" : "",
                         strempty(nearest), nearest ? "'?" : "");
                cli_hint("'morf help' lists the verbs.");
                return CLI_EXIT_USAGE;
        }
        printf("%s%s%s\n\n%s: %s.\n\n%s\nMay be used by: %s.\n", term_on(&cli->term, TERM_BOLD), v->synopsis,
               term_off(&cli->term, TERM_BOLD), v->name, v->summary, v->help, v->who);
        return CLI_EXIT_OK;
}
