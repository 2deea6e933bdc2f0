/* SPDX-License-Identifier: MIT */

#include "tools/synth/names.h"
#include "tools/synth/prng.h"

/* No commas: some readers of the dates file split lines at each. */
static const struct {
        const char *slug, *title;
} courses[] = {
        { "accounting",   "An Introduction to Financial Accounting" },
        { "introfinance", "Introduction to Finance (Time - Money & Risk)" },
        { "statistics",   "Statistics: Making Sense of Data" },
        { "worldmusic",   "Écouter: Listening to World Music" },
        { "finance",      "Finance for Everyone: \"Smart\" Choices" },
        { "genetics",     "Useful Genetics (Part 1)" },
        { "operations",   "Operations Management: Flow & Queues" },
        { "poetry",       "Reading Modern Poetry" },
        { "networks",     "Networks: Friends & Bytes!" },
        { "epidemics",    "Epidemics - The Dynamics of Infectious Diseases" },
        { "gamify",       "Games at Work" },
        { "calculus",     "Calculus: Single Variable" },
        { "vaccines",     "Vaccines (Who & Why)" },
        { "mythology",    "Greek & Roman Mythology" },
        { "design",       "Design: \"Things\" for People" },
        { "healthpolicy", "Health Policy and Its Reform" },
};

#define PICK(table, key) table[(key) % ELEMENTSOF(table)]

void names_slug(unsigned course, char ret[static NAMES_SLUG_MAX]) {
        unsigned round = course / ELEMENTSOF(courses);

        if (round == 0)
                (void) snprintf(ret, NAMES_SLUG_MAX, "%s", PICK(courses, course).slug);
        else
                (void) snprintf(ret, NAMES_SLUG_MAX, "%s%u", PICK(courses, course).slug, round + 1);
}

void names_title(unsigned course, char ret[static NAMES_TITLE_MAX]) {
        unsigned round = course / ELEMENTSOF(courses);

        if (round == 0)
                (void) snprintf(ret, NAMES_TITLE_MAX, "%s", PICK(courses, course).title);
        else
                (void) snprintf(ret, NAMES_TITLE_MAX, "%s - Part %u", PICK(courses, course).title, round + 1);
}

void names_file_title(unsigned course, char ret[static NAMES_TITLE_MAX]) {
        char *to = ret;

        names_title(course, ret);
        for (const char *p = ret; *p; p++)
                if (*p == ':')
                        *to++ = '-';
                else if ((unsigned char) *p >= 0xc0)
                        *to++ = 'E';    /* the only such letter of the table */
                else if ((unsigned char) *p < 0x80 && *p != '"' && *p != '\'')
                        *to++ = *p;
        *to = '\0';
}

char *names_to_latin1(char *s) {
        char *to = s;

        for (const unsigned char *p = (const unsigned char *) s; *p; p++)
                if (*p < 0x80)
                        *to++ = (char) *p;
                else if ((*p == 0xc2 || *p == 0xc3) && p[1] >= 0x80) {
                        *to++ = (char) (*p == 0xc3 ? p[1] + 0x40 : p[1]);
                        p++;
                } else if (*p >= 0xc0)
                        *to++ = '?';
        *to = '\0';
        return s;
}

const char *names_country(uint64_t key) {
        static const char *const table[] = {
                "United States",
                "United States",
                "United States",
                "India",
                "India",
                "Brazil",
                "United Kingdom",
                "Canada",
                "China",
                "Spain",
                "Germany",
                "Russian Federation",
                "Mexico",
                "Colombia",
                "Greece",
                "Ukraine",
                "Nigeria",
                "Pakistan",
                "Korea, Republic of",
        };

        return PICK(table, key);
}

const char *names_user_agent(uint64_t key) {
        static const char *const table[] = {
                "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/27.0.1453.116 "
                "Safari/537.36",
                "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:21.0) Gecko/20100101 Firefox/21.0",
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_8_4) AppleWebKit/536.30.1 (KHTML, like Gecko) Version/6.0.5 "
                "Safari/536.30.1",
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:21.0) Gecko/20100101 Firefox/21.0",
                "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)",
                "Mozilla/5.0 (iPad; CPU OS 6_1_3 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 "
                "Mobile/10B329 Safari/8536.25",
        };

        return PICK(table, key);
}

const char *names_language(uint64_t key) {
        static const char *const table[] = {
                "en-US,en;q=0.5",
                "en-US,en;q=0.8",
                "en-GB,en-US;q=0.8,en;q=0.6",
                "es-ES,es;q=0.8",
                "pt-BR,pt;q=0.8,en-US;q=0.6,en;q=0.4",
                "ru-RU,ru;q=0.8,en-US;q=0.6,en;q=0.4",
                "de-DE,de;q=0.8,en-US;q=0.6,en;q=0.4",
                "zh-CN,zh;q=0.8",
        };

        return PICK(table, key);
}

const char *names_timezone(uint64_t key) {
        static const char *const table[] = {
                "America/Los_Angeles",
                "America/Los_Angeles",
                "America/New_York",
                "Asia/Calcutta",
                "Europe/London",
                "America/Sao_Paulo",
                "Europe/Athens",
        };

        return PICK(table, key);
}

const char *names_locale(uint64_t key) {
        static const char *const table[] = { "en_US", "en_US", "en_US", "en_US", "es_ES", "pt_BR", "zh_CN", "ru_RU" };

        return PICK(table, key);
}

const char *names_referrer(uint64_t key) {
        static const char *const table[] = {
                "https://www.coursera.org/",
                "https://www.coursera.org/courses",
                "https://accounts.coursera.org/signin",
                "http://www.google.com/url?sa=t",
                "",
        };

        return PICK(table, key);
}

const char *names_tag(unsigned i) {
        static const char *const table[NAMES_TAGS] = {
                "lecture",
                "homework",
                "quiz",
                "deadline",
                "grading",
                "subtitles",
                "study-group",
                "introduction",
                "error",
                "video",
                "certificate",
                "week-1",
                "week-2",
                "slides",
                "textbook",
                "help",
                "feedback",
                "exam",
                "download",
                "r\xc3\xa9sum\xc3\xa9",
        };

        return table[i % NAMES_TAGS];
}
