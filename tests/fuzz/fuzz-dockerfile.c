/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a Dockerfile: what is accepted without a network must name no image but those that are there, and hold no
 * ADD of a URL at the beginning of any line that docker could take for an instruction.
 */

#include <ctype.h>

#include "tools/image/dockerfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok) {
        if (!ok)
                abort();
}

static int look_up(const char *image, void *userdata) {
        unsigned *calls = userdata;

        check(image[0] != '-' && image[0] != '\0' && strlen(image) < 256);
        (*calls)++;
        return strcmp(image, "base") == 0 ? DOCKERFILE_BASE_USABLE : DOCKERFILE_BASE_ABSENT;
}

/* Without continued lines there is only one way to read a Dockerfile. */
static void check_simple(const char *text) {
        for (const char *line = text; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
                const char *p = line + strspn(line, " \t");
                size_t n = strcspn(p, "\n");

                if (strncasecmp(p, "ADD ", 4) == 0 && !memmem(p, n, "--", 2))
                        check(!memmem(p, n, "http://", 7));
                if (strncasecmp(p, "FROM python", 11) == 0)
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        unsigned calls = 0, line, count;
        const DockerfilePolicy policy = { .platform = "linux/amd64", .look_up = look_up, .userdata = &calls };
        char word[INSTRUCTION_WORD_MAX + 1];
        _cleanup_free_ char *text = NULL;
        _cleanup_fault_ Fault f = {};
        int r;

        text = malloc(size + 1);
        check(text);
        memcpy(text, data, size);
        text[size] = '\0';
        r = dockerfile_check(text, size, &policy, &f);
        check(r == 0 || (r == -EBADMSG && f.message));
        if (r < 0)
                return 0;
        check(memchr(text, '\0', size) == NULL);
        check(dockerfile_find(text, size, 1, &line, word, &count) == 0 && line > 0 && count > 0);
        if (!strchr(text, '\\') && !strcasestr(text, " AS python"))
                check_simple(text);
        return 0;
}
