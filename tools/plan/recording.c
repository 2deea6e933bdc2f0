/* SPDX-License-Identifier: MIT */
#include "tools/plan/recording.h"

/* Errors that have better advice than the standard hint. Their kinds are those of tools/recorder. */
static const struct {
        const char *kind, *hint;
} hints[] = {
        { "unknown-call", "Call only functions that MORF 2.0 had; morf-job(5) lists them." },
        { "bad-argument", "Correct the arguments; morf-job(5) lists them." },
        { "syntax", "Correct the controller, or put a Python into the image that understands it." },
        { "import", "Leave the module out, or put it into the image." },
        { "network", "Leave it out: neither controllers nor containers have a network here." },
        { "process", "Leave it out: what runs are the containers that the calls ask for." },
        { "file", "Leave it out: a controller runs in the image of the job and has no files but those of the image." },
        { "time", "Make the controller shorter: it only says what to call, and nothing waits for anything." },
        { "too-many-calls", "Make fewer calls, or more than one job." },
};

int recording_read(int dirfd, const char *controller, Calls *ret, Fault *reterr) {
        _cleanup_calls_ Calls c = {};
        int r;

        r = calls_read_at(dirfd, &c, /* reterr= */ NULL);
        if (r == -ENOENT)
                return fault_set(reterr, FAULT_CONTROLLER, controller, 0, "the controller did not come to its end");
        /* A controller can write there itself. */
        if (r == -EBADMSG || r == -EFBIG || r == -ELOOP || r == -EMLINK)
                return fault_set(reterr, FAULT_CONTROLLER, controller, 0, "what the controller calls was not recorded in the way it should be");
        if (r < 0)
                return r;
        if (!c.error.kind) {
                *ret = c;
                c = (Calls){};
                return 0;
        }
        r = fault_set(reterr, FAULT_CONTROLLER, controller, c.error.line, "%s", c.error.text);
        for (size_t i = 0; i < ELEMENTSOF(hints); i++)
                if (streq(hints[i].kind, c.error.kind) && fault_set_hint(reterr, "%s", hints[i].hint) < 0)
                        return -ENOMEM;
        return r;
}
