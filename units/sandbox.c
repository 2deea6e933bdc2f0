/* SPDX-License-Identifier: MIT */
#include "units/sandbox.h"

#include <linux/capability.h>

#include "units/property.h"

static const char *const sandbox_names[_SANDBOX_MAX] = {
        [SANDBOX_HELPER] = "helper",
        [SANDBOX_COLLECT] = "collect",
        [SANDBOX_ENGINE] = "engine",
        [SANDBOX_ENGINE_ROOT] = "engine-root",
};

DEFINE_STRING_TABLE(sandbox, Sandbox, SANDBOX)

/* Who a row is for. */
#define HELPER (1u << SANDBOX_HELPER)
#define COLLECT (1u << SANDBOX_COLLECT)
#define ENGINE (1u << SANDBOX_ENGINE)
#define ENGINE_ROOT (1u << SANDBOX_ENGINE_ROOT)
#define CONFINED (HELPER | COLLECT | ENGINE)
#define ALL (CONFINED | ENGINE_ROOT)

#define CAPABILITY(c) (UINT64_C(1) << (c))

typedef enum PropertyKind {
        KIND_BOOL,         /* b: number */
        KIND_U32,          /* u: number */
        KIND_U64,          /* t: number */
        KIND_I32,          /* i: number */
        KIND_STRING,       /* s: text */
        KIND_STRING_LIST,  /* as: text, one element */
        KIND_ALLOW,        /* (bas): words of text */
        KIND_DENY,         /* (bas), inverted */
        KIND_TMPFS,        /* a(ss): words of text are paths */
        KIND_SHOWN,        /* a(ssbt): words of text are paths of the host, "-" before one that may be missing; without what is mounted below */
        KIND_ANY_ADDRESS,  /* a(iayu): all of IPv4 and IPv6 */
        KIND_CAPABILITIES, /* t: number and what the caller adds */
} PropertyKind;

typedef struct Property {
        unsigned profiles;
        const char *name;
        PropertyKind kind;
        uint64_t number;
        const char *text;
} Property;

#define YES KIND_BOOL, .number = true
#define STRING(s) KIND_STRING, .text = s

static const Property table[] = {
        { ALL, "ProtectClock", YES },
        { ALL, "ProtectKernelModules", YES },
        { ALL, "ProtectKernelLogs", YES },
        { ALL, "RestrictRealtime", YES },
        { ALL, "LockPersonality", YES },
        { ALL, "PrivateTmp", YES },
        { ALL, "ProtectHome", STRING("yes") },
        { ALL, "KeyringMode", STRING("private") },
        { ALL, "SystemCallArchitectures", KIND_STRING_LIST, .text = "native" },
        { ALL, "LimitCORE", KIND_U64, .number = 0 }, /* a core dump of a helper holds what it read */
        /*
         * Nothing we start needs a network: the docker command speaks to a socket file, podman runs with --network
         * none.
         */
        { ALL, "PrivateNetwork", YES },
        { ALL, "IPAddressDeny", KIND_ANY_ADDRESS },

        /*
         * An engine that runs as root builds containers: it mounts, makes namespaces, device nodes and cgroups, and
         * sets kernel variables inside of them; what runs in the containers is confined by the engine.
         */
        { CONFINED, "NoNewPrivileges", YES },
        { CONFINED, "PrivateDevices", YES },
        { CONFINED, "PrivateIPC", YES },
        { CONFINED, "ProtectHostname", YES }, /* containers have names */
        { CONFINED, "ProtectControlGroups", YES },
        { CONFINED, "ProtectProc", STRING("invisible") },
        { CONFINED, "ProcSubset", STRING("pid") },
        { CONFINED, "RestrictNamespaces", KIND_U64, .number = 0 },
        { CONFINED, "RestrictSUIDSGID", YES },
        { CONFINED, "MemoryDenyWriteExecute", YES },
        { CONFINED, "RemoveIPC", YES },
        { CONFINED, "RestrictAddressFamilies", KIND_ALLOW, .text = "AF_UNIX" },
        { CONFINED, "SystemCallFilter", KIND_ALLOW, .text = "@system-service" },
        { CONFINED, "SystemCallFilter", KIND_DENY, .text = "@privileged @resources" },
        { CONFINED, "SystemCallErrorNumber", KIND_I32, .number = EPERM },
        { CONFINED, "ProtectSystem", STRING("strict") },
        { CONFINED, "UMask", KIND_U32, .number = 0077 },
        /*
         * What is not shown is not there: a root of its own with nothing in it but programs. That is also two to three times faster
         * than to take a copy of all mounts of the host and to hide and protect it piece by piece: see what the manager does
         * with /proc/self/mountinfo. What is mounted below /usr and /run is not shown: our root lies in /usr, so that its new mounts
         * would all be there a second time, below /usr/lib. ProtectKernelTunables= would be slow and have nothing to protect: there is no /proc/sys,
         * and /sys cannot be entered.
         */
        { CONFINED, "RootDirectory", STRING(SANDBOX_ROOT) },
        { CONFINED, "InaccessiblePaths", KIND_STRING_LIST, .text = "+/sys" },
        { CONFINED, "TemporaryFileSystem", KIND_TMPFS, .text = "/run/morf" },
        { HELPER | COLLECT, "BindReadOnlyPaths", KIND_SHOWN, .text = "/usr -/run/systemd/journal" },
        /* The socket and the process number of the engine are new files after each of its starts, so their directory is shown. */
        { ENGINE, "BindReadOnlyPaths", KIND_SHOWN, .text = "/usr /run" },
        /* Its storage below /var and /run is written to; /usr, /boot and /etc are not. */
        { ENGINE_ROOT, "ProtectSystem", STRING("full") },
        /* In the second, podman writes a lock file even where there are no networks, as here. */
        { ENGINE_ROOT, "TemporaryFileSystem", KIND_TMPFS, .text = "/run/morf /etc/containers/networks" },
        /* Directories of image layers and volumes must be passable for the users inside of containers. */
        { ENGINE_ROOT, "UMask", KIND_U32, .number = 0022 },

        { HELPER | ENGINE, "CapabilityBoundingSet", KIND_CAPABILITIES, .number = 0 },
        { HELPER | ENGINE, "AmbientCapabilities", KIND_CAPABILITIES, .number = 0 },
        /* Files that a container left may belong to any user and be readable for that one only. */
        { COLLECT, "CapabilityBoundingSet", KIND_CAPABILITIES, .number = CAPABILITY(CAP_DAC_READ_SEARCH) },
        { COLLECT, "AmbientCapabilities", KIND_CAPABILITIES, .number = CAPABILITY(CAP_DAC_READ_SEARCH) },
};

