#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: The units of stages are confined as they really run, and units of the same name do not disturb them.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=units

setup_file() {
        start_machine
        add_user alice
        hold_stages
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        let_go_all
}

@test "each helper is confined as it runs: systemd-analyze security" {
        local stage unit stages=(intake image data run collect evaluate gate)
        for stage in "${stages[@]}"; do hold_stage "$stage"; done
        drop confined
        for stage in "${stages[@]}"; do
                wait_held "$stage"
                unit=morf-$(job_id confined)-$stage-1.service
                in_machine systemd-analyze security --no-pager "$unit" > "$BATS_TEST_TMPDIR/$stage"
                echo "# $(tail -n 1 "$BATS_TEST_TMPDIR/$stage")" >&3
                grep '✗' "$BATS_TEST_TMPDIR/$stage"
                in_machine systemd-analyze security --no-pager --threshold=20 "$unit" > /dev/null
                let_go "$stage"
        done
        wait_job confined 'done' -- 90
}

# occupied NAME COMMAND…: a job whose container's first unit has a name that another unit has already.
occupied() {
        local name=$1 id
        shift
        hold_stage data
        drop "$name"
        wait_held data
        id=$(job_id "$name")
        in_machine systemd-run --quiet --unit="morf-$id-run-1.service" "$@" || :
        let_go data
        wait_job "$name" 'done' -- 90
        assert_once 'done' "$name"
        [ "$(job_get "$name" '.fault.code')" = null ]
}

@test "a unit of the name of a stage is there already" {
        occupied runs sleep 3
        occupied failed false
}
