/* SPDX-License-Identifier: MIT */
/*
 * Jobs of MORF 2.0 in the shapes in which they were handed in: a client.config and a controller become the plan that their authors
 * meant, by way of the intake, the recorder and the planner. To be run in the top directory of the sources, as the recorder is there.
 */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "tools/intake/client-config.h"
#include "tools/plan/compile.h"
#include "tools/plan/recording.h"

#define FROM(module, names) "from morf." module " import " names "\n"
#define EXTRACT FROM("workflow.extract", "extract_session, extract_holdout_session")
#define MODELS FROM("workflow.train", "train_course, train_session") FROM("workflow.test", "test_course") FROM("workflow.evaluate", "evaluate_course")
#define FOLDS FROM("workflow.cross_validation", "create_course_folds, cross_validate_course") FROM("workflow.evaluate", "evaluate_cv_course")

#define FEATURES "extract-session extract-holdout-session "
#define HOLDOUT FEATURES "train-course:dropout test-course:dropout -> course:dropout"

typedef struct Job {
        const char *title;
        const char *arguments;  /* of client.config, behind the section [client]; or NULL */
        const char *controller;
        const char *expected;   /* the phases, -> and the evaluation; or the message of the fault */
} Job;

static const Job jobs[] = {
        { "holdout, by course", NULL,
          EXTRACT MODELS "\nextract_session()\nextract_holdout_session()\ntrain_course(label_type = 'dropout')\ntest_course(label_type = 'dropout')\n"
          "evaluate_course(label_type = 'dropout')",
          HOLDOUT },
        { "holdout, by session, all of it one at a time", NULL,
          EXTRACT MODELS "extract_session(multithread=False)\nextract_holdout_session(multithread=False)\n"
          "train_session(label_type='dropout', multithread=False)\ntest_course('dropout', multithread=False)\nevaluate_course('dropout')\n",
          FEATURES "train-session:dropout test-course:dropout -> course:dropout" },
        { "everything at once, with the names and signatures of the first version", NULL,
          FROM("morf_api.extract", "extract_all, extract_holdout_all") FROM("morf_api.train", "train_all") FROM("morf_api.test", "test_all")
          FROM("morf_api.evaluate", "evaluate_course")
          "extract_all()\nextract_holdout_all()\ntrain_all(label_type='dropout_current_week')\ntest_all()\nevaluate_course(label_type='dropout_current_week')\n",
          "extract-all extract-holdout-all train-all:dropout_current_week test-all:dropout_current_week -> course:dropout_current_week" },
        { "by course; testing knows no label type, and is told where the data are", NULL,
          FROM("workflow.extract", "*") FROM("workflow.train", "*") FROM("workflow.test", "*") FROM("workflow.evaluate", "*")
          "extract_course('morf-data/', False)\nextract_holdout_course(raw_data_dir='morf-data/')\ntrain_course('dropout', 'morf-data/', True)\n"
          "test_course('morf-data/')\nevaluate_all()\n",
          "extract-course extract-holdout-course train-course:dropout test-course:dropout -> all:dropout" },
        { "cross-validation", "[args]\nn_weeks=0\nmodel_type=LR\n",
          EXTRACT FOLDS "extract_session()\nextract_holdout_session()\ncreate_course_folds(label_type=\"dropout\")\ncross_validate_course(label_type=\"dropout\")\n"
          "evaluate_cv_course(label_type=\"dropout\")\n",
          FEATURES "folds-course:dropout:5 cv-course:dropout:5 -> cv:dropout:5" },
        { "ten folds, of the features of another job", "[args]\nn_weeks=3\nmodel_type=SVM\n",
          FROM("workflow.extract", "fork_features") FOLDS
          "fork_features(\"weeks-3-lr\")\ncreate_course_folds('dropout', 10)\ncross_validate_course('dropout', k=10)\nevaluate_cv_course('dropout', 10)\n",
          "fork-session=weeks-3-lr folds-course:dropout:10 cv-course:dropout:10 -> cv:dropout:10" },
        { "features only; the rest is a comment", NULL,
          EXTRACT MODELS "extract_session()\nextract_holdout_session()\n# train_course(label_type='dropout')\n# evaluate_course(label_type='dropout')\n",
          FEATURES "-> none" },
        { "a function that was not imported", NULL,
          EXTRACT FROM("workflow.train", "train_course") FROM("workflow.test", "test_course")
          "extract_session()\nextract_holdout_session()\ntrain_course(label_type='dropout')\ntest_course(label_type='dropout')\nevaluate_course(label_type='dropout')\n",
          HOLDOUT },
        { "a program with options, a function and a variable", "[args]\nLabel=dropout\n",
          "import argparse, logging, multiprocessing, os\n" FROM("utils.config", "get_config_properties, MorfJobConfig")
          FROM("utils.job_runner_utils", "run_image") EXTRACT MODELS
          "def main():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--label', default=get_config_properties(sections_to_fetch='args')['label'])\n"
          "    label_type = parser.parse_args().label\n    for extract in (extract_session, extract_holdout_session):\n        extract()\n"
          "    for step in (train_course, test_course, evaluate_course):\n        step(label_type)\n\nif __name__ == '__main__':\n    main()\n",
          HOLDOUT },
        { "several label types: the last evaluation counts", NULL,
          EXTRACT MODELS "extract_session()\nextract_holdout_session()\nfor label_type in ['dropout_current_week', 'dropout']:\n    train_course(label_type)\n"
          "    test_course(label_type)\n    evaluate_course(label_type)\n",
          FEATURES "train-course:dropout_current_week test-course:dropout_current_week train-course:dropout test-course:dropout -> course:dropout" },
        { "the image, run by the controller itself", NULL,
          FROM("utils.job_runner_utils", "run_image") "run_image(None, 'bucket', level='session')\n",
          "controller.py:2: run_image: a controller cannot run the image itself; it calls the functions of morf.workflow" },
        { "calls without arguments", NULL,
          EXTRACT MODELS "extract_session()\ntrain_course()\n", "controller.py:6: train_course() missing 1 required positional argument: 'label_type'" },
        { "production rules", NULL, FROM("workflow.evaluate", "evaluate_prule_session") "evaluate_prule_session()\n",
          "controller.py:2: evaluate_prule_session: production rules are evaluated by an image of the platform's own (prule_evaluate_image), and this "
          "platform has none" },
};

