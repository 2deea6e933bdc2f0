#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morf-mail as an installed service delivers every mail of a job once, in order and to a real server (postfix with
# STARTTLS and AUTH), and keeps that promise when servers greylist, refuse, stall or drop, and when it is killed.
#
# Runs in a test machine of its own. MORF_MAIL names the program to test (default: build/bin/morf-mail, made when missing).
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../host/machine
bats_require_minimum_version 1.5.0

export MORF_HOST_NAME=mail
OUTBOX=/var/spool/morf/outbox

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        local program=${MORF_MAIL:-build/bin/morf-mail}
        [[ -x $program ]] || make "$program" >&2
        tests/host/host reset >&2
        put_file /usr/libexec/morf/morf-mail 0755 < "$program"
        put_file /etc/systemd/system/morf-mail.service 0644 < units/morf-mail.service
        put_file /etc/systemd/system/morf.slice 0644 < units/morf.slice
        put_file /etc/sysusers.d/morf.conf 0644 < units/morf.sysusers
        put_file /etc/tmpfiles.d/morf.conf 0644 < units/morf.tmpfiles
        put_file /root/smtp-server.py 0644 < tests/oracle/smtp-server.py
        put_file /root/mail-request.py 0644 < tests/oracle/mail-request.py
        # One try may take six seconds here, so that nobody waits two minutes for a server that stalls.
        put_file /etc/systemd/system/morf-mail.service.d/test.conf 0644 <<'END'
[Service]
ExecStart=
ExecStart=/usr/libexec/morf/morf-mail --deadline 6s
END
        machine_sh 'systemd-sysusers; systemd-tmpfiles --create morf.conf; systemctl daemon-reload
                    install -m 0600 /etc/morf-test/smtp-password /etc/morf/smtp-password
                    systemd-run --quiet --unit=test-smtp python3 /root/smtp-server.py --port 2525 --dir /root/got --slow 3
                    while ! ss -ltn | grep -q :2525; do sleep 0.1; done'
}

teardown_file() {
        "$BATS_TEST_DIRNAME/../host/host" down >&2
}

setup() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        printf -v JOB '01jd3k8x2m4qabcdefghjkmn%02d' "$BATS_TEST_NUMBER"
}

teardown() {
        machine_sh 'systemctl stop morf-mail; rm -rf /var/mail-test/*/Maildir /root/got/* /var/spool/morf/mail/*
                    find /var/spool/morf/outbox -type f -delete'
        if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
                in_machine journalctl -b -u morf-mail -u postfix@- -u test-smtp --no-pager -n 100 >&2
        fi
}

# machine_sh SCRIPT [ARG…]: run a script in the machine that stops at the first failure.
machine_sh() {
        local script=$1
        shift
        in_machine bash -euo pipefail -c "$script" machine_sh "$@"
}

# put_file PATH MODE: standard input becomes a file of the machine.
put_file() {
        machine_sh 'mkdir -p "${1%/*}"; rm -f "$1"; cat > "$1"; chmod "$2" "$1"' "$1" "$2"
}

# start_with SMTP-SETTINGS: configure and start the service.
start_with() {
        put_file /etc/morf/morfd.conf 0644 <<END
mail: {
        from = "morf@morf.test";
        from_name = "MORF";
        operator = "operator@morf.test";
        domain = "morf.test";
        $1
};
END
        in_machine systemctl restart morf-mail
}

WITH_POSTFIX='smtp: { host = "localhost"; port = 587; tls = "required"; user = "morf"; };'
WITH_ORACLE='smtp: { host = "localhost"; port = 2525; tls = "none"; };'

# request NUMBER EVENT ADDRESS… [KEY=JSON…]
request() {
        in_machine python3 /root/mail-request.py $OUTBOX "$JOB" "$@"
}

exists() {
        in_machine test -e "$1"
}

is_sent() {
        exists "$OUTBOX/sent/$JOB-$1.json"
}

# mails_to NAME: the files in a mailbox of postfix
mails_to() {
        machine_sh 'find "/var/mail-test/$1/Maildir/new" -type f 2>/dev/null | sort || :' "$1"
}

