/* SPDX-License-Identifier: MIT */

/*
 * The manager against a service manager made of paper: a socket on which an sd-bus server answers what both message bus
 * and systemd would, on the same event loop.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include "spool/base/fd.h"
#include "spool/base/strv.h"
#include "spool/base/time.h"
#include "units/manager.h"

#define PATH "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"
#define DEADLINE_USEC (20 * USEC_PER_SEC)

typedef struct Paper {
        sd_event *event;
        char directory[32], *address, *socket;
        int listener;
        sd_bus *server;

        char **loaded;         /* what ListUnitsByPatterns() tells */
        char **started, **gone, **stopped;
        int start_results[256];
        char *message;         /* of the last start */
        unsigned connected, disconnected, calls, calls_at_most;
        bool mute_starts;      /* do the work, but neither answer nor signal */
        bool hold_starts;      /* answer only when told to */
        sd_bus_message *held[256];
        size_t n_held;
        UnitManager *manager;
} Paper;

static void signal_job_removed(Paper *p, const char *unit, const char *result) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        if (!p->manager)
                return;
        assert_true(sd_bus_message_new_signal(p->server, &m, PATH, INTERFACE, "JobRemoved") >= 0);
        assert_true(sd_bus_message_set_sender(m, "org.freedesktop.systemd1") >= 0);
        assert_true(sd_bus_message_append(m, "uoss", UINT32_C(1), "/job/1", unit, result) >= 0);
        assert_true(sd_bus_send(p->server, m, NULL) >= 0);
}

static void signal_unit_removed(Paper *p, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        if (!p->manager)
                return;
        assert_true(sd_bus_message_new_signal(p->server, &m, PATH, INTERFACE, "UnitRemoved") >= 0);
        assert_true(sd_bus_message_set_sender(m, "org.freedesktop.systemd1") >= 0);
        assert_true(sd_bus_message_append(m, "so", unit, "/unit/x") >= 0);
        assert_true(sd_bus_send(p->server, m, NULL) >= 0);
}

static void unload(Paper *p, const char *unit) {
        char **rest = NULL;

        STRV_FOREACH(s, p->loaded)
                if (!streq(*s, unit))
                        assert_int_equal(strv_add(&rest, *s), 0);
        strv_free(p->loaded);
        p->loaded = rest;
}

static int answer_list(Paper *p, sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        assert_true(sd_bus_message_new_method_return(call, &reply) >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
        STRV_FOREACH(s, p->loaded)
        assert_true(sd_bus_message_append(reply, "(ssssssouso)", *s, "", "loaded",
                            strstr(*s, "failed") ? "failed" : "active", "x", "", "/unit/x",
                            strstr(*s, "pending") ? 7u : 0u, "", "/") >= 0);
        assert_true(sd_bus_message_close_container(reply) >= 0);
        return sd_bus_send(p->server, reply, NULL);
}

static void answer_start(Paper *p, sd_bus_message *call, const char *unit) {
        p->calls--;
        assert_true(sd_bus_reply_method_return(call, "o", "/job/1") >= 0 || !p->manager);
        if (!strstr(unit, "lost-signal"))
                signal_job_removed(p, unit, strstr(unit, "no-exec") ? "failed" : "done");
}

static int on_start(Paper *p, sd_bus_message *call) {
        const char *unit;

        assert_true(sd_bus_message_read(call, "s", &unit) > 0);
        if (strstr(unit, "denied"))
                return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "you may not");
        if (strv_contains(p->loaded, unit) || strstr(unit, "slice-taken"))
                return sd_bus_reply_method_errorf(call, "org.freedesktop.systemd1.UnitExists", "there already");
        assert_int_equal(strv_add(&p->started, unit), 0);
        if (!strstr(unit, "no-exec"))
                assert_int_equal(strv_add(&p->loaded, unit), 0);
        if (p->mute_starts)
                return 0;
        if (++p->calls > p->calls_at_most)
                p->calls_at_most = p->calls;
        if (p->hold_starts) {
                p->held[p->n_held++] = sd_bus_message_ref(call);
                return 0;
        }
        answer_start(p, call, unit);
        return 0;
}

