/* SPDX-License-Identifier: MIT */
#include "tools/evaluate/columns.h"

#include "spool/base/name.h"
#include "tools/evaluate/decimal.h"

static const char *const column_names[_COLUMN_MAX] = {
        [COLUMN_Y_TRUE] = "y_true",
        [COLUMN_Y_PRED] = "y_pred",
        [COLUMN_Y_SCORE] = "y_score",
        [COLUMN_COURSE] = "course",
};

DEFINE_STRING_TABLE(column, Column, COLUMN)

int columns_find(const char *name, const CsvRecord *header, Columns *ret, Fault *reterr) {
        unsigned found[_COLUMN_MAX] = {};
        Columns columns = { .n_cells = header->n_cells };
        unsigned line = (unsigned) header->line;

        if (!name_is_utf8(header->raw, header->raw_size))
                return fault_set(reterr, FAULT_CSV_SYNTAX, name, line, "the header is not UTF-8 text");
        for (size_t i = 0; i < header->n_cells; i++) {
                CsvCell cell = csv_cell_trim(header->cells[i]);

                for (Column c = 0; c < _COLUMN_MAX; c++)
                        if (csv_cell_equals(&cell, column_names[c])) {
                                found[c]++;
                                columns.at[c] = i;
                        }
        }
        for (Column c = 0; c < _COLUMN_MAX; c++) {
                if (found[c] > 1)
                        return fault_set(reterr, FAULT_CSV_COLUMNS, name, line, "the header names the column %s %u times",
                                         column_names[c], found[c]);
                if (found[c] == 0 && c != COLUMN_COURSE)
                        return fault_set(reterr, FAULT_CSV_COLUMNS, name, line, "the header lacks the column %s", column_names[c]);
        }
        columns.has_course = found[COLUMN_COURSE] > 0;
        *ret = columns;
        return 0;
}

int column_parse_label(CsvCell cell, bool *ret) {
        static const char *const names[][2] = {
                { "0.0", "1.0" }, { "False", "True" }, { "FALSE", "TRUE" }, { "false", "true" },
        };

        if (cell.size == 1 && (cell.data[0] == '0' || cell.data[0] == '1')) {
                *ret = cell.data[0] == '1';
                return 0;
        }
        cell = csv_cell_trim(cell);
        if (cell.size == 1 && (cell.data[0] == '0' || cell.data[0] == '1')) {
                *ret = cell.data[0] == '1';
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                for (unsigned label = 0; label < 2; label++)
                        if (csv_cell_equals(&cell, names[i][label])) {
                                *ret = label;
                                return 0;
                        }
        return -EINVAL;
}

int column_parse_score(CsvCell cell, double *ret) {
        double v;
        int r;

        cell = csv_cell_trim(cell);
        r = decimal_parse(cell.data, cell.size, &v);
        if (r < 0)
                return r;
        if (v < 0 || v > 1)
                return -ERANGE;
        *ret = v;
        return 0;
}

const char *column_complaint(Column column, CsvCell cell, int error) {
        if (csv_cell_trim(cell).size == 0)
                return "is empty";
        if (column == COLUMN_Y_TRUE || column == COLUMN_Y_PRED)
                return "is neither 0 nor 1";
        if (column == COLUMN_COURSE)
                return "is not a course name";
        return error == -ERANGE ? "is below 0 or above 1" : "is not a number";
}
