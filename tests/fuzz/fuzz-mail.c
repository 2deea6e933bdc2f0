/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a mail request: refused, or composed into a mail that has the headers we set and no others, no line that SMTP
 * forbids, and the same bytes each time; and any bytes as what a mail server says.
 */

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/outbox.h"
#include "tools/mail/compose.h"
#include "tools/mail/result.h"
#include "tools/mail/smtp-dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static bool is_ours(const char *line) {
        static const char *const names[] = { "Date:", "From:", "To:", "Subject:", "Message-Id:", "Auto-Submitted:", "In-Reply-To:",
                                             "References:", "X-Auto-Response-Suppress:", "X-MORF-Job:", "MIME-Version:", "Content-",
                                             " ", "\t" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (startswith(line, names[i]))
                        return true;
        return false;
}

static void check_mail(const char *text, bool ascii) {
        bool header = true;

        while (*text) {
                const char *end = strchr(text, '\n');

                check(end && end - text <= 998);
                header = header && end != text;
                check(!header || is_ours(text));
                for (const char *c = text; c < end; c++)
                        check((!ascii || (unsigned char) *c < 0x80) && *c != '\r');
                text = end + 1;
        }
}

static void compose(const MailRequest *m) {
        static char from[] = "morf@example.org", name[] = "MORF", domain[] = "example.org";
        MailSettings s = { .from = from, .from_name = name, .domain = domain };
        OutboxName n = { .number = 2, .event = m->event };
        _cleanup_free_ char *first = NULL, *second = NULL;
        _cleanup_body_ Body b = {};
        bool ascii = false;
        size_t size;

        /* A mail to nobody but addresses that are not ASCII has no header but in UTF-8, and no server gets it. */
        STRV_FOREACH(to, m->to) {
                const char *c = *to;

                while (*c && (unsigned char) *c < 0x80)
                        c++;
                ascii = ascii || *c == '\0';
        }
        memcpy(n.id, m->id, sizeof(n.id));
        check(body_compose(m, &b) == 0);
        if (compose_mail(&s, m, &n, &b, "first@example.org", &first, &size) < 0)
                return;
        check_mail(first, ascii);
        check(compose_mail(&s, m, &n, &b, "first@example.org", &second, &size) == 0);
        check(streq(first, second));
}

/* Even bytes are the server's, odd ones ours. */
static void talk(const uint8_t *data, size_t size) {
        _cleanup_mail_result_ MailResult r = {};
        SmtpDialogue d = {};

        for (size_t i = 0; i + 1 < size; i += 64)
                smtp_dialogue_add(&d, data[i] & 1, (const char *) data + i + 1, size - i - 1 < 200 ? size - i - 1 : 200);
        check(strlen(d.line) <= SMTP_LINE_MAX && d.code <= 999);
        check(mail_result_set_text(&r, (const char *) data, size) == 0);
        check(strlen(r.text) <= OUTBOX_TEXT_MAX && name_is_utf8(r.text, strlen(r.text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;

        if (size > 65536)
                return 0;
        talk(data, size);
        if (json_record_parse(&mail_request_table, (const char *) data, size, &m, /* reterr= */ NULL) == 0 && strv_length(m.to) > 0)
                compose(&m);
        return 0;
}
