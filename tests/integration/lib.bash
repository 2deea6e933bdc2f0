# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For tests of the service in the test machine: load it with `load lib`.
#
# Jobs are known by the name of their drop. They are cheap: one tiny image, built once, whose containers do what the job's
# argument "do" says, and /input, /output and the limits are those of any other job.
#
# What is not a verb of the service is done by small programs in the machine, /root/test/*, see install_tools.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../host/machine
bats_require_minimum_version 1.5.0

# shellcheck disable=SC2034 # for those who load this
SPOOL=/var/spool/morf

# ---- the machine -----------------------------------------------------------------------------------------------------

# machine_sh SCRIPT [ARG…]: run a script in the machine that stops at the first failure.
machine_sh() {
        local script=$1
        shift
        in_machine bash -euo pipefail -c "$script" machine_sh "$@"
}

# put_file PATH [MODE]: standard input becomes a file of the machine.
put_file() {
        machine_sh 'mkdir -p "${1%/*}"; rm -f "$1"; cat > "$1"; chmod "$2" "$1"' "$1" "${2:-0644}"
}

# refute CMD…: a plain "!" does not fail a test unless it stands last.
refute() {
        if "$@"; then return 1; fi
}

# start_machine [SETTINGS]: a pristine machine with the package, two courses, and the tools below. For setup_file. SETTINGS
# is more configuration. MORF_DEB names the package to test, made from this very tree; else one is built.
start_machine() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        local deb=${MORF_DEB:-}
        if [[ -z $deb ]]; then
                make BUILD="$BATS_FILE_TMPDIR/build" deb > "$BATS_FILE_TMPDIR/deb.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/deb.log" >&2; return 1; }
                deb=$(echo "$BATS_FILE_TMPDIR"/build/deb/morf_*.deb)
        fi
        tests/host/host reset --deb "$deb" > "$BATS_FILE_TMPDIR/reset.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/reset.log" >&2; return 1; }
        install_tools
        put_file /etc/morf/conf.d/10-test.conf <<END
data = ["/srv/morf/university"];
scheduler: { quiet = "200ms"; retry = "200ms"; free_space = "64M"; };
limits: { default: { cpus = 0.5; memory = "32M"; time = "1m"; output = "8M"; }; maximum: { memory = "256M"; time = "2m"; output = "64M"; }; };
mail: { per_hour = 100000; };
END
        put_file /etc/morf/conf.d/20-test.conf <<< "${1:-}"
        machine_sh '
                # The daemon that came with the package has begun to probe the engine: a restart would cut that short.
                for ((i = 0; i < 100; i++)); do
                        if [ -e /run/morf/probe.json ]; then break; fi
                        sleep 0.2
                done
                mkdir -p /srv/morf/university/{accounting,statistics}/001
                echo data | tee /srv/morf/university/{accounting,statistics}/001/data.txt > /dev/null
                printf "course,session,userID,label_type,label_value\naccounting,001,u1,dropout,1\n" > /srv/morf/university/labels-train.csv
                printf "course,fullname,start_date,end_date\naccounting-001,A,01/01/15,02/02/15\n" > /srv/morf/university/coursera_course_dates.csv
                ssh-keygen -q -t ed25519 -N "" -f /root/key
                # A daemon that was killed is back at once.
                mkdir -p /etc/systemd/system/morfd.service.d
                printf "[Service]\nRestartSec=50ms\n" > /etc/systemd/system/morfd.service.d/test.conf
                systemctl daemon-reload
                systemd-run --quiet --unit=test-starts sh -c "exec docker events --filter type=container --filter event=start \
                        --format \"{{.Actor.Attributes.name}}\" > /root/test/starts"
                systemctl restart morfd morf-mail'
}

stop_machine() {
        "$BATS_TEST_DIRNAME/../host/host" down 2> /dev/null
}

# What happened, for a test that failed. For teardown.
show_failure() {
        if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
                in_machine bash -c 'journalctl -b -u morfd -u "morf-*" --no-pager -q -n "${MORF_LINES:-20}" -o short-precise
                        cd /var/spool/morf
                        ls -d corrupt/* {,sftp/*/}incoming/* 2> /dev/null
                        jq -c "[.drop, .state, .why]" {active,failed}/*/record.json 2> /dev/null | tail -n 20' >&2 || :
        fi
}

install_tools() {
        # The job image: its one program does what its argument says.
        put_file /root/test/shell/Dockerfile <<'END'
FROM morf-noop:latest
COPY output.csv run /
ENTRYPOINT ["/run"]
END
        # Enough of each kind for any release policy.
        awk 'BEGIN { print "course,y_true,y_pred,y_score"
                     for (i = 0; i < 400; i++) printf "%s,%d,%d,0.%02d\n", i % 2 ? "accounting" : "statistics", i * 7 % 5 < 2, i % 3 < 1, i * 37 % 100 }' |
                put_file /root/test/shell/output.csv
        put_file /root/test/shell/run 0755 <<'END'
