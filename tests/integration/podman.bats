#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: The service with podman in the place of docker: images from Dockerfiles and archives, limits, no network, course data
# that cannot be written to, and nothing that is left of a container, however its job ends.
#
# All jobs are handed in at the beginning and run while the tests look at one after the other. Runs in a test machine of its
# own, without docker. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or in the container

load lib

export MORF_HOST_NAME=podman

setup_file() {
        start_machine 'engine: { name = "podman"; }; scheduler: { slots = 3; cpus = 8; memory = "1G"; };'
        # Podman keeps a file of its own in /run, so that this is a directory here.
        put_file /root/test/shell/Dockerfile <<'END'
FROM morf-noop:latest
COPY output.csv /
COPY run /bin/run
ENTRYPOINT ["/bin/run"]
END
        machine_sh '
                systemctl stop test-starts docker.socket docker
                podman import -q --change "CMD [\"/bin/sh\"]" /opt/morf-test/images/morf-noop.tar morf-noop:latest
                cp -r /root/test/shell /root/test/broken
                printf "FROM morf-noop:latest\nRUN true\nRUN echo STEP 9/9: x; exit 3\nRUN true\n" > /root/test/broken/Dockerfile
                cp -r /root/test/shell /root/test/absent
                printf "FROM morf-absent:latest\n" > /root/test/absent/Dockerfile
                cp -r /root/test/shell /root/test/network
                printf "FROM morf-noop:latest\nCOPY output.csv run /bin/\nRUN ls /sys/class/net > /interfaces\nENTRYPOINT [\"/bin/run\"]\n" > /root/test/network/Dockerfile
        ' 2>&1
        add_user alice

        # These take longest.
        drop time 'trap "exit 0" TERM; while :; do sleep 0.1; done' 'limits: { time = "1s"; };'
        drop deaf 'trap "" TERM; while :; do sleep 0.1; done' 'limits: { time = "1s"; };'
        drop cancelled 'while :; do sleep 0.1; done'

        drop plain
        drop memory 'exec tail -c 200000000 /dev/zero' 'limits: { memory = "16M"; };'
        drop pids 'for i in $(seq 100); do sleep 2 & done; wait' 'limits: { pids = 32; };'
        drop exit 'exit 3'
        drop lonely 'ls /sys/class/net > /output/net; cat /proc/net/route > /output/route; cp /output.csv /output/; ! ping -c 1 -w 2 127.0.0.2 || :'
        drop input 'echo x >> /input/accounting/001/data.txt && grep -qx x /input/accounting/001/data.txt && grep -qx data /input/accounting/001/data.txt && ! touch /morf-data/accounting/x && ! test -e /morf-data/labels-test.csv && cp /output.csv /output/'
        drop strict 'test $(id -u) != 0 && ! touch /x && touch /tmp/x /output/x && grep -q "^CapBnd:.0000000000000000" /proc/self/status && cp /output.csv /output/' 'profile = "strict";'
        drop broken '' '' broken
        drop absent '' '' absent
        drop network 'test "$(cat /interfaces)" = lo && cp /bin/output.csv /output/' '' network
        machine_sh '
                cd /root/test
                podman build -q -t archived shell
                podman save -q --format docker-archive -o archived.tar archived
                podman rmi archived
                mkdir archive
                cp archived.tar archive/image.tar
                head -c 1000 archived.tar > truncated.tar
                box=/var/spool/morf/sftp/alice/incoming
                mkdir "$box/archive.part"
                mv archive/image.tar "$box/archive.part/"
                echo "job: { image = \"image.tar\"; args: { do = \"cp /output.csv /output/\"; }; };" > "$box/archive.part/archive.cfg"
                chown -R alice: "$box/archive.part"
                mv "$box/archive.part" "$box/archive"
        ' 2>&1
}

teardown_file() {
        stop_machine
}

setup() {
        cd "$BATS_TEST_DIRNAME/../.." || return
}

teardown() {
        show_failure
}

@test "a job from a Dockerfile is done" {
        wait_job plain done -- 60
        in_machine test -s "$(job_dir plain)/release/eval.csv"
}

@test "its account tells processor time and memory" {
        wait_job plain done -- 60
        job_get plain .usage
        [ "$(job_get plain '.usage.cpu_usec > 0 and .usage.memory_peak > 100000')" = true ]
}

@test "an image archive is loaded under its id and not under its name" {
        wait_job archive done -- 60
        in_machine test -s "$(job_dir archive)/release/eval.csv"
        refute in_machine podman image exists archived
        in_machine podman image exists "$(in_machine jq -r .id "$(job_dir archive)/image/image.json")"
}

@test "out of memory" {
        assert_fault memory failed E_MEMORY '*ran out of its 16*'
}

@test "too many processes" {
        wait_job pids failed done -- 60
        [ "$(job_get pids .fault.code)" = E_PIDS ]
}

@test "out of time, also when it does not listen" {
        assert_fault time failed E_TIME '*did not end within its time limit*'
        assert_fault deaf failed E_TIME '*did not end within its time limit*'
}

@test "a program that fails" {
        assert_fault exit failed E_EXIT '*status 3*'
}

@test "there is no network in a container, and none in a build" {
        wait_job lonely done -- 60
        wait_job network done -- 60
}

@test "course data is read-only, and writable in a copy that is thrown away" {
        wait_job input done -- 60
        [ "$(in_machine cat /srv/morf/university/accounting/001/data.txt)" = data ]
}

@test "the profile strict" {
        wait_job strict done -- 60
}

@test "a build that fails, and a base image that is not there, are told by line" {
        assert_fault broken failed E_BUILD '*step 3 of 4 failed (RUN)*'
        wait_job absent failed rejected -- 60
        [ "$(job_get absent .fault.code)" = E_BUILD ]
        [ "$(job_get absent .fault.line)" = 1 ]
}

@test "a job that is cancelled" {
        wait_job cancelled running -- 60
        in_machine morf cancel "$(job_id cancelled)"
        wait_job cancelled cancelled -- 60
}

@test "a podman that does not work is nobody's fault but ours" {
        machine_sh 'mv /usr/bin/crun /usr/bin/crun.away; mkdir -p /etc/containers; printf "[storage]\ndriver = \"none-such\"\n" > /etc/containers/storage.conf'
        drop later
        wait_until 30 "the first try has failed" machine_sh 'test "$(jq -r .faults "$(/root/test/job dir later)/record.json")" -gt 0'
        machine_sh 'mv /usr/bin/crun.away /usr/bin/crun; rm /etc/containers/storage.conf'
        wait_job later 'done' -- 60
}

@test "nothing is left behind: containers, mounts, scopes, slices" {
        run machine_sh '
                podman ps -aq --external
                ls /var/lib/containers/storage/overlay-containers | grep -E "^[0-9a-f]{64}$" || :
                systemctl list-units --no-legend --plain "libpod*" "morf-jobs-*" "morf-0*"
                pgrep -a conmon || :
                find /var/spool/morf/active -mindepth 1'
        echo "$output"
        [ -z "$output" ]
}
