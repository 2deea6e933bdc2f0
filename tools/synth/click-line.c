/* SPDX-License-Identifier: MIT */

#include "tools/synth/click-line.h"

enum {
        TAG_ADDRESS = 501,
        TAG_BROWSER,
        TAG_SESSION,
};

#define LEAVE_TIME_SESSION 2u

static const char *const video_event_names[_VIDEO_EVENT_MAX] = {
        [VIDEO_PLAY]       = "play",
        [VIDEO_PAUSE]      = "pause",
        [VIDEO_SEEKED]     = "seeked",
        [VIDEO_RATECHANGE] = "ratechange",
        [VIDEO_STALLED]    = "stalled",
        [VIDEO_ERROR]      = "error",
        [VIDEO_ENDED]      = "ended",
};

#define PUT(p, literal) put_bytes(p, literal, sizeof(literal) - 1)

static inline char *put_bytes(char *p, const char *data, size_t size) {
        memcpy(p, data, size);
        return p + size;
}

static inline char *put_text(char *p, const char *s) {
        return put_bytes(p, s, strlen(s));
}

static char *put_number(char *p, uint64_t v) {
        char digits[20];
        size_t n = sizeof(digits);

        do
                digits[--n] = (char) ('0' + v % 10);
        while ((v /= 10) > 0);
        return put_bytes(p, digits + n, sizeof(digits) - n);
}

/* v hundredths as the shortest decimal number. */
static char *put_hundredths(char *p, uint64_t v) {
        p = put_number(p, v / 100);
        if (v % 100 == 0)
                return p;
        *p++ = '.';
        *p++ = (char) ('0' + v / 10 % 10);
        if (v % 10 != 0)
                *p++ = (char) ('0' + v % 10);
        return p;
}

void click_visit_init(ClickVisit *c, const Session *s, const Visit *v) {
        uint64_t address = prng_key(v->learner.key, TAG_ADDRESS), browser = prng_key(v->learner.key, TAG_BROWSER);
        char hex[LEARNER_HEX_LENGTH + 1], key[SESSION_KEY_MAX];
        int64_t first = (learner_registered(s, v->learner.number) + 30) * 1000 + (int64_t) (address % 1000);

        c->key = v->key;
        c->leave_time = s->number >= LEAVE_TIME_SESSION;
        learner_hex(s, v->learner.number, hex);
        c->base_length =
                (size_t) snprintf(c->base, sizeof(c->base), "https://class.coursera.org/%s/", session_key(s, '-', key));
        c->user_length = (size_t) snprintf(c->user, sizeof(c->user), "\"username\":\"%s\",\"timestamp\":", hex);
        c->session_length = (size_t) snprintf(
                        c->session, sizeof(c->session),
                        "\",\"client\":\"spark\",\"session\":\"%010llu-%lld\",\"language\":\"%s\",\"from\":\"",
                        (unsigned long long) (prng_key(v->learner.key, TAG_SESSION) % 10000000000u), (long long) first,
                        names_language(browser >> 8));
        /* 198.18.0.0/15 belongs to nobody. */
        c->browser_length = (size_t) snprintf(c->browser, sizeof(c->browser),
                "\",\"user_ip\":\"198.%u.%u.%u\",\"user_agent\":\"%s\",\"12\":[\"{\\\"height\\\":%u,\\\"width\\\":%u}"
                "\"],"
                "\"13\":[0],\"14\":[\"%s\"]",
                18 + (unsigned) (address & 1), (unsigned) (address >> 8 & 255), (unsigned) (address >> 16 & 255),
                names_user_agent(browser), 500 + (unsigned) (browser >> 24 & 511),
                1024 + (unsigned) (browser >> 40 & 1023), names_referrer(browser >> 16));
}

