/* SPDX-License-Identifier: MIT */
/*
 * morf-image: gets the image of a job ready in the container engine. It runs in the engine's unit and is, with
 * morf-capture, the only program that reaches the engine's socket.
 */

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>

#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/socket-get.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "spool/helper.h"
#include "spool/limits.h"
#include "tools/image/engine.h"
#include "tools/image/prepare.h"

static const char *arg_engine, *arg_kind, *arg_digest, *arg_archive, *arg_context, *arg_out, *arg_log,
        *arg_build_network, *arg_memory, *arg_cpus, *arg_cgroup_parent, *arg_store, *arg_socket;
static char **arg_labels;
static bool arg_engine_version;

static void help(void) {
        printf("morf-image prepare --engine FILE --kind KIND --digest HEX --out DIR [OPTION...]\n\n"
               "Makes sure that the container engine has the image of a job, without giving it a name, and writes\n"
               "image.json, or fault.json, to DIR.\n\n"
               "  --engine FILE         the engine's command line: /usr/bin/docker or /usr/bin/podman\n"
               "  --kind KIND           archive or dockerfile\n"
               "  --digest HEX          archive: the image's id; dockerfile: the digest of the context\n"
               "  --archive FILE        the docker save archive\n"
               "  --context DIR         the directory with the Dockerfile\n"
               "  --out DIR             where the results go\n"
               "  --log FILE            where the output of a build goes, its beginning and end\n"
               "  --label KEY=VALUE     label of an image that is built; may be given several times\n"
               "  --build-network NAME  none (default) or default: the network of build containers\n"
               "  --memory SIZE         memory limit of build containers, like 2G\n"
               "  --cpus-milli N        thousandths of a processor for build containers\n"
               "  --cgroup-parent NAME  slice of build containers\n"
               "  --store DIR           where to remember what was built, so that it is not built again\n"
               "  --engine-socket PATH  where the engine must answer\n"
               "  --engine-version      note the version of the engine in image.json\n"
               "  --help                show this text\n"
               "  --version             show the version\n\n"
               "Exit status: 0 success, 65 the image is wrong, 75 try again, 252 the engine does not answer,\n"
               "2 wrong usage.\n");
}

static int usage(const char *complaint) {
        fprintf(stderr, "morf-image: %s; try 'morf-image --help'\n", complaint);
        return HELPER_EXIT_USAGE;
}

/* Options that just take a string. */
static const struct {
        const char *name;
        const char **value;
} strings[] = {
        { "engine", &arg_engine },
        { "kind", &arg_kind },
        { "digest", &arg_digest },
        { "archive", &arg_archive },
        { "context", &arg_context },
        { "out", &arg_out },
        { "log", &arg_log },
        { "build-network", &arg_build_network },
        { "memory", &arg_memory },
        { "cpus-milli", &arg_cpus },
        { "cgroup-parent", &arg_cgroup_parent },
        { "store", &arg_store },
        { "engine-socket", &arg_socket },
};

/* Return: -1 to go on, or an exit status. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_LABEL = 256, OPTION_HELP, OPTION_VERSION, OPTION_ENGINE_VERSION, OPTION_STRING };
        struct option options[ELEMENTSOF(strings) + 5] = {
                { "label", required_argument, NULL, OPTION_LABEL },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
                { "engine-version", no_argument, NULL, OPTION_ENGINE_VERSION },
        };
        int c;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                options[4 + i] = (struct option){ strings[i].name, required_argument, NULL, OPTION_STRING + (int) i };
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c >= OPTION_STRING) {
                        *strings[c - OPTION_STRING].value = optarg;
                        continue;
                }
                switch (c) {
                case OPTION_LABEL:
                        if (!strchr(optarg, '=') || !name_is_argument_value(optarg) || optarg[0] == '-')
                                return usage("--label wants KEY=VALUE");
                        if (strv_add(&arg_labels, optarg) < 0)
                                return FAULT_EXIT_TEMPORARY;
                        break;
                case OPTION_ENGINE_VERSION:
                        arg_engine_version = true;
                        break;
                case OPTION_HELP:
                        help();
                        return 0;
                case OPTION_VERSION:
                        printf("morf-image %s\n", MORF_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "morf-image: try 'morf-image --help'\n");
                        return HELPER_EXIT_USAGE;
                }
        }
        if (argc - optind != 1 || !streq(argv[optind], "prepare"))
                return usage("the verb 'prepare' is needed, and nothing else without an option");
        return -1;
}

/* Checks what was given and fills o but for its descriptors. Return: -1 to go on, or an exit status. */
static int take_options(PrepareOptions *o) {
        if (!arg_engine || !arg_kind || !arg_digest || !arg_out)
                return usage("--engine, --kind, --digest and --out are needed");
        if (arg_engine[0] != '/')
                return usage("--engine wants an absolute path");
        o->kind = manifest_image_from_string(arg_kind);
        if ((int) o->kind < 0)
                return usage("--kind is archive or dockerfile");
        if (!digest_is_valid(arg_digest))
                return usage("--digest wants 64 hex digits");
        if (o->kind == MANIFEST_IMAGE_ARCHIVE ? !arg_archive : !arg_context)
                return usage(o->kind == MANIFEST_IMAGE_ARCHIVE ? "--archive is needed" : "--context is needed");
        if (arg_build_network && !streq(arg_build_network, "none") && !streq(arg_build_network, "default"))
                return usage("--build-network is none or default");
        if (arg_memory &&
            (parse_size(arg_memory, &o->memory) < 0 || o->memory < LIMIT_MEMORY_MIN || o->memory > LIMIT_MEMORY_MAX))
                return usage("--memory wants a size like 2G");
        if (arg_cpus && parse_u64(arg_cpus, LIMIT_CPUS_MILLI_MIN, LIMIT_CPUS_MILLI_MAX, &o->cpus_milli) < 0)
                return usage("--cpus-milli wants a number of thousandths");
        if (arg_cgroup_parent && !endswith(arg_cgroup_parent, ".slice"))
                return usage("--cgroup-parent wants the name of a slice");
        o->engine = arg_engine;
        o->socket = arg_socket;
        o->digest = arg_digest;
        o->context = arg_context;
        o->labels = arg_labels;
        o->build_network = arg_build_network && streq(arg_build_network, "default");
        o->cgroup_parent = arg_cgroup_parent;
        o->out = arg_out;
        return -1;
}

