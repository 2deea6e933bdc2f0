/* SPDX-License-Identifier: MIT */
#include "daemon/probe.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>

#include "daemon/attempt.h"
#include "daemon/probe-plan.h"
#include "daemon/scheduler.h"
#include "spool/base/fd.h"
#include "spool/base/log.h"
#include "spool/base/message-id.h"
#include "spool/base/publish.h"
#include "spool/base/time.h"
#include "spool/exit-record.h"
#include "spool/image-record.h"
#include "units/outcome.h"

#define RUNTIME_DIR "/run/morf"
#define PROOF_FILE "probe.json"
#define PROOF_FILE_MAX 4096u
#define PROOF_VERSION 1
/* A digest and a line break. */
#define PROBE_DIGEST_SIZE 65u

/* ---- which engine ---- */

/*
 * What changes when the engine is upgraded or started anew: its program, and the file that it writes at each start; and what changes
 * when we are: our version. Return: whether it is there.
 */
static bool identify(const Daemon *d, char ret[static PROBE_KEY_MAX]) {
        const Engine *e = engine_find(d->conf.engine.name);
        struct stat program, pid = {};

        if (!e || e->unproved || stat(e->path, &program) < 0 || (e->pid_file && stat(e->pid_file, &pid) < 0))
                return false;
        snprintf(ret, PROBE_KEY_MAX, "%s:%s:%ju:%jd.%09ld:%ju:%jd.%09ld", MORF_VERSION, e->path, (uintmax_t) program.st_ino,
                 (intmax_t) program.st_mtim.tv_sec, program.st_mtim.tv_nsec, (uintmax_t) pid.st_ino, (intmax_t) pid.st_mtim.tv_sec,
                 pid.st_mtim.tv_nsec);
        return true;
}

/* Containers of an engine that is not probed are started as they are. */
static bool is_unproved(const Daemon *d) {
        const Engine *e = engine_find(d->conf.engine.name);

        return e && e->unproved;
}

bool probe_permits(const Daemon *d) {
        char key[PROBE_KEY_MAX];

        if (is_unproved(d))
                return true;
        return d->probe.passed && identify(d, key) && streq(key, d->probe.key);
}

const char *probe_complaint(const Daemon *d) {
        return d->probe.failed ? d->probe.refusal : NULL;
}

const IsolationProof *probe_proof(const Daemon *d, ManifestProfile profile) {
        return &d->probe.proofs[profile];
}

/* ---- the proof that outlives the daemon ---- */

typedef struct ProofFile {
        uint64_t version;
        char *key;
        IsolationProof compat, strict;
} ProofFile;

static const JsonField proof_file_fields[] = {
        { "version", JSON_KIND_U64, offsetof(ProofFile, version), JSON_REQUIRED, .min = PROOF_VERSION, .max = PROOF_VERSION },
        { "key", JSON_KIND_STRING, offsetof(ProofFile, key), JSON_REQUIRED, .max = PROBE_KEY_MAX - 1 },
        { "compat", JSON_KIND_OBJECT, offsetof(ProofFile, compat), JSON_REQUIRED, .table = &isolation_proof_table },
        { "strict", JSON_KIND_OBJECT, offsetof(ProofFile, strict), JSON_REQUIRED, .table = &isolation_proof_table },
};
static const JsonTable proof_file_table = JSON_TABLE(proof_file_fields);

static void save(const Probe *p) {
        const ProofFile file = {
                .version = PROOF_VERSION,
                .key = (char *) p->key,
                .compat = p->proofs[MANIFEST_PROFILE_COMPAT],
                .strict = p->proofs[MANIFEST_PROFILE_STRICT],
        };
        _cleanup_fd_ int dir = fd_open_dir_at(AT_FDCWD, RUNTIME_DIR);
        int r;

        r = dir < 0 ? dir : json_record_publish_at(&proof_file_table, &file, dir, PROOF_FILE, 0644, 0, 0);
        if (r < 0)
                log_debug_errno(r, "cannot keep the proof of the isolation probe in " RUNTIME_DIR ", ignoring");
}

static void load(Probe *p) {
        _cleanup_fd_ int dir = fd_open_dir_at(AT_FDCWD, RUNTIME_DIR);
        ProofFile file = {};
        int r;

        r = dir < 0 ? dir : json_record_read_at(&proof_file_table, dir, PROOF_FILE, PROOF_FILE_MAX, &file, /* reterr= */ NULL);
        if (r >= 0)
                r = isolation_proof_copy(&file.compat, &p->proofs[MANIFEST_PROFILE_COMPAT]);
        if (r >= 0)
                r = isolation_proof_copy(&file.strict, &p->proofs[MANIFEST_PROFILE_STRICT]);
        if (r >= 0) {
                snprintf(p->key, sizeof(p->key), "%s", file.key);
                p->passed = true;
        }
        json_record_done(&proof_file_table, &file);
}

