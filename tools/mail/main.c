/* SPDX-License-Identifier: MIT */

/*
 * morf-mail: sends the mails that morfd leaves in outbox/. See service.h; the other ways to call it are for the operator and
 * for itself.
 */

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>

#include "spool/base/fd.h"
#include "spool/base/fault-point.h"
#include "spool/base/log.h"
#include "spool/base/name.h"
#include "spool/base/parse.h"
#include "spool/base/strv.h"
#include "tools/mail/compose.h"
#include "tools/mail/send.h"
#include "tools/mail/service.h"

#define EXIT_USAGE 2

static enum { MODE_SERVICE, MODE_SEND, MODE_RENDER, MODE_TEST } arg_mode = MODE_SERVICE;
static const char *arg_value = NULL;
static enum { PART_ALL, PART_TEXT, PART_HTML } arg_part = PART_ALL;
static uint64_t arg_deadline = SERVICE_DEADLINE_USEC;

static void help(void) {
        puts("Usage: morf-mail [OPTION...]\n"
             "Send the mails that wait in the spool's outbox, until stopped.\n"
             "\n"
             "  --render FILE     print the mail that a request file of the outbox becomes\n"
             "  --text, --html    with --render: only this part of it, readable\n"
             "  --test ADDRESS    send a test mail with the current settings and show what the server says\n"
             "  --deadline SPAN   give up one try to send a mail after so long (120s)\n"
             "  --help            show this text\n"
             "  --version         show the version\n"
             "\n"
             "Settings: section 'mail' of /etc/morf/morfd.conf. SIGHUP reads them again and tries all mails at once.");
}

static int load_settings(MailSettings *ret) {
        _cleanup_free_ char *problem = NULL;
        int r;

        r = mail_settings_load(ret, &problem);
        if (r < 0)
                log_error("%s", problem ?: strerrordesc_np(-r));
        return r;
}

/* ---- --send: one mail, settings on standard input, the result on standard output ------------------------------------------- */

static int read_settings(MailSettings *ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = fd_read_all(STDIN_FILENO, MAIL_SETTINGS_SIZE_MAX, &text, &size);
        if (r < 0)
                return r;
        return json_record_parse(&mail_settings_table, text, size, ret, /* reterr= */ NULL);
}

static int send_one(const char *name) {
        _cleanup_mail_settings_ MailSettings s = {};
        _cleanup_mail_result_ MailResult result = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_fd_ int outbox_fd = -EBADF;
        int r;

        /*
         * A stop lets a mail that is on its way arrive, or else nobody would know whether it did. The service kills us at the
         * deadline; the alarm is for the case that the service is gone.
         */
        (void) signal(SIGTERM, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
        (void) alarm((unsigned) (arg_deadline / USEC_PER_SEC) + 1);

        r = read_settings(&s);
        if (r < 0)
                return log_error_errno(r, "Cannot read the settings");
        if (asprintf(&path, "%s/outbox", s.spool) < 0)
                return -ENOMEM;
        outbox_fd = fd_open_dir_at(AT_FDCWD, path);
        if (outbox_fd < 0)
                return log_error_errno(outbox_fd, "Cannot open %s", path);
        r = send_mail(&s, outbox_fd, name, &result);
        if (r < 0)
                return log_error_errno(r, "Cannot send mail '%s'", name);
        r = json_record_format(&mail_result_table, &result, &text);
        if (r < 0)
                return r;
        return fd_write_all(STDOUT_FILENO, text, strlen(text));
}

/* ---- --render -------------------------------------------------------------------------------------------------------------- */

static int render(const char *path) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_free_ char *directory = NULL, *problem = NULL, *text = NULL;
        _cleanup_mail_settings_ MailSettings s = {};
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        _cleanup_body_ Body body = {};
        _cleanup_fd_ int fd = -EBADF;
        OutboxName n;
        size_t size;
        int r;

        r = load_settings(&s);
        if (r < 0)
                return r;
        directory = slash ? strndup(path, (size_t) (slash - path) + 1) : strdup(".");
        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return log_error_errno(negative_errno(), "Cannot open %s", directory);
        r = outbox_load_at(fd, name, &m, &problem);
        if (r == -EBADMSG && problem) {
                log_error("%s: %s", path, problem);
                return r;
        }
        if (r < 0)
                return log_error_errno(r, "Cannot read %s", path);
        r = outbox_name_parse(name, &n);
        if (r < 0)
                return r;
        if (arg_part == PART_ALL)
                r = send_compose(&s, fd, &n, &m, &text, &size);
        else {
                r = body_compose(&m, &body);
                if (r >= 0)
                        r = arg_part == PART_HTML ? body_to_html(&body, &text) : body_to_text(&body, &text);
        }
        if (r < 0)
                return log_error_errno(r, "Cannot compose the mail of %s", path);
        fputs(text, stdout);
        return 0;
}

