/* SPDX-License-Identifier: MIT */
#include "spool/base/log.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "spool/base/parse.h"

static struct {
        const char *program;
        int level;
        bool journal;
} target = { .program = "morf", .level = LOG_INFO };

/* Whether standard error is the journal stream that systemd named in JOURNAL_STREAM="device:inode". */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return e && sscanf(e, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
               st.st_ino == inode;
}

static int level_from_environment(int fallback) {
        static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };
        const char *e = getenv("MORF_LOG_LEVEL");
        uint64_t v;

        if (!e)
                return fallback;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(e, names[i]))
                        return (int) i;
        return parse_u64(e, 0, LOG_DEBUG, &v) == 0 ? (int) v : fallback;
}

void log_open(const char *program, int level, bool force_journal) {
        target.program = program;
        target.level = level_from_environment(level);
        target.journal = force_journal || stderr_is_journal();
}

/* At most one iovec a field of log_message(). */
#define FIELDS_MAX 16u

static void add_field(struct iovec *fields, size_t *n, const char *name, const char *value) {
        char *text;

        if (!value || *n >= FIELDS_MAX || asprintf(&text, "%s=%s", name, value) < 0)
                return;
        fields[(*n)++] = (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

static void send_to_journal(int level, int error, const char *message_id, const LogJob *job, const char *file, int line, const char *text) {
        struct iovec fields[FIELDS_MAX];
        char number[16], priority[16], errno_text[16];
        size_t n = 0;

        snprintf(number, sizeof(number), "%d", line);
        snprintf(priority, sizeof(priority), "%d", level);
        snprintf(errno_text, sizeof(errno_text), "%d", abs(error));

        add_field(fields, &n, "MESSAGE", text);
        add_field(fields, &n, "PRIORITY", priority);
        add_field(fields, &n, "SYSLOG_IDENTIFIER", target.program);
        add_field(fields, &n, "MESSAGE_ID", message_id);
        add_field(fields, &n, "CODE_FILE", file);
        add_field(fields, &n, "CODE_LINE", number);
        add_field(fields, &n, "ERRNO", error != 0 ? errno_text : NULL);
        if (job) {
                add_field(fields, &n, "MORF_JOB", job->id);
                add_field(fields, &n, "MORF_USER", job->user);
                add_field(fields, &n, "MORF_STATE", job->state);
                add_field(fields, &n, "MORF_UNIT", job->unit);
                add_field(fields, &n, "MORF_FAULT", job->fault);
        }
        (void) sd_journal_sendv(fields, (int) n);
        for (size_t i = 0; i < n; i++)
                free(fields[i].iov_base);
}

int log_message(
                int level, int error, const char *message_id, const LogJob *job, const char *file, int line, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *with_error = NULL;
        int saved = errno;
        va_list ap;

        if (level > target.level)
                return -abs(error);

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (text && error != 0 && asprintf(&with_error, "%s: %s", text, strerrordesc_np(abs(error)) ?: "unknown error") < 0)
                with_error = NULL;

        if (target.journal)
                send_to_journal(level, error, message_id, job, file, line, with_error ?: text ?: format);
        else
                fprintf(stderr, "%s%s%.12s%s%s\n", target.program, job && job->id ? "[" : "", job && job->id ? job->id : "",
                        job && job->id ? "]: " : ": ", with_error ?: text ?: format);

        errno = saved;
        return -abs(error);
}
