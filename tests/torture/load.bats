#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: A crowd of failed units of others neither keeps the daemon from starting nor jobs from being done.
#
# Takes minutes, so that it is no part of `make check`: see `make torture-load`. Runs in a test machine of its own. MORF_DEB names the
# package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../integration/lib

export MORF_HOST_NAME=load

setup_file() {
        start_machine
        add_user alice
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

@test "two thousand failed units of others slow nothing down" {
        local begin took
        put_file '/etc/systemd/system/morf-crowd-of-@.service' <<< $'[Service]\nExecStart=/bin/false'
        machine_sh '
                systemctl daemon-reload
                for ((i = 0; i < 2000; i += 100)); do
                        systemctl start --no-block $(seq -f "morf-crowd-of-@%g.service" $i $((i + 99)))
                done'
        all_failed() { (($(in_machine systemctl list-units --no-legend --plain --state=failed 'morf-crowd-*' | wc -l) == 2000)); }
        wait_until 90 "all have failed" all_failed
        begin=${EPOCHREALTIME/[.,]/}
        in_machine systemctl restart morfd
        drop crowded
        wait_job crowded 'done' -- 60
        took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
        echo "# restart and one job: $took ms" >&3
        assert_once 'done' crowded
}
