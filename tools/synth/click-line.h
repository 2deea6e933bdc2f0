/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One line of the clickstream as text. Most of a line is the same for a whole visit and is composed once.
 */

#include "tools/synth/activity.h"
#include "tools/synth/outfile.h"

/* More than the longest line. */
#define CLICK_LINE_MAX 4096u
#define CLICK_URL_MAX 192u
#define CLICK_PART_MAX 1024u

/* What is the same for all lines of a visit. */
typedef struct ClickVisit {
        uint64_t key;
        char base[CLICK_URL_MAX];       /* "https://class.coursera.org/accounting-001/" */
        char user[CLICK_PART_MAX];      /* ","username":"...","timestamp": */
        char browser[CLICK_PART_MAX];   /* ","user_ip":... to the end of key "14" */
        char session[CLICK_PART_MAX];   /* ","client":... to the beginning of from */
        size_t base_length, user_length, browser_length, session_length;
        bool leave_time;                /* newer logs have a key "30" */
} ClickVisit;

typedef enum VideoEvent {
        VIDEO_PLAY,
        VIDEO_PAUSE,
        VIDEO_SEEKED,
        VIDEO_RATECHANGE,
        VIDEO_STALLED,
        VIDEO_ERROR,
        VIDEO_ENDED,
        _VIDEO_EVENT_MAX,
        _VIDEO_EVENT_INVALID = -EINVAL,
} VideoEvent;

typedef struct VideoState {
        VideoEvent event;
        int64_t init_ms, time_ms;
        uint32_t position, previous;    /* hundredths of a second */
        unsigned rate;                  /* hundredths */
        unsigned network, ready, error;
        bool paused;
} VideoState;

void click_visit_init(ClickVisit *c, const Session *s, const Visit *v);

/*
 * Writes a line about a page. Return: its length, with the newline. key: e.g. "pageview", already escaped as JSON.
 * value: JSON text of the value, escaped, or NULL for none. path, from: behind the base URL; from may be NULL for the
 * referrer "".
 */
size_t click_page(
                Outfile *o, const ClickVisit *c, const char *key, const char *value, int64_t time_ms,
                const char *path, const char *from);

/* Writes a line about the video of a lecture. Return: its length, with the newline. */
size_t click_video(Outfile *o, const ClickVisit *c, uint32_t lecture_id, const VideoState *v);

/* Writes the line of size bytes that was just written once more, spoiled in one of several ways. */
void click_spoil(Outfile *o, size_t size, uint64_t key);
