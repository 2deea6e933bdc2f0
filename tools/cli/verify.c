/* SPDX-License-Identifier: MIT */

/*
 * Checks a receipt: that files are those it was made of, and that this server signed it.
 */

#include <fcntl.h>

#include "spool/keys.h"
#include "spool/receipt.h"
#include "spool/base/digest.h"
#include "spool/base/fd.h"
#include "tools/cli/verbs.h"

static int read_receipt(const char *path, char **ret, size_t *ret_size, Receipt *ret_receipt) {
        _cleanup_free_ char *error = NULL;
        int r;

        r = fd_read_file_at(AT_FDCWD, path, RECEIPT_SIZE_MAX, ret, ret_size);
        if (r < 0)
                return cli_fail_errno(r, "cannot read '%s'", path);
        r = receipt_parse(*ret, *ret_size, ret_receipt, &error);
        if (r < 0) {
                cli_fail(CLI_EXIT_JOB, "'%s' is not a receipt: %s", path, error ?: strerrordesc_np(-r));
                return CLI_EXIT_JOB;
        }
        return 0;
}

static const ReceiptFile *find(const Receipt *r, const char *name) {
        for (size_t i = 0; i < r->n_files; i++)
                if (streq(r->files[i].name, name))
                        return &r->files[i];
        return NULL;
}

/* Return: 0, or an exit status after a message. */
static int check_file(const Receipt *receipt, const char *path) {
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        const ReceiptFile *f = find(receipt, name);
        char digest[DIGEST_LENGTH + 1];
        _cleanup_fd_ int fd = -EBADF;
        int r;

        if (!f)
                return cli_fail(CLI_EXIT_JOB, "the receipt knows no file '%s'", name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return cli_fail_errno(-errno, "cannot read '%s'", path);
        r = digest_fd(fd, digest);
        if (r < 0)
                return cli_fail_errno(r, "cannot read '%s'", path);
        if (!streq(digest, f->sha256))
                return cli_fail(CLI_EXIT_JOB, "'%s' is not the file that the receipt is about: it was changed", path);
        return 0;
}

/* Return: 0, or an exit status after a message. */
static int check_signature(const char *path, const char *text, size_t size, const char *keys) {
        char key[KEYS_LENGTH + 1];
        _cleanup_fd_ int fd = -EBADF;
        int r;

        fd = open(keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? -errno : keys_read(fd, KEYS_RECEIPT, key);
        if (r == -EACCES || r == -EPERM || r == -ENOENT) {
                cli_fail(CLI_EXIT_DENIED, "the signature was not checked: %s",
                         r == -ENOENT ? "this machine has no key for receipts" : "you may not read the key");
                cli_hint(r == -ENOENT ? "'morf verify' must be run on the server that made the receipt."
                                      : "Run 'sudo morf verify', or as a member of the group morf-eval.");
                return CLI_EXIT_DENIED;
        }
        if (r < 0)
                return cli_fail_errno(r, "cannot read the key");
        r = receipt_verify(text, size, key);
        explicit_bzero(key, sizeof(key));
        switch (r) {
        case 0:
                return 0;
        case RECEIPT_E_UNSIGNED:
                return cli_fail(CLI_EXIT_JOB, "'%s' bears no signature", path);
        case RECEIPT_E_OTHER_KEY:
                return cli_fail(CLI_EXIT_JOB, "'%s' was signed with another key than this server's", path);
        case RECEIPT_E_FORGED:
                return cli_fail(CLI_EXIT_JOB, "'%s' was changed after it was signed", path);
        default:
                return cli_fail_errno(r, "cannot check the signature");
        }
}

static void print(const Cli *cli, const Receipt *r, int n_files, bool signature) {
        const Term *t = &cli->term;

        term_line(t, "job %s of %s, \"%s\", released %s", r->job, r->user, r->name, r->released ?: "at an unknown time");
        if (n_files > 0)
                term_line(t, "%d file%s as released", n_files, n_files > 1 ? "s" : "");
        term_line(t, "%s", signature ? "signed by this server" : "signature not checked");
}

int verb_verify(Cli *cli, int argc, char **argv) {
        enum { OPTION_KEYS = 256 };
        static const struct option options[] = { { "keys", required_argument, NULL, OPTION_KEYS }, CLI_COMMON_OPTIONS };
        _cleanup_receipt_ Receipt receipt = {};
        const char *keys = KEYS_DIR;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int c, r, signature;

        while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
                if (c == OPTION_KEYS) {
                        keys = optarg;
                        continue;
                }
                r = cli_common_option(cli, argv[0], c, argv);
                if (r >= 0)
                        return r;
        }
        if (optind >= argc) {
                cli_fail(CLI_EXIT_USAGE, "'morf verify' takes a receipt and, if you like, files that were released with it");
                return CLI_EXIT_USAGE;
        }
        r = read_receipt(argv[optind], &text, &size, &receipt);
        if (r != 0)
                return r;
        for (int i = optind + 1; i < argc; i++) {
                r = check_file(&receipt, argv[i]);
                if (r != 0)
                        return r;
        }
        signature = check_signature(argv[optind], text, size, keys);
        if (signature != 0 && signature != CLI_EXIT_DENIED)
                return signature;
        if (cli->json)
                r = cli_print_json(json_pack("{s:s, s:s, s:i, s:b}", "job", receipt.job, "user", receipt.user, "files", argc - optind - 1,
                                             "signature", signature == 0));
        else
                print(cli, &receipt, argc - optind - 1, signature == 0);
        return r != 0 ? r : signature;
}
