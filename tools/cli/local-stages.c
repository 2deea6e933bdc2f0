/* SPDX-License-Identifier: MIT */

/*
 * The stages of a job at home, in the server's order: each is a helper with the server's arguments, or containers.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/engine-input.h"
#include "spool/layout.h"
#include "spool/limits.h"
#include "spool/receipt.h"
#include "tools/cli/local.h"

#define RECORDER "/usr/lib/morf/recorder"
#define BUILD_LOG "build.log"
#define BUILD_LOG_MAX (4u * 1024u * 1024u)
#define NOBODY 65534u

/* ---- intake ---- */

/* As the server has it: an account that owns nothing where one may choose, else the caller. */
static void choose_account(Local *l) {
        const struct passwd *pw = geteuid() == 0 ? getpwnam("morf-job") : NULL;

        l->uid = pw ? pw->pw_uid : geteuid() == 0 ? NOBODY : geteuid();
        l->gid = pw ? pw->pw_gid : geteuid() == 0 ? NOBODY : getegid();
}

static int look_at_manifest(Local *l) {
        _cleanup_fd_ int dir = fd_open_dir_at(l->fd, JOB_DIR_INTAKE);
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        ConfUser user = { .grants = (char *[]){ (char *) "*", NULL }, .enabled = true };
        int r;

        r = dir < 0 ? dir : manifest_read_at(dir, &l->manifest, /* reterr= */ NULL);
        if (r < 0)
                return r;
        if (strv_length(l->manifest.needs) > 0) {
                (void) fault_set(&l->fault, FAULT_ATTACHMENT, l->manifest.needs[0], 0, "the job file names it, and it is not there");
                return LOCAL_E_FAULT;
        }
        l->limits = manifest_limits(&l->manifest.limits, &l->conf.limits.standard);
        /* The engine refuses more than there are; the server has as many as it promises. */
        if (cpus > 0 && l->limits.cpus_milli > (uint64_t) cpus * 1000)
                l->limits.cpus_milli = (uint64_t) cpus * 1000;
        r = courses_for_job(l->data, &user, l->manifest.courses, &l->courses, &l->fault);
        return r == -EBADMSG ? LOCAL_E_FAULT : r;
}

static int do_intake(Local *l) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        local_say(l, "checking the job");
        r = local_fresh_dir(l, JOB_DIR_INTAKE, 0755);
        if (r >= 0)
                r = strv_addf(&argv, "--drop=%s/" JOB_DIR_DROP, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_INTAKE, l->path);
        if (r >= 0)
                r = local_helper(l, "morf-intake", argv, JOB_DIR_INTAKE);
        return r != 0 ? r : look_at_manifest(l);
}

/* ---- the image ---- */

/* What the build of an image printed: on the server nobody sees it but the operator. */
static void show_build_log(const Local *l) {
        _cleanup_fd_ int dir = fd_open_dir_at(l->fd, JOB_DIR_IMAGE);
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (dir >= 0 && fd_read_file_at(dir, BUILD_LOG, BUILD_LOG_MAX, &text, &size) >= 0)
                (void) fd_write_all(l->show, text, size);
}

static int do_image(Local *l) {
        const ManifestImage *image = &l->manifest.image;
        bool archive = image->kind == MANIFEST_IMAGE_ARCHIVE;
        _cleanup_strv_ char **argv = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r;

        local_say(l, archive ? "loading the image" : "building the image");
        r = local_fresh_dir(l, JOB_DIR_IMAGE, 0755);
        if (r >= 0)
                r = strv_add_many(&argv, "prepare", "--engine", engine_command(CONF_ENGINE_DOCKER), "--kind", manifest_image_to_string(image->kind),
                                  "--digest", image->digest, NULL);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_IMAGE, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--log=%s/" JOB_DIR_IMAGE "/" BUILD_LOG, l->path);
        if (r >= 0)
                r = archive ? strv_addf(&argv, "--archive=%s/%s/%s", l->path, manifest_files_dir(&l->manifest), image->file) :
                              strv_addf(&argv, "--context=%s/" JOB_DIR_INTAKE "/context", l->path);
        if (r >= 0 && !archive)
                r = strv_addf(&argv, "--build-network=%s", l->conf.engine.build_network ? "default" : "none");
        if (r >= 0)
                r = local_helper(l, "morf-image", argv, JOB_DIR_IMAGE);
        if (r == LOCAL_E_FAULT && !archive)
                show_build_log(l);
        if (r != 0)
                return r;
        dir = fd_open_dir_at(l->fd, JOB_DIR_IMAGE);
        return dir < 0 ? dir : image_record_read_at(dir, IMAGE_RECORD_FILE, &l->image, /* reterr= */ NULL);
}

/* ---- a run ---- */

