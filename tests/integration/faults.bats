#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: Each fault of a job or of its container ends it with its own code and one sentence, in the record and in the mail;
# the container is confined as its profile says; and nothing that a container prints or names gets out.
#
# All jobs are handed in at the beginning and run while the tests look at one after the other. Runs in a test machine of its
# own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or in the container

load lib

export MORF_HOST_NAME=faults

# What each container prints and names a file; it stands in the image alone.
LEAK=leak-c0ffee-4711

setup_file() {
        start_machine 'scheduler: { slots = 5; cpus = 8; memory = "1G"; };'
        add_user alice
        add_user bob --grant accounting
        in_machine tee /root/test/shell/run > /dev/null <<END
#!/bin/sh
echo "$LEAK"
echo "$LEAK" >&2
touch "/output/$LEAK"
eval "\$2"
END
        # These take longest.
        drop time 'trap "exit 0" TERM; while :; do sleep 0.1; done' 'limits: { time = "1s"; };'
        drop deaf 'trap "" TERM; while :; do sleep 0.1; done' 'limits: { time = "1s"; };'
        drop device 'until [ -e /output/output.csv ]; do sleep 0.1; done'

        drop exit 'exit 3'
        drop helper-status 'exit 65'
        drop engine-status 'exit 250'
        drop signal 'sh -c "kill -11 \$\$"; exit $?'
        drop memory 'exec tail -c 200000000 /dev/zero' 'limits: { memory = "16M"; };'
        drop child 'tail -c 200000000 /dev/zero; exit $?' 'limits: { memory = "16M"; };'
        drop pids 'for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do sleep 5 & done; wait' 'limits: { pids = 8; };'
        drop disk 'for i in 1 2 3 4 5 6 7 8 9; do head -c 500000 /dev/zero > /output/$i; done; sleep 10' 'limits: { output = "1M"; };'
        drop input 'for i in 1 2 3 4 5 6 7 8 9; do head -c 500000 /dev/zero > /input/accounting/$i; done; sleep 10' 'limits: { output = "1M"; };'
        drop file 'exec head -c 5000000 /dev/zero > /output/big' 'limits: { output = "1M"; };'
        drop missing 'true'
        drop symlink 'ln -s /etc/passwd /output/output.csv'
        drop hardlink 'cp /output.csv /output/; ln /output/output.csv /output/again'
        drop fifo 'mkfifo /output/output.csv'
        drop directory 'mkdir /output/output.csv'
        drop columns 'printf "y_true,score\n1,0.5\n" > /output/output.csv'
        drop labels 'printf "y_true,y_pred,y_score\n1,1,0.5\n2,1,0.5\n" > /output/output.csv'

        machine_sh '
                cd /root/test
                for i in command build base; do cp -r shell "$i"; done
                sed -i "s,/run\"],/is-missing\"]," command/Dockerfile
                printf "FROM morf-noop:latest\nRUN echo x && false\n" > build/Dockerfile
                printf "FROM no-such-image:1\nCOPY run /\n" > base/Dockerfile'
        drop command '' '' command
        drop build '' '' build
        drop base '' '' base

        drop unknown-course '' 'courses = ["accounting", "alchemy"];'
        JOB_USER=bob drop not-granted '' 'courses = ["accounting", "statistics"];'
        drop limit-memory '' 'limits: { memory = "512M"; };'
        drop limit-time '' 'limits: { time = "1h"; };'
        drop limit-cpus '' 'limits: { cpus = 500; };'
        drop limit-pids '' 'limits: { pids = 100000; };'
        drop key '' 'imgae = "x";'
        machine_sh '
                cd /var/spool/morf/sftp/alice/incoming
                echo "job: { image = \"archive.tar\"; };" > archive.part
                { echo "this is no archive"; head -c 20000 /dev/zero; } > archive.tar
                chown alice: archive.part archive.tar
                mv archive.part archive.cfg'

        # Each check that does not hold has its own status.
        local uid
        uid=$(in_machine id -u morf-job)
        drop strict '[ $(id -u) = '"$uid"' ] || exit 11; touch /x && exit 12; touch /tmp/x || exit 13
                ls /sys/class/net | grep -qvx lo && exit 14; cp /output.csv /output/' 'profile = "strict";'
        drop strict-caps 'grep -q "CapEff:.0*$" /proc/self/status || exit 11; grep -q "CapBnd:.0*$" /proc/self/status || exit 12
                grep -q "NoNewPrivs:.1" /proc/self/status || exit 13; cp /output.csv /output/' 'profile = "strict";'
        drop compat '[ $(id -u) = 0 ] || exit 11; touch /x || exit 12; mknod /n c 1 3 && exit 13; mount -t tmpfs x /mnt && exit 14
                hostname x && exit 15; ls /sys/class/net | grep -qvx lo && exit 16; cp /output.csv /output/'
        drop data 'touch /morf-data/accounting/x && exit 12; echo x > /input/accounting/001/data.txt || exit 13
                cmp /morf-data/accounting/001/data.txt /input/accounting/001/data.txt && exit 14; cp /output.csv /output/'
        JOB_USER=bob drop granted 'ls /morf-data /input | grep -q statistics && exit 11; [ -e /morf-data/labels-train.csv ] || exit 12
                cp /output.csv /output/'
}

