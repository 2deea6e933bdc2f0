/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/image-record.h"
#include "tests/unit/scratch.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_round_trip(void **state _unused_) {
        const ImageRecord record = { .version = IMAGE_RECORD_VERSION,
                .id = (char *) (uintptr_t) "sha256:" HEX,
                .digest = (char *) (uintptr_t) HEX,
                .built = true };
        _cleanup_image_record_ ImageRecord back = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(image_record_read_at(s.fd, IMAGE_RECORD_FILE, &back, NULL), -ENOENT);
        assert_int_equal(image_record_write_at(s.fd, IMAGE_RECORD_FILE, &record), 0);
        scratch_assert_file(&s, IMAGE_RECORD_FILE,
                "{\"version\":1,\"id\":\"sha256:" HEX "\",\"digest\":\"" HEX "\",\"built\":true,\"reused\":false}\n");
        assert_int_equal(image_record_read_at(s.fd, IMAGE_RECORD_FILE, &back, NULL), 0);
        assert_string_equal(back.id, record.id);
        assert_string_equal(back.digest, record.digest);
        assert_true(back.built);
        assert_false(back.reused);
}

static void test_refused(void **state _unused_) {
        static const char *const texts[] = {
                "",
                "{}",
                "{\"version\":1,\"id\":\"" HEX "\",\"digest\":\"" HEX "\",\"built\":true,\"reused\":true}",
                "{\"version\":1,\"id\":\"sha256:" HEX "0\",\"digest\":\"" HEX "\",\"built\":true,\"reused\":true}",
                "{\"version\":1,\"id\":\"sha256:--privileged\",\"digest\":\"" HEX "\",\"built\":true,\"reused\":true}",
                "{\"version\":2,\"id\":\"sha256:" HEX "\",\"digest\":\"" HEX "\",\"built\":true,\"reused\":true}",
                "{\"version\":1,\"id\":\"sha256:" HEX "\",\"digest\":\"x\",\"built\":true,\"reused\":true}",
                "{\"version\":1,\"id\":\"sha256:" HEX "\",\"digest\":\"" HEX "\",\"built\":1,\"reused\":true}",
                "{\"version\":1,\"id\":\"sha256:" HEX "\",\"digest\":\"" HEX "\",\"built\":true}",
                "{\"version\":1,\"id\":\"sha256:" HEX "\",\"digest\":\"" HEX
                "\",\"built\":true,\"reused\":true,\"x\":1}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_image_record_ ImageRecord back = {};
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                scratch_write(&s, IMAGE_RECORD_FILE, texts[i]);
                if (image_record_read_at(s.fd, IMAGE_RECORD_FILE, &back, NULL) != -EBADMSG)
                        fail_msg("not refused: %s", texts[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
