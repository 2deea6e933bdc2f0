#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: "morf run" does at home what the server does: the same result for the same job, everything shown that a container prints, the
# same faults, and nothing left behind, interrupted or not; and it does not show what may be somebody's data.
#
# Runs in a test machine of its own, whose service is there for the comparison. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=run

setup_file() {
        start_machine 'limits: { default: { cpus = 1.0; memory = "256M"; time = "2m"; output = "32M"; }; };'
        add_user alice
        "$BATS_TEST_DIRNAME/../host/host" copy "$BATS_TEST_DIRNAME/../jobs/workflow" /root/test/workflow
        machine_sh '
                rm -rf /srv/morf/university
                morf synth --out /srv/morf/university --courses 2 --sessions 2 --users 60 --seed 1
                docker build -q -t test-workflow /root/test/workflow > /dev/null
                docker save -o /root/test/workflow/image.tar test-workflow
                docker rmi -f test-workflow > /dev/null
                mkdir /srv/home'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# make_job NAME COMMANDS: a directory with a job whose container does that.
make_job() {
        machine_sh '
                rm -rf "/srv/home/$1"
                mkdir "/srv/home/$1"
                cp -r /root/test/shell "/srv/home/$1/shell"
                cat > "/srv/home/$1/$1.cfg"' "$1" <<END
job: { name = "$1"; mode = "run"; dockerfile = "shell"; args: { do = "$2"; }; };
END
}

# try NAME [ARG…]: runs it as a researcher does
try() {
        machine_sh 'cd /srv/home; name=$1; shift; morf run --data /srv/morf/university "$@" "$name"' "$@"
}

# Nothing of a run is left in the engine.
refute_leftovers() {
        run machine_sh 'docker ps -aq; docker volume ls -q'
        echo "$output"
        [ -z "$output" ]
}

@test "a job ends with the result that the server comes to, and its output is shown" {
        make_job plain 'echo hello from the container; cp /output.csv /output'
        run try plain
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"hello from the container"* ]]
        [[ $output == *"morf submit plain"* ]]
        machine_sh 'cd /srv/home/morf-run-plain; test -s eval.csv; test -s receipt.json; test -s roc.png; grep -q hello logs/001.log; test ! -e job'
        refute_leftovers
        machine_sh 'cp -r /srv/home/plain /var/spool/morf/sftp/alice/incoming/plain.part; cd /var/spool/morf/sftp/alice/incoming
                chown -R alice: plain.part; mv plain.part plain'
        wait_job plain 'done'
        machine_sh 'cmp "$(/root/test/job dir plain)/release/eval.csv" /srv/home/morf-run-plain/eval.csv'
}

@test "a workflow runs step by step" {
        run machine_sh 'cd /srv/home; mkdir flow; cp /root/test/workflow/{client.config,controller.py,image.tar} flow
                morf run --data /srv/morf/university --output out flow'
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"step 1 of "*"extract_session"* ]]
        [[ $output == *"reading the controller"* ]]
        machine_sh 'cd /srv/home/out; test "$(wc -l < eval.csv)" -eq 3; test ! -e job'
        refute_leftovers
}

@test "a job that fails says so as the server does, and shows why" {
        make_job bad 'echo no such luck >&2; exit 3'
        run try bad
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == *"no such luck"* ]]
        [[ $output == *"the container ended with status 3"* ]]
        [[ $output == *E_EXIT* ]]
        make_job silent 'true'
        run try silent
        [ "$status" -eq 1 ]
        [[ $output == *E_OUTPUT_MISSING* ]]
        refute_leftovers
}

@test "an interrupted run leaves nothing" {
        make_job long 'echo begun; trap : TERM; while :; do sleep 1; done'
        run machine_sh '
                cd /srv/home
                mkfifo /srv/home/lines
                morf run --data /srv/morf/university long > lines 2> errors &
                while read -r line; do [[ $line != begun ]] || kill -INT $!; done < lines
                wait $!'
        echo "$output"
        [ "$status" -eq 130 ]
        machine_sh 'grep interrupted /srv/home/errors; test ! -e /srv/home/morf-run-long/job'
        refute_leftovers
}

@test "data that is not synthetic is not shown, and what is somebody else's is not replaced" {
        make_job plain 'cp /output.csv /output'
        run machine_sh 'mkdir -p /srv/real/accounting/001; cd /srv/home; morf run --data /srv/real plain'
        [ "$status" -eq 2 ]
        [[ $output == *"--not-private"* ]]
        run machine_sh 'cd /srv/home; mkdir mine; touch mine/thesis; morf run --data /srv/morf/university --output mine plain; test -e mine/thesis'
        [[ $output == *"not of an earlier run"* ]]
}
