/* SPDX-License-Identifier: MIT */
#include "spool/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct Digest {
        EVP_MD_CTX *context;
};

int digest_new(Digest **ret) {
        _cleanup_(digest_freep) Digest *d = NULL;

        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        d->context = EVP_MD_CTX_new();
        if (!d->context || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        *ret = TAKE_PTR(d);
        return 0;
}

Digest *digest_free(Digest *d) {
        if (d) {
                EVP_MD_CTX_free(d->context);
                free(d);
        }
        return NULL;
}

int digest_add(Digest *d, const void *data, size_t size) {
        return EVP_DigestUpdate(d->context, data, size) == 1 ? 0 : -EIO;
}

static void to_hex(const unsigned char *raw, unsigned n, char *ret) {
        for (unsigned i = 0; i < n; i++)
                snprintf(ret + i * 2, 3, "%02x", raw[i]);
}

int digest_hmac(const char *key, const void *data, size_t size, char ret[static DIGEST_LENGTH + 1]) {
        unsigned char raw[EVP_MAX_MD_SIZE];
        unsigned n;

        if (!HMAC(EVP_sha256(), key, (int) strlen(key), data, size, raw, &n) || n * 2 != DIGEST_LENGTH)
                return -EIO;
        to_hex(raw, n, ret);
        return 0;
}

int digest_sha1(const char *text, char ret[static DIGEST_SHA1_LENGTH + 1]) {
        unsigned char raw[EVP_MAX_MD_SIZE];
        unsigned n;

        if (EVP_Digest(text, strlen(text), raw, &n, EVP_sha1(), NULL) != 1 || n * 2 != DIGEST_SHA1_LENGTH)
                return -EIO;
        to_hex(raw, n, ret);
        return 0;
}

int digest_finish(Digest *d, char ret[static DIGEST_LENGTH + 1]) {
        unsigned char raw[EVP_MAX_MD_SIZE];
        unsigned n;

        if (EVP_DigestFinal_ex(d->context, raw, &n) != 1 || n * 2 != DIGEST_LENGTH)
                return -EIO;
        to_hex(raw, n, ret);
        return 0;
}

int digest_fd(int fd, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_free_ char *buffer = NULL;
        const size_t chunk = 256 * 1024;
        int r;

        r = digest_new(&d);
        if (r < 0)
                return r;
        buffer = malloc(chunk);
        if (!buffer)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, buffer, chunk);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (n == 0)
                        return digest_finish(d, ret);
                r = digest_add(d, buffer, (size_t) n);
                if (r < 0)
                        return r;
        }
}

bool digest_is_valid(const char *s) {
        return strlen(s) == DIGEST_LENGTH && strspn(s, "0123456789abcdef") == DIGEST_LENGTH;
}
