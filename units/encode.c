/* SPDX-License-Identifier: MIT */
#include "units/encode.h"

#include "units/property.h"

static const char *const exec_property[_UNIT_EXEC_WHEN_MAX] = {
        [UNIT_EXEC_START_PRE] = "ExecStartPre",
        [UNIT_EXEC_START] = "ExecStart",
        [UNIT_EXEC_STOP_POST] = "ExecStopPost",
};

static int append_string(sd_bus_message *m, const char *name, const char *value) {
        return value ? sd_bus_message_append(m, "(sv)", name, "s", value) : 0;
}

static int append_u64(sd_bus_message *m, const char *name, uint64_t value) {
        return value != UNIT_UNLIMITED ? sd_bus_message_append(m, "(sv)", name, "t", value) : 0;
}

static int append_bool(sd_bus_message *m, const char *name, bool value) {
        return sd_bus_message_append(m, "(sv)", name, "b", (int) value);
}

/* An argument in which the manager, which expands variables, finds what it was. */
static int append_literal(sd_bus_message *m, const char *s) {
        _cleanup_free_ char *escaped = malloc(strlen(s) * 2 + 1);
        char *p = escaped;

        if (!escaped)
                return -ENOMEM;
        for (; *s; s++) {
                if (*s == '$')
                        *p++ = '$';
                *p++ = *s;
        }
        *p = '\0';
        return sd_bus_message_append_basic(m, 's', escaped);
}

/* One command, "(sasb)": path, argv, whether a failure is ignored. */
static int append_exec(sd_bus_message *m, const UnitExec *e) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sasb");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', e->argv[0]);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "s");
        for (char *const *a = e->argv; r >= 0 && *a; a++)
                r = append_literal(m, *a);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'b', &(int){ !!(e->flags & UNIT_EXEC_IGNORE_FAILURE) });
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_execs(sd_bus_message *m, const UnitPlan *p, UnitExecWhen when) {
        size_t n = 0;
        int r;

        for (size_t i = 0; i < p->n_execs; i++)
                n += p->execs[i].when == when;
        if (n == 0)
                return 0;
        r = property_open_array(m, exec_property[when], "(sasb)");
        for (size_t i = 0; r >= 0 && i < p->n_execs; i++)
                if (p->execs[i].when == when)
                        r = append_exec(m, &p->execs[i]);
        return r < 0 ? r : property_close_array(m);
}

static int append_binds(sd_bus_message *m, const UnitPlan *p, bool writable) {
        size_t n = 0;
        int r;

        for (size_t i = 0; i < p->n_binds; i++)
                n += p->binds[i].writable == writable;
        if (n == 0)
                return 0;
        r = property_open_array(m, writable ? "BindPaths" : "BindReadOnlyPaths", "(ssbt)");
        for (size_t i = 0; r >= 0 && i < p->n_binds; i++)
                if (p->binds[i].writable == writable)
                        r = sd_bus_message_append(m, "(ssbt)", p->binds[i].source, p->binds[i].destination,
                                        /* ignore-enoent= */ 0, /* flags: MS_REC= */ UINT64_C(16384));
        return r < 0 ? r : property_close_array(m);
}

static int append_credentials(sd_bus_message *m, const UnitPlan *p) {
        int r;

        if (p->n_credentials == 0)
                return 0;
        r = property_open_array(m, "LoadCredential", "(ss)");
        for (size_t i = 0; r >= 0 && i < p->n_credentials; i++)
                r = sd_bus_message_append(m, "(ss)", p->credentials[i].name, p->credentials[i].value);
        return r < 0 ? r : property_close_array(m);
}

static int append_log_fields(sd_bus_message *m, const UnitPlan *p) {
        int r;

        if (!p->log_fields)
                return 0;
        r = property_open_array(m, "LogExtraFields", "ay");
        for (char *const *f = p->log_fields; r >= 0 && *f; f++)
                r = sd_bus_message_append_array(m, 'y', *f, strlen(*f));
        return r < 0 ? r : property_close_array(m);
}

static int append_output(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = append_string(m, "StandardInput", "null");
        if (r < 0)
                return r;
        if (p->output == UNIT_OUTPUT_FILE)
                r = append_string(m, "StandardOutputFileToTruncate", p->output_path);
        else
                r = append_string(m, "StandardOutput", p->output == UNIT_OUTPUT_NULL ? "null" : "journal");
        if (r < 0)
                return r;
        return append_string(m, "StandardError", "inherit");
}

