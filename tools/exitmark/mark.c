/* SPDX-License-Identifier: MIT */
#include "tools/exitmark/mark.h"

#include "tools/exitmark/cgroup.h"

/* 128 and SIGKILL, as a shell and docker report a command that was killed. */
#define STATUS_KILLED "137"

static void copy_text(char ret[static EXIT_RECORD_TEXT_MAX + 1], const char *text, const char *fallback) {
        snprintf(ret, EXIT_RECORD_TEXT_MAX + 1, "%s", text && exit_record_text_is_valid(text) ? text : fallback);
}

void mark_ending(ExitRecord *record, const char *result, const char *code, const char *status) {
        copy_text(record->result, result, "unknown");
        copy_text(record->code, code, "");
        copy_text(record->status, status, "");
}

void mark_account(ExitRecord *record, int rootfd, const char *path) {
        CgroupUsage usage;

        cgroup_read_usage(rootfd, path, &usage);
        record->cpu_usec = usage.cpu_usec;
        record->memory_peak = usage.memory_peak;
        record->oom_kills = usage.oom_kills;
        record->pids_max_hits = usage.pids_max_hits;
        /*
         * Version 1 counts in the group of the victim, and a container's group is gone by now: killed at the memory
         * limit must do as the sign of it.
         */
        if (!usage.unified && usage.oom_kills == 0 && usage.memory_limit_reached && !streq(record->result, "timeout") &&
            (streq(record->status, STATUS_KILLED) || streq(record->status, "KILL")))
                record->oom_kills = 1;
}
