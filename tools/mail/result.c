/* SPDX-License-Identifier: MIT */
#include "tools/mail/result.h"

#include "spool/base/name.h"
#include "spool/outbox.h"

static const char *const mail_outcome_names[_MAIL_OUTCOME_MAX] = {
        [MAIL_OUTCOME_SENT] = "sent",
        [MAIL_OUTCOME_RETRY] = "retry",
        [MAIL_OUTCOME_BUSY] = "busy",
        [MAIL_OUTCOME_GONE] = "gone",
        [MAIL_OUTCOME_INVALID] = "invalid",
};

DEFINE_STRING_TABLE(mail_outcome, MailOutcome, MAIL_OUTCOME)

static const JsonField fields[] = {
        { "outcome", JSON_KIND_ENUM, offsetof(MailResult, outcome), JSON_REQUIRED, .names = mail_outcome_names, .max = _MAIL_OUTCOME_MAX },
        { "code", JSON_KIND_UNSIGNED, offsetof(MailResult, code), JSON_REQUIRED, .max = 999 },
        { "text", JSON_KIND_STRING, offsetof(MailResult, text), JSON_OMIT_EMPTY, .max = OUTBOX_TEXT_MAX },
        { "delivered", JSON_KIND_STRV, offsetof(MailResult, delivered), JSON_OMIT_EMPTY,
          .max = OUTBOX_RECIPIENTS_MAX, .check = name_is_mail_address },
        { "refused", JSON_KIND_STRV, offsetof(MailResult, refused), JSON_OMIT_EMPTY,
          .max = OUTBOX_RECIPIENTS_MAX, .check = name_is_mail_address },
};
const JsonTable mail_result_table = JSON_TABLE(fields);

int mail_result_set_text(MailResult *r, const char *s, size_t size) {
        char *text;

        while (size > 0 && (s[size - 1] == '\n' || s[size - 1] == '\r' || s[size - 1] == ' '))
                size--;
        /* Every byte may become four. */
        text = name_escape(s, size, MAIL_RESULT_TEXT_MAX);
        if (!text)
                return -ENOMEM;
        if (strlen(text) > OUTBOX_TEXT_MAX)
                text[OUTBOX_TEXT_MAX] = '\0';
        if (!name_is_utf8(text, strlen(text)))
                strcpy(text, "(unreadable answer)");
        free(r->text);
        r->text = text;
        return 0;
}

void mail_result_done(MailResult *r) {
        json_record_done(&mail_result_table, r);
        *r = (MailResult){};
}