static int add_data(const Local *l, char ***argv) {
        int r = 0;

        STRV_FOREACH(root, l->data)
                if (r >= 0)
                        r = strv_addf(argv, "--data=%s", *root);
        return r;
}

static int add_courses(const Local *l, char ***argv) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < l->courses.n; i++)
                r = strv_addf(argv, "--courses=%s", l->courses.items[i].name);
        return r;
}

static int do_data(Local *l) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = local_fresh_dir(l, JOB_DIR_DATA, 0755);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_DATA, l->path);
        if (r >= 0)
                r = add_data(l, &argv);
        if (r >= 0)
                r = add_courses(l, &argv);
        if (r >= 0 && l->conf.test_labels)
                r = strv_add(&argv, "--test-labels");
        return r < 0 ? r : local_helper(l, "morf-stage", argv, NULL);
}

static int do_container(Local *l) {
        _cleanup_strv_ char **tables = NULL, **layers = NULL, **arguments = NULL;
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        LocalContainer c = {
                .label = "001",
                .dir = JOB_DIR_STEPS "/001",
                .limits = &l->limits,
                .profile = l->manifest.profile,
                .mounts = &mounts,
        };
        int r;

        local_say(l, "running the container");
        r = local_fresh_dir(l, JOB_DIR_STEPS, 0711);
        if (r >= 0)
                r = engine_input_tables(l->fd, &tables);
        if (r >= 0)
                r = engine_input_run(l->path, c.dir, &l->courses, tables, &mounts, &layers);
        if (r >= 0)
                r = engine_input_run_arguments(&l->manifest, &arguments);
        if (r < 0)
                return r;
        c.layers = layers;
        c.arguments = arguments;
        return local_container(l, &c);
}

static int do_collect(Local *l) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = local_fresh_dir(l, JOB_DIR_RESULT, 0755);
        if (r >= 0)
                r = strv_addf(&argv, "--output=%s/" JOB_DIR_STEPS "/001/output", l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_RESULT, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--max-bytes=%" PRIu64, l->limits.output);
        if (r >= 0)
                r = strv_addf(&argv, "--max-files=%u", LIMIT_DROP_ENTRIES);
        if (r >= 0)
                r = strv_add(&argv, "--expect=output.csv");
        return r < 0 ? r : local_helper(l, "morf-collect", argv, JOB_DIR_RESULT);
}

static int do_evaluate(Local *l) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        local_say(l, "evaluating the predictions");
        r = local_fresh_dir(l, JOB_DIR_EVAL, 0755);
        if (r >= 0)
                r = strv_addf(&argv, "--in=%s/" JOB_DIR_SEALED, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_EVAL, l->path);
        return r < 0 ? r : local_helper(l, "morf-evaluate", argv, JOB_DIR_EVAL);
}

/* ---- a workflow ---- */

static char *controller_path(const Local *l) {
        return local_path(l, "%s/%s", manifest_files_dir(&l->manifest), l->manifest.controller);
}

static int do_record(Local *l) {
        _cleanup_free_ char *controller = NULL;
        _cleanup_engine_mounts_ EngineMounts mounts = {};
        _cleanup_strv_ char **arguments = NULL;
        LocalContainer c = {
                .label = "record",
                .dir = JOB_DIR_RECORD,
                .limits = &engine_input_record_limits,
                .profile = MANIFEST_PROFILE_STRICT, /* whatever the job's is */
                .mounts = &mounts,
                .entrypoint = "python3",
                .controller = true,
        };
        int r;

        if (!l->manifest.controller)
                return 0;
        local_say(l, "reading the controller");
        controller = controller_path(l);
        if (!controller)
                return -ENOMEM;
        /* A copy of ours, for who runs in the container to read. */
        if (chmod(controller, 0644) < 0)
                return negative_errno();
        r = engine_input_record(RECORDER, controller, &mounts);
        if (r >= 0)
                r = engine_input_record_arguments(l->user, &l->manifest, &arguments);
        if (r < 0)
                return r;
        c.arguments = arguments;
        return local_container(l, &c);
}

static int do_plan(Local *l) {
        static const char *const dirs[] = { JOB_DIR_STEPS, JOB_DIR_WORK, JOB_DIR_PLAN, "cache", "cache/raw", "cache/steps", "cache/features" };
        _cleanup_strv_ char **argv = NULL;
        _cleanup_fd_ int dir = -EBADF;
        int r = 0;

        local_say(l, "planning the steps");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(dirs); i++)
                r = local_fresh_dir(l, dirs[i], 0755);
        if (r >= 0)
                r = strv_addf(&argv, "--manifest=%s/" JOB_DIR_INTAKE, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_PLAN, l->path);
        if (r >= 0)
                r = l->manifest.controller ? strv_addf(&argv, "--record=%s/" JOB_DIR_RECORD "/output", l->path) : strv_add(&argv, "--record=-");
        if (r >= 0)
                r = add_data(l, &argv);
        if (r >= 0)
                r = add_courses(l, &argv);
        /* Whether an account may is not known here. */
        if (r >= 0)
                r = strv_add(&argv, "--labels-allowed");
        if (r >= 0)
                r = local_helper(l, "morf-plan", argv, JOB_DIR_PLAN);
        if (r != 0)
                return r;
        dir = fd_open_dir_at(l->fd, JOB_DIR_PLAN);
        return dir < 0 ? dir : plan_read_at(dir, &l->plan, /* reterr= */ NULL);
}

