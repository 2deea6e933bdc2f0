/* SPDX-License-Identifier: MIT */
#include "spool/engine-end.h"

#include "spool/base/parse.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"

/* The status of docker and podman when they failed themselves. */
#define STATUS_ENGINE_FAILED 125

bool engine_end_judge(const EngineEnd *e, Fault *ret) {
        char text[FORMAT_SIZE_MAX], span[TIME_STRING_MAX];
        int status = e->status;

        if (e->out_of_time) {
                (void) fault_set(ret, FAULT_TIME, NULL, 0, "the container did not end within its time limit of %s",
                                 time_format_span(e->time_usec, span));
                return true;
        }
        if (!e->killed && status == EXIT_STATUS_OUTPUT_LIMIT) {
                (void) fault_set(ret, FAULT_DISK, NULL, 0, "the container wrote more than it may to /output and /input");
                return true;
        }
        if (!e->killed && (status == EXIT_STATUS_DISK_LOW || status == EXIT_STATUS_ENGINE_DOWN || status == EXIT_STATUS_ENGINE_LOST ||
                           status == STATUS_ENGINE_FAILED))
                return false;
        if (e->out_of_memory && (e->killed || status != 0))
                (void) fault_set(ret, FAULT_MEMORY, NULL, 0, "the container ran out of its %s of memory", format_size(e->memory, text));
        else if (e->out_of_pids)
                (void) fault_set(ret, FAULT_PIDS, NULL, 0, "the container hit its limit of processes and ended with status %d", status);
        else if (status == 126 || status == 127)
                (void) fault_set(ret, FAULT_COMMAND, NULL, 0, "the image's command could not be run (status %d)", status);
        else if (status > 128 && status <= 128 + 64)
                (void) fault_set(ret, FAULT_SIGNAL, NULL, 0, "the container was ended by signal %d", status - 128);
        else
                (void) fault_set(ret, FAULT_EXIT, NULL, 0, "the container ended with status %d", status);
        return true;
}
