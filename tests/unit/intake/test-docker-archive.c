/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool/limits.h"
#include "tests/unit/intake/docker-save.h"
#include "tools/intake/docker-archive.h"

#define CONFIG                                                                                                         \
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"a\",\"b\"]}}"

static int check(const Scratch *s, const char *name, DockerImage *ret, Fault *f) {
        _cleanup_fd_ int fd = openat(s->fd, name, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return docker_archive_check(fd, name, ret, f);
}

static void assert_refused_as(const Scratch *s, const char *name, FaultCode code, const char *message) {
        _cleanup_fault_ Fault f = {};
        DockerImage image;

        if (check(s, name, &image, &f) != -EBADMSG)
                fail_msg("not refused; expected: %s", message);
        if (f.code != code || !streq(f.message, message))
                fail_msg("expected: %s\nbut got:  %s", message, f.message);
}

/* The members of a good archive, old and new layout, to be changed by tests. */
enum { CONFIG_AT, LAYER_AT, TWIN_AT, MANIFEST_AT, EXTRA_AT, MEMBERS };

typedef struct Save {
        Scratch scratch;
        char id[DIGEST_LENGTH + 1];
        char config_name[80];
        char manifest[512];
        SaveMember members[MEMBERS];
} Save;

static void save_init(Save *s, bool oci) {
        *s = (Save){};
        scratch_init(&s->scratch);
        save_sha256(CONFIG, s->id);
        snprintf(s->config_name, sizeof(s->config_name), oci ? "blobs/sha256/%s" : "%s.json", s->id);
        snprintf(s->manifest, sizeof(s->manifest),
                "[{\"Config\":\"%s\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l1/layer.tar\",\"l2/layer.tar\"]}]",
                s->config_name);
        s->members[CONFIG_AT] = (SaveMember){ s->config_name, CONFIG, AE_IFREG };
        s->members[LAYER_AT] = (SaveMember){ "l1/layer.tar", "a layer", AE_IFREG };
        s->members[TWIN_AT] = (SaveMember){ "l2/layer.tar", "../l1/layer.tar", AE_IFLNK };
        s->members[MANIFEST_AT] = (SaveMember){ "manifest.json", s->manifest, AE_IFREG };
        s->members[EXTRA_AT] = (SaveMember){ "l1", "", AE_IFDIR };
}

static void save_done(Save *s) {
        scratch_done(&s->scratch);
}
#define _cleanup_save_ _cleanup_(save_done)

static void assert_save_refused(Save *s, const char *message) {
        char expected[600];

        save_write(&s->scratch, "i.tar", s->members, MEMBERS, ARCHIVE_FILTER_NONE);
        snprintf(expected, sizeof(expected), "i.tar: %s", message);
        assert_refused_as(&s->scratch, "i.tar", FAULT_IMAGE, expected);
}

static void test_accepted(void **state _unused_) {
        static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ,
                ARCHIVE_FILTER_ZSTD };

        for (int oci = 0; oci < 2; oci++)
                for (size_t i = 0; i < ELEMENTSOF(filters); i++) {
                        _cleanup_fault_ Fault f = {};
                        _cleanup_save_ Save s;
                        DockerImage image;

                        save_init(&s, oci);
                        save_write(&s.scratch, "i.tar", s.members, MEMBERS, filters[i]);
                        if (check(&s.scratch, "i.tar", &image, &f) != 0)
                                fail_msg("filter %d: %s", filters[i], f.message);
                        assert_string_equal(image.id, s.id);
                        assert_string_equal(image.architecture, "amd64");
                        assert_int_equal(image.layers, 2);
                }
}

/* Any order, "./" before the names, and directories twice are what tar makes when somebody packs again. */
static void test_packed_again(void **state _unused_) {
        _cleanup_fault_ Fault f = {};
        _cleanup_save_ Save s;
        DockerImage image;
        char config[128];

        save_init(&s, /* oci= */ false);
        snprintf(config, sizeof(config), "./%s", s.config_name);
        s.members[EXTRA_AT] = (SaveMember){ config, CONFIG, AE_IFREG };
        s.members[CONFIG_AT] = (SaveMember){ "./", "", AE_IFDIR };
        s.members[MANIFEST_AT].name = "./manifest.json";
        save_write(&s.scratch, "i.tar", s.members, MEMBERS, ARCHIVE_FILTER_NONE);
        if (check(&s.scratch, "i.tar", &image, &f) != 0)
                fail_msg("%s", f.message);
}

