/* SPDX-License-Identifier: MIT */
#include "tools/mail/compose.h"

#include <gmime/gmime.h>

#include "spool/base/name.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"

#define _cleanup_object_ _cleanup_(unref_object)

static void unref_object(void *p) {
        GObject **o = p;

        if (*o)
                g_object_unref(*o);
}

static void initialise(void) {
        static bool done;

        if (!done)
                g_mime_init();
        done = true;
}

int compose_message_id(const OutboxName *n, const char *domain, char **ret) {
        return asprintf(ret, "%s.%02u.%s@%s", n->id, n->number, strempty(mail_event_to_string(n->event)), domain) < 0 ? -ENOMEM : 0;
}

static GMimePart *part_of(const char *subtype, const char *text) {
        GMimePart *part = g_mime_part_new_with_type("text", subtype);
        _cleanup_object_ GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
        _cleanup_object_ GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

        /* Not GMimeTextPart, which picks a charset of its own. */
        g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
        g_mime_part_set_content(part, wrapper);
        return part;
}

/* Text and HTML, as alternatives. A fixed boundary, which no quoted-printable or base64 line can equal ("=_"). */
static GMimeObject *alternative_part(const char *text, const char *html, const char *boundary) {
        GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("alternative");
        _cleanup_object_ GMimePart *plain = part_of("plain", text), *rich = part_of("html", html);

        g_mime_multipart_set_boundary(multipart, boundary);
        g_mime_multipart_add(multipart, GMIME_OBJECT(plain));
        g_mime_multipart_add(multipart, GMIME_OBJECT(rich));
        return GMIME_OBJECT(multipart);
}

/* The content is in the encoding in which it is sent. */
static GMimePart *picture_part(const char *base64) {
        GMimePart *part = g_mime_part_new_with_type("image", "png");
        _cleanup_object_ GMimeStream *stream = g_mime_stream_mem_new_with_buffer(base64, strlen(base64));
        _cleanup_object_ GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_BASE64);

        g_mime_part_set_content(part, wrapper);
        return part;
}

static GMimePart *text_part(const MailAttachment *a) {
        GMimePart *part = part_of(endswith(a->name, ".csv") ? "csv" : "plain", a->content);

        if (endswith(a->name, ".json")) {
                GMimeContentType *type = g_mime_content_type_new("application", "json");

                g_mime_object_set_content_type(GMIME_OBJECT(part), type);
                g_object_unref(type);
        }
        return part;
}

static GMimeObject *attachment_part(const MailAttachment *a) {
        GMimePart *part = mail_attachment_is_picture(a) ? picture_part(a->content) : text_part(a);

        g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_ATTACHMENT);
        g_mime_part_set_filename(part, a->name);
        /* Base64, because line ends would not survive anything else. */
        g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
        return GMIME_OBJECT(part);
}

static GMimeObject *whole_part(const MailRequest *m, const char *text, const char *html, const OutboxName *n) {
        char inner[64], outer[64];
        _cleanup_object_ GMimeObject *alternative = NULL;
        GMimeMultipart *mixed;

        snprintf(inner, sizeof(inner), "=_%s-%02u-a", n->id, n->number);
        snprintf(outer, sizeof(outer), "=_%s-%02u-m", n->id, n->number);
        alternative = alternative_part(text, html, inner);
        if (m->attachments.n == 0)
                return TAKE_PTR(alternative);

        mixed = g_mime_multipart_new_with_subtype("mixed");
        g_mime_multipart_set_boundary(mixed, outer);
        g_mime_multipart_add(mixed, alternative);
        for (size_t i = 0; i < m->attachments.n; i++) {
                _cleanup_object_ GMimeObject *part = attachment_part(&m->attachments.items[i]);

                g_mime_multipart_add(mixed, part);
        }
        return GMIME_OBJECT(mixed);
}

/* Sets a header of our own; value is refused when it could end the header. Return: 0 or -EINVAL. */
static int set_header(GMimeMessage *message, const char *name, const char *value) {
        if (strpbrk(value, "\r\n"))
                return -EINVAL;
        g_mime_object_set_header(GMIME_OBJECT(message), name, value, "utf-8");
        return 0;
}