teardown_file() {
        [[ -z ${KEEP:-} ]] || return 0
        stop_machine
}

teardown() {
        show_failure
}

# ---- the container -----------------------------------------------------------------------------------------------------

@test "it ends with a status" {
        assert_fault exit failed E_EXIT 'the container ended with status 3'
        assert_fault helper-status failed E_EXIT 'the container ended with status 65'
        assert_fault engine-status failed E_EXIT 'the container ended with status *'
        assert_fault signal failed E_SIGNAL 'the container was ended by signal 11'
}

@test "it uses too much memory, itself or a child of it" {
        assert_fault memory failed E_MEMORY 'the container ran out of its 16 MiB of memory'
        assert_fault child failed E_MEMORY 'the container ran out of its 16 MiB of memory'
}

@test "it starts too many processes" {
        assert_fault pids failed E_PIDS 'the container hit its limit of processes*'
}

@test "it writes too much, into many files or one, to /output or /input" {
        local code
        assert_fault disk failed E_DISK 'the container wrote more than it may to /output and /input'
        assert_fault input failed E_DISK 'the container wrote more than it may to /output and /input'
        # One file that is written at once may be whole before anybody looks: then it is found when the output is sealed.
        wait_job file failed
        code=$(job_get file .fault.code)
        [[ $code == E_DISK || $code == E_OUTPUT_TOO_BIG ]]
        assert_fault file failed "$code" '*more than*'
}

@test "its image cannot be used" {
        assert_fault command failed E_COMMAND "the image's command could not be run (status 127)"
        assert_fault build failed E_BUILD 'Dockerfile:2: step 2 of 2 failed *'
        assert_fault base failed E_BUILD "Dockerfile:1: base image 'no-such-image:1' is not available here"
        assert_fault archive rejected E_IMAGE "archive.tar: this is not a tar archive made by 'docker save'"
}

# ---- its output ----------------------------------------------------------------------------------------------------------

@test "output.csv is missing or is no regular file" {
        assert_fault missing failed E_OUTPUT_MISSING 'output.csv: the job did not write it; it left 1 other file in /output'
        assert_fault symlink failed E_OUTPUT_KIND 'output.csv: it is a symbolic link'
        assert_fault hardlink failed E_OUTPUT_KIND 'output.csv: it is a hard link: the file has other names'
        assert_fault fifo failed E_OUTPUT_KIND 'output.csv: it is not a regular file but a directory, FIFO, socket or device'
        assert_fault directory failed E_OUTPUT_KIND 'output.csv: it is not a regular file but a directory, FIFO, socket or device'
        # A container cannot make one; whoever can is no friend of ours.
        wait_job device running
        machine_sh 'dir=$(/root/test/job dir device)/steps/001/output; mknod "$dir/.x" c 1 5; chmod 0666 "$dir/.x"; mv "$dir/.x" "$dir/output.csv"'
        assert_fault device failed E_OUTPUT_KIND 'output.csv: it is not a regular file but a directory, FIFO, socket or device'
}