static void test_not_an_archive(void **state _unused_) {
        _cleanup_scratch_ Scratch s;

        scratch_init(&s);
        scratch_write(&s, "empty", "");
        assert_refused_as(&s, "empty", FAULT_IMAGE, "empty: the file is empty");
        scratch_write(&s, "text", "hello\n");
        assert_refused_as(&s, "text", FAULT_IMAGE, "text: this is not a tar archive made by 'docker save'");
        scratch_write_bytes(&s, "gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
        assert_refused_as(&s, "gzip", FAULT_IMAGE, "gzip: this is not a tar archive made by 'docker save'");
}

static void test_cut_off(void **state _unused_) {
        static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ };

        for (size_t i = 0; i < ELEMENTSOF(filters); i++) {
                _cleanup_free_ char *data = NULL;
                _cleanup_save_ Save s;
                size_t size;

                save_init(&s, /* oci= */ false);
                save_write(&s.scratch, "i.tar", s.members, MEMBERS, filters[i]);
                assert_int_equal(fd_read_file_at(s.scratch.fd, "i.tar", LIMIT_MIB, &data, &size), 0);
                /* The two blocks of zeros at the end, and what fills up the last record, may be missing. */
                for (size_t n = 1; n < (filters[i] == ARCHIVE_FILTER_NONE ? 4 * 512 : size - 16); n += 7) {
                        _cleanup_fault_ Fault f = {};
                        DockerImage image;

                        scratch_write_bytes(&s.scratch, "cut.tar", data, n);
                        assert_int_equal(check(&s.scratch, "cut.tar", &image, &f), -EBADMSG);
                        assert_int_equal(f.code, FAULT_IMAGE);
                }
        }
}

