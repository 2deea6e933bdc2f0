#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: jobs are cancelled, held, released and tried again by who may, from the command line and by SFTP, and users take turns
# within the slots and the memory there are.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=control

setup_file() {
        start_machine 'scheduler: { slots = 1; memory = "128M"; cpus = 4; };'
        add_user alice
        add_user bob
        in_machine touch /root/empty
        hold_stages
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        let_go_all
}

# nothing_is_left ID: no container, unit or slice of a job that has ended.
nothing_is_left() {
        machine_sh '[ -z "$(docker ps -aq --filter "label=morf.job=$1")" ]
                [ -z "$(systemctl list-units --all --plain --no-legend "morf-$1-*" "morf-jobs-$1*")" ]' "$1"
}

# set_slots N
set_slots() {
        put_file /etc/morf/conf.d/50-slots.conf <<< "scheduler: { slots = $1; };"
        in_machine systemctl reload morfd
}

@test "a running job that ignores SIGTERM is cancelled within ten seconds and leaves nothing" {
        local id begin
        drop stubborn 'trap "" TERM; while :; do sleep 1; done'
        wait_job stubborn running
        wait_until 20 "its container runs" machine_sh '[ -n "$(docker ps -q --filter label=morf.job)" ]'
        id=$(job_id stubborn)
        begin=$SECONDS
        in_machine morf cancel --no-wait "$id"
        wait_job stubborn cancelled -- 15
        ((SECONDS - begin <= 10))
        wait_until 10 "all of it is gone" nothing_is_left "$id"
        assert_once cancelled stubborn
        # Once more changes nothing, and says so.
        run -0 in_machine morf cancel "$id"
        [[ $output == *"was cancelled before"* ]]
}

@test "a job in the queue is cancelled at once, also by a file of its owner's in the drop box" {
        drop blocker 'sleep 30'
        wait_job blocker running
        drop waiting
        wait_job waiting queued
        sftp_as alice "put empty incoming/$(job_id waiting | cut -c 1-12).cancel"
        wait_job waiting cancelled
        in_machine morf cancel "$(job_id blocker)"
        wait_job blocker cancelled
        assert_once cancelled waiting blocker
}

@test "another user's request is refused" {
        local id
        drop mine 'sleep 2; cp /output.csv /output/'
        wait_job mine running
        id=$(job_id mine)
        sftp_as bob "put empty incoming/$id.cancel"
        wait_until 10 "it is refused" machine_sh 'journalctl -q -b -u morfd MESSAGE_ID="$1" | grep -q "by bob was refused"' \
                "$(sed -n 's/.*MESSAGE_ID_CONTROL_REFUSED "\(.*\)"/\1/p' "$BATS_TEST_DIRNAME/../../spool/base/message-id.h")"
        wait_job mine 'done'
}

@test "a held job stays in the queue until it is released" {
        drop blocker2 'sleep 3; cp /output.csv /output/'
        wait_job blocker2 running
        drop held
        wait_job held queued
        in_machine morf hold "$(job_id held)"
        run -0 in_machine morf why "$(job_id held)"
        [[ $output == Held* ]]
        drop behind
        wait_job behind 'done'
        [[ $(job_get held .state) == queued ]]
        in_machine systemctl restart morfd
        [[ $(job_get held .state) == queued ]]
        in_machine morf release "$(job_id held)"
        wait_job held 'done'
        assert_once 'done' held behind blocker2
}

@test "a job that failed is tried again, and runs well when its reason is gone" {
        local id
        drop again 'if [ -e /morf-data/accounting/001/ready ]; then cp /output.csv /output/; else exit 7; fi'
        assert_fault again failed E_EXIT '*status 7*'
        id=$(job_id again)
        in_machine touch /srv/morf/university/accounting/001/ready
        in_machine morf retry "$id"
        wait_job again 'done'
        [[ $(starts_of again) == 2 ]]
        [[ $(job_get again '.events | join(" ")') == *failed*finished ]]
        run in_machine morf retry "$id"
        [[ $status == 1 ]]
}

