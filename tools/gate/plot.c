/* SPDX-License-Identifier: MIT */
#include "tools/gate/plot.h"

#include <cairo-ft.h>
#include <cairo.h>
#include <ft2build.h>
#include <math.h>
#include <png.h>
#include FT_FREETYPE_H

/* Of the package fonts-dejavu-core. */
#define FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

/* Pixels; screens of today show two for what was one. */
#define SIDE 820.0
#define LEFT 150.0
#define TOP 90.0
#define BOTTOM 130.0
#define RIGHT 60.0
#define LEGEND 330.0
#define TEXT_SIZE 25.0
#define TITLE_SIZE 32.0
/* Digits of a pseudonym in the legend. */
#define LABEL_MAX 14u

typedef struct Colour {
        double r, g, b;
} Colour;

/* Told apart by most people who see colours differently, too (M. Okabe and K. Ito, 2008). */
static const Colour colours[] = {
        { 0.00, 0.45, 0.70 }, { 0.84, 0.37, 0.00 }, { 0.00, 0.62, 0.45 }, { 0.80, 0.47, 0.65 },
        { 0.34, 0.71, 0.91 }, { 0.90, 0.62, 0.00 }, { 0.35, 0.35, 0.35 }, { 0.75, 0.70, 0.00 },
};
static const Colour ink = { 0.13, 0.13, 0.13 }, pale = { 0.55, 0.55, 0.55 }, line = { 0.88, 0.88, 0.88 };

static const struct {
        const char *title, *x, *y, *diagonal;
} texts[_PLOT_KIND_MAX] = {
        [PLOT_ROC] = { "ROC curve", "False positive rate (1 \u2212 specificity)", "True positive rate (recall)", "chance" },
        [PLOT_CALIBRATION] = { "Calibration", "Mean predicted probability", "Observed share of label 1", "perfectly calibrated" },
};

typedef struct Plot {
        FT_Library library;
        FT_Face face;
        cairo_font_face_t *font;
        cairo_surface_t *surface;
        cairo_t *c;
        PlotKind kind;
} Plot;

static void plot_done(Plot *p) {
        if (p->c)
                cairo_destroy(p->c);
        if (p->surface)
                cairo_surface_destroy(p->surface);
        if (p->font)
                cairo_font_face_destroy(p->font);
        if (p->face)
                FT_Done_Face(p->face);
        if (p->library)
                FT_Done_FreeType(p->library);
}

static int open_plot(Plot *p, int width, int height) {
        if (FT_Init_FreeType(&p->library) != 0)
                return -ENOMEM;
        if (FT_New_Face(p->library, FONT, 0, &p->face) != 0)
                return -ENOENT;
        p->font = cairo_ft_font_face_create_for_ft_face(p->face, 0);
        p->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
        p->c = cairo_create(p->surface);
        cairo_set_font_face(p->c, p->font);
        cairo_set_source_rgb(p->c, 1, 1, 1);
        cairo_paint(p->c);
        return cairo_status(p->c) == CAIRO_STATUS_SUCCESS ? 0 : -ENOMEM;
}

static double at_x(double v) {
        return LEFT + v * SIDE;
}

static double at_y(double v) {
        return TOP + (1 - v) * SIDE;
}

static void set_colour(cairo_t *c, Colour colour, double alpha) {
        cairo_set_source_rgba(c, colour.r, colour.g, colour.b, alpha);
}

/* Text whose middle (align 0.5), begin (0) or end (1) is at x, its base line at y. */
static void put_text(cairo_t *c, double x, double y, double align, double size, Colour colour, const char *text) {
        cairo_text_extents_t e;

        cairo_set_font_size(c, size);
        cairo_text_extents(c, text, &e);
        set_colour(c, colour, 1);
        cairo_move_to(c, x - align * e.x_advance, y);
        cairo_show_text(c, text);
        cairo_new_path(c); /* the current point would begin the next line */
}

static void put_line(cairo_t *c, double x1, double y1, double x2, double y2) {
        cairo_move_to(c, x1, y1);
        cairo_line_to(c, x2, y2);
        cairo_stroke(c);
}

