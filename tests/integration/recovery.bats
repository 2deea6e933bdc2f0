#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morfd is killed, stopped and restarted in every state of a job and at random moments under load; each job still
# ends once, its container is not run again once it has finished, and there is one mail for each event.
#
# Runs in a test machine of its own. MORF_DEB names the package to test; MORF_SEED repeats the random kills of a run.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=recovery

NOTIFY='notify = ["accepted", "started"];'

setup_file() {
        start_machine 'scheduler: { slots = 2; memory = "128M"; cpus = 4; };'
        add_user alice
        hold_stages
        # What an undisturbed run makes.
        drop reference '' "$NOTIFY"
        wait_job reference 'done'
        in_machine cp "$(job_dir reference)/release/eval.csv" /root/test/eval.csv
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        let_go_all
}

kill_morfd() {
        in_machine timeout 30 /root/test/kill9
}

# assert_result NAME…: the same numbers as without a disturbance.
assert_result() {
        local name
        for name; do
                in_machine cmp /root/test/eval.csv "$(job_dir "$name")/release/eval.csv"
        done
}

# adopted_times NAME: how often a daemon found a unit of the job running.
adopted_times() {
        machine_sh 'journalctl -b -q -o cat MESSAGE_ID=0b80a25553a14945a93258ef7777682c MORF_JOB="$1" | wc -l' "$(job_id "$1")"
}

is_adopted() {
        (($(adopted_times "$1") > 0))
}

# killed_in STATE STAGE: with the stage's unit there but not begun, the daemon is killed and must adopt it; then it is killed
# after the stage has ended and before it could notice: that must be learnt from the exit record.
killed_in() {
        local name=killed-in-$1 dir
        hold_stage "$2"
        drop "$name" '' "$NOTIFY"
        wait_held "$2"
        wait_job "$name" "$1"
        kill_morfd
        wait_until 20 "it is adopted" is_adopted "$name"
        dir=$(job_dir "$name")
        in_machine systemctl kill --signal=STOP --kill-who=main morfd
        let_go "$2"
        wait_until 40 "the stage has ended" in_machine test -e "$dir/exits/$2-1.json"
        kill_morfd
        wait_job "$name" 'done'
        assert_once 'done' "$name"
        assert_result "$name"
        [ "$(starts_of "$name")" -eq 1 ]
        # No stage was done twice.
        [ "$(in_machine ls "$(job_dir "$name")/exits" | tr '\n' ' ')" = "collect-1.json data-1.json evaluate-1.json gate-1.json image-1.json intake-1.json run-1.json " ]
}

@test "killed in intake" {
        killed_in intake intake
}

@test "killed while the image is prepared" {
        killed_in preparing image
}

@test "killed while the data is laid out" {
        killed_in planning data
}

@test "killed while the container is started" {
        killed_in running run
}

@test "killed while the output is sealed" {
        killed_in collecting collect
}

@test "killed while the result is evaluated" {
        killed_in evaluating evaluate
}

@test "killed while the release policy is applied" {
        killed_in gating gate
}
