/* SPDX-License-Identifier: MIT */

/*
 * One stage as morfd runs them: the sandbox of a helper or of what is watched from outside, its input and output bound, paths hidden,
 * an exit record written and synced by itself or by a program behind it. Prints the microseconds from the call to the manager until
 * the unit is gone and its record is read.
 *
 *         drive-stage helper|marked DIR    DIR: an empty directory, for the output and the record; root, with the package installed
 *         drive-stage                      the helper: does nothing, and leaves its record
 *
 * It must lie below /usr, which is all that its other self can see.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/id.h"
#include "spool/base/log.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "spool/helper.h"
#include "units/manager.h"
#include "units/name.h"

typedef struct Drive {
        UnitManager *manager;
        sd_event *event;
        const char *dir;
        bool marked;
        uint64_t begun;
} Drive;

static int nothing(_unused_ int argc, _unused_ char *argv[]) {
        return 0;
}

/* By morf-exitmark, as behind a container. */
static int add_mark(UnitPlan *p, const Drive *d) {
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/true", NULL });
        return unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0,
                                  (const char *const[]){ "/usr/libexec/morf/morf-exitmark", "--out", d->dir, "--name", "bench-1", NULL });
}

/* By itself, as helpers do: see daemon/stage-parts.c. */
static int add_own_record(UnitPlan *p, const Drive *d) {
        _cleanup_free_ char *file = NULL;
        _cleanup_fd_ int fd = -EBADF;
        const struct passwd *pw = getpwnam("morf-eval");

        if (!pw || asprintf(&file, "%s/bench-1.json", d->dir) < 0) {
                file = NULL;
                return -ENOMEM;
        }
        fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        if (fd < 0 || fchown(fd, pw->pw_uid, (gid_t) -1) < 0)
                return negative_errno();
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ program_invocation_name, NULL });
        (void) unit_plan_add_environment(p, HELPER_RECORD_VARIABLE, "/run/morf/exit");
        return unit_plan_add_bind(p, file, "/run/morf/exit", true);
}

static UnitPlan *make_plan(const Drive *d) {
        char name[UNIT_NAME_SIZE];
        UnitPlan *p;
        Id id;

        if (id_new(&id) < 0 || unit_name_service(id.text, "bench", 1, name) < 0)
                return NULL;
        p = unit_plan_new(name, "morf benchmark", SANDBOX_HELPER);
        if (!p)
                return NULL;
        (void) unit_plan_set_slice(p, "morf-jobs.slice");
        (void) unit_plan_set_user(p, "morf-eval", "morf-eval");
        if ((d->marked ? add_mark(p, d) : add_own_record(p, d)) < 0)
                return unit_plan_free(p);
        (void) unit_plan_add_bind(p, "/etc", "/run/morf/in", false);
        (void) unit_plan_add_bind(p, d->dir, "/run/morf/out", true);
        (void) unit_plan_add_hidden(p, "/var/spool/morf");
        (void) unit_plan_add_hidden(p, "/etc/morf");
        (void) unit_plan_add_hidden(p, "/var/lib/morf");
        (void) unit_plan_add_log_field(p, "MORF_JOB", id.text);
        return p;
}

static void on_started(void *userdata, const char *unit, int result, const char *message) {
        Drive *d = userdata;

        if (result < 0) {
                fprintf(stderr, "%s did not start: %s\n", unit, message);
                sd_event_exit(d->event, 1);
        }
}

static void on_gone(void *userdata, _unused_ const char *unit) {
        ExitRecord record = EXIT_RECORD_INIT;
        Drive *d = userdata;
        int dir, r;

        dir = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = dir < 0 ? dir : exit_record_read_at(dir, "bench-1", &record, NULL);
        if (r >= 0)
                printf("%" PRIu64 "\n", time_now_boottime() - d->begun);
        sd_event_exit(d->event, r < 0 || !streq(record.result, "success"));
}

static void on_connected(void *userdata) {
        Drive *d = userdata;
        UnitPlan *p;

        if (d->begun > 0)
                return;
        p = make_plan(d);
        d->begun = time_now_boottime();
        if (!p || units_start(d->manager, p, on_started, d) < 0)
                sd_event_exit(d->event, 1);
        unit_plan_free(p);
}

int main(int argc, char *argv[]) {
        static const UnitManagerHandlers handlers = { .on_connected = on_connected, .on_gone = on_gone };
        Drive d = {};
        int r;

        if (argc == 1)
                return helper_main("drive-stage", argc, argv, nothing);
        if (argc != 3) {
                fprintf(stderr, "Usage: drive-stage [helper|marked DIR]\n");
                return 2;
        }
        d.marked = streq(argv[1], "marked");
        d.dir = argv[2];
        log_open("drive-stage", LOG_WARNING, /* force_journal= */ false);
        r = sd_event_default(&d.event);
        if (r >= 0)
                r = unit_manager_new(d.event, NULL, &handlers, &d, &d.manager);
        if (r >= 0)
                r = sd_event_loop(d.event);
        unit_manager_free(d.manager);
        sd_event_unref(d.event);
        return r != 0;
}
