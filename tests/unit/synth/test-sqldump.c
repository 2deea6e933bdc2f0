/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tests/unit/synth/gunzip.h"
#include "tools/synth/sqldump.h"

static void test_escape(void **state _unused_) {
        static const struct {
                const char *text;
                size_t size;
                const char *expected;
        } cases[] = {
                { "", 0, "" },
                { "plain caf\xc3\xa9 \xf0\x9f\x98\x80", 16, "plain caf\xc3\xa9 \xf0\x9f\x98\x80" },
                { "it's", 4, "it\\'s" },
                { "a\"b", 3, "a\\\"b" },
                { "a\\b", 3, "a\\\\b" },
                { "a\nb\r", 4, "a\\nb\\r" },
                { "a\0b\x1a", 4, "a\\0b\\Z" },
                { "\t%_;", 4, "\t%_;" },
        };
        char text[64];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n = sqldump_escape(cases[i].text, cases[i].size, text);

                text[n] = '\0';
                assert_string_equal(text, cases[i].expected);
        }
}

static void test_table(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        _cleanup_scratch_ Scratch s;
        Sqldump *d;

        scratch_init(&s);
        assert_int_equal(sqldump_open(s.fd, "d.sql.gz", "accounting_001", 1371779557, &d), 0);
        sqldump_table(d, "forum_reputation_record", 0);
        sqldump_table(d, "course_grades", 3);
        for (int i = 1; i <= 2; i++) {
                sqldump_row(d);
                sqldump_int(d, "id", i);
                sqldump_text(d, "session_user_id", "a'b");
                sqldump_thousandths(d, "normal_grade", i == 1 ? 69500 : 0);
                sqldump_text(d, "achievement_level", "none");
        }
        sqldump_table(d, "forum_forums", 0);
        sqldump_row(d);
        sqldump_int(d, "id", -2);
        sqldump_text(d, "name", "");
        sqldump_text(d, "description", "");
        assert_int_equal(sqldump_close(d), 0);
        text = gunzip_at(s.fd, "d.sql.gz", NULL);
        assert_non_null(startswith(text, "-- MySQL dump "));
        assert_non_null(strstr(text, "Database: accounting_001\n"));
        assert_non_null(strstr(text, "SQL_MODE='NO_AUTO_VALUE_ON_ZERO'"));
        assert_non_null(strstr(text,
                "DROP TABLE IF EXISTS `course_grades`;\n"
                "/*!40101 SET @saved_cs_client     = @@character_set_client */;\n"
                "/*!40101 SET character_set_client = utf8 */;\n"
                "CREATE TABLE `course_grades` (\n"
                "  `id` int(11) NOT NULL AUTO_INCREMENT,\n"
                "  `session_user_id` varchar(160) NOT NULL,\n"
                "  `normal_grade` float DEFAULT NULL,\n"
                "  `distinction_grade` float DEFAULT NULL,\n"
                "  `achievement_level` enum('normal','distinction','none') NOT NULL,\n"
                "  `authenticated_overall` tinyint(4) DEFAULT NULL,\n"
                "  `ace_grade` float DEFAULT NULL,\n"
                "  `passed_ace` tinyint(4) DEFAULT NULL,\n"
                "  PRIMARY KEY (`id`),\n"
                "  UNIQUE KEY `session_user_id` (`session_user_id`)\n"
                ") ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=latin1;\n"));
        assert_non_null(strstr(text, "\nINSERT INTO `course_grades` VALUES (1,'a\\'b',69.5,NULL,'none',NULL,NULL,NULL),"
                                     "(2,'a\\'b',0,NULL,'none',NULL,NULL,NULL);\n/*!40000 ALTER TABLE `course_grades` "
                                     "ENABLE KEYS */;\nUNLOCK TABLES;\n"));
        assert_non_null(strstr(text, "INSERT INTO `forum_forums` VALUES (-2,-1,'','','forum',0,0,1,0,0,0,0);\n"));
        assert_null(strstr(text, "INSERT INTO `forum_reputation_record`"));
        assert_non_null(endswith(text, "-- Dump completed on 2013-06-21 01:52:37\n"));
}

/* Big tables are several statements, each on one line. */
static void test_long_table(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        _cleanup_scratch_ Scratch s;
        Sqldump *d;

        scratch_init(&s);
        assert_int_equal(sqldump_open(s.fd, "d.sql.gz", "x", 0, &d), 0);
        sqldump_table(d, "forum_subscribe_forums", 0);
        for (int i = 0; i < 100000; i++) {
                sqldump_row(d);
                sqldump_int(d, "user_id", 1000000 + i);
                sqldump_int(d, "forum_id", 1000000);
                sqldump_int(d, "start_time", 1371779557);
        }
        assert_int_equal(sqldump_close(d), 0);
        text = gunzip_at(s.fd, "d.sql.gz", NULL);
        assert_int_equal(count_of(text, "\nINSERT INTO `forum_subscribe_forums` VALUES ("), 3);
        assert_int_equal(count_of(text, ",1371779557);\n"), 3);
        assert_int_equal(count_of(text, ",1371779557)"), 100000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_escape),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_long_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
