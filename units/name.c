/* SPDX-License-Identifier: MIT */
#include "units/name.h"

static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool stage_is_valid(const char *s, size_t n) {
        if (n == 0 || n > UNIT_STAGE_MAX || !is_lower(s[0]))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_lower(s[i]) && !is_digit(s[i]))
                        return false;
        return true;
}

bool unit_stage_is_valid(const char *s) {
        return stage_is_valid(s, strlen(s));
}

static bool number_is_valid(unsigned n) {
        return n >= 1 && n <= UNIT_NUMBER_MAX;
}

int unit_name_service(const char *id, const char *stage, unsigned attempt, char ret[static UNIT_NAME_SIZE]) {
        if (!id_is_valid(id) || !unit_stage_is_valid(stage) || !number_is_valid(attempt))
                return -EINVAL;
        snprintf(ret, UNIT_NAME_SIZE, "morf-%s-%s-%u.service", id, stage, attempt);
        return 0;
}

int unit_name_slice(const char *id, unsigned step, unsigned attempt, char ret[static UNIT_NAME_SIZE]) {
        if (!id_is_valid(id) || !number_is_valid(step) || !number_is_valid(attempt))
                return -EINVAL;
        snprintf(ret, UNIT_NAME_SIZE, "morf-jobs-%s-%ua%u.slice", id, step, attempt);
        return 0;
}

int unit_name_job_slice(const char *id, char ret[static UNIT_NAME_SIZE]) {
        if (!id_is_valid(id))
                return -EINVAL;
        snprintf(ret, UNIT_NAME_SIZE, "morf-jobs-%s.slice", id);
        return 0;
}

/* The parsers move p over what they have taken; false: it is not there. */
static bool take_literal(const char **p, const char *literal) {
        const char *rest = startswith(*p, literal);

        if (!rest)
                return false;
        *p = rest;
        return true;
}

static bool take_id(const char **p, Id *ret) {
        if (strlen(*p) < ID_LENGTH)
                return false;
        memcpy(ret->text, *p, ID_LENGTH);
        ret->text[ID_LENGTH] = '\0';
        *p += ID_LENGTH;
        return id_is_valid(ret->text);
}

/* One spelling a number: no leading zero, no sign. */
static bool take_number(const char **p, unsigned *ret) {
        unsigned value = 0;
        const char *s = *p;

        if (!is_digit(*s) || *s == '0')
                return false;
        for (; is_digit(*s) && value <= UNIT_NUMBER_MAX; s++)
                value = value * 10 + (unsigned) (*s - '0');
        *p = s;
        *ret = value;
        return number_is_valid(value);
}

int unit_name_parse_service(const char *name, UnitServiceName *ret) {
        UnitServiceName parsed = {};
        const char *p = name;
        size_t n;

        if (!take_literal(&p, "morf-") || !take_id(&p, &parsed.id) || !take_literal(&p, "-"))
                return -EINVAL;
        n = strcspn(p, "-");
        if (!stage_is_valid(p, n))
                return -EINVAL;
        memcpy(parsed.stage, p, n);
        p += n;
        if (!take_literal(&p, "-") || !take_number(&p, &parsed.attempt) || !streq(p, ".service"))
                return -EINVAL;
        *ret = parsed;
        return 0;
}

int unit_name_parse_slice(const char *name, UnitSliceName *ret) {
        UnitSliceName parsed = {};
        const char *p = name;

        if (!take_literal(&p, "morf-jobs-") || !take_id(&p, &parsed.id))
                return -EINVAL;
        if (!streq(p, ".slice") &&
            (!take_literal(&p, "-") || !take_number(&p, &parsed.step) || !take_literal(&p, "a") ||
             !take_number(&p, &parsed.attempt) || !streq(p, ".slice")))
                return -EINVAL;
        *ret = parsed;
        return 0;
}