#!/bin/sh
# run --do COMMANDS
if [ "$1" = --do ]; then eval "$2"; fi
END
        # drop USER NAME CONTEXT < JOB-FILE: a directory with a job file and a Dockerfile's directory, renamed into place.
        put_file /root/test/drop 0755 <<'END'
#!/bin/sh
set -eu
box=/var/spool/morf/sftp/$1/incoming
mkdir "$box/$2.part"
cat > "$box/$2.part/$2.cfg"
cp -r "/root/test/$3" "$box/$2.part/shell"
chown -R "$1:" "$box/$2.part"
mv "$box/$2.part" "$box/$2"
END
        # job dir NAME: its directory; job wait NAME SECONDS STATE…: until it is in one of these.
        put_file /root/test/job 0755 <<'END'
#!/bin/bash
shopt -s nullglob
dir() {
        local f files=(/var/spool/morf/{active,done,failed}/*/record.json)
        ((${#files[@]} > 0)) || return 1
        f=$(grep -lE "\"drop\": *\"$1(\.[a-z]+)?\"" "${files[@]}" 2> /dev/null | tail -n 1)
        [[ -n $f ]] && echo "${f%/record.json}"
}
case $1 in
dir)
        dir "$2" || { echo "there is no job '$2'" >&2; ls -dl /var/spool/morf/{active,done,failed}/*/record.json >&2; exit 1; }
        ;;
wait)
        name=$2 deadline=$((${EPOCHREALTIME/[.,]/} + $3 * 1000000))
        shift 3
        while :; do
                d=$(dir "$name") && state=$(jq -r .state "$d/record.json" 2> /dev/null)
                ended=
                case $d,$state in
                */active/*,done | */active/*,failed | */active/*,rejected | */active/*,cancelled)
                        state= # an end counts when all of it was done
                        ;;
                ?*,done | ?*,failed | ?*,rejected | ?*,cancelled)
                        ended=yes
                        ;;
                esac
                for wanted; do
                        [[ $state != "$wanted" ]] || exit 0
                done
                [[ -z $ended ]] || break
                ((${EPOCHREALTIME/[.,]/} < deadline)) || break
                sleep 0.03
        done
        echo "job '$name' is in state '$state', not in $*" >&2
        if [[ -n $d ]]; then cat "$d/record.json" >&2; fi
        exit 1
        ;;
esac
END
        # hold UNIT: before each stage of a job, once hold_stages was called; the daemon's own probe goes ahead.
        put_file /root/test/hold 0755 <<'END'
#!/bin/sh
id=${1#morf-}
[ -d "/var/spool/morf/active/${id%%-*}" ] || exit 0
stage=${1%-*} stage=${stage##*-}
[ -e "/root/test/holds/$stage" ] || exit 0
touch "/root/test/holds/$stage.reached"
while [ -e "/root/test/holds/$stage" ]; do sleep 0.02; done
END
        # kill9: kill the daemon, and wait until systemd has started another.
        put_file /root/test/kill9 0755 <<'END'
#!/bin/bash
running() { pid=$(systemctl show --value --property=MainPID morfd) && [[ $pid != 0 && $pid != "$old" ]] && systemctl --quiet is-active morfd; }
old=
until running; do sleep 0.02; done
old=$pid
kill -9 "$old"
until running; do sleep 0.02; done
END
}

# ---- accounts and drops ----------------------------------------------------------------------------------------------

# What every connection of an SFTP client needs.
SSH='-q -i /root/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10'

# add_user NAME [OPTION…]: an account that comes by SFTP; without options all courses are granted.
add_user() {
        local name=$1
        shift
        in_machine morf user add "$name" --mail "$name@morf.test" --ssh-key /root/key.pub "${@:---grant-all}" > "$BATS_FILE_TMPDIR/user.log"
}

# drop NAME [COMMANDS [SETTINGS [CONTEXT]]]: hand in a job of $JOB_USER (alice) whose container does COMMANDS, by default leaves
# a good result. SETTINGS are of the job file; CONTEXT is the directory below /root/test with the Dockerfile.
drop() {
        local commands=${2:-cp /output.csv /output/}
        # One line; a value holds no control character.
        commands=$(sed -z 's/\n */; /g' <<< "${commands//\\/\\\\}")
        commands=${commands%; }
        printf 'job: { dockerfile = "shell"; args: { do = "%s"; }; %s };\n' "${commands//\"/\\\"}" "${3:-}" |
                in_machine /root/test/drop "${JOB_USER:-alice}" "$1" "${4:-shell}"
}

# sftp_as USER COMMAND…: a batch of sftp commands, in /root of the machine.
sftp_as() {
        local user=$1
        shift
        printf '%s\n' "$@" | machine_sh 'sftp -b - $1 "$2@localhost"' "$SSH" "$user"
}

# ---- jobs ------------------------------------------------------------------------------------------------------------

