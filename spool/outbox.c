/* SPDX-License-Identifier: MIT */
#include "spool/outbox.h"

#include <fcntl.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/publish.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "spool/release.h"

static const char *const mail_event_names[_MAIL_EVENT_MAX] = {
        [MAIL_EVENT_ACCEPTED] = "accepted",
        [MAIL_EVENT_REJECTED] = "rejected",
        [MAIL_EVENT_STARTED] = "started",
        [MAIL_EVENT_PHASE] = "phase",
        [MAIL_EVENT_FINISHED] = "finished",
        [MAIL_EVENT_FAILED] = "failed",
        [MAIL_EVENT_CANCELLED] = "cancelled",
        [MAIL_EVENT_NOTICE] = "notice",
};

DEFINE_STRING_TABLE(mail_event, MailEvent, MAIL_EVENT)

/* ---- the record --------------------------------------------------------------------------------------------------------- */

static const JsonField attachment_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(MailAttachment, name), JSON_REQUIRED, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "content", JSON_KIND_STRING, offsetof(MailAttachment, content), JSON_REQUIRED, .max = LIMIT_RELEASE_BYTES },
};
static const JsonTable attachment_table = JSON_TABLE(attachment_fields);

/* A nested record is read through its own text, so that it is judged by the same engine. */
static int parse_value(const JsonTable *table, const json_t *value, void *base) {
        _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT);
        int r;

        if (!text)
                return -ENOMEM;
        r = json_record_parse(table, text, strlen(text), base, /* reterr= */ NULL);
        if (r < 0)
                json_record_done(table, base);
        return r;
}

static int fault_read_value(const json_t *value, void *member) {
        return parse_value(&fault_table, value, member);
}

static json_t *fault_write_value(const void *member) {
        const Fault *f = member;

        return f->code == FAULT_NONE ? NULL : json_record_to_value(&fault_table, f);
}

static void fault_done_value(void *member) {
        fault_done(member);
}

/* Takes the item over, also on error. */
static int append(MailAttachments *a, MailAttachment item) {
        MailAttachment *bigger = reallocarray(a->items, a->n + 1, sizeof(*bigger));

        if (!bigger) {
                json_record_done(&attachment_table, &item);
                return -ENOMEM;
        }
        a->items = bigger;
        a->items[a->n++] = item;
        return 0;
}

static int attachments_read(const json_t *value, void *member) {
        const json_t *item;
        size_t i;
        int r;

        if (!json_is_array(value) || json_array_size(value) > OUTBOX_ATTACHMENTS_MAX)
                return -EBADMSG;
        json_array_foreach (value, i, item) {
                MailAttachment a = {};

                r = parse_value(&attachment_table, item, &a);
                if (r < 0)
                        return r;
                r = append(member, a);
                if (r < 0)
                        return r;
        }
        return 0;
}

