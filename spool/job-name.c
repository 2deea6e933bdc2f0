/* SPDX-License-Identifier: MIT */
#include "spool/job-name.h"

#include "spool/base/digest.h"
#include "spool/base/name.h"
#include "spool/base/strv.h"

#define DIGEST_DIGITS 12u

static int digest_text(const char *text, char digest[static DIGEST_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, text, strlen(text));
        return r < 0 ? r : digest_finish(d, digest);
}

static bool is_safe(char c) {
        return strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", c) != NULL;
}

int job_name_fit(const char *text, char **ret) {
        char cut[NAME_MAX_LENGTH + 1], digest[DIGEST_LENGTH + 1];
        size_t n = strlen(text), keep = NAME_MAX_LENGTH - DIGEST_DIGITS - 1;
        int r;

        if (n == 0 || strchr("._-", text[0]) || !is_safe(text[0]))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (text[i] < 0x20 || text[i] > 0x7e)
                        return -EINVAL;
        if (name_is_valid(text)) {
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        r = digest_text(text, digest);
        if (r < 0)
                return r;
        snprintf(cut, sizeof(cut), "%.*s-%.*s", (int) keep, text, (int) DIGEST_DIGITS, digest);
        for (char *p = cut; *p; p++)
                if (!is_safe(*p))
                        *p = '-';
        *ret = strdup(cut);
        return *ret ? 0 : -ENOMEM;
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void remove_characters(char *s, const char *unwanted) {
        char *to = s;

        for (; *s; s++)
                if (!strchr(unwanted, *s))
                        *to++ = *s;
        *to = '\0';
}

int job_name_of_arguments(const char *job_id, const ManifestArguments *args, char **ret) {
        _cleanup_strv_ char **parts = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size = strlen(job_id) + 1;
        int r;

        for (size_t i = 0; i < args->n; i++) {
                r = strv_addf(&parts, "%s_%s", args->items[i].name, args->items[i].value);
                if (r < 0)
                        return r;
                size += strlen(parts[i]);
                remove_characters(parts[i], "./");
        }
        if (args->n > 0)
                qsort(parts, args->n, sizeof(*parts), compare_strings);
        text = malloc(size);
        if (!text)
                return -ENOMEM;
        strcpy(text, job_id);
        STRV_FOREACH(part, parts)
                strcat(text, *part);
        *ret = TAKE_PTR(text);
        return 0;
}