static void add_session(PlanCourse *c, const char *name, bool holdout) {
        PlanSession s = { .name = strdup(name), .version = strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), .holdout = holdout };

        assert_int_equal(plan_add_session(c, &s), 0);
}

static Plan campus(void) {
        PlanCourse c = { .name = strdup("accounting"), .complete = true };
        Plan p = { .version = PLAN_VERSION };

        add_session(&c, "001", false);
        add_session(&c, "002", true);
        assert_int_equal(plan_add_course(&p, &c), 0);
        return p;
}

static void read_config(const Job *job, Manifest *m) {
        _cleanup_fault_ Fault fault = {};
        _cleanup_free_ char *text = NULL;
        JobAttachment attachment = {};

        assert_true(asprintf(&text, "[client]\nuser_id=your_name\njob_id=the-job\nemail_to=you@example.org\ndocker_url=s3://bucket/jobs/image.tar\n"
                             "controller_url=https://example.org/main/controller.py\n\n%s", strempty(job->arguments)) > 0);
        if (client_config_parse(text, strlen(text), "client.config", /* lenient= */ false, m, &attachment, &fault) < 0)
                fail_msg("%s: %s", job->title, fault.message);
        assert_string_equal(m->job_id ? m->job_id : m->name, "the-job");
        job_attachment_done(&attachment);
}

static void record(const Scratch *s, const Job *job, const Manifest *m) {
        const char *argv[16] = { "python3", "-B", "tools/recorder/record.py", "--job", m->name };
        _cleanup_free_ char *controller = NULL, *output = NULL;
        char args[4][64];
        size_t n = 5;
        int status;
        pid_t pid;

        scratch_write(s, "controller.py", job->controller);
        for (size_t i = 0; i < m->args.n; i++) {
                snprintf(args[i], sizeof(args[i]), "--arg=%s=%s", m->args.items[i].name, m->args.items[i].value);
                argv[n++] = args[i];
        }
        assert_true(asprintf(&controller, "%s/controller.py", s->path) > 0);
        assert_true(asprintf(&output, "%s/record", s->path) > 0);
        argv[n++] = controller;
        argv[n++] = output;
        assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *) (uintptr_t) argv, environ), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* "train-course:dropout cv-course:dropout:5 -> cv:dropout:5" */
static char *describe(const Plan *p) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < p->n_phases; i++) {
                const PlanPhase *phase = &p->phases[i];

                fprintf(f, "%s-%s", plan_mode_to_string(phase->mode), plan_level_to_string(phase->level));
                fprintf(f, phase->fork ? "=%s" : "%s", strempty(phase->fork));
                fprintf(f, phase->label_type ? ":%s" : "%s", strempty(phase->label_type));
                if (phase->k > 0)
                        fprintf(f, ":%u", phase->k);
                fputc(' ', f);
        }
        fprintf(f, "-> %s", plan_evaluation_to_string(p->evaluation.kind));
        fprintf(f, p->evaluation.label_type ? ":%s" : "%s", strempty(p->evaluation.label_type));
        if (p->evaluation.k > 0)
                fprintf(f, ":%u", p->evaluation.k);
        fclose(f);
        return text;
}

static void mean_what_they_meant(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++) {
                const CompileOptions options = { .file = "controller.py" };
                _cleanup_free_ char *text = NULL, *error = NULL;
                _cleanup_fault_ Fault fault = {};
                _cleanup_manifest_ Manifest m = {};
                _cleanup_fd_ int output = -EBADF;
                _cleanup_plan_ Plan p = campus();
                _cleanup_calls_ Calls calls = {};
                _cleanup_scratch_ Scratch s;
                int r;

                scratch_init(&s);
                output = scratch_dir(&s, "record");
                read_config(&jobs[i], &m);
                record(&s, &jobs[i], &m);
                r = recording_read(output, "controller.py", &calls, &fault);
                if (r >= 0)
                        r = compile_calls(&options, calls.items, calls.n, &p, &fault);
                if (r >= 0 && plan_check(&p, &error) < 0)
                        fail_msg("%s: %s", jobs[i].title, error);
                text = r < 0 ? strdup(fault.message) : describe(&p);
                if (!streq(text, jobs[i].expected))
                        fail_msg("%s: %s", jobs[i].title, text);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = { cmocka_unit_test(mean_what_they_meant) };

        return cmocka_run_group_tests_name("controllers", tests, NULL, NULL);
}
