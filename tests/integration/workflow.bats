#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: a job of MORF 2.0, a client.config with an image and a controller, becomes an evaluation unmodified: features of each
# session, a model for each course, predictions of the last session; cross-validation and forked features likewise; and what is finished
# is not run again.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=workflow

setup_file() {
        start_machine 'release: { min_cell = 0; }; limits: { default: { cpus = 1.0; memory = "256M"; time = "2m"; output = "32M"; }; };'
        add_user alice
        "$BATS_TEST_DIRNAME/../host/host" copy "$BATS_TEST_DIRNAME/../jobs/workflow" /root/test/workflow
        machine_sh '
                rm -rf /srv/morf/university
                morf synth --out /srv/morf/university --courses 3 --sessions 3 --users 60 --seed 1
                docker build -q -t test-workflow /root/test/workflow > /dev/null
                docker save -o /root/test/workflow/image.tar test-workflow
                docker rmi -f test-workflow > /dev/null'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# drop_workflow NAME [SCRIPT]: hands in a directory with the job, which a script may have changed in its working directory.
drop_workflow() {
        machine_sh '
                box=/var/spool/morf/sftp/alice/incoming
                mkdir "$box/$1.part"
                cd "$box/$1.part"
                cp /root/test/workflow/{client.config,controller.py,image.tar} .
                eval "$2"
                chown -R alice: .
                mv "$box/$1.part" "$box/$1"' "$1" "${2:-}"
}

# starts NAME: how many containers of its steps have been started
starts() {
        machine_sh 'grep -c "^morf-$1-[0-9]" /root/test/starts || :' "$(job_id "$1")"
}

@test "client.config, image and controller become an evaluation" {
        drop_workflow clicks
        wait_job clicks 'done' -- 600
        run machine_sh 'cd "$(/root/test/job dir clicks)"; head -n 1 release/eval.csv; wc -l < release/eval.csv; cut -d, -f 1 release/eval.csv'
        echo "$output"
        [[ ${lines[0]} == course,N,N_n,N_p,accuracy,auc,cohen_kappa_score,f1_score,log_loss,precision,recall,specificity,* ]]
        [ "${lines[1]}" -eq 4 ]
        # Names of courses are not told.
        [[ $output != *accounting* ]]
        [ "$(job_get clicks .steps)" -eq 15 ]
        [ "$(job_get clicks .step)" -eq 15 ]
}

@test "the same job again runs no container twice" {
        drop_workflow again 'sed -i "s/^job_id.*/job_id = again/" client.config'
        wait_job again 'done' -- 300
        [ "$(starts again)" -le 1 ] # the recording
        machine_sh 'cmp "$(/root/test/job dir clicks)"/release/eval.csv "$(/root/test/job dir again)"/release/eval.csv'
}

@test "cross-validation, of forked features" {
        drop_workflow cv 'sed -i "s/^job_id.*/job_id = cv/" client.config
                printf "%s\n" "from morf.workflow.extract import fork_features" \
                        "from morf.workflow.cross_validation import create_course_folds, cross_validate_course" \
                        "from morf.workflow.evaluate import evaluate_cv_course" \
                        "fork_features(\"clicksscale_10\")" "create_course_folds(label_type=\"dropout\", k=3)" \
                        "cross_validate_course(label_type=\"dropout\", k=3)" "evaluate_cv_course(label_type=\"dropout\", k=3)" > controller.py'
        wait_job cv 'done' -- 300
        [ "$(job_get cv .steps)" -eq 9 ]
        machine_sh 'cd "$(/root/test/job dir cv)"/release; cat eval.csv; [ "$(wc -l < eval.csv)" -eq 4 ]'
}

@test "a container that fails is told with its course and session" {
        drop_workflow broken 'sed -i "s/^job_id.*/job_id = broken/; s/^scale.*/scale = 11/" client.config'
        wait_job broken failed -- 300
        [ "$(job_get broken .fault.code)" = E_EXIT ]
        [[ $(job_get broken .fault.message) == *'of accounting/001: the container ended with status 1'* ]]
}
