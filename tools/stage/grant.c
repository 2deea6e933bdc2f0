/* SPDX-License-Identifier: MIT */
#include "tools/stage/grant.h"

static bool is_course(const Grant *g, const char *s, size_t size) {
        CsvCell cell = { .data = s, .size = size };

        for (char *const *c = g->courses; *c; c++)
                if (csv_cell_equals(&cell, *c))
                        return true;
        return false;
}

static bool is_separator(char c) {
        return c == '-' || c == '_';
}

/* The size of s without a separator and n digits at its end; 0 when it does not end so. */
static size_t strip(const char *s, size_t size, size_t n) {
        if (size < n + 2 || !is_separator(s[size - n - 1]))
                return 0;
        for (size_t i = size - n; i < size; i++)
                if (s[i] < '0' || s[i] > '9')
                        return 0;
        return size - n - 1;
}

static bool is_session_of_course(const Grant *g, const char *s, size_t size) {
        size_t without_session = strip(s, size, 3), without_year = strip(s, without_session, 4);

        return (without_session > 0 && is_course(g, s, without_session)) || (without_year > 0 && is_course(g, s, without_year));
}

bool grant_allows(Grant *g, const CsvCell *cell) {
        bool granted;

        if (!g->courses)
                return true;
        if (cell->size == 0 || cell->size > sizeof(g->last))
                return false;
        if (cell->size == g->last_size && memcmp(cell->data, g->last, cell->size) == 0)
                return g->last_granted;
        granted = g->key == GRANT_KEY_COURSE ? is_course(g, cell->data, cell->size) : is_session_of_course(g, cell->data, cell->size);
        memcpy(g->last, cell->data, cell->size);
        g->last_size = cell->size;
        g->last_granted = granted;
        return granted;
}
