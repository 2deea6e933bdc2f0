/* SPDX-License-Identifier: MIT */
#include "daemon/attempt.h"

#include <signal.h>

#include "daemon/daemon.h"
#include "spool/base/fd.h"
#include "spool/base/time.h"

/* Longest wait between two tries. */
#define RETRY_MAX_USEC (30 * USEC_PER_MINUTE)
/* The longest wait until an engine that did not answer, or a disk that was full, is tried again. */
#define WAIT_MAX_USEC USEC_PER_MINUTE
/* A container that is ended by SIGKILL so often in a row does it itself. */
#define KILLS_OF_ITS_OWN 3u

/* Return: 0, -ENOENT or another negative errno. */
static int read_exit(const Job *j, const char *name, unsigned attempt, ExitRecord *ret) {
        _cleanup_fd_ int dir = -EBADF, exits = -EBADF;
        char mark[64];

        dir = job_open_dir(j);
        if (dir < 0)
                return dir;
        exits = fd_open_dir_at(dir, JOB_DIR_EXITS);
        if (exits < 0)
                return exits;
        snprintf(mark, sizeof(mark), "%s-%u", name, attempt);
        return exit_record_read_at(exits, mark, ret, /* reterr_message= */ NULL);
}

AttemptEnd attempt_end(const Job *j, const char *name, unsigned attempt, bool start_failed) {
        AttemptEnd end = { .record = EXIT_RECORD_INIT };
        OutcomeEvidence evidence;

        end.recorded = read_exit(j, name, attempt, &end.record) >= 0;
        evidence = (OutcomeEvidence){
                .recorded = end.recorded,
                .result = end.record.result,
                .code = end.record.code,
                .status = end.record.status,
                .oom_kills = end.record.oom_kills,
                .start_failed = start_failed,
        };
        end.outcome = outcome_judge(&evidence, &end.status);
        return end;
}

void attempt_account(Usage *u, const ExitRecord *e, uint64_t started, uint64_t memory_limit) {
        if (e->cpu_usec != EXIT_RECORD_UNKNOWN)
                u->cpu_usec = time_add(u->cpu_usec, e->cpu_usec);
        if (e->memory_peak != EXIT_RECORD_UNKNOWN && e->memory_peak > u->memory_peak)
                u->memory_peak = e->memory_peak;
        if (e->oom_kills != EXIT_RECORD_UNKNOWN)
                u->oom_kills = time_add(u->oom_kills, e->oom_kills);
        u->wall_usec = time_add(u->wall_usec, time_sub(e->finished, started));
        u->memory_limit = memory_limit;
}

bool attempt_may_be_lost(const AttemptEnd *end, unsigned faults, unsigned *kills) {
        if (end->outcome != OUTCOME_EXIT || end->status != 128 + SIGKILL)
                return false;
        return ++*kills < KILLS_OF_ITS_OWN || *kills <= faults;
}

bool attempt_engine_is_down(const AttemptEnd *end) {
        return end->outcome == OUTCOME_EXIT && end->status == EXIT_STATUS_ENGINE_DOWN;
}

/* Doubled so many times, and no more than most. */
static uint64_t doubled(uint64_t delay, unsigned times, uint64_t most) {
        for (unsigned i = 0; i < times && delay < most; i++)
                delay *= 2;
        return delay > most ? most : delay;
}

uint64_t attempt_delay(const Conf *c, unsigned faults) {
        return doubled(c->scheduler.retry_usec, faults > 0 ? faults - 1 : 0, RETRY_MAX_USEC);
}

uint64_t attempt_wait_delay(const Conf *c, unsigned waits) {
        return doubled(c->scheduler.retry_usec, waits, WAIT_MAX_USEC);
}

unsigned attempt_last(const Job *j, const char *name) {
        _cleanup_(closedirp) DIR *d = NULL;
        _cleanup_fd_ int dir = -EBADF;
        struct dirent *de;
        unsigned last = 0;

        dir = job_open_dir(j);
        if (dir < 0 || fd_open_dirstream_at(dir, JOB_DIR_EXITS, &d) < 0)
                return 0;
        while ((de = readdir(d))) {
                const char *number = startswith(de->d_name, name);
                unsigned n;

                if (number && sscanf(number, "-%u.json", &n) == 1 && n > last)
                        last = n;
        }
        return last;
}

bool attempt_is_alive(const char *unit, const UnitState *units, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (streq(units[i].name, unit))
                        return unit_state_is_alive(units[i].active_state);
        return false;
}

int attempt_read_fault(const Job *j, const char *dir, Fault *ret) {
        _cleanup_fd_ int job = -EBADF, fd = -EBADF;

        job = job_open_dir(j);
        if (job < 0)
                return job;
        fd = fd_open_dir_at(job, dir);
        return fd < 0 ? fd : fault_read_at(fd, ret);
}
