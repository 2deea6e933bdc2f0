/* SPDX-License-Identifier: MIT */
#include "tools/mail/queue.h"

#include "spool/base/strv.h"

static void entry_free(MailEntry *e) {
        if (!e)
                return;
        strv_free(e->to);
        free(e->last_error);
        free(e);
}

/* The place of name: of the entry itself when *ret_found, else where it belongs. */
static size_t place_of(const MailQueue *q, const char *name, bool *ret_found) {
        size_t low = 0, high = q->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = strcmp(q->entries[middle]->name, name);

                if (c == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_found = false;
        return low;
}

static int insert(MailQueue *q, size_t place, const char *name, const OutboxName *parsed, MailEntry **ret) {
        MailEntry *e;

        if (q->n >= MAIL_QUEUE_MAX) {
                q->overflowed = true;
                return -ENOBUFS;
        }
        if (q->n == q->allocated) {
                size_t more = q->allocated > 0 ? 2 * q->allocated : 64;
                MailEntry **bigger = reallocarray(q->entries, more, sizeof(*bigger));

                if (!bigger)
                        return -ENOMEM;
                q->entries = bigger;
                q->allocated = more;
        }
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        snprintf(e->name, sizeof(e->name), "%s", name);
        e->parsed = *parsed;
        memmove(q->entries + place + 1, q->entries + place, (q->n - place) * sizeof(*q->entries));
        q->entries[place] = e;
        q->n++;
        *ret = e;
        return 0;
}

int mail_queue_put(MailQueue *q, const char *name, const MailRequest *m) {
        _cleanup_strv_ char **to = NULL;
        _cleanup_free_ char *error = NULL;
        OutboxName parsed;
        MailEntry *e;
        size_t place;
        bool found;
        int r;

        r = outbox_name_parse(name, &parsed);
        if (r < 0)
                return r;
        r = strv_copy(m->to, &to);
        if (r < 0)
                return r;
        if (m->last_error && !(error = strdup(m->last_error)))
                return -ENOMEM;

        place = place_of(q, name, &found);
        if (found)
                e = q->entries[place];
        else {
                r = insert(q, place, name, &parsed, &e);
                if (r < 0)
                        return r;
        }
        strv_free(e->to);
        e->to = TAKE_PTR(to);
        free(e->last_error);
        e->last_error = TAKE_PTR(error);
        e->attempts = m->attempts;
        e->next_try = m->next_try;
        return 0;
}

MailEntry *mail_queue_find(const MailQueue *q, const char *name) {
        bool found;
        size_t place = place_of(q, name, &found);

        return found ? q->entries[place] : NULL;
}

void mail_queue_remove(MailQueue *q, const char *name) {
        bool found;
        size_t place = place_of(q, name, &found);

        if (!found)
                return;
        entry_free(q->entries[place]);
        memmove(q->entries + place, q->entries + place + 1, (q->n - place - 1) * sizeof(*q->entries));
        q->n--;
}

MailEntry *mail_queue_next_head(const MailQueue *q, size_t *position) {
        while (*position < q->n) {
                size_t here = (*position)++;
                MailEntry *e = q->entries[here];
                bool first = true;

                if (e->parsed.event == MAIL_EVENT_NOTICE)
                        return e;
                /* Notices stand between the mails of a job and count for nothing here. */
                for (size_t before = here; first && before-- > 0;) {
                        if (!streq(q->entries[before]->parsed.id, e->parsed.id))
                                break;
                        first = q->entries[before]->parsed.event == MAIL_EVENT_NOTICE;
                }
                if (first)
                        return e;
        }
        return NULL;
}

void mail_queue_done(MailQueue *q) {
        for (size_t i = 0; i < q->n; i++)
                entry_free(q->entries[i]);
        free(q->entries);
        *q = (MailQueue){};
}
