#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morf-torture, the program that is installed for staging hosts: it refuses to run elsewhere, and processes of morf that
# it kills at random under load, the engine and the mail sender among them, lose nothing and do nothing twice.
#
# Runs in a test machine of its own. MORF_DEB names the package to test. MORF_SEED repeats the decisions of a run;
# MORF_TORTURE_SECONDS and MORF_TORTURE_JOBS make it longer (120 and 50).
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=torture

setup_file() {
        # So much is killed that five tries would not always do.
        start_machine 'scheduler: { slots = 4; attempts = 20; };'
        add_user torture
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

torture() {
        in_machine timeout 900 /usr/libexec/morf/morf-torture --base morf-noop:latest "$@"
}

# refused SENTENCE OPTION…: it says so, and hands nothing in.
refused() {
        local sentence=$1
        shift
        run torture "$@"
        echo "$output"
        [ "$status" -eq 2 ]
        [[ $output == *"$sentence"* ]]
        [[ $output != *killed* ]]
        [ "$(machine_sh 'find /var/spool/morf/{active,done,failed,sftp/torture/incoming} -mindepth 1 -maxdepth 1 -name "*torture*" | wc -l')" -eq 0 ]
}

@test "it does not run where it was not told to, nor where the spool holds anything of others" {
        refused "it kills processes; --staging says that this host is for that. Nothing was done."
        refused "make one: morf user add nobody-here" --staging --user nobody-here
        refused "try 'morf-torture --help'" --staging --kill everybody
        add_user alice
        # Where no daemon takes it away.
        in_machine systemctl stop morfd
        machine_sh 'touch /var/spool/morf/sftp/alice/incoming/torture-mine.part; echo x > /var/spool/morf/sftp/alice/incoming/thesis.cfg'
        refused "alice/incoming/thesis.cfg was not made by morf-torture" --staging
        machine_sh 'rm /var/spool/morf/sftp/alice/incoming/*; systemctl start morfd'
        drop thesis
        wait_job thesis 'done'
        refused "was not made by morf-torture" --staging
        # Not even under a name of its own.
        machine_sh 'd=$(/root/test/job dir thesis); sed -i "s/\"drop\":\"thesis\"/\"drop\":\"torture-thesis\"/" "$d/record.json"'
        refused "was not made by morf-torture" --staging
        machine_sh 'rm -r /var/spool/morf/done/* /var/spool/morf/sftp/alice/jobs/*'
}

@test "a quiet run finds nothing wrong, and a result that differs is found" {
        run torture --staging --jobs 2 --seconds 0
        echo "$output"
        [ "$status" -eq 0 ]
        # The next run compares with a job of its own; so one of them gets another result behind its back.
        in_machine systemd-run --quiet --unit=test-spoil bash -c '
                until f=$(ls /var/spool/morf/done/*/release/eval.csv | sed -n 6p) && [[ -n $f ]]; do sleep 0.05; done; echo spoilt >> "$f"'
        run torture --staging --jobs 3 --seconds 8 --every 10s
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == *"its result is not that of the quiet run"* ]]
}

@test "all that can be killed is killed" {
        local options=()
        if [[ -n ${MORF_SEED:-} ]]; then options+=(--seed "$MORF_SEED"); fi
        run torture --staging --jobs "${MORF_TORTURE_JOBS:-50}" --seconds "${MORF_TORTURE_SECONDS:-120}" --every 600ms --patience 4m \
                --kill morfd,mail,helpers,dockerd "${options[@]}"
        echo "$output"
        echo "# ${lines[0]}; ${lines[1]}" >&3
        [ "$status" -eq 0 ]
}
