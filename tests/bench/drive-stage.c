/* SPDX-License-Identifier: MIT */

/*
 * One stage as morfd runs them: the sandbox of a helper, its input and output bound, paths hidden, an exit record written
 * behind it. Prints the microseconds from the call to the manager until the unit is gone and its record is read.
 *
 *         drive-stage DIR        DIR: an empty directory, for the output and the record; root, with the package installed
 */

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "spool/base/id.h"
#include "spool/base/log.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "units/manager.h"
#include "units/name.h"

typedef struct Drive {
        UnitManager *manager;
        sd_event *event;
        const char *dir;
        uint64_t begun;
        int status;
} Drive;

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
        (void) unit_plan_add_exec(p, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/true", NULL });
        (void) unit_plan_add_exec(p, UNIT_EXEC_STOP_POST, 0,
                                  (const char *const[]){ "/usr/libexec/morf/morf-exitmark", "--out", d->dir, "--name", "bench-1", NULL });
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

        if (argc != 2) {
                fprintf(stderr, "Usage: drive-stage DIR\n");
                return 2;
        }
        d.dir = argv[1];
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
