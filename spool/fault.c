/* SPDX-License-Identifier: MIT */
#include "spool/fault.h"

#include <stdarg.h>

static const char *const fault_names[_FAULT_MAX] = {
        [FAULT_NONE] = "E_NONE",
        [FAULT_JOBFILE] = "E_JOBFILE",
        [FAULT_ZIP] = "E_ZIP",
        [FAULT_TOO_BIG] = "E_TOO_BIG",
        [FAULT_ATTACHMENT] = "E_ATTACHMENT",
        [FAULT_UPLOAD] = "E_UPLOAD",
        [FAULT_USER] = "E_USER",
        [FAULT_GRANT] = "E_GRANT",
        [FAULT_POLICY] = "E_POLICY",
        [FAULT_DUPLICATE] = "E_DUPLICATE",
        [FAULT_WORKFLOW] = "E_WORKFLOW",
        [FAULT_IMAGE] = "E_IMAGE",
        [FAULT_BUILD] = "E_BUILD",
        [FAULT_CONTROLLER] = "E_CONTROLLER",
        [FAULT_EXIT] = "E_EXIT",
        [FAULT_SIGNAL] = "E_SIGNAL",
        [FAULT_TIME] = "E_TIME",
        [FAULT_MEMORY] = "E_MEMORY",
        [FAULT_PIDS] = "E_PIDS",
        [FAULT_DISK] = "E_DISK",
        [FAULT_COMMAND] = "E_COMMAND",
        [FAULT_OUTPUT_MISSING] = "E_OUTPUT_MISSING",
        [FAULT_OUTPUT_KIND] = "E_OUTPUT_KIND",
        [FAULT_OUTPUT_TOO_BIG] = "E_OUTPUT_TOO_BIG",
        [FAULT_CSV_EMPTY] = "E_CSV_EMPTY",
        [FAULT_CSV_SYNTAX] = "E_CSV_SYNTAX",
        [FAULT_CSV_COLUMNS] = "E_CSV_COLUMNS",
        [FAULT_CSV_LINE] = "E_CSV_LINE",
        [FAULT_CSV_COURSE] = "E_CSV_COURSE",
        [FAULT_CSV_Y_TRUE] = "E_CSV_Y_TRUE",
        [FAULT_CSV_Y_PRED] = "E_CSV_Y_PRED",
        [FAULT_CSV_Y_SCORE] = "E_CSV_Y_SCORE",
        [FAULT_FEATURES] = "E_FEATURES",
        [FAULT_MODELS] = "E_MODELS",
        [FAULT_LABELS] = "E_LABELS",
        [FAULT_PREDICTIONS_MISSING] = "E_PREDICTIONS_MISSING",
        [FAULT_PREDICTIONS_DUPLICATE] = "E_PREDICTIONS_DUPLICATE",
        [FAULT_PREDICTIONS_VALUE] = "E_PREDICTIONS_VALUE",
        [FAULT_EVALUATION] = "E_EVALUATION",
        [FAULT_RELEASE_SUPPRESSED] = "E_RELEASE_SUPPRESSED",
        [FAULT_PLATFORM] = "E_PLATFORM",
        [FAULT_CANCELLED] = "E_CANCELLED",
};

DEFINE_STRING_TABLE(fault, FaultCode, FAULT)

