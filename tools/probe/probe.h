/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Facts about the container that the probe runs in. Each is one number: a count of what was found or could be done, or a value
 * that the kernel tells. PROBE_UNKNOWN says that it could not be found out, which is never what one wants.
 *
 * They speak to the C library alone.
 */

#include <stddef.h>
#include <stdint.h>

/* As JSON numbers go: the largest that jansson reads. */
#define PROBE_UNKNOWN ((uint64_t) INT64_MAX)

/* argument: that of the fact's entry in the table. */
typedef uint64_t (*fact_find_t)(const char *argument);

typedef struct Fact {
        const char *name;
        fact_find_t find;
        const char *argument;
} Fact;

/* network.c */
uint64_t fact_interfaces(const char *unused);       /* beside lo */
uint64_t fact_routes(const char *unused);           /* of IPv4 and IPv6, beside those of lo */
uint64_t fact_reachable(const char *unused);        /* addresses of clouds, the host and the world to which there is a way */
uint64_t fact_nameservers(const char *unused);      /* those of /etc/resolv.conf to which there is a way */
uint64_t fact_abstract_sockets(const char *unused); /* that one can see */
uint64_t fact_raw_sockets(const char *unused);      /* kinds of them that can be made */
uint64_t fact_host_sockets(const char *unused);     /* files of sockets by which the host is ruled */

/* identity.c */
uint64_t fact_uid(const char *unused);
uint64_t fact_gid(const char *unused);
uint64_t fact_groups(const char *unused);        /* supplementary ones beside the group itself */
uint64_t fact_status_hex(const char *key);       /* of /proc/self/status */
uint64_t fact_status_number(const char *key);
uint64_t fact_processes(const char *unused);     /* that one can see, oneself among them */
uint64_t fact_host_name(const char *unused);     /* 1: it is "morf" */

/* confinement.c */
uint64_t fact_data_seen(const char *unused);       /* files of /morf-data that could be read: the course's and the table */
uint64_t fact_data_writable(const char *unused);   /* ways in which /morf-data could be written to */
uint64_t fact_input_writable(const char *unused);  /* 1: the course below /input can be written to */
uint64_t fact_root_writable(const char *unused);   /* 1: a file could be made in / */
uint64_t fact_kernel_writable(const char *unused); /* files of /proc and /sys that could be opened for writing */
uint64_t fact_kernel_readable(const char *unused); /* those that tell secrets of the kernel and could be read */
uint64_t fact_devices(const char *unused);         /* in /dev beside the harmless ones, and whether one could be made */
uint64_t fact_forbidden_calls(const char *unused); /* system calls that change more than the container and worked */

/* limits.c: as the kernel has them for this container */
uint64_t fact_memory(const char *unused);     /* bytes */
uint64_t fact_pids(const char *unused);
uint64_t fact_cpus_milli(const char *unused); /* thousandths of a processor */
uint64_t fact_file_size(const char *unused);  /* bytes */
uint64_t fact_core_size(const char *unused);  /* bytes */

/* files.c */

/* The beginning of a file as a string, at most size - 1 bytes. Return: its length, or -1. */
int64_t file_read(const char *path, char *buffer, size_t size);

/* The number that a file holds; "max" is none. Return: it, or PROBE_UNKNOWN. */
uint64_t file_number(const char *path);
