/* SPDX-License-Identifier: MIT */
#include "tools/torture/manager.h"

#include <systemd/sd-bus.h>

#include "spool/base/strv.h"

#define MANAGER "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define ENGINE_UNIT "docker.service"
#define ENGINE_SOCKET "docker.socket"

static int ask(sd_bus *bus, sd_bus_message **ret) {
        static const char *const patterns[] = { "morf-*-*-*.service", "morf-jobs-*.slice", NULL };
        sd_bus_message *question = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &question, MANAGER, "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(question, "as", 0);
        if (r >= 0)
                r = sd_bus_message_append_strv(question, (char **) (uintptr_t) patterns);
        if (r >= 0)
                r = sd_bus_call(bus, question, 0, /* ret_error= */ NULL, ret);
        sd_bus_message_unref(question);
        return r;
}

int manager_list_job_units(char ***ret) {
        _cleanup_strv_ char **units = NULL;
        const char *name, *load, *active;
        sd_bus_message *answer = NULL;
        sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = ask(bus, &answer);
        if (r >= 0)
                r = sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_read(answer, "(ssssssouso)", &name, NULL, &load, &active, NULL, NULL, NULL, NULL, NULL, NULL)) > 0)
                if (!streq(active, "inactive"))
                        r = strv_addf(&units, "%s (%s)", name, active);
        sd_bus_message_unref(answer);
        sd_bus_flush_close_unref(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(units);
        return 0;
}

static int forgive(sd_bus *bus, const char *unit, bool start) {
        int r = sd_bus_call_method(bus, MANAGER, "ResetFailedUnit", /* ret_error= */ NULL, /* reply= */ NULL, "s", unit);

        if (r == -ENOENT)
                return 0;
        if (r >= 0 && start)
                r = sd_bus_call_method(bus, MANAGER, "StartUnit", /* ret_error= */ NULL, /* reply= */ NULL, "ss", unit, "replace");
        return r < 0 ? r : 0;
}

int manager_forgive_engine(bool start) {
        sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = forgive(bus, ENGINE_SOCKET, start);
        if (r >= 0)
                r = forgive(bus, ENGINE_UNIT, start);
        sd_bus_flush_close_unref(bus);
        return r;
}