static const char *const hints[_FAULT_MAX] = {
        [FAULT_NONE] = "",
        [FAULT_JOBFILE] = "Correct the job file and submit it again; 'morf check FILE' checks it without a server.",
        [FAULT_ZIP] = "Make a zip with a Dockerfile at its root or below one top folder, holding only files and folders, and submit it again.",
        [FAULT_TOO_BIG] = "Make the drop smaller, or ask the operator to raise the limit.",
        [FAULT_ATTACHMENT] = "Upload the file beside the job file, under exactly the name that the job file gives, and submit again.",
        [FAULT_UPLOAD] = "Upload the file again, under a temporary name first, and rename it when it is whole.",
        [FAULT_USER] = "Ask the operator about your account.",
        [FAULT_GRANT] = "Name only courses that were granted to you; leave 'courses' out to use all of them.",
        [FAULT_POLICY] = "Ask the operator to allow it, or leave it out.",
        [FAULT_DUPLICATE] = "Wait for the first one to end, or submit this one under another file name.",
        [FAULT_WORKFLOW] = "Correct the calls, their order or their arguments; morf-job(5) lists them.",
        [FAULT_IMAGE] = "Make the archive with 'docker save IMAGE -o image.tar' and submit it again.",
        [FAULT_BUILD] = "Build the Dockerfile on your own machine with 'docker build --network none .' and correct it.",
        [FAULT_CONTROLLER] = "Let the controller do nothing but call the functions of MORF, and put python3 into the image.",
        [FAULT_EXIT] = "Run the job on synthetic data ('morf synth') on your own machine to see its output; it is not released from here.",
        [FAULT_SIGNAL] = "Run the job on synthetic data ('morf synth') on your own machine to see why it crashes.",
        [FAULT_TIME] = "Make the job faster, name fewer courses, or ask for more with limits.time.",
        [FAULT_MEMORY] = "Use less memory, or ask for more with limits.memory.",
        [FAULT_PIDS] = "Start fewer processes and threads at a time.",
        [FAULT_DISK] = "Write less to /output, or ask for more with limits.output.",
        [FAULT_COMMAND] = "Check the ENTRYPOINT and CMD of the image: the program must exist in it and be executable.",
        [FAULT_OUTPUT_MISSING] = "Write the predictions to /output/output.csv with the columns y_true,y_pred,y_score.",
        [FAULT_OUTPUT_KIND] = "Write /output/output.csv as a regular file, not as a link or a device.",
        [FAULT_OUTPUT_TOO_BIG] = "Leave only output.csv in /output, or ask for more with limits.output.",
        [FAULT_CSV_EMPTY] = "Write at least one row of predictions.",
        [FAULT_CSV_SYNTAX] = "Write plain comma-separated UTF-8 text, one row a line, each with as many cells as the header.",
        [FAULT_CSV_COLUMNS] = "Write the columns y_true,y_pred,y_score (and course, if you like) each once.",
        [FAULT_CSV_LINE] = "Keep lines and cells short; only y_true, y_pred, y_score and course are read.",
        [FAULT_CSV_COURSE] = "Write course names with letters, digits, '.', '_' and '-' only.",
        [FAULT_CSV_Y_TRUE] = "Write y_true as 0 or 1 in every row.",
        [FAULT_CSV_Y_PRED] = "Write y_pred as 0 or 1 in every row.",
        [FAULT_CSV_Y_SCORE] = "Write y_score as a number from 0 to 1 in every row.",
        [FAULT_FEATURES] = "Let the extraction write one row with userID for every learner of every session that it is given.",
        [FAULT_MODELS] = "Call train_session, train_course or train_all before the models are tested.",
        [FAULT_LABELS] = "Leave the course out with 'courses', or ask the operator for its labels.",
        [FAULT_PREDICTIONS_MISSING] = "Write one row with userID, prob and pred for every learner of the features that the container is given.",
        [FAULT_PREDICTIONS_DUPLICATE] = "Write one row a learner: each userID once in the predictions of a course.",
        [FAULT_PREDICTIONS_VALUE] = "Write prob as a number from 0 to 1 and pred as 0 or 1 in every row.",
        [FAULT_EVALUATION] = "Evaluate with evaluate_course, evaluate_all or evaluate_cv_course.",
        [FAULT_RELEASE_SUPPRESSED] = "Evaluate on more learners: every row was below the smallest size that may be released.",
        [FAULT_PLATFORM] = "You need not change anything; the operator was told. Submit the job again later.",
        [FAULT_CANCELLED] = "Submit the job again if it was cancelled by mistake.",
};

