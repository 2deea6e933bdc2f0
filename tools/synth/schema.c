/* SPDX-License-Identifier: MIT */

#include "tools/synth/schema.h"

ColumnKind column_kind(const Column *c) {
        if (strstr(c->type, "int("))
                return COLUMN_INTEGER;
        return streq(c->type, "float") ? COLUMN_DECIMAL : COLUMN_TEXT;
}

const Table *schema_at(size_t i) {
        static const Table *const parts[] = { schema_forum, schema_general, schema_peer };

        for (size_t k = 0; k < ELEMENTSOF(parts); k++)
                for (const Table *t = parts[k]; t->name; t++)
                        if (i-- == 0)
                                return t;
        return NULL;
}

const Table *schema_table(const char *name) {
        const Table *t;

        for (size_t i = 0; (t = schema_at(i)); i++)
                if (streq(t->name, name))
                        return t;
        return NULL;
}
