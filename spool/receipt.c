/* SPDX-License-Identifier: MIT */
#include "spool/receipt.h"

#include <openssl/crypto.h>

#include "spool/base/digest.h"
#include "spool/base/id.h"
#include "spool/base/name.h"
#include "spool/image-record.h"

#define SIGNATURE "signature"

static bool is_key_id(const char *s) {
        return strlen(s) == RECEIPT_KEY_ID_LENGTH && strspn(s, "0123456789abcdef") == RECEIPT_KEY_ID_LENGTH;
}

static const JsonField file_fields[] = {
        { "name", JSON_KIND_STRING, offsetof(ReceiptFile, name), JSON_REQUIRED, .check = name_is_valid },
        { "bytes", JSON_KIND_U64, offsetof(ReceiptFile, bytes), JSON_REQUIRED },
        { "sha256", JSON_KIND_STRING, offsetof(ReceiptFile, sha256), JSON_REQUIRED, .check = digest_is_valid },
};
static const JsonTable file_table = JSON_TABLE(file_fields);

static const JsonField signature_fields[] = {
        { "method", JSON_KIND_STRING, offsetof(ReceiptSignature, method), JSON_OMIT_EMPTY, .check = name_is_valid },
        { "key", JSON_KIND_STRING, offsetof(ReceiptSignature, key), JSON_OMIT_EMPTY, .check = is_key_id },
        { "value", JSON_KIND_STRING, offsetof(ReceiptSignature, value), JSON_OMIT_EMPTY, .check = digest_is_valid },
};
static const JsonTable signature_table = JSON_TABLE(signature_fields);

#define STRING(field, flags, checked) { #field, JSON_KIND_STRING, offsetof(Receipt, field), flags, .max = RECORD_NAME_MAX, .check = checked }
#define DIGEST(field) STRING(field, JSON_OMIT_EMPTY, digest_is_valid)

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Receipt, version), JSON_REQUIRED, .min = RECEIPT_VERSION, .max = RECEIPT_VERSION },
        STRING(tool, JSON_OMIT_EMPTY, NULL),
        STRING(job, JSON_REQUIRED, id_is_valid),
        STRING(user, JSON_REQUIRED, name_is_user),
        STRING(name, JSON_REQUIRED, NULL),
        STRING(mode, JSON_REQUIRED, name_is_valid),
        DIGEST(configuration),
        STRING(image, JSON_OMIT_EMPTY, image_id_is_valid),
        DIGEST(controller),
        DIGEST(plan),
        DIGEST(data),
        DIGEST(labels),
        STRING(received, JSON_OMIT_EMPTY, NULL),
        STRING(released, JSON_OMIT_EMPTY, NULL),
        { "usage", JSON_KIND_OBJECT, offsetof(Receipt, usage), JSON_OMIT_EMPTY, .table = &usage_table },
        { "files", JSON_ARRAY_OF(Receipt, files, n_files), .flags = JSON_OMIT_EMPTY, .max = RECEIPT_FILES_MAX, .table = &file_table },
        { SIGNATURE, JSON_KIND_OBJECT, offsetof(Receipt, signature), JSON_OMIT_EMPTY, .table = &signature_table },
};
const JsonTable receipt_table = JSON_TABLE(fields);

void receipt_done(Receipt *r) {
        json_record_done(&receipt_table, r);
}

int receipt_add_file(Receipt *r, const char *name, uint64_t bytes, const char *sha256) {
        ReceiptFile f = { .name = strdup(name), .bytes = bytes, .sha256 = strdup(sha256) };

        if (!f.name || !f.sha256) {
                json_record_done(&file_table, &f);
                return -ENOMEM;
        }
        return json_array_add(&file_table, &r->files, &r->n_files, sizeof(f), &f);
}

static int key_id(const char *key, char ret[static RECEIPT_KEY_ID_LENGTH + 1]) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char digest[DIGEST_LENGTH + 1];
        int r;

        r = digest_new(&d);
        if (r >= 0)
                r = digest_add(d, key, strlen(key));
        if (r >= 0)
                r = digest_finish(d, digest);
        if (r < 0)
                return r;
        memcpy(ret, digest, RECEIPT_KEY_ID_LENGTH);
        ret[RECEIPT_KEY_ID_LENGTH] = '\0';
        return 0;
}

/* Of the value without its signature, which is taken out. */
static int sign(json_t *value, const char *key, char ret[static DIGEST_LENGTH + 1]) {
        _cleanup_free_ char *text = NULL;

        (void) json_object_del(value, SIGNATURE);
        text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
        return text ? digest_hmac(key, text, strlen(text), ret) : -ENOMEM;
}

int receipt_format(const Receipt *receipt, const char *key, char **ret) {
        _cleanup_json_ json_t *value = json_record_to_value(&receipt_table, receipt);
        char id[RECEIPT_KEY_ID_LENGTH + 1], signature[DIGEST_LENGTH + 1];
        _cleanup_free_ char *text = NULL;
        int r;

        if (!value)
                return -ENOMEM;
        (void) json_object_del(value, SIGNATURE);
        if (key) {
                r = key_id(key, id);
                if (r >= 0)
                        r = sign(value, key, signature);
                if (r < 0)
                        return r;
                if (json_object_set_new(value, SIGNATURE, json_pack("{s:s, s:s, s:s}", "method", RECEIPT_METHOD, "key", id, "value", signature)) < 0)
                        return -ENOMEM;
        }
        text = json_dumps(value, JSON_INDENT(1));
        if (!text || asprintf(ret, "%s\n", text) < 0)
                return -ENOMEM;
        return 0;
}

int receipt_parse(const char *text, size_t size, Receipt *ret, char **reterr) {
        _cleanup_receipt_ Receipt r = RECEIPT_INIT;
        int k;

        k = json_record_parse(&receipt_table, text, size, &r, reterr);
        if (k < 0)
                return k;
        *ret = r;
        r = (Receipt){};
        return 0;
}

int receipt_verify(const char *text, size_t size, const char *key) {
        char id[RECEIPT_KEY_ID_LENGTH + 1], signature[DIGEST_LENGTH + 1];
        _cleanup_receipt_ Receipt receipt = {};
        _cleanup_json_ json_t *value = NULL;
        int r;

        r = receipt_parse(text, size, &receipt, /* reterr= */ NULL);
        if (r < 0)
                return r;
        if (!receipt.signature.value || !receipt.signature.key || !receipt.signature.method)
                return RECEIPT_E_UNSIGNED;
        r = key_id(key, id);
        if (r < 0)
                return r;
        if (!streq(receipt.signature.key, id) || !streq(receipt.signature.method, RECEIPT_METHOD))
                return RECEIPT_E_OTHER_KEY;
        value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        r = value ? sign(value, key, signature) : -EBADMSG;
        if (r < 0)
                return r;
        return CRYPTO_memcmp(signature, receipt.signature.value, DIGEST_LENGTH) == 0 ? 0 : RECEIPT_E_FORGED;
}
