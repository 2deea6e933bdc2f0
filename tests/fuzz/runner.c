/* SPDX-License-Identifier: MIT */

/*
 * Runs a fuzz target without a fuzzer, with any compiler: each file of its corpus, then mutations of them that are the same in
 * every run. Build it with sanitizers; `make fuzz` builds the same targets with a fuzzer that learns.
 *
 *         fuzz-TARGET [--runs N] [--crash FILE] PATH…
 *
 * A PATH is a file or a directory of files. An input on which the target crashes, or that takes more than 10 seconds, is written
 * to FILE and reproduced by running the target on that file alone with --runs 0. Exit status 0 when there is none.
 */

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>

#include "spool/base/fd.h"
#include "spool/base/macro.h"
#include "spool/base/parse.h"

#define INPUT_MAX (64u * 1024u)
#define FILES_MAX 4096u
#define RUNS_MAX UINT64_C(1000000000)
#define SECONDS_PER_INPUT 10u
#define EXIT_CRASH 77

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
/* Of the sanitizers, where there are any. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

typedef struct Input {
        uint8_t *data;
        size_t size;
} Input;

static uint64_t arg_runs = 2000;
static const char *arg_crash = "crash";

static Input corpus[FILES_MAX];
static size_t n_corpus = 0;
/* What the target is working on, for the handlers. */
static uint8_t current[INPUT_MAX];
static size_t current_size = 0;

/* Only what may be called from a signal handler. */
static void save_current(void) {
        static const char said[] = "fuzz: the input was saved, see --crash\n";
        int fd = open(arg_crash, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                return;
        if (write(fd, current, current_size) == (ssize_t) current_size)
                (void) !write(STDERR_FILENO, said, sizeof(said) - 1);
        close(fd);
}

static void on_signal(int signal) {
        static const char slow[] = "fuzz: an input takes too long\n";

        if (signal == SIGALRM)
                (void) !write(STDERR_FILENO, slow, sizeof(slow) - 1);
        save_current();
        _exit(EXIT_CRASH);
}

static void run(const uint8_t *data, size_t size) {
        _cleanup_free_ uint8_t *exact = NULL;

        /* A copy of the exact size, so that a read past its end is noticed. */
        exact = malloc(size > 0 ? size : 1);
        if (!exact)
                abort();
        memcpy(exact, data, size);
        memmove(current, data, size);
        current_size = size;
        alarm(SECONDS_PER_INPUT);
        (void) LLVMFuzzerTestOneInput(exact, size);
        alarm(0);
}

/* xorshift64*: the same numbers everywhere (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint64_t random_next(uint64_t *state) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static size_t random_below(uint64_t *state, size_t n) {
        return n > 0 ? (size_t) (random_next(state) % n) : 0;
}

static size_t remove_range(uint8_t *p, size_t size, size_t at, size_t n) {
        memmove(p + at, p + at + n, size - at - n);
        return size - n;
}

static size_t smaller(size_t a, size_t b) {
        return a < b ? a : b;
}

static size_t insert(uint8_t *p, size_t size, size_t at, const uint8_t *data, size_t n) {
        if (n > INPUT_MAX - size)
                return size;
        memmove(p + at + n, p + at, size - at);
        memcpy(p + at, data, n);
        return size + n;
}

/* One change. Return: the new size. */
static size_t mutate(uint8_t *p, size_t size, uint64_t *state) {
        static const char *const tokens[] = { "\0", "\n", "\r\n", "\"", "\\", "{", "}", "[", "]", ",", ";", ":", "=", "/", "..", "0", "-1", "1e999",
                                              "nan", "18446744073709551616", "\xff", "\xef\xbb\xbf", "\xc0\x80", "PK\3\4", "PK\5\6", "%s", " " };
        static uint8_t piece[INPUT_MAX];
        const Input *other;
        const char *token;
        size_t at = random_below(state, size + 1), n;

        switch (random_below(state, 7)) {
        case 0:
                if (at < size)
                        p[at] ^= (uint8_t) (1u << random_below(state, 8));
                return size;
        case 1:
                if (at < size)
                        p[at] = (uint8_t) random_next(state);
                return size;
        case 2:
                return remove_range(p, size, at, random_below(state, smaller(size - at, 64) + 1));
        case 3:
                n = random_below(state, smaller(size - at, 256) + 1);
                memcpy(piece, p + at, n);
                return insert(p, size, random_below(state, size + 1), piece, n);
        case 4:
                token = tokens[random_below(state, ELEMENTSOF(tokens))];
                return insert(p, size, at, (const uint8_t *) token, strlen(token) > 0 ? strlen(token) : 1);
        case 5:
                return at;
        default:
                other = &corpus[random_below(state, n_corpus)];
                n = random_below(state, other->size + 1);
                return insert(p, at, at, other->data + other->size - n, n);
        }
}

static int load_file(int dir, const char *name) {
        Input *in = &corpus[n_corpus];
        char *data = NULL;
        int r;

        if (n_corpus >= FILES_MAX)
                return -E2BIG;
        r = fd_read_file_at(dir, name, INPUT_MAX, &data, &in->size);
        if (r < 0)
                return r;
        in->data = (uint8_t *) data;
        n_corpus++;
        return 0;
}

static int is_file_name(const struct dirent *de) {
        return de->d_name[0] != '.';
}

static int load_directory(const char *path) {
        _cleanup_fd_ int dir = -EBADF;
        struct dirent **names;
        int n, r = 0;

        dir = fd_open_dir_at(AT_FDCWD, path);
        if (dir < 0)
                return dir;
        /* In an order that does not depend on the file system. */
        n = scandir(path, &names, is_file_name, alphasort);
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                r = r < 0 ? r : load_file(dir, names[i]->d_name);
                free(names[i]);
        }
        free(names);
        return r;
}

