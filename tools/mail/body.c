/* SPDX-License-Identifier: MIT */
#include "tools/mail/body.h"

#include <stdarg.h>

#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/release.h"
#include "tools/mail/table.h"
#include "tools/mail/template.h"

/* Below this share of its memory limit a job is told so. */
#define MEMORY_HINT_PERCENT 10u

static void block_done(Block *b) {
        free(b->label);
        free(b->text);
        free(b->more);
        strv_free(b->cells);
}

void body_done(Body *b) {
        for (size_t i = 0; i < b->n; i++)
                block_done(&b->blocks[i]);
        free(b->blocks);
        free(b->subject);
        *b = (Body){};
}

/* Takes the block over, also on error. */
static int append(Body *b, Block block) {
        Block *bigger = reallocarray(b->blocks, b->n + 1, sizeof(*bigger));

        if (!bigger) {
                block_done(&block);
                return -ENOMEM;
        }
        b->blocks = bigger;
        b->blocks[b->n++] = block;
        return 0;
}

static char *clean(const char *s) {
        return name_escape(strempty(s), strlen(strempty(s)), OUTBOX_TEXT_MAX);
}

/* A paragraph, heading or footer of clean text. */
static int add_text(Body *b, BlockKind kind, const char *text) {
        Block block = { .kind = kind, .text = strdup(text) };

        return block.text ? append(b, block) : -ENOMEM;
}

static int add_template(Body *b, BlockKind kind, const char *text, const MailRequest *m) {
        Block block = { .kind = kind };
        int r;

        r = template_expand(text, m, &block.text);
        return r < 0 ? r : append(b, block);
}

static int add_fact(Body *b, const char *label, const char *value) {
        Block block = { .kind = BLOCK_FACT, .label = strdup(label), .text = clean(value) };

        if (!block.label || !block.text) {
                block_done(&block);
                return -ENOMEM;
        }
        return append(b, block);
}

static int add_fault(Body *b, const Fault *f) {
        const char *hint = f->hint && *f->hint ? f->hint : fault_default_hint(f->code);
        Block block = { .kind = BLOCK_FAULT, .label = strdup(fault_to_string(f->code)), .text = clean(f->message), .more = clean(hint) };

        if (!block.label || !block.text || !block.more) {
                block_done(&block);
                return -ENOMEM;
        }
        return append(b, block);
}

static int add_memory(Body *b, const Usage *u) {
        char peak[FORMAT_SIZE_MAX], limit[FORMAT_SIZE_MAX], text[2 * FORMAT_SIZE_MAX + 16];
        _cleanup_free_ char *hint = NULL;
        unsigned percent;
        int r;

        if (u->memory_peak == 0)
                return 0;
        format_size(u->memory_peak, peak);
        if (u->memory_limit == 0)
                return add_fact(b, "Peak memory", peak);

        format_size(u->memory_limit, limit);
        snprintf(text, sizeof(text), "%s of %s", peak, limit);
        r = add_fact(b, "Peak memory", text);
        if (r < 0)
                return r;
        percent = (unsigned) ((double) u->memory_peak * 100 / (double) u->memory_limit);
        if (percent >= MEMORY_HINT_PERCENT)
                return 0;
        r = template_memory_hint(percent, limit, &hint);
        if (r < 0)
                return r;
        return add_text(b, BLOCK_PARAGRAPH, hint);
}

static int add_usage(Body *b, const Usage *u) {
        char text[TIME_STRING_MAX];
        int r;

        if (u->wall_usec == 0)
                return 0;
        r = add_text(b, BLOCK_HEADING, "Resources");
        if (r < 0)
                return r;
        r = add_fact(b, "Run time", time_format_span(u->wall_usec, text));
        if (r < 0)
                return r;
        if (u->cpu_usec > 0) {
                r = add_fact(b, "Processor time", time_format_span(u->cpu_usec, text));
                if (r < 0)
                        return r;
        }
        return add_memory(b, u);
}