static int on_stop(Paper *p, sd_bus_message *call) {
        const char *unit;

        assert_true(sd_bus_message_read(call, "s", &unit) > 0);
        if (!strv_contains(p->loaded, unit))
                return sd_bus_reply_method_errorf(call, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
        assert_int_equal(strv_add(&p->stopped, unit), 0);
        assert_true(sd_bus_reply_method_return(call, "o", "/job/2") >= 0 || !p->manager);
        unload(p, unit);
        signal_unit_removed(p, unit);
        return 0;
}

static int on_message(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Paper *p = userdata;
        const char *member = sd_bus_message_get_member(m);
        int r;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        if (streq(member, "Hello"))
                r = sd_bus_reply_method_return(m, "s", ":1.1");
        else if (streq(member, "ListUnitsByPatterns"))
                r = answer_list(p, m);
        else if (streq(member, "StartTransientUnit"))
                r = on_start(p, m);
        else if (streq(member, "StopUnit") || streq(member, "KillUnit"))
                r = on_stop(p, m);
        else
                r = sd_bus_reply_method_return(m, NULL); /* AddMatch, Subscribe, ... */
        assert_true(r >= 0 || !p->manager);
        return 1;
}

static int on_connection(_unused_ sd_event_source *source, int fd, _unused_ uint32_t events, void *userdata) {
        sd_id128_t id = SD_ID128_NULL;
        Paper *p = userdata;
        int client;

        client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        assert_true(client >= 0);
        p->server = sd_bus_close_unref(p->server);
        assert_true(sd_bus_new(&p->server) >= 0);
        assert_true(sd_bus_set_fd(p->server, client, client) >= 0);
        assert_true(sd_bus_set_server(p->server, true, id) >= 0);
        assert_true(sd_bus_set_anonymous(p->server, true) >= 0);
        assert_true(sd_bus_add_filter(p->server, NULL, on_message, p) >= 0);
        assert_true(sd_bus_start(p->server) >= 0);
        assert_true(sd_bus_attach_event(p->server, p->event, 0) >= 0);
        return 0;
}

static void listen_on(Paper *p) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        strcpy(a.sun_path, p->socket);
        p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(p->listener >= 0);
        assert_int_equal(bind(p->listener, (struct sockaddr *) &a, sizeof(a)), 0);
        assert_int_equal(listen(p->listener, 8), 0);
        assert_true(sd_event_add_io(p->event, NULL, p->listener, 1 /* EPOLLIN */, on_connection, p) >= 0);
}

static void on_connected(void *userdata) {
        ((Paper *) userdata)->connected++;
}

static void on_disconnected(void *userdata, int error) {
        assert_true(error < 0);
        ((Paper *) userdata)->disconnected++;
}

static void on_gone(void *userdata, const char *unit) {
        Paper *p = userdata;

        /* told in a state in which the manager can be used */
        assert_true(unit_manager_is_connected(p->manager));
        assert_int_equal(strv_add(&p->gone, unit), 0);
}

static void on_started(void *userdata, const char *unit, int result, const char *message) {
        Paper *p = userdata;
        size_t n = 0;

        while (p->start_results[n] != -1)
                n++;
        p->start_results[n] = result;
        p->start_results[n + 1] = -1;
        assert_non_null(unit);
        free(p->message);
        p->message = strdup(message);
}

static int setup(void **state) {
        static const UnitManagerHandlers handlers = {
                .on_connected = on_connected,
                .on_disconnected = on_disconnected,
                .on_gone = on_gone,
        };
        Paper *p = calloc(1, sizeof(*p));

        strcpy(p->directory, "/tmp/test-manager-XXXXXX");
        assert_non_null(mkdtemp(p->directory));
        assert_true(asprintf(&p->socket, "%s/bus", p->directory) > 0);
        assert_true(asprintf(&p->address, "unix:path=%s", p->socket) > 0);
        p->start_results[0] = -1;
        assert_true(sd_event_new(&p->event) >= 0);
        listen_on(p);
        assert_int_equal(unit_manager_new(p->event, p->address, &handlers, p, &p->manager), 0);
        *state = p;
        return 0;
}

static int teardown(void **state) {
        Paper *p = *state;

        unit_manager_free(p->manager);
        for (size_t i = 0; i < p->n_held; i++)
                sd_bus_message_unref(p->held[i]);
        sd_bus_close_unref(p->server);
        sd_event_unref(p->event);
        fd_close(p->listener);
        (void) unlink(p->socket);
        assert_int_equal(rmdir(p->directory), 0);
        strv_free(p->loaded);
        strv_free(p->started);
        strv_free(p->gone);
        strv_free(p->stopped);
        free(p->message);
        free(p->socket);
        free(p->address);
        free(p);
        return 0;
}