static int load(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? load_directory(path) : load_file(AT_FDCWD, path);
}

static void watch_for_crashes(void) {
        static const int fatal[] = { SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL };
        struct sigaction action = { .sa_handler = on_signal };

        for (size_t i = 0; i < ELEMENTSOF(fatal); i++)
                (void) sigaction(fatal[i], &action, NULL);
        if (__sanitizer_set_death_callback)
                __sanitizer_set_death_callback(save_current);
        else
                (void) sigaction(SIGSEGV, &action, NULL);
}

static int parse_argv(int argc, char *argv[]) {
        static const struct option options[] = {
                { "runs",  required_argument, NULL, 'r' },
                { "crash", required_argument, NULL, 'c' },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (c == 'c')
                        arg_crash = optarg;
                else if (c != 'r' || parse_u64(optarg, 0, RUNS_MAX, &arg_runs) < 0) {
                        fprintf(stderr, "Usage: %s [--runs N] [--crash FILE] PATH...\n", argv[0]);
                        return -EINVAL;
                }
        return 0;
}

int main(int argc, char *argv[]) {
        static uint8_t input[INPUT_MAX];
        uint64_t state = UINT64_C(0x6d6f7266);
        int r;

        if (parse_argv(argc, argv) < 0)
                return 2;
        for (int i = optind; i < argc; i++) {
                r = load(argv[i]);
                if (r < 0) {
                        fprintf(stderr, "%s: cannot read: %s\n", argv[i], strerrordesc_np(-r));
                        return 1;
                }
        }
        if (LLVMFuzzerInitialize)
                (void) LLVMFuzzerInitialize(&argc, &argv);
        watch_for_crashes();
        run((const uint8_t *) "", 0);
        for (size_t i = 0; i < n_corpus; i++)
                run(corpus[i].data, corpus[i].size);
        for (uint64_t i = 0; n_corpus > 0 && i < arg_runs; i++) {
                const Input *from = &corpus[i % n_corpus];
                size_t size = from->size;

                memcpy(input, from->data, size);
                for (size_t k = random_below(&state, 6) + 1; k > 0; k--)
                        size = mutate(input, size, &state);
                run(input, size);
        }
        printf("%zu files, %llu mutations\n", n_corpus, (unsigned long long) (n_corpus > 0 ? arg_runs : 0));
        for (size_t i = 0; i < n_corpus; i++)
                free(corpus[i].data);
        return 0;
}