@test "users take turns" {
        in_machine systemctl stop morfd
        local i
        for i in 1 2 3; do JOB_USER=alice drop "a$i"; done
        for i in 1 2 3; do JOB_USER=bob drop "b$i"; done
        in_machine systemctl start morfd
        for i in a1 a2 a3 b1 b2 b3; do wait_job "$i" 'done' -- 90; done
        local order
        order=$(machine_sh 'jq -r "select(.drop | test(\"^[ab][123]$\")) | \"\(.finished) \(.user)\"" /var/spool/morf/done/*/record.json | sort -n | cut -d " " -f 2 | tr "\n" " "')
        [[ $order == "alice bob alice bob alice bob " || $order == "bob alice bob alice bob alice " ]]
}

@test "memory is a budget: a job that does not fit beside another waits and says why, one that fits runs" {
        set_slots 3
        hold_stage run
        drop big1 '' 'limits: { memory = "100M"; };'
        wait_job big1 running
        drop big2 '' 'limits: { memory = "100M"; };'
        wait_job big2 queued
        wait_until 10 "its reason is told" machine_sh 'morf why "$1" | grep -q "memory"' "$(job_id big2)"
        JOB_USER=bob drop small-of-bob '' 'limits: { memory = "16M"; };'
        wait_job small-of-bob running
        [[ $(job_get big2 .state) == queued ]]
        let_go run
        for i in big1 big2 small-of-bob; do wait_job "$i" 'done'; done
        set_slots 1
}

# cancelled_in STATE STAGE: while the stage's unit is there and has not begun.
cancelled_in() {
        local id name=cancelled-in-$1
        hold_stage "$2"
        drop "$name"
        wait_held "$2"
        wait_job "$name" "$1"
        id=$(job_id "$name")
        # As an operator without the command would, and twice at once, the second time by a part of the id.
        machine_sh 'touch "/var/spool/morf/control/cancel.$1" "/var/spool/morf/control/cancel.${1%?}"' "$id"
        wait_job "$name" cancelled -- 15
        let_go "$2"
        wait_until 10 "all of it is gone" nothing_is_left "$id"
        [ "$(job_get "$name" .fault.code)" = E_CANCELLED ]
        assert_once cancelled "$name"
}

@test "a job is cancelled in each of its other states, once also when it is asked for twice" {
        cancelled_in intake intake
        cancelled_in preparing image
        cancelled_in planning data
        cancelled_in collecting collect
        cancelled_in evaluating evaluate
        cancelled_in gating gate
}

@test "no more jobs run than there are slots" {
        set_slots 2
        hold_stage run
        for i in 1 2 3 4; do drop "slot-$i"; done
        for i in 1 2; do wait_job "slot-$i" running; done
        for i in 3 4; do wait_job "slot-$i" queued; done
        is_waiting() { [[ $(job_get slot-3 .why) == "waiting for a free slot (2 of 2 are taken)" ]]; }
        wait_until 10 "it says what it waits for" is_waiting
        reports_two() { in_machine jq -e '.running == 2 and .queued == 2 and .slots == 2' /run/morf/status.json; }
        wait_until 10 "the report says so" reports_two
        let_go run
        for i in 1 2 3 4; do wait_job "slot-$i" 'done'; done
        assert_once 'done' slot-{1,2,3,4}
        set_slots 1
}

@test "a user has no more jobs on their way than the operator allows" {
        in_machine morf user set bob --active 1
        hold_stage run
        JOB_USER=bob drop only
        wait_held run
        JOB_USER=bob drop too-many
        assert_fault too-many rejected E_USER '1 of your jobs are on their way already, and no more than 1 may be'
        let_go run
        wait_job only 'done'
        # It was rejected: that is not tried again, but corrected and handed in anew.
        run in_machine morf retry "$(job_id too-many)"
        [ "$status" -ne 0 ]
        [ "$(job_get too-many .state)" = rejected ]
        in_machine morf user set bob --active 0
}

@test "what is no request is removed from control/ and does no harm" {
        machine_sh 'cd /var/spool/morf/control
                ln -s /etc/shadow cancel.0123; mkfifo cancel.4567; mkdir cancel.89ab; touch nonsense cancel.zz hold. "cancel.$(printf %0200d 1)" .hidden'
        is_clean() { [[ $(in_machine ls -A "$SPOOL/control") == .hidden ]]; }
        wait_until 10 "it is empty" is_clean
        in_machine rm "$SPOOL/control/.hidden"
        in_machine systemctl is-active morfd
        in_machine test -s /etc/shadow
}
