/* SPDX-License-Identifier: MIT */

/*
 * units/ against a real systemd: run as root in a machine that may be broken.
 *
 *         probe-units DIR [SCENARIO…]
 *
 * The package is installed there. DIR holds morf-exitmark and morf-capture and gets the exit records. Prints one line a scenario and exits with 1 when
 * one did not end as the table says. Not a unit test, so it is not named like one.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "units/manager.h"
#include "units/name.h"
#include "units/outcome.h"

#define CHURN 200u

typedef struct Probe Probe;

typedef struct Scenario {
        const char *name;
        Sandbox sandbox;
        const char *command[8];
        int start;       /* expected result of the start callback */
        Outcome outcome;
        int status;
        void (*prepare)(Probe *p, UnitPlan *plan);
        void (*started)(Probe *p);
} Scenario;

struct Probe {
        sd_event *event;
        UnitManager *manager;
        const char *dir;
        int exits;
        unsigned failures, left, reconnects;
        const Scenario *scenario;
        char unit[UNIT_NAME_SIZE], slice[UNIT_NAME_SIZE], record[64];
        Id id;
        uint64_t begun;
        int start_result;
};

static void limit_memory(_unused_ Probe *p, UnitPlan *plan) {
        unit_plan_set_limits(plan, &(UnitLimits){ 32 << 20, UNIT_UNLIMITED, 64 });
}

static void limit_slice(Probe *p, UnitPlan *plan) {
        unit_plan_set_slice(plan, p->slice);
        unit_plan_set_aux_slice(plan, p->slice, &(UnitLimits){ 48 << 20, 500000, 32 });
}

static void limit_slice_beside(Probe *p, UnitPlan *plan) {
        unit_plan_add_environment(plan, "SLICE", p->slice);
        unit_plan_set_aux_slice(plan, p->slice, &(UnitLimits){ 48 << 20, 500000, 32 });
}

static void limit_time(_unused_ Probe *p, UnitPlan *plan) {
        unit_plan_set_times(plan, 300 * USEC_PER_MSEC, USEC_PER_SEC);
}

static void bind_input(Probe *p, UnitPlan *plan) {
        _cleanup_free_ char *out = NULL;

        unit_plan_add_bind(plan, "/etc", "/run/morf/in", false);
        /* 65534: nobody, whom the unit runs as */
        if (asprintf(&out, "%s/out", p->dir) < 0 || (mkdir(out, 0700) < 0 && errno != EEXIST) || chown(out, 65534, 65534) < 0)
                abort();
        unit_plan_add_bind(plan, out, "/run/morf/out", true);
        unit_plan_add_hidden(plan, "/srv");
        unit_plan_add_hidden(plan, "/var/lib/nothing-there");
        unit_plan_add_environment(plan, "PROBE", "a $HOME %n \"quoted\" b");
        unit_plan_add_credential(plan, "secret", "/etc/hostname");
        unit_plan_add_log_field(plan, "MORF_JOB", p->id.text);
        unit_plan_add_group(plan, "adm");
}

static void bad_user(_unused_ Probe *p, UnitPlan *plan) {
        unit_plan_set_user(plan, "nobody-of-that-name", NULL);
}

static void bad_bind(_unused_ Probe *p, UnitPlan *plan) {
        unit_plan_add_bind(plan, "/nothing/there", "/run/morf/x", false);
}

static void stop(Probe *p) {
        units_stop(p->manager, p->unit, NULL, NULL);
}

static void kill9(Probe *p) {
        units_kill(p->manager, p->unit, SIGKILL, NULL, NULL);
}

static void run(const char *const *argv) {
        int status = -1;
        pid_t pid;

        if (posix_spawn(&pid, argv[0], NULL, NULL, (char **) (uintptr_t) argv, environ) != 0 ||
                waitpid(pid, &status, 0) < 0 || status != 0)
                printf("    %s %s: status %d\n", argv[0], argv[1], status);
}

