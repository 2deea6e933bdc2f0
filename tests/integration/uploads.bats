#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: only whole uploads become jobs, each once: cut, open, doubled, linked and forgotten ones are told apart, and nothing
# that was dropped is lost.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=uploads

BOX=/var/spool/morf/sftp/alice/incoming

setup_file() {
        start_machine 'scheduler: { slots = 2; memory = "256M"; cpus = 4; };'
        add_user alice
        # The complete thing that the tests cut, link and double.
        put_file /root/whole.cfg <<'END'
/* A job file with more than one closing brace. */
job: {
  name = "whole";
  limits: { memory = "32M"; };
  dockerfile = "shell";
  args: { do = "cp /output.csv /output/"; };
};
END
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        machine_sh 'rm -rf "$1"/*' "$BOX"
}

# as_alice SCRIPT [ARG…]: in her drop box, as she could by SFTP.
as_alice() {
        local script=$1
        shift
        in_machine setpriv --reuid=alice --regid=alice --clear-groups bash -euo pipefail -c "cd $BOX; $script" as_alice "$@"
}

box_is_empty() {
        machine_sh '[ -z "$(ls -A "$1")" ]' "$BOX"
}

# set_upload_timeout TIME: how long an upload that is not whole is waited for.
set_upload_timeout() {
        put_file /etc/morf/conf.d/30-upload.conf <<< "scheduler: { upload_timeout = \"$1\"; };"
        in_machine systemctl reload morfd
}

count_jobs() {
        machine_sh 'find /var/spool/morf/{active,done,failed} -mindepth 1 -maxdepth 1 | wc -l'
}

# How many containers of jobs were started; the isolation probe has containers, too, and no directory of a job.
containers_started() {
        machine_sh 'cd /var/spool/morf
                sed -n "s/^morf-\([^-]*\)-.*/\1/p" /root/test/starts | while read -r id; do
                        if ls -d {active,done,failed}/"$id" > /dev/null 2>&1; then echo "$id"; fi
                done | wc -l'
}

no_job_is_active() {
        machine_sh '[ -z "$(ls -A /var/spool/morf/active)" ]'
}

