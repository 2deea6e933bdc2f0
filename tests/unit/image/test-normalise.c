/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>

#include "tests/unit/intake/docker-save.h"
#include "tools/image/normalise.h"

static int normalise(const Scratch *s, const char *from, const char *to) {
        _cleanup_fd_ int in = openat(s->fd, from, O_RDONLY | O_CLOEXEC);
        _cleanup_fd_ int out = openat(s->fd, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(in >= 0 && out >= 0);
        return normalise_archive(in, out);
}

/* The members of a tar, one a line: type, name and content or target. */
static char *list(const Scratch *s, const char *name) {
        struct archive *a = archive_read_new();
        struct archive_entry *e;
        char *text = strdup("");
        _cleanup_fd_ int fd = openat(s->fd, name, O_RDONLY | O_CLOEXEC);
        int r;

        archive_read_support_format_tar(a);
        assert_int_equal(archive_read_open_fd(a, fd, 10240), ARCHIVE_OK);
        while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
                char content[4096] = "", *longer;
                char kind = archive_entry_filetype(e) == AE_IFREG   ? 'f'
                            : archive_entry_filetype(e) == AE_IFDIR ? 'd'
                                                                    : 'l';

                if (kind == 'f')
                        assert_true(archive_read_data(a, content, sizeof(content) - 1) >= 0);
                assert_true(asprintf(&longer, "%s%c %s %s\n", text, kind, archive_entry_pathname(e),
                                    kind == 'l' ? archive_entry_symlink(e) : content)
                            > 0);
                free(text);
                text = longer;
        }
        assert_int_equal(r, ARCHIVE_EOF);
        archive_read_free(a);
        return text;
}

static const SaveMember members[] = {
        { "c.json", "{}", AE_IFREG },
        { "l1/", "", AE_IFDIR },
        { "l1/layer.tar", "a layer", AE_IFREG },
        { "l2/layer.tar", "../l1/layer.tar", AE_IFLNK },
        { "manifest.json",
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"morf-base:bookworm\"],\"Layers\":[\"l1/layer.tar\"]}]",
                AE_IFREG },
        { "repositories", "{\"morf-base\":{\"bookworm\":\"l1\"}}", AE_IFREG },
        { "index.json",
                "{\"manifests\":[{\"digest\":\"d\",\"annotations\":{\"io.containerd.image.name\":\"x\","
                "\"org.opencontainers.image.ref.name\":\"y\",\"other\":\"z\"}},{\"digest\":\"e\"}]}",
                AE_IFREG },
        { "oci-layout", "{}", AE_IFREG },
};

static const char normalised[] =
        "f c.json {}\n"
        "d l1/ \n"
        "f l1/layer.tar a layer\n"
        "l l2/layer.tar ../l1/layer.tar\n"
        "f manifest.json [{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"l1/layer.tar\"]}]\n"
        "f index.json {\"manifests\":[{\"digest\":\"d\",\"annotations\":{\"other\":\"z\"}},{\"digest\":\"e\"}]}\n"
        "f oci-layout {}\n";

static void test_names_go(void **state _unused_) {
        static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ,
                ARCHIVE_FILTER_ZSTD };

        for (size_t i = 0; i < ELEMENTSOF(filters); i++) {
                _cleanup_free_ char *text = NULL;
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                save_write(&s, "in", members, ELEMENTSOF(members), filters[i]);
                assert_int_equal(normalise(&s, "in", "out"), 0);
                text = list(&s, "out");
                assert_string_equal(text, normalised);
        }
}

/* "./" before a name must not hide it. */
static void test_packed_again(void **state _unused_) {
        SaveMember again[] = { { "./repositories", "{}", AE_IFREG },
                { "././manifest.json", "[{\"RepoTags\":[\"a:b\"]}]", AE_IFREG } };
        _cleanup_free_ char *text = NULL;
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        save_write(&s, "in", again, ELEMENTSOF(again), ARCHIVE_FILTER_NONE);
        assert_int_equal(normalise(&s, "in", "out"), 0);
        text = list(&s, "out");
        assert_string_equal(text, "f ././manifest.json [{\"RepoTags\":null}]\n");
}

static void test_refused(void **state _unused_) {
        static const SaveMember bad[] = {
                { "/x", "", AE_IFREG },
                { "../x", "", AE_IFREG },
                { "a/../../x", "", AE_IFREG },
                { "..", "", AE_IFDIR },
                { "x", "", AE_IFIFO },
                { "x", "c.json", 0 },
                { "manifest.json", "{}", AE_IFREG },
                { "manifest.json", "[1]", AE_IFREG },
                { "index.json", "[]", AE_IFREG },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_scratch_ Scratch s;

                scratch_init(&s);
                save_write(&s, "in", &bad[i], 1, ARCHIVE_FILTER_NONE);
                if (normalise(&s, "in", "out") != -EBADMSG)
                        fail_msg("'%s' is not refused", bad[i].name);
        }
}

static void test_damaged(void **state _unused_) {
        _cleanup_free_ char *data = NULL;
        _cleanup_scratch_ Scratch s;
        size_t size;

        scratch_init(&s);
        scratch_write(&s, "in", "not a tar");
        assert_int_equal(normalise(&s, "in", "out"), -EBADMSG);
        save_write(&s, "whole", members, ELEMENTSOF(members), ARCHIVE_FILTER_NONE);
        assert_int_equal(fd_read_file_at(s.fd, "whole", 1024 * 1024, &data, &size), 0);
        scratch_write_bytes(&s, "in", data, 514);
        assert_int_equal(normalise(&s, "in", "out"), -EBADMSG);
}

static void test_reader_goes_away(void **state _unused_) {
        _cleanup_free_ char *layer = calloc(1, 1024 * 1024);
        _cleanup_fd_ int in = -EBADF, out = -EBADF;
        _cleanup_scratch_ Scratch s;
        int pipefd[2];

        (void) signal(SIGPIPE, SIG_IGN);
        memset(layer, 'x', 1024 * 1024 - 1);
        scratch_init(&s);
        save_write(&s, "in", &(SaveMember){ "l1/layer.tar", layer, AE_IFREG }, 1, ARCHIVE_FILTER_NONE);
        in = openat(s.fd, "in", O_RDONLY | O_CLOEXEC);
        assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
        fd_close(pipefd[0]);
        out = pipefd[1];
        assert_int_equal(normalise_archive(in, out), -EPIPE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_go),
                cmocka_unit_test(test_packed_again),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_reader_goes_away),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
