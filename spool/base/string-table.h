/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Enum names from one designated-initialiser table:
 *
 *         static const char *const colour_names[_COLOUR_MAX] = { [COLOUR_RED] = "red", ... };
 *         DEFINE_STRING_TABLE(colour, Colour, COLOUR)
 *
 * defines "const char *colour_to_string(Colour)" (NULL out of range) and "Colour colour_from_string(const char *)"
 * (_COLOUR_INVALID when unknown), to be declared with DECLARE_STRING_TABLE(colour, Colour) in the header.
 */

#include "spool/base/macro.h"

#define DECLARE_STRING_TABLE(name, type)       \
        const char *name##_to_string(type v);  \
        type name##_from_string(const char *s)

#define DEFINE_STRING_TABLE(name, type, PREFIX)                               \
        const char *name##_to_string(type v) {                                \
                if ((int) v < 0 || (int) v >= (int) _##PREFIX##_MAX)          \
                        return NULL;                                          \
                return name##_names[v];                                       \
        }                                                                     \
        type name##_from_string(const char *s) {                              \
                for (int i = 0; s && i < (int) _##PREFIX##_MAX; i++)          \
                        if (name##_names[i] && streq(name##_names[i], s))     \
                                return (type) i;                              \
                return _##PREFIX##_INVALID;                                   \
        }