static void test_manifest(void **state _unused_) {
        static const char other[] = "0123456789012345678901234567890123456789012345678901234567890123.json";
        static const struct {
                const char *manifest; /* %s: name of the configuration */
                const char *message;
        } cases[] = {
                { "[", "its manifest.json is not a JSON list" },
                { "{}", "its manifest.json is not a JSON list" },
                { "[]", "it holds 0 images; a job has exactly one" },
                { "[{},{}]", "it holds 2 images; a job has exactly one" },
                { "[{}]", "its manifest.json lacks 'Config' or 'Layers', or has a key of the wrong type" },
                { "[7]", "its manifest.json lacks 'Config' or 'Layers', or has a key of the wrong type" },
                { "[{\"Config\":\"%s\",\"Layers\":\"l1\"}]",
                        "its manifest.json lacks 'Config' or 'Layers', or has a key of the wrong type" },
                { "[{\"Config\":\"%s\",\"Config\":\"x\",\"Layers\":[]}]", "its manifest.json is not a JSON list" },
                { "[{\"Config\":\"%s\",\"RepoTags\":7,\"Layers\":[\"l1/layer.tar\"]}]",
                        "its manifest.json lacks 'Config' or 'Layers', or has a key of the wrong type" },
                { "[{\"Config\":\"../../etc/passwd\",\"Layers\":[\"l1/layer.tar\"]}]",
                        "its manifest.json names a configuration in a way that docker does not" },
                { "[{\"Config\":\"x.json\",\"Layers\":[\"l1/layer.tar\"]}]",
                        "its manifest.json names a configuration in a way that docker does not" },
                { "[{\"Config\":\"0123456789012345678901234567890123456789012345678901234567890124.json\","
                  "\"Layers\":[\"l1/layer.tar\"]}]",
                        "the configuration that its manifest.json names is not in the archive" },
                { "[{\"Config\":\"0123456789012345678901234567890123456789012345678901234567890123.json\","
                  "\"Layers\":[\"l1/layer.tar\"]}]",
                        "the image's configuration does not have the digest that its name states, or is not JSON" },
                { "[{\"Config\":\"%s\",\"Layers\":[]}]", "the image has no layers" },
                { "[{\"Config\":\"%s\",\"Layers\":[7]}]", "its manifest.json names a layer that is not a string" },
                { "[{\"Config\":\"%s\",\"Layers\":[\"l3/layer.tar\"]}]",
                        "its member 'l3/layer.tar' is named as a layer but is not in the archive" },
                { "[{\"Config\":\"%s\",\"Layers\":[\"../../etc/passwd\"]}]",
                        "its member '../../etc/passwd' is named as a layer but is not in the archive" },
                { "[{\"Config\":\"%s\",\"Layers\":[\"l1\"]}]",
                        "its member 'l1' is named as a layer but is not in the archive" },
                { "[{\"Config\":\"%s\",\"Layers\":[\"l1/layer.tar\"]}]",
                        "its manifest.json and its configuration differ in the number of layers, 1 and 2" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_save_ Save s;

                save_init(&s, /* oci= */ false);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
                snprintf(s.manifest, sizeof(s.manifest), cases[i].manifest, s.config_name);
#pragma GCC diagnostic pop
                /* A configuration that is not what its name says; the directory stays, so that "l1" exists. */
                if (strstr(cases[i].manifest, other))
                        s.members[EXTRA_AT] = (SaveMember){ other, CONFIG, AE_IFREG };
                assert_save_refused(&s, cases[i].message);
        }
}

static void test_too_many_layers(void **state _unused_) {
        _cleanup_free_ char *manifest = malloc(64 * 1024);
        _cleanup_save_ Save s;
        size_t n;

        save_init(&s, /* oci= */ false);
        n = (size_t) sprintf(manifest, "[{\"Config\":\"%s\",\"Layers\":[", s.config_name);
        for (unsigned i = 0; i <= LIMIT_IMAGE_LAYERS; i++)
                n += (size_t) sprintf(manifest + n, "%s\"l1/layer.tar\"", i > 0 ? "," : "");
        sprintf(manifest + n, "]}]");
        s.members[MANIFEST_AT].content = manifest;
        assert_save_refused(&s, "the image has more than 256 layers");
}

static void test_members(void **state _unused_) {
        static const struct {
                SaveMember member;
                const char *message;
        } cases[] = {
                { { "/etc/cron.d/x", "x", AE_IFREG },
                        "its member '/etc/cron.d/x' has a name that docker would not write" },
                { { "../x", "x", AE_IFREG }, "its member '../x' has a name that docker would not write" },
                { { "a/../../x", "x", AE_IFREG }, "its member 'a/../../x' has a name that docker would not write" },
                { { "a\nb", "x", AE_IFREG }, "its member 'a\\x0ab' has a name that docker would not write" },
                { { "l1/layer.tar", "x", AE_IFREG }, "its member 'l1/layer.tar' is there twice" },
                { { "manifest.json", "[]", AE_IFREG }, "its member 'manifest.json' is there twice" },
                { { "l1/layer.tar", "", AE_IFDIR }, "its member 'l1/layer.tar' is there twice" },
                { { "x", "", AE_IFIFO }, "its member 'x' is neither a file nor a directory" },
                { { "x", "", AE_IFCHR }, "its member 'x' is neither a file nor a directory" },
                { { "x", "l1/layer.tar", 0 }, "its member 'x' is a hard link, which docker would not write" },
                { { "x", "/etc/shadow", AE_IFLNK }, "its member 'x' is a link that leads out of the archive" },
                { { "x", "../l1/layer.tar", AE_IFLNK }, "its member 'x' is a link that leads out of the archive" },
                { { "a/b/x", "../../../l1/layer.tar", AE_IFLNK },
                        "its member 'a/b/x' is a link that leads out of the archive" },
                { { "a/x", "../l1/../../y", AE_IFLNK }, "its member 'a/x' is a link that leads out of the archive" },
                { { "a/x", "../l9/layer.tar", AE_IFLNK },
                        "its member 'a/x' is a link to something that is not in the archive" },
                { { "a/x", "../l2/layer.tar", AE_IFLNK },
                        "its member 'a/x' is a link to something that is not in the archive" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_save_ Save s;

                save_init(&s, /* oci= */ false);
                s.members[EXTRA_AT] = cases[i].member;
                assert_save_refused(&s, cases[i].message);
        }
}

static void test_no_manifest(void **state _unused_) {
        _cleanup_save_ Save s;

        save_init(&s, /* oci= */ true);
        s.members[MANIFEST_AT].name = "index.json";
        assert_save_refused(&s, "there is no manifest.json in it: it was not made by 'docker save'");
}

/* A header that promises more than any image may have, without the bytes. */
static void test_too_big(void **state _unused_) {
        char header[1024] = "layer.tar";
        _cleanup_scratch_ Scratch s;
        unsigned sum = 0;

        strcpy(header + 100, "0000644");
        strcpy(header + 108, "0000000");
        strcpy(header + 116, "0000000");
        /* 2^36 + 1 bytes, in the notation for what does not fit into eleven octal digits. */
        memcpy(header + 124, "\x80\0\0\0\0\0\0\x10\0\0\0\x01", 12);
        strcpy(header + 136, "00000000000");
        memset(header + 148, ' ', 8);
        header[156] = '0';
        memcpy(header + 257, "ustar  ", 8);
        for (size_t i = 0; i < 512; i++)
                sum += (unsigned char) header[i];
        snprintf(header + 148, 8, "%06o", sum);
        scratch_init(&s);
        scratch_write_bytes(&s, "i.tar", header, sizeof(header));
        assert_refused_as(&s, "i.tar", FAULT_TOO_BIG, "i.tar: the image is larger than 64 GiB");
}

static void test_architecture(void **state _unused_) {
        assert_true(docker_architecture_fits("amd64", "x86_64"));
        assert_true(docker_architecture_fits("386", "x86_64"));
        assert_false(docker_architecture_fits("arm64", "x86_64"));
        assert_true(docker_architecture_fits("arm64", "aarch64"));
        assert_false(docker_architecture_fits("amd64", "aarch64"));
        assert_true(docker_architecture_fits("", "x86_64"));
        assert_true(docker_architecture_fits("s390x", "somethingelse"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_packed_again),
                cmocka_unit_test(test_not_an_archive),
                cmocka_unit_test(test_cut_off),
                cmocka_unit_test(test_manifest),
                cmocka_unit_test(test_too_many_layers),
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_no_manifest),
                cmocka_unit_test(test_too_big),
                cmocka_unit_test(test_architecture),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
