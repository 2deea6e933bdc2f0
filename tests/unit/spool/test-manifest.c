/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/limits.h"
#include "spool/manifest.h"
#include "tests/unit/scratch.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static Manifest sample(void) {
        Manifest m = {
                .version = MANIFEST_VERSION,
                .form = MANIFEST_FORM_ZIP,
                .mode = MANIFEST_MODE_RUN,
                .profile = MANIFEST_PROFILE_STRICT,
                .name = strdup("weekly-dropout"),
                .image = { .kind = MANIFEST_IMAGE_ARCHIVE, .file = strdup("dir/image.tar"), .digest = strdup(DIGEST_A) },
                .limits = { .cpus_milli = 1500, .memory = 2 * LIMIT_GIB, .time_usec = 7200000000, .output = LIMIT_GIB, .pids = 512 },
                .drop_digest = strdup(DIGEST_B),
        };

        assert_int_equal(strv_add_many(&m.courses, "accounting", "2012-001", NULL), 0);
        assert_int_equal(strv_add_many(&m.notify, "accepted", "started", NULL), 0);
        assert_int_equal(manifest_add_argument(&m, "alpha", "0.1"), 0);
        assert_int_equal(manifest_add_argument(&m, "label", "a b, \"c\""), 0);
        return m;
}

static void names_round_trip(_unused_ void **state) {
        for (int i = 0; i < (int) _MANIFEST_FORM_MAX; i++)
                assert_int_equal(manifest_form_from_string(manifest_form_to_string(i)), i);
        for (int i = 0; i < (int) _MANIFEST_MODE_MAX; i++)
                assert_int_equal(manifest_mode_from_string(manifest_mode_to_string(i)), i);
        for (int i = 0; i < (int) _MANIFEST_IMAGE_MAX; i++)
                assert_int_equal(manifest_image_from_string(manifest_image_to_string(i)), i);
        for (int i = 0; i < (int) _MANIFEST_PROFILE_MAX; i++)
                assert_int_equal(manifest_profile_from_string(manifest_profile_to_string(i)), i);
}

static void round_trip(_unused_ void **state) {
        _cleanup_manifest_ Manifest m = sample(), back = {};
        _cleanup_free_ char *first = NULL, *second = NULL, *error = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(manifest_write_at(s.fd, &m), 0);
        if (manifest_read_at(s.fd, &back, &error) < 0)
                fail_msg("%s", error);
        assert_int_equal(back.form, MANIFEST_FORM_ZIP);
        assert_int_equal(back.profile, MANIFEST_PROFILE_STRICT);
        assert_int_equal(back.limits.pids, 512);
        assert_int_equal(back.args.n, 2);
        assert_string_equal(back.args.items[1].name, "label");
        assert_string_equal(back.args.items[1].value, "a b, \"c\"");
        assert_int_equal(json_record_format(&manifest_table, &m, &first), 0);
        assert_int_equal(json_record_format(&manifest_table, &back, &second), 0);
        assert_string_equal(first, second);
}

/* A job that asks for nothing: no limits, no courses, no arguments, no mails. */
static void least(_unused_ void **state) {
        _cleanup_manifest_ Manifest m = { .version = MANIFEST_VERSION, .name = strdup("job"), .drop_digest = strdup(DIGEST_B),
                                          .image = { .kind = MANIFEST_IMAGE_DOCKERFILE, .digest = strdup(DIGEST_A) } },
                                back = {};
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(manifest_write_at(s.fd, &m), 0);
        assert_int_equal(manifest_read_at(s.fd, &back, NULL), 0);
        assert_int_equal(strv_length(back.courses) + strv_length(back.notify) + back.args.n, 0);
        assert_int_equal(back.limits.memory, 0);
}

/* Pieces of a manifest, so that a case changes one of them. */
typedef struct Pieces {
        const char *version, *form, *name, *mode, *profile, *image, *courses, *limits, *notify, *args, *needs, *drop_digest, *more;
} Pieces;