# wait_job NAME STATE… [-- SECONDS]: until the job is in one of these states; fails at once when it has ended otherwise.
wait_job() {
        local name=$1 states=() seconds=40
        shift
        while (($# > 0)); do
                if [[ $1 == -- ]]; then
                        seconds=$2
                        break
                fi
                states+=("$1")
                shift
        done
        in_machine /root/test/job wait "$name" "$seconds" "${states[@]}"
}

job_dir() {
        in_machine /root/test/job dir "$1"
}

job_id() {
        local dir
        dir=$(job_dir "$1") && echo "${dir##*/}"
}

# job_get NAME FILTER: what a filter of jq makes of the job's record.
job_get() {
        local dir
        dir=$(job_dir "$1") && in_machine jq -r "$2" "$dir/record.json"
}

# assert_fault NAME STATE CODE PATTERN: how a job ended, in its record and in the mail; the message matches a glob.
assert_fault() {
        local dir record
        wait_job "$1" "$2"
        dir=$(job_dir "$1")
        record=$(in_machine jq -r '.fault | .code + " " + .message' "$dir/record.json")
        # shellcheck disable=SC2053 # a pattern
        if [[ $record != "$3 "$4 ]]; then
                printf 'expected %s\ngot      %s\n' "$3 $4" "$record" >&2
                return 1
        fi
        # The sentence is one line of the mail that was sent.
        wait_until 20 "the mail of '$1' is there" machine_sh '
                mail=$(grep -l "^Message-ID:.*<$1\.[0-9]*\.$2@" -i -r /var/spool/morf/mail/new)
                python3 - "$mail" "$3" <<END
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
text = " ".join(m.get_body(("plain",)).get_content().split())
assert sys.argv[2] in text, text
END' "${dir##*/}" "$2" "${record#* }"
}

# ---- mails -----------------------------------------------------------------------------------------------------------

outbox_is_empty() {
        machine_sh '[ -z "$(find /var/spool/morf/outbox -maxdepth 1 -type f -name "[!.]*")" ]'
}

# assert_once STATE NAME…: each of these jobs ended so, and only once: one directory, one mail an event, one message about its end.
assert_once() {
        wait_until 40 "all mails are sent" outbox_is_empty
        in_machine bash -s "$@" <<'END'
state=$1
shift
bad=0
complain() { echo "$*" >&2; bad=1; }
mails=$(grep -rhi '^Message-ID:' /var/spool/morf/mail/new | grep -oE '[0-9a-z]{26}\.[0-9]+\.[a-z]+')
ends=$(journalctl -q -b -o json -u morfd MESSAGE_ID=8a119b9e16bc47328f7b7676d015b0dc + MESSAGE_ID=bc67ba94637d4efaa09e467ada679f81 \
        + MESSAGE_ID=fab36728a78b4b7e8787c0de2f960063 + MESSAGE_ID=a712755f6cac44d599d5269512e74f7b | jq -r .MORF_JOB)
for name; do
        dir=$(/root/test/job dir "$name") || { bad=1; continue; }
        id=${dir##*/}
        (($(ls -d /var/spool/morf/{active,done,failed,corrupt}/"$id" 2> /dev/null | wc -l) == 1)) || complain "$name: it is there more than once"
        [[ $(jq -r .state "$dir/record.json") == "$state" ]] || complain "$name: $(jq -c '[.state, .why]' "$dir/record.json")"
        expected=$(jq -r '.events | to_entries[] | "\(.key + 1) \(.value)"' "$dir/record.json" | while read -r n event; do printf '%s.%02d.%s\n' "$id" "$n" "$event"; done)
        got=$(grep "^$id\." <<< "$mails" | sort)
        [[ $(sort <<< "$expected") == "$got" ]] || complain "$name: mails were" $got ", not" $expected
        [[ $(jq -r '.events[]' "$dir/record.json" | sort | uniq -d) == "" ]] || complain "$name: an event came twice"
        (($(grep -cxF "$id" <<< "$ends") == 1)) || complain "$name: $(grep -cxF "$id" <<< "$ends") messages about its end"
done
exit "$bad"
END
}

# How often a container of the job was started.
starts_of() {
        local id
        id=$(job_id "$1") && in_machine grep -c "^morf-$id-" /root/test/starts
}

# ---- stages ----------------------------------------------------------------------------------------------------------

# From now on stages can be held before they begin. The drop-in leaves what they are confined to alone.
hold_stages() {
        put_file /etc/systemd/system/morf-.service.d/hold.conf <<'END'
[Service]
ExecStartPre=+/root/test/hold %n
END
        machine_sh 'mkdir -p /root/test/holds; systemctl daemon-reload'
}

# hold_stage STAGE: its units wait; stages are intake, image, data, run, collect, evaluate, gate.
hold_stage() {
        machine_sh 'rm -f "/root/test/holds/$1.reached"; touch "/root/test/holds/$1"' "$1"
}

# wait_held STAGE: until a unit waits there.
wait_held() {
        wait_until 40 "a job has come to '$1'" in_machine test -e "/root/test/holds/$1.reached"
}

let_go() {
        in_machine rm -f "/root/test/holds/$1"
}

let_go_all() {
        machine_sh 'rm -f /root/test/holds/*'
}
