/* SPDX-License-Identifier: MIT */
#include "tools/image/build-log.h"

#include <inttypes.h>

#include "spool/base/fd.h"
#include "spool/base/parse.h"

#define STEPS_MAX 10000u

int build_log_init(BuildLog *l, int fd, size_t max) {
        *l = (BuildLog){ .fd = fd, .head_left = max / 2, .tail_size = max - max / 2 };
        l->tail = malloc(l->tail_size);
        return l->tail ? 0 : -ENOMEM;
}

void build_log_done(BuildLog *l) {
        free(l->tail);
        *l = (BuildLog){ .fd = -EBADF };
}

/* "Step 4/9 : RUN make" by docker's legacy builder, "STEP 4/9: RUN make" by podman. */
static const struct {
        const char *begin, *end;
} forms[] = {
        { "Step ", " : " },
        { "STEP ", ": " },
};

/* Takes the line apart, in place. */
static bool parse_step(char *line, uint64_t *ret_step, uint64_t *ret_steps) {
        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                char *rest = (char *) (uintptr_t) startswith(line, forms[i].begin), *slash, *end;

                slash = rest ? strchr(rest, '/') : NULL;
                end = slash ? strstr(slash, forms[i].end) : NULL;
                if (!end)
                        continue;
                *slash = *end = '\0';
                return parse_u64(rest, 1, STEPS_MAX, ret_step) >= 0 && parse_u64(slash + 1, *ret_step, STEPS_MAX, ret_steps) >= 0;
        }
        return false;
}

static void judge_line(BuildLog *l) {
        uint64_t step, steps;

        l->line[l->line_length] = '\0';
        if (!parse_step(l->line, &step, &steps))
                return;
        if (step != l->step + 1 || (l->steps > 0 && steps != l->steps))
                return;
        l->step = (unsigned) step;
        l->steps = (unsigned) steps;
}

static void follow(BuildLog *l, const char *data, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (data[i] == '\n') {
                        judge_line(l);
                        l->line_length = 0;
                } else if (l->line_length < BUILD_LOG_LINE_MAX - 1)
                        l->line[l->line_length++] = data[i];
        }
}

static void add_to_tail(BuildLog *l, const char *data, size_t size) {
        while (size > 0) {
                size_t at = l->tail_bytes % l->tail_size, n = l->tail_size - at;

                if (n > size)
                        n = size;
                memcpy(l->tail + at, data, n);
                l->tail_bytes += n;
                data += n;
                size -= n;
        }
}

int build_log_add(BuildLog *l, const char *data, size_t size) {
        size_t head = size < l->head_left ? size : (size_t) l->head_left;
        int r;

        follow(l, data, size);
        if (l->fd < 0)
                return 0;
        r = fd_write_all(l->fd, data, head);
        if (r < 0)
                return r;
        l->head_left -= head;
        add_to_tail(l, data + head, size - head);
        return 0;
}

int build_log_finish(BuildLog *l) {
        char note[96];
        size_t at;
        int r;

        if (l->fd < 0)
                return 0;
        if (l->tail_bytes <= l->tail_size)
                return fd_write_all(l->fd, l->tail, l->tail_bytes);
        at = l->tail_bytes % l->tail_size;
        snprintf(note, sizeof(note), "\n[%" PRIu64 " bytes left out]\n", l->tail_bytes - l->tail_size);
        r = fd_write_all(l->fd, note, strlen(note));
        if (r >= 0)
                r = fd_write_all(l->fd, l->tail + at, l->tail_size - at);
        if (r >= 0)
                r = fd_write_all(l->fd, l->tail, at);
        return r;
}
