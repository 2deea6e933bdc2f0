#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: What one asks of a job is done, by command, control file and SFTP, for its owner alone; and the queue keeps its
# promises about slots, memory and turns.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or in the container

load lib

export MORF_HOST_NAME=control

# A container that runs until it is told to end, and that does not listen to SIGTERM.
WAIT='trap "" TERM; until [ -e /output/go ]; do sleep 0.1; done; rm /output/go; cp /output.csv /output/'

setup_file() {
        start_machine 'scheduler: { slots = 2; memory = "128M"; cpus = 8; };'
        add_user alice
        add_user bob
        hold_stages
        # Builds the image, so that what follows is quick.
        drop first
        wait_job first 'done'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        let_go_all
}

tell_to_end() {
        local name
        for name; do
                in_machine touch "$(job_dir "$name")/steps/001/output/go"
        done
}

# Waits until the job's own container runs.
wait_container() {
        wait_job "$1" running
        has_container() { [[ -n $(in_machine docker ps --quiet --filter "label=morf.job=$(job_id "$1")") ]]; }
        wait_until 20 "the container of '$1' runs" has_container "$1"
}

# Containers, units, slices and mounts that a job left.
left_of() {
        machine_sh '
                docker ps --all --quiet --filter "label=morf.job=$1"
                docker volume ls --quiet
                systemctl list-units --no-legend "*$1*"
                find /sys/fs/cgroup -maxdepth 6 -type d -name "*$1*"
                grep -F "$1" /proc/self/mounts || :' "$1"
}

nothing_left_of() {
        local left
        left=$(left_of "$1")
        echo "$left"
        [ -z "$left" ]
}

refusals() {
        machine_sh 'journalctl -b -q -o cat MESSAGE_ID=3c3ae353fb14428e90b401a6c1cc0aff | grep -F "$1" || :' "$1"
}

# ---- requests ------------------------------------------------------------------------------------------------------------

@test "a queued job is held, released and cancelled" {
        drop running-1 "$WAIT"
        drop running-2 "$WAIT"
        wait_container running-1
        wait_container running-2
        drop queued
        wait_job queued queued
        in_machine morf hold "$(job_id queued)"
        [ "$(job_get queued .why)" = "held until somebody releases it" ]
        # It stays when there is a slot.
        tell_to_end running-1
        wait_job running-1 'done'
        [ "$(job_get queued '.state + " " + (.hold | tostring)')" = "queued true" ]
        in_machine morf release "$(job_id queued)"
        wait_job queued 'done'

        drop again "$WAIT"
        wait_container again
        drop cancelled
        wait_job cancelled queued
        in_machine morf cancel "$(job_id cancelled)"
        assert_fault cancelled cancelled E_CANCELLED 'cancelled on request'
        tell_to_end running-2 again
        wait_job running-2 'done'
        wait_job again 'done'
        assert_once 'done' running-1 running-2 queued again
        assert_once cancelled cancelled
        # It never ran.
        refute starts_of cancelled
}

@test "a job that runs is cancelled within ten seconds, and nothing of it is left" {
        drop deaf "$WAIT"
        wait_container deaf
        id=$(job_id deaf)
        in_machine morf cancel --no-wait "$id"
        wait_job deaf cancelled -- 12
        wait_until 10 "all of it is gone" nothing_left_of "$id"
        assert_fault deaf cancelled E_CANCELLED 'cancelled on request'
        # Once more: there is nothing to cancel.
        run in_machine morf cancel "$id"
        echo "$output"
        [ "$status" -ne 0 ]
        machine_sh 'touch "/var/spool/morf/control/cancel.$1"' "$id"
        was_refused() { [[ $(refusals "'cancel' of job $id by root") == *"no job of theirs that is on its way"* ]]; }
        wait_until 10 "it is refused" was_refused
        assert_once cancelled deaf
}

