/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/image/dockerfile.h"

#define BASE "FROM base:1\n"
#define UNKNOWN "this is not an instruction that is known here"
#define NO_URL "ADD may not hold ':', '$' or '\\' here, for it could fetch a URL, and builds have no network"
#define NOT_PLAIN "FROM uses something whose value is not plain; write the name of the image"
#define ODD_NAME "FROM names an image in a way that is not allowed"
#define DOUBT "this line follows an indented comment within an instruction; remove the comment"

/* A machine with two images that the operator named, and another job's, which has only an id. */
static int look_up(const char *image, void *userdata _unused_) {
        if (streq(image, "base:1") || streq(image, "registry.example.org:5000/team/base"))
                return DOCKERFILE_BASE_USABLE;
        if (streq(image, "0123456789ab"))
                return DOCKERFILE_BASE_PRIVATE;
        if (streq(image, "no-engine"))
                return -ECONNREFUSED;
        return DOCKERFILE_BASE_ABSENT;
}

static int check(const char *text, bool network, Fault *f) {
        const DockerfilePolicy policy = { .network = network, .platform = "linux/amd64", .look_up = look_up };

        return dockerfile_check(text, strlen(text), &policy, f);
}

static void test_accepted(void **state _unused_) {
        static const char *const texts[] = {
                BASE,
                "from base:1",
                "\xef\xbb\xbf# syntax=docker/dockerfile:1\r\n\r\nFROM base:1\r\nRUN true\r\n",
                "FROM scratch\nCOPY a /a\n",
                "FROM --platform=linux/amd64 base:1 AS x\nFROM X\nCOPY --from=x /a /a\nCOPY --from=0 /b /b\n",
                "FROM registry.example.org:5000/team/base\n",
                "ARG TAG=1\nFROM base:${TAG}\n",
                "ARG BASE=base:1\nFROM $BASE AS build\nARG BASE\nRUN echo $BASE\n",
                "ARG NAME=base TAG=1\nFROM $NAME:$TAG\n",
                BASE "ADD workflow /workflow\nADD mwe.py mwe.py\nADD [\"a b\", \"/c/\"]\n",
                BASE "ADD --chown=user:group a b\n",
                BASE "COPY --chown=$USER:users a b:c $d\n",
                BASE "COPY --from=base:1 /a /b\n",
                BASE "RUN curl https://example.org/ && echo \\\n  two \\\n# a comment\n\n  three\nENTRYPOINT "
                     "[\"python3\"]\n",
                BASE "RUN apt-get install \\\n    # why\n    one \\\n    two\n",
                BASE "RUN python -c 'print(1 << 2)'; cat <<< x\n",
                BASE "ONBUILD RUN true\nHEALTHCHECK NONE\nVOLUME /x\nLABEL a=b\nMAINTAINER me\nSHELL [\"sh\"]\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_fault_ Fault f = {};

                if (check(texts[i], /* network= */ false, &f) < 0)
                        fail_msg("%s\n%s", texts[i], strempty(f.message));
        }
}

