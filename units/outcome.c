/* SPDX-License-Identifier: MIT */
#include "units/outcome.h"

#include <signal.h>

#include "spool/base/parse.h"

/* EX_DATAERR, by which our helpers say that the user must change something. */
#define STATUS_USER_FAULT 65
/*
 * EXIT_CHDIR (200) to the last of the codes with which systemd reports that it could not set up or execute the program.
 */
#define STATUS_SYSTEMD_MIN 200
#define STATUS_SYSTEMD_MAX 245

static const char *const outcome_names[_OUTCOME_MAX] = {
        [OUTCOME_SUCCESS] = "success",
        [OUTCOME_USER_FAULT] = "user-fault",
        [OUTCOME_EXIT] = "exit",
        [OUTCOME_SIGNAL] = "signal",
        [OUTCOME_TIMEOUT] = "timeout",
        [OUTCOME_OOM] = "oom",
        [OUTCOME_START_FAILED] = "start-failed",
        [OUTCOME_VANISHED] = "vanished",
};

DEFINE_STRING_TABLE(outcome, Outcome, OUTCOME)

/*
 * Results that decide alone; the others ("success", "exit-code", "signal", "core-dump") are judged by code and status.
 */
static const struct {
        const char *result;
        Outcome outcome;
} results[] = {
        { "oom-kill", OUTCOME_OOM },
        { "timeout", OUTCOME_TIMEOUT },
        { "watchdog", OUTCOME_TIMEOUT },
        { "resources", OUTCOME_START_FAILED },
        { "protocol", OUTCOME_START_FAILED },
        { "exec-condition", OUTCOME_START_FAILED },
        { "start-limit-hit", OUTCOME_START_FAILED },
};

static int signal_from_name(const char *name) {
        uint64_t number;

        for (int i = 1; i < NSIG; i++) {
                const char *abbreviation = sigabbrev_np(i);

                if (abbreviation && streq(abbreviation, name))
                        return i;
        }
        return parse_u64(name, 1, 64, &number) == 0 ? (int) number : 0;
}

static Outcome judge_exit(const char *status, int *ret_status) {
        uint64_t number;

        if (parse_u64(status, 0, 255, &number) < 0)
                return OUTCOME_VANISHED;
        *ret_status = (int) number;
        if (number == 0)
                return OUTCOME_SUCCESS;
        if (number == STATUS_USER_FAULT)
                return OUTCOME_USER_FAULT;
        if (number >= STATUS_SYSTEMD_MIN && number <= STATUS_SYSTEMD_MAX)
                return OUTCOME_START_FAILED;
        return OUTCOME_EXIT;
}

static Outcome judge_record(const OutcomeEvidence *e, int *ret_status) {
        const char *result = strempty(e->result), *code = strempty(e->code), *status = strempty(e->status);

        /*
         * First, as it is the cause of whatever came after: the rest of a job that lost a process may hang, fail or
         * pretend.
         */
        if (e->oom_kills > 0 && e->oom_kills != UINT64_MAX)
                return OUTCOME_OOM;
        for (size_t i = 0; i < ELEMENTSOF(results); i++)
                if (streq(results[i].result, result))
                        return results[i].outcome;
        if (streq(code, "exited")) {
                Outcome o = judge_exit(status, ret_status);

                /*
                 * A program that exited well in a service that failed otherwise, in a way not known here, is no
                 * success.
                 */
                return o == OUTCOME_SUCCESS && !streq(result, "success") ? OUTCOME_START_FAILED : o;
        }
        if (streq(code, "killed") || streq(code, "dumped")) {
                *ret_status = signal_from_name(status);
                return OUTCOME_SIGNAL;
        }
        return OUTCOME_START_FAILED;
}

Outcome outcome_judge(const OutcomeEvidence *e, int *ret_status) {
        Outcome o;
        int status = 0;

        if (e->recorded)
                o = judge_record(e, &status);
        else
                o = e->start_failed ? OUTCOME_START_FAILED : OUTCOME_VANISHED;
        if (ret_status)
                *ret_status = status;
        return o;
}

bool outcome_is_platform_fault(Outcome o) {
        return o == OUTCOME_START_FAILED || o == OUTCOME_VANISHED;
}
