#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: No job's container is started before one of our own found itself isolated: the proof is in the job's record, an engine
# that was started anew is probed again, and where something is not as it must be the queue rests, says why, and goes on by itself.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=isolation

setup_file() {
        start_machine
        add_user alice
        # The engine is started anew more often than systemd lets pass.
        machine_sh 'mkdir -p /etc/systemd/system/docker.service.d
                printf "[Unit]\nStartLimitIntervalSec=0\n" > /etc/systemd/system/docker.service.d/test.conf; systemctl daemon-reload'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

proof() {
        machine_sh 'jq -r .compat.time /run/morf/probe.json'
}

@test "the proof is kept in the record of a job" {
        drop first
        wait_job first 'done' -- 90
        [ "$(job_get first .isolation.engine)" = docker ]
        [ "$(job_get first .isolation.engine_version)" = "$(in_machine docker version --format '{{.Server.Version}}')" ]
        [[ $(job_get first .isolation.digest) =~ ^[0-9a-f]{64}$ ]]
        (($(job_get first .isolation.time) > 0))
        # Neither the researcher nor anything left behind knows of it.
        refute machine_sh 'grep -l isolation /var/spool/morf/sftp/alice/jobs/*/status.json'
}

@test "an engine that was started anew is probed again before the next container" {
        local before
        before=$(proof)
        in_machine systemctl restart docker
        drop second
        wait_job second 'done' -- 90
        (($(proof) > before))
        (($(job_get second .isolation.time) > before))
}

@test "where it is not isolated the queue rests and says why, and goes on by itself" {
        # An engine that gives all containers a way to write to the kernel is one without seccomp.
        machine_sh 'mkdir -p /etc/docker
                echo "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }" > /etc/docker/open.json
                echo "{ \"seccomp-profile\": \"/etc/docker/open.json\" }" > /etc/docker/daemon.json; systemctl restart docker'
        drop third
        says() { machine_sh 'journalctl -q -b -u morfd MESSAGE_ID=a6867d6dfbeb404bbfa7892f93e2aa33 | grep -q "isolation probe failed"'; }
        wait_until 60 "the probe fails" says
        waits() { [[ $(job_get third .why) == *"no job is started: the container isolation probe failed: "* ]]; }
        wait_until 40 "the job says why" waits
        [ "$(job_get third .state)" = queued ]
        tells() {
                local said
                if said=$(in_machine morf status); then return 1; fi
                [[ $said == *"the container isolation probe failed"* ]]
        }
        wait_until 20 "the status says so" tells
        [[ $(in_machine systemctl show --property=StatusText morfd) == *"the container isolation probe failed"* ]]
        machine_sh 'rm /etc/docker/daemon.json; systemctl restart docker'
        wait_job third 'done' -- 120
}

@test "a daemon that is killed while it probes leaves nothing of the probe" {
        # At moments that differ, as each probe begins when the one before was killed.
        machine_sh '
                for delay in 0.1 0.4 0.8 1.2 1.6 2; do
                        systemctl restart docker morfd
                        timeout 30 sh -c "until ls /var/lib/morf/probe/*/exits > /dev/null 2>&1; do :; done"
                        read -rt "$delay" < <(exec tail -f /dev/null) || :
                        systemctl kill --signal=KILL --kill-whom=main morfd
                done'
        drop fourth
        wait_job fourth 'done' -- 90
        nothing_is_left() {
                machine_sh 'slices=$(systemctl list-units --all --plain --no-legend --type=slice "morf-jobs-*.slice" | cut -d " " -f 1)
                        dirs=$(find /var/lib/morf/probe -mindepth 1 -maxdepth 1 -type d); containers=$(docker ps --all --quiet)
                        [ -z "$slices$dirs$containers" ] || { echo $slices $dirs $containers; exit 1; }'
        }
        wait_until 30 "nothing of the probes is left" nothing_is_left
}
