/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * outbox/: one file per mail that is to be sent. morfd writes requests, morf-mail sends them.
 *
 *         outbox/<id>-<nn>-<event>.json          waiting, with its retry state
 *         outbox/sent/<same name>                accepted by the mail server; the marker that morfd may look for
 *         outbox/undeliverable/<same name>       refused for good
 *
 * The name is the identity of a mail: job id, number within the job (01, 02, ... in the order in which they are sent) and
 * event. It is the same however often morfd is killed and starts again, and so is the Message-ID that is made from it.
 * A file only ever moves from outbox/ to one of the two others, by a rename, so a mail is in exactly one place.
 */

#include <sys/types.h>

#include "spool/base/id.h"
#include "spool/base/string-table.h"
#include "spool/limits.h"
#include "spool/record.h"

#define OUTBOX_SENT "sent"
#define OUTBOX_UNDELIVERABLE "undeliverable"

#define OUTBOX_VERSION 1u
#define OUTBOX_NUMBER_MAX 99u
#define OUTBOX_RECIPIENTS_MAX 8u
#define OUTBOX_ATTACHMENTS_MAX 8u
#define OUTBOX_TEXT_MAX 1024u
/* "<id>-<nn>-<event>.json" and its NUL. */
#define OUTBOX_NAME_SIZE (ID_LENGTH + 32u)

typedef enum MailEvent {
        MAIL_EVENT_ACCEPTED,
        MAIL_EVENT_REJECTED,
        MAIL_EVENT_STARTED,
        MAIL_EVENT_PHASE, /* one call of a workflow is done */
        MAIL_EVENT_FINISHED,
        MAIL_EVENT_FAILED,
        MAIL_EVENT_CANCELLED,
        MAIL_EVENT_NOTICE, /* to the operator, about an undeliverable mail; written by morf-mail only */
        _MAIL_EVENT_MAX,
        _MAIL_EVENT_INVALID = -EINVAL,
} MailEvent;

DECLARE_STRING_TABLE(mail_event, MailEvent);

typedef struct MailAttachment {
        char *name;    /* a valid name; decides the type: .csv, .json, .txt, or .png of a picture */
        char *content; /* UTF-8 text, at most LIMIT_RELEASE_BYTES; a picture in Base64 */
} MailAttachment;

typedef struct MailAttachments {
        MailAttachment *items;
        size_t n;
} MailAttachments;

/* Start from MAIL_REQUEST_INIT; release with mail_request_done(). Owns all strings. */
typedef struct MailRequest {
        uint64_t version;
        char *id;
        MailEvent event;
        char *user;
        char **to;          /* 1 to OUTBOX_RECIPIENTS_MAX registered addresses */
        char *job;          /* the job's own name; NULL where none could be read */
        char *drop;         /* name of the drop as it came, any text; may be NULL */
        char *why;          /* one more sentence, any text; may be NULL */
        uint64_t created;   /* realtime, usec */
        Fault fault;        /* code FAULT_NONE: none */
        Usage usage;
        MailAttachments attachments;
        /* Retry state, written by morf-mail. */
        unsigned attempts;
        uint64_t next_try;  /* realtime, usec; 0: now */
        char *last_error;   /* escaped text */
        char **delivered;   /* those of `to` whose server accepted the mail */
        char **refused;     /* those of `to` that were refused for good */
} MailRequest;

#define MAIL_REQUEST_INIT ((MailRequest){ .version = OUTBOX_VERSION })

extern const JsonTable mail_request_table;

void mail_request_done(MailRequest *m);
#define _cleanup_mail_request_ _cleanup_(mail_request_done)

/* Appends a copy of size bytes of text as an attachment. Return: 0; -EINVAL (not text, too long, too many, bad name); -ENOMEM. */
int mail_request_attach(MailRequest *m, const char *name, const char *content, size_t size);

/* Appends a picture, size bytes at data, at most RELEASE_PLOT_MAX; the name ends in ".png". Return: as mail_request_attach(). */
int mail_request_attach_picture(MailRequest *m, const char *name, const void *data, size_t size);

/* Whether an attachment is a picture. */
static inline bool mail_attachment_is_picture(const MailAttachment *a) {
        return endswith(a->name, ".png");
}

/* The identity of a mail, as its file name says it. */
typedef struct OutboxName {
        char id[ID_LENGTH + 1];
        unsigned number;
        MailEvent event;
} OutboxName;

/* Return: 0, or -EINVAL where s is not the name of a mail. */
int outbox_name_parse(const char *s, OutboxName *ret);

/* Return: buffer. */
const char *outbox_name_format(const OutboxName *n, char buffer[static OUTBOX_NAME_SIZE]);

typedef enum OutboxPlace {
        OUTBOX_PLACE_NONE,
        OUTBOX_PLACE_WAITING,
        OUTBOX_PLACE_SENT,
        OUTBOX_PLACE_UNDELIVERABLE,
} OutboxPlace;

/* Where the mail of this name is. outbox_fd: the directory outbox/. Return: 0 or a negative errno. */
int outbox_find(int outbox_fd, const OutboxName *n, OutboxPlace *ret);

/*
 * Puts a request into outbox/ exactly once: durable when it returns 0, and success too where a mail of this name is
 * there already, waiting, sent or undeliverable. The name is made from m->id, number and m->event.
 * uid, gid: the account of morf-mail, owner of the file (mode 0600), or -1 to keep ours.
 * Return: 0; -EINVAL where morf-mail would not take the request (the record is checked against its own table first);
 * -EFBIG over LIMIT_MAIL_REQUEST_BYTES; or another negative errno.
 */
int outbox_publish(int outbox_fd, const MailRequest *m, unsigned number, uid_t uid, gid_t gid);

/*
 * Reads a request. dirfd: the directory that holds it. The id and event in it must be those of the name.
 * reterr: a fresh sentence on -EBADMSG; may be NULL.
 * Return: 0; -EBADMSG; or an error of fd_open_regular_at().
 */
int outbox_load_at(int dirfd, const char *name, MailRequest *ret, char **reterr);

/* Replaces a waiting request by m, which holds a new retry state. Return: 0 or a negative errno. */
int outbox_postpone(int outbox_fd, const char *name, const MailRequest *m);

/*
 * Moves a waiting mail to sent/ or undeliverable/, durably; where a mail of that name is there already the waiting one is
 * removed. Return: 0; -ENOENT (not waiting); or another negative errno.
 */
int outbox_mark_sent(int outbox_fd, const char *name);
int outbox_mark_undeliverable(int outbox_fd, const char *name);

/* The event of mail 01 of a job, looked for in all three places. Return: 0; -ENOENT; or another negative errno. */
int outbox_find_first(int outbox_fd, const char *id, MailEvent *ret);

/* Removes markers below sent/ that were made before a time (realtime, usec). Return: 0 or a negative errno. */
int outbox_purge_sent(int outbox_fd, uint64_t before, unsigned *ret_removed);
