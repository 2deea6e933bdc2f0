/* SPDX-License-Identifier: MIT */
#include "tools/cli/grid.h"

#include <stdarg.h>

/* Between columns. */
#define GAP 2u
/* A flexible column is never cut below this. */
#define FLEXIBLE_MIN 10u

void grid_init(Grid *g, const Term *t) {
        *g = (Grid){ .term = t };
}

void grid_column(Grid *g, const char *header, GridAlign align) {
        if (g->n_columns >= GRID_COLUMNS_MAX)
                return;
        g->headers[g->n_columns] = header;
        g->aligns[g->n_columns++] = align;
}

void grid_cell(Grid *g, TermColour colour, const char *text) {
        if (g->n_cells == g->allocated) {
                size_t n = g->allocated > 0 ? 2 * g->allocated : 64;
                GridCell *cells = reallocarray(g->cells, n, sizeof(*cells));

                if (!cells) {
                        g->failed = true;
                        return;
                }
                g->cells = cells;
                g->allocated = n;
        }
        g->cells[g->n_cells] = (GridCell){ .text = term_safe(g->term, text), .colour = colour };
        if (!g->cells[g->n_cells++].text)
                g->failed = true;
}

void grid_cellf(Grid *g, TermColour colour, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                g->failed = true;
        }
        grid_cell(g, colour, text);
}

size_t grid_rows(const Grid *g) {
        return g->n_columns > 0 ? g->n_cells / g->n_columns : 0;
}

static void measure(const Grid *g, size_t widths[static GRID_COLUMNS_MAX]) {
        for (size_t c = 0; c < g->n_columns; c++)
                widths[c] = term_width(g->term, g->headers[c]);
        for (size_t i = 0; i < g->n_cells; i++) {
                size_t w = term_width(g->term, strempty(g->cells[i].text));

                if (w > widths[i % g->n_columns])
                        widths[i % g->n_columns] = w;
        }
}

static size_t sum(const Grid *g, const size_t widths[static GRID_COLUMNS_MAX]) {
        size_t total = 0;

        for (size_t c = 0; c < g->n_columns; c++)
                total += widths[c] + (c > 0 ? GAP : 0);
        return total;
}

size_t grid_width(const Grid *g) {
        size_t widths[GRID_COLUMNS_MAX] = {};

        measure(g, widths);
        return sum(g, widths);
}

/* Takes from flexible columns, the last first, what does not fit. */
static void fit(const Grid *g, size_t widths[static GRID_COLUMNS_MAX]) {
        for (size_t c = g->n_columns; c-- > 0 && g->term->columns > 0;) {
                size_t total = sum(g, widths), over, give;

                if (total <= g->term->columns)
                        return;
                if (g->aligns[c] != GRID_FLEXIBLE || widths[c] <= FLEXIBLE_MIN)
                        continue;
                over = total - g->term->columns;
                give = widths[c] - FLEXIBLE_MIN;
                widths[c] -= over < give ? over : give;
        }
}

static int print_cell(const Grid *g, FILE *f, size_t c, size_t width, const char *text, TermColour colour) {
        _cleanup_free_ char *cut = term_cut(g->term, text, width);
        size_t pad;

        if (!cut)
                return -ENOMEM;
        pad = width - term_width(g->term, cut);
        if (c > 0)
                fprintf(f, "%*s", (int) GAP, "");
        if (g->aligns[c] == GRID_RIGHT)
                fprintf(f, "%*s", (int) pad, "");
        fprintf(f, "%s%s%s", term_on(g->term, colour), cut, term_off(g->term, colour));
        /* No blanks at the end of a line. */
        if (g->aligns[c] != GRID_RIGHT && c + 1 < g->n_columns)
                fprintf(f, "%*s", (int) pad, "");
        return 0;
}

int grid_print(const Grid *g, FILE *f) {
        size_t widths[GRID_COLUMNS_MAX] = {};
        int r;

        if (g->failed)
                return -ENOMEM;
        measure(g, widths);
        fit(g, widths);
        for (size_t c = 0; c < g->n_columns; c++) {
                r = print_cell(g, f, c, widths[c], g->headers[c], TERM_BOLD);
                if (r < 0)
                        return r;
        }
        fputc('\n', f);
        for (size_t i = 0; i < g->n_cells; i++) {
                size_t c = i % g->n_columns;

                r = print_cell(g, f, c, widths[c], g->cells[i].text, g->cells[i].colour);
                if (r < 0)
                        return r;
                if (c + 1 == g->n_columns)
                        fputc('\n', f);
        }
        return 0;
}

void grid_done(Grid *g) {
        for (size_t i = 0; i < g->n_cells; i++)
                free(g->cells[i].text);
        free(g->cells);
        *g = (Grid){};
}
