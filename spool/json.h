/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Strict JSON records: a C struct described by a table of fields, read and written by one engine.
 *
 * Reading rejects what the table does not know: unknown or duplicate keys, wrong types, numbers out of range, strings
 * that are too long or that the field's check refuses, required keys that are missing. So a record from disk is either
 * exactly what its table says or an error that names the key.
 */

#include <jansson.h>

#include "spool/base/macro.h"

typedef enum JsonKind {
        JSON_KIND_U64,     /* uint64_t, within min..max */
        JSON_KIND_UNSIGNED, /* unsigned, within min..max */
        JSON_KIND_BOOL,    /* bool */
        JSON_KIND_STRING,  /* char *, owned; at most max bytes (0: JSON_STRING_MAX); check() may refuse it */
        JSON_KIND_STRV,    /* char **, owned; at most max strings, each judged by check() */
        JSON_KIND_ENUM,    /* int-sized enum by names[0..max-1] */
        JSON_KIND_OBJECT,  /* struct member, described by table */
        JSON_KIND_ARRAY,   /* array of structs, owned: a pointer at offset, a size_t at count; at most max items of size bytes, each described by table */
        JSON_KIND_CUSTOM,  /* read(), write() and done() do it */
} JsonKind;

enum {
        JSON_REQUIRED = 1 << 0,
        JSON_OMIT_EMPTY = 1 << 1, /* not written when zero, NULL or empty (for objects: when its first field is) */
};

/* Longest string that a field without an own limit may hold. */
#define JSON_STRING_MAX 4096u
#define JSON_STRV_MAX 1024u

typedef struct JsonTable JsonTable;

typedef struct JsonField {
        const char *name;
        JsonKind kind;
        size_t offset;
        unsigned flags;
        uint64_t min, max;
        bool (*check)(const char *s);
        const char *const *names;
        const JsonTable *table;
        size_t count, size; /* of JSON_KIND_ARRAY */
        int (*read)(const json_t *value, void *member); /* 0, -EBADMSG or -ENOMEM */
        json_t *(*write)(const void *member);           /* a new reference; NULL: leave the key out */
        void (*done)(void *member);
} JsonField;

struct JsonTable {
        const JsonField *fields;
        size_t n;
};

#define JSON_TABLE(array) { .fields = (array), .n = ELEMENTSOF(array) }

/* The initialisers of a JSON_KIND_ARRAY field after its name: items is the pointer member, number the size_t member of type. */
#define JSON_ARRAY_OF(type, items, number) \
        JSON_KIND_ARRAY, offsetof(type, items), .count = offsetof(type, number), .size = sizeof(*((type *) NULL)->items)

/* jansson.h itself defines json_decrefp(). */
#define _cleanup_json_ _cleanup_(json_decrefp)

/*
 * Fills the struct at base from text. Fields that are absent keep what base holds. On error base is half filled and must
 * still be released with json_record_done().
 * reterr: may be NULL; a fresh sentence naming the key or the place.
 * Return: 0; -EBADMSG; -ENOMEM.
 */
int json_record_parse(const JsonTable *table, const char *text, size_t size, void *base, char **reterr);

/* The struct as compact JSON text with a final newline that the caller frees. Return: 0 or -ENOMEM. */
int json_record_format(const JsonTable *table, const void *base, char **ret);

/* As json_record_format(), a new reference. Return: NULL when out of memory. */
json_t *json_record_to_value(const JsonTable *table, const void *base);

/* Reads dirfd/name, at most max_size bytes, with fd_read_file_at() and json_record_parse(). Return: as those. */
int json_record_read_at(const JsonTable *table, int dirfd, const char *name, size_t max_size, void *base, char **reterr);

/* Publishes the struct as dirfd/name (publish_file_at(), mode and owner as there). Return: 0 or a negative errno. */
int json_record_publish_at(const JsonTable *table, const void *base, int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid);

/*
 * Appends the struct at item to an array member: items is its pointer, n its count. What the struct owns is the array's afterwards,
 * and is released with table when there is no memory. Return: 0 or -ENOMEM.
 */
int json_array_add(const JsonTable *table, void *items, size_t *n, size_t size, void *item);

/* Frees what the fields own and zeroes them; base can be filled again. */
void json_record_done(const JsonTable *table, void *base);
