/* SPDX-License-Identifier: MIT */

#include "tools/synth/calendar.h"
#include "tools/synth/learner.h"
#include "tools/synth/truth.h"

#define HEADER "userID,label_type,label_value,course,session\n"
#define HEADER_UNDERSCORE "userID,label_type,label_value,course\n"
#define HEADER_DATES "course,fullname,start_date,end_date\n"

int truth_open(int dirfd, Truth *ret) {
        const struct {
                const char *name, *header;
                Outfile **file;
        } files[] = {
                { "labels-train.csv", HEADER, &ret->train.labels },
                { "labels-train-with-underscore.csv", HEADER_UNDERSCORE, &ret->train.labels_underscore },
                { "labels-test.csv", HEADER, &ret->test.labels },
                { "labels-test-with-underscore.csv", HEADER_UNDERSCORE, &ret->test.labels_underscore },
                { "coursera_course_dates.csv", HEADER_DATES, &ret->dates },
                { "coursera_course_dates_with_underscore.csv", HEADER_DATES, &ret->dates_underscore },
        };

        *ret = (Truth) {};
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                int r = outfile_open(dirfd, files[i].name, OUTFILE_PLAIN, files[i].file);

                if (r < 0)
                        return r;
                outfile_puts(*files[i].file, files[i].header);
        }
        return 0;
}

void truth_done(Truth *t) {
        Outfile **files[] = {
                &t->train.labels, &t->train.labels_underscore, &t->test.labels, &t->test.labels_underscore,
                &t->dates, &t->dates_underscore,
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                *files[i] = outfile_free(*files[i]);
}

static void add_label(TruthFiles *f, const Session *s, const char *user, const char *type, bool value) {
        outfile_printf(f->labels, "%s,%s,%d,%s,%s\n", user, type, value, s->slug, s->name);
        outfile_printf(f->labels_underscore, "%s,%s,%d,%s_%s\n", user, type, value, s->slug, s->name);
}

/* A field of CSV, quoted where it must be. ret: room for twice the text and two quotes. */
static void quote_field(const char *s, char *ret) {
        bool quoted = strpbrk(s, "\",\n") != NULL;

        if (quoted)
                *ret++ = '"';
        for (; *s; s++) {
                if (*s == '"')
                        *ret++ = '"';
                *ret++ = *s;
        }
        if (quoted)
                *ret++ = '"';
        *ret = '\0';
}

static void add_dates(Truth *t, const Session *s) {
        char title[NAMES_TITLE_MAX], field[2 * NAMES_TITLE_MAX + 2], key[SESSION_KEY_MAX];
        char first[CALENDAR_TEXT_MAX], last[CALENDAR_TEXT_MAX];

        names_title(s->course, title);
        quote_field(names_to_latin1(title), field);
        (void) calendar_format_mdy(s->start / CALENDAR_DAY, first);
        (void) calendar_format_mdy(session_end(s) / CALENDAR_DAY, last);
        outfile_printf(t->dates, "%s,%s,%s,%s\n", session_key(s, '-', key), field, first, last);
        outfile_printf(t->dates_underscore, "%s,%s,%s,%s\n", session_key(s, '_', key), field, first, last);
}

void truth_add(Truth *t, const Session *s, const uint8_t *last_week) {
        TruthFiles *f = s->holdout ? &t->test : &t->train;
        char user[LEARNER_HEX_LENGTH + 1];

        add_dates(t, s);
        for (uint32_t i = 0; i < s->learners; i++) {
                learner_hex(s, i, user);
                add_label(f, s, user, "dropout", last_week[i] + 1u < s->weeks);
                add_label(f, s, user, "dropout_current_week", last_week[i] == TRUTH_CURRENT_WEEK);
        }
}

static int close_one(Outfile **o, int r) {
        int q = outfile_close(TAKE_PTR(*o));

        return r < 0 ? r : q;
}

int truth_close(Truth *t) {
        int r = 0;

        r = close_one(&t->train.labels, r);
        r = close_one(&t->train.labels_underscore, r);
        r = close_one(&t->test.labels, r);
        r = close_one(&t->test.labels_underscore, r);
        r = close_one(&t->dates, r);
        return close_one(&t->dates_underscore, r);
}
