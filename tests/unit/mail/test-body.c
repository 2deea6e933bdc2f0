/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/base/time.h"
#include "spool/limits.h"
#include "tests/unit/mail/request.h"
#include "tools/mail/body.h"
#include "tools/mail/template.h"

static char *text_of(const MailRequest *m) {
        _cleanup_body_ Body b = {};
        char *text;

        assert_int_equal(body_compose(m, &b), 0);
        assert_int_equal(body_to_text(&b, &text), 0);
        return text;
}

static char *html_of(const MailRequest *m) {
        _cleanup_body_ Body b = {};
        char *html;

        assert_int_equal(body_compose(m, &b), 0);
        assert_int_equal(body_to_html(&b, &html), 0);
        return html;
}

static void test_finished(void **state _unused_) {
        static const char table[] =
                "course,N,accuracy,auc\n"
                "accounting,1200,0.883,0.91\n"
                "m\xc3\xa9" "decine,300,0.7,\n";
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);
        _cleanup_free_ char *text = NULL, *html = NULL;

        m.usage = (Usage){ .wall_usec = 7512 * USEC_PER_SEC, .cpu_usec = 99 * USEC_PER_SEC, .memory_peak = 100 * LIMIT_MIB,
                           .memory_limit = 2 * LIMIT_GIB };
        assert_int_equal(mail_request_attach(&m, "eval.csv", table, strlen(table)), 0);
        text = text_of(&m);
        assert_string_equal(text,
                            "Your job 'weekly-dropout' has finished, and its predictions were\n"
                            "evaluated.\n"
                            "\n"
                            "Results\n"
                            "-------\n"
                            "  course    accounting  m\xc3\xa9" "decine\n"
                            "  N               1200       300\n"
                            "  accuracy       0.883       0.7\n"
                            "  auc             0.91         -\n"
                            "\n"
                            "Resources\n"
                            "---------\n"
                            "  Run time        2h 5min\n"
                            "  Processor time  1min 39s\n"
                            "  Peak memory     100 MiB of 2 GiB\n"
                            "\n"
                            "The job used 4 % of the 2 GiB of memory that it may use. A smaller\n"
                            "limits.memory lets it start sooner.\n"
                            "\n"
                            "What next\n"
                            "---------\n"
                            "The table is attached as eval.csv; by SFTP it is\n"
                            "jobs/01jd3k8x2m4qabcdefghjkmnpq/eval.csv. Small counts are left out and\n"
                            "numbers are rounded where the data's release rules ask for it.\n"
                            "\n"
                            "-- \n"
                            "Job 01jd3k8x2m4qabcdefghjkmnpq of alice. This mail was written by a\n"
                            "program.\n");
        html = html_of(&m);
        assert_non_null(strstr(html, ">0.883</td>"));
        assert_non_null(strstr(html, ">m\xc3\xa9" "decine</th>"));
}

static void test_memory_hint(void **state _unused_) {
        static const struct {
                uint64_t peak, limit;
                bool hint;
        } cases[] = {
                { 1, LIMIT_GIB, true }, { 102 * LIMIT_MIB, LIMIT_GIB, true }, { 103 * LIMIT_MIB, LIMIT_GIB, false },
                { LIMIT_GIB, LIMIT_GIB, false }, { 1, 0, false }, { 0, LIMIT_GIB, false }, { UINT64_MAX, UINT64_MAX, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);
                _cleanup_free_ char *text = NULL;

                m.usage = (Usage){ .wall_usec = 1, .memory_peak = cases[i].peak, .memory_limit = cases[i].limit };
                text = text_of(&m);
                assert_int_equal(strstr(text, "limits.memory") != NULL, cases[i].hint);
        }
}

