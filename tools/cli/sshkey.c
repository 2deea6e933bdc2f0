/* SPDX-License-Identifier: MIT */
#include "tools/cli/sshkey.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>

#include "spool/base/fd.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"

static const char *const types[] = {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
};

/* Return: -EBADMSG with a sentence, for "return complain(...)". */
static int _printf_(2, 3) complain(char **reterr, const char *format, ...) {
        va_list ap;

        if (!reterr)
                return -EBADMSG;
        free(*reterr);
        va_start(ap, format);
        if (vasprintf(reterr, format, ap) < 0)
                *reterr = NULL;
        va_end(ap);
        return -EBADMSG;
}

/* One length-prefixed string of the SSH wire format. Return: its bytes, or NULL; p and left move behind it. */
static const unsigned char *wire_string(const unsigned char **p, size_t *left, size_t *ret_size) {
        const unsigned char *data = *p;
        size_t size;

        if (*left < 4)
                return NULL;
        size = (size_t) data[0] << 24 | (size_t) data[1] << 16 | (size_t) data[2] << 8 | data[3];
        if (size > *left - 4)
                return NULL;
        *p += 4 + size;
        *left -= 4 + size;
        *ret_size = size;
        return data + 4;
}

static int check_rsa(const unsigned char *p, size_t left, char **reterr) {
        const unsigned char *n;
        size_t e_size, n_size;

        if (!wire_string(&p, &left, &e_size))
                return complain(reterr, "the key is cut off");
        n = wire_string(&p, &left, &n_size);
        if (!n || left != 0)
                return complain(reterr, "the key is cut off");
        while (n_size > 0 && *n == 0)
                n++, n_size--;
        if (n_size * 8 < SSHKEY_RSA_BITS_MIN)
                return complain(reterr, "an RSA key needs at least %u bits", SSHKEY_RSA_BITS_MIN);
        return 0;
}

/* The decoded key: its inner type must be the one written in front, and at least one more string must follow. */
static int check_blob(const unsigned char *p, size_t left, const char *type, char **reterr) {
        const unsigned char *inner;
        size_t size;

        inner = wire_string(&p, &left, &size);
        if (!inner || size != strlen(type) || memcmp(inner, type, size) != 0)
                return complain(reterr, "its content is not a key of the type %s; was it copied whole?", type);
        if (streq(type, "ssh-rsa"))
                return check_rsa(p, left, reterr);
        if (!wire_string(&p, &left, &size) || size == 0)
                return complain(reterr, "the key is cut off; was it copied whole?");
        if (streq(type, "ssh-ed25519") && (size != 32 || left != 0))
                return complain(reterr, "the key is cut off; was it copied whole?");
        while (left > 0)
                if (!wire_string(&p, &left, &size))
                        return complain(reterr, "the key is cut off; was it copied whole?");
        return 0;
}

static int check_base64(const char *text, size_t size, const char *type, char **reterr) {
        _cleanup_free_ unsigned char *blob = NULL;
        size_t padding = 0;
        int n;

        for (size_t i = 0; i < size; i++)
                if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", text[i]) &&
                    !(text[i] == '=' && i + 2 >= size))
                        return complain(reterr, "what follows the type %s is not base64", type);
        while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
                padding++;
        if (size == 0 || size % 4 != 0)
                return complain(reterr, "the key is cut off; was it copied whole?");
        blob = malloc(size);
        if (!blob)
                return -ENOMEM;
        n = EVP_DecodeBlock(blob, (const unsigned char *) text, (int) size);
        if (n < 0 || (size_t) n < padding)
                return complain(reterr, "what follows the type %s is not base64", type);
        return check_blob(blob, (size_t) n - padding, type, reterr);
}

int sshkey_check(const char *line, char **reterr) {
        size_t n = strcspn(line, " "), m;
        const char *type = NULL, *base64;

        if (strlen(line) > SSHKEY_LINE_MAX)
                return complain(reterr, "the line is too long for a key");
        if (strstr(line, "PRIVATE KEY"))
                return complain(reterr, "this is a private key, which must stay secret; the file with the public key "
                                        "ends in .pub");
        for (const char *p = line; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        return complain(reterr, "there is a control character in the line");
        if (!name_is_utf8(line, strlen(line)))
                return complain(reterr, "the line is not UTF-8");
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strlen(types[i]) == n && memcmp(types[i], line, n) == 0)
                        type = types[i];
        if (!type) {
                for (size_t i = 0; i < ELEMENTSOF(types); i++)
                        if (strstr(line, types[i]) && strstr(line, types[i]) > line)
                                return complain(reterr, "options in front of a key are not allowed; begin with %s",
                                                types[i]);
                return complain(reterr,
                                "'%.*s' is not a type of key that is accepted; make one with 'ssh-keygen -t ed25519'",
                                (int) (n < 40 ? n : 40), line);
        }
        if (line[n] == '\0')
                return complain(reterr, "the key itself is missing behind %s", type);
        base64 = line + n + 1;
        m = strcspn(base64, " ");
        return check_base64(base64, m, type, reterr);
}

int sshkey_add(const char *text, const char *label, char ***keys, char **reterr) {
        size_t before = strv_length(*keys), known = 0;
        unsigned number = 0;
        int r;

        for (const char *p = text; *p;) {
                size_t n = strcspn(p, "\n");
                _cleanup_free_ char *line = NULL, *error = NULL;
                size_t length = n;

                number++;
                while (length > 0 && strchr(" \t\r", p[length - 1]))
                        length--;
                line = strndup(p, length);
                if (!line)
                        return -ENOMEM;
                p += n + (p[n] == '\n');
                if (line[0] == '\0' || line[0] == '#')
                        continue;
                r = sshkey_check(line, &error);
                if (r == -EBADMSG)
                        return complain(reterr, "%s, line %u: %s", label, number, strempty(error));
                if (r < 0)
                        return r;
                if (strv_contains(*keys, line)) {
                        known++;
                        continue;
                }
                if (strv_length(*keys) >= SSHKEY_KEYS_MAX)
                        return complain(reterr, "%s: more than %u keys", label, SSHKEY_KEYS_MAX);
                r = strv_add(keys, line);
                if (r < 0)
                        return r;
        }
        return strv_length(*keys) + known > before ? 0 : complain(reterr, "%s: there is no key", label);
}

int sshkey_add_argument(const char *argument, char ***keys, char **reterr) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fd_ int fd = -EBADF;
        size_t size;
        int r;

        /* A key has a blank behind its type; the path of a file rarely has, and then "./" in front helps. */
        if (strchr(argument, ' ') && argument[0] != '/' && argument[0] != '.')
                return sshkey_add(argument, "the key", keys, reterr);
        fd = open(argument, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        r = fd < 0 ? negative_errno() : fd_read_all(fd, SSHKEY_TEXT_MAX, &text, &size);
        if (r < 0) {
                complain(reterr, "cannot read the key file '%s': %s", argument, strerrordesc_np(-r));
                return r;
        }
        if (memchr(text, '\0', size))
                return complain(reterr, "'%s' is not a file of public keys", argument);
        return sshkey_add(text, argument, keys, reterr);
}
