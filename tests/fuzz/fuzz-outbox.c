/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the name of a mail, and as a mail in the outbox: refused, or a request that its table takes again when it is put back
 * for later, with the same content.
 */

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/outbox.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int dir = -EBADF;
static char path[] = "/tmp/fuzz-outbox-XXXXXX";

static void check(bool ok) {
        if (!ok)
                abort();
}

static void remove_dir(void) {
        (void) fd_remove_tree_at(AT_FDCWD, path);
}

int LLVMFuzzerInitialize(_unused_ int *argc, _unused_ char ***argv) {
        check(mkdtemp(path));
        dir = fd_open_dir_at(AT_FDCWD, path);
        check(dir >= 0);
        (void) atexit(remove_dir);
        return 0;
}

/* One spelling a name. */
static void read_name(const char *s) {
        char buffer[OUTBOX_NAME_SIZE];
        OutboxName n;

        if (outbox_name_parse(s, &n) == 0)
                check(streq(outbox_name_format(&n, buffer), s));
}

static void check_request(const MailRequest *m) {
        check(strv_length(m->to) > 0 && strv_length(m->to) <= OUTBOX_RECIPIENTS_MAX);
        STRV_FOREACH(to, m->to)
                check(name_is_mail_address(*to));
        check(m->attachments.n <= OUTBOX_ATTACHMENTS_MAX);
        for (size_t i = 0; i < m->attachments.n; i++)
                check(name_is_valid(m->attachments.items[i].name) &&
                      name_is_utf8(m->attachments.items[i].content, strlen(m->attachments.items[i].content)));
        check(!m->job || name_is_valid(m->job));
}

/* Under the name that the content asks for. */
static void read_request(const char *text, size_t size) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT, loaded = MAIL_REQUEST_INIT, again = MAIL_REQUEST_INIT;
        _cleanup_free_ char *first = NULL, *second = NULL, *error = NULL;
        OutboxName n = { .number = 1 };
        char name[OUTBOX_NAME_SIZE];
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (json_record_parse(&mail_request_table, text, size, &m, &error) < 0) {
                check(error);
                return;
        }
        memcpy(n.id, m.id, sizeof(n.id));
        n.event = m.event;
        outbox_name_format(&n, name);
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        check(fd >= 0 && fd_write_all(fd, text, size) == 0);
        r = outbox_load_at(dir, name, &loaded, NULL);
        check(r == 0 || r == -EBADMSG);
        if (r == 0) {
                check_request(&loaded);
                check(outbox_postpone(dir, name, &loaded) == 0);
                check(outbox_load_at(dir, name, &again, NULL) == 0);
                check(json_record_format(&mail_request_table, &loaded, &first) == 0);
                check(json_record_format(&mail_request_table, &again, &second) == 0);
                check(streq(first, second));
        }
        check(unlinkat(dir, name, 0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);

        check(text);
        if (size > 65536)
                return 0;
        read_name(text);
        read_request((const char *) data, size);
        return 0;
}