static json_t *attachments_write(const void *member) {
        const MailAttachments *a = member;
        _cleanup_json_ json_t *array = NULL;

        if (a->n == 0)
                return NULL;
        array = json_array();
        for (size_t i = 0; i < a->n; i++)
                if (json_array_append_new(array, json_record_to_value(&attachment_table, &a->items[i])) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static void attachments_done(void *member) {
        MailAttachments *a = member;

        for (size_t i = 0; i < a->n; i++)
                json_record_done(&attachment_table, &a->items[i]);
        free(a->items);
        *a = (MailAttachments){};
}

#define ADDRESSES(key, member, how) \
        { key, JSON_KIND_STRV, offsetof(MailRequest, member), how, .max = OUTBOX_RECIPIENTS_MAX, .check = name_is_mail_address }

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(MailRequest, version), JSON_REQUIRED, .min = OUTBOX_VERSION, .max = OUTBOX_VERSION },
        { "id", JSON_KIND_STRING, offsetof(MailRequest, id), JSON_REQUIRED, .max = ID_LENGTH, .check = id_is_valid },
        { "event", JSON_KIND_ENUM, offsetof(MailRequest, event), JSON_REQUIRED, .names = mail_event_names, .max = _MAIL_EVENT_MAX },
        { "user", JSON_KIND_STRING, offsetof(MailRequest, user), JSON_REQUIRED, .max = 32, .check = name_is_user },
        ADDRESSES("to", to, JSON_REQUIRED),
        { "job", JSON_KIND_STRING, offsetof(MailRequest, job), JSON_OMIT_EMPTY, .max = NAME_MAX_LENGTH, .check = name_is_valid },
        { "drop", JSON_KIND_STRING, offsetof(MailRequest, drop), JSON_OMIT_EMPTY, .max = OUTBOX_TEXT_MAX },
        { "why", JSON_KIND_STRING, offsetof(MailRequest, why), JSON_OMIT_EMPTY, .max = OUTBOX_TEXT_MAX },
        { "created", JSON_KIND_U64, offsetof(MailRequest, created), JSON_REQUIRED },
        { "fault", JSON_KIND_CUSTOM, offsetof(MailRequest, fault), 0,
          .read = fault_read_value, .write = fault_write_value, .done = fault_done_value },
        { "usage", JSON_KIND_OBJECT, offsetof(MailRequest, usage), JSON_OMIT_EMPTY, .table = &usage_table },
        { "attachments", JSON_KIND_CUSTOM, offsetof(MailRequest, attachments), 0,
          .read = attachments_read, .write = attachments_write, .done = attachments_done },
        { "attempts", JSON_KIND_UNSIGNED, offsetof(MailRequest, attempts), JSON_OMIT_EMPTY },
        { "next_try", JSON_KIND_U64, offsetof(MailRequest, next_try), JSON_OMIT_EMPTY },
        { "last_error", JSON_KIND_STRING, offsetof(MailRequest, last_error), JSON_OMIT_EMPTY, .max = OUTBOX_TEXT_MAX },
        ADDRESSES("delivered", delivered, JSON_OMIT_EMPTY),
        ADDRESSES("refused", refused, JSON_OMIT_EMPTY),
};
const JsonTable mail_request_table = JSON_TABLE(fields);

void mail_request_done(MailRequest *m) {
        json_record_done(&mail_request_table, m);
        *m = MAIL_REQUEST_INIT;
}

int mail_request_attach(MailRequest *m, const char *name, const char *content, size_t size) {
        MailAttachment a;

        if (m->attachments.n >= OUTBOX_ATTACHMENTS_MAX || !name_is_valid(name) || size > LIMIT_RELEASE_BYTES ||
            memchr(content, 0, size) || !name_is_utf8(content, size))
                return -EINVAL;

        a = (MailAttachment){ .name = strdup(name), .content = strndup(content, size) };
        if (!a.name || !a.content) {
                json_record_done(&attachment_table, &a);
                return -ENOMEM;
        }
        return append(&m->attachments, a);
}

int mail_request_attach_picture(MailRequest *m, const char *name, const void *data, size_t size) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const unsigned char *in = data;
        _cleanup_free_ char *text = NULL;
        size_t n = 0;

        if (size > RELEASE_PLOT_MAX || !endswith(name, ".png"))
                return -EINVAL;
        text = calloc((size + 2) / 3 + 1, 4);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < size; i += 3) {
                uint32_t bits = (uint32_t) in[i] << 16 | (i + 1 < size ? (uint32_t) in[i + 1] << 8 : 0) | (i + 2 < size ? in[i + 2] : 0);

                for (unsigned k = 0; k < 4; k++)
                        text[n++] = i + k > size ? '=' : digits[bits >> (18 - 6 * k) & 63];
        }
        return mail_request_attach(m, name, text, n);
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