static int do_evaluate_workflow(Local *l) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = local_fresh_dir(l, JOB_DIR_RESULT, 0755);
        if (r >= 0)
                r = local_fresh_dir(l, JOB_DIR_EVAL, 0755);
        if (r < 0 || l->plan.evaluation.kind == PLAN_EVALUATION_NONE)
                return r;
        local_say(l, "evaluating the predictions");
        r = strv_add(&argv, "--workflow");
        if (r >= 0)
                r = strv_addf(&argv, "--plan=%s/" JOB_DIR_PLAN, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--work=%s/" JOB_DIR_WORK, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_EVAL, l->path);
        if (r >= 0)
                r = strv_add(&argv, "--min-cell=0");
        if (r >= 0)
                r = strv_add(&argv, "--round-counts=0");
        if (r >= 0 && l->manifest.partial)
                r = strv_add(&argv, "--partial");
        if (r >= 0)
                r = add_data(l, &argv);
        return r < 0 ? r : local_helper(l, "morf-evaluate", argv, JOB_DIR_EVAL);
}

/* ---- the gate ---- */

/* What the receipt says of the job; there is no key here to sign it with. */
static int write_facts(const Local *l) {
        char received[TIME_STRING_MAX], tool[] = "morf " MORF_VERSION;
        _cleanup_fd_ int release = fd_open_dir_at(l->fd, JOB_DIR_RELEASE);
        Receipt facts = RECEIPT_INIT;

        if (release < 0)
                return release;
        /* Borrowed: nothing of it is released. */
        facts.tool = tool;
        facts.job = (char *) l->id.text;
        facts.user = (char *) l->user;
        facts.name = l->manifest.name;
        facts.mode = (char *) manifest_mode_to_string(l->manifest.mode);
        facts.configuration = l->manifest.drop_digest;
        facts.image = l->image.id;
        facts.received = (char *) time_format_utc(l->begun, received);
        facts.usage = l->usage;
        return json_record_publish_at(&receipt_table, &facts, release, RECEIPT_FACTS_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

/* Nobody is in synthetic data, of which there is little: no count of it is too small to be told. */
static int do_gate(Local *l) {
        _cleanup_free_ char *controller = NULL;
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = local_fresh_dir(l, JOB_DIR_RELEASE, 0755);
        if (r >= 0)
                r = write_facts(l);
        if (r >= 0)
                r = strv_addf(&argv, "--in=%s/" JOB_DIR_EVAL, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--out=%s/" JOB_DIR_RELEASE, l->path);
        if (r >= 0)
                r = strv_addf(&argv, "--digits=%u", l->conf.release.digits);
        if (r >= 0)
                r = strv_add(&argv, "--min-cell=0");
        if (r >= 0)
                r = strv_add(&argv, "--round-counts=0");
        if (r >= 0)
                r = add_courses(l, &argv);
        if (r >= 0 && l->manifest.mode == MANIFEST_MODE_WORKFLOW)
                r = strv_addf(&argv, "--plan=%s/" JOB_DIR_PLAN, l->path);
        if (r >= 0 && l->manifest.mode == MANIFEST_MODE_WORKFLOW && l->plan.evaluation.kind == PLAN_EVALUATION_NONE)
                r = strv_add(&argv, "--no-evaluation");
        if (r >= 0 && l->manifest.controller) {
                controller = controller_path(l);
                r = controller ? strv_add_many(&argv, "--controller", controller, NULL) : -ENOMEM;
        }
        return r < 0 ? r : local_helper(l, "morf-gate", argv, JOB_DIR_RELEASE);
}

typedef int (*Stage)(Local *l);

static const Stage stages[_MANIFEST_MODE_MAX][8] = {
        [MANIFEST_MODE_RUN] = { do_data, do_container, do_collect, do_evaluate, do_gate },
        [MANIFEST_MODE_WORKFLOW] = { do_record, do_plan, local_steps, do_evaluate_workflow, do_gate },
};

int local_run(Local *l) {
        int r;

        l->begun = time_now_realtime();
        choose_account(l);
        r = do_intake(l);
        if (r == 0)
                r = do_image(l);
        for (const Stage *s = stages[l->manifest.mode]; r == 0 && *s; s++)
                r = (*s)(l);
        return r;
}
