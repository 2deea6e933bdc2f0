/* SPDX-License-Identifier: MIT */
#include "tools/gate/pseudonym.h"

#include "spool/keys.h"

int pseudonyms_load(Pseudonyms *p, int dirfd) {
        char key[KEYS_LENGTH + 1];
        int r;

        if (p->kind == MANIFEST_PSEUDONYMS_SHA1) {
                r = keys_read_secret(dirfd, &p->secret);
                if (r != -ENOENT)
                        return r;
        }
        r = keys_read(dirfd, KEYS_PSEUDONYM, key);
        if (r < 0)
                return r;
        p->secret = strdup(key);
        explicit_bzero(key, sizeof(key));
        return p->secret ? 0 : -ENOMEM;
}

static int make_sha1(const Pseudonyms *p, const char *course, char *ret) {
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "%s%s%s", course, p->user, p->secret) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return digest_sha1(text, ret);
}

int pseudonym_make(const Pseudonyms *p, const char *course, char ret[static PSEUDONYM_LENGTH + 1]) {
        size_t n = strlen(p->user), m = strlen(course);
        _cleanup_free_ char *text = NULL;
        char digest[DIGEST_LENGTH + 1];
        int r;

        if (p->kind == MANIFEST_PSEUDONYMS_SHA1)
                return make_sha1(p, course, ret);
        text = malloc(n + 1 + m);
        if (!text)
                return -ENOMEM;
        memcpy(text, p->user, n + 1);
        memcpy(text + n + 1, course, m);
        r = digest_hmac(p->secret, text, n + 1 + m, digest);
        if (r < 0)
                return r;
        memcpy(ret, digest, PSEUDONYM_LENGTH);
        ret[PSEUDONYM_LENGTH] = '\0';
        return 0;
}

void pseudonyms_done(Pseudonyms *p) {
        if (p->secret)
                explicit_bzero(p->secret, strlen(p->secret));
        free(p->secret);
        *p = (Pseudonyms){};
}
