/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * receipt.json: what a result is the result of, by digests, signed by the installation, so that a researcher can show it later and the
 * operator can say whether it is theirs and unchanged.
 *
 * The signature is HMAC-SHA256, with the text of the installation's key "receipt" (spool/keys.h), over the receipt without its member
 * "signature" as compact JSON with sorted keys. Everything in a receipt may be seen by the researcher; names of courses are not in it.
 */

#include "spool/json.h"
#include "spool/record.h"

#define RECEIPT_VERSION 1
#define RECEIPT_SIZE_MAX (256u * 1024u)
#define RECEIPT_FILES_MAX 16u
#define RECEIPT_METHOD "HMAC-SHA256"
/* Digits of the key's own digest that tell keys apart. */
#define RECEIPT_KEY_ID_LENGTH 16u

/* What the daemon tells the gate of a job, in the release directory, until the receipt is made. */
#define RECEIPT_FACTS_FILE "facts.json"

typedef struct ReceiptFile {
        char *name;
        uint64_t bytes;
        char *sha256;
} ReceiptFile;

typedef struct ReceiptSignature {
        char *method;
        char *key;   /* the beginning of the SHA-256 of the key's text */
        char *value;
} ReceiptSignature;

/* Digests are 64 hex digits of SHA-256, or NULL where there is no such thing. */
typedef struct Receipt {
        uint64_t version;
        char *tool; /* "morf 1.0" */
        char *job;  /* its id */
        char *user;
        char *name;
        char *mode;          /* "run" or "workflow" */
        char *configuration; /* of the drop as it came */
        char *image;         /* as the engine names it, "sha256:…" */
        char *controller;
        char *plan;
        char *data;        /* of the versions of all sessions that the plan saw */
        char *labels;      /* of the labels that predictions were joined with */
        char *received;    /* times in RFC 3339, UTC */
        char *released;
        Usage usage;
        ReceiptFile *files; /* what was released */
        size_t n_files;
        ReceiptSignature signature;
} Receipt;

extern const JsonTable receipt_table;

#define RECEIPT_INIT ((Receipt){ .version = RECEIPT_VERSION })

/* Appends a file. Return: 0 or -ENOMEM. */
int receipt_add_file(Receipt *r, const char *name, uint64_t bytes, const char *sha256);

/* The receipt as text, signed where key is not NULL. Return: 0 and a fresh string, or a negative errno. */
int receipt_format(const Receipt *r, const char *key, char **ret);

/* Reads a receipt strictly. reterr: as json_record_parse(). Return: 0, -EBADMSG, -ENOMEM. */
int receipt_parse(const char *text, size_t size, Receipt *ret, char **reterr);

/* Conditions of receipt_verify(), which its caller must consume. */
typedef enum ReceiptCondition {
        RECEIPT_E_UNSIGNED = 1,
        RECEIPT_E_OTHER_KEY, /* signed with another key than this */
        RECEIPT_E_FORGED,    /* the signature is not that of this text */
} ReceiptCondition;

/* Whether the text of a receipt bears the signature of key. Return: 0; a ReceiptCondition; -EBADMSG (no receipt); or another negative errno. */
int receipt_verify(const char *text, size_t size, const char *key);

void receipt_done(Receipt *r);
#define _cleanup_receipt_ _cleanup_(receipt_done)