#define GOOD_ARCHIVE "{\"kind\":\"archive\",\"file\":\"image.tar\",\"digest\":\"" DIGEST_A "\"}"

static char *build(const Pieces *p) {
        char *text;

#define OR(member, text) (p->member ? p->member : (text))
        assert_true(asprintf(&text,
                             "{\"version\":%s,\"form\":%s,\"name\":%s,\"mode\":%s,\"profile\":%s,\"image\":%s,\"courses\":%s,\"limits\":%s,"
                             "\"notify\":%s,\"args\":%s,\"needs\":%s,\"drop_digest\":%s%s}",
                             OR(version, "1"), OR(form, "\"native\""), OR(name, "\"job\""), OR(mode, "\"run\""), OR(profile, "\"compat\""),
                             OR(image, GOOD_ARCHIVE), OR(courses, "[]"), OR(limits, "{}"), OR(notify, "[]"), OR(args, "[]"), OR(needs, "[]"),
                             OR(drop_digest, "\"" DIGEST_B "\""), OR(more, "")) > 0);
#undef OR
        return text;
}

static int read_text(const Scratch *s, const char *text) {
        _cleanup_manifest_ Manifest m = {};
        _cleanup_free_ char *error = NULL;
        int r;

        scratch_write(s, MANIFEST_FILE, text);
        r = manifest_read_at(s->fd, &m, &error);
        assert_true((r == -EBADMSG) == (error != NULL));
        return r;
}

static void hostile(_unused_ void **state) {
        static const Pieces cases[] = {
                { .version = "0" }, { .version = "2" }, { .version = "\"1\"" }, { .form = "\"tar\"" }, { .form = "null" },
                { .name = "\"../x\"" }, { .name = "\"\"" }, { .name = "\"-rf\"" }, { .name = "\"a b\"" }, { .name = "\"a\\nb\"" },
                { .name = "\"a\\u0000\"" }, { .mode = "\"extract\"" }, { .profile = "\"root\"" },
                { .image = "{}" }, { .image = "[]" }, { .image = "{\"kind\":\"url\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"image.tar\"}" },
                { .image = "{\"kind\":\"dockerfile\"}" },
                { .image = "{\"kind\":\"dockerfile\",\"digest\":\"\"}" },
                { .image = "{\"kind\":\"dockerfile\",\"digest\":\"abc\"}" },
                { .image = "{\"kind\":\"dockerfile\",\"digest\":\"sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}" },
                { .image = "{\"kind\":\"dockerfile\",\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}" },
                { .image = "{\"kind\":\"dockerfile\",\"digest\":\"" DIGEST_A "a\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"/etc/passwd\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"a/../../b\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"--privileged\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"a,b\",\"digest\":\"" DIGEST_A "\"}" },
                { .image = "{\"kind\":\"archive\",\"file\":\"image.tar\",\"digest\":\"" DIGEST_A "\",\"url\":\"x\"}" },
                { .courses = "[\"..\"]" }, { .courses = "[\"a/b\"]" }, { .courses = "[\"a,readonly\"]" }, { .courses = "[1]" }, { .courses = "{}" },
                { .courses = "[\"\"]" }, { .limits = "[]" }, { .limits = "{\"memory\":1}" }, { .limits = "{\"memory\":-1}" },
                { .limits = "{\"memory\":\"2G\"}" }, { .limits = "{\"cpus_milli\":9}" }, { .limits = "{\"cpus_milli\":1024001}" },
                { .limits = "{\"pids\":0}" }, { .limits = "{\"pids\":1000001}" }, { .limits = "{\"time_usec\":999999}" },
                { .limits = "{\"output\":0}" }, { .limits = "{\"swap\":1}" },
                { .notify = "[\"finished\"]" }, { .notify = "[\"\"]" },
                { .notify = "[\"started\",\"started\",\"started\",\"started\",\"started\",\"started\",\"started\",\"started\",\"started\"]" },
                { .args = "{}" }, { .args = "[[]]" }, { .args = "[{\"name\":\"a\"}]" }, { .args = "[{\"name\":\"-v\",\"value\":\"1\"}]" },
                { .args = "[{\"name\":\"a\",\"value\":\"1\\n2\"}]" }, { .args = "[{\"name\":\"a=b\",\"value\":\"1\"}]" },
                { .args = "[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"a\",\"value\":1}]" }, /* the first one must not leak */
                { .args = "[{\"name\":\"a\",\"value\":\"1\",\"more\":1}]" },
                { .needs = "[\"../x\"]" }, { .needs = "[\"a/b\"]" },
                { .needs = "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]" },
                { .drop_digest = "\"\"" }, { .drop_digest = "\"" DIGEST_B "0\"" }, { .drop_digest = "null" },
                { .more = ",\"extra\":1" }, { .more = ",\"version\":1" }, { .more = "}" },
        };
        static const Pieces good = {};
        _cleanup_free_ char *fine = build(&good);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(read_text(&s, fine), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = build(&cases[i]);

                if (read_text(&s, text) != -EBADMSG)
                        fail_msg("accepted: %s", text);
        }
}

