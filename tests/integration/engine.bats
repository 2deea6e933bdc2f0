#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: The container engine is restarted, stopped, killed or away, and a container is taken away behind our back: the job is
# tried again and ends well, nobody is blamed, and as long as the engine does not answer the queue rests and says why.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or in the container

load lib

export MORF_HOST_NAME=engine

# A container that ends well when it is told to; a second try needs no telling.
WAIT='until [ -e /output/go ]; do sleep 0.1; done; rm /output/go; cp /output.csv /output/'

setup_file() {
        start_machine 'scheduler: { slots = 2; };'
        add_user alice
        # An engine that is killed again and again by us is to be started again and again.
        machine_sh 'mkdir -p /etc/systemd/system/docker.service.d
                printf "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n" > /etc/systemd/system/docker.service.d/test.conf
                systemctl daemon-reload'
        drop reference
        wait_job reference 'done'
        in_machine cp "$(job_dir reference)/release/eval.csv" /root/test/eval.csv
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        # Whatever a test left of it.
        in_machine bash -c 'rm -f /run/systemd/system/docker.{service,socket}.d/away.conf; systemctl daemon-reload
                kill -CONT $(pidof dockerd) 2> /dev/null; systemctl reset-failed docker.service docker.socket
                systemctl start docker.socket docker.service'
}

has_container() {
        [[ -n $(in_machine docker ps --quiet --filter "label=morf.job=$(job_id "$1")") ]]
}

# running NAME [SETTINGS]: a job whose container runs, until it is told to end.
running() {
        drop "$1" "$WAIT" "${2:-}"
        wait_job "$1" running
        wait_until 20 "its container runs" has_container "$1"
}

# tell_attempt NAME N: waits until the container of this attempt runs, and lets it end.
tell_attempt() {
        local id
        id=$(job_id "$1")
        wait_until 60 "attempt $2 runs" machine_sh '[ -n "$(docker ps --quiet --filter "name=^/morf-$1-001-$2\$")" ]' "$id" "$2"
        in_machine touch "$(job_dir "$1")/steps/001/output/go"
}

# ended_well NAME ATTEMPTS: with the result of an undisturbed run, after so many containers.
ended_well() {
        wait_job "$1" 'done' -- 90
        in_machine cmp /root/test/eval.csv "$(job_dir "$1")/release/eval.csv"
        assert_once 'done' "$1"
        [ "$(in_machine ls "$(job_dir "$1")/exits" | grep -c '^run-')" -eq "$2" ]
        none_left() {
                local left
                left=$(in_machine docker ps --all --no-trunc --format "{{.Names}} {{.Status}}")
                echo "$left"
                [[ -z $left ]]
        }
        wait_until 20 "no container is left" none_left
}

why_is() {
        # shellcheck disable=SC2053 # a pattern
        [[ $(in_machine morf why "$(job_id "$1")") == $2 ]]
}

# away, back: docker is not there and is not started by its socket.
away() {
        in_machine systemctl stop docker.socket docker.service
}
back() {
        in_machine systemctl start docker.socket docker.service
}

@test "restarted while a container runs" {
        running restarted
        in_machine systemctl restart docker
        tell_attempt restarted 2
        ended_well restarted 2
}

@test "killed while a container runs" {
        running killed
        in_machine pkill -KILL -x dockerd
        tell_attempt killed 2
        ended_well killed 2
}

@test "restarted while a container runs that takes SIGTERM for success" {
        drop polite 'head -n 9 /output.csv > /output/output.csv; trap "exit 0" TERM; '"$WAIT"
        wait_job polite running
        wait_until 20 "its container runs" has_container polite
        in_machine systemctl restart docker
        tell_attempt polite 2
        ended_well polite 2
}

@test "restarted with live-restore: the old container does not run on beside the new" {
        machine_sh 'mkdir -p /etc/docker; echo "{ \"live-restore\": true }" > /etc/docker/daemon.json; systemctl restart docker'
        running live
        in_machine systemctl restart docker
        tell_attempt live 2
        ended_well live 2
        machine_sh 'rm /etc/docker/daemon.json; systemctl restart docker'
}

@test "a container removed behind our back is tried again; the third time in a row the job failed" {
        running removed
        in_machine docker rm --force "morf-$(job_id removed)-001-1"
        tell_attempt removed 2
        ended_well removed 2

        local n id
        running removed-thrice
        id=$(job_id removed-thrice)
        for n in 1 2 3; do
                has_container_of() { in_machine docker inspect "morf-$id-001-$n"; }
                wait_until 40 "attempt $n runs" has_container_of
                in_machine docker rm --force "morf-$id-001-$n"
        done
        # Nothing tells it from a program that ends itself with this status each time.
        assert_fault removed-thrice failed E_SIGNAL 'the container was ended by signal 9'
        assert_once failed removed-thrice
}

@test "away when jobs are queued: the queue rests and says why, no attempt is counted" {
        away
        drop queued-1
        wait_job queued-1 preparing
        drop queued-2
        drop queued-3
        wait_until 40 "the first waits for the engine" why_is queued-1 'Preparing since *the container engine does not answer.*The platform, not the job, is at fault*'
        wait_until 20 "another says that it waits for that" machine_sh 'grep -ls "no job is started: the container engine does not answer" /var/spool/morf/active/*/record.json'
        tells_so() {
                local said
                if said=$(in_machine morf status); then return 1; fi
                [[ $said == *"the container engine does not answer"* ]]
        }
        wait_until 20 "the status says so" tells_so
        [[ $(in_machine systemctl show --property=StatusText morfd) == *"no job is started: the container engine does not answer"* ]]
        # Longer than five tries would take.
        sleep 8
        [ "$(job_get queued-1 '.faults // 0')" -eq 0 ]
        wait_job queued-1 preparing
        # So does a daemon that is started anew.
        in_machine systemctl restart morfd
        wait_until 40 "it waits again" why_is queued-1 '*the container engine does not answer.*'
        back
        for i in 1 2 3; do
                ended_well "queued-$i" 1
        done
        wait_until 20 "all is well again" in_machine morf status
}

@test "the job that waits for the engine is cancelled, and another finds out" {
        away
        drop cancelled
        wait_until 40 "it waits for the engine" why_is cancelled '*the container engine does not answer.*'
        drop behind
        wait_job behind queued
        in_machine morf cancel "$(job_id cancelled)"
        wait_job cancelled cancelled
        wait_until 40 "the next waits for the engine" why_is behind '*the container engine does not answer.*'
        back
        ended_well behind 1
}

@test "stopped (SIGSTOP): every call has an end, the queue rests, and all goes on" {
        running frozen
        in_machine pkill -STOP -x dockerd
        drop behind-frozen
        wait_until 40 "it is noticed" why_is behind-frozen '*the container engine does not answer.*'
        # The daemon itself hangs on nothing.
        in_machine timeout 5 systemctl reload morfd
        in_machine pkill -CONT -x dockerd
        in_machine touch "$(job_dir frozen)/steps/001/output/go"
        ended_well frozen 1
        ended_well behind-frozen 1
}

@test "stopped until the time of a container is over: the user is not blamed" {
        running late 'limits: { time = "5s"; };'
        in_machine pkill -STOP -x dockerd
        wait_until 60 "the attempt has ended" in_machine test -e "$(job_dir late)/exits/run-1.json"
        in_machine pkill -CONT -x dockerd
        tell_attempt late 2
        ended_well late 2
}
