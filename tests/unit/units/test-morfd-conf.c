/* SPDX-License-Identifier: MIT */
/*
 * The configuration file as it is installed: units/morfd.conf shows each setting with its default. Taken as it is it must say
 * nothing; with the "#" before each setting taken away it must say what an empty file says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "spool/base/strv.h"
#include "spool/conf.h"
#include "tests/unit/scratch.h"

#define SHIPPED "units/morfd.conf"

/* Whether a line is a setting behind a "#", and not an explanation, which begins with "# ". */
static bool is_setting(const char *line) {
        return line[0] == '#' && ((line[1] >= 'a' && line[1] <= 'z') || line[1] == '}' || strncmp(line + 1, "        ", 8) == 0);
}

/* Copies the shipped file, with its settings in force or not. Return: the number of lines that are settings. */
static unsigned copy_shipped(const Scratch *s, const char *name, bool in_force) {
        _cleanup_free_ char *text = NULL, *line = NULL;
        size_t size, allocated = 0;
        unsigned settings = 0;
        FILE *in, *out;

        in = fopen(SHIPPED, "re");
        assert_non_null(in);
        out = open_memstream(&text, &size);
        assert_non_null(out);
        while (getline(&line, &allocated, in) >= 0) {
                bool setting = is_setting(line);

                settings += setting;
                assert_true(fputs(line + (setting && in_force), out) >= 0);
        }
        assert_int_equal(fclose(out), 0);
        fclose(in);
        scratch_write_bytes(s, name, text, size);
        return settings;
}

static void load(const Scratch *s, const char *name, Conf *ret) {
        _cleanup_free_ char *path = NULL, *complaint = NULL;

        assert_true(asprintf(&path, "%s/%s", s->path, name) > 0);
        assert_int_equal(setenv("MORF_CONF", path, 1), 0);
        if (conf_load(ret, &complaint) < 0)
                fail_msg("%s", complaint ? complaint : "no complaint");
}

static void assert_same_text(const char *a, const char *b) {
        assert_string_equal(strempty(a), strempty(b));
}

static void assert_same_limits(const ManifestLimits *a, const ManifestLimits *b) {
        assert_int_equal(a->cpus_milli, b->cpus_milli);
        assert_int_equal(a->memory, b->memory);
        assert_int_equal(a->time_usec, b->time_usec);
        assert_int_equal(a->output, b->output);
        assert_int_equal(a->pids, b->pids);
}

static void assert_same_mail(const Conf *a, const Conf *b) {
        assert_same_text(a->mail.from, b->mail.from);
        assert_same_text(a->mail.from_name, b->mail.from_name);
        assert_same_text(a->mail.operator_address, b->mail.operator_address);
        assert_same_text(a->mail.domain, b->mail.domain);
        assert_same_text(a->mail.maildir, b->mail.maildir);
        assert_same_text(a->mail.smtp_host, b->mail.smtp_host);
        assert_same_text(a->mail.smtp_user, b->mail.smtp_user);
        assert_same_text(a->mail.smtp_password_file, b->mail.smtp_password_file);
        assert_same_text(a->mail.smtp_ca_file, b->mail.smtp_ca_file);
        assert_int_equal(a->mail.smtp_port, b->mail.smtp_port);
        assert_int_equal(a->mail.smtp_tls, b->mail.smtp_tls);
        assert_int_equal(a->mail.per_hour, b->mail.per_hour);
}

static void assert_same(const Conf *a, const Conf *b) {
        assert_same_text(a->spool, b->spool);
        assert_int_equal(strv_length(a->data), strv_length(b->data));
        assert_int_equal(a->test_labels, b->test_labels);
        assert_int_equal(a->scheduler.slots, b->scheduler.slots);
        assert_int_equal(a->scheduler.cpus_milli, b->scheduler.cpus_milli);
        assert_int_equal(a->scheduler.memory, b->scheduler.memory);
        assert_int_equal(a->scheduler.quiet_usec, b->scheduler.quiet_usec);
        assert_int_equal(a->scheduler.upload_usec, b->scheduler.upload_usec);
        assert_int_equal(a->scheduler.active_per_user, b->scheduler.active_per_user);
        assert_int_equal(a->scheduler.attempts, b->scheduler.attempts);
        assert_int_equal(a->scheduler.retry_usec, b->scheduler.retry_usec);
        assert_int_equal(a->scheduler.free_bytes, b->scheduler.free_bytes);
        assert_int_equal(a->engine.name, b->engine.name);
        assert_int_equal(a->engine.build, b->engine.build);
        assert_int_equal(a->engine.build_network, b->engine.build_network);
        assert_int_equal(a->engine.build_time_usec, b->engine.build_time_usec);
        assert_same_limits(&a->limits.standard, &b->limits.standard);
        assert_same_limits(&a->limits.maximum, &b->limits.maximum);
        assert_int_equal(a->limits.compat, b->limits.compat);
        assert_int_equal(a->release.digits, b->release.digits);
        assert_int_equal(a->release.min_cell, b->release.min_cell);
        assert_int_equal(a->release.round_counts, b->release.round_counts);
        assert_int_equal(a->release.pseudonyms, b->release.pseudonyms);
        assert_same_mail(a, b);
}

static void test_shipped(void **state) {
        _cleanup_scratch_ Scratch s = { .fd = -EBADF };
        _cleanup_conf_ Conf empty = {}, shipped = {}, in_force = {};

        (void) state;
        scratch_init(&s);
        scratch_write_bytes(&s, "empty.conf", "", 0);
        load(&s, "empty.conf", &empty);

        (void) copy_shipped(&s, "shipped.conf", /* in_force= */ false);
        load(&s, "shipped.conf", &shipped);
        assert_same(&empty, &shipped);

        /* All of them: a file whose settings were not recognised would say nothing as well. */
        assert_true(copy_shipped(&s, "in-force.conf", /* in_force= */ true) > 40);
        load(&s, "in-force.conf", &in_force);
        assert_same(&empty, &in_force);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shipped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