static const JsonField fields[] = {
        { "code", JSON_KIND_ENUM, offsetof(Fault, code), JSON_REQUIRED, .names = fault_names, .max = _FAULT_MAX },
        { "message", JSON_KIND_STRING, offsetof(Fault, message), JSON_REQUIRED, .max = FAULT_MESSAGE_MAX },
        { "hint", JSON_KIND_STRING, offsetof(Fault, hint), JSON_OMIT_EMPTY, .max = FAULT_MESSAGE_MAX },
        { "file", JSON_KIND_STRING, offsetof(Fault, file), JSON_OMIT_EMPTY, .max = FAULT_NAME_MAX },
        { "line", JSON_KIND_UNSIGNED, offsetof(Fault, line), JSON_OMIT_EMPTY },
};

const JsonTable fault_table = JSON_TABLE(fields);

const char *fault_default_hint(FaultCode code) {
        return (int) code >= 0 && code < _FAULT_MAX ? hints[code] : "";
}

/* Cuts s to at most max bytes without splitting a UTF-8 sequence. */
static void cut(char *s, size_t max) {
        size_t n = max - 3;

        if (strlen(s) <= max)
                return;
        while (n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80)
                n--;
        strcpy(s + n, "...");
}

static char *_printf_(1, 0) format_bounded(const char *format, va_list ap) {
        char *s;

        if (vasprintf(&s, format, ap) < 0)
                return NULL;
        cut(s, FAULT_MESSAGE_MAX);
        return s;
}

int fault_set(Fault *f, FaultCode code, const char *file, unsigned line, const char *format, ...) {
        _cleanup_free_ char *sentence = NULL;
        va_list ap;
        int r = -1;

        fault_done(f);
        va_start(ap, format);
        sentence = format_bounded(format, ap);
        va_end(ap);

        f->code = code;
        f->line = line;
        f->hint = strdup(fault_default_hint(code));
        f->file = file ? strdup(file) : NULL;
        if (!sentence || !f->hint || (file && !f->file))
                return -ENOMEM;
        if (file && line > 0)
                r = asprintf(&f->message, "%s:%u: %s", file, line, sentence);
        else if (file)
                r = asprintf(&f->message, "%s: %s", file, sentence);
        else
                r = asprintf(&f->message, "%s", sentence);
        if (r < 0) {
                f->message = NULL;
                return -ENOMEM;
        }
        cut(f->message, FAULT_MESSAGE_MAX);
        if (f->file)
                cut(f->file, FAULT_NAME_MAX);
        return -EBADMSG;
}

int fault_set_hint(Fault *f, const char *format, ...) {
        va_list ap;

        char *hint;

        va_start(ap, format);
        hint = format_bounded(format, ap);
        va_end(ap);
        if (!hint)
                return -ENOMEM;
        free(f->hint);
        f->hint = hint;
        return 0;
}

int fault_write_at(int dirfd, const Fault *f) {
        return json_record_publish_at(&fault_table, f, dirfd, FAULT_FILE, 0640, (uid_t) -1, (gid_t) -1);
}

int fault_read_at(int dirfd, Fault *ret) {
        _cleanup_fault_ Fault f = {};
        int r;

        r = json_record_read_at(&fault_table, dirfd, FAULT_FILE, FAULT_FILE_MAX, &f, /* reterr= */ NULL);
        if (r < 0)
                return r;
        *ret = f;
        f = (Fault){};
        return 0;
}

int fault_copy(const Fault *from, Fault *ret) {
        Fault f = { .code = from->code, .line = from->line };

        f.message = strdup(strempty(from->message));
        f.hint = strdup(strempty(from->hint));
        f.file = from->file ? strdup(from->file) : NULL;
        if (!f.message || !f.hint || (from->file && !f.file)) {
                fault_done(&f);
                return -ENOMEM;
        }
        *ret = f;
        return 0;
}

void fault_done(Fault *f) {
        free(f->message);
        free(f->hint);
        free(f->file);
        *f = (Fault){};
}
