#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: With cgroup v2 the limits of a job are in force on its slice, and what a job used, and why it was ended, is learnt from it.
#
# Runs in a virtual machine of its own, whatever the kernel of this host does; that is slow: about ten minutes. MORF_DEB names the
# package to test; else one is built.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../integration/lib

export MORF_HOST_NAME=cgroup2 MORF_HOST_BACKEND=vm

# How long a job may take to end on an emulated processor, in seconds.
SLOW=400
MIB=1048576

setup_file() {
        start_machine 'scheduler: { slots = 2; memory = "512M"; cpus = 8; }; limits: { default: { time = "5m"; }; maximum: { time = "10m"; }; };'
        add_user alice
        drop limits 'echo up > /output/up; sleep 280' 'limits: { memory = "40M"; pids = 21; cpus = 0.7; };'
        # 24 MiB in memory at once, and some work.
        drop usage 'head -c 25165824 /dev/zero | tail -c 25165824 | md5sum; i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; cp /output.csv /output/' \
                'limits: { memory = "64M"; };'
        drop memory 'exec tail -c 200000000 /dev/zero' 'limits: { memory = "16M"; };'
        # The container itself lives on, and even ends well.
        drop child 'tail -c 200000000 /dev/zero; cp /output.csv /output/' 'limits: { memory = "16M"; };'
        drop pids 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do sleep 30 & done; wait' 'limits: { pids = 20; };'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# run_exit NAME FILTER: what a filter of jq makes of the exit record of the job's container.
run_exit() {
        in_machine jq -r "$2" "$(job_dir "$1")/exits/run-1.json"
}

container_is_up() {
        machine_sh 'test -e "$(/root/test/job dir "$1")/steps/001/output/up"' "$1"
}

@test "the machine has nothing but cgroup v2" {
        [ "$(in_machine stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]
        refute in_machine grep -q '^cgroup /' /proc/mounts
}

@test "the limits of a container are in force on the slice it is in" {
        wait_job limits running -- "$SLOW"
        wait_until "$SLOW" "its container is up" container_is_up limits
        local id group
        id=$(job_id limits)
        group=$(machine_sh 'systemctl show --value --property=ControlGroup "morf-jobs-$1-1a1.slice"' "$id")
        echo "slice: $group"
        [[ $group == /morf.slice/morf-jobs.slice/* || $group == /morf-jobs.slice/* || $group == /morf.slice/* ]]
        machine_sh 'cd "/sys/fs/cgroup$1"; grep -H . memory.max memory.swap.max pids.max cpu.max memory.peak pids.current' "$group"
        [ "$(in_machine cat "/sys/fs/cgroup$group/memory.max")" = $((40 * MIB)) ]
        [ "$(in_machine cat "/sys/fs/cgroup$group/pids.max")" = 21 ]
        [ "$(in_machine cat "/sys/fs/cgroup$group/cpu.max")" = "70000 100000" ]
        # The container is in it, and nothing else of the job.
        machine_sh 'cat $(find "/sys/fs/cgroup$1" -name cgroup.procs) | while read -r pid; do tr "\0" " " < "/proc/$pid/cmdline"; echo; done' "$group" | tee "$BATS_TEST_TMPDIR/commands"
        grep -q 'sleep 280' "$BATS_TEST_TMPDIR/commands"
        refute grep -q docker "$BATS_TEST_TMPDIR/commands"
        in_machine morf cancel "$id"
        wait_job limits cancelled -- "$SLOW"
        refute in_machine test -e "/sys/fs/cgroup$group"
}

@test "memory and processor time are those of the container" {
        wait_job usage 'done' -- "$SLOW"
        job_get usage .usage
        run_exit usage .
        [ "$(job_get usage ".usage.memory_peak >= $((24 * MIB)) and .usage.memory_peak <= $((64 * MIB)) and .usage.memory_limit == $((64 * MIB))")" = true ]
        [ "$(job_get usage '.usage.cpu_usec > 100000 and .usage.cpu_usec < .usage.wall_usec * 2')" = true ]
        [ "$(run_exit usage .memory_peak)" = "$(job_get usage .usage.memory_peak)" ]
        [ "$(run_exit usage '.oom_kills')" = 0 ]
}

@test "too much memory: E_MEMORY, whoever was killed for it" {
        local name
        for name in memory child; do
                wait_job "$name" failed -- "$SLOW"
                assert_fault "$name" failed E_MEMORY 'the container ran out of its 16 MiB of memory'
                run_exit "$name" .
                [ "$(run_exit "$name" ".oom_kills > 0 and .memory_peak <= $((16 * MIB))")" = true ]
        done
}

@test "too many processes: E_PIDS" {
        wait_job pids failed -- "$SLOW"
        assert_fault pids failed E_PIDS 'the container hit its limit of processes*'
        run_exit pids .
        [ "$(run_exit pids '.pids_max_hits > 0')" = true ]
}

@test "no job was tried again by fault of the platform" {
        [ "$(machine_sh 'jq -s "map(.faults // 0) | add" /var/spool/morf/{done,failed}/*/record.json')" = 0 ]
}
