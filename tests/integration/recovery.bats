#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morfd is killed, stopped and restarted in every state of a job and at random moments under load; each job still
# ends once, its container is not run again once it has finished, and there is one mail for each event.
#
# Runs in a test machine of its own. MORF_DEB names the package to test; MORF_SEED repeats the random kills of a run.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=recovery

NOTIFY='notify = ["accepted", "started"];'

setup_file() {
        start_machine 'scheduler: { slots = 2; memory = "128M"; cpus = 4; };'
        add_user alice
        hold_stages
        # What an undisturbed run makes.
        drop reference '' "$NOTIFY"
        wait_job reference 'done'
        in_machine cp "$(job_dir reference)/release/eval.csv" /root/test/eval.csv
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        let_go_all
}

kill_morfd() {
        in_machine timeout 30 /root/test/kill9
}

# assert_result NAME…: the same numbers as without a disturbance.
assert_result() {
        local name
        for name; do
                in_machine cmp /root/test/eval.csv "$(job_dir "$name")/release/eval.csv"
        done
}

# adopted_times NAME: how often a daemon found a unit of the job running.
adopted_times() {
        machine_sh 'journalctl -b -q -o cat MESSAGE_ID=0b80a25553a14945a93258ef7777682c MORF_JOB="$1" | wc -l' "$(job_id "$1")"
}

is_adopted() {
        (($(adopted_times "$1") > 0))
}

# killed_in STATE STAGE: with the stage's unit there but not begun, the daemon is killed and must adopt it; then it is killed
# after the stage has ended and before it could notice: that must be learnt from the exit record.
killed_in() {
        local name=killed-in-$1 dir
        hold_stage "$2"
        drop "$name" '' "$NOTIFY"
        wait_held "$2"
        wait_job "$name" "$1"
        kill_morfd
        wait_until 20 "it is adopted" is_adopted "$name"
        dir=$(job_dir "$name")
        in_machine systemctl kill --signal=STOP --kill-who=main morfd
        let_go "$2"
        wait_until 40 "the stage has ended" in_machine test -s "$dir/exits/$2-1.json"
        kill_morfd
        wait_job "$name" 'done'
        assert_once 'done' "$name"
        assert_result "$name"
        [ "$(starts_of "$name")" -eq 1 ]
        # No stage was done twice.
        [ "$(in_machine ls "$(job_dir "$name")/exits" | tr '\n' ' ')" = "collect-1.json data-1.json evaluate-1.json gate-1.json image-1.json intake-1.json run-1.json " ]
}

@test "killed in intake" {
        killed_in intake intake
}

@test "killed while the image is prepared" {
        killed_in preparing image
}

@test "killed while the data is laid out" {
        killed_in planning data
}

@test "killed while the container is started" {
        killed_in running run
}

@test "killed while the output is sealed" {
        killed_in collecting collect
}

@test "killed while the result is evaluated" {
        killed_in evaluating evaluate
}

@test "killed while the release policy is applied" {
        killed_in gating gate
}

@test "killed while it is queued" {
        hold_stage image
        # It takes all the memory there is for jobs.
        drop blocker '' 'limits: { memory = "128M"; };'
        wait_held image
        drop killed-in-queued '' "$NOTIFY"
        wait_job killed-in-queued queued
        kill_morfd
        is_waiting() { [[ $(job_get killed-in-queued .why) == "waiting for 32 MiB of memory"* ]]; }
        wait_until 20 "it waits again" is_waiting
        let_go image
        wait_job blocker 'done'
        wait_job killed-in-queued 'done'
        assert_once 'done' blocker killed-in-queued
        assert_result killed-in-queued
}

