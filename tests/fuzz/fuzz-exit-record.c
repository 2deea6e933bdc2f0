/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an exit record: refused, or short words and numbers that are judged to one outcome, and the same after writing and
 * reading again.
 */

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/exit-record.h"
#include "units/outcome.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME "run-1"

static int dir = -EBADF;
static char path[] = "/tmp/fuzz-exit-record-XXXXXX";

static void check(bool ok) {
        if (!ok)
                abort();
}

static void remove_dir(void) {
        (void) fd_remove_tree_at(AT_FDCWD, path);
}

int LLVMFuzzerInitialize(_unused_ int *argc, _unused_ char ***argv) {
        check(mkdtemp(path));
        dir = fd_open_dir_at(AT_FDCWD, path);
        check(dir >= 0);
        (void) atexit(remove_dir);
        return 0;
}

static void write_bytes(const uint8_t *data, size_t size) {
        _cleanup_fd_ int fd = openat(dir, NAME ".json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        check(fd >= 0 && fd_write_all(fd, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ExitRecord e = EXIT_RECORD_INIT, again = EXIT_RECORD_INIT;
        _cleanup_free_ char *error = NULL;
        OutcomeEvidence evidence;
        Outcome outcome;
        int r, status;

        write_bytes(data, size);
        r = exit_record_read_at(dir, NAME, &e, &error);
        check(r == 0 || (r == -EBADMSG && error) || (r == -EFBIG && size > EXIT_RECORD_SIZE_MAX));
        if (r < 0)
                return 0;
        check(exit_record_text_is_valid(e.result));
        check((!*e.code || exit_record_text_is_valid(e.code)) && (!*e.status || exit_record_text_is_valid(e.status)));

        evidence = (OutcomeEvidence){ .recorded = true, .result = e.result, .code = e.code, .status = e.status, .oom_kills = e.oom_kills };
        outcome = outcome_judge(&evidence, &status);
        check(outcome_to_string(outcome) && status >= 0 && status <= 255);
        /* Success is what says so in full, and nothing else. */
        check(outcome != OUTCOME_SUCCESS || (streq(e.result, "success") && streq(e.code, "exited") && streq(e.status, "0")));

        check(unlinkat(dir, NAME ".json", 0) == 0);
        check(exit_record_write_at(dir, NAME, &e) == 0);
        check(exit_record_read_at(dir, NAME, &again, NULL) == 0);
        check(memcmp(&e, &again, sizeof(e)) == 0 || (streq(e.result, again.result) && streq(e.code, again.code) &&
                                                     streq(e.status, again.status) && e.finished == again.finished));
        return 0;
}
