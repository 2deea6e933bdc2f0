/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "spool/base/log.h"
#include "tests/unit/scratch.h"
#include "tools/image/inspect.h"

#define ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD(status) "HTTP/1.0 " status "\r\nContent-Type: application/json\r\n\r\n"

/* A daemon that gives one answer to one question about ID. Return: its process. */
static pid_t serve(const char *path, const char *answer) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char question[512] = "";
        int fd, client;
        pid_t pid;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(fd, errno);
        strcpy(address.sun_path, path);
        assert_return_code(bind(fd, (struct sockaddr *) &address, sizeof(address)), errno);
        assert_return_code(listen(fd, 1), errno);
        pid = fork();
        assert_return_code(pid, errno);
        if (pid > 0) {
                fd_close(fd);
                return pid;
        }
        (void) alarm(20);
        client = accept(fd, NULL, NULL);
        if (client < 0 || recv(client, question, sizeof(question) - 1, 0) <= 0 || !startswith(question, "GET /images/" ID "/json HTTP/1.0\r\n"))
                _exit(1);
        _exit(send(client, answer, strlen(answer), MSG_NOSIGNAL) != (ssize_t) strlen(answer));
}

/* The client is /bin/false here, as if there were no engine: only the daemon can say that an image is there. */
static void test_daemon(void **state _unused_) {
        static const struct {
                const char *answer;
                int result;
        } cases[] = {
                { HEAD("200 OK") "{\"Id\":\"" ID "\",\"RepoTags\":[],\"Config\":{\"Cmd\":null}}\n", 1 },
                { HEAD("404 Not Found") "{\"message\":\"No such image: " ID "\"}\n", -ECONNREFUSED },
                { HEAD("200 OK") "{\"Id\":\"latest\"}\n", -ECONNREFUSED },
                { HEAD("200 OK") "{\"Id\":7}\n", -ECONNREFUSED },
                { HEAD("200 OK") "{\"Id\":\"" ID "\"", -ECONNREFUSED },
                { HEAD("200 OK") "[]\n", -ECONNREFUSED },
                { "nothing of the kind", -ECONNREFUSED },
        };

        log_open("test", LOG_EMERG, false);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char id[IMAGE_ID_LENGTH + 1] = "";
                _cleanup_free_ char *path = NULL;
                _cleanup_scratch_ Scratch s;
                int status;
                pid_t pid;

                scratch_init(&s);
                assert_true(asprintf(&path, "%s/socket", s.path) > 0);
                pid = serve(path, cases[i].answer);
                assert_int_equal(inspect_image("/bin/false", path, ID, id), cases[i].result);
                assert_string_equal(id, cases[i].result > 0 ? ID : "");
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
}

static void test_no_daemon(void **state _unused_) {
        char id[IMAGE_ID_LENGTH + 1] = "";

        log_open("test", LOG_EMERG, false);
        assert_int_equal(inspect_image("/bin/false", "/nonexistent/socket", ID, id), -ECONNREFUSED);
        assert_int_equal(inspect_image("/bin/false", NULL, ID, id), -ECONNREFUSED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_daemon),
                cmocka_unit_test(test_no_daemon),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