static void draw_axes(Plot *p) {
        static const double dash[] = { 10, 8 };
        cairo_t *c = p->c;
        char number[16];

        put_text(c, at_x(0.5), TOP - 36, 0.5, TITLE_SIZE, ink, texts[p->kind].title);
        cairo_set_line_width(c, 2);
        for (unsigned i = 0; i <= 5; i++) {
                double v = i / 5.0;

                set_colour(c, line, 1);
                put_line(c, at_x(v), at_y(0), at_x(v), at_y(1));
                put_line(c, at_x(0), at_y(v), at_x(1), at_y(v));
                snprintf(number, sizeof(number), "%u.%u", i / 5, i % 5 * 2);
                put_text(c, at_x(v), at_y(0) + 38, 0.5, TEXT_SIZE, ink, number);
                put_text(c, at_x(0) - 16, at_y(v) + 9, 1, TEXT_SIZE, ink, number);
        }
        set_colour(c, pale, 1);
        cairo_set_dash(c, dash, 2, 0);
        put_line(c, at_x(0), at_y(0), at_x(1), at_y(1));
        cairo_set_dash(c, NULL, 0, 0);
        set_colour(c, ink, 1);
        cairo_rectangle(c, at_x(0), at_y(1), SIDE, SIDE);
        cairo_stroke(c);

        put_text(c, at_x(0.5), at_y(0) + 90, 0.5, TEXT_SIZE + 2, ink, texts[p->kind].x);
        cairo_save(c);
        cairo_translate(c, LEFT - 90, at_y(0.5));
        cairo_rotate(c, -M_PI / 2);
        put_text(c, 0, 0, 0.5, TEXT_SIZE + 2, ink, texts[p->kind].y);
        cairo_restore(c);
}

static void draw_curve(Plot *p, const CoarseCurve *curve, Colour colour, double alpha, double width, unsigned style) {
        static const double dash[] = { 18, 7 };
        cairo_t *c = p->c;

        set_colour(c, colour, alpha);
        cairo_set_line_width(c, width);
        cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
        cairo_set_dash(c, dash, style > 0 ? 2 : 0, 0);
        for (size_t i = 0; i < curve->n; i++)
                cairo_line_to(c, at_x(curve->points[i].x), at_y(curve->points[i].y));
        cairo_stroke(c);
        cairo_set_dash(c, NULL, 0, 0);
        for (size_t i = 0; p->kind == PLOT_CALIBRATION && i < curve->n; i++) {
                cairo_arc(c, at_x(curve->points[i].x), at_y(curve->points[i].y), 1.6 * width, 0, 2 * M_PI);
                cairo_fill(c);
        }
}

/* The mean height over all curves, at each hundredth. */
static void average(const PlotSeries *series, size_t n, CoarseCurve *ret) {
        ret->n = 0;
        ret->points[ret->n++] = (CoarsePoint){ 0, 0 };
        for (unsigned i = 0; i <= 100; i++) {
                double sum = 0, x = i / 100.0;

                for (size_t k = 0; k < n; k++)
                        sum += coarse_height(&series[k].curve, x);
                ret->points[ret->n++] = (CoarsePoint){ x, sum / (double) n };
        }
}

/* ---- the legend ---- */

static void put_entry(Plot *p, double *y, const CoarseCurve *sample, Colour colour, double width, unsigned style, const char *text) {
        double x = LEFT + SIDE + 40;
        static const double dash[] = { 18, 7 }, diagonal[] = { 10, 8 };

        set_colour(p->c, colour, 1);
        cairo_set_line_width(p->c, width);
        cairo_set_dash(p->c, sample ? dash : diagonal, sample && style == 0 ? 0 : 2, 0);
        put_line(p->c, x, *y - 9, x + 50, *y - 9);
        cairo_set_dash(p->c, NULL, 0, 0);
        put_text(p->c, x + 64, *y, 0, TEXT_SIZE - 3, ink, text);
        *y += 42;
}

/* A pseudonym is cut: its first digits tell it apart. */
static void format_label(const PlotSeries *s, char *buffer, size_t size) {
        size_t n = s->label ? strlen(s->label) : 0;
        bool cut = n > LABEL_MAX;

        snprintf(buffer, size, "%.*s%s", cut ? (int) LABEL_MAX - 2 : (int) n, strempty(s->label), cut ? "\u2026" : "");
}