/* Turns the loop until condition holds; fails the test after the deadline. */
#define RUN_UNTIL(p, condition)                                                                   \
        do {                                                                                      \
                uint64_t _end = time_add(time_now_boottime(), DEADLINE_USEC);                     \
                while (!(condition)) {                                                            \
                        if (time_now_boottime() > _end)                                           \
                                fail_msg("timed out waiting for %s", #condition);                 \
                        assert_true(sd_event_run((p)->event, 100 * USEC_PER_MSEC) >= 0);          \
                }                                                                                 \
        } while (0)

static int start(Paper *p, const char *unit) {
        _cleanup_(unit_plan_freep) UnitPlan *plan = unit_plan_new(unit, "x", SANDBOX_HELPER);

        unit_plan_add_exec(plan, UNIT_EXEC_START, 0, (const char *const[]){ "/bin/true", NULL });
        return units_start(p->manager, plan, on_started, p);
}

static void starts_and_sees_the_end(void **state) {
        Paper *p = *state;

        assert_int_equal(start(p, "morf-a.service"), -ENOTCONN);
        RUN_UNTIL(p, p->connected);
        assert_int_equal(start(p, "morf-a.service"), 0);
        assert_int_equal(start(p, "morf-a.service"), -EALREADY);
        assert_int_equal(start(p, "foreign.service"), -EINVAL);
        RUN_UNTIL(p, p->start_results[0] == 0);
        assert_string_equal(p->message, "");
        assert_null(p->gone);
        unload(p, "morf-a.service");
        signal_unit_removed(p, "morf-a.service");
        RUN_UNTIL(p, strv_contains(p->gone, "morf-a.service"));
        assert_int_equal(strv_length(p->gone), 1);
}

static void tells_failures_apart(void **state) {
        static const struct {
                const char *unit;
                int result;
                const char *message;
                bool gone;
        } table[] = {
                { "morf-denied.service", -EACCES, "you may not", false },
                { "morf-no-exec.service", UNITS_E_FAILED, "the start of the unit ended with 'failed'", true },
                { "morf-there.service", UNITS_E_EXISTS, "", false },
                { "morf-slice-taken.service", -EEXIST, "there already", false },
                { "morf-lost-signal.service", 0, "", false },
                { "morf-there-pending-failed.service", UNITS_E_EXISTS, "", false },
                { "morf-there-failed.service", -EEXIST, "there already", false },
        };
        Paper *p = *state;

        assert_int_equal(strv_add(&p->loaded, "morf-there.service"), 0);
        assert_int_equal(strv_add(&p->loaded, "morf-there-failed.service"), 0);
        assert_int_equal(strv_add(&p->loaded, "morf-there-pending-failed.service"), 0);
        RUN_UNTIL(p, p->connected);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_int_equal(start(p, table[i].unit), 0);
                /* a listing settles what the lost signal did not; anything watched asks for one */
                if (strstr(table[i].unit, "lost-signal")) {
                        RUN_UNTIL(p, strv_contains(p->started, table[i].unit));
                        assert_int_equal(units_watch(p->manager, "morf-there.service"), 0);
                        units_unwatch(p->manager, "morf-there.service");
                        signal_job_removed(p, "morf-there.service", "done");
                        assert_int_equal(units_watch(p->manager, "morf-there.service"), 0);
                }
                RUN_UNTIL(p, p->start_results[i] != -1);
                if (p->start_results[i] != table[i].result || !streq(p->message, table[i].message))
                        fail_msg("%s: %d, %s", table[i].unit, p->start_results[i], p->message);
                if (table[i].gone)
                        RUN_UNTIL(p, strv_contains(p->gone, table[i].unit));
                assert_int_equal(strv_contains(p->gone, table[i].unit), table[i].gone);
        }
}

/* No more calls at a time than a message bus lets through, and none lost. */
static void sends_a_burst_in_portions(void **state) {
        Paper *p = *state;
        unsigned total = 200, answered = 0;
        char unit[64];

        RUN_UNTIL(p, p->connected);
        p->hold_starts = true;
        for (unsigned i = 0; i < total; i++) {
                snprintf(unit, sizeof(unit), "morf-%u.service", i);
                assert_int_equal(start(p, unit), 0);
        }
        while (answered < total) {
                RUN_UNTIL(p, p->n_held > answered);
                assert_true(p->calls <= 32);
                snprintf(unit, sizeof(unit), "morf-%u.service", answered);
                answer_start(p, p->held[answered++], unit); /* in order */
        }
        RUN_UNTIL(p, p->start_results[total - 1] == 0);
        assert_true(p->calls_at_most <= 32);
        assert_int_equal(strv_length(p->started), total);
}

static unsigned n_done;
static int done_error;

static void on_done(_unused_ void *userdata, _unused_ const char *unit, int error, _unused_ const char *message) {
        n_done++;
        done_error = error;
}

