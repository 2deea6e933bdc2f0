/* SPDX-License-Identifier: MIT */
#include "tools/mail/smtp-dialogue.h"

#include "spool/base/name.h"

static void write_line(const SmtpDialogue *d, bool client, const char *data, size_t size) {
        _cleanup_free_ char *text = NULL;

        if (!d->transcript)
                return;
        text = name_escape(data, size, SMTP_LINE_MAX);
        fprintf(d->transcript, "%c %s\n", client ? '>' : '<', strempty(text));
}

static void client_line(SmtpDialogue *d, const char *data, size_t size) {
        if (size >= 5 && strncasecmp(data, "AUTH ", 5) == 0) {
                size_t mechanism = strcspn(data + 5, " \r\n");

                d->secret = true;
                if (d->transcript)
                        fprintf(d->transcript, "> AUTH %.*s (credentials not shown)\n", (int) (mechanism < 32 ? mechanism : 32), data + 5);
        } else if (d->secret)
                write_line(d, /* client= */ true, "(credentials not shown)", strlen("(credentials not shown)"));
        else
                write_line(d, /* client= */ true, data, size);
}

static void server_line(SmtpDialogue *d, const char *data, size_t size) {
        unsigned code = 0;

        write_line(d, /* client= */ false, data, size);
        for (size_t i = 0; i < 3; i++) {
                if (i >= size || data[i] < '0' || data[i] > '9')
                        return;
                code = code * 10 + (unsigned) (data[i] - '0');
        }
        d->code = code;
        if (size > SMTP_LINE_MAX)
                size = SMTP_LINE_MAX;
        memcpy(d->line, data, size);
        d->line[size] = '\0';
        if (d->secret && code != 334) {
                d->secret = false;
                d->authenticated = code == 235;
                if (!d->authenticated)
                        strcpy(d->denied, d->line);
        }
}

void smtp_dialogue_add(SmtpDialogue *d, bool client, const char *data, size_t size) {
        while (size > 0) {
                const char *end = memchr(data, '\n', size);
                size_t line = end ? (size_t) (end - data) : size, whole = end ? line + 1 : line;
                /* A copy, so that the line is a string. */
                char copy[SMTP_LINE_MAX + 1];

                if (line > 0 && data[line - 1] == '\r')
                        line--;
                if (line > SMTP_LINE_MAX)
                        line = SMTP_LINE_MAX;
                memcpy(copy, data, line);
                copy[line] = '\0';
                if (client)
                        client_line(d, copy, line);
                else
                        server_line(d, copy, line);
                data += whole;
                size -= whole;
        }
}