/* Opens what the options name. Return: 0 or a negative errno, which is logged. */
static int open_all(PrepareOptions *o) {
        o->out_fd = helper_open_dir(arg_out);
        if (o->out_fd < 0)
                return o->out_fd;
        if (o->kind == MANIFEST_IMAGE_ARCHIVE) {
                o->archive_fd = open(arg_archive, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
                if (o->archive_fd < 0)
                        return log_error_errno(errno, "cannot open the archive '%s'", arg_archive);
        } else {
                o->context_fd = helper_open_dir(arg_context);
                if (o->context_fd < 0)
                        return o->context_fd;
        }
        if (arg_store) {
                o->store_fd = helper_open_dir(arg_store);
                if (o->store_fd < 0)
                        return o->store_fd;
        }
        if (arg_log) {
                o->log_fd = open(arg_log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                 0640);
                if (o->log_fd < 0)
                        return log_error_errno(errno, "cannot open the log '%s'", arg_log);
        }
        return 0;
}

static void close_all(PrepareOptions *o) {
        fd_close(o->archive_fd);
        fd_close(o->context_fd);
        fd_close(o->log_fd);
        fd_close(o->store_fd);
        fd_close(o->out_fd);
}

/* An engine that is busy answers this question at once; one that takes longer hangs. */
#define ANSWER_USEC (10 * USEC_PER_SEC)

static bool engine_answers(void) {
        int r = arg_socket ? socket_get(arg_socket, "/_ping", ANSWER_USEC, /* ret_body= */ NULL) : 200;

        if (r == 200)
                return true;
        if (r < 0)
                log_warning_errno(r, "the container engine does not answer");
        else
                log_warning("the container engine answers with status %d", r);
        return false;
}

static int run(PrepareOptions *o) {
        static const char *const results[] = { IMAGE_RECORD_FILE, "image.id", NULL };
        _cleanup_image_record_ ImageRecord record = {};
        _cleanup_fault_ Fault f = {};
        int r;

        if (!engine_answers())
                return EXIT_STATUS_ENGINE_DOWN;
        r = open_all(o);
        if (r < 0)
                return FAULT_EXIT_TEMPORARY;
        r = helper_clear(o->out_fd, results);
        if (r >= 0)
                r = prepare_image(o, &record, &f);
        if (r >= 0 && arg_engine_version)
                r = engine_version(o->engine, &record.engine_version);
        if (r >= 0)
                r = image_record_write_at(o->out_fd, IMAGE_RECORD_FILE, &record);
        if (r < 0 && r != -EBADMSG && !engine_answers())
                return EXIT_STATUS_ENGINE_DOWN; /* it went away meanwhile */
        return helper_finish(o->out_fd, r < 0 ? r : 0, &f);
}

static int work(int argc, char *argv[]) {
        _cleanup_(close_all) PrepareOptions o = {
                .archive_fd = -EBADF,
                .context_fd = -EBADF,
                .log_fd = -EBADF,
                .store_fd = -EBADF,
                .out_fd = -EBADF,
        };
        int status;

        (void) signal(SIGPIPE, SIG_IGN);
        status = parse_argv(argc, argv);
        if (status < 0)
                status = take_options(&o);
        if (status < 0)
                status = run(&o);
        strv_free(arg_labels);
        return status;
}

int main(int argc, char *argv[]) {
        return helper_main("morf-image", argc, argv, work);
}
