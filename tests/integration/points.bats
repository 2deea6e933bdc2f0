#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: At each of the places that are named in the code (spool/base/fault-point.h) morfd or morf-mail is killed once, or sees
# a full disk once; the job still ends once, with one mail for each event and the result of an undisturbed run, and nothing half
# done is left.
#
# Runs in a test machine of its own. MORF_DEB names the package to test; the two programs with the points are built from this tree.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=points

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        local build=${MORF_BUILD:-build}/points
        make --no-print-directory -j2 BUILD="$build" FAULT_POINTS=1 "$build/bin/morfd" "$build/bin/morf-mail" > "$BATS_FILE_TMPDIR/build.log" 2>&1 ||
                { cat "$BATS_FILE_TMPDIR/build.log" >&2; return 1; }
        start_machine 'scheduler: { slots = 2; attempts = 20; };'
        in_machine install /dev/stdin /usr/sbin/morfd < "$build/bin/morfd"
        in_machine install /dev/stdin /usr/libexec/morf/morf-mail < "$build/bin/morf-mail"
        add_user alice
        install_rounds
        machine_sh '
                mkdir -p /root/marks /etc/systemd/system/morf-mail.service.d /run/morf/marks
                install -d -o morf-mail -m 0700 /var/spool/morf/outbox/.marks
                printf "[Service]\nEnvironmentFile=-/root/points\nEnvironment=MORF_FAULT_MARKS=/run/morf/marks\n" \
                        > /etc/systemd/system/morfd.service.d/points.conf
                printf "[Service]\nRestartSec=50ms\nEnvironmentFile=-/root/points\nEnvironment=MORF_FAULT_MARKS=/var/spool/morf/outbox/.marks\n" \
                        > /etc/systemd/system/morf-mail.service.d/points.conf
                systemctl daemon-reload
                systemctl restart morfd morf-mail'
        drop reference '' 'notify = ["accepted", "started"];'
        wait_job reference 'done'
        in_machine cp "$(job_dir reference)/release/eval.csv" /root/test/eval.csv
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# rounds KIND ACTION…: goes through all points that can do this, with these actions in turn. A job meets several in turn, from all over its life; those that
# were not come by, because another changed the way, get a job of their own.
install_rounds() {
        put_file /root/test/rounds 0755 <<'END'
#!/bin/bash
set -uo pipefail
kind=$1 bad=0 n=0 unended=0
shift
actions=("$@")
declare -A action_of
marks=(/run/morf/marks /var/spool/morf/outbox/.marks)
complain() { echo "$*" >&2; bad=1; }

# round POINT…: one job that meets these
round() {
        local name=$kind-$((++n)) list='' p d id mails
        for p; do list+=${list:+,}$p=${action_of[$p]}; done
        rm -f /run/morf/marks/* /var/spool/morf/outbox/.marks/*
        echo "MORF_FAULT_POINT=$list" > /root/points
        systemctl restart morfd morf-mail
        echo 'job: { dockerfile = "shell"; notify = ["accepted", "started"]; args: { do = "cp /output.csv /output/"; }; };' |
                /root/test/drop alice "$name" shell
        /root/test/job wait "$name" 40 'done' || { complain "at $*: it did not end well"; ((++unended < 3)) || exit; return; }
        # What the sender could not do waits for a minute; a reload lets it try at once.
        for ((i = 0; i < 100; i++)); do
                [[ -n $(find /var/spool/morf/outbox -maxdepth 1 -type f -name '*.json') ]] || break
                systemctl reload morf-mail 2> /dev/null || :
                sleep 0.1
        done
        d=$(/root/test/job dir "$name") id=${d##*/}
        (($(ls -d /var/spool/morf/{active,done,failed,corrupt}/"$id" 2> /dev/null | wc -l) == 1)) || complain "at $*: it is there more than once"
        cmp -s /root/test/eval.csv "$d/release/eval.csv" || complain "at $*: the result is another"
        cmp -s /root/test/eval.csv "/var/spool/morf/sftp/alice/jobs/$id/eval.csv" || complain "at $*: the researcher's copy is another"
        [[ $(jq -c .events "$d/record.json") == '["accepted","started","finished"]' ]] || complain "at $*: events $(jq -c .events "$d/record.json")"
        mails=$(grep -rhi '^Message-ID:' /var/spool/morf/mail/new /var/spool/morf/mail/cur | grep -oE "$id\.[0-9]+\.[a-z]+" | sort | tr '\n' ' ')
        [[ $mails == "$id.01.accepted $id.02.started $id.03.finished " ]] || complain "at $*: mails $mails"
        if [[ $kind == kill ]]; then
                (($(grep -c "^morf-$id-" /root/test/starts) == 1)) || complain "at $*: $(grep -c "^morf-$id-" /root/test/starts) containers"
        fi
        [[ -z $(ls -A /var/spool/morf/active /var/spool/morf/corrupt /var/spool/morf/sftp/alice/incoming | grep -v ':$') ]] ||
                complain "at $*: left over: $(ls -A /var/spool/morf/{active,corrupt,sftp/alice/incoming})"
}

marked() { [[ -e ${marks[0]}/$1 || -e ${marks[1]}/$1 ]]; }

mapfile -t points < <({ /usr/sbin/morfd --fault-points; /usr/libexec/morf/morf-mail --fault-points; } | awk -v kind="$kind" '$0 ~ " " kind { print $1 }')
((${#points[@]} > 10)) || complain "there are no points"
for ((i = 0; i < ${#points[@]}; i++)); do action_of[${points[i]}]=${actions[i % ${#actions[@]}]}; done
rounds=$(((${#points[@]} + 9) / 10)) alone=()
for ((r = 0; r < rounds; r++)); do
        some=()
        for ((i = r; i < ${#points[@]}; i += rounds)); do some+=("${points[i]}"); done
        round "${some[@]}"
        for p in "${some[@]}"; do marked "$p" || alone+=("$p"); done
done
for p in "${alone[@]}"; do
        round "$p"
        marked "$p" || complain "no job came by '$p'"
done
rm -f /root/points
systemctl restart morfd morf-mail
echo "${#points[@]} points with ${actions[*]}, $n jobs, ${#alone[@]} of them for one point"
exit "$bad"
END
}

@test "killed at each point" {
        run in_machine timeout 300 /root/test/rounds kill kill
        echo "$output"
        echo "# ${lines[-1]}" >&3
        [ "$status" -eq 0 ]
}

@test "no space on the disk, or an error of it, at each point" {
        run in_machine timeout 300 /root/test/rounds error ENOSPC EIO
        echo "$output"
        echo "# ${lines[-1]}" >&3
        [ "$status" -eq 0 ]
}
