/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the table that a container left: either a fault whose message is printable ASCII, or, merged with itself, a table with
 * twice its rows that names courses and sessions of the plan alone. The first byte says what the container was asked for.
 */

#include <fcntl.h>
#include <sys/mman.h>

#include "spool/base/fd.h"
#include "tools/assemble/merge.h"
#include "tools/assemble/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/morf-fuzz-XXXXXX";
static int work_fd = -EBADF;

static void check(bool ok) {
        if (!ok)
                abort();
}

static void remove_directory(void) {
        (void) fd_remove_tree_at(AT_FDCWD, directory);
}

static PlanSession accounting_sessions[] = { { .name = (char *) "001" }, { .name = (char *) "002", .holdout = true } };
static PlanSession poetry_sessions[] = { { .name = (char *) "001" }, { .name = (char *) "002" }, { .name = (char *) "003", .holdout = true } };
static PlanCourse courses[] = {
        { (char *) "accounting", true, accounting_sessions, ELEMENTSOF(accounting_sessions) },
        { (char *) "poetry", true, poetry_sessions, ELEMENTSOF(poetry_sessions) },
};
static PlanPhase phases[] = {
        { .function = CALL_EXTRACT_COURSE, .mode = PLAN_MODE_EXTRACT, .level = PLAN_LEVEL_COURSE },
        { .function = CALL_EXTRACT_ALL, .mode = PLAN_MODE_EXTRACT, .level = PLAN_LEVEL_ALL },
        { .function = CALL_TEST_ALL, .mode = PLAN_MODE_TEST, .level = PLAN_LEVEL_ALL },
        { .function = CALL_CROSS_VALIDATE_COURSE, .mode = PLAN_MODE_CV, .level = PLAN_LEVEL_COURSE, .k = 2 },
};
static PlanStep steps[] = {
        { 1, 1, PLAN_STEP_CONTAINER, (char *) "poetry", NULL, 0 },
        { 2, 2, PLAN_STEP_CONTAINER, NULL, NULL, 0 },
        { 3, 3, PLAN_STEP_CONTAINER, NULL, NULL, 0 },
        { 4, 4, PLAN_STEP_CONTAINER, (char *) "poetry", NULL, 2 },
};

static int open_again(void *userdata, const PlanStep *s _unused_) {
        int fd = fcntl(*(int *) userdata, F_DUPFD_CLOEXEC, 3);

        check(fd >= 0 && lseek(fd, 0, SEEK_SET) == 0);
        return fd;
}

static size_t count_rows(int fd) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_table_ Table t = {};
        CsvRecord row;
        size_t n = 0;
        int r;

        check(lseek(fd, 0, SEEK_SET) == 0 && table_open(&t, fd, "a table", &fault) == 0);
        while ((r = table_next(&t, &row, &fault)) > 0)
                n++;
        check(r == 0);
        return n;
}

static void check_merged(const Assemble *a) {
        _cleanup_fd_ int fd = openat(a->work_fd, "merged.csv", O_RDONLY | O_CLOEXEC);
        _cleanup_fault_ Fault fault = {};
        _cleanup_table_ Table t = {};
        CsvRecord row;

        check(fd >= 0 && table_open(&t, fd, "the merged table", &fault) == 0);
        check(table_column(&t, "userID") >= 0 && table_column(&t, "course") >= 0 && table_column(&t, "session") >= 0);
        while (table_next(&t, &row, &fault) > 0) {
                const CsvCell *course = &row.cells[table_column(&t, "course")], *session = &row.cells[table_column(&t, "session")];
                bool is_poetry = csv_cell_equals(course, "poetry");

                check(is_poetry || csv_cell_equals(course, "accounting"));
                check(session->size == 0 || csv_cell_equals(session, "001") || csv_cell_equals(session, "002") || csv_cell_equals(session, "003"));
                if (a->phase->mode == PLAN_MODE_TEST)
                        check(csv_cell_equals(session, is_poetry ? "003" : "002"));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Assemble a = { .plan = { .courses = courses, .n_courses = ELEMENTSOF(courses), .phases = phases, .n_phases = ELEMENTSOF(phases),
                                 .steps = steps, .n_steps = ELEMENTSOF(steps) } };
        const PlanStep *s, *twice[2];
        _cleanup_fault_ Fault fault = {};
        _cleanup_fd_ int fd = memfd_create("table", MFD_CLOEXEC), merged = -EBADF;
        int r;

        if (size == 0)
                return 0;
        if (work_fd < 0) {
                check(mkdtemp(directory) != NULL);
                work_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                check(work_fd >= 0 && atexit(remove_directory) == 0);
        }
        s = twice[0] = twice[1] = &steps[data[0] % ELEMENTSOF(steps)];
        a.phase_number = s->phase;
        a.phase = &phases[s->phase - 1];
        a.work_fd = work_fd;
        check(fd >= 0 && fd_write_all(fd, data + 1, size - 1) == 0 && lseek(fd, 0, SEEK_SET) == 0);
        r = merge_check(&a, s, fd, &fault);
        if (r < 0) {
                check(r == -EBADMSG && fault.code != FAULT_NONE);
                for (const char *p = fault.message; *p; p++)
                        check(*p >= 0x20 && *p < 0x7f);
                return 0;
        }
        check(merge_tables(&a, twice, 2, open_again, &fd, "merged.csv") == 0);
        check_merged(&a);
        merged = openat(work_fd, "merged.csv", O_RDONLY | O_CLOEXEC);
        check(merged >= 0 && count_rows(merged) == 2 * count_rows(fd));
        return 0;
}
