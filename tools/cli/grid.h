/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A table for people: columns as wide as their widest cell, the flexible one cut to what the terminal leaves.
 */

#include "tools/cli/term.h"

#define GRID_COLUMNS_MAX 32u

typedef enum GridAlign {
        GRID_LEFT,
        GRID_RIGHT,
        GRID_FLEXIBLE, /* left; gives way when the terminal is too narrow */
} GridAlign;

typedef struct GridCell {
        char *text; /* safe */
        TermColour colour;
} GridCell;

/*
 * Embedded: grid_init(), cells row by row, grid_print(), grid_done(). Running out of memory is remembered and told at
 * the end.
 */
typedef struct Grid {
        const Term *term;
        size_t n_columns;
        const char *headers[GRID_COLUMNS_MAX];
        GridAlign aligns[GRID_COLUMNS_MAX];
        GridCell *cells;
        size_t n_cells, allocated;
        bool failed;
} Grid;

void grid_init(Grid *g, const Term *t);

/* Adds a column; before the first cell. header is kept by reference; columns beyond GRID_COLUMNS_MAX are left out. */
void grid_column(Grid *g, const char *header, GridAlign align);

/* Adds the next cell; any text, NULL as "". */
void grid_cell(Grid *g, TermColour colour, const char *text);
void grid_cellf(Grid *g, TermColour colour, const char *format, ...) _printf_(3, 4);

size_t grid_rows(const Grid *g);

/* Columns that the whole table would take, nothing cut. */
size_t grid_width(const Grid *g);

/* Prints header and rows on f. Return: 0 or -ENOMEM. */
int grid_print(const Grid *g, FILE *f);

void grid_done(Grid *g);
#define _cleanup_grid_ _cleanup_(grid_done)