/* One word of a list of paths. */
static int append_path(sd_bus_message *m, PropertyKind kind, const char *path) {
        bool optional = path[0] == '-';

        if (kind == KIND_TMPFS)
                return sd_bus_message_append(m, "(ss)", path, "mode=0755,size=1M,nr_inodes=1k");
        return sd_bus_message_append(m, "(ssbt)", path + optional, path + optional, (int) optional, /* flags= */ UINT64_C(0));
}

static int append_paths(sd_bus_message *m, const Property *p) {
        _cleanup_free_ char *words = strdup(p->text);
        char *state = NULL;
        int r;

        if (!words)
                return -ENOMEM;
        r = property_open_array(m, p->name, p->kind == KIND_TMPFS ? "(ss)" : "(ssbt)");
        for (char *w = strtok_r(words, " ", &state); r >= 0 && w; w = strtok_r(NULL, " ", &state))
                r = append_path(m, p->kind, w);
        return r < 0 ? r : property_close_array(m);
}

static int append(sd_bus_message *m, const Property *p, uint64_t capabilities) {
        char *const list[] = { (char *) (uintptr_t) p->text, NULL };

        switch (p->kind) {
        case KIND_BOOL:
                return sd_bus_message_append(m, "(sv)", p->name, "b", (int) p->number);
        case KIND_U32:
                return sd_bus_message_append(m, "(sv)", p->name, "u", (uint32_t) p->number);
        case KIND_I32:
                return sd_bus_message_append(m, "(sv)", p->name, "i", (int32_t) p->number);
        case KIND_U64:
                return sd_bus_message_append(m, "(sv)", p->name, "t", p->number);
        case KIND_CAPABILITIES:
                return sd_bus_message_append(m, "(sv)", p->name, "t", p->number | capabilities);
        case KIND_STRING:
                return sd_bus_message_append(m, "(sv)", p->name, "s", p->text);
        case KIND_STRING_LIST:
                return property_append_strv(m, p->name, list);
        case KIND_ALLOW:
        case KIND_DENY:
                return property_append_filter(m, p->name, p->kind == KIND_ALLOW, p->text);
        case KIND_TMPFS:
        case KIND_SHOWN:
                return append_paths(m, p);
        case KIND_ANY_ADDRESS:
                return property_append_any_address(m, p->name);
        }
        return -EINVAL;
}

static int append_hidden(sd_bus_message *m, char *const *hidden) {
        int r;

        if (!hidden || !*hidden)
                return 0;
        r = property_open_array(m, "InaccessiblePaths", "s");
        for (; r >= 0 && *hidden; hidden++) {
                _cleanup_free_ char *optional = NULL;

                /* "+": as the unit sees it */
                if (asprintf(&optional, "-+%s", *hidden) < 0)
                        return -ENOMEM;
                r = sd_bus_message_append_basic(m, 's', optional);
        }
        return r < 0 ? r : property_close_array(m);
}

int sandbox_append(sd_bus_message *m, Sandbox profile, uint64_t capabilities, char *const *hidden) {
        int r;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (!(table[i].profiles & (1u << profile)))
                        continue;
                r = append(m, &table[i], capabilities);
                if (r < 0)
                        return r;
        }
        return profile == SANDBOX_ENGINE_ROOT ? 0 : append_hidden(m, hidden);
}

const char *sandbox_property_name(Sandbox profile, size_t index) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if ((table[i].profiles & (1u << profile)) && index-- == 0)
                        return table[i].name;
        return NULL;
}