static int append_limits(sd_bus_message *m, const UnitLimits *l) {
        int r;

        r = append_u64(m, "MemoryMax", l->memory_max);
        if (r >= 0 && l->memory_max != UNIT_UNLIMITED)
                r = append_u64(m, "MemorySwapMax", 0);
        if (r >= 0)
                r = append_u64(m, "CPUQuotaPerSecUSec", l->cpu_quota_usec_per_sec);
        if (r >= 0)
                r = append_u64(m, "TasksMax", l->tasks_max);
        return r;
}

/* Counted even where nothing is limited, for the exit record. */
static int append_accounting(sd_bus_message *m) {
        static const char *const names[] = { "CPUAccounting", "MemoryAccounting", "TasksAccounting" };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++)
                r = append_bool(m, names[i], true);
        return r;
}

static int append_identity(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = append_string(m, "Description", p->description);
        if (r >= 0)
                r = append_string(m, "Type", "exec");
        if (r >= 0)
                r = append_string(m, "CollectMode", "inactive-or-failed");
        /* Without it, a unit in which the kernel killed a process would go on with the rest. */
        if (r >= 0)
                r = append_string(m, "OOMPolicy", "stop");
        if (r >= 0)
                r = append_string(m, "Slice", p->slice);
        if (r >= 0)
                r = append_string(m, "User", p->user);
        if (r >= 0)
                r = append_string(m, "Group", p->group);
        if (r >= 0)
                r = property_append_strv(m, "SupplementaryGroups", p->groups);
        if (r >= 0)
                r = append_string(m, "WorkingDirectory", p->working_directory);
        if (r >= 0)
                r = property_append_strv(m, "Environment", p->environment);
        if (r >= 0)
                r = append_u64(m, "RuntimeMaxUSec", p->runtime_max_usec);
        if (r >= 0)
                r = append_u64(m, "TimeoutStopUSec", p->stop_timeout_usec);
        return r;
}

/* A service outside of its auxiliary slice must name it, else the manager would never start the slice. */
static int append_dependency(sd_bus_message *m, const UnitPlan *p) {
        char *const list[] = { p->aux_slice, NULL };
        int r;

        if (!p->aux_slice || streq_ptr(p->aux_slice, p->slice))
                return 0;
        r = property_append_strv(m, "Requires", list);
        return r < 0 ? r : property_append_strv(m, "After", list);
}

static int append_properties(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = append_identity(m, p);
        if (r >= 0)
                r = append_dependency(m, p);
        if (r >= 0)
                r = append_accounting(m);
        if (r >= 0)
                r = append_limits(m, &p->limits);
        if (r >= 0)
                r = append_output(m, p);
        if (r >= 0)
                r = append_log_fields(m, p);
        if (r >= 0)
                r = append_credentials(m, p);
        if (r >= 0)
                r = sandbox_append(m, p->sandbox, p->ambient_capabilities, p->hidden);
        if (r >= 0)
                r = append_binds(m, p, /* writable= */ false);
        if (r >= 0)
                r = append_binds(m, p, /* writable= */ true);
        /*
         * As "+" before each command but ExecStart=; there is no other way to say it that survives a reload, see
         * plan.h.
         */
        if (r >= 0)
                r = append_bool(m, "PermissionsStartOnly", true);
        if (r >= 0)
                r = append_bool(m, "RootDirectoryStartOnly", true);
        for (UnitExecWhen when = 0; r >= 0 && when < _UNIT_EXEC_WHEN_MAX; when++)
                r = append_execs(m, p, when);
        return r;
}

static int append_aux_properties(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = append_string(m, "Description", p->description);
        /* Slices stay for ever otherwise; one a step would pile up. */
        if (r >= 0)
                r = append_bool(m, "StopWhenUnneeded", true);
        if (r >= 0)
                r = append_accounting(m);
        if (r >= 0)
                r = append_limits(m, &p->aux_limits);
        if (r >= 0)
                r = property_append_any_address(m, "IPAddressDeny");
        return r;
}

static int append_aux(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sa(sv))");
        if (r < 0)
                return r;
        if (p->aux_slice) {
                r = sd_bus_message_open_container(m, 'r', "sa(sv)");
                if (r >= 0)
                        r = sd_bus_message_append_basic(m, 's', p->aux_slice);
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'a', "(sv)");
                if (r >= 0)
                        r = append_aux_properties(m, p);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

int encode_plan(sd_bus_message *m, const UnitPlan *p) {
        int r;

        r = sd_bus_message_append(m, "ss", p->name, "fail");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return r;
        r = append_properties(m, p);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        r = append_aux(m, p);
        return r < 0 ? r : 0;
}
