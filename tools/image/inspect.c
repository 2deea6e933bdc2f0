/* SPDX-License-Identifier: MIT */
#include "tools/image/inspect.h"

#include "spool/base/socket-get.h"
#include "spool/base/time.h"
#include "spool/image-record.h"
#include "spool/json.h"
#include "tools/image/dockerfile.h"
#include "tools/image/engine.h"

#define ANSWER_USEC (10 * USEC_PER_SEC)

/* Return: 1 with the first line of what the format made; 0 where there is no such image; or a negative errno. */
static int inspect(const char *engine, const char *image, const char *format, char **ret) {
        char *const args[] = { (char *) "image",
                               (char *) "inspect",
                               (char *) "--format",
                               (char *) (uintptr_t) format,
                               (char *) "--",
                               (char *) (uintptr_t) image,
                               NULL };
        _cleanup_engine_result_ EngineResult result = {};
        int r;

        r = engine_call(engine, args, &result);
        if (r < 0)
                return r;
        if (result.status != 0) {
                /* The exit status is the same for "no such image" and "no engine". */
                r = engine_is_to_blame(engine, &result) ? -ECONNREFUSED : engine_ping(engine);
                return r < 0 ? r : 0;
        }
        result.output[strcspn(result.output, "\n")] = '\0';
        *ret = TAKE_PTR(result.output);
        return 1;
}

/* Return: 1 where the daemon itself says that it has the image, with its id; else 0, and the client may say more. */
static int ask_daemon(const char *socket, const char *image, char ret_id[static IMAGE_ID_LENGTH + 1]) {
        _cleanup_json_ json_t *answer = NULL;
        _cleanup_free_ char *body = NULL;
        char target[sizeof("/images//json") + IMAGE_ID_LENGTH];
        const char *id;

        if (!socket || !image_id_is_valid(image))
                return 0;
        snprintf(target, sizeof(target), "/images/%s/json", image);
        if (socket_get(socket, target, ANSWER_USEC, &body) != 200)
                return 0;
        answer = json_loads(body, /* flags= */ 0, /* error= */ NULL);
        id = json_string_value(json_object_get(answer, "Id"));
        if (!id || !image_id_is_valid(id))
                return 0;
        strcpy(ret_id, id);
        return 1;
}

int inspect_image(const char *engine, const char *socket, const char *image, char ret_id[static IMAGE_ID_LENGTH + 1]) {
        _cleanup_free_ char *id = NULL;
        int r;

        if (ask_daemon(socket, image, ret_id) > 0)
                return 1;
        r = inspect(engine, image, engine_traits(engine)->id_format, &id);
        if (r <= 0)
                return r;
        if (!image_id_is_valid(id))
                return -EPROTO;
        strcpy(ret_id, id);
        return 1;
}

int inspect_base(const char *engine, const char *image) {
        _cleanup_free_ char *counts = NULL;
        int r;

        r = inspect(engine, image, "{{len .RepoTags}} {{len .RepoDigests}}", &counts);
        if (r < 0)
                return r;
        if (r == 0)
                return DOCKERFILE_BASE_ABSENT;
        return streq(counts, "0 0") ? DOCKERFILE_BASE_PRIVATE : DOCKERFILE_BASE_USABLE;
}
