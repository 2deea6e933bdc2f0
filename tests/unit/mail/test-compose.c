/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "tests/unit/mail/request.h"
#include "tools/mail/compose.h"

static char *compose(const MailSettings *s, const MailRequest *m, unsigned number, const char *first) {
        OutboxName n = request_name(m->event, number);
        _cleanup_body_ Body b = {};
        char *text;
        size_t size;

        assert_int_equal(body_compose(m, &b), 0);
        assert_int_equal(compose_mail(s, m, &n, &b, first, &text, &size), 0);
        assert_int_equal(strlen(text), size);
        return text;
}

static GMimeMessage *parse(const char *text) {
        GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

        assert_non_null(message);
        g_object_unref(parser);
        g_object_unref(stream);
        return message;
}

/* The decoded content of a part, for the caller to free. */
static char *content_of(GMimeObject *part) {
        GMimeStream *stream = g_mime_stream_mem_new();
        GByteArray *bytes;
        char *text;

        g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), stream);
        bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
        text = strndup((const char *) bytes->data, bytes->len);
        g_object_unref(stream);
        return text;
}

static void test_attachment_comes_back(void **state _unused_) {
        static const char table[] = "course,auc\r\nm\xc3\xa9" "decine,0.5\n.\nFrom here\n\n\t \n";
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);
        _cleanup_free_ char *text = NULL, *plain = NULL, *csv = NULL;
        MailSettings s = request_settings();
        GMimeObject *top, *alternative;
        GMimeMessage *message;

        assert_int_equal(mail_request_attach(&m, "eval.csv", table, strlen(table)), 0);
        text = compose(&s, &m, 2, REQUEST_JOB ".01.accepted@example.org");
        message = parse(text);
        assert_string_equal(g_mime_message_get_subject(message), "[morf] weekly-dropout: finished (01jd3k8x2m4q)");
        assert_string_equal(g_mime_message_get_message_id(message), REQUEST_JOB ".02.finished@example.org");
        assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "References"), "<" REQUEST_JOB ".01.accepted@example.org>");
        assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "In-Reply-To"), "<" REQUEST_JOB ".01.accepted@example.org>");
        assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "Auto-Submitted"), "auto-generated");
        assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "X-MORF-Job"), REQUEST_JOB);
        assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "Date"), "Mon, 23 Nov 2026 06:17:22 +0000");

        top = g_mime_message_get_mime_part(message);
        assert_true(GMIME_IS_MULTIPART(top));
        assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(top)), 2);
        alternative = g_mime_multipart_get_part(GMIME_MULTIPART(top), 0);
        assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(alternative)), 2);
        plain = content_of(g_mime_multipart_get_part(GMIME_MULTIPART(alternative), 0));
        assert_non_null(strstr(plain, "Your job 'weekly-dropout' has finished"));
        csv = content_of(g_mime_multipart_get_part(GMIME_MULTIPART(top), 1));
        assert_string_equal(csv, table);
        assert_string_equal(g_mime_part_get_filename(GMIME_PART(g_mime_multipart_get_part(GMIME_MULTIPART(top), 1))), "eval.csv");
        g_object_unref(message);
}

/* No line is longer than SMTP allows, none holds a byte above 127. */
static void assert_fit_for_smtp(const char *text) {
        size_t line = 0;

        for (const char *c = text; *c; c++) {
                assert_true((unsigned char) *c < 0x80 && *c != '\r');
                line = *c == '\n' ? 0 : line + 1;
                assert_true(line <= 998);
        }
}