static void hide_records(Probe *p, UnitPlan *plan) {
        unit_plan_add_hidden(plan, p->dir);
        unit_plan_add_hidden(plan, "/var/spool");
}

static void daemon_reload(_unused_ Probe *p) {
        run((const char *const[]){ "/usr/bin/systemctl", "daemon-reload", NULL });
}

static void daemon_reexec(_unused_ Probe *p) {
        run((const char *const[]){ "/usr/bin/systemctl", "daemon-reexec", NULL });
}

static void touch_anew(_unused_ Probe *p) {
        run((const char *const[]){ "/usr/bin/rm", "-f", "/run/probe-anew", NULL });
        run((const char *const[]){ "/usr/bin/touch", "/run/probe-anew", NULL });
}

/* Only at the end, and only when asked for: others may use the bus. */
static void restart_bus(_unused_ Probe *p) {
        if (getenv("PROBE_RESTART_BUS"))
                run((const char *const[]){ "/usr/bin/systemctl", "restart", "dbus.service", NULL });
}

static void list(Probe *p) {
        UnitState *units;
        bool found = false;
        size_t n;
        int r;

        r = units_list(p->manager, UNIT_SERVICE_PATTERN, &units, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                found = found || (streq(units[i].name, p->unit) && streq(units[i].active_state, "active"));
        if (r >= 0)
                units_list_free(units, n);
        if (!found)
                printf("    FAIL units_list: %d\n", r), p->failures++;
}

static void occupy_unit(Probe *p, _unused_ UnitPlan *plan) {
        run((const char *const[]){
                "/usr/bin/systemd-run", "-q", "--collect", "--unit", p->unit, "/bin/sleep", "0.5", NULL });
}

static void occupy_slice(Probe *p, UnitPlan *plan) {
        run((const char *const[]){ "/usr/bin/systemctl", "start", p->slice, NULL });
        limit_slice(p, plan);
}

#define SH(script) { "/bin/sh", "-c", script }
#define READ_LIMITS \
        "p=$(sed -n 's/.*name=systemd://p' /proc/self/cgroup); p=${p%/*}; cd /sys/fs/cgroup; " \
        "m=$(cat memory$p/memory.limit_in_bytes); q=$(cat cpu$p/cpu.cfs_quota_us); t=$(cat pids$p/pids.max); "
/* Stops at the first command that ends as it should not. */
#define STRICT "set -ex; no() { if \"$@\"; then exit 9; fi; }; "
#define HOG "head -c 200M /dev/zero | tail >/dev/null"

static const Scenario scenarios[] = {
        { "true", SANDBOX_HELPER, { "/bin/true" }, 0, OUTCOME_SUCCESS, 0 },
        { "user-fault", SANDBOX_HELPER, SH("exit 65"), 0, OUTCOME_USER_FAULT, 65 },
        { "exit", SANDBOX_HELPER, SH("exit 7"), 0, OUTCOME_EXIT, 7 },
        { "exec-failure", SANDBOX_HELPER, { "/nothing/there" }, UNITS_E_FAILED, OUTCOME_START_FAILED, 203 },
        /* These keep even the exit record from being written; the bus is the only witness. */
        { "no-such-user", SANDBOX_HELPER, { "/bin/true" }, UNITS_E_FAILED, OUTCOME_START_FAILED, 0, bad_user },
        { "no-such-bind", SANDBOX_HELPER, { "/bin/true" }, UNITS_E_FAILED, OUTCOME_START_FAILED, 0, bad_bind },
        { "signal", SANDBOX_HELPER, SH("kill -SEGV $$"), 0, OUTCOME_SIGNAL, SIGSEGV },
        { "sleep-timeout", SANDBOX_HELPER, { "/bin/sleep", "60" }, 0, OUTCOME_TIMEOUT, 0, limit_time },
        { "stop", SANDBOX_HELPER, { "/bin/sleep", "60" }, 0, OUTCOME_SIGNAL, SIGTERM, NULL, stop },
        { "kill", SANDBOX_HELPER, { "/bin/sleep", "60" }, 0, OUTCOME_SIGNAL, SIGKILL, NULL, kill9 },
        { "oom-unit", SANDBOX_HELPER, SH(HOG), 0, OUTCOME_OOM, 0, limit_memory },
        { "oom-slice", SANDBOX_ENGINE, SH("exec /bin/dash -c 'a=x; while :; do a=$a$a; done'"), 0, OUTCOME_OOM, 0,
                limit_slice },
        { "slice-limits", SANDBOX_ENGINE_ROOT, SH(READ_LIMITS "test \"$m $q $t\" = '50331648 50000 32'"), 0, OUTCOME_SUCCESS,
                0, limit_slice },
        { "slice-beside", SANDBOX_ENGINE, SH("sleep 0.2"), 0, OUTCOME_SUCCESS, 0, limit_slice_beside },
        /* One that nobody gave properties to is simply taken over. */
        { "slice-exists", SANDBOX_ENGINE, SH("sleep 0.2"), 0, OUTCOME_SUCCESS, 0, occupy_slice },
        { "collision", SANDBOX_HELPER, SH("exit 9"), UNITS_E_EXISTS, OUTCOME_VANISHED, 0, occupy_unit, list },
        { "hidden-records", SANDBOX_HELPER, SH("! ls /var/spool"), 0, OUTCOME_SUCCESS, 0, hide_records },
        { "fork-bomb", SANDBOX_ENGINE, SH("for i in $(seq 100); do sleep 1 & done; wait; exit 3"), 0, OUTCOME_EXIT, 2,
                limit_slice },
        { "argv", SANDBOX_HELPER,
                { "/bin/sh", "-c", "test \"$0|$1|$2|$3\" = '%n $HOME \"q\"|${HOME}\\|$HOME|$$x'", "%n $HOME \"q\"",
                        "${HOME}\\", "$HOME", "$$x" },
                0, OUTCOME_SUCCESS, 0 },
        { "sandbox", SANDBOX_HELPER,
                SH(STRICT
                        "test $(id -u) = 65534; test -r /run/morf/in/passwd; no touch /run/morf/in/x; no touch /run/morf/x; "
                        "touch /run/morf/out/written; no touch /etc/x; no touch /usr/x; no touch /var/x; no ls /srv; "
                        "test -s $CREDENTIALS_DIRECTORY/secret; test \"$PROBE\" = 'a $HOME %n \"quoted\" b'; "
                        "test $(grep -c : /proc/self/net/dev) = 1; no mount -t tmpfs x /mnt; no unshare -U true; "
                        "test $(ls /proc | grep -cE '^[0-9]+$') -lt 6; no ls /proc/sys; no touch /sys/fs/cgroup/x; "
                        "no ls /home/; grep -q '^CapBnd:.0000000000000000' /proc/self/status; grep -q '^NoNewPrivs:.1' /proc/self/status; "
                        "no test -e /etc/passwd; no test -e /proc/kmsg; no ls /sys; no ls /usr/lib/modules; no test -e /run/dbus; "
                        "test $(grep -c . /run/morf/in/hostname) = 1; test $(umask) = 0077; id -G | grep -qw 4"), /* adm */
                0, OUTCOME_SUCCESS, 0, bind_input },
        { "reload", SANDBOX_HELPER, { "/bin/sleep", "1" }, 0, OUTCOME_SUCCESS, 0, bind_input, daemon_reload },
        { "reexec", SANDBOX_HELPER, { "/bin/sleep", "1" }, 0, OUTCOME_SUCCESS, 0, bind_input, daemon_reexec },
        { "collect", SANDBOX_COLLECT,
                SH(STRICT "cat /run/morf/in/shadow >/dev/null; no touch /run/morf/in/x; no cp /run/morf/in/shadow /usr/x; no touch /x"),
                0, OUTCOME_SUCCESS, 0, bind_input },
        { "engine", SANDBOX_ENGINE, { "/usr/bin/docker", "version" }, 0, OUTCOME_SUCCESS, 0 },
        /* A new file of the engine is seen, as after its restart; nothing there can be written. */
        { "engine-anew", SANDBOX_ENGINE,
                SH(STRICT "no touch /run/x; no test -e /etc/passwd; no ls /sys; for i in 1 2 3 4 5 6 7 8 9 10; do test -e /run/probe-anew && exit; sleep 0.2; done; exit 9"),
                0, OUTCOME_SUCCESS, 0, NULL, touch_anew },
        { "docker-oom", SANDBOX_ENGINE,
                SH("docker run --rm --network none --memory 48m --memory-swap 48m --cgroup-parent ${SLICE} morf-base:bookworm "
                   "/bin/dash -c 'a=x; while :; do a=$a$a; done'"),
                0, OUTCOME_OOM, 0, limit_slice_beside },
        { "engine-root", SANDBOX_ENGINE_ROOT, SH("mount -t tmpfs x /mnt && unshare -m true"), 0, OUTCOME_SUCCESS, 0 },
        { "bus-restart", SANDBOX_HELPER, { "/bin/sleep", "1" }, 0, OUTCOME_SUCCESS, 0, NULL, restart_bus },
};

static void next(Probe *p);

static UnitPlan *make_plan(Probe *p, const Scenario *s) {
        _cleanup_free_ char *exitmark = NULL;
        UnitPlan *plan = unit_plan_new(p->unit, "morf probe", s->sandbox);

        if (!plan || asprintf(&exitmark, "%s/morf-exitmark", p->dir) < 0)
                abort();
        unit_plan_add_exec(plan, UNIT_EXEC_START, 0, s->command);
        if (s->sandbox == SANDBOX_ENGINE)
                unit_plan_set_user(plan, "nobody", "docker");
        else if (s->sandbox != SANDBOX_ENGINE_ROOT)
                unit_plan_set_user(plan, "nobody", "nogroup");
        if (s->prepare)
                s->prepare(p, plan);
        if (p->scenario)
                unit_plan_add_exec(plan, UNIT_EXEC_STOP_POST, UNIT_EXEC_IGNORE_FAILURE,
                        (const char *const[]){ "/bin/false", "$HOME %n", NULL });
        unit_plan_add_exec(plan, UNIT_EXEC_STOP_POST, 0, (const char *const[]){ exitmark, "--out", NULL });
        unit_plan_add_argument(plan, p->dir);
        unit_plan_add_argument(plan, "--name");
        unit_plan_add_argument(plan, p->record);
        if (plan->aux_slice) {
                unit_plan_add_argument(plan, "--slice");
                unit_plan_add_argument(plan, plan->aux_slice);
        }
        return plan;
}

static void on_started(void *userdata, _unused_ const char *unit, int result, const char *message) {
        Probe *p = userdata;

        p->start_result = result;
        if (result != p->scenario->start)
                printf("    start: %d, expected %d (%s)\n", result, p->scenario->start, message);
        if (result < 0) {
                printf("%s %-14s not started: %s\n", result == p->scenario->start ? "ok  " : "FAIL", p->scenario->name,
                        message);
                p->failures += result != p->scenario->start;
                next(p);
        } else if (p->scenario->started)
                p->scenario->started(p);
}

static void judge(Probe *p) {
        const Scenario *s = p->scenario;
        _cleanup_free_ char *why = NULL;
        ExitRecord record = EXIT_RECORD_INIT;
        Outcome o;
        int r, status;
        bool good;

        r = exit_record_read_at(p->exits, p->record, &record, &why);
        o = outcome_judge(&(OutcomeEvidence){ r == 0, record.result, record.code, record.status, record.oom_kills,
                                              p->start_result == UNITS_E_FAILED },
                        &status);
        good = o == s->outcome && status == s->status && p->start_result == s->start;
        p->failures += !good;
        printf("%s %-14s %s/%d after %" PRIu64 " ms; record %d %s,%s,%s cpu %" PRId64 " mem %" PRId64 " oom %" PRId64
               " pids %" PRId64 "\n",
                good ? "ok  " : "FAIL", s->name, outcome_to_string(o), status, (time_now_boottime() - p->begun) / 1000,
                r, record.result, record.code, record.status, (int64_t) record.cpu_usec, (int64_t) record.memory_peak,
                (int64_t) record.oom_kills, (int64_t) record.pids_max_hits);
}

static void on_gone(void *userdata, const char *unit) {
        Probe *p = userdata;

        if (!p->scenario || !streq(unit, p->unit)) {
                p->left--;
                if (p->left == 0)
                        sd_event_exit(p->event, 0);
                return;
        }
        judge(p);
        next(p);
}

static void churn_started(void *userdata, const char *unit, int result, const char *message) {
        Probe *p = userdata;

        if (result < 0) {
                printf("    %s: %s (%s)\n", unit, strerrorname_np(-result), message);
                p->failures++, p->left--;
        }
}

/* The same unit twice, then many at a time. */
static void churn(Probe *p) {
        p->scenario = NULL;
        p->begun = time_now_boottime();
        p->left = CHURN;
        for (unsigned i = 1; i <= CHURN; i++) {
                UnitPlan *plan;

                unit_name_service(p->id.text, "churn", i, p->unit);
                snprintf(p->record, sizeof(p->record), "churn-%u", i);
                plan = make_plan(p, &scenarios[0]);
                if (units_start(p->manager, plan, churn_started, p) < 0)
                        p->failures++, p->left--;
                if (i == 1 && units_start(p->manager, plan, NULL, NULL) != -EALREADY)
                        p->failures++;
                unit_plan_free(plan);
        }
}

static void next(Probe *p) {
        UnitPlan *plan;
        int r;

        p->scenario = p->scenario ? p->scenario + 1 : scenarios;
        if (p->scenario == scenarios + ELEMENTSOF(scenarios)) {
                churn(p);
                return;
        }
        unit_name_service(p->id.text, "probe", (unsigned) (p->scenario - scenarios) + 1, p->unit);
        unit_name_slice(p->id.text, (unsigned) (p->scenario - scenarios) + 1, 1, p->slice);
        snprintf(p->record, sizeof(p->record), "%s", p->scenario->name);
        plan = make_plan(p, p->scenario);
        p->begun = time_now_boottime();
        r = units_start(p->manager, plan, on_started, p);
        unit_plan_free(plan);
        if (r < 0) {
                printf("FAIL %s: %s\n", p->scenario->name, strerrorname_np(-r));
                p->failures++;
                sd_event_exit(p->event, 0);
        }
}

static void on_connected(void *userdata) {
        Probe *p = userdata;

        if (p->begun == 0)
                next(p);
}

int main(int argc, char *argv[]) {
        static const UnitManagerHandlers handlers = { .on_connected = on_connected, .on_gone = on_gone };
        Probe p = { .exits = -EBADF };
        int r;

        if (argc < 2)
                return 2;
        setlinebuf(stdout);
        log_open("probe-units", LOG_DEBUG, false);
        p.dir = argv[1];
        p.exits = open(p.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p.exits < 0 || id_new(&p.id) < 0 || sd_event_default(&p.event) < 0)
                return 2;
        r = unit_manager_new(p.event, NULL, &handlers, &p, &p.manager);
        if (r >= 0)
                r = sd_event_loop(p.event);
        printf("%u units in %" PRIu64 " ms\n", CHURN, (time_now_boottime() - p.begun) / 1000);
        printf("%u failures, loop: %d\n", p.failures, r);
        unit_manager_free(p.manager);
        sd_event_unref(p.event);
        return p.failures > 0 || r < 0;
}