@test "a job file that was cut off anywhere never runs, and its owner is told" {
        local size started
        started=$(containers_started)
        size=$(in_machine stat -c %s /root/whole.cfg)
        # Cut at every ninth byte, put as it is; all but those that end like a job file wait to be completed and are given up.
        set_upload_timeout 2s
        in_machine cp /root/whole.cfg /tmp/whole.cfg
        as_alice 'for ((n = 1; n < $1; n += 9)); do head -c "$n" /tmp/whole.cfg > "cut-$n.cfg"; done' "$((size - 3))"
        wait_until 60 "all cut files are taken" box_is_empty
        wait_until 60 "all of them have ended" no_job_is_active
        machine_sh '
                n=0
                for f in /var/spool/morf/failed/*/record.json; do
                        case $(jq -r .drop "$f") in cut-*)
                                n=$((n + 1))
                                jq -e ".state == \"rejected\" and (.fault.code == \"E_UPLOAD\" or .fault.code == \"E_JOBFILE\")" "$f" > /dev/null || { cat "$f"; exit 1; }
                        esac
                done
                [ "$n" -eq "$1" ] || { echo "$n rejections, not $1"; exit 1; }' "$(((size - 3 + 7) / 9))"
        [[ $(containers_started) == "$started" ]]
        set_upload_timeout 1h
}

@test "a cut zip never runs" {
        local started
        started=$(containers_started)
        machine_sh 'cd /root/test/shell && rm -f /tmp/whole.zip && zip -q -r /tmp/whole.zip . && chmod 644 /tmp/whole.zip'
        set_upload_timeout 2s
        as_alice 'size=$(stat -c %s /tmp/whole.zip); for ((i = 1; i < 12; i++)); do head -c $((size * i / 12)) /tmp/whole.zip > "cut-$i.zip"; done'
        # Renamed, so that their sender says that they are whole: rejected at once, by their content.
        as_alice 'head -c 100 /tmp/whole.zip > lie.zip.part; mv lie.zip.part lie.zip'
        assert_fault lie rejected E_ZIP '*'
        wait_until 60 "all cut files are taken" box_is_empty
        wait_until 60 "all of them have ended" no_job_is_active
        [[ $(containers_started) == "$started" ]]
        set_upload_timeout 1h
}

@test "an upload that is completed after a pause becomes one job" {
        as_alice 'head -c 60 /tmp/whole.cfg > slow.cfg; cp -r /root/test/shell shell 2> /dev/null || mkdir -p shell'
        machine_sh 'cp -r /root/test/shell/. "$1/shell/"; chown -R alice: "$1/shell"' "$BOX"
        local before
        before=$(count_jobs)
        # Longer than the quiet time: it rests, but it is not whole.
        wait_until 10 "it has rested" machine_sh '[ $(($(date +%s%N) - $(stat -c %.9Z "$1/slow.cfg" | tr -d .))) -gt 1500000000 ]' "$BOX"
        [[ $(count_jobs) == "$before" ]]
        as_alice 'tail -c +61 /tmp/whole.cfg >> slow.cfg'
        wait_job slow 'done'
        [[ $(count_jobs) == $((before + 1)) ]]
}

@test "a file that is open for writing is not taken before it is closed" {
        machine_sh 'cp -r /root/test/shell "$1/shell"; chown -R alice: "$1/shell"; mkfifo -m 666 /tmp/go
                systemd-run --quiet --unit=writer --uid=alice sh -c "exec 3>> $1/open.cfg; cat /tmp/whole.cfg >&3; read x < /tmp/go"' "$BOX"
        local before
        before=$(count_jobs)
        wait_until 10 "it was written" machine_sh 'cmp -s /tmp/whole.cfg "$1/open.cfg"' "$BOX"
        wait_until 10 "it has rested" machine_sh '[ $(($(date +%s%N) - $(stat -c %.9Z "$1/open.cfg" | tr -d .))) -gt 1500000000 ]' "$BOX"
        [[ $(count_jobs) == "$before" ]]
        in_machine systemctl stop writer
        wait_job open 'done'
}

@test "the same file twice while the first is on its way runs once; under another name it runs" {
        in_machine systemctl stop morfd
        drop same 'cp /output.csv /output/' 'name = "same";'
        in_machine systemctl start morfd
        wait_job same queued preparing planning running collecting evaluating gating 'done'
        drop same 'cp /output.csv /output/' 'name = "same";'
        drop other 'cp /output.csv /output/' 'name = "same";'
        wait_job other 'done'
        wait_until 60 "all jobs have ended" no_job_is_active
        [[ $(starts_of other) == 1 ]]
        # Whether the second came in time to be a double or not, nothing was lost: two ends, and one mail each.
        machine_sh '
                ends=$(jq -r "select(.drop == \"same\") | .state + \" \" + (.fault.code // \"\")" /var/spool/morf/{done,failed}/*/record.json 2> /dev/null | sort | tr "\n" ",")
                case $ends in "done ,rejected E_DUPLICATE," | "done ,done ,") ;; *) echo "$ends"; exit 1 ;; esac'
}

