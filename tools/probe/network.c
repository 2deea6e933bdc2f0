/* SPDX-License-Identifier: MIT */
#include "tools/probe/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE 65536

/* Lines of a file of /proc/net, without so many at its top, that are not about lo. own: how a line about lo looks. */
static uint64_t count_lines(const char *path, unsigned skipped, const char *own) {
        static char text[TEXT_SIZE];
        char *state = NULL;
        uint64_t n = 0;

        if (file_read(path, text, sizeof(text)) < 0)
                return PROBE_UNKNOWN;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (skipped > 0)
                        skipped--;
                else if (!strstr(line, own))
                        n++;
        return n;
}

uint64_t fact_interfaces(const char *unused) {
        (void) unused;
        return count_lines("/proc/net/dev", 2, " lo:");
}

uint64_t fact_routes(const char *unused) {
        uint64_t four, six;

        (void) unused;
        four = count_lines("/proc/net/route", 1, "lo\t");
        /* A kernel without IPv6 has no such file, and no such routes. */
        six = access("/proc/net/ipv6_route", F_OK) < 0 ? 0 : count_lines("/proc/net/ipv6_route", 0, " lo");
        return four == PROBE_UNKNOWN || six == PROBE_UNKNOWN ? PROBE_UNKNOWN : four + six;
}

/* Whether there is a way to an address: for UDP, connecting looks for a route and sends nothing. */
static int is_reachable(const char *address, uint16_t port) {
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        int is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
        int fd, r;

        if (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1)
                return 0;
        fd = socket(is_four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return 0;
        r = is_four ? connect(fd, (struct sockaddr *) &four, sizeof(four)) : connect(fd, (struct sockaddr *) &six, sizeof(six));
        if (r == 0)
                r = send(fd, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
        close(fd);
        return r == 0;
}

uint64_t fact_reachable(const char *unused) {
        static const struct {
                const char *address;
                uint16_t port;
        } out[] = {
                { "169.254.169.254", 80 }, /* instance metadata, on most clouds */
                { "169.254.170.2", 80 },   /* credentials of container services */
                { "fd00:ec2::254", 80 },
                { "172.17.0.1", 2375 }, /* the host, as an engine's own network has it */
                { "10.0.2.2", 22 },
                { "192.0.2.1", 443 },
                { "2001:db8::1", 443 },
                { "255.255.255.255", 67 },
        };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++)
                n += (uint64_t) is_reachable(out[i].address, out[i].port);
        return n;
}

uint64_t fact_nameservers(const char *unused) {
        static char text[TEXT_SIZE];
        char *state = NULL;
        uint64_t n = 0;

        (void) unused;
        if (file_read("/etc/resolv.conf", text, sizeof(text)) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                char *word, *rest = NULL;

                word = strtok_r(line, " \t", &rest);
                if (!word || strcmp(word, "nameserver") != 0)
                        continue;
                word = strtok_r(NULL, " \t", &rest);
                /* Its own lo leads nowhere. */
                if (word && strncmp(word, "127.", 4) != 0 && strcmp(word, "::1") != 0)
                        n += (uint64_t) is_reachable(word, 53);
        }
        return n;
}

uint64_t fact_abstract_sockets(const char *unused) {
        static char text[TEXT_SIZE];
        uint64_t n = 0;

        (void) unused;
        if (file_read("/proc/net/unix", text, sizeof(text)) < 0)
                return PROBE_UNKNOWN;
        for (const char *p = text; (p = strchr(p, '@')); p++)
                n++;
        return n;
}

uint64_t fact_raw_sockets(const char *unused) {
        static const int kinds[][3] = {
                { AF_PACKET, SOCK_RAW, 0 },
                { AF_INET, SOCK_RAW, IPPROTO_ICMP },
                { AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
        };
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
                int fd = socket(kinds[i][0], kinds[i][1] | SOCK_CLOEXEC, kinds[i][2]);

                if (fd < 0)
                        continue;
                close(fd);
                n++;
        }
        return n;
}

uint64_t fact_host_sockets(const char *unused) {
        static const char *const paths[] = {
                "/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
                "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/journal/socket",
                "/run/systemd/resolve", "/run/nscd/socket", "/var/spool/morf", "/run/morf", "/etc/morf",
        };
        struct stat st;
        uint64_t n = 0;

        (void) unused;
        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
                n += stat(paths[i], &st) == 0 || errno == EACCES;
        return n;
}