# half_claimed NAME: a directory in active/ such as a daemon leaves that is killed in the middle of a claim; prints its path.
half_claimed() {
        machine_sh '
                reference=$(/root/test/job dir reference) digit=$2
                id=${reference##*/}
                id=${id%?}$digit
                install -d -m 0750 -g morf-admin "/var/spool/morf/active/$id" "/var/spool/morf/active/$id/exits"
                install -d -m 0750 -g morf-intake "/var/spool/morf/active/$id/drop"
                jq -c --arg id "$id" --arg name "$1" "{version, id: \$id, user, name: \$name, drop: \$name, state: \"intake\", why: \"received\", created, changed, box}" \
                        "$reference/record.json" > "/var/spool/morf/active/$id/record.json"
                chgrp morf-admin "/var/spool/morf/active/$id/record.json"
                chmod 0640 "/var/spool/morf/active/$id/record.json"
                echo "/var/spool/morf/active/$id"' "$@"
}

@test "killed in the middle of a claim" {
        in_machine systemctl stop morfd
        # Before the rename: the drop still lies in its box.
        before=$(half_claimed claim-before 0)
        drop claim-before
        # Before anything but the directory was made.
        nothing=$(half_claimed claim-nothing 1)
        in_machine rm "$nothing/record.json"
        # Behind the rename, before the drop was made root's.
        after=$(half_claimed claim-after 2)
        drop claim-after
        in_machine mv "$SPOOL"/sftp/alice/incoming/claim-after "$after/drop/"
        in_machine chmod -R u=rwX,go= "$after/drop/claim-after"

        in_machine systemctl start morfd
        wait_job claim-before 'done'
        wait_job claim-after 'done'
        assert_once 'done' claim-before claim-after
        assert_result claim-before claim-after
        [ "$(job_dir claim-after)" = "$SPOOL/done/${after##*/}" ]
        for dir in "$before" "$nothing"; do
                refute in_machine test -e "$dir"
        done
}

@test "killed behind the last record, before the job was moved and announced" {
        drop end-again '' "$NOTIFY"
        wait_job end-again 'done'
        wait_until 20 "all mails are sent" outbox_is_empty
        id=$(job_id end-again)
        machine_sh 'systemctl stop morfd; mv "/var/spool/morf/done/$1" /var/spool/morf/active/
                    rm -r "/var/spool/morf/sftp/alice/jobs/$1"; systemctl start morfd' "$id"
        wait_job end-again 'done'
        wait_until 20 "all mails are sent" outbox_is_empty
        in_machine test -e "$SPOOL/sftp/alice/jobs/$id/eval.csv"
        # The one that was sent already was not sent again.
        [ "$(machine_sh 'grep -rhi "^Message-ID:" /var/spool/morf/mail/new | grep -c "$1"' "$id")" -eq 3 ]
        assert_result end-again
}

@test "a stage that vanished without a record is tried again, which is not held against the job" {
        hold_stage evaluate
        drop vanished '' "$NOTIFY"
        wait_held evaluate
        dir=$(job_dir vanished)
        in_machine systemctl kill --signal=STOP --kill-who=main morfd
        let_go evaluate
        wait_until 20 "the stage has ended" in_machine test -s "$dir/exits/evaluate-1.json"
        in_machine rm "$dir/exits/evaluate-1.json"
        kill_morfd
        wait_job vanished 'done'
        assert_once 'done' vanished
        assert_result vanished
        [ "$(starts_of vanished)" -eq 1 ]
        in_machine test -e "$(job_dir vanished)/exits/evaluate-2.json"
}

# A container that ends when it is told to.
WAIT='until [ -e /output/go ]; do sleep 0.1; done; rm /output/go; cp /output.csv /output/'

tell_to_end() {
        in_machine touch "$(job_dir "$1")/steps/001/output/go"
}

containers_of() {
        in_machine docker ps --all --quiet --no-trunc --filter "label=morf.job=$(job_id "$1")"
}

has_container() {
        [[ -n $(containers_of "$1") ]]
}

@test "a stop leaves the container running, the next start adopts it, and so does a manager that is executed anew" {
        drop stopped "$WAIT" "$NOTIFY"
        wait_job stopped running
        wait_until 20 "its container runs" has_container stopped
        container=$(containers_of stopped)
        in_machine systemctl restart morfd
        is_adopted stopped
        in_machine systemctl daemon-reexec
        in_machine systemctl reload morfd
        [ "$(containers_of stopped)" = "$container" ]
        tell_to_end stopped
        wait_job stopped 'done'
        assert_once 'done' stopped
        assert_result stopped
        [ "$(starts_of stopped)" -eq 1 ]
}

@test "a container that ends while no daemon runs is not run again" {
        drop alone "$WAIT" "$NOTIFY"
        wait_job alone running
        wait_until 20 "its container runs" has_container alone
        in_machine systemctl stop morfd
        dir=$(job_dir alone)
        tell_to_end alone
        wait_until 20 "it has ended" in_machine test -e "$dir/exits/run-1.json"
        in_machine systemctl start morfd
        wait_job alone 'done'
        assert_once 'done' alone
        assert_result alone
        [ "$(starts_of alone)" -eq 1 ]
}

@test "a second daemon is refused" {
        pid=$(in_machine systemctl show --value --property=MainPID morfd)
        run in_machine timeout 10 /usr/sbin/morfd
        echo "$output"
        [ "$status" -ne 0 ]
        [ "$status" -ne 124 ]
        [[ $output == *"cannot start: another morfd works on /var/spool/morf already"* ]]
        [ "$(in_machine systemctl show --value --property=MainPID morfd)" = "$pid" ]
}

@test "random kills and restarts under a load of twenty jobs lose nothing and do nothing twice" {
        local seed=${MORF_SEED:-$RANDOM} i names=()
        echo "# seed $seed (MORF_SEED repeats it)" >&3
        for ((i = 1; i <= 20; i++)); do
                names+=("load-$i")
        done
        machine_sh '
                for i in {1..20}; do
                        echo "job: { dockerfile = \"shell\"; notify = [\"accepted\", \"started\"]; args: { do = \"cp /output.csv /output/\"; }; };" |
                                /root/test/drop alice "load-$i" shell
                done'
        # Stops once all have ended, or has struck so often that a slow machine would get nothing done; says how often it struck.
        run in_machine timeout 150 bash -s "$seed" <<'END'
RANDOM=$1 kills=0 restarts=0
all_ended() { (($(grep -lE '"drop": *"load-' /var/spool/morf/{done,failed}/*/record.json 2> /dev/null | wc -l) == 20)); }
until all_ended || ((kills + restarts >= 40)); do
        sleep "0.$((RANDOM % 8))$((RANDOM % 10))"
        if ((RANDOM % 4 > 0)); then
                pid=$(systemctl show --value --property=MainPID morfd)
                if ((pid > 0)); then kill -9 "$pid" && kills=$((kills + 1)); fi
        else
                systemctl restart morfd && restarts=$((restarts + 1))
        fi
done 2> /dev/null
echo "$kills $restarts"
END
        echo "$output"
        [ "$status" -eq 0 ]
        echo "# $output (kills, restarts)" >&3
        for i in "${names[@]}"; do
                wait_job "$i" 'done' -- 120
        done
        assert_once 'done' "${names[@]}"
        assert_result "${names[@]}"
        for i in "${names[@]}"; do
                [ "$(starts_of "$i")" -eq 1 ]
        done
        refute in_machine bash -c 'ls -A /var/spool/morf/active /var/spool/morf/corrupt /var/spool/morf/sftp/alice/incoming | grep -v :$ | grep .'
}