@test "a job is cancelled twice at once, which is once" {
        drop twice "$WAIT"
        wait_container twice
        id=$(job_id twice)
        machine_sh 'touch "/var/spool/morf/control/cancel.$1" "/var/spool/morf/control/cancel.${1%?}"' "$id"
        wait_job twice cancelled -- 12
        assert_once cancelled twice
}

# cancelled_in STATE STAGE
cancelled_in() {
        local id
        hold_stage "$2"
        drop "cancelled-in-$1"
        wait_held "$2"
        wait_job "cancelled-in-$1" "$1"
        id=$(job_id "cancelled-in-$1")
        in_machine touch "$SPOOL/control/cancel.$id"
        wait_job "cancelled-in-$1" cancelled -- 12
        let_go "$2"
        wait_until 10 "all of it is gone" nothing_left_of "$id"
        assert_once cancelled "cancelled-in-$1"
}

@test "a job is cancelled in each of its other states" {
        cancelled_in intake intake
        cancelled_in preparing image
        cancelled_in planning data
        cancelled_in collecting collect
        cancelled_in evaluating evaluate
        cancelled_in gating gate
}

@test "another user is refused, by command, control file and SFTP" {
        machine_sh 'useradd --create-home carol; morf user add carol --mail carol@morf.test --grant-all'
        drop mine "$WAIT"
        wait_container mine
        id=$(job_id mine)
        run in_machine runuser -u carol -- morf cancel "$id"
        echo "$output"
        [ "$status" -ne 0 ]
        in_machine runuser -u carol -g morf-submit -- touch "$SPOOL/control/cancel.$id"
        sftp_as bob "put /dev/null incoming/$id.cancel"
        refused_both() { [[ -n $(refusals "'cancel' of job $id by carol") && -n $(refusals "'cancel' of job $id by bob") ]]; }
        wait_until 20 "both are refused" refused_both
        [ "$(job_get mine .state)" = running ]
        tell_to_end mine
        wait_job mine 'done'
}

@test "an SFTP user asks for things in the drop box, by a part of the id" {
        drop by-sftp "$WAIT"
        wait_container by-sftp
        id=$(job_id by-sftp)
        sftp_as alice "put /dev/null incoming/${id:0:20}.cancel"
        wait_job by-sftp cancelled -- 12
        refute machine_sh 'ls -A /var/spool/morf/sftp/alice/incoming | grep .'
        # What can be read there agrees.
        sftp_as alice "get jobs/$id/STATUS.txt /root/STATUS.txt"
        in_machine grep -qx 'State:    cancelled' /root/STATUS.txt

        sftp_as alice "put /dev/null incoming/$id.hold" "put /dev/null incoming/$id.nonsense"
        held_refused() { [[ -n $(refusals "'hold' of job $id by alice") ]]; }
        wait_until 20 "a hold of what has ended is refused" held_refused
}

@test "a failed job is tried again under its id" {
        # The course data it needs comes later.
        drop retried '[ -e /morf-data/accounting/002 ] || exit 7; cp /output.csv /output/'
        assert_fault retried failed E_EXIT 'the container ended with status 7'
        id=$(job_id retried)
        in_machine mkdir -p /srv/morf/university/accounting/002
        in_machine morf retry "$id"
        wait_job retried 'done'
        [ "$(job_id retried)" = "$id" ]
        [ "$(starts_of retried)" -eq 2 ]
        wait_until 20 "all mails are sent" outbox_is_empty
        [ "$(job_get retried '.events | join(" ")')" = "failed finished" ]
        [ "$(machine_sh 'grep -rhi "^Message-ID:" /var/spool/morf/mail/new | grep -c "$1"' "$id")" -eq 2 ]

        # Not what was rejected, and not what went well.
        drop rejected '' 'nonsense = 1;'
        wait_job rejected rejected
        run in_machine morf retry "$(job_id rejected)"
        [ "$status" -ne 0 ]
        run in_machine morf retry "$id"
        [ "$status" -ne 0 ]
        [ "$(job_get rejected .state) $(job_get retried .state)" = "rejected done" ]
}