/* From page_url to the end of the line. */
static char *put_tail(char *p, const ClickVisit *c, const char *path, const char *from, int64_t left_ms) {
        p = PUT(p, ",\"page_url\":\"");
        p = put_bytes(p, c->base, c->base_length);
        p = put_text(p, path);
        p = put_bytes(p, c->session, c->session_length);
        if (from) {
                p = put_bytes(p, c->base, c->base_length);
                p = put_text(p, from);
        }
        p = put_bytes(p, c->browser, c->browser_length);
        if (left_ms > 0) {
                p = PUT(p, ",\"30\":[");
                p = put_number(p, (uint64_t) left_ms);
                *p++ = ']';
        }
        return PUT(p, "}\n");
}

size_t click_page(
                Outfile *o, const ClickVisit *c, const char *key, const char *value, int64_t time_ms,
                const char *path, const char *from) {

        char *line = outfile_reserve(o, CLICK_LINE_MAX), *p = line;

        p = PUT(p, "{\"key\":\"");
        p = put_text(p, key);
        p = PUT(p, "\",");
        if (value) {
                p = PUT(p, "\"value\":\"");
                p = put_text(p, value);
                p = PUT(p, "\",");
        }
        p = put_bytes(p, c->user, c->user_length);
        p = put_number(p, (uint64_t) time_ms);
        p = put_tail(p, c, path, from, c->leave_time ? time_ms - 250 : 0);
        outfile_commit(o, (size_t) (p - line));
        return (size_t) (p - line);
}

static char *put_video_value(char *p, const VideoState *v) {
        p = PUT(p, "\"value\":\"{\\\"currentTime\\\":");
        p = put_hundredths(p, v->position);
        p = PUT(p, ",\\\"playbackRate\\\":");
        p = put_hundredths(p, v->rate);
        p = PUT(p, ",\\\"paused\\\":");
        p = v->paused ? PUT(p, "true") : PUT(p, "false");
        p = PUT(p, ",\\\"error\\\":");
        p = v->error == 0 ? PUT(p, "null") : put_number(p, v->error);
        p = PUT(p, ",\\\"networkState\\\":");
        p = put_number(p, v->network);
        p = PUT(p, ",\\\"readyState\\\":");
        p = put_number(p, v->ready);
        p = PUT(p, ",\\\"eventTimestamp\\\":");
        p = put_number(p, (uint64_t) v->time_ms);
        p = PUT(p, ",\\\"initTimestamp\\\":");
        p = put_number(p, (uint64_t) v->init_ms);
        p = PUT(p, ",\\\"type\\\":\\\"");
        p = put_text(p, video_event_names[v->event]);
        p = PUT(p, "\\\",\\\"prevTime\\\":");
        p = put_hundredths(p, v->previous);
        return PUT(p, "}\",");
}

size_t click_video(Outfile *o, const ClickVisit *c, uint32_t lecture_id, const VideoState *v) {
        char *line = outfile_reserve(o, CLICK_LINE_MAX), *p = line;
        char path[CLICK_URL_MAX], *end;

        end = PUT(path, "lecture/view?lecture_id=");
        end = put_number(end, lecture_id);
        *end = '\0';
        p = PUT(p, "{\"key\":\"user.video.lecture.action\",");
        p = put_video_value(p, v);
        p = put_bytes(p, c->user, c->user_length);
        /* The server stamps the event when it arrives, a moment after it happened. */
        p = put_number(p, (uint64_t) v->time_ms);
        p = put_tail(p, c, path, path, 0);
        outfile_commit(o, (size_t) (p - line));
        return (size_t) (p - line);
}

void click_spoil(Outfile *o, size_t size, uint64_t key) {
        char copy[CLICK_LINE_MAX + 8];
        const char *line = outfile_last(o, size), *agent = memmem(line, size, "\"user_agent\":\"", 14);
        size_t at = agent ? (size_t) (agent - line) + 14 : size - 1;

        memcpy(copy, line, size);
        switch (key % 3) {
        case 0:         /* cut off in the middle of the browser's name */
                at += (key >> 8) % 20;
                copy[at++] = '\n';
                size = at;
                break;
        case 1:         /* an escape that JSON does not have */
                memmove(copy + at + 2, copy + at, size - at);
                memcpy(copy + at, "\\'", 2);
                size += 2;
                break;
        default:        /* a bare quote */
                copy[at + 3] = '"';
                break;
        }
        outfile_write(o, copy, size);
}
