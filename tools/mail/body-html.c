/* SPDX-License-Identifier: MIT */
#include "spool/base/macro.h"
#include "tools/mail/body.h"
#include "tools/mail/table.h"

/* Mail programs ignore style sheets but not style attributes. */
#define STYLE_BODY "font-family:sans-serif;font-size:15px;line-height:1.45;color:#222;max-width:44em"
#define STYLE_CELL "padding:3px 10px;border-bottom:1px solid #ddd;white-space:nowrap"
#define STYLE_FAULT "margin:1em 0;padding:8px 14px;border-left:4px solid #b33;background:#faf3f2"
#define STYLE_FOOTER "margin-top:2em;color:#777;font-size:12px"

static void put_escaped(FILE *f, const char *s) {
        for (; *s; s++)
                switch (*s) {
                case '&':
                        fputs("&amp;", f);
                        break;
                case '<':
                        fputs("&lt;", f);
                        break;
                case '>':
                        fputs("&gt;", f);
                        break;
                case '"':
                        fputs("&quot;", f);
                        break;
                case '\'':
                        fputs("&#39;", f);
                        break;
                default:
                        fputc(*s, f);
                }
}

static void put_element(FILE *f, const char *begin, const char *text, const char *end) {
        fputs(begin, f);
        put_escaped(f, text);
        fputs(end, f);
}

static void put_cell(FILE *f, const char *text, bool heading) {
        bool right = !heading && table_is_number(text);

        fprintf(f, "<%s style=\"" STYLE_CELL ";text-align:%s\">", heading ? "th" : "td", right ? "right" : "left");
        put_escaped(f, text);
        fprintf(f, "</%s>", heading ? "th" : "td");
}

static void put_table(FILE *f, const Block *b) {
        fputs("<table style=\"border-collapse:collapse;font-size:14px\">\n", f);
        for (size_t row = 0; row < b->rows; row++) {
                fputs("<tr>", f);
                for (size_t column = 0; column < b->columns; column++)
                        put_cell(f, b->cells[row * b->columns + column], row == 0 || column == 0);
                fputs("</tr>\n", f);
        }
        fputs("</table>\n", f);
}

static void put_fault(FILE *f, const Block *b) {
        put_element(f, "<div style=\"" STYLE_FAULT "\"><strong>", b->text, "</strong>");
        put_element(f, "<br><code>", b->label, "</code>");
        if (*b->more)
                put_element(f, "<p style=\"margin:6px 0 0\">", b->more, "</p>");
        fputs("</div>\n", f);
}

static void put_block(FILE *f, const Block *b, bool opens_list, bool closes_list) {
        switch (b->kind) {
        case BLOCK_PARAGRAPH:
                put_element(f, "<p>", b->text, "</p>\n");
                break;
        case BLOCK_HEADING:
                put_element(f, "<h3>", b->text, "</h3>\n");
                break;
        case BLOCK_FAULT:
                put_fault(f, b);
                break;
        case BLOCK_FACT:
                if (opens_list)
                        fputs("<table style=\"border-collapse:collapse;font-size:14px\">\n", f);
                put_element(f, "<tr><td style=\"" STYLE_CELL ";color:#777\">", b->label, "</td>");
                put_element(f, "<td style=\"padding:3px 10px;border-bottom:1px solid #ddd\">", b->text, "</td></tr>\n");
                if (closes_list)
                        fputs("</table>\n", f);
                break;
        case BLOCK_TABLE:
                put_table(f, b);
                break;
        case BLOCK_FOOTER:
                put_element(f, "<p style=\"" STYLE_FOOTER "\">", b->text, "</p>\n");
                break;
        }
}

int body_to_html(const Body *b, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head>\n<body style=\"" STYLE_BODY "\">\n", f);
        for (size_t i = 0; i < b->n; i++)
                put_block(f, &b->blocks[i], i == 0 || b->blocks[i - 1].kind != BLOCK_FACT,
                          i + 1 == b->n || b->blocks[i + 1].kind != BLOCK_FACT);
        fputs("</body></html>\n", f);
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}