int outbox_name_parse(const char *s, OutboxName *ret) {
        char event[16], digits[3];
        OutboxName n = {};
        uint64_t number;
        const char *end;
        size_t size;

        end = endswith(s, ".json");
        if (!end || strlen(s) < ID_LENGTH + 4 + strlen(".json") || s[ID_LENGTH] != '-' || s[ID_LENGTH + 3] != '-')
                return -EINVAL;
        memcpy(n.id, s, ID_LENGTH);
        memcpy(digits, s + ID_LENGTH + 1, 2);
        digits[2] = '\0';
        size = (size_t) (end - (s + ID_LENGTH + 4));
        if (size >= sizeof(event))
                return -EINVAL;
        memcpy(event, s + ID_LENGTH + 4, size);
        event[size] = '\0';

        n.event = mail_event_from_string(event);
        if (!id_is_valid(n.id) || parse_u64(digits, 1, OUTBOX_NUMBER_MAX, &number) < 0 || n.event < 0)
                return -EINVAL;
        n.number = (unsigned) number;
        *ret = n;
        return 0;
}

const char *outbox_name_format(const OutboxName *n, char buffer[static OUTBOX_NAME_SIZE]) {
        snprintf(buffer, OUTBOX_NAME_SIZE, "%s-%02u-%s.json", n->id, n->number % 100, strempty(mail_event_to_string(n->event)));
        return buffer;
}

/* ---- places ------------------------------------------------------------------------------------------------------------- */

/* Return: 1 where directory/name is there, 0 where not (or there is no such directory), or a negative errno. */
static int is_there(int outbox_fd, const char *directory, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        struct stat st;

        if (directory) {
                fd = fd_open_dir_at(outbox_fd, directory);
                if (fd == -ENOENT)
                        return 0;
                if (fd < 0)
                        return fd;
        }
        if (fstatat(directory ? fd : outbox_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        return 1;
}

int outbox_find(int outbox_fd, const OutboxName *n, OutboxPlace *ret) {
        /* Waiting first: a mail moves only away from there, so one that is looked for in this order cannot be missed. */
        static const struct {
                OutboxPlace place;
                const char *directory;
        } places[] = {
                { OUTBOX_PLACE_WAITING, NULL },
                { OUTBOX_PLACE_SENT, OUTBOX_SENT },
                { OUTBOX_PLACE_UNDELIVERABLE, OUTBOX_UNDELIVERABLE },
        };
        char name[OUTBOX_NAME_SIZE];

        outbox_name_format(n, name);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                int r = is_there(outbox_fd, places[i].directory, name);

                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = places[i].place;
                        return 0;
                }
        }
        *ret = OUTBOX_PLACE_NONE;
        return 0;
}

int outbox_find_first(int outbox_fd, const char *id, MailEvent *ret) {
        OutboxName n = { .number = 1 };
        OutboxPlace place;
        int r;

        if (!id_is_valid(id))
                return -ENOENT;
        memcpy(n.id, id, sizeof(n.id));
        for (n.event = 0; n.event < MAIL_EVENT_NOTICE; n.event++) {
                r = outbox_find(outbox_fd, &n, &place);
                if (r < 0)
                        return r;
                if (place != OUTBOX_PLACE_NONE) {
                        *ret = n.event;
                        return 0;
                }
        }
        return -ENOENT;
}

/* ---- reading and writing ------------------------------------------------------------------------------------------------ */

/* What the table alone cannot say. */
static int check(const MailRequest *m, char **reterr) {
        const char *problem = NULL;

        if (strv_length(m->to) == 0)
                problem = "key 'to' is empty";
        else if (m->event == MAIL_EVENT_FINISHED && m->fault.code != FAULT_NONE)
                problem = "a finished job has no fault";
        if (!problem)
                return 0;
        if (reterr)
                *reterr = strdup(problem);
        return -EBADMSG;
}

static int parse(const char *text, size_t size, MailRequest *ret, char **reterr) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        int r;

        r = json_record_parse(&mail_request_table, text, size, &m, reterr);
        if (r < 0)
                return r;
        r = check(&m, reterr);
        if (r < 0)
                return r;
        *ret = m;
        m = MAIL_REQUEST_INIT;
        return 0;
}