static void test_refused(void **state _unused_) {
        static const struct {
                const char *text;
                unsigned line;
                const char *message;
        } cases[] = {
                { "", 0, "there is no FROM in it" },
                { "# nothing\n", 0, "there is no FROM in it" },
                { "ARG A=b\n", 0, "there is no FROM in it" },
                { "RUN true\nFROM base:1\n", 1, "RUN comes before the first FROM" },
                { "FRM base:1\n", 1, UNKNOWN },
                { BASE "RUN a\nADD[\"x\",\"y\"]\n", 3, UNKNOWN },
                { "\xc2\xa0"
                  "FROM base:1\n",
                        1, UNKNOWN },
                { BASE "RUN a \\\n  b\n  c\n", 4, UNKNOWN },
                /* Bases. */
                { "FROM python:3.9\n", 1, "base image 'python:3.9' is not available here" },
                { "# c\n\nFROM \\\n python:3.9\n", 3, "base image 'python:3.9' is not available here" },
                { "FROM 0123456789ab\n", 1, "base image '0123456789ab' is not available here" },
                { "FROM base:1 AS a\nFROM b\n", 2, "base image 'b' is not available here" },
                { "FROM b\nFROM base:1 AS b\n", 1, "base image 'b' is not available here" },
                { "FROM base:1\nFROM 0\n", 2, "base image '0' is not available here" },
                { "FROM\n", 1, "FROM names no image" },
                { "FROM base:1 AS\n", 1, "FROM has more behind the image than 'AS name'" },
                { "FROM base:1 x y z\n", 1, "FROM has more behind the image than 'AS name'" },
                { "FROM -base\n", 1, ODD_NAME },
                { "FROM \"base:1\"\n", 1, NOT_PLAIN },
                { "FROM b\\ase\n", 1, NOT_PLAIN },
                { "FROM $BASE\n", 1, NOT_PLAIN },
                { "ARG BASE\nFROM $BASE\n", 1 + 1, NOT_PLAIN },
                { "ARG BASE=\"x y\"\nFROM $BASE\n", 2, NOT_PLAIN },
                { "ARG BASE=base:1\nARG BASE=\"evil\"\nFROM $BASE\n", 3, NOT_PLAIN },
                { "ARG A=base:1\nFROM ${A:-x}\n", 2, NOT_PLAIN },
                { "ARG A=base:1\nFROM ${A\n", 2, NOT_PLAIN },
                { "ARG A=\nFROM $A\n", 2, ODD_NAME },
                { "FROM --platform=linux/arm64 base:1\n", 1, "FROM may only have the option --platform=linux/amd64" },
                { "FROM --platform=$BUILDPLATFORM base:1\n", 1,
                        "FROM may only have the option --platform=linux/amd64" },
                /* What the engine would fetch. */
                { BASE "ADD http://example.org/x /x\n", 2, NO_URL },
                { BASE "add https://example.org/x /x\n", 2, NO_URL },
                { BASE "ADD git@example.org:x /x\n", 2, NO_URL },
                { BASE "ENV U http://x\nADD $U /x\n", 3, NO_URL },
                { BASE "ADD [\"http\\u003a//x\", \"/x\"]\n", 2, NO_URL },
                { BASE "ADD htt\\\np://example.org/x /x\n", 2, NO_URL },
                { BASE "ADD --chown=a http\":\"//example.org/x /x\n", 2, NO_URL },
                { BASE "ONBUILD ADD http://x /x\n", 2, NO_URL },
                { BASE "RUN a \\\n\n# c\nADD x\nADD http://x /x\n", 6, NO_URL },
                { BASE "COPY --from=python:3.9 /a /b\n", 2, "base image 'python:3.9' is not available here" },
                { BASE "COPY --from=7 /a /b\n", 2, "base image '7' is not available here" },
                { BASE "COPY --chown=a --from=0123456789ab /a /b\n", 2,
                        "base image '0123456789ab' is not available here" },
                { BASE "COPY --fr\\om=python /a /b\n", 2,
                        "COPY has an option that is quoted or holds unusual characters" },
                { BASE "COPY --from=\"python\" /a /b\n", 2,
                        "COPY has an option that is quoted or holds unusual characters" },
                { BASE "COPY --from=$X /a /b\n", 2, "COPY has an option that is quoted or holds unusual characters" },
                { BASE "ONBUILD COPY --from=python:3.9 /a /b\n", 2, "base image 'python:3.9' is not available here" },
                { BASE "ONBUILD ONBUILD RUN x\n", 2, "ONBUILD is not followed by an instruction that it may have" },
                { BASE "ONBUILD x\n", 2, "ONBUILD is not followed by an instruction that it may have" },
                /* What engines read differently. */
                { "# escape=`\nFROM base:1\n", 1, "the escape directive is not supported" },
                { "#  EsCape = `\nFROM base:1\n", 1, "the escape directive is not supported" },
                { BASE "RUN x \\\\\nADD http://x /x\n", 2,
                        "this line ends with two backslashes, which engines read differently" },
                { BASE "RUN x \\\n  # c\nADD http://x /x\n", 4, DOUBT },
                { BASE "RUN x \\\n\t# c\n  \n# d\nFROM python\n", 6, DOUBT },
                { BASE "RUN a\vb\n", 2, "there is a control character" },
                { BASE "RUN a\rADD http://x /x\n", 2, "there is a control character" },
                { BASE "RUN cat <<EOF\nADD x y\nEOF\n", 2, "here-documents are not supported here" },
                { BASE "COPY <<-'EOF' /x\n", 2, "here-documents are not supported here" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_fault_ Fault f = {};
                char message[256];

                if (cases[i].line > 0)
                        snprintf(message, sizeof(message), "Dockerfile:%u: %s", cases[i].line, cases[i].message);
                else
                        snprintf(message, sizeof(message), "Dockerfile: %s", cases[i].message);
                if (check(cases[i].text, /* network= */ false, &f) != -EBADMSG)
                        fail_msg("not refused: %s", cases[i].text);
                if (f.code != FAULT_BUILD || !streq(f.message, message))
                        fail_msg("for: %s\nexpected: %s\nbut got:  %s", cases[i].text, message, f.message);
        }
}

/* With a network the engine may fetch, but another job's image stays out of reach. */
static void test_with_network(void **state _unused_) {
        _cleanup_fault_ Fault f = {};

        assert_int_equal(check("FROM python:3.9\nADD http://x /x\nCOPY --from=busybox /a /a\n", true, &f), 0);
        assert_int_equal(check("FROM 0123456789ab\n", true, &f), -EBADMSG);
        assert_string_equal(f.message, "Dockerfile:1: base image '0123456789ab' is not available here");
}

static void test_no_engine(void **state _unused_) {
        _cleanup_fault_ Fault f = {};

        assert_int_equal(check("FROM no-engine\n", false, &f), -ECONNREFUSED);
        assert_int_equal(f.code, FAULT_NONE);
}

static void test_find(void **state _unused_) {
        static const char text[] = "# c\nFROM a\n\nrun one \\\n # c\n two\n  Entrypoint [\"x\"]";
        static const struct {
                unsigned number, line;
                const char *word;
        } cases[] = { { 1, 2, "FROM" }, { 2, 4, "RUN" }, { 3, 7, "ENTRYPOINT" } };
        char word[INSTRUCTION_WORD_MAX + 1];
        unsigned line, count;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(dockerfile_find(text, strlen(text), cases[i].number, &line, word, &count), 0);
                assert_int_equal(line, cases[i].line);
                assert_string_equal(word, cases[i].word);
                assert_int_equal(count, 3);
        }
        assert_int_equal(dockerfile_find(text, strlen(text), 0, &line, word, &count), -ENOENT);
        assert_int_equal(dockerfile_find(text, strlen(text), 4, &line, word, &count), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_with_network),
                cmocka_unit_test(test_no_engine),
                cmocka_unit_test(test_find),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
