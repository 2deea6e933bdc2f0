/* SPDX-License-Identifier: MIT */
#include "spool/base/macro.h"
#include "tools/mail/body.h"
#include "tools/mail/table.h"

#define TEXT_WIDTH 72u

/* Writes words in lines of at most TEXT_WIDTH characters, each line behind indent. */
static void put_wrapped(FILE *f, const char *text, const char *indent) {
        size_t used = 0;

        while (*text) {
                size_t bytes, width = 0;

                text += strspn(text, " ");
                bytes = strcspn(text, " ");
                if (bytes == 0)
                        break;
                for (size_t i = 0; i < bytes; i++)
                        width += ((unsigned char) text[i] & 0xc0) != 0x80;
                if (used > 0 && used + 1 + width > TEXT_WIDTH) {
                        fputc('\n', f);
                        used = 0;
                }
                fputs(used > 0 ? " " : indent, f);
                used += used > 0 ? 1 : strlen(indent);
                fwrite(text, 1, bytes, f);
                used += width;
                text += bytes;
        }
        fputc('\n', f);
}

static void put_padded(FILE *f, const char *s, size_t width, bool right) {
        size_t n = table_width(s);
        int padding = n < width ? (int) (width - n) : 0;

        fprintf(f, "%*s%s%*s", right ? padding : 0, "", s, right ? 0 : padding, "");
}

static void put_table(FILE *f, const Block *b) {
        size_t widths[BODY_TABLE_ROWS_MAX + BODY_TABLE_COLUMNS_MAX] = {};

        for (size_t i = 0; i < b->rows * b->columns; i++) {
                size_t column = i % b->columns, width = table_width(b->cells[i]);

                if (column < ELEMENTSOF(widths) && width > widths[column])
                        widths[column] = width;
        }
        for (size_t row = 0; row < b->rows; row++) {
                fputs("  ", f);
                for (size_t column = 0; column < b->columns && column < ELEMENTSOF(widths); column++) {
                        const char *cell = b->cells[row * b->columns + column];

                        if (column > 0)
                                fputs("  ", f);
                        if (column + 1 == b->columns && column == 0)
                                fputs(cell, f);
                        else
                                put_padded(f, cell, widths[column], column > 0);
                }
                fputc('\n', f);
        }
}

/* The widest label of the list of facts that begins at block i. */
static size_t label_width(const Body *b, size_t i) {
        size_t widest = 0;

        for (; i < b->n && b->blocks[i].kind == BLOCK_FACT; i++)
                if (table_width(b->blocks[i].label) > widest)
                        widest = table_width(b->blocks[i].label);
        return widest;
}

static void put_block(FILE *f, const Body *body, size_t i, size_t width) {
        const Block *b = &body->blocks[i];

        switch (b->kind) {
        case BLOCK_PARAGRAPH:
                put_wrapped(f, b->text, "");
                break;
        case BLOCK_HEADING:
                fprintf(f, "%s\n", b->text);
                for (size_t n = table_width(b->text); n > 0; n--)
                        fputc('-', f);
                fputc('\n', f);
                break;
        case BLOCK_FAULT:
                put_wrapped(f, b->text, "  ");
                fprintf(f, "  (%s)\n", b->label);
                if (*b->more) {
                        fputc('\n', f);
                        put_wrapped(f, b->more, "");
                }
                break;
        case BLOCK_FACT:
                fputs("  ", f);
                put_padded(f, b->label, width, /* right= */ false);
                fprintf(f, "  %s\n", b->text);
                break;
        case BLOCK_TABLE:
                put_table(f, b);
                break;
        case BLOCK_FOOTER:
                fputs("-- \n", f);
                put_wrapped(f, b->text, "");
                break;
        }
}

int body_to_text(const Body *b, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size, width = 0;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < b->n; i++) {
                BlockKind before = i > 0 ? b->blocks[i - 1].kind : BLOCK_HEADING;
                bool fact = b->blocks[i].kind == BLOCK_FACT;

                if (fact && before != BLOCK_FACT)
                        width = label_width(b, i);
                if (before != BLOCK_HEADING && !(fact && before == BLOCK_FACT))
                        fputc('\n', f);
                put_block(f, b, i, width);
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}