/* ---- how it ends ---- */

/*
 * All probes there are, ours and those of earlier daemons. is_over: no unit of theirs is left to run, so that this is what a killed client left
 * of its container, and its files go; else the client is told to end, and removes its container itself. As it may be late in that,
 * its files stay, and with them its name, until a probe is over.
 * dir: PROBE_DIR
 */
static void sweep(const Daemon *d, int dir, bool is_over) {
        _cleanup_(closedirp) DIR *stream = NULL;
        char slice[UNIT_NAME_SIZE];
        struct dirent *de;

        if (fd_open_dirstream_at(dir, ".", &stream) < 0)
                return;
        while ((de = readdir(stream))) {
                if (!id_is_valid(de->d_name) || unit_name_job_slice(de->d_name, slice) < 0)
                        continue;
                if (is_over)
                        (void) units_kill(d->units, slice, SIGKILL, NULL, NULL);
                (void) units_stop(d->units, slice, NULL, NULL);
                if (is_over)
                        (void) fd_remove_tree_at(dir, de->d_name);
        }
}

static void clear(Daemon *d) {
        _cleanup_fd_ int dir = fd_open_dir_at(AT_FDCWD, PROBE_DIR);
        Probe *p = &d->probe;

        if (dir >= 0)
                sweep(d, dir, /* is_over= */ true);
        p->phase = PROBE_IDLE;
        p->unit[0] = '\0';
        free(p->image);
        free(p->engine_version);
        p->image = p->engine_version = NULL;
        for (ManifestProfile i = 0; i < _MANIFEST_PROFILE_MAX; i++)
                isolation_proof_done(&p->found[i]);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata);

static void retry_later(Daemon *d) {
        Probe *p = &d->probe;
        uint64_t delay = attempt_wait_delay(&d->conf, p->tries++);

        p->timer = sd_event_source_disable_unref(p->timer);
        if (sd_event_add_time_relative(d->event, &p->timer, CLOCK_BOOTTIME, delay, 0, on_timer, d) < 0)
                p->timer = NULL; /* the next job asks again */
}

/*
 * It came to nothing, by trouble that has nothing to do with isolation (refuted: false), or because something is not as it must be.
 * An earlier proof of the same engine stands in the first case.
 */
static void _printf_(3, 4) give_up(Daemon *d, bool refuted, const char *format, ...) {
        char text[PROBE_TEXT_MAX];
        Probe *p = &d->probe;
        bool is_new;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        is_new = !streq(text, p->complaint);
        memcpy(p->complaint, text, sizeof(text));
        p->failed = refuted;
        if (refuted) {
                snprintf(p->refusal, sizeof(p->refusal), "the container isolation probe failed: %.250s", text);
                p->passed = false;
                (void) unlink(RUNTIME_DIR "/" PROOF_FILE);
        }
        log_full(!is_new ? LOG_DEBUG : refuted ? LOG_ERR : LOG_WARNING, 0, MESSAGE_ID_PROBE_FAILED, NULL,
                 "the container isolation probe failed: %s%s", text, p->passed ? "; an earlier one passed, trying again" : "");
        clear(d);
        retry_later(d);
        scheduler_kick(d);
        daemon_report(d);
}

static void pass(Daemon *d) {
        Probe *p = &d->probe;
        bool first = !p->passed || !streq(p->key, p->asked);
        char version[80] = "";

        for (ManifestProfile i = 0; i < _MANIFEST_PROFILE_MAX; i++) {
                isolation_proof_done(&p->proofs[i]);
                p->proofs[i] = p->found[i];
                p->found[i] = (IsolationProof){};
        }
        memcpy(p->key, p->asked, sizeof(p->key));
        p->passed = true;
        p->failed = false;
        p->complaint[0] = '\0';
        p->tries = 0;
        if (p->engine_version)
                snprintf(version, sizeof(version), " %.64s", p->engine_version);
        log_full(first ? LOG_INFO : LOG_DEBUG, 0, MESSAGE_ID_PROBE_PASSED, NULL, "containers of %s%s are isolated as they must be",
                 p->proofs[MANIFEST_PROFILE_COMPAT].engine, version);
        save(p);
        clear(d);
        scheduler_kick(d);
        daemon_report(d);
}

/* ---- its units ---- */