/* The request as text that parse() takes. Return: 0; -EINVAL; -EFBIG; -ENOMEM. */
static int format_checked(const MailRequest *m, char **ret) {
        _cleanup_mail_request_ MailRequest again = MAIL_REQUEST_INIT;
        _cleanup_free_ char *text = NULL;
        int r;

        if (!m->id || !m->user || !mail_event_to_string(m->event))
                return -EINVAL;
        r = json_record_format(&mail_request_table, m, &text);
        if (r < 0)
                return r;
        if (strlen(text) > LIMIT_MAIL_REQUEST_BYTES)
                return -EFBIG;
        r = parse(text, strlen(text), &again, /* reterr= */ NULL);
        if (r < 0)
                return r == -EBADMSG ? -EINVAL : r;
        *ret = TAKE_PTR(text);
        return 0;
}

int outbox_publish(int outbox_fd, const MailRequest *m, unsigned number, uid_t uid, gid_t gid) {
        _cleanup_free_ char *text = NULL;
        OutboxName n = { .number = number };
        char name[OUTBOX_NAME_SIZE];
        OutboxPlace place;
        int r;

        if (number < 1 || number > OUTBOX_NUMBER_MAX)
                return -EINVAL;
        r = format_checked(m, &text);
        if (r < 0)
                return r;
        memcpy(n.id, m->id, sizeof(n.id));
        n.event = m->event;

        r = outbox_find(outbox_fd, &n, &place);
        if (r < 0)
                return r;
        if (place != OUTBOX_PLACE_NONE)
                return 0;
        r = publish_new_file_at(outbox_fd, outbox_name_format(&n, name), text, strlen(text), 0600, uid, gid);
        return r == -EEXIST ? 0 : r;
}

int outbox_load_at(int dirfd, const char *name, MailRequest *ret, char **reterr) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_free_ char *text = NULL;
        OutboxName n;
        size_t size;
        int r;

        r = fd_read_file_at(dirfd, name, LIMIT_MAIL_REQUEST_BYTES, &text, &size);
        if (r < 0)
                return r;
        r = parse(text, size, &m, reterr);
        if (r < 0)
                return r;
        if (outbox_name_parse(name, &n) < 0 || !streq(n.id, m.id) || n.event != m.event) {
                if (reterr)
                        *reterr = strdup("the file name does not fit its content");
                return -EBADMSG;
        }
        *ret = m;
        m = MAIL_REQUEST_INIT;
        return 0;
}

int outbox_postpone(int outbox_fd, const char *name, const MailRequest *m) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = format_checked(m, &text);
        if (r < 0)
                return r;
        return publish_file_at(outbox_fd, name, text, strlen(text), 0600, (uid_t) -1, (gid_t) -1);
}

static int mark(int outbox_fd, const char *directory, const char *name) {
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = fd_open_dir_at(outbox_fd, directory);
        if (fd < 0)
                return fd;
        r = publish_rename(outbox_fd, name, fd, name);
        if (r != -EEXIST)
                return r;
        if (unlinkat(outbox_fd, name, 0) < 0)
                return negative_errno();
        return publish_sync_dir(outbox_fd);
}

int outbox_mark_sent(int outbox_fd, const char *name) {
        return mark(outbox_fd, OUTBOX_SENT, name);
}

int outbox_mark_undeliverable(int outbox_fd, const char *name) {
        return mark(outbox_fd, OUTBOX_UNDELIVERABLE, name);
}

int outbox_purge_sent(int outbox_fd, uint64_t before, unsigned *ret_removed) {
        _cleanup_(closedirp) DIR *dir = NULL;
        unsigned removed = 0;
        struct dirent *de;
        OutboxName n;
        int r;

        r = fd_open_dirstream_at(outbox_fd, OUTBOX_SENT, &dir);
        if (r < 0)
                return r;
        while ((errno = 0, de = readdir(dir))) {
                struct stat st;

                if (outbox_name_parse(de->d_name, &n) < 0 || fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                /* The change time is that of the rename into sent/. */
                if ((uint64_t) st.st_ctim.tv_sec * USEC_PER_SEC >= before)
                        continue;
                if (unlinkat(dirfd(dir), de->d_name, 0) == 0)
                        removed++;
        }
        if (errno != 0)
                return negative_errno();
        *ret_removed = removed;
        return 0;
}
