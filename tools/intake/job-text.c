/* SPDX-License-Identifier: MIT */
#include "tools/intake/job-text.h"

#include "spool/base/name.h"
#include "spool/limits.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

static int check_line(const char *line, size_t size, const char *file, unsigned number, Fault *f) {
        size_t blank = 0;

        if (memchr(line, '\0', size))
                return fault_set(f, FAULT_JOBFILE, file, number, "there is a NUL byte; a job file is plain text");
        if (!name_is_utf8(line, size))
                return fault_set(f, FAULT_JOBFILE, file, number, "this line is not valid UTF-8");

        /* libconfig knows the directive only at the beginning of a line; to refuse it within a comment too costs
         * nothing. */
        while (blank < size &&
               (line[blank] == ' ' || line[blank] == '\t' || line[blank] == '\r' || line[blank] == '\f'))
                blank++;
        if (size - blank >= strlen("@include") && memcmp(line + blank, "@include", strlen("@include")) == 0)
                return fault_set(f, FAULT_JOBFILE, file, number, "@include is not allowed in a job file");

        /* It would end the string early, unseen. */
        if (memmem(line, size, "\\x00", 4) || memmem(line, size, "\\X00", 4))
                return fault_set(f, FAULT_JOBFILE, file, number, "a string holds the character \\x00");
        return 0;
}

int job_text_check(const char *data, size_t size, const char *file, const char **ret_text, Fault *f) {
        const char *p = data, *end = data + size;
        unsigned line = 1, settings = 0;

        if (size >= strlen(byte_order_mark) && memcmp(data, byte_order_mark, strlen(byte_order_mark)) == 0)
                p += strlen(byte_order_mark);
        *ret_text = p;
        if (strspn(p, " \t\r\n\f") == (size_t) (end - p))
                return fault_set(f, FAULT_JOBFILE, file, 0, "the file is empty");

        for (; p < end; line++) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));
                size_t n = (size_t) ((newline ? newline : end) - p);
                int r = check_line(p, n, file, line, f);

                if (r < 0)
                        return r;
                for (size_t i = 0; i < n; i++)
                        if ((p[i] == '=' || p[i] == ':') && ++settings > LIMIT_JOB_FILE_SETTINGS)
                                return fault_set(f, FAULT_JOBFILE, file, line,
                                                 "there are more than %u settings in the file",
                                                 LIMIT_JOB_FILE_SETTINGS);
                p += n + 1;
        }
        return 0;
}