static int set_reference(GMimeMessage *message, const char *first) {
        _cleanup_free_ char *value = NULL;
        int r;

        if (asprintf(&value, "<%s>", first) < 0) {
                value = NULL;
                return -ENOMEM;
        }
        r = set_header(message, "In-Reply-To", value);
        return r < 0 ? r : set_header(message, "References", value);
}

static bool is_ascii(const char *s) {
        for (; *s; s++)
                if ((unsigned char) *s >= 0x80)
                        return false;
        return true;
}

/*
 * The recipients, without those whose addresses cannot stand in a header that everybody reads, unless there are no others:
 * then nobody but a Maildir will get the mail.
 */
static int set_recipients(GMimeMessage *message, char *const *to) {
        bool some = false;

        STRV_FOREACH(s, to) {
                if (!name_is_mail_address(*s))
                        return -EINVAL;
                some = some || is_ascii(*s);
        }
        STRV_FOREACH(s, to)
                if (!some || is_ascii(*s))
                        g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, *s);
        return 0;
}

static int set_addresses(GMimeMessage *message, const MailSettings *s, const MailRequest *m) {
        _cleanup_free_ char *name = name_escape(strempty(s->from_name), strlen(strempty(s->from_name)), 128);
        _cleanup_object_ InternetAddress *from = NULL;

        if (!name)
                return -ENOMEM;
        if (!name_is_mail_address(s->from))
                return -EINVAL;
        from = internet_address_mailbox_new(*name ? name : NULL, s->from);
        internet_address_set_charset(from, "utf-8");
        internet_address_list_add(g_mime_message_get_from(message), from);
        return set_recipients(message, m->to);
}

static int set_headers(
                GMimeMessage *message, const MailSettings *s, const MailRequest *m, const OutboxName *n, const char *subject,
                const char *first) {
        GDateTime *date = g_date_time_new_from_unix_utc((gint64) (m->created / USEC_PER_SEC));
        _cleanup_free_ char *message_id = NULL, *clean = NULL;
        int r;

        if (!date)
                return -EINVAL;
        g_mime_message_set_date(message, date);
        g_date_time_unref(date);

        r = set_addresses(message, s, m);
        if (r < 0)
                return r;
        clean = name_escape(subject, strlen(subject), 512);
        if (!clean)
                return -ENOMEM;
        g_mime_message_set_subject(message, clean, "utf-8");

        r = compose_message_id(n, s->domain, &message_id);
        if (r < 0)
                return r;
        if (strpbrk(message_id, "\r\n <>"))
                return -EINVAL;
        g_mime_message_set_message_id(message, message_id);
        if (first) {
                r = set_reference(message, first);
                if (r < 0)
                        return r;
        }
        r = set_header(message, "Auto-Submitted", "auto-generated");
        if (r < 0)
                return r;
        /* What Exchange looks for before it sends an out-of-office answer. */
        r = set_header(message, "X-Auto-Response-Suppress", "All");
        if (r < 0)
                return r;
        return set_header(message, "X-MORF-Job", n->id);
}

int compose_mail(
                const MailSettings *s, const MailRequest *m, const OutboxName *n, const Body *body, const char *first,
                char **ret, size_t *ret_size) {
        _cleanup_free_ char *text = NULL, *html = NULL, *copy = NULL;
        _cleanup_object_ GMimeMessage *message = NULL;
        _cleanup_object_ GMimeObject *part = NULL;
        char *raw;
        int r;

        initialise();
        r = body_to_text(body, &text);
        if (r < 0)
                return r;
        r = body_to_html(body, &html);
        if (r < 0)
                return r;

        message = g_mime_message_new(/* pretty_headers= */ TRUE);
        r = set_headers(message, s, m, n, body->subject, first);
        if (r < 0)
                return r;
        part = whole_part(m, text, html, n);
        g_mime_message_set_mime_part(message, part);
        g_mime_object_encode(GMIME_OBJECT(message), GMIME_ENCODING_CONSTRAINT_7BIT);

        raw = g_mime_object_to_string(GMIME_OBJECT(message), NULL);
        if (!raw)
                return -EINVAL;
        copy = strdup(raw);
        g_free(raw);
        if (!copy)
                return -ENOMEM;
        *ret_size = strlen(copy);
        *ret = TAKE_PTR(copy);
        return 0;
}
