/* SPDX-License-Identifier: MIT */
#include "spool/base/socket-get.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "spool/base/fd.h"
#include "spool/base/time.h"

/* Waits until the socket is ready. Return: 0, -ETIMEDOUT or another negative errno. */
static int wait_ready(int fd, short events, uint64_t deadline) {
        for (;;) {
                uint64_t left = time_sub(deadline, time_now_boottime());
                int n;

                if (left == 0)
                        return -ETIMEDOUT;
                n = poll(&(struct pollfd){ .fd = fd, .events = events }, 1, left / USEC_PER_MSEC < 60000 ? (int) (left / USEC_PER_MSEC) + 1 : 60000);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return negative_errno();
        }
}

/* A full queue of connections of a service that hangs is EAGAIN here: it cannot be waited for but by asking again. */
static int connect_to(int fd, const char *path, uint64_t deadline) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        while (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return negative_errno();
                if (time_now_boottime() >= deadline)
                        return -ETIMEDOUT;
                (void) usleep(20000);
        }
        return 0;
}

static int ask(int fd, const char *method, const char *target, uint64_t deadline) {
        char question[512];
        size_t sent = 0, n;

        /* Version 1.0, so that the answer ends with the connection and comes in one piece. */
        n = (size_t) snprintf(question, sizeof(question), "%s %s HTTP/1.0\r\nHost: localhost\r\n\r\n", method, target);
        if (n >= sizeof(question))
                return -ENAMETOOLONG;
        while (sent < n) {
                ssize_t k = send(fd, question + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r;

                if (k >= 0) {
                        sent += (size_t) k;
                        continue;
                }
                if (errno != EAGAIN && errno != EINTR)
                        return negative_errno();
                r = wait_ready(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_answer(int fd, uint64_t deadline, char **ret) {
        _cleanup_free_ char *text = malloc(SOCKET_GET_BODY_MAX + 1);
        size_t size = 0;

        if (!text)
                return -ENOMEM;
        for (;;) {
                ssize_t n;
                int r;

                r = wait_ready(fd, POLLIN, deadline);
                if (r < 0)
                        return r;
                if (size == SOCKET_GET_BODY_MAX)
                        return -EFBIG;
                n = recv(fd, text + size, SOCKET_GET_BODY_MAX - size, MSG_DONTWAIT);
                if (n == 0)
                        break;
                if (n > 0)
                        size += (size_t) n;
                else if (errno != EAGAIN && errno != EINTR)
                        return negative_errno();
        }
        text[size] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

static int socket_ask(const char *path, const char *method, const char *target, uint64_t timeout_usec, char **ret_body) {
        uint64_t deadline = time_add(time_now_boottime(), timeout_usec);
        _cleanup_free_ char *answer = NULL;
        _cleanup_fd_ int fd = -EBADF;
        const char *body;
        int r, status;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return negative_errno();
        r = connect_to(fd, path, deadline);
        if (r >= 0)
                r = ask(fd, method, target, deadline);
        if (r >= 0)
                r = read_answer(fd, deadline, &answer);
        if (r < 0)
                return r;
        body = strstr(answer, "\r\n\r\n");
        if (!body || sscanf(answer, "HTTP/1.%*1[01] %3d ", &status) != 1 || status < 100)
                return -EPROTO;
        if (ret_body) {
                *ret_body = strdup(body + 4);
                if (!*ret_body)
                        return -ENOMEM;
        }
        return status;
}

int socket_get(const char *path, const char *target, uint64_t timeout_usec, char **ret_body) {
        return socket_ask(path, "GET", target, timeout_usec, ret_body);
}

int socket_delete(const char *path, const char *target, uint64_t timeout_usec) {
        return socket_ask(path, "DELETE", target, timeout_usec, /* ret_body= */ NULL);
}