static void test_utf8_and_long_lines(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_REJECTED);
        _cleanup_free_ char *text = NULL, *drop = NULL;
        MailSettings s = request_settings();
        GMimeMessage *message;
        InternetAddress *from;

        drop = malloc(1001);
        memset(drop, 'x', 1000);
        drop[1000] = '\0';
        free(m.job);
        m.job = NULL;
        free(m.drop);
        assert_true(asprintf(&m.drop, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e-w\xc3\xb6" "chentlich-%s", drop) > 0);
        s.from_name = (char[]){ "M\xc3\xb6rf, the \"server\"" };
        text = compose(&s, &m, 1, NULL);
        assert_fit_for_smtp(text);
        message = parse(text);
        assert_non_null(startswith(g_mime_message_get_subject(message), "[morf] \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e-w\xc3\xb6" "chentlich-"));
        from = internet_address_list_get_address(g_mime_message_get_from(message), 0);
        assert_string_equal(internet_address_get_name(from), "M\xc3\xb6rf, the \"server\"");
        assert_null(g_mime_object_get_header(GMIME_OBJECT(message), "References"));
        g_object_unref(message);
}

/* Names of headers at the beginnings of lines, up to the first empty line. */
static void assert_headers(const char *text) {
        static const char *const known[] = { "Date:", "From:", "Subject:", "To:", "Message-Id:", "Auto-Submitted:", "X-Auto-Response-Suppress:",
                                             "X-MORF-Job:", "MIME-Version:", "Content-Type:", " ", "\t" };

        while (*text != '\n') {
                bool found = false;

                for (size_t i = 0; i < ELEMENTSOF(known); i++)
                        found = found || startswith(text, known[i]);
                assert_true(found);
                text = strchr(text, '\n') + 1;
        }
}

static void test_injection(void **state _unused_) {
        static const char *const attacks[] = {
                "x\r\nBcc: evil@example.org", "x\nBcc: evil@example.org", "x\rBcc: evil@example.org", "x\r\n\r\nbody", "x\u2028Bcc: y",
                "=?utf-8?q?x=0D=0ABcc:_evil@example.org?=", "\x0b\x0c\x1c\x85", "",
        };

        for (size_t i = 0; i < ELEMENTSOF(attacks); i++) {
                _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_CANCELLED);
                _cleanup_free_ char *text = NULL;
                MailSettings s = request_settings();
                GMimeMessage *message;

                /* Not through the record, which would refuse most of this. */
                free(m.job);
                m.job = strdup(attacks[i]);
                free(m.user);
                m.user = strdup(attacks[i]);
                s.from_name = m.user;
                text = compose(&s, &m, 1, NULL);
                assert_headers(text);
                message = parse(text);
                assert_int_equal(internet_address_list_length(g_mime_message_get_all_recipients(message)), 1);
                assert_null(g_mime_object_get_header(GMIME_OBJECT(message), "Bcc"));
                g_object_unref(message);
        }
}

static void test_refused(void **state _unused_) {
        static char domain[] = "a\r\nBcc: b";
        OutboxName n = request_name(MAIL_EVENT_ACCEPTED, 1);
        static const char *const bad[] = { "a@b\r\nBcc: c@d", "a@b, c@d", "a", "<a@b>", "" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                for (unsigned which = 0; which < 3; which++) {
                        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_ACCEPTED);
                        MailSettings s = request_settings();
                        _cleanup_body_ Body b = {};
                        char *value = strdup(bad[i]), *text;
                        size_t size;

                        assert_int_equal(body_compose(&m, &b), 0);
                        if (which == 0)
                                s.from = value;
                        else if (which == 1) {
                                free(m.to[0]);
                                m.to[0] = strdup(value);
                        } else
                                s.domain = domain;
                        assert_int_equal(compose_mail(&s, &m, &n, &b, NULL, &text, &size), -EINVAL);
                        free(value);
                }
}

static void test_addresses_that_are_not_ascii(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_ACCEPTED);
        _cleanup_free_ char *text = NULL;
        MailSettings s = request_settings();

        assert_int_equal(strv_add(&m.to, "w\xc3\xb6@example.org"), 0);
        text = compose(&s, &m, 1, NULL);
        assert_fit_for_smtp(text);
        assert_non_null(strstr(text, "\nTo: alice@example.org\n"));
}

static void test_same_bytes(void **state _unused_) {
        _cleanup_mail_request_ MailRequest m = request_sample(MAIL_EVENT_FINISHED);
        _cleanup_free_ char *first = NULL, *second = NULL;
        MailSettings s = request_settings();

        assert_int_equal(mail_request_attach(&m, "eval.csv", "N\n1\n", 4), 0);
        first = compose(&s, &m, 1, NULL);
        m.attempts = 7;
        second = compose(&s, &m, 1, NULL);
        assert_string_equal(first, second);
}

/* GMime keeps tables of its own for as long as the program runs, some of which only it can reach. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libglib-2.0\nleak:libgmime-3.0\nleak:g_malloc\nleak:g_realloc\n";
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_attachment_comes_back), cmocka_unit_test(test_utf8_and_long_lines), cmocka_unit_test(test_injection),
                cmocka_unit_test(test_refused),               cmocka_unit_test(test_same_bytes),
                cmocka_unit_test(test_addresses_that_are_not_ascii),
        };

        g_mime_init();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
