/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/box-scan.h"
#include "tests/unit/scratch.h"

/* The entry of this name at the next look. */
static const BoxEntry *look_for(BoxScan *s, int fd, const char *name) {
        const BoxEntry *e;

        assert_int_equal(box_scan_look(s, fd), 0);
        while ((e = box_scan_next(s)))
                if (streq(e->name, name))
                        return e;
        return NULL;
}

static void set_time(const Scratch *s, const char *name, time_t seconds) {
        const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

        assert_int_equal(utimensat(s->fd, name, times, 0), 0);
}

static void order_of_arrival(_unused_ void **state) {
        static const char *const expected[] = { "second-by-name", "b", "a", "c" };
        _cleanup_scratch_ Scratch s;
        BoxScan scan = {};

        scratch_init(&s);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                scratch_write(&s, expected[i], "x");
        set_time(&s, "second-by-name", 1000);
        set_time(&s, "b", 2000);
        set_time(&s, "a", 3000);
        set_time(&s, "c", 3000); /* a tie goes by name */
        assert_int_equal(box_scan_look(&scan, s.fd), 0);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                assert_true(box_scan_has_more(&scan));
                assert_string_equal(box_scan_next(&scan)->name, expected[i]);
        }
        assert_null(box_scan_next(&scan));
        assert_false(box_scan_has_more(&scan));
        box_scan_done(&scan);
}

static void a_rename_is_seen_by_the_inode(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        BoxScan scan = {};

        scratch_init(&s);
        scratch_write(&s, "job.cfg.part", "x");
        scratch_write(&s, "other.cfg", "y");
        assert_false(look_for(&scan, s.fd, "job.cfg.part")->renamed);
        assert_false(look_for(&scan, s.fd, "other.cfg")->renamed); /* the same name twice is no rename */
        assert_int_equal(renameat(s.fd, "job.cfg.part", s.fd, "job.cfg"), 0);
        assert_true(look_for(&scan, s.fd, "job.cfg")->renamed);
        assert_true(look_for(&scan, s.fd, "job.cfg")->renamed); /* and stays known */
        assert_false(look_for(&scan, s.fd, "other.cfg")->renamed);
        box_scan_done(&scan);
}

static void a_rename_by_link_and_unlink_too(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        BoxScan scan = {};

        scratch_init(&s);
        scratch_write(&s, "job.cfg.filepart", "x");
        assert_false(look_for(&scan, s.fd, "job.cfg.filepart")->renamed);
        assert_int_equal(linkat(s.fd, "job.cfg.filepart", s.fd, "job.cfg", 0), 0);
        assert_int_equal(unlinkat(s.fd, "job.cfg.filepart", 0), 0);
        assert_true(look_for(&scan, s.fd, "job.cfg")->renamed);
        box_scan_done(&scan);
}

static void an_event_tells_of_a_rename_that_was_never_seen(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        BoxScan scan = {};
        char name[32];

        scratch_init(&s);
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "job-%d.cfg", i);
                box_scan_note_moved(&scan, name);
        }
        scratch_write(&s, "job-7.cfg", "x");
        scratch_write(&s, "direct.cfg", "x");
        assert_true(look_for(&scan, s.fd, "job-7.cfg")->renamed);
        assert_false(look_for(&scan, s.fd, "direct.cfg")->renamed);
        box_scan_done(&scan);
}

static void dropping_the_rest_forgets_no_history(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        BoxScan scan = {};

        scratch_init(&s);
        scratch_write(&s, "a.part", "x");
        assert_int_equal(box_scan_look(&scan, s.fd), 0);
        box_scan_drop_rest(&scan);
        assert_false(box_scan_has_more(&scan));
        assert_int_equal(renameat(s.fd, "a.part", s.fd, "a"), 0);
        assert_true(look_for(&scan, s.fd, "a")->renamed);
        box_scan_done(&scan);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(order_of_arrival),
                cmocka_unit_test(a_rename_is_seen_by_the_inode),
                cmocka_unit_test(a_rename_by_link_and_unlink_too),
                cmocka_unit_test(an_event_tells_of_a_rename_that_was_never_seen),
                cmocka_unit_test(dropping_the_rest_forgets_no_history),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