has_mails() {
        local -a files
        mapfile -t files < <(mails_to "$1")
        (( ${#files[@]} == $2 ))
}

# value_of FILE KEY: a key of a request in the outbox
value_of() {
        machine_sh 'python3 -c "import json,sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], str()))" "$@"' "$OUTBOX/$1" "$2"
}

was_tried() {
        local attempts
        attempts=$(value_of "$JOB-$1.json" attempts) && (( attempts >= 1 ))
}

@test "a finished job's mail reaches postfix by STARTTLS and AUTH, with its table" {
        start_with "$WITH_POSTFIX"
        request 1 accepted alice@morf.test
        request 2 finished alice@morf.test 'usage={"wall_usec":7512000000,"memory_peak":104857600,"memory_limit":2147483648}' \
                'attachments=[{"name":"eval.csv","content":"course,N,auc\nmédecine,1200,0.91\n"}]'
        wait_until 20 "both mails are sent" is_sent 02-finished
        is_sent 01-accepted
        wait_until 10 "both mails are delivered" has_mails alice 2
        run machine_sh 'cat $(grep -l "finished" /var/mail-test/alice/Maildir/new/*)'
        [[ $output == *"with ESMTPSA id"* ]]
        [[ $output == *"Subject: [morf] weekly-dropout: finished (01jd3k8x2m4q)"* ]]
        [[ $output == *"Message-Id: <$JOB.02.finished@morf.test>"* ]]
        [[ $output == *"References: <$JOB.01.accepted@morf.test>"* ]]
        [[ $output == *"Auto-Submitted: auto-generated"* ]]
        [[ $output == *"Peak memory  100 MiB of 2 GiB"* ]]
        machine_sh 'python3 - $(grep -l finished /var/mail-test/alice/Maildir/new/*)' <<'END'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert [a.get_content() for a in m.iter_attachments()] == ["course,N,auc\nmédecine,1200,0.91\n"]
assert "médecine" in m.get_body(("plain",)).get_content() and "médecine" in m.get_body(("html",)).get_content()
END
        [[ $(in_machine systemctl show -p StatusText --value morf-mail) == "No mails waiting." ]]
}

@test "--test shows what the server says, and no password" {
        start_with "$WITH_POSTFIX"
        run in_machine /usr/libexec/morf/morf-mail --test bob@morf.test
        [ "$status" -eq 0 ]
        [[ $output == *"> STARTTLS"* ]]
        [[ $output == *"235 2.7.0 Authentication successful"* ]]
        [[ $output == *"Sent to bob@morf.test: 250 2.0.0 Ok"* ]]
        [[ $output != *"$(in_machine cat /etc/morf/smtp-password)"* ]]
        [[ $output == *"credentials not shown"* ]]
        wait_until 10 "the mail is delivered" has_mails bob 1

        run in_machine /usr/libexec/morf/morf-mail --test reject@morf.test
        [ "$status" -eq 1 ]
        [[ $output == *"Not sent to reject@morf.test: 550 5.1.1"* ]]
}

@test "thirty mails to a TLS server in a row, none of which gets stuck" {
        start_with "$WITH_POSTFIX per_hour = 1000;"
        local i
        for (( i = 1; i <= 30; i++ )); do
                request "$i" started bob@morf.test
        done
        wait_until 60 "all are sent" is_sent 30-started
        run in_machine journalctl -b -u morf-mail --since=-2min --grep 'could not be sent' --no-pager -q
        [[ $output != *"$JOB"* ]]
        # Each after the one before it.
        run machine_sh 'cd /var/spool/morf/outbox/sent; ls -t --time=ctime -r | grep -o -- "-[0-9][0-9]-"'
        [ "$output" = "$(printf -- '-%02d-\n' {1..30})" ]
}

@test "a wrong password and a certificate that is not trusted are the operator's to mend: the mail waits" {
        machine_sh 'echo wrong > /etc/morf/smtp-password'
        start_with "$WITH_POSTFIX"
        request 1 accepted alice@morf.test
        wait_until 10 "it was tried" was_tried 01-accepted
        [[ $(value_of "$JOB-01-accepted.json" last_error) == "535 5.7.8"* ]]

        in_machine install -m 0600 /etc/morf-test/smtp-password /etc/morf/smtp-password
        machine_sh 'openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=other -keyout /dev/null -out /etc/morf/other.pem 2>/dev/null'
        start_with "${WITH_POSTFIX/user/ca_file = \"/etc/morf/other.pem\"; user}"
        in_machine systemctl reload morf-mail
        certificate_refused() { [[ $(value_of "$JOB-01-accepted.json" last_error) == *"certificate of the mail server is not valid"* ]]; }
        wait_until 10 "the certificate is refused" certificate_refused
        [[ $(in_machine systemctl show -p StatusText --value morf-mail) == "1 mail waiting, next try "*"certificate"* ]]

        start_with "$WITH_POSTFIX"
        in_machine systemctl reload morf-mail
        wait_until 10 "it is sent" is_sent 01-accepted
        wait_until 10 "it is delivered" has_mails alice 1
}

@test "a greylisted mail is delivered later, and the job's next mails wait for it" {
        start_with "$WITH_ORACLE"
        request 1 accepted greylist-a@morf.test
        request 2 started greylist-a@morf.test
        request 3 finished greylist-a@morf.test
        wait_until 10 "it was tried" was_tried 01-accepted
        [[ $(value_of "$JOB-01-accepted.json" last_error) == "451 4.7.1 greylisted, try again later" ]]
        [[ $(value_of "$JOB-02-started.json" attempts) == "" ]]
        run ! exists "$OUTBOX/sent/$JOB-02-started.json"
        [[ $(in_machine systemctl show -p StatusText --value morf-mail) == "3 mails waiting, next try "*"(451 4.7.1 greylisted, try again later)" ]]
        # Not before a minute has passed, unless asked to.
        next=$(value_of "$JOB-01-accepted.json" next_try)
        (( next / 1000000 - $(in_machine date +%s) > 45 ))
        in_machine systemctl reload morf-mail
        wait_until 20 "all are sent" is_sent 03-finished
        run machine_sh 'grep -h ^Subject: /root/got/*.eml'
        [ "${lines[0]}" = "Subject: [morf] weekly-dropout: accepted (01jd3k8x2m4q)" ]
        [ "${lines[1]}" = "Subject: [morf] weekly-dropout: started (01jd3k8x2m4q)" ]
        [ "${lines[2]}" = "Subject: [morf] weekly-dropout: finished (01jd3k8x2m4q)" ]
        [ "${#lines[@]}" -eq 3 ]
}

@test "a refused address makes the mail undeliverable and tells the operator once; the other address has it" {
        start_with "$WITH_POSTFIX"
        request 1 accepted reject@morf.test alice@morf.test
        request 2 started alice@morf.test
        wait_until 20 "it is set aside" exists "$OUTBOX/undeliverable/$JOB-01-accepted.json"
        wait_until 20 "the next mail is sent" is_sent 02-started
        wait_until 20 "the operator is told" has_mails operator 1
        wait_until 20 "the other address has both" has_mails alice 2
        run machine_sh 'cat /var/mail-test/operator/Maildir/new/*'
        [[ $output == *"reject@morf.test: 550 5.1.1"* ]]
        [[ $output == *"$JOB-01-accepted.json"* ]]
        run in_machine journalctl -b -u morf-mail MESSAGE_ID=4c8b1eb44f1e4ccf8372a2a784a67245 MORF_JOB="$JOB" -o cat --no-pager
        [ "${#lines[@]}" -eq 1 ]

        # Not again after a restart either.
        in_machine systemctl restart morf-mail
        request 3 failed alice@morf.test
        wait_until 20 "a later mail is sent" is_sent 03-failed
        has_mails operator 1
}

@test "a notice that is refused makes no notice" {
        start_with "${WITH_POSTFIX}"
        machine_sh 'sed -i "s/operator = .*/operator = \"reject@morf.test\";/" /etc/morf/morfd.conf; systemctl reload morf-mail'
        request 1 accepted reject@morf.test
        wait_until 20 "the notice is set aside" exists "$OUTBOX/undeliverable/$JOB-01-notice.json"
        exists "$OUTBOX/undeliverable/$JOB-01-accepted.json"
        run machine_sh 'find /var/spool/morf/outbox -type f | wc -l'
        [ "$output" -eq 2 ]
}

@test "a server that stalls behind DATA holds nothing up, and the mail is tried again" {
        start_with "$WITH_ORACLE"
        request 1 accepted stall@morf.test
        local other=${JOB%??}zz
        in_machine python3 /root/mail-request.py $OUTBOX "$other" 1 accepted ok@morf.test
        wait_until 3 "another job's mail is sent meanwhile" exists "$OUTBOX/sent/$other-01-accepted.json"
        wait_until 15 "it was tried" was_tried 01-accepted
        [[ $(value_of "$JOB-01-accepted.json" last_error) == "no end after 6 seconds" ]]
        run in_machine pgrep -c -f 'morf-mail --send'
        [ "$output" -eq 0 ]
}

@test "a server that drops the connection behind the mail is tried again" {
        start_with "$WITH_ORACLE"
        request 1 accepted drop@morf.test
        wait_until 15 "it was tried" was_tried 01-accepted
        [[ $(value_of "$JOB-01-accepted.json" last_error) == *"dropped connection"* ]]
}

is_running() {
        in_machine pgrep -f 'morf-mail --send'
}

@test "killed while a mail is on its way: it is sent once" {
        start_with "$WITH_ORACLE"
        request 1 accepted slow@morf.test
        request 2 started ok@morf.test
        wait_until 5 "it is on its way" is_running
        sleep 1
        in_machine systemctl kill --kill-whom=main --signal=KILL morf-mail
        wait_until 20 "both are sent" is_sent 02-started
        is_sent 01-accepted
        run machine_sh 'grep -h ^Message-Id: /root/got/*.eml'
        [ "${lines[0]}" = "Message-Id: <$JOB.01.accepted@morf.test>" ]
        [ "${lines[1]}" = "Message-Id: <$JOB.02.started@morf.test>" ]
        [ "${#lines[@]}" -eq 2 ]
}

@test "killed with everything that it started: sent again at worst, as the same mail" {
        start_with "$WITH_ORACLE"
        request 1 accepted slow@morf.test
        wait_until 5 "it is on its way" is_running
        sleep 1
        in_machine systemctl kill --kill-whom=all --signal=KILL morf-mail
        wait_until 20 "it is sent" is_sent 01-accepted
        run machine_sh 'cat /root/got/*.eml | grep ^Message-Id: | sort | uniq -c'
        [ "${#lines[@]}" -eq 1 ]
        [[ ${lines[0]} =~ ^\ *[12]\ Message-Id:\ "<$JOB.01.accepted@morf.test>"$ ]]
}

@test "stopped while a mail is on its way: the mail arrives first" {
        start_with "$WITH_ORACLE"
        request 1 accepted slow@morf.test
        wait_until 5 "it is on its way" is_running
        in_machine systemctl stop morf-mail
        is_sent 01-accepted
        [ "$(in_machine systemctl show -p Result --value morf-mail)" = success ]
}

@test "without a mail server or a password, mails are files of a Maildir" {
        in_machine rm -f /etc/morf/smtp-password
        start_with ''
        in_machine install -m 0600 /etc/morf-test/smtp-password /etc/morf/smtp-password
        request 1 accepted alice@morf.test
        wait_until 10 "it is delivered" is_sent 01-accepted
        run machine_sh 'cat /var/spool/morf/mail/new/*'
        [[ $output == *"To: alice@morf.test"* ]]
}

@test "more mails to an address than the limit allows are held back" {
        start_with "$WITH_ORACLE per_hour = 2;"
        request 1 accepted ok@morf.test
        request 2 started ok@morf.test
        request 3 failed ok@morf.test
        wait_until 10 "two are sent" is_sent 02-started
        sleep 1
        exists "$OUTBOX/$JOB-03-failed.json"
        [[ $(value_of "$JOB-03-failed.json" attempts) == "" ]]
}

@test "what is not a mail request is set aside and told, and harms nothing" {
        start_with "$WITH_POSTFIX"
        machine_sh 'f=$(mktemp -p "$1/..")
                echo "{\"version\":1,\"what\":2}" > "$f"
                chown morf-mail: "$f"
                mv "$f" "$1/$2-01-accepted.json"' "$OUTBOX" "$JOB"
        request 2 started alice@morf.test
        wait_until 10 "it is set aside" exists "$OUTBOX/undeliverable/$JOB-01-accepted.json"
        wait_until 10 "the other is sent" is_sent 02-started
        wait_until 10 "the operator is told" has_mails operator 1
}

@test "the service is idle when there is nothing to do, and confined" {
        start_with "$WITH_POSTFIX"
        before=$(in_machine systemctl show -p CPUUsageNSec --value morf-mail)
        sleep 3
        after=$(in_machine systemctl show -p CPUUsageNSec --value morf-mail)
        (( after == before )) || [[ $before == "[not set]" ]]
        in_machine systemd-analyze security --no-pager --threshold=25 morf-mail.service
        # The rest of the spool is not there for it.
        pid=$(in_machine systemctl show -p MainPID --value morf-mail)
        run in_machine ls "/proc/$pid/root/var/spool/morf"
        [ "$output" = $'mail\noutbox' ]
        run in_machine ls "/proc/$pid/root/etc/morf/users.d"
        [ "$output" = "" ]
}
