/* SPDX-License-Identifier: MIT */

#include <assert.h>

#include "tools/synth/calendar.h"
#include "tools/synth/outfile.h"
#include "tools/synth/sqldump.h"

/* An INSERT that is longer is ended, as mysqldump does by its net_buffer_length. */
#define INSERT_MAX (1000u * 1000)
#define ESCAPE_CHUNK 8192u

struct Sqldump {
        Outfile *out;
        const Table *table;
        size_t column;                  /* next column of the row */
        bool in_row;
        uint64_t insert_at;             /* where the open INSERT begins; 0: none is open */
        int64_t when;
};

Sqldump *sqldump_free(Sqldump *d) {
        if (!d)
                return NULL;
        (void) outfile_free(d->out);
        free(d);
        return NULL;
}

int sqldump_open(int dirfd, const char *name, const char *database, int64_t when, Sqldump **ret) {
        _cleanup_(sqldump_freep) Sqldump *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->when = when;
        r = outfile_open(dirfd, name, OUTFILE_GZIP, &d->out);
        if (r < 0)
                return r;
        outfile_printf(d->out,
                "-- MySQL dump 10.13  Distrib 5.6.19, for Linux (x86_64)\n--\n-- Host: localhost    Database: %s\n"
                "-- ------------------------------------------------------\n-- Server version\t5.6.19-log\n\n"
                "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n"
                "/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;\n"
                "/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;\n"
                "/*!40101 SET NAMES utf8mb4 */;\n"
                "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n"
                "/*!40103 SET TIME_ZONE='+00:00' */;\n"
                "/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;\n"
                "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n"
                "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
                "/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n",
                database);
        *ret = TAKE_PTR(d);
        return 0;
}

static void put_default(Sqldump *d) {
        const Column *c = d->table->columns + d->column;

        if (c->initial && column_kind(c) == COLUMN_TEXT)
                outfile_printf(d->out, "'%s'", c->initial);
        else if (c->initial)
                outfile_puts(d->out, c->initial);
        else {
                assert(c->nullable);
                outfile_puts(d->out, "NULL");
        }
        d->column++;
}

static void put_separator(Sqldump *d) {
        if (d->column > 0)
                outfile_write(d->out, ",", 1);
}

static void end_row(Sqldump *d) {
        if (!d->in_row)
                return;
        while (d->column < d->table->n_columns) {
                put_separator(d);
                put_default(d);
        }
        outfile_write(d->out, ")", 1);
        d->in_row = false;
}

static void end_insert(Sqldump *d) {
        end_row(d);
        if (d->insert_at > 0)
                outfile_puts(d->out, ";\n");
        d->insert_at = 0;
}

static void end_table(Sqldump *d) {
        if (!d->table)
                return;
        end_insert(d);
        outfile_printf(d->out, "/*!40000 ALTER TABLE `%s` ENABLE KEYS */;\nUNLOCK TABLES;\n", d->table->name);
        d->table = NULL;
}

static void put_column(Outfile *o, const Column *c) {
        outfile_printf(o, "  `%s` %s", c->name, c->type);
        if (!c->nullable)
                outfile_puts(o, " NOT NULL");
        if (c->automatic)
                outfile_puts(o, " AUTO_INCREMENT");
        else if (c->initial)
                outfile_printf(o, " DEFAULT '%s'", c->initial);
        else if (c->nullable && !strstr(c->type, "text") && !strstr(c->type, "blob"))
                outfile_puts(o, " DEFAULT NULL");
}

void sqldump_table(Sqldump *d, const char *name, uint64_t next_id) {
        const Table *t = schema_table(name);

        assert(t);
        end_table(d);
        d->table = t;
        outfile_printf(
                        d->out,
                        "\n--\n-- Table structure for table `%s`\n--\n\nDROP TABLE IF EXISTS `%s`;\n"
                        "/*!40101 SET @saved_cs_client     = @@character_set_client */;\n"
                        "/*!40101 SET character_set_client = utf8 */;\nCREATE TABLE `%s` (\n",
                        name, name, name);
        for (size_t i = 0; i < t->n_columns; i++) {
                put_column(d->out, t->columns + i);
                outfile_puts(d->out, i + 1 < t->n_columns || t->keys[0] ? ",\n" : "\n");
        }
        for (size_t i = 0; t->keys[i]; i++)
                outfile_printf(d->out, "  %s%s\n", t->keys[i], t->keys[i + 1] ? "," : "");
        outfile_puts(d->out, ") ENGINE=InnoDB");
        if (next_id > 0)
                outfile_printf(d->out, " AUTO_INCREMENT=%llu", (unsigned long long) next_id);
        outfile_printf(
                        d->out,
                        " DEFAULT CHARSET=%s;\n/*!40101 SET character_set_client = @saved_cs_client */;\n\n"
                        "--\n-- Dumping data for table `%s`\n--\n\nLOCK TABLES `%s` WRITE;\n"
                        "/*!40000 ALTER TABLE `%s` DISABLE KEYS */;\n",
                        t->charset, name, name, name);
}