static void stops(void **state) {
        Paper *p = *state;

        n_done = 0;
        assert_int_equal(units_stop(p->manager, "morf-a.service", on_done, p), -ENOTCONN);
        RUN_UNTIL(p, p->connected);
        assert_int_equal(start(p, "morf-a.service"), 0);
        RUN_UNTIL(p, p->start_results[0] == 0);
        assert_int_equal(units_stop(p->manager, "morf-a.service", on_done, p), 0);
        RUN_UNTIL(p, strv_contains(p->gone, "morf-a.service"));
        assert_int_equal(n_done, 1);
        assert_int_equal(done_error, 0);
        assert_int_equal(units_kill(p->manager, "morf-a.service", 9, on_done, p), 0);
        RUN_UNTIL(p, n_done == 2);
        assert_int_equal(done_error, -ENOENT);
}

static void cancelled_calls_are_silent(void **state) {
        Paper *p = *state;

        n_done = 0;
        RUN_UNTIL(p, p->connected);
        assert_int_equal(start(p, "morf-a.service"), 0);
        assert_int_equal(units_stop(p->manager, "morf-a.service", on_done, p), 0);
        units_cancel(p->manager, "morf-a.service");
        RUN_UNTIL(p, strv_contains(p->gone, "morf-a.service"));
        assert_int_equal(n_done, 0);
        assert_int_equal(p->start_results[0], -1);
}

/*
 * The bus goes away between the call and its answer; the unit was started. It must be found, and watched, and nothing
 * started twice.
 */
static void lost_bus_loses_nothing(void **state) {
        Paper *p = *state;

        RUN_UNTIL(p, p->connected);
        assert_int_equal(start(p, "morf-old.service"), 0);
        RUN_UNTIL(p, p->start_results[0] == 0);
        p->mute_starts = true;
        assert_int_equal(start(p, "morf-new.service"), 0);
        assert_int_equal(start(p, "morf-no-exec.service"), 0);
        RUN_UNTIL(p, strv_contains(p->started, "morf-no-exec.service"));

        p->server = sd_bus_close_unref(p->server);
        unload(p, "morf-old.service");
        RUN_UNTIL(p, p->disconnected == 1);
        assert_false(unit_manager_is_connected(p->manager));
        assert_int_equal(start(p, "morf-more.service"), -ENOTCONN);

        RUN_UNTIL(p, p->connected == 2);
        assert_int_equal(p->start_results[1], UNITS_E_EXISTS);
        assert_true(p->start_results[2] < 0);
        assert_true(strv_contains(p->gone, "morf-old.service"));
        assert_int_equal(strv_length(p->gone), 1);

        unload(p, "morf-new.service");
        signal_unit_removed(p, "morf-new.service");
        RUN_UNTIL(p, strv_contains(p->gone, "morf-new.service"));
}

static void watches_adopted_units(void **state) {
        Paper *p = *state;

        assert_int_equal(strv_add(&p->loaded, "morf-there.service"), 0);
        RUN_UNTIL(p, p->connected);
        assert_int_equal(units_watch(p->manager, "foreign.service"), -EINVAL);
        assert_int_equal(units_watch(p->manager, "morf-there.service"), 0);
        assert_int_equal(units_watch(p->manager, "morf-there.service"), 0);
        /* one that ended before it was watched is told of, too */
        assert_int_equal(units_watch(p->manager, "morf-long-gone.service"), 0);
        RUN_UNTIL(p, strv_contains(p->gone, "morf-long-gone.service"));
        assert_int_equal(strv_length(p->gone), 1);
        units_unwatch(p->manager, "morf-there.service");
        unload(p, "morf-there.service");
        signal_unit_removed(p, "morf-there.service");
        assert_int_equal(units_watch(p->manager, "morf-marker.service"), 0);
        RUN_UNTIL(p, strv_contains(p->gone, "morf-marker.service"));
        assert_false(strv_contains(p->gone, "morf-there.service"));
}

static void freeing_cancels(void **state) {
        Paper *p = *state;

        RUN_UNTIL(p, p->connected);
        assert_int_equal(start(p, "morf-a.service"), 0);
        assert_int_equal(units_stop(p->manager, "morf-a.service", on_done, p), 0);
        p->manager = unit_manager_free(p->manager);
        for (unsigned i = 0; i < 20; i++)
                assert_true(sd_event_run(p->event, USEC_PER_MSEC) >= 0);
        assert_int_equal(p->start_results[0], -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(starts_and_sees_the_end),
                TEST(tells_failures_apart),
                TEST(sends_a_burst_in_portions),
                TEST(stops),
                TEST(cancelled_calls_are_silent),
                TEST(lost_bus_loses_nothing),
                TEST(watches_adopted_units),
                TEST(freeing_cancels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
