/* SPDX-License-Identifier: MIT */

#include "tools/synth/calendar.h"
#include "tools/synth/demographics.h"
#include "tools/synth/learner.h"
#include "tools/synth/outfile.h"

#define TAG_SURVEY 1301
/* One in so many registered people answers; of those, one in so many twice. */
#define ANSWERS_ONE_IN 11u
#define TWICE_ONE_IN 60u

/* Two rows of headings: the survey tool's codes, and the questions. Each row ends in an unnamed column. */
static const char codes[] =
        "\xef\xbb\xbf" "V1,V2,V3,V4,V5,V6,V7,V8,V9,V10,Q1,Q2,Q3,Q4,Q5,Q6_1,Q6_2,Q6_3,Q6_4,Q7,Q8,Q16,\r\n";
static const char questions[] =
        "ResponseID,ResponseSet,ExternalDataReference,Name,EmailAddress,IPAddress,Status,StartDate,EndDate,Finished,"
        "What is your gender?,In what year were you born?,In which country were you born?,In which country do you live "
        "now?,"
        "What is your highest level of education?,Why did you enroll? (choose all that apply)-General interest,"
        "Why did you enroll? (choose all that apply)-Job,Why did you enroll? (choose all that apply)-Certificate,"
        "Why did you enroll? (choose all that apply)-Friends,What is your employment status?,What is your first "
        "language?,"
        "\"Anything else, in your own words?\",\r\n";

static const char *const genders[] = { "Male", "Female", "Male", "Female", "Other" };
static const char *const degrees[] = { "High school", "Bachelor's degree", "Bachelor's degree", "Master's degree",
        "Doctorate", "" };
static const char *const jobs[] = { "Employed full time", "Employed part time", "Student", "Unemployed", "Retired" };
static const char *const languages[] = { "English", "English", "Spanish", "Portuguese", "Hindi", "Russian", "Chinese" };
static const char *const comments[] = {
        "",
        "",
        "",
        "",
        "Thank you!",
        "\"I like it, so far\"",
        "\"He said \"\"great\"\"\nand I agree\"",
        "Sehr gut, na klar f\xc3\xbcr alle",
};

#define PICK(table, n) table[(n) % ELEMENTSOF(table)]

/* A country of the table may hold a comma. */
static void put_quoted(Outfile *o, const char *s) {
        outfile_printf(o, strchr(s, ',') ? "\"%s\"," : "%s,", s);
}

static void put_answer(Outfile *o, const Session *s, uint32_t number, uint64_t key) {
        int64_t when = s->start + (int64_t) (key % 20) * CALENDAR_DAY + (int64_t) (key >> 8) % CALENDAR_DAY;
        char hex[LEARNER_HEX_LENGTH + 1], begin[CALENDAR_TEXT_MAX], end[CALENDAR_TEXT_MAX];
        const char *comment = PICK(comments, key >> 48);

        learner_hex(s, number, hex);
        outfile_printf(o, "R_%015llx,Default Response Set,%s,,,,0,%s,%s,1,%s,%u,",
                (unsigned long long) prng_mix(key) >> 4, hex, calendar_format_time(when, begin),
                calendar_format_time(when + 240, end), PICK(genders, key >> 4), 1940 + (unsigned) (key >> 12) % 58);
        put_quoted(o, names_country(key >> 20));
        put_quoted(o, names_country((key >> 20) + (key >> 60 == 0)));
        outfile_printf(o, "%s,", PICK(degrees, key >> 28));
        for (unsigned i = 0; i < 4; i++)
                outfile_puts(o, key >> (32 + i) & 1 ? "TRUE," : ",");
        outfile_printf(o, "%s,%s,", PICK(jobs, key >> 36), PICK(languages, key >> 40));
        outfile_printf(o, strchr(comment, ',') && comment[0] != '"' ? "\"%s\",\r\n" : "%s,\r\n", comment);
}

int demographics_write_answers(int dirfd, const char *name, const Session *s) {
        uint64_t survey = prng_key(s->key, TAG_SURVEY);
        Outfile *o;
        int r;

        r = outfile_open(dirfd, name, OUTFILE_PLAIN, &o);
        if (r < 0)
                return r;
        outfile_puts(o, codes);
        outfile_puts(o, questions);
        for (uint32_t i = 0; i < s->registered; i++) {
                uint64_t key = prng_key(survey, i);

                if (key % ANSWERS_ONE_IN > 0 && i >= _LEARNER_ANCHORS)
                        continue;
                put_answer(o, s, i, prng_key(key, 1));
                if (prng_key(key, 2) % TWICE_ONE_IN == 0)
                        put_answer(o, s, i, prng_key(key, 3));
        }
        return outfile_close(o);
}

int demographics_write_summary(int dirfd, const char *name, const Session *s) {
        char title[NAMES_TITLE_MAX], key[SESSION_KEY_MAX];
        Outfile *o;
        int r;

        r = outfile_open(dirfd, name, OUTFILE_PLAIN, &o);
        if (r < 0)
                return r;
        names_file_title(s->course, title);
        outfile_puts(o, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Demographics: ");
        for (const char *p = title; *p; p++)
                if (*p == '&')
                        outfile_puts(o, "&amp;");
                else
                        outfile_write(o, p, 1);
        outfile_printf(
                        o, "</title></head><body>\n<h1>%s</h1>\n<table><tr><th>Registered</th><th>Invited</th></tr>"
                        "<tr><td>%u</td><td>%u</td></tr></table>\n</body></html>\n",
                        session_key(s, '-', key), s->registered, s->registered);
        return outfile_close(o);
}