@test "output.csv has the wrong columns or values" {
        assert_fault columns failed E_CSV_COLUMNS 'output.csv:1: the header lacks the column y_pred'
        assert_fault labels failed E_CSV_Y_TRUE 'output.csv:3: y_true *'
}

# ---- what the operator allows -----------------------------------------------------------------------------------------------

@test "a job asks for what it may not have" {
        assert_fault unknown-course rejected E_GRANT '*alchemy*'
        assert_fault not-granted rejected E_GRANT '*statistics*'
        assert_fault limit-memory rejected E_POLICY 'limits.memory asks for 512 MiB, but at most 256 MiB is allowed here'
        assert_fault limit-time rejected E_POLICY 'limits.time asks for 1h*, but at most 2m* is allowed here'
        assert_fault limit-cpus rejected E_POLICY 'limits.cpus asks for 500, but at most 8 is allowed here'
        assert_fault limit-pids rejected E_POLICY 'limits.pids asks for 100000, but at most 4096 is allowed here'
        assert_fault key rejected E_JOBFILE "key.cfg:1: unknown key 'imgae'; did you mean 'image'?"
}

@test "the profile strict confines, and a good job succeeds in it" {
        wait_job strict 'done'
        wait_job strict-caps 'done'
}

@test "the profile compat has root without its dangers" {
        wait_job compat 'done'
}

@test "data is read-only, a scratch copy is not, and only granted courses are there" {
        wait_job data 'done'
        wait_job granted 'done'
        [ "$(in_machine cat /srv/morf/university/accounting/001/data.txt)" = data ]
}

@test "it does not end in its time, whether it listens to SIGTERM or not" {
        assert_fault time failed E_TIME 'the container did not end within its time limit of 1.0s'
        assert_fault deaf failed E_TIME 'the container did not end within its time limit of 1.0s'
}

# ---- behind them all -------------------------------------------------------------------------------------------------------

@test "nothing is left of any of them" {
        wait_until 20 "all jobs have ended" machine_sh '[ -z "$(ls -A /var/spool/morf/active)" ]'
        none_left() {
                machine_sh '[ -z "$(docker ps --all --quiet)$(docker volume ls --quiet)" ]
                        [ -z "$(systemctl list-units --no-legend "morf-0*" "morf-jobs-*")" ]
                        [ -z "$(ls -d /var/spool/morf/{done,failed}/*/{data,steps/001/{input,output}} 2> /dev/null)" ]'
        }
        wait_until 20 "no container, volume, unit, slice or scratch file is left" none_left
}

@test "nothing that a container printed or named got out" {
        wait_until 20 "all mails are sent" outbox_is_empty
        # It was printed, and kept for the operator.
        machine_sh 'grep -rlF "$1" /var/spool/morf/failed/*/steps/001/log | grep -q .' "$LEAK"
        # Mails, decoded.
        machine_sh 'python3 - "$1" /var/spool/morf/mail/new/* <<END
import email, email.policy, sys
for name in sys.argv[2:]:
    m = email.message_from_binary_file(open(name, "rb"), policy=email.policy.default)
    for part in [m, *m.walk()]:
        text = str(part.items()) + ("" if part.is_multipart() else part.get_payload(decode=True).decode("utf-8", "replace"))
        assert sys.argv[1] not in text, name
END' "$LEAK"
        run in_machine grep -rlF "$LEAK" /var/spool/morf/sftp /var/spool/morf/outbox /var/spool/morf/mail /run/morf
        echo "$output"
        [ "$status" -eq 1 ]
        run machine_sh 'journalctl -b -o export --no-pager | grep -aF "$1"' "$LEAK"
        echo "$output"
        [ "$status" -eq 1 ]
        # Records and faults, which the command shows.
        run machine_sh 'grep -lF "$1" /var/spool/morf/{done,failed}/*/record.json' "$LEAK"
        [ "$status" -eq 1 ]
}
