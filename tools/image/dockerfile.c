/* SPDX-License-Identifier: MIT */
#include "tools/image/dockerfile.h"

#include "spool/base/parse.h"
#include "spool/base/strv.h"

#define IMAGE_NAME_MAX 255u

typedef struct Check {
        const DockerfilePolicy *policy;
        Fault *f;
        char **args;   /* "NAME=value" of the ARGs before the first FROM; "NAME=$" where the value is not plain */
        char **stages; /* their names, "" for none */
} Check;

static void check_done(Check *c) {
        strv_free(c->args);
        strv_free(c->stages);
}

#define refuse(c, i, ...) fault_set((c)->f, FAULT_BUILD, DOCKERFILE_NAME, (i)->line, __VA_ARGS__)

/* Letters, digits and what else an image name may hold; so nothing that docker would unquote or expand. */
static bool is_plain(const char *s, const char *more) {
        for (; *s; s++)
                if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
                      strchr("._-/:@", *s) || strchr(more, *s)))
                        return false;
        return true;
}

/* Words between blanks. */
static int split(const char *text, char ***ret) {
        _cleanup_strv_ char **l = NULL;

        for (;;) {
                _cleanup_free_ char *word = NULL;
                size_t n;
                int r;

                text += strspn(text, " \t");
                n = strcspn(text, " \t");
                if (n == 0)
                        break;
                word = strndup(text, n);
                r = word ? strv_add(&l, word) : -ENOMEM;
                if (r < 0)
                        return r;
                text += n;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

/* Value of an ARG before the first FROM. Return: within c->args, or NULL. */
static const char *get_arg(const Check *c, const char *name, size_t size) {
        const char *value = NULL;

        STRV_FOREACH(a, c->args)
                if (strncmp(*a, name, size) == 0 && (*a)[size] == '=')
                        value = *a + size + 1;
        return value;
}

static int take_arg(Check *c, const Instruction *i) {
        _cleanup_strv_ char **words = NULL;
        int r;

        r = split(i->text, &words);
        STRV_FOREACH(w, words) {
                size_t n = strcspn(*w, "=");

                if (r >= 0)
                        r = strv_addf(&c->args, "%.*s=%s", (int) n, *w,
                                      (*w)[n] == '=' && is_plain(*w + n + 1, "") ? *w + n + 1 : "$");
        }
        return r;
}

/* Replaces $NAME and ${NAME} in word. Return: 0, -EINVAL (something that is not known for sure) or -ENOMEM. */
static int expand(const Check *c, const char *word, char **ret) {
        _cleanup_free_ char *text = strdup(word);
        char *dollar;

        if (!text)
                return -ENOMEM;
        while ((dollar = strchr(text, '$'))) {
                const char *name = dollar + 1 + (dollar[1] == '{'), *value, *rest;
                size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
                char *next;

                value = n > 0 ? get_arg(c, name, n) : NULL;
                rest = name + n + (dollar[1] == '{');
                if (!value || strchr(value, '$') || (dollar[1] == '{' && name[n] != '}'))
                        return -EINVAL;
                if (asprintf(&next, "%.*s%s%s", (int) (dollar - text), text, value, rest) < 0)
                        return -ENOMEM;
                free(text);
                text = next;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

static bool is_stage(const Check *c, const char *name, bool number) {
        uint64_t index;

        if (number && parse_u64(name, 0, UINT32_MAX, &index) >= 0)
                return index < strv_length(c->stages);
        STRV_FOREACH(s, c->stages)
                if ((*s)[0] != '\0' && strcasecmp(*s, name) == 0)
                        return true;
        return false;
}

static int check_image(const Check *c, const Instruction *i, const char *image) {
        int r;

        if (image[0] == '\0' || strchr("-./:@", image[0]) || strlen(image) > IMAGE_NAME_MAX || !is_plain(image, ""))
                return refuse(c, i, "%s names an image in a way that is not allowed", i->word);
        r = c->policy->look_up(image, c->policy->userdata);
        if (r < 0)
                return r;
        if (r == DOCKERFILE_BASE_USABLE || (r == DOCKERFILE_BASE_ABSENT && c->policy->network))
                return 0;
        r = refuse(c, i, "base image '%s' is not available here", image);
        if (fault_set_hint(c->f, "Build on an image that the operator offers, or build on your own machine and submit "
                                 "the image as "
                                 "a docker save archive.") < 0)
                return -ENOMEM;
        return r;
}

static int check_from(Check *c, const Instruction *i) {
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *image = NULL;
        char **w;
        int r;

        r = split(i->text, &words);
        if (r < 0)
                return r;
        for (w = words; w && *w && startswith(*w, "--"); w++) {
                const char *platform = startswith(*w, "--platform=");

                if (!platform || !streq(platform, c->policy->platform))
                        return refuse(c, i, "FROM may only have the option --platform=%s", c->policy->platform);
        }
        if (!w || !*w)
                return refuse(c, i, "FROM names no image");
        if (!is_plain(*w, "${}") || expand(c, *w, &image) == -EINVAL)
                return refuse(c, i, "FROM uses something whose value is not plain; write the name of the image");
        if (!image)
                return -ENOMEM;
        if (!streq(image, "scratch") && !is_stage(c, image, /* number= */ false)) {
                r = check_image(c, i, image);
                if (r < 0)
                        return r;
        }
        if (w[1] && (!w[2] || w[3] || strcasecmp(w[1], "AS") != 0))
                return refuse(c, i, "FROM has more behind the image than 'AS name'");
        return strv_add(&c->stages, w[1] ? w[2] : "");
}

/* Options of ADD and COPY. ret_rest: what follows them, within i->text. */
static int check_options(const Check *c, const Instruction *i, const char **ret_rest) {
        const char *p = i->text;

        while (startswith(p, "--")) {
                size_t n = strcspn(p, " \t");
                _cleanup_free_ char *option = strndup(p, n);
                const char *from;
                int r;

                if (!option)
                        return -ENOMEM;
                from = startswith(option, "--from=");
                if (!is_plain(option, from ? "=" : "=,+${}"))
                        return refuse(c, i, "%s has an option that is quoted or holds unusual characters", i->word);
                if (from && !is_stage(c, from, /* number= */ true)) {
                        r = check_image(c, i, from);
                        if (r < 0)
                                return r;
                }
                p += n + strspn(p + n, " \t");
        }
        *ret_rest = p;
        return 0;
}

/* Without a colon that is written down, or made by a variable or an escape, there is no URL. */
static int check_add(const Check *c, const Instruction *i, const char *rest) {
        int r;

        if (c->policy->network || !strpbrk(rest, ":$\\"))
                return 0;
        r = refuse(c, i,
                   "ADD may not hold ':', '$' or '\\' here, for it could fetch a URL, and builds have no network");
        if (fault_set_hint(c->f, "Put the file beside the Dockerfile and use COPY.") < 0)
                return -ENOMEM;
        return r;
}

static bool has_here_document(const char *text) {
        for (const char *p = text; (p = strstr(p, "<<")); p += 2) {
                const char *after = p + 2;

                if (p > text && !strchr(" \t0123456789", p[-1]))
                        continue;
                after += *after == '-';
                after += *after == '"' || *after == '\'';
                if ((*after >= 'A' && *after <= 'Z') || (*after >= 'a' && *after <= 'z') || *after == '_')
                        return true;
        }
        return false;
}

static int check_instruction(Check *c, const Instruction *i) {
        _cleanup_instruction_ Instruction nested = {};
        const char *rest = NULL;
        int r;

        if (streq(i->word, "FROM"))
                return check_from(c, i);
        if (streq(i->word, "ARG"))
                return strv_length(c->stages) == 0 ? take_arg(c, i) : 0;
        if (strv_length(c->stages) == 0)
                return refuse(c, i, "%s comes before the first FROM", i->word);
        if (streq(i->word, "ONBUILD")) {
                r = instruction_split(i->text, i->line, &nested);
                if (r == -EBADMSG || (r >= 0 && (streq(nested.word, "ONBUILD") || streq(nested.word, "FROM"))))
                        return refuse(c, i, "ONBUILD is not followed by an instruction that it may have");
                return r < 0 ? r : check_instruction(c, &nested);
        }
        if (streq(i->word, "COPY") || streq(i->word, "ADD") || streq(i->word, "RUN")) {
                if (has_here_document(i->text))
                        return refuse(c, i, "here-documents are not supported here");
                if (streq(i->word, "RUN"))
                        return 0;
                r = check_options(c, i, &rest);
                if (r < 0)
                        return r;
                return streq(i->word, "ADD") ? check_add(c, i, rest) : 0;
        }
        return 0;
}

int dockerfile_check(const char *text, size_t size, const DockerfilePolicy *policy, Fault *f) {
        InstructionReader reader = instruction_reader(text, size);
        _cleanup_(check_done) Check c = { .policy = policy, .f = f };
        _cleanup_instruction_ Instruction i = {};
        int r;

        while ((r = instruction_next(&reader, &i)) > 0) {
                r = check_instruction(&c, &i);
                if (r < 0)
                        return r;
        }
        if (r == -EBADMSG)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, reader.wrong_line, "%s", reader.wrong);
        if (r < 0)
                return r;
        if (strv_length(c.stages) == 0)
                return fault_set(f, FAULT_BUILD, DOCKERFILE_NAME, 0, "there is no FROM in it");
        return 0;
}

int dockerfile_find(const char *text, size_t size, unsigned number, unsigned *ret_line,
                    char ret_word[static INSTRUCTION_WORD_MAX + 1], unsigned *ret_count) {
        InstructionReader reader = instruction_reader(text, size);
        _cleanup_instruction_ Instruction i = {};
        unsigned count = 0;
        int r;

        while ((r = instruction_next(&reader, &i)) > 0)
                if (++count == number) {
                        *ret_line = i.line;
                        strcpy(ret_word, i.word);
                }
        if (r < 0)
                return r;
        *ret_count = count;
        return number > 0 && number <= count ? 0 : -ENOENT;
}