void sqldump_row(Sqldump *d) {
        end_row(d);
        if (d->insert_at > 0 && outfile_size(d->out) - d->insert_at > INSERT_MAX)
                end_insert(d);
        if (d->insert_at == 0) {
                d->insert_at = outfile_size(d->out);
                outfile_printf(d->out, "INSERT INTO `%s` VALUES (", d->table->name);
        } else
                outfile_write(d->out, ",(", 2);
        d->in_row = true;
        d->column = 0;
}

/* Goes to the column, writing the defaults of those passed over. */
static void seek_column(Sqldump *d, const char *column, ColumnKind kind) {
        assert(d->in_row);
        for (;; put_default(d)) {
                assert(d->column < d->table->n_columns);
                put_separator(d);
                if (streq(d->table->columns[d->column].name, column))
                        break;
        }
        assert(column_kind(d->table->columns + d->column) == kind);
        d->column++;
}

void sqldump_int(Sqldump *d, const char *column, int64_t v) {
        char digits[24];
        size_t n = sizeof(digits);
        uint64_t u = v < 0 ? -(uint64_t) v : (uint64_t) v;

        seek_column(d, column, COLUMN_INTEGER);
        do
                digits[--n] = (char) ('0' + u % 10);
        while ((u /= 10) > 0);
        if (v < 0)
                digits[--n] = '-';
        outfile_write(d->out, digits + n, sizeof(digits) - n);
}

void sqldump_thousandths(Sqldump *d, const char *column, int64_t v) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%lld.%03lld", (long long) v / 1000, (long long) v % 1000);

        while (text[n - 1] == '0')
                n--;
        if (text[n - 1] == '.')
                n--;
        seek_column(d, column, COLUMN_DECIMAL);
        outfile_write(d->out, text, (size_t) n);
}

size_t sqldump_escape(const char *s, size_t size, char *ret) {
        static const char from[] = "\n\r\\'\"\x1a", to[] = "nr\\'\"Z";
        char *p = ret;

        for (size_t i = 0; i < size; i++) {
                const char *hit = s[i] == '\0' ? NULL : strchr(from, s[i]);

                if (s[i] == '\0' || hit) {
                        *p++ = '\\';
                        *p++ = hit ? to[hit - from] : '0';
                } else
                        *p++ = s[i];
        }
        return (size_t) (p - ret);
}

void sqldump_bytes(Sqldump *d, const char *column, const char *s, size_t size) {
        char escaped[2 * ESCAPE_CHUNK];

        seek_column(d, column, COLUMN_TEXT);
        outfile_write(d->out, "'", 1);
        while (size > 0) {
                size_t n = size < ESCAPE_CHUNK ? size : ESCAPE_CHUNK;

                outfile_write(d->out, escaped, sqldump_escape(s, n, escaped));
                s += n;
                size -= n;
        }
        outfile_write(d->out, "'", 1);
}

void sqldump_text(Sqldump *d, const char *column, const char *s) {
        sqldump_bytes(d, column, s, strlen(s));
}

int sqldump_close(Sqldump *d) {
        char when[CALENDAR_TEXT_MAX];
        int r;

        end_table(d);
        outfile_printf(d->out,
                "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n"
                "/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n/*!40014 SET "
                "UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;\n"
                "/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
                "/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;\n"
                "/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;\n/*!40111 SET "
                "SQL_NOTES=@OLD_SQL_NOTES */;\n\n"
                "-- Dump completed on %s\n",
                calendar_format_time(d->when, when));
        r = outfile_close(TAKE_PTR(d->out));
        (void) sqldump_free(d);
        return r;
}
