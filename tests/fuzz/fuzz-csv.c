/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a table: the reader must end, hand out the bytes of every record in order and never a cell outside its
 * buffers (the sanitizers see to that), with generous and with tiny limits.
 */

#include <fcntl.h>
#include <sys/mman.h>

#include "spool/csv.h"
#include "spool/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

/* Whether the records, put together again, are the beginning of the input. */
static void read_table(int fd, const uint8_t *data, size_t size, const CsvLimits *limits) {
        _cleanup_(csv_reader_freep) CsvReader *reader = NULL;
        bool has_mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
        size_t at = has_mark ? 3 : 0;
        uint64_t line = 0, sum = 0;
        CsvRecord record;
        int r;

        check(lseek(fd, 0, SEEK_SET) == 0);
        check(csv_reader_new(fd, limits, &reader) == 0);
        while ((r = csv_reader_next(reader, &record)) == 0) {
                check(record.raw_size > 0 && record.raw_size <= limits->record_max && record.raw_size <= size - at);
                check(memcmp(record.raw, data + at, record.raw_size) == 0);
                check(record.line > line && record.n_cells > 0 && record.n_cells <= limits->cells_max);
                line = record.line;
                at += record.raw_size;
                for (size_t i = 0; i < record.n_cells; i++) {
                        check(record.cells[i].size <= limits->cell_max);
                        for (size_t k = 0; k < record.cells[i].size; k++)
                                sum += (unsigned char) record.cells[i].data[k];
                }
                (void) csv_record_is_blank(&record);
        }
        check(r > 0 && csv_condition_to_string(r));
        check(r != CSV_E_END || at == size);
        check(sum <= size * UINT8_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const CsvLimits limits[] = {
                CSV_LIMITS_DEFAULT,
                { .record_max = 16, .cell_max = 5, .cells_max = 3, .lenient = true },
        };
        _cleanup_fd_ int fd = memfd_create("table", MFD_CLOEXEC);

        check(fd >= 0 && fd_write_all(fd, data, size) == 0);
        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                read_table(fd, data, size, &limits[i]);
        return 0;
}
