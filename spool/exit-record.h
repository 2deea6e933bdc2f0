/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * exits/<stage>-<attempt>.json: how the unit of a stage ended, and read by the daemon. It outlives unit, daemon and bus. Behind a
 * container, morf-exitmark writes it as root, after everything else; a helper fills in a file of its own that was made for it, as the
 * last thing that it does (spool/helper.h).
 *
 *         {"version":1,"result":"exit-code","code":"exited","status":"65","finished":1795414642000000,
 *          "cpu_usec":81034,"memory_peak":12582912,"oom_kills":0,"pids_max_hits":0}
 *
 * result, code and status are systemd's $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS; code and status are absent where
 * no main process ended. The four counters are absent where they are not known.
 */

#include "spool/base/macro.h"

#define EXIT_RECORD_TEXT_MAX 31u
#define EXIT_RECORD_SIZE_MAX 4096u
#define EXIT_RECORD_UNKNOWN UINT64_MAX

/*
 * Exit statuses to which our own programs give a meaning, beside FAULT_EXIT_STATUS and FAULT_EXIT_TEMPORARY
 * (spool/fault.h).
 */
#define EXIT_STATUS_FOLDED 199       /* morf-capture: the command ended with 200 to 254, which mean other things */
#define EXIT_STATUS_OUTPUT_LIMIT 250 /* morf-capture: the watched directory outgrew its limit */
#define EXIT_STATUS_DISK_LOW 251     /* morf-capture: the filesystem ran low */
#define EXIT_STATUS_ENGINE_DOWN 252  /* morf-capture, morf-image: the container engine does not answer; nothing was begun */
#define EXIT_STATUS_ENGINE_LOST 253  /* morf-capture: the engine went away, or was started anew, while the command ran */

typedef struct ExitRecord {
        char result[EXIT_RECORD_TEXT_MAX + 1];
        char code[EXIT_RECORD_TEXT_MAX + 1];   /* "" when absent */
        char status[EXIT_RECORD_TEXT_MAX + 1]; /* "" when absent */
        uint64_t finished;                     /* realtime, microseconds */
        uint64_t cpu_usec;
        uint64_t memory_peak; /* bytes */
        uint64_t oom_kills;
        uint64_t pids_max_hits;
} ExitRecord;

#define EXIT_RECORD_INIT                                                                       \
        ((ExitRecord){ .cpu_usec = EXIT_RECORD_UNKNOWN, .memory_peak = EXIT_RECORD_UNKNOWN,    \
                       .oom_kills = EXIT_RECORD_UNKNOWN, .pids_max_hits = EXIT_RECORD_UNKNOWN })

/* Words of systemd ("exit-code", "exited"), names of signals ("TERM", "RTMIN+3") and numbers. */
bool exit_record_text_is_valid(const char *s);

/* Publishes <name>.json (mode 0640) below dirfd. name: valid, without suffix. Return: 0 or a negative errno. */
int exit_record_write_at(int dirfd, const char *name, const ExitRecord *record);

/* Writes a record into an empty file, and syncs it. A file that stayed empty, or got a part of it, is no record. Return: 0 or a negative errno. */
int exit_record_write(int fd, const ExitRecord *record);

/*
 * Reads <name>.json below dirfd. reterr_message: set on -EBADMSG to a fresh sentence that says what is wrong; may be
 * NULL.
 * Return: 0; -ENOENT (the unit has not ended, or vanished); -EBADMSG (not a record: unknown key, wrong type, out of
 * range); or another negative errno.
 */
int exit_record_read_at(int dirfd, const char *name, ExitRecord *ret, char **reterr_message);
