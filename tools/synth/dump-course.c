/* SPDX-License-Identifier: MIT */

/* What the staff wrote: announcements, sections, navigation, wiki. */

#include "tools/synth/dump.h"


static const struct {
        const char *name, *title;
} pages[] = {
        { "Syllabus", "Syllabus" },
        { "GradingPolicy", "Grading & Logistics" },
        { "AboutUs", "About \"us\"" },
        { "Resources", "Resources" },
};

static void put_staff(Sqldump *d, const Export *e, const char *column) {
        char hex[LEARNER_HEX_LENGTH + 1];

        learner_hex(e->session, e->session->registered, hex);
        sqldump_text(d, column, hex);
}

static void dump_announcements(Sqldump *d, const Export *e) {
        char title[64], text[256];

        sqldump_table(d, "announcements", e->session->weeks + 2);
        for (unsigned w = 0; w < e->session->weeks; w++) {
                sqldump_row(d);
                sqldump_int(d, "id", w + 1);
                (void) snprintf(title, sizeof(title), "Week %u is open", w + 1);
                sqldump_text(d, "title", title);
                (void) snprintf(text, sizeof(text), "<p>Welcome to week %u; it's about %s.</p>\n", w + 1, names_tag(w));
                sqldump_text(d, "message", w == 0 ? "<p>Welcome to the course!</p>\n" : text);
                put_staff(d, e, "session_user_id");
                sqldump_int(d, "open_time", syllabus_open(e->syllabus, w));
                sqldump_int(d, "close_time", e->syllabus->end);
                sqldump_text(d, "icon", "");
                sqldump_text(d, "email_announcements", w % 2 ? "no_email" : "email_sent");
                sqldump_int(d, "published", 1);
        }
        /* One that never went out. */
        sqldump_row(d);
        sqldump_int(d, "id", e->session->weeks + 1);
        sqldump_text(d, "title", "Draft");
        sqldump_text(d, "message", "");
        put_staff(d, e, "session_user_id");
        sqldump_int(d, "close_time", 0);
        sqldump_text(d, "icon", "");
        sqldump_int(d, "deleted", 1);
        sqldump_text(d, "email_announcements", "no_email");
}

static void put_item(Sqldump *d, const char *type, uint32_t id, unsigned section, unsigned order) {
        char text[16];

        (void) snprintf(text, sizeof(text), "%u", id);
        sqldump_row(d);
        sqldump_text(d, "item_type", type);
        sqldump_text(d, "item_id", text);
        sqldump_int(d, "section_id", section);
        sqldump_int(d, "order", order);
}

static void dump_sections(Sqldump *d, const Export *e) {
        const Syllabus *y = e->syllabus;
        char title[64];

        sqldump_table(d, "sections", e->session->weeks + 1);
        for (unsigned w = 0; w < e->session->weeks; w++) {
                sqldump_row(d);
                sqldump_int(d, "id", w + 1);
                (void) snprintf(title, sizeof(title), "Week %u", w + 1);
                sqldump_text(d, "title", title);
                sqldump_int(d, "display_order", w);
                sqldump_int(d, "visible_date", syllabus_open(y, w));
        }
        sqldump_table(d, "items_sections", 0);
        for (uint32_t i = 0; i < y->n_lectures; i++)
                put_item(d, "lecture", y->lectures[i].id, y->lectures[i].week + 1, i % y->lectures_per_week);
        for (uint32_t i = 0; i <= y->survey; i++)
                put_item(d, "quiz", y->quizzes[i].id, y->quizzes[i].week + 1, 0);
        for (uint32_t i = 0; i < SYLLABUS_ASSIGNMENTS; i++)
                put_item(d, "assignment", i + 1, e->session->weeks * (i + 1) / (SYLLABUS_ASSIGNMENTS + 1) + 1, 1);
        put_item(d, "peergrading", 1, y->peer_week + 1, 2);
}

static void dump_navigation(Sqldump *d) {
        static const struct {
                const char *name, *type, *data;
        } entries[] = {
                { "Home", "link", "class/index" },
                { "Video Lectures", "link", "lecture" },
                { "Learning", "heading", "" },
                { "Quizzes", "link", "quiz" },
                { "Syllabus", "wiki", "Syllabus" },
                { "Discussion Forums", "link", "forum" },
                { "Meetups", "window_link", "http://www.example.org/meetup" },
        };

        sqldump_table(d, "navbar_list", ELEMENTSOF(entries) + 1);
        for (unsigned i = 0; i < ELEMENTSOF(entries); i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_text(d, "name", entries[i].name);
                sqldump_text(d, "icon", "");
                sqldump_text(d, "link_type", entries[i].type);
                sqldump_text(d, "link_data", entries[i].data);
                sqldump_int(d, "order", i);
        }
}

static void dump_wiki(Sqldump *d, const Export *e) {
        int64_t created = e->session->start - 30 * CALENDAR_DAY;
        char id[32];

        sqldump_table(d, "wiki_pages", ELEMENTSOF(pages) + 1);
        for (unsigned i = 0; i < ELEMENTSOF(pages); i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_text(d, "canonical_name", pages[i].name);
                sqldump_text(d, "title", pages[i].title);
                sqldump_int(d, "creator", learner_user_id(e->session, e->session->registered));
                sqldump_int(d, "created", created);
                sqldump_int(d, "modified", created + CALENDAR_DAY);
                sqldump_int(d, "current_revision", 2 * i + 2);
        }
        sqldump_table(d, "wiki_revisions", 2 * ELEMENTSOF(pages) + 1);
        for (unsigned i = 0; i < 2 * ELEMENTSOF(pages); i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i + 1);
                sqldump_int(d, "page_id", i / 2 + 1);
                put_staff(d, e, "session_user_id");
                sqldump_int(d, "timestamp", created + i % 2 * CALENDAR_DAY);
                sqldump_text(d, "comments", i % 2 ? "typo" : "");
        }
        sqldump_table(d, "kvs2_wiki", 0);
        for (unsigned i = 0; i < ELEMENTSOF(pages); i++) {
                sqldump_row(d);
                (void) snprintf(id, sizeof(id), "page:%u", i + 1);
                sqldump_text(d, "id", id);
                sqldump_int(d, "version", 2);
                sqldump_text(d, "alternate_key", pages[i].name);
                sqldump_text(d, "metadata", "{}");
                sqldump_text(d, "encoding", "utf-8");
                sqldump_text(d, "content",
                        "<h2>Read me first</h2>\n<p>There is one quiz a week; it's due three days after the week "
                        "ends.</p>");
                sqldump_int(d, "is_deleted", 0);
                sqldump_int(d, "created_date", created * 1000);
                sqldump_int(d, "modified_date", (created + CALENDAR_DAY) * 1000);
        }
}

void dump_course_pages(Sqldump *d, const Export *e) {
        dump_announcements(d, e);
        dump_sections(d, e);
        dump_navigation(d);
        dump_wiki(d, e);
}