/* Whose container runs in this phase. */
static ManifestProfile profile_of(ProbePhase phase) {
        return phase == PROBE_STRICT ? MANIFEST_PROFILE_STRICT : MANIFEST_PROFILE_COMPAT;
}

static void on_started(void *userdata, const char *unit, int result, const char *message) {
        Daemon *d = userdata;

        /* In all other cases the unit is watched, and probe_gone() follows. */
        if (result < 0 && streq(unit, d->probe.unit))
                give_up(d, false, "the service manager did not start its unit: %s", message);
}

static void start_unit(Daemon *d, ProbePhase phase) {
        const Engine *e = engine_find(d->conf.engine.name);
        _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
        Probe *p = &d->probe;
        int r;

        if (!e)
                r = -ENOPKG;
        else if (phase == PROBE_IMAGE)
                r = probe_plan_image(d, e, p->id.text, &plan);
        else
                r = probe_plan_run(d, e, p->id.text, profile_of(phase), p->image, &plan);
        if (r >= 0) {
                snprintf(p->unit, sizeof(p->unit), "%s", plan->name);
                p->phase = phase;
                r = units_start(d->units, plan, on_started, d);
        }
        if (r < 0)
                give_up(d, false, "it cannot be set up: %s", strerrordesc_np(-r));
}

static void begin(Daemon *d) {
        _cleanup_fd_ int dir = -EBADF;
        Probe *p = &d->probe;
        int r;

        if (p->phase != PROBE_IDLE || !unit_manager_is_connected(d->units) || !identify(d, p->asked))
                return;
        p->timer = sd_event_source_disable_unref(p->timer);
        dir = fd_open_dir_at(AT_FDCWD, PROBE_DIR);
        r = dir < 0 ? dir : id_new(&p->id);
        if (r >= 0) {
                sweep(d, dir, /* is_over= */ false);
                r = probe_make_dirs(d, dir, p->id.text);
        }
        if (r < 0) {
                give_up(d, false, "it cannot be set up: %s", strerrordesc_np(-r));
                return;
        }
        start_unit(d, PROBE_IMAGE);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Daemon *d = userdata;

        d->probe.timer = sd_event_source_disable_unref(d->probe.timer);
        begin(d);
        return 0;
}

void probe_begin(Daemon *d) {
        if (d->probe.asked[0] != '\0')
                return;
        load(&d->probe);
        begin(d);
}

void probe_done(Probe *p) {
        p->timer = sd_event_source_disable_unref(p->timer);
        free(p->image);
        free(p->engine_version);
        for (ManifestProfile i = 0; i < _MANIFEST_PROFILE_MAX; i++) {
                isolation_proof_done(&p->found[i]);
                isolation_proof_done(&p->proofs[i]);
        }
        *p = (Probe){};
}

const char *probe_obstacle(Daemon *d) {
        char key[PROBE_KEY_MAX];
        Probe *p = &d->probe;

        if (!identify(d, key) || probe_permits(d))
                return NULL;
        if (p->phase == PROBE_IDLE && (!p->timer || !streq(key, p->asked)))
                begin(d);
        if (p->complaint[0] == '\0' || !streq(key, p->asked))
                snprintf(p->sentence, sizeof(p->sentence), "the container isolation is being probed");
        else if (p->failed)
                return p->refusal;
        else
                snprintf(p->sentence, sizeof(p->sentence), "the container isolation cannot be probed: %.250s", p->complaint);
        return p->sentence;
}

/* ---- what a unit left ---- */

/* Opens PROBE_DIR/<id>/top followed by rest. Return: a descriptor or a negative errno. */
static int open_below(const Probe *p, const char *top, const char *rest) {
        char path[128];
        int n = snprintf(path, sizeof(path), PROBE_DIR "/%s/", p->id.text);

        /* Our own programs make these names, and nobody else can enter the directory above. */
        snprintf(path + n, sizeof(path) - (size_t) n, "%s%s", top, rest);
        return fd_open_dir_at(AT_FDCWD, path);
}

static int take_image(Probe *p) {
        _cleanup_image_record_ ImageRecord image = {};
        _cleanup_fd_ int dir = open_below(p, "image", "");
        int r;

        r = dir < 0 ? dir : image_record_read_at(dir, IMAGE_RECORD_FILE, &image, /* reterr= */ NULL);
        if (r < 0)
                return r;
        p->image = TAKE_PTR(image.id);
        p->engine_version = TAKE_PTR(image.engine_version);
        return 0;
}

