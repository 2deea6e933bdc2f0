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
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
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

@test "memory is a budget: two jobs that do not fit together run one after the other, and why says so" {
        set_slots 3
        drop big1 'sleep 4; cp /output.csv /output/' 'limits: { memory = "100M"; };'
        wait_job big1 running
        drop big2 '' 'limits: { memory = "100M"; };'
        wait_job big2 queued
        wait_until 10 "its reason is told" machine_sh 'morf why "$1" | grep -q "memory"' "$(job_id big2)"
        drop small '' 'limits: { memory = "16M"; };'
        JOB_USER=bob drop small-of-bob '' 'limits: { memory = "16M"; };'
        wait_job small-of-bob 'done'
        [[ $(job_get big1 .state) == running || $(job_get big1 .state) == 'done' ]]
        wait_job big2 'done'
        wait_job small 'done'
        set_slots 1
}
