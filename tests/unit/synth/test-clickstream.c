/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/unit/scratch.h"
#include "tests/unit/synth/gunzip.h"
#include "tools/synth/calendar.h"
#include "tools/synth/clickstream.h"
#include "tools/synth/truth.h"

/* One session as a log, and what was said about it. */
typedef struct World {
        Scratch scratch;
        Session session;
        Syllabus syllabus;
        Forum *forum;
        uint8_t *last_week;
        ClickstreamStats stats;
        char *log;
        size_t log_size;
} World;

static int world_init(void **state) {
        const CampusPlan plan = { .courses = 2, .sessions = 2, .users = 60, .seed = 17 };
        World *w = calloc(1, sizeof(*w));
        Campus *c;

        assert_int_equal(campus_new(&plan, &c), 0);
        campus_session(c, 1, 2, &w->session);
        campus_free(c);
        scratch_init(&w->scratch);
        syllabus_init(&w->session, &w->syllabus);
        assert_int_equal(forum_new(&w->session, &w->syllabus, &w->forum), 0);
        w->last_week = malloc(w->session.learners);
        assert_int_equal(clickstream_write(
                        w->scratch.fd, "log.gz", &w->session, &w->syllabus, w->forum, w->last_week, &w->stats), 0);
        w->log = gunzip_at(w->scratch.fd, "log.gz", &w->log_size);
        *state = w;
        return 0;
}

static int world_done(void **state) {
        World *w = *state;

        forum_free(w->forum);
        free(w->last_week);
        free(w->log);
        scratch_done(&w->scratch);
        free(w);
        return 0;
}

static uint32_t number_of(const World *w, const char *user) {
        char hex[LEARNER_HEX_LENGTH + 1];

        for (uint32_t i = 0; i < w->session.learners; i++) {
                learner_hex(&w->session, i, hex);
                if (streq(hex, user))
                        return i;
        }
        fail_msg("unknown user %s", user);
        return 0;
}

static void test_lines(void **state) {
        const World *w = *state;
        _cleanup_free_ int *last = malloc(sizeof(int) * w->session.learners);
        uint64_t lines = 0, bad = 0;

        for (uint32_t i = 0; i < w->session.learners; i++)
                last[i] = -2;
        for (char *p = w->log, *end; *p; p = end + 1, lines++) {
                json_t *line;
                int64_t time;
                uint32_t i;
                int week;

                end = strchr(p, '\n');
                assert_non_null(end);
                assert_true((size_t) (end - p) < 2048);
                line = json_loadb(p, (size_t) (end - p), 0, NULL);
                if (!line) {
                        bad++;
                        continue;
                }
                i = number_of(w, json_string_value(json_object_get(line, "username")));
                time = json_integer_value(json_object_get(line, "timestamp"));
                week = calendar_week(w->session.start, w->session.weeks, time);
                last[i] = week > last[i] ? week : last[i];
                if (streq(json_string_value(json_object_get(line, "key")), "user.video.lecture.action")) {
                        json_t *value = json_loads(json_string_value(json_object_get(line, "value")), 0, NULL);

                        assert_true(json_is_boolean(json_object_get(value, "paused")));
                        assert_int_equal(json_integer_value(json_object_get(value, "eventTimestamp")), time);
                        json_decref(value);
                }
                json_decref(line);
        }
        assert_true(bad > 0 && bad == w->stats.spoiled);
        assert_int_equal(lines - bad, w->stats.lines);
        for (uint32_t i = 0; i < w->session.learners; i++) {
                assert_int_not_equal(last[i], -2);
                assert_int_equal(w->last_week[i], last[i] < 0 ? 0 : last[i]);
        }
        assert_true(w->log_size >= w->stats.bytes);
}

/* The label files say about each learner what his last week says. */
static void test_truth(void **state) {
        const World *w = *state;
        _cleanup_free_ char *labels = NULL, *underscore = NULL, *train = NULL, *dates = NULL;
        char line[256], hex[LEARNER_HEX_LENGTH + 1];
        unsigned final = w->session.weeks - 1;
        Truth t;

        assert_int_equal(truth_open(w->scratch.fd, &t), 0);
        truth_add(&t, &w->session, w->last_week);
        assert_int_equal(truth_close(&t), 0);
        labels = scratch_read(&w->scratch, "labels-test.csv");
        underscore = scratch_read(&w->scratch, "labels-test-with-underscore.csv");
        train = scratch_read(&w->scratch, "labels-train.csv");
        dates = scratch_read(&w->scratch, "coursera_course_dates.csv");
        assert_string_equal(train, "userID,label_type,label_value,course,session\n");
        for (uint32_t i = 0; i < w->session.learners; i++) {
                learner_hex(&w->session, i, hex);
                (void) snprintf(line, sizeof(line), "\n%s,dropout,%d,introfinance,002\n", hex, w->last_week[i] < final);
                assert_int_equal(count_of(labels, line), 1);
                (void) snprintf(line, sizeof(line), "\n%s,dropout_current_week,%d,introfinance_002\n", hex,
                        w->last_week[i] == 2);
                assert_int_equal(count_of(underscore, line), 1);
        }
        assert_int_equal(count_of(labels, "\n"), 1 + 2 * w->session.learners);
        assert_non_null(startswith(dates, "course,fullname,start_date,end_date\nintrofinance-002,Introduction to "
                                          "Finance (Time - Money & Risk),"));
}

/* Titles with quotes are doubled and quoted; letters outside ASCII are one byte. */
static void test_dates(void **state) {
        const World *w = *state;
        _cleanup_free_ char *dates = NULL;
        Session s = w->session;
        Truth t;

        assert_int_equal(truth_open(w->scratch.fd, &t), 0);
        s.course = 3;
        truth_add(&t, &s, w->last_week);
        s.course = 4;
        s.start = CALENDAR_DAY * calendar_days(2015, 2, 2);
        s.days = 70;
        truth_add(&t, &s, w->last_week);
        assert_int_equal(truth_close(&t), 0);
        dates = scratch_read(&w->scratch, "coursera_course_dates_with_underscore.csv");
        assert_non_null(strstr(dates, "introfinance_002,\xc9" "couter: Listening"));
        assert_non_null(strstr(dates, ",\"Finance for Everyone: \"\"Smart\"\" Choices\",2/2/15,4/13/15\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_lines, world_init, world_done),
                cmocka_unit_test_setup_teardown(test_truth, world_init, world_done),
                cmocka_unit_test_setup_teardown(test_dates, world_init, world_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