/* Many courses: as the file has it, cut where it is long; one row: metrics below each other. */
static void test_table_shapes(void **state _unused_) {
        _cleanup_free_ char *csv = NULL, *many = NULL, *one = NULL;
        size_t size;
        FILE *f;

        f = open_memstream(&csv, &size);
        fputs("course,N\n", f);
        for (unsigned i = 0; i < 100; i++)
                fprintf(f, "course-%03u,%u\n", i, i);
        fclose(f);
        {
                _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);

                assert_int_equal(mail_request_attach(&m, "eval.csv", csv, size), 0);
                many = text_of(&m);
                assert_non_null(strstr(many, "  course-000   0\n  course-001   1\n"));
                assert_non_null(strstr(many, "course-039"));
                assert_null(strstr(many, "course-040"));
                assert_non_null(strstr(many, "60 more rows are in the file attached."));
        }
        {
                _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);

                assert_int_equal(mail_request_attach(&m, "eval.csv", "N,auc\n100,0.5\n", 14), 0);
                one = text_of(&m);
                assert_non_null(strstr(one, "  metric  value\n  N         100\n  auc       0.5\n"));
        }
}

static void test_not_a_table(void **state _unused_) {
        static const char *const cases[] = { "", "a\n", "a,b\n1\n", "a\"b\n", "a,b\n\"", "\n\n\n", "x" };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);
                _cleanup_free_ char *text = NULL;

                assert_int_equal(mail_request_attach(&m, "eval.csv", cases[i], strlen(cases[i])), 0);
                text = text_of(&m);
                assert_null(strstr(text, "Results"));
        }
}

static void test_rejected(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_REJECTED);
        _cleanup_free_ char *text = NULL;

        free(m.job);
        m.job = NULL;
        (void) fault_set(&m.fault, FAULT_JOBFILE, "job.cfg", 3, "unknown key 'imgae'; did you mean 'image'?");
        text = text_of(&m);
        assert_non_null(strstr(text, "'weekly.cfg' was not accepted, and nothing was run."));
        assert_non_null(strstr(text, "  job.cfg:3: unknown key 'imgae'; did you mean 'image'?\n  (E_JOBFILE)\n"));
        assert_non_null(strstr(text, "morf check FILE"));
}

/* Every event has words, and no placeholder is left in them. */
static void test_every_event(void **state _unused_) {
        for (MailEvent e = 0; e < _MAIL_EVENT_MAX; e++) {
                _cleanup_mail_request_ MailRequest m = request_sample(e);
                _cleanup_free_ char *text = NULL, *html = NULL;
                _cleanup_body_ Body b = {};

                if (e != MAIL_EVENT_FINISHED)
                        (void) fault_set(&m.fault, FAULT_TIME, NULL, 0, "The time was up.");
                text = text_of(&m);
                html = html_of(&m);
                assert_null(strpbrk(text, "{}"));
                assert_null(strpbrk(html, "{}"));
                assert_non_null(template_of(e)->what);
                assert_non_null(template_of(e)->next[0]);
                assert_int_equal(strstr(text, "E_TIME") != NULL, template_of(e)->faults);
                assert_int_equal(body_compose(&m, &b), 0);
                assert_non_null(startswith(b.subject, "[morf] weekly-dropout: "));
                assert_non_null(endswith(b.subject, " (01jd3k8x2m4q)"));
        }
}

static void test_hostile_text(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_REJECTED);
        _cleanup_free_ char *text = NULL, *html = NULL;

        free(m.drop);
        m.drop = strdup("<script>alert('x')</script>\r\n.\r\n\x1b[31m{job}&\"");
        m.why = strdup("<b>why</b>\n{id}");
        (void) fault_set(&m.fault, FAULT_JOBFILE, NULL, 0, "<i>\n\x07</i>");
        text = text_of(&m);
        html = html_of(&m);
        assert_null(strchr(text, '\x1b'));
        assert_null(strchr(text, '\r'));
        assert_null(strchr(text, '\x07'));
        assert_null(strstr(text, "\n."));
        assert_non_null(strstr(text, "{job}"));
        assert_null(strstr(html, "<script"));
        assert_null(strstr(html, "<b>"));
        assert_null(strstr(html, "<i>"));
        assert_non_null(strstr(html, "&lt;script&gt;alert(&#39;x&#39;)"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_finished),    cmocka_unit_test(test_memory_hint), cmocka_unit_test(test_table_shapes),
                cmocka_unit_test(test_not_a_table), cmocka_unit_test(test_rejected),    cmocka_unit_test(test_every_event),
                cmocka_unit_test(test_hostile_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