static void draw_legend(Plot *p, const PlotSeries *series, size_t n) {
        double y = TOP + 24, x = LEFT + SIDE + 104;
        char text[96];

        if (n > PLOT_LEGEND_MAX) {
                snprintf(text, sizeof(text), "each of %zu courses", n);
                put_entry(p, &y, &series[0].curve, colours[0], 3, 0, text);
                if (p->kind == PLOT_ROC)
                        put_entry(p, &y, &series[0].curve, ink, 6, 0, "their mean");
        } else
                for (size_t i = 0; i < n; i++) {
                        format_label(&series[i], text, sizeof(text));
                        if (!series[i].label)
                                snprintf(text, sizeof(text), "%s", *series[i].note ? series[i].note : "all predictions");
                        put_entry(p, &y, &series[i].curve, colours[i % ELEMENTSOF(colours)], 5, i >= ELEMENTSOF(colours), text);
                        if (series[i].label && *series[i].note) {
                                put_text(p->c, x, y - 10, 0, TEXT_SIZE - 5, pale, series[i].note);
                                y += 30;
                        }
                }
        put_entry(p, &y, NULL, pale, 2, 0, texts[p->kind].diagonal);
}

/* ---- the file ---- */

/* Cairo has four bytes for a pixel, in the order of the machine; the encoder takes three. In place. */
static void pack_pixels(uint8_t *pixels, int width, int height, int stride) {
        uint8_t *to = pixels;

        for (int y = 0; y < height; y++) {
                const uint8_t *row = pixels + (size_t) y * (size_t) stride;

                for (int x = 0; x < width; x++) {
                        uint32_t pixel;

                        memcpy(&pixel, row + 4 * (size_t) x, sizeof(pixel));
                        *to++ = (uint8_t) (pixel >> 16);
                        *to++ = (uint8_t) (pixel >> 8);
                        *to++ = (uint8_t) pixel;
                }
        }
}

/*
 * Not by cairo's own encoder, which tries all filters on each row: for lines on white that takes several times as long as everything
 * else here, and saves a third of a small file.
 */
static int encode(cairo_surface_t *surface, size_t max, char **ret, size_t *ret_size) {
        int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
        uint8_t *pixels = cairo_image_surface_get_data(surface);
        png_image image = {
                .version = PNG_IMAGE_VERSION,
                .width = (uint32_t) width,
                .height = (uint32_t) height,
                .format = PNG_FORMAT_RGB,
                .flags = PNG_IMAGE_FLAG_FAST,
        };
        _cleanup_free_ char *data = NULL;
        png_alloc_size_t size = max;

        data = malloc(max);
        if (!data)
                return -ENOMEM;
        pack_pixels(pixels, width, height, cairo_image_surface_get_stride(surface));
        if (!png_image_write_to_memory(&image, data, &size, /* convert_to_8_bit= */ 0, pixels, /* row_stride= */ 0, /* colormap= */ NULL))
                return size > max ? -EFBIG : -EIO;
        *ret = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

static void draw_series(Plot *p, const PlotSeries *series, size_t n) {
        bool many = n > PLOT_LEGEND_MAX;

        for (size_t i = 0; i < n; i++)
                if (many)
                        draw_curve(p, &series[i].curve, colours[0], 0.35, 2.5, 0);
                else
                        draw_curve(p, &series[i].curve, colours[i % ELEMENTSOF(colours)], 1, 5, i >= ELEMENTSOF(colours));
        if (many && p->kind == PLOT_ROC) {
                CoarseCurve mean;

                average(series, n, &mean);
                draw_curve(p, &mean, ink, 1, 6, 0);
        }
}

int plot_draw(PlotKind kind, const PlotSeries *series, size_t n, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(plot_done) Plot p = { .kind = kind };
        int r;

        r = open_plot(&p, (int) (LEFT + SIDE + RIGHT + LEGEND), (int) (TOP + SIDE + BOTTOM));
        if (r < 0)
                return r;
        draw_axes(&p);
        draw_series(&p, series, n);
        draw_legend(&p, series, n);
        cairo_surface_flush(p.surface);
        return cairo_status(p.c) == CAIRO_STATUS_SUCCESS ? encode(p.surface, max, ret, ret_size) : -EIO;
}
