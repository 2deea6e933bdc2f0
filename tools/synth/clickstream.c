/* SPDX-License-Identifier: MIT */

#include "tools/synth/click-line.h"
#include "tools/synth/clickstream.h"
#include "tools/synth/fixed.h"

/* One line in so many is followed by a spoiled copy. */
#define SPOIL_ONE_IN 1500u
#define VIDEO_EVENTS_MIN 3u
#define VIDEO_EVENTS_SPREAD 24u
#define VIDEO_ERROR_CHANCE FIXED(0.006)
#define TAG_SPOIL 601

typedef struct Log {
        const Session *session;
        const Syllabus *syllabus;
        const Forum *forum;
        Outfile *out;
        uint8_t *last_week;
        ClickVisit visit;
        uint64_t spoil_key;
        ClickstreamStats stats;
} Log;

/*
 * Books the line of size bytes that was just written; every so often, and the first time, it is followed by a spoiled
 * copy.
 */
static void book(Log *l, const Visit *v, int64_t time_ms, size_t size) {
        int week = calendar_week(l->session->start, l->session->weeks, time_ms);
        uint8_t *last = l->last_week + v->learner.number, now = (uint8_t) (week < 0 ? 0 : week);
        uint64_t key = prng_key(l->spoil_key, l->stats.lines);

        if (*last == CLICKSTREAM_UNSEEN || *last < now)
                *last = now;
        if (key % SPOIL_ONE_IN == 0 || l->stats.lines == 0) {
                click_spoil(l->out, size, key >> 16);
                l->stats.spoiled++;
        }
        l->stats.lines++;
}

static void page(Log *l, const Visit *v, const char *key, const char *value, int64_t time_ms, const char *path,
        const char *from) {
        time_ms = calendar_avoid_boundary(l->session->start, time_ms);
        book(l, v, time_ms, click_page(l->out, &l->visit, key, value, time_ms, path, from));
}

static void pageview(Log *l, const Visit *v, uint64_t key, int64_t time_ms, const char *path, const char *from) {
        static const char *const values[] = { "{}", "", NULL, "{}" };

        page(l, v, "pageview", values[key % ELEMENTSOF(values)], time_ms, path, from);
}

/* Draws the next event of a video that is being watched. */
static void video_step(VideoState *v, Prng *p, uint32_t length, uint32_t step) {
        static const uint16_t rates[] = { 75, 100, 125, 150, 175, 200, 100 };
        uint32_t r = prng_below(p, 100);

        v->previous = v->position;
        v->position += step;
        v->network = 1 + (r & 1);
        v->ready = r % 9 == 0 ? 2 : 4;
        v->error = prng_chance(p, VIDEO_ERROR_CHANCE) ? 2 : 0;
        v->event = v->error ? VIDEO_ERROR : v->paused ? VIDEO_PLAY : r < 55 ? VIDEO_PAUSE : r < 85 ? VIDEO_SEEKED
                : r < 96 ? VIDEO_RATECHANGE : VIDEO_STALLED;
        if (v->event == VIDEO_SEEKED)
                v->position = prng_below(p, length * 100);
        if (v->event == VIDEO_RATECHANGE)
                v->rate = rates[prng_below(p, ELEMENTSOF(rates))];
        v->paused = v->event == VIDEO_PAUSE || v->event == VIDEO_ERROR;
        if (v->position >= length * 100) {
                v->position = length * 100;
                v->event = VIDEO_ENDED;
                v->paused = true;
        }
}

static void tell_video(Log *l, const Visit *v, const Action *a) {
        const Lecture *lecture = l->syllabus->lectures + a->item;
        Prng p = prng_make(a->key);
        unsigned n = VIDEO_EVENTS_MIN + prng_below(&p, VIDEO_EVENTS_SPREAD);
        uint32_t step = a->duration_ms / (n + 1);
        VideoState state = { .event = VIDEO_PLAY, .init_ms = a->time_ms + 800, .rate = 100, .network = 2 };

        for (unsigned i = 0; i < n; i++) {
                /* Events may overtake each other on their way to the log. */
                state.time_ms = calendar_avoid_boundary(
                        l->session->start,
                        a->time_ms + 900 + (int64_t) i * step + (int64_t) prng_below(&p, step + step / 8 + 1));
                book(l, v, state.time_ms, click_video(l->out, &l->visit, lecture->id, &state));
                video_step(&state, &p, lecture->length, step / 10);
        }
}

static void tell_view(Log *l, const Visit *v, const Action *a) {
        char path[CLICK_URL_MAX];

        (void) snprintf(path, sizeof(path), "lecture/view?lecture_id=%u", l->syllabus->lectures[a->item].id);
        if (a->key % 8 == 0)
                pageview(l, v, a->key >> 8, a->time_ms - 900, "lecture/index", "class/index");
        pageview(l, v, a->key >> 16, a->time_ms, path, "lecture/index");
        tell_video(l, v, a);
}

