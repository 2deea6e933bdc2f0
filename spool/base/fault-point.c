/* SPDX-License-Identifier: MIT */
#include "spool/base/fault-point.h"

#ifdef MORF_FAULT_POINTS

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>

#include "spool/base/fd.h"

#define NAME_SIZE 256u

typedef struct FaultPoint {
        const char *program;
        const char *place;
        const char *details; /* with blanks between; NULL: the place is one point */
        bool error;          /* it can return an error, too */
} FaultPoint;

#define STAGES "intake image data run collect evaluate gate"
#define STEPS "prepare container collect"
#define MAILS "*-accepted.json *-started.json *-finished.json"

/*
 * All there are in the course of a job that ends well; a place that is not in here is a bug. Those of "morfd workflow" are morfd's,
 * but only workflows meet them.
 */
static const FaultPoint points[] = {
        { "morfd", "claim-directory", NULL, true },
        { "morfd", "claim-recorded", NULL, true },
        { "morfd", "claim-renamed", NULL, true },
        { "morfd", "claim-taken", NULL, false },
        { "morfd", "state-entered", "intake queued preparing planning running collecting evaluating gating done", false },
        { "morfd", "state-saved", "intake queued preparing planning running collecting evaluating gating done", false },
        { "morfd", "stage-planned", STAGES, true },
        { "morfd", "stage-recorded", STAGES, true },
        { "morfd", "stage-asked", STAGES, false },
        { "morfd", "stage-gone", STAGES, false },
        { "morfd", "stage-succeeded", STAGES, true },
        { "morfd", "accept-judged", NULL, true },
        { "morfd", "announce-composed", "accepted started finished", true },
        { "morfd", "announce-published", "accepted started finished", false },
        { "morfd", "end-noted", NULL, false },
        { "morfd", "end-announced", NULL, false },
        { "morfd", "end-cleaned", NULL, false },
        { "morfd", "end-moved", NULL, false },
        { "morfd", "publish-begun", "record.json status.json STATUS.txt eval.csv " MAILS, true },
        { "morfd", "publish-written", "record.json status.json STATUS.txt eval.csv " MAILS, true },
        { "morfd", "publish-renamed", "record.json status.json STATUS.txt eval.csv " MAILS, true },
        { "morfd workflow", "step-planned", STEPS, true },
        { "morfd workflow", "step-recorded", STEPS, true },
        { "morfd workflow", "step-asked", STEPS, false },
        { "morfd workflow", "step-gone", STEPS, false },
        { "morfd workflow", "step-succeeded", STEPS, true },
        { "morfd workflow", "step-saved", STEPS, false },
        { "morf-mail", "mail-loaded", "accepted started finished", true },
        { "morf-mail", "mail-delivered", "accepted started finished", true },
        { "morf-mail", "mail-marked", "accepted started finished", false },
        { "morf-mail", "mail-settled", "accepted started finished", false },
};

static const FaultPoint *find(const char *place) {
        for (size_t i = 0; i < ELEMENTSOF(points); i++)
                if (streq(points[i].place, place))
                        return &points[i];
        return NULL;
}

/* Whether it happens for the first time; leaves the mark. */
static bool mark(const char *name) {
        const char *directory = getenv("MORF_FAULT_MARKS");
        char path[4096];
        int fd;

        if (!directory || (size_t) snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
                return false;
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return false; /* also when it cannot be made: better nothing than again and again */
        fd_close(fd);
        return true;
}

static int act(const char *action, bool can_fail) {
        if (streq(action, "kill"))
                (void) raise(SIGKILL);
        else if (streq(action, "stop"))
                (void) raise(SIGSTOP);
        else
                for (int e = 1; can_fail && e < 134; e++)
                        if (streq(strempty(strerrorname_np(e)), action))
                                return -e;
        return 0;
}

int fault_point(const char *place, const char *detail) {
        const FaultPoint *p = find(place);
        const char *wanted = getenv("MORF_FAULT_POINT");
        _cleanup_free_ char *copy = NULL;
        char name[NAME_SIZE], *state = NULL;

        if (!p)
                abort();
        if (!wanted || (copy = strdup(wanted)) == NULL)
                return 0;
        snprintf(name, sizeof(name), "%s%s%s", place, detail ? ":" : "", strempty(detail));
        for (char *item = strtok_r(copy, ",", &state); item; item = strtok_r(NULL, ",", &state)) {
                char *action = strchr(item, '=');

                if (!action)
                        continue;
                *action++ = '\0';
                if (fnmatch(item, name, 0) == 0 && mark(item))
                        return act(action, p->error);
        }
        return 0;
}

void fault_point_list(const char *program) {
        for (size_t i = 0; i < ELEMENTSOF(points); i++) {
                const char *kinds = points[i].error ? "kill error" : "kill";
                _cleanup_free_ char *details = NULL;
                char *state = NULL;

                if (!streq(points[i].program, program))
                        continue;
                if (!points[i].details) {
                        printf("%s %s\n", points[i].place, kinds);
                        continue;
                }
                details = strdup(points[i].details);
                for (char *d = details ? strtok_r(details, " ", &state) : NULL; d; d = strtok_r(NULL, " ", &state))
                        printf("%s:%s %s\n", points[i].place, d, kinds);
        }
}

#endif
