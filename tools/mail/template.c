/* SPDX-License-Identifier: MIT */
#include "tools/mail/template.h"

#include "spool/base/name.h"
#include "spool/base/strv.h"

static const Template templates[_MAIL_EVENT_MAX] = {
        [MAIL_EVENT_ACCEPTED] = {
                .subject = "accepted",
                .what = "Your job '{job}' was accepted and waits for its turn.",
                .next = {
                        "You need not do anything. The next mail comes when the job has ended.",
                        "By SFTP, jobs/{id}/STATUS.txt always says where it stands. To cancel it, put an empty file named "
                        "{id}.cancel into incoming/.",
                },
        },
        [MAIL_EVENT_REJECTED] = {
                .subject = "rejected",
                .what = "'{drop}' was not accepted, and nothing was run.",
                .next = {
                        "Correct it and submit it again; a rejected drop counts against no limit of yours.",
                },
                .faults = true,
        },
        [MAIL_EVENT_STARTED] = {
                .subject = "started",
                .what = "Your job '{job}' is running now.",
                .next = {
                        "You need not do anything. The next mail comes when it has ended.",
                        "By SFTP, jobs/{id}/STATUS.txt says how far it is.",
                },
        },
        [MAIL_EVENT_PHASE] = {
                .subject = "a call is done",
                .what = "A call of your workflow '{job}' is done.",
                .next = {
                        "You need not do anything. The job goes on with the next one.",
                        "By SFTP, jobs/{id}/STATUS.txt says how far it is.",
                },
        },
        [MAIL_EVENT_FINISHED] = {
                .subject = "finished",
                .what = "Your job '{job}' has finished, and its predictions were evaluated.",
                .next = {
                        "The table is attached as eval.csv; by SFTP it is jobs/{id}/eval.csv. Small counts are left out and numbers are "
                        "rounded where the data's release rules ask for it.",
                },
                .what_without = "Your job '{job}' has finished. Its workflow asks for no evaluation, so that there are no metrics.",
                .next_without = {
                        "The receipt is attached; by SFTP it is jobs/{id}/receipt.json. What the containers made stays on the server; later jobs "
                        "can use the features with fork_features.",
                },
                .usage = true,
                .results = true,
        },
        [MAIL_EVENT_FAILED] = {
                .subject = "failed",
                .what = "Your job '{job}' has failed. There is no evaluation.",
                .next = {
                        "By SFTP, jobs/{id}/STATUS.txt says how far it came. What the program printed stays on the server, as it may hold "
                        "data of learners.",
                },
                .faults = true,
                .usage = true,
        },
        [MAIL_EVENT_CANCELLED] = {
                .subject = "cancelled",
                .what = "Your job '{job}' was cancelled. Nothing of it runs any more, and there is no evaluation.",
                .next = {
                        "Submit the job again if this was not meant.",
                },
                .usage = true,
        },
        [MAIL_EVENT_NOTICE] = {
                .subject = "mail is undeliverable",
                .what = "A mail about the job '{job}' of user '{user}' could not be delivered and will not be tried again.",
                .next = {
                        "The mail lies in outbox/undeliverable/{mail}. Correct the address in users.d/{user}.conf for the next jobs. To "
                        "send this one after all, correct \"to\" in the file, take \"refused\" out, and move it back to outbox/.",
                        "The job itself is not affected; its results can be fetched by SFTP.",
                },
        },
};

const Template template_test = {
        .subject = "test",
        .what = "This is a test mail of morf-mail. If you read it, mails of jobs will arrive too.",
        .next = {
                "You need not do anything.",
        },
};

int template_memory_hint(unsigned percent, const char *asked_for, char **ret) {
        return asprintf(ret, "The job used %u %% of the %s of memory that it may use. A smaller limits.memory lets it start sooner.",
                        percent > 0 ? percent : 1, asked_for) < 0 ? -ENOMEM : 0;
}

const Template *template_of(MailEvent event) {
        return &templates[(int) event >= 0 && event < _MAIL_EVENT_MAX ? event : MAIL_EVENT_NOTICE];
}

/* Foreign text on one line. */
static char *clean(const char *s) {
        return name_escape(s, strlen(s), 256);
}

static char *value_of(const char *key, size_t size, const MailRequest *m) {
        const struct {
                const char *key, *value;
        } values[] = {
                { "job", m->job ?: m->drop ?: m->id },
                { "drop", m->drop ?: m->job ?: m->id },
                { "mail", m->drop },
                { "id", m->id },
                { "user", m->user },
                { "to", m->to ? m->to[0] : "" },
        };

        if (size == 5 && strncmp(key, "short", size) == 0)
                return strndup(m->id, ID_SHORT_LENGTH);
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (strlen(values[i].key) == size && strncmp(key, values[i].key, size) == 0)
                        return clean(strempty(values[i].value));
        return strdup("");
}

int template_expand(const char *text, const MailRequest *m, char **ret) {
        _cleanup_free_ char *out = NULL;
        size_t size = 0;
        FILE *f;

        f = open_memstream(&out, &size);
        if (!f)
                return -ENOMEM;
        while (*text) {
                const char *end = *text == '{' ? strchr(text, '}') : NULL;
                _cleanup_free_ char *value = NULL;

                if (!end) {
                        fputc(*text++, f);
                        continue;
                }
                value = value_of(text + 1, (size_t) (end - text - 1), m);
                if (!value) {
                        (void) fclose(f);
                        return -ENOMEM;
                }
                fputs(value, f);
                text = end + 1;
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(out);
        return 0;
}
