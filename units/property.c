/* SPDX-License-Identifier: MIT */
#include "units/property.h"

#include <sys/socket.h>

#define SIGNATURE_MAX 32

int property_open_array(sd_bus_message *m, const char *name, const char *element) {
        char signature[SIGNATURE_MAX];
        int r;

        if (snprintf(signature, sizeof(signature), "a%s", element) >= SIGNATURE_MAX)
                return -EINVAL;
        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', name);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', signature);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', element);
        return r < 0 ? r : 0;
}

int property_close_array(sd_bus_message *m) {
        int r;

        for (unsigned i = 0; i < 3; i++) { /* array, variant, struct */
                r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return 0;
}

int property_append_strv(sd_bus_message *m, const char *name, char *const *l) {
        int r;

        if (!l || !*l)
                return 0;
        r = property_open_array(m, name, "s");
        for (; r >= 0 && *l; l++)
                r = sd_bus_message_append_basic(m, 's', *l);
        return r < 0 ? r : property_close_array(m);
}

static int append_words(sd_bus_message *m, const char *words) {
        _cleanup_free_ char *copy = strdup(words);
        char *state = NULL;
        int r;

        if (!copy)
                return -ENOMEM;
        r = sd_bus_message_open_container(m, 'a', "s");
        for (char *w = strtok_r(copy, " ", &state); r >= 0 && w; w = strtok_r(NULL, " ", &state))
                r = sd_bus_message_append_basic(m, 's', w);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int property_append_filter(sd_bus_message *m, const char *name, bool allow, const char *words) {
        static const char contents[] = "(bas)";
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', name);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', contents);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'r', "bas");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 'b', &(int){ allow });
        if (r < 0)
                return r;
        r = append_words(m, words);
        if (r < 0)
                return r;
        return property_close_array(m); /* three containers here, too: struct, variant, struct */
}

static int append_address(sd_bus_message *m, int family, size_t size) {
        static const uint8_t zero[16];
        int r;

        r = sd_bus_message_open_container(m, 'r', "iayu");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "i", family);
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'y', zero, size);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "u", UINT32_C(0)); /* prefix length */
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int property_append_any_address(sd_bus_message *m, const char *name) {
        int r;

        r = property_open_array(m, name, "(iayu)");
        if (r < 0)
                return r;
        r = append_address(m, AF_INET, 4);
        if (r < 0)
                return r;
        r = append_address(m, AF_INET6, 16);
        if (r < 0)
                return r;
        return property_close_array(m);
}