static int fill_proof(Probe *p, const Engine *e, int log_dir, IsolationProof *ret) {
        _cleanup_free_ char *digest = NULL;
        int r;

        r = fd_read_file_at(log_dir, "report.digest", PROBE_DIGEST_SIZE, &digest, /* ret_size= */ NULL);
        if (r < 0)
                return r;
        digest[strcspn(digest, "\n")] = '\0';
        if (!isolation_digest_is_valid(digest))
                return -EBADMSG;
        isolation_proof_done(ret);
        ret->time = time_now_realtime();
        ret->engine = strdup(conf_engine_to_string(e->name));
        ret->engine_version = p->engine_version ? strdup(p->engine_version) : NULL;
        ret->digest = TAKE_PTR(digest);
        return ret->engine && (ret->engine_version || !p->engine_version) ? 0 : -ENOMEM;
}

/*
 * Judges the report of a container. The last one of each profile is kept for people.
 * Return: 0; -EPERM with a sentence; or another negative errno.
 */
static int take_report(Daemon *d, ManifestProfile profile, char **reterr) {
        const Account *account = &d->accounts.of[ACCOUNT_JOB];
        const Engine *e = engine_find(d->conf.engine.name);
        _cleanup_fd_ int output = -EBADF, log_dir = -EBADF, kept = -EBADF;
        const char *name = manifest_profile_to_string(profile);
        IsolationReport expected, found = {};
        char file[32];
        int r;

        output = open_below(&d->probe, name, "/steps/001/output");
        log_dir = output < 0 ? output : open_below(&d->probe, name, "/steps/001/log");
        kept = log_dir < 0 ? log_dir : fd_open_dir_at(AT_FDCWD, PROBE_DIR);
        if (kept < 0 || !e)
                return e ? kept : -ENOPKG;
        r = json_record_read_at(&isolation_report_table, output, ISOLATION_REPORT_FILE, ISOLATION_REPORT_MAX, &found, reterr);
        if (r < 0)
                return r;
        snprintf(file, sizeof(file), "%s.json", name);
        (void) json_record_publish_at(&isolation_report_table, &found, kept, file, 0640, 0, d->accounts.admin);
        expected = isolation_expect(profile, account->uid, account->gid, &probe_limits);
        r = isolation_judge(&found, &expected, reterr);
        return r < 0 ? r : fill_proof(&d->probe, e, log_dir, &d->probe.found[profile]);
}

static Outcome read_outcome(const Probe *p, int *ret_status) {
        _cleanup_fd_ int exits = open_below(p, "exits", "");
        ExitRecord e = EXIT_RECORD_INIT;
        char mark[32];
        int r;

        snprintf(mark, sizeof(mark), "%s-%u", p->phase == PROBE_IMAGE ? "image" : "run",
                 p->phase == PROBE_IMAGE ? 1u : probe_attempt(profile_of(p->phase)));
        r = exits < 0 ? exits : exit_record_read_at(exits, mark, &e, /* reterr_message= */ NULL);
        return outcome_judge(&(OutcomeEvidence){ .recorded = r >= 0, .result = e.result, .code = e.code, .status = e.status, .oom_kills = e.oom_kills },
                             ret_status);
}

static void advance(Daemon *d) {
        ManifestProfile profile = profile_of(d->probe.phase);
        _cleanup_free_ char *complaint = NULL;
        int r;

        if (d->probe.phase == PROBE_IMAGE) {
                r = take_image(&d->probe);
                if (r < 0)
                        give_up(d, false, "its image cannot be used: %s", strerrordesc_np(-r));
                else
                        start_unit(d, PROBE_COMPAT);
                return;
        }
        r = take_report(d, profile, &complaint);
        if (r == -EPERM)
                give_up(d, true, "%s (in the profile %s)", strempty(complaint), manifest_profile_to_string(profile));
        else if (r < 0)
                give_up(d, false, "its report cannot be read: %s", complaint ?: strerrordesc_np(-r));
        else if (d->probe.phase == PROBE_COMPAT)
                start_unit(d, PROBE_STRICT);
        else
                pass(d);
}

bool probe_gone(Daemon *d, const char *unit) {
        Outcome outcome;
        int status;

        if (d->probe.phase == PROBE_IDLE || !streq(unit, d->probe.unit))
                return false;
        outcome = read_outcome(&d->probe, &status);
        if (outcome == OUTCOME_SUCCESS)
                advance(d);
        else if (outcome == OUTCOME_EXIT && status == EXIT_STATUS_ENGINE_DOWN)
                give_up(d, false, "the container engine does not answer");
        else
                give_up(d, false, "its %s ended by %s (%d)", d->probe.phase == PROBE_IMAGE ? "image" : "container", outcome_to_string(outcome), status);
        return true;
}