/* ---- --test ---------------------------------------------------------------------------------------------------------------- */

static int send_test(const char *address) {
        _cleanup_mail_request_ MailRequest m = MAIL_REQUEST_INIT;
        _cleanup_mail_settings_ MailSettings s = {};
        _cleanup_mail_result_ MailResult result = {};
        OutboxName n = { .number = 1, .event = MAIL_EVENT_NOTICE };
        _cleanup_free_ char *data = NULL;
        _cleanup_body_ Body body = {};
        size_t size;
        Id id;
        int r;

        r = load_settings(&s);
        if (r < 0)
                return r;
        r = id_new(&id);
        if (r < 0)
                return r;
        memcpy(n.id, id.text, sizeof(n.id));
        m.event = n.event;
        m.created = time_now_realtime();
        m.id = strdup(id.text);
        m.user = strdup("operator");
        m.job = strdup("mail");
        if (!m.id || !m.user || !m.job || strv_add(&m.to, address) < 0)
                return -ENOMEM;
        r = body_compose_test(&m, &body);
        if (r >= 0)
                r = compose_mail(&s, &m, &n, &body, /* first= */ NULL, &data, &size);
        if (r >= 0)
                r = send_deliver(&s, &n, m.created, data, size, m.to, stdout, &result);
        if (r < 0)
                return log_error_errno(r, "Cannot send the test mail");
        if (result.outcome == MAIL_OUTCOME_SENT && !result.refused) {
                printf("Sent to %s: %s\n", address, strempty(result.text));
                return 0;
        }
        printf("Not sent to %s: %s\n", address, strempty(result.text));
        return -EHOSTUNREACH;
}

/* Return: 0 to go on, 1 when all is done, or -EINVAL. */
static int parse_argv(int argc, char *argv[]) {
        enum { OPTION_SEND = 256, OPTION_RENDER, OPTION_TEXT, OPTION_HTML, OPTION_TEST, OPTION_DEADLINE, OPTION_HELP, OPTION_VERSION };
        static const struct option options[] = {
                { "send", required_argument, NULL, OPTION_SEND },
                { "render", required_argument, NULL, OPTION_RENDER },
                { "text", no_argument, NULL, OPTION_TEXT },
                { "html", no_argument, NULL, OPTION_HTML },
                { "test", required_argument, NULL, OPTION_TEST },
                { "deadline", required_argument, NULL, OPTION_DEADLINE },
                { "help", no_argument, NULL, OPTION_HELP },
                { "version", no_argument, NULL, OPTION_VERSION },
#ifdef MORF_FAULT_POINTS
                { "fault-points", no_argument, NULL, 'p' },
#endif
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case OPTION_SEND:
                case OPTION_RENDER:
                case OPTION_TEST:
                        arg_mode = c == OPTION_SEND ? MODE_SEND : c == OPTION_RENDER ? MODE_RENDER : MODE_TEST;
                        arg_value = optarg;
                        break;
                case OPTION_TEXT:
                        arg_part = PART_TEXT;
                        break;
                case OPTION_HTML:
                        arg_part = PART_HTML;
                        break;
                case OPTION_DEADLINE:
                        if (parse_span(optarg, &arg_deadline) >= 0 && arg_deadline >= USEC_PER_SEC && arg_deadline <= USEC_PER_DAY)
                                break;
                        fprintf(stderr, "morf-mail: --deadline must be between 1s and 1d\n");
                        return -EINVAL;
                case OPTION_HELP:
                        help();
                        return 1;
                case OPTION_VERSION:
                        puts("morf-mail " MORF_VERSION);
                        return 1;
#ifdef MORF_FAULT_POINTS
                case 'p':
                        fault_point_list("morf-mail");
                        return 1;
#endif
                default:
                        fprintf(stderr, "Try 'morf-mail --help'.\n");
                        return -EINVAL;
                }
        if (optind < argc) {
                fprintf(stderr, "morf-mail: unexpected argument; try 'morf-mail --help'.\n");
                return -EINVAL;
        }
        if (arg_mode == MODE_TEST && !name_is_mail_address(arg_value)) {
                fprintf(stderr, "morf-mail: --test needs a mail address, name@domain\n");
                return -EINVAL;
        }
        return 0;
}

int main(int argc, char *argv[]) {
        _cleanup_mail_settings_ MailSettings s = {};
        int r;

        r = parse_argv(argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        log_open("morf-mail", LOG_INFO, /* force_journal= */ false);

        switch (arg_mode) {
        case MODE_SEND:
                r = send_one(arg_value);
                break;
        case MODE_RENDER:
                r = render(arg_value);
                break;
        case MODE_TEST:
                r = send_test(arg_value);
                break;
        case MODE_SERVICE:
                r = load_settings(&s);
                if (r >= 0)
                        r = service_run(&s, arg_deadline);
                break;
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
