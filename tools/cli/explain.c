/* SPDX-License-Identifier: MIT */
#include "tools/cli/explain.h"

#include <stdarg.h>

#include "spool/base/id.h"

TermColour explain_colour(const Record *r) {
        switch (r->state) {
        case JOB_STATE_DONE:
                return TERM_GREEN;
        case JOB_STATE_FAILED:
        case JOB_STATE_REJECTED:
                return TERM_RED;
        case JOB_STATE_CANCELLED:
                return TERM_YELLOW;
        case JOB_STATE_QUEUED:
                return r->hold ? TERM_YELLOW : TERM_PLAIN;
        case JOB_STATE_INTAKE:
                return TERM_PLAIN;
        case JOB_STATE_PREPARING:
        case JOB_STATE_RECORDING:
        case JOB_STATE_PLANNING:
        case JOB_STATE_RUNNING:
        case JOB_STATE_COLLECTING:
        case JOB_STATE_EVALUATING:
        case JOB_STATE_GATING:
        case JOB_STATE_RELEASING:
                return TERM_CYAN;
        case _JOB_STATE_MAX:
        case _JOB_STATE_INVALID:
                break;
        }
        return TERM_PLAIN;
}

const char *explain_state(const Record *r) {
        if (r->state == JOB_STATE_QUEUED && r->hold)
                return "held";
        if (r->cancel && !job_state_is_final(r->state))
                return "cancelling";
        return job_state_to_string(r->state);
}

/* A text without the full stop that may end it. */
static int bare_length(const char *s) {
        size_t n = strlen(s);

        return (int) (n > 0 && s[n - 1] == '.' ? n - 1 : n);
}

#define BARE(s) bare_length(s), (s)

static char *_printf_(1, 2) text(const char *format, ...) {
        va_list ap;
        char *s;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        return n < 0 ? NULL : s;
}

/* " (E_TIME: sentence. hint)" without what is missing. */
static char *why_ended(const Record *r, const char *when) {
        const char *message = strempty(r->fault.message), *hint = strempty(r->fault.hint), *why = strempty(r->why);

        if (r->state == JOB_STATE_DONE)
                return text("Done since %s: the result was released; 'morf show %.*s' prints it.", when,
                            (int) ID_SHORT_LENGTH, r->id);
        if (r->fault.code == FAULT_NONE)
                return text("%s at %s%s%.*s.", job_state_to_string(r->state), when, *why ? ": " : "", BARE(why));
        return text("%s at %s, %s: %.*s.%s%s", job_state_to_string(r->state), when, fault_to_string(r->fault.code),
                    BARE(message), *hint ? " " : "", hint);
}

static char *why_going(const Record *r, const Term *t, uint64_t now, const char *since, const char *span) {
        const char *state = job_state_to_string(r->state), *why = strempty(r->why);
        char until[TIME_STRING_MAX], left[TIME_STRING_MAX];

        if (r->cancel)
                return text("being cancelled while %s (since %s)%s%.*s.", state, since, *why ? ": " : "", BARE(why));
        if (r->state == JOB_STATE_QUEUED && r->hold)
                return text("held in the queue since %s; 'morf release %.*s' lets it start.", since,
                            (int) ID_SHORT_LENGTH, r->id);
        if (r->retry_at > now)
                return text("%s since %s: %.*s. The platform, not the job, is at fault; the next try is at %s (in %s).",
                            state, since, BARE(*why ? why : "the last try did not end well"),
                            term_time(t, r->retry_at, until), term_span(r->retry_at - now, left));
        if (r->deadline > 0 && r->deadline <= now)
                return text("%s since %s: %.*s. It should have ended by %s; the daemon ends or retries what is past "
                            "its time.",
                            state, since, BARE(*why ? why : "it is being worked on"), term_time(t, r->deadline, until));
        if (r->deadline > 0)
                return text("%s since %s (%s): %.*s. It has until %s.", state, since, span,
                            BARE(*why ? why : "it is being worked on"), term_time(t, r->deadline, until));
        return text("%s since %s (%s)%s%.*s.", state, since, span, *why ? ": " : "", BARE(why));
}

/* Sentences begin with a capital, names of states do not. */
static char *capitalise(char *s) {
        if (s && *s >= 'a' && *s <= 'z')
                *s = (char) (*s - 'a' + 'A');
        return s;
}

char *explain_why(const Record *r, const Term *t, uint64_t now, bool daemon_down) {
        char since[TIME_STRING_MAX], span[TIME_STRING_MAX];

        if (job_state_is_final(r->state))
                return capitalise(why_ended(r, term_time(t, r->finished > 0 ? r->finished : r->changed, since)));
        term_time(t, r->changed, since);
        if (daemon_down)
                return text("The daemon (morfd) is not running, so nothing moves on; the job is %s since %s. "
                            "The operator starts it with 'systemctl start morfd'.",
                            job_state_to_string(r->state), since);
        return capitalise(why_going(r, t, now, since, term_span(now > r->changed ? now - r->changed : 1, span)));
}

char *explain_short(const Record *r) {
        if (r->fault.code != FAULT_NONE)
                return text("%s: %s", fault_to_string(r->fault.code), strempty(r->fault.message));
        return strdup(strempty(r->why));
}