static void tell_quiz(Log *l, const Visit *v, const Action *a) {
        const Quiz *quiz = l->syllabus->quizzes + a->item;
        char path[CLICK_URL_MAX], from[CLICK_URL_MAX];

        /* A quiz inside a video leaves no page of its own. */
        if (quiz->type == QUIZ_TYPE_VIDEO)
                return;
        (void) snprintf(from, sizeof(from), "quiz?quiz_type=%s", quiz_type_to_string(quiz->type));
        if (a->number == 1) {
                pageview(l, v, a->key >> 8, a->time_ms - 800, from, "class/index");
                (void) snprintf(path, sizeof(path), "quiz/start?quiz_id=%u", quiz->id);
                pageview(l, v, a->key >> 9, a->time_ms - 500, path, from);
        }
        (void) snprintf(path, sizeof(path), "quiz/attempt?quiz_id=%u", quiz->id);
        pageview(l, v, a->key >> 10, a->time_ms, path, from);
        (void) snprintf(from, sizeof(from), "quiz/feedback?submission_id=%u", (uint32_t) (a->key >> 40));
        pageview(l, v, a->key >> 11, a->time_ms + a->duration_ms, "quiz/submit", path);
        if (a->key >> 63)
                pageview(l, v, a->key >> 12, a->time_ms + a->duration_ms + 700, from, "quiz/submit");
}

static void tell_thread(Log *l, const Visit *v, const Action *a) {
        uint32_t thread = forum_pick_thread(l->forum, (uint32_t) (a->time_ms / 1000), a->key);
        char path[CLICK_URL_MAX], from[CLICK_URL_MAX];

        if (thread == SYLLABUS_NONE)
                return;
        (void) snprintf(
                from, sizeof(from), "forum/list?forum_id=%d", forum_area_ids[l->forum->threads[thread].head.area]);
        (void) snprintf(path, sizeof(path), "forum/thread?thread_id=%u", thread + 1);
        if (a->key % 3 == 0)
                pageview(l, v, a->key >> 8, a->time_ms - 600, from, "forum/index");
        pageview(l, v, a->key >> 16, a->time_ms, path, from);
}

static void tell_peer(Log *l, const Visit *v, const Action *a) {
        static const char path[] = "human_grading/view/courses/970001/assessments/1/submissions";

        page(l, v, "hg.hg.pageview", "{}", a->time_ms, path, "human_grading");
        /* Some rows have a whole object, as JSON text, for a key. */
        page(l, v, "{\\\"key\\\":\\\"hg.hg.pageview\\\",\\\"value\\\":\\\"\\\"}", "", a->time_ms + 5000, path,
                "human_grading");
}

static void tell_enter(Log *l, const Visit *v, const Action *a) {
        click_visit_init(&l->visit, l->session, v);
        if (v->day == v->learner.join_day)
                pageview(l, v, a->key >> 8, a->time_ms, "auth/welcome?type=login&subtype=normal", NULL);
        pageview(l, v, a->key, a->time_ms + 300, a->key % 5 == 0 ? "class" : "class/index", NULL);
}

static void tell_download(Log *l, const Visit *v, const Action *a) {
        char path[CLICK_URL_MAX];

        (void) snprintf(path, sizeof(path), "lecture/download.mp4?lecture_id=%u", l->syllabus->lectures[a->item].id);
        pageview(l, v, a->key, a->time_ms, path, "lecture/index");
}

static void tell_assignment(Log *l, const Visit *v, const Action *a) {
        char path[CLICK_URL_MAX];

        (void) snprintf(
                path, sizeof(path), "assignment/view?assignment_id=%u", a->item / SYLLABUS_PARTS_PER_ASSIGNMENT + 1);
        pageview(l, v, a->key, a->time_ms, path, "class/index");
}

static void tell_forum_index(Log *l, const Visit *v, const Action *a) {
        pageview(l, v, a->key, a->time_ms, "forum/index", "class/index");
}

static void tell_contribution(Log *l, const Visit *v, const Action *a) {
        const char *path = a->item == CONTRIBUTION_THREAD ? "forum/posted_thread" : "forum/posted_reply";

        pageview(l, v, a->key, a->time_ms, path, "forum/index");
}

static void tell_wiki(Log *l, const Visit *v, const Action *a) {
        pageview(l, v, a->key, a->time_ms, a->key % 3 ? "wiki/view?page=Syllabus" : "search?q=deadline", "class/index");
}

static void on_action(void *userdata, const Visit *v, const Action *a) {
        typedef void (*Teller)(Log *l, const Visit *v, const Action *a);
        static const Teller tellers[_ACTION_KIND_MAX] = {
                [ACTION_ENTER]             = tell_enter,
                [ACTION_LECTURE_VIEW]      = tell_view,
                [ACTION_LECTURE_DOWNLOAD]  = tell_download,
                [ACTION_QUIZ_SUBMIT]       = tell_quiz,
                [ACTION_ASSIGNMENT_SUBMIT] = tell_assignment,
                [ACTION_PEER_SUBMIT]       = tell_peer,
                [ACTION_FORUM_INDEX]       = tell_forum_index,
                [ACTION_THREAD_VIEW]       = tell_thread,
                [ACTION_CONTRIBUTE]        = tell_contribution,
                [ACTION_WIKI]              = tell_wiki,
        };

        tellers[a->kind](userdata, v, a);
}

int clickstream_write(
                int dirfd, const char *name, const Session *s, const Syllabus *y, const Forum *f,
                uint8_t *last_week, ClickstreamStats *ret_stats) {

        Log l = { .session = s,
                .syllabus = y,
                .forum = f,
                .last_week = last_week,
                .spoil_key = prng_key(s->key, TAG_SPOIL) };
        int r, q;

        memset(last_week, CLICKSTREAM_UNSEEN, s->learners);
        r = outfile_open(dirfd, name, OUTFILE_GZIP, &l.out);
        if (r < 0)
                return r;
        r = activity_by_day(s, y, on_action, &l);
        l.stats.bytes = outfile_size(l.out);
        q = outfile_close(l.out);
        if (r < 0 || q < 0)
                return r < 0 ? r : q;
        *ret_stats = l.stats;
        return 0;
}