/* While files are awaited nothing is known of the image. */
static void waiting_manifests_need_no_image(_unused_ void **state) {
        static const Pieces waiting = { .image = "{\"kind\":\"archive\"}", .needs = "[\"image.tar\"]" };
        _cleanup_free_ char *text = build(&waiting);
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        assert_int_equal(read_text(&s, text), 0);
}

static void counts_are_limited(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        for (size_t n = LIMIT_ARGS; n <= LIMIT_ARGS + 1; n++) {
                _cleanup_manifest_ Manifest m = sample(), back = {};

                while (m.args.n < n)
                        assert_int_equal(manifest_add_argument(&m, "a", "1"), 0);
                assert_int_equal(manifest_write_at(s.fd, &m), 0);
                assert_int_equal(manifest_read_at(s.fd, &back, NULL), n > LIMIT_ARGS ? -EBADMSG : 0);
        }
        for (size_t n = LIMIT_COURSES; n <= LIMIT_COURSES + 1; n++) {
                _cleanup_manifest_ Manifest m = sample(), back = {};

                while (strv_length(m.courses) < n)
                        assert_int_equal(strv_add(&m.courses, "a"), 0);
                assert_int_equal(manifest_write_at(s.fd, &m), 0);
                assert_int_equal(manifest_read_at(s.fd, &back, NULL), n > LIMIT_COURSES ? -EBADMSG : 0);
        }
}

static void not_there_or_not_a_file(_unused_ void **state) {
        _cleanup_scratch_ Scratch s;
        Manifest m = { .version = 77 };
        _cleanup_fd_ int dir = -EBADF;

        scratch_init(&s);
        assert_int_equal(manifest_read_at(s.fd, &m, NULL), -ENOENT);
        assert_int_equal(symlinkat("/etc/passwd", s.fd, MANIFEST_FILE), 0);
        assert_int_equal(manifest_read_at(s.fd, &m, NULL), -ELOOP);
        assert_int_equal(unlinkat(s.fd, MANIFEST_FILE, 0), 0);
        assert_int_equal(mkfifoat(s.fd, MANIFEST_FILE, 0600), 0);
        assert_int_equal(manifest_read_at(s.fd, &m, NULL), -EBADMSG); /* and it does not hang */
        assert_int_equal(unlinkat(s.fd, MANIFEST_FILE, 0), 0);
        dir = scratch_dir(&s, MANIFEST_FILE);
        assert_int_equal(manifest_read_at(s.fd, &m, NULL), -EBADMSG);
        assert_int_equal(m.version, 77);
}

static void done_twice(_unused_ void **state) {
        Manifest m = sample();

        manifest_done(&m);
        assert_null(m.args.items);
        manifest_done(&m);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_round_trip), cmocka_unit_test(round_trip), cmocka_unit_test(least), cmocka_unit_test(hostile),
                cmocka_unit_test(waiting_manifests_need_no_image), cmocka_unit_test(counts_are_limited),
                cmocka_unit_test(not_there_or_not_a_file), cmocka_unit_test(done_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