@test "a double is refused while the first is held, and named" {
        drop first 'cp /output.csv /output/'
        wait_job first 'done'
        put_file /etc/morf/conf.d/40-slots.conf <<< 'scheduler: { cpus = 0.1; };'
        in_machine systemctl reload morfd
        local settings='limits: { cpus = 0.1; };'
        drop blocker 'sleep 5; cp /output.csv /output/' "$settings"
        wait_job blocker running
        drop twin 'cp /output.csv /output/' "$settings"
        wait_job twin queued
        local first
        first=$(job_id twin)
        drop twin 'cp /output.csv /output/' "$settings"
        wait_until 20 "the double is refused" machine_sh '
                jq -e "select(.drop == \"twin\" and .state == \"rejected\" and .fault.code == \"E_DUPLICATE\" and (.fault.message | contains(\"$1\")))" \
                        /var/spool/morf/failed/*/record.json > /dev/null' "${first:0:12}"
        in_machine rm /etc/morf/conf.d/40-slots.conf
        in_machine systemctl reload morfd
        wait_until 40 "all jobs have ended" no_job_is_active
        [[ $(in_machine grep -c "^morf-$first-" /root/test/starts) == 1 ]]
}

@test "what lay there before the daemon started is found, oldest first" {
        in_machine systemctl stop morfd
        local i
        for i in 3 1 2; do drop "early-$i"; done
        machine_sh 'for i in 1 2 3; do touch -d "2020-01-0$i" "$1/early-$i"; done' "$BOX"
        in_machine systemctl start morfd
        for i in 1 2 3; do wait_job "early-$i" 'done'; done
        [[ $(job_id early-1) < $(job_id early-2) && $(job_id early-2) < $(job_id early-3) ]]
        assert_once 'done' early-1 early-2 early-3
}

@test "links, FIFOs and hard links are neither followed nor taken nor waited on" {
        local before
        before=$(count_jobs)
        machine_sh 'install -m 600 /root/whole.cfg /root/secret.cfg; ln -s /root/secret.cfg "$1/symlink.cfg"; mkfifo "$1/fifo.cfg"
                cp /root/whole.cfg "$1/hard.part"; ln "$1/hard.part" "$1/hard.cfg"; chown -h alice: "$1"/*.cfg' "$BOX"
        # One that is good and comes last shows that the box was gone through.
        drop after-links
        wait_job after-links 'done'
        [[ $(count_jobs) == $((before + 1)) ]]
        machine_sh '[ -L "$1/symlink.cfg" ] && [ -p "$1/fifo.cfg" ] && [ -f "$1/hard.cfg" ] && [ "$(stat -c %U:%a /root/secret.cfg)" = root:600 ]' "$BOX"
        # Its other name gone, as after a rename by link and unlink, the last is whole.
        machine_sh 'cp -r /root/test/shell "$1/shell"; chown -R alice: "$1/shell"; rm "$1/hard.part" "$1/symlink.cfg" "$1/fifo.cfg"' "$BOX"
        wait_job hard 'done'
}

@test "an attachment that comes later is waited for, and one that never comes is named" {
        set_upload_timeout 3s
        as_alice 'cp /tmp/whole.cfg late.cfg.part; mv late.cfg.part late.cfg'
        wait_job late intake
        wait_until 10 "its owner can see what it waits for" machine_sh 'jq -e "select(.drop == \"late.cfg\") | .why | contains(\"shell\")" /var/spool/morf/active/*/record.json > /dev/null'
        machine_sh 'cp -r /root/test/shell "$1/.shell"; chown -R alice: "$1/.shell"; mv "$1/.shell" "$1/shell"' "$BOX"
        wait_job late 'done'
        as_alice 'cp /tmp/whole.cfg never.cfg.part; mv never.cfg.part never.cfg'
        assert_fault never rejected E_ATTACHMENT "never.cfg: the file 'shell' that it names did not come"
        set_upload_timeout 1h
}

@test "a local user submits by the drop box of all; the owner of the file is who it is from" {
        machine_sh 'useradd --create-home --groups morf-submit carol; useradd --create-home --groups morf-submit stranger
                morf user add carol --mail carol@morf.test --grant accounting
                cp -r /root/test/shell /home/carol/; cp /root/whole.cfg /home/carol/local.cfg; chown -R carol: /home/carol'
        run -0 in_machine setpriv --reuid=carol --regid=carol --init-groups sh -c 'cd /home/carol && morf submit --wait --timeout 60 local.cfg 2>&1'
        [[ $output == *accuracy* ]]
        [[ $(job_get local.cfg .user) == carol ]]
        # Somebody without an account of ours.
        in_machine setpriv --reuid=stranger --regid=stranger --init-groups sh -c 'cp /tmp/whole.cfg /var/spool/morf/incoming/foreign.part; mv /var/spool/morf/incoming/foreign.part /var/spool/morf/incoming/foreign.cfg'
        wait_job foreign rejected
        [[ $(job_get foreign .fault.code) == E_USER ]]
        # Nobody at all.
        machine_sh 'cp /tmp/whole.cfg /tmp/nobody.cfg; chown 54321 /tmp/nobody.cfg; mv /tmp/nobody.cfg /var/spool/morf/incoming/nobody.cfg'
        wait_until 20 "it is set aside" machine_sh 'ls /var/spool/morf/corrupt/*/drop && grep -l "not a user" /var/spool/morf/corrupt/*/reason.json'
        machine_sh 'cmp /tmp/whole.cfg /var/spool/morf/corrupt/*/drop'
}
