/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a mail says, before it becomes text or HTML: a list of blocks. All strings in it are clean: UTF-8 without control
 * characters.
 */

#include "spool/outbox.h"

typedef enum BlockKind {
        BLOCK_PARAGRAPH, /* text */
        BLOCK_HEADING,   /* text */
        BLOCK_FAULT,     /* text: the sentence; label: the code; more: the hint or NULL */
        BLOCK_FACT,      /* label, text; neighbours form one list */
        BLOCK_TABLE,     /* cells */
        BLOCK_FOOTER,    /* text, small */
} BlockKind;

typedef struct Block {
        BlockKind kind;
        char *label;
        char *text;
        char *more;
        /* A table: rows * columns cells, row by row; the first row and the first column are headings. */
        char **cells;
        size_t rows, columns;
} Block;

/* Embedded: start with {}. */
typedef struct Body {
        char *subject;
        Block *blocks;
        size_t n;
} Body;

/* More rows of a table are left to the attachment. */
#define BODY_TABLE_ROWS_MAX 40u
#define BODY_TABLE_COLUMNS_MAX 32u

/* Says what a request asks to be said. Return: 0 or -ENOMEM. */
int body_compose(const MailRequest *m, Body *ret);

/* The mail of `morf-mail --test`. Return: 0 or -ENOMEM. */
int body_compose_test(const MailRequest *m, Body *ret);

/* As text/plain, UTF-8, lines of at most about 76 characters (but for wide tables). Return: 0 and a fresh string, or -ENOMEM. */
int body_to_text(const Body *b, char **ret);

/* As text/html, UTF-8, a whole document without links, scripts or pictures. Return: 0 and a fresh string, or -ENOMEM. */
int body_to_html(const Body *b, char **ret);

void body_done(Body *b);
#define _cleanup_body_ _cleanup_(body_done)