static int add_results(Body *b, const MailAttachments *attachments) {
        int r;

        for (size_t i = 0; i < attachments->n; i++) {
                const MailAttachment *a = &attachments->items[i];
                Block block = { .kind = BLOCK_TABLE };
                size_t left_out;

                if (!streq(a->name, RELEASE_EVAL))
                        continue; /* What the others say, or how exact this is, is for who opens them. */
                r = table_from_csv(a->content, &block.cells, &block.rows, &block.columns, &left_out);
                if (r == -EBADMSG)
                        continue; /* It is attached all the same. */
                if (r < 0)
                        return r;
                r = add_text(b, BLOCK_HEADING, "Results");
                if (r < 0) {
                        block_done(&block);
                        return r;
                }
                r = append(b, block);
                if (r < 0)
                        return r;
                if (left_out > 0) {
                        char text[64];

                        snprintf(text, sizeof(text), "%zu more rows are in the file attached.", left_out);
                        r = add_text(b, BLOCK_PARAGRAPH, text);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static bool has_results(const MailRequest *m) {
        for (size_t i = 0; i < m->attachments.n; i++)
                if (streq(m->attachments.items[i].name, RELEASE_EVAL))
                        return true;
        return false;
}

/* What lies beside the table, by name. */
static int add_attached(Body *b, const MailAttachments *attachments) {
        static const struct {
                const char *name, *what;
        } known[] = {
                { RELEASE_FOLDS, "the metrics of each fold, with mean and standard deviation" },
                { RELEASE_INTERVALS, "95 % confidence intervals" },
                { RELEASE_ROC, "the ROC curves" },
                { RELEASE_CALIBRATION, "the calibration of the predicted probabilities" },
                { RELEASE_RECEIPT, "what the result was made of, signed by the server" },
        };
        bool first = true;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                for (size_t k = 0; k < attachments->n; k++) {
                        if (!streq(attachments->items[k].name, known[i].name))
                                continue;
                        r = first ? add_text(b, BLOCK_HEADING, "Attached") : 0;
                        if (r >= 0)
                                r = add_fact(b, known[i].name, known[i].what);
                        if (r < 0)
                                return r;
                        first = false;
                }
        return 0;
}

static int add_details(Body *b, const Template *t, const MailRequest *m) {
        int r;

        if (t->faults && m->fault.code != FAULT_NONE) {
                r = add_fault(b, &m->fault);
                if (r < 0)
                        return r;
        }
        if (m->why && *m->why) {
                _cleanup_free_ char *why = clean(m->why);

                if (!why)
                        return -ENOMEM;
                r = m->event == MAIL_EVENT_NOTICE ? add_fact(b, "Answer of the mail server", why) : add_text(b, BLOCK_PARAGRAPH, why);
                if (r < 0)
                        return r;
        }
        if (t->results) {
                r = add_results(b, &m->attachments);
                if (r >= 0)
                        r = add_attached(b, &m->attachments);
                if (r < 0)
                        return r;
        }
        return t->usage ? add_usage(b, &m->usage) : 0;
}

static int compose(const Template *t, const MailRequest *m, Body *ret) {
        _cleanup_body_ Body b = {};
        _cleanup_free_ char *subject = NULL;
        int r;

        if (asprintf(&subject, "[morf] {job}: %s ({short})", t->subject) < 0) {
                subject = NULL;
                return -ENOMEM;
        }
        r = template_expand(subject, m, &b.subject);
        if (r < 0)
                return r;
        r = add_template(&b, BLOCK_PARAGRAPH, t->results && !has_results(m) ? t->what_without : t->what, m);
        if (r < 0)
                return r;
        r = add_details(&b, t, m);
        if (r < 0)
                return r;
        if (t->results || t->usage) {
                r = add_text(&b, BLOCK_HEADING, "What next");
                if (r < 0)
                        return r;
        }
        for (const char *const *s = t->results && !has_results(m) ? t->next_without : t->next; *s; s++) {
                r = add_template(&b, BLOCK_PARAGRAPH, *s, m);
                if (r < 0)
                        return r;
        }
        r = t == &template_test ? 0 : add_template(&b, BLOCK_FOOTER, "Job {id} of {user}. This mail was written by a program.", m);
        if (r < 0)
                return r;

        *ret = b;
        b = (Body){};
        return 0;
}

int body_compose(const MailRequest *m, Body *ret) {
        return compose(template_of(m->event), m, ret);
}

int body_compose_test(const MailRequest *m, Body *ret) {
        return compose(&template_test, m, ret);
}