@test "what is no request is removed from control/ and does no harm" {
        machine_sh 'cd /var/spool/morf/control
                ln -s /etc/shadow cancel.0123; mkfifo cancel.4567; mkdir cancel.89ab; touch "cancel.../../x" nonsense "cancel.$(printf %0200d 1)" 2>&1 || :
                touch nonsense cancel.zz hold. .hidden'
        is_clean() { machine_sh '[ "$(ls -A /var/spool/morf/control)" = .hidden ]'; }
        wait_until 10 "it is empty" is_clean
        in_machine systemctl is-active morfd
        in_machine test -s /etc/shadow
}

# ---- the queue -------------------------------------------------------------------------------------------------------------

@test "no more jobs run than there are slots" {
        for i in 1 2 3 4; do
                drop "slot-$i" "$WAIT"
        done
        wait_container slot-1
        wait_container slot-2
        is_waiting() { [[ $(job_get slot-3 .why) == "waiting for a free slot (2 of 2 are taken)" && $(job_get slot-4 .state) == queued ]]; }
        wait_until 10 "the others wait" is_waiting
        in_machine grep -q '"running": *2' /run/morf/status.json
        tell_to_end slot-1
        wait_container slot-3
        [ "$(job_get slot-4 .state)" = queued ]
        tell_to_end slot-2 slot-3
        wait_container slot-4
        tell_to_end slot-4
        for i in 1 2 3 4; do
                wait_job "slot-$i" 'done'
        done
}

@test "memory is a budget, and a small job does not starve a big one of the same user" {
        drop big-1 "$WAIT" 'limits: { memory = "96M"; };'
        wait_container big-1
        drop big-2 "$WAIT" 'limits: { memory = "64M"; };'
        wait_job big-2 queued
        drop small
        wait_job small queued
        # Bob's turn is his own: what fits runs.
        JOB_USER=bob drop bobs "$WAIT"
        wait_container bobs
        [ "$(job_get big-2 .state) $(job_get small .state)" = "queued queued" ]
        tell_to_end bobs
        wait_job bobs 'done'
        is_waiting() { [[ $(job_get big-2 .why) == "waiting for 64 MiB of memory (128 MiB in all are for jobs)" ]]; }
        wait_until 10 "it says what it waits for" is_waiting
        tell_to_end big-1
        wait_container big-2
        tell_to_end big-2
        wait_job small 'done'
        wait_job big-2 'done'
}

@test "users take turns" {
        machine_sh 'echo "scheduler: { slots = 1; };" > /etc/morf/conf.d/30-turns.conf; systemctl reload morfd'
        is_one() { in_machine grep -q '"slots": *1' /run/morf/status.json; }
        drop plug "$WAIT"
        wait_container plug
        for i in 1 2 3 4; do
                drop "alice-$i"
        done
        for i in 1 2 3 4; do
                JOB_USER=bob drop "bob-$i"
        done
        for i in 1 2 3 4; do
                wait_job "alice-$i" queued
                wait_job "bob-$i" queued
        done
        is_one
        tell_to_end plug
        for i in 1 2 3 4; do
                wait_job "alice-$i" 'done'
                wait_job "bob-$i" 'done'
        done
        # The order in which containers were started, by the name of the user.
        order=$(machine_sh '
                tail -n 8 /root/test/starts | while IFS=- read -r _ id _; do jq -r .name "/var/spool/morf/done/$id/record.json"; done | tr "\n" " "')
        echo "$order"
        [ "$order" = "bob-1 alice-1 bob-2 alice-2 bob-3 alice-3 bob-4 alice-4 " ]
        machine_sh 'rm /etc/morf/conf.d/30-turns.conf; systemctl reload morfd'
}

@test "a user has no more jobs on their way than the operator allows" {
        in_machine morf user set bob --active 1
        JOB_USER=bob drop only "$WAIT"
        wait_container only
        JOB_USER=bob drop too-many
        assert_fault too-many rejected E_USER '1 of your jobs are on their way already, and no more than 1 may be'
        tell_to_end only
        wait_job only 'done'
        in_machine morf user set bob --active 0
}
