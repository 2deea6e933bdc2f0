/* SPDX-License-Identifier: MIT */
#include "spool/phase-record.h"

#include "spool/base/digest.h"
#include "spool/limits.h"

typedef struct Numbers {
        unsigned *items;
        size_t n;
} Numbers;

/* As it is on disk. */
typedef struct Stored {
        uint64_t version;
        Numbers cached;
        PhaseKey *keys;
        size_t n_keys;
        PhaseBroken *broken;
        size_t n_broken;
} Stored;

static int numbers_read(const json_t *value, void *member) {
        Numbers *l = member;
        size_t n = json_array_size(value);

        if (!json_is_array(value) || n > LIMIT_STEPS)
                return -EBADMSG;
        if (n == 0)
                return 0;
        l->items = calloc(n, sizeof(*l->items));
        if (!l->items)
                return -ENOMEM;
        for (; l->n < n; l->n++) {
                const json_t *item = json_array_get(value, l->n);

                if (!json_is_integer(item) || json_integer_value(item) < 1 || json_integer_value(item) > LIMIT_STEPS + 2 * LIMIT_PHASES)
                        return -EBADMSG;
                l->items[l->n] = (unsigned) json_integer_value(item);
        }
        return 0;
}

static json_t *numbers_write(const void *member) {
        _cleanup_json_ json_t *array = json_array();
        const Numbers *l = member;

        for (size_t i = 0; i < l->n; i++)
                if (json_array_append_new(array, json_integer(l->items[i])) < 0)
                        return NULL;
        return TAKE_PTR(array);
}

static void numbers_done(void *member) {
        Numbers *l = member;

        free(l->items);
        *l = (Numbers){};
}

static bool is_key(const char *s) {
        return strlen(s) == DIGEST_LENGTH && strspn(s, "0123456789abcdef") == DIGEST_LENGTH;
}

static const JsonField key_fields[] = {
        { "step", JSON_KIND_UNSIGNED, offsetof(PhaseKey, step), JSON_REQUIRED, .min = 1, .max = LIMIT_STEPS + 2 * LIMIT_PHASES },
        { "key", JSON_KIND_STRING, offsetof(PhaseKey, key), JSON_REQUIRED, .max = DIGEST_LENGTH, .check = is_key },
};
static const JsonTable key_table = JSON_TABLE(key_fields);

static const JsonField broken_fields[] = {
        { "step", JSON_KIND_UNSIGNED, offsetof(PhaseBroken, step), JSON_REQUIRED, .min = 1, .max = LIMIT_STEPS + 2 * LIMIT_PHASES },
        { "fault", JSON_KIND_OBJECT, offsetof(PhaseBroken, fault), JSON_REQUIRED, .table = &fault_table },
};
static const JsonTable broken_table = JSON_TABLE(broken_fields);

static const JsonField fields[] = {
        { "version", JSON_KIND_U64, offsetof(Stored, version), JSON_REQUIRED, .min = PHASE_RECORD_VERSION, .max = PHASE_RECORD_VERSION },
        { "cached", JSON_KIND_CUSTOM, offsetof(Stored, cached), JSON_REQUIRED, .read = numbers_read, .write = numbers_write, .done = numbers_done },
        { "keys", JSON_ARRAY_OF(Stored, keys, n_keys), .flags = JSON_REQUIRED, .max = LIMIT_STEPS, .table = &key_table },
        { "broken", JSON_ARRAY_OF(Stored, broken, n_broken), .flags = JSON_OMIT_EMPTY, .max = LIMIT_STEPS, .table = &broken_table },
};
static const JsonTable table = JSON_TABLE(fields);

const char *phase_record_file(unsigned phase, char buffer[static PHASE_RECORD_NAME_SIZE]) {
        snprintf(buffer, PHASE_RECORD_NAME_SIZE, "phase-%u.json", phase);
        return buffer;
}

int phase_record_add_cached(PhaseRecord *r, unsigned step) {
        unsigned *bigger = reallocarray(r->cached, r->n_cached + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        r->cached = bigger;
        r->cached[r->n_cached++] = step;
        return 0;
}

int phase_record_add_key(PhaseRecord *r, unsigned step, const char *key) {
        PhaseKey item = { .step = step, .key = strdup(key) };

        return item.key ? json_array_add(&key_table, &r->keys, &r->n_keys, sizeof(item), &item) : -ENOMEM;
}

bool phase_record_is_broken(const PhaseRecord *r, unsigned step) {
        for (size_t i = 0; i < r->n_broken; i++)
                if (r->broken[i].step == step)
                        return true;
        return false;
}

int phase_record_add_broken(PhaseRecord *r, unsigned step, const Fault *f) {
        PhaseBroken item = { .step = step };

        if (phase_record_is_broken(r, step))
                return 0;
        if (fault_copy(f, &item.fault) < 0)
                return -ENOMEM;
        return json_array_add(&broken_table, &r->broken, &r->n_broken, sizeof(item), &item);
}

int phase_record_write_at(int dirfd, unsigned phase, const PhaseRecord *r) {
        const Stored stored = {
                .version = PHASE_RECORD_VERSION,
                .cached = { .items = r->cached, .n = r->n_cached },
                .keys = r->keys,
                .n_keys = r->n_keys,
                .broken = r->broken,
                .n_broken = r->n_broken,
        };
        char name[PHASE_RECORD_NAME_SIZE];

        return json_record_publish_at(&table, &stored, dirfd, phase_record_file(phase, name), 0640, (uid_t) -1, (gid_t) -1);
}

int phase_record_read_at(int dirfd, unsigned phase, PhaseRecord *ret, char **reterr) {
        char name[PHASE_RECORD_NAME_SIZE];
        Stored stored = {};
        int r;

        r = json_record_read_at(&table, dirfd, phase_record_file(phase, name), LIMIT_PLAN_BYTES, &stored, reterr);
        if (r < 0) {
                json_record_done(&table, &stored);
                return r;
        }
        *ret = (PhaseRecord){
                .version = stored.version,
                .cached = stored.cached.items,
                .n_cached = stored.cached.n,
                .keys = stored.keys,
                .n_keys = stored.n_keys,
                .broken = stored.broken,
                .n_broken = stored.n_broken,
        };
        return 0;
}

void phase_record_done(PhaseRecord *r) {
        Stored stored = {
                .cached = { .items = r->cached, .n = r->n_cached },
                .keys = r->keys,
                .n_keys = r->n_keys,
                .broken = r->broken,
                .n_broken = r->n_broken,
        };

        json_record_done(&table, &stored);
        *r = (PhaseRecord){};
}
