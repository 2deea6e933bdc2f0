#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: A wrong configuration or spool is refused with file, line and what to do, by `morfd --check` and by the daemon; a
# reload takes a right one and keeps the old one when the new one is wrong.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=config

CONF=/etc/morf/conf.d/50-table.conf

setup_file() {
        start_machine
        add_user alice
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
        machine_sh 'rm -f /etc/morf/conf.d/50-table.conf'
}

is_running() {
        in_machine systemctl is-active --quiet morfd
}

main_pid() {
        in_machine systemctl show --value --property=MainPID morfd
}

# What the journal holds behind a place; with a filter, journalctl would leave out the first that matches it.
behind() {
        in_machine journalctl -q -b -o cat --after-cursor="$1"
}

# said_since CURSOR TEXT: the daemon has said so, behind a place in the journal.
said_since() {
        behind "$1" | grep -F -- "$2"
}

journal_cursor() {
        machine_sh 'journalctl -b -n 0 --show-cursor -q | sed -n "s/^-- cursor: //p"'
}

# A row: the text of the file (\n is a line end), a tab, what is said of it behind "FILE:".
TABLE=$'slots = 4;\t1: unknown setting \'slots\'
scheduler: { slot = 4; };\t1: unknown setting \'scheduler.slot\'; did you mean \'scheduler.slots\'?
scheduler: {\\n  slots = 0;\\n};\t2: \'scheduler.slots\' is out of range
scheduler: {\\n\\n  slots = 5000;\\n};\t3: \'scheduler.slots\' is out of range
scheduler: { slots = "many"; };\t1: \'scheduler.slots\' must be a whole number
scheduler: { quiet = "5 lightyears"; };\t1: \'scheduler.quiet\'
scheduler: { quiet = "2h"; };\t1: \'scheduler.quiet\' is out of range
scheduler: { memory = "12X"; };\t1: \'scheduler.memory\'
scheduler = 4;\t1: \'scheduler\'
limits: { compat = "yes"; };\t1: \'limits.compat\'
limits: { default: { cpus = 0; }; };\t1: \'limits.default.cpus\' is out of range
limits: { default: { color = 1; }; };\t1: unknown setting \'limits.default.color\'
engine: { name = "dockre"; };\t1: \'engine.name\'
data = "/srv/morf";\t1: \'data\'
data = ["srv/morf"];\t1: entry 1 of \'data\' is not allowed
spool = "var/spool";\t1: \'spool\'
mail: { from = "no address"; };\t1: \'mail.from\'
mail: { smtp: { port = 70000; }; };\t1: \'mail.smtp.port\' is out of range
mail: { smtp: { tls = "maybe"; }; };\t1: \'mail.smtp.tls\'
scheduler: { slots = 4;\t2: syntax error
scheduler: { slots = 4; };\\n}\t2: syntax error
scheduler: { slots = 4; };\\nscheduler: { slots = 5; };\t2: duplicate setting name'

@test "each wrong setting is refused by --check with its file and line" {
        local text said wrong=0
        while IFS=$'\t' read -r text said; do
                printf '%b\n' "$text" | put_file "$CONF"
                run in_machine morfd --check
                if [[ $status -ne 78 && $status -ne 1 || $output != *"$CONF:$said"* ]]; then
                        printf '%s\n  expected %s\n  got      %s (status %d)\n' "$text" "$CONF:$said" "$output" "$status"
                        wrong=$((wrong + 1))
                fi
        done <<< "$TABLE"
        [ "$wrong" -eq 0 ]
}

@test "settings that do not go together are refused" {
        echo 'limits: { default: { memory = "512M"; }; };' | put_file "$CONF"
        run in_machine morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"a value of limits.default is above limits.maximum"* ]]
        echo 'mail: { smtp: { user = "x"; tls = "none"; }; };' | put_file "$CONF"
        run in_machine morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"a password is never sent in the clear"* ]]
}

@test "a file that is missing, or is none, is refused" {
        run in_machine env MORF_CONF=/etc/morf/nothing.conf morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"cannot read /etc/morf/nothing.conf: No such file or directory"* ]]
        machine_sh 'mkdir -p /root/conf; head -c 300000 /dev/zero > /root/conf/morfd.conf'
        run in_machine env MORF_CONF=/root/conf/morfd.conf morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"/root/conf/morfd.conf"* ]]
        machine_sh 'rm /root/conf/morfd.conf; mkdir /root/conf/morfd.conf'
        run in_machine env MORF_CONF=/root/conf/morfd.conf morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"cannot read /root/conf/morfd.conf: Is a directory"* ]]
}

@test "a wrong account is found by --check" {
        echo 'mail = ["alice at morf.test"];' | put_file /etc/morf/users.d/mallory.conf
        run in_machine morfd --check
        in_machine rm /etc/morf/users.d/mallory.conf
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *"account 'mallory': /etc/morf/users.d/mallory.conf:1: entry 1 of 'mail' is not allowed"* ]]
        run in_machine morfd --check
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"/etc/morf/morfd.conf: OK"* ]]
}

@test "the daemon does not start with a wrong configuration, and is not tried again and again" {
        local cursor
        echo 'scheduler: { slots = 0; };' | put_file "$CONF"
        cursor=$(journal_cursor)
        run in_machine systemctl restart morfd
        [ "$status" -ne 0 ]
        wait_until 10 "it says why" said_since "$cursor" "$CONF:1: 'scheduler.slots' is out of range"
        [ "$(in_machine systemctl show --property=ActiveState --property=ExecMainStatus --property=NRestarts --value morfd | tr '\n' ' ')" = "0 78 failed " ]
        machine_sh 'rm /etc/morf/conf.d/50-table.conf; systemctl start morfd'
        is_running
}

@test "a reload with a wrong configuration keeps the old one; with a right one it works" {
        local pid cursor
        pid=$(main_pid)
        cursor=$(journal_cursor)
        echo 'scheduler: { slots = 7; typo = 1; };' | put_file "$CONF"
        in_machine systemctl reload morfd
        wait_until 10 "it is refused" said_since "$cursor" "$CONF:1: unknown setting 'scheduler.typo'"
        wait_until 10 "it says what counts" said_since "$cursor" "the old configuration stays in force"
        [ "$(main_pid)" = "$pid" ]
        in_machine grep -q '"slots": *2' /run/morf/status.json

        cursor=$(journal_cursor)
        echo 'scheduler: { slots = 7; };' | put_file "$CONF"
        in_machine systemctl reload morfd
        wait_until 10 "it is taken" said_since "$cursor" "the configuration was read again"
        [ "$(main_pid)" = "$pid" ]
        drop after-reload
        wait_job after-reload 'done'
        in_machine grep -q '"slots": *7' /run/morf/status.json
}

@test "a spool that another daemon's configuration names is not changed by a reload" {
        local cursor
        cursor=$(journal_cursor)
        echo 'spool = "/var/spool/other";' | put_file "$CONF"
        in_machine systemctl reload morfd
        wait_until 10 "it says so" said_since "$cursor" "'spool' cannot change while morfd runs"
        drop same-spool
        wait_job same-spool 'done'
}

# A row: what is done to the spool, a tab, what is said of it.
SPOILT=$'chmod 0755 active\tactive: must belong to root:morf-admin with mode 0750, but has uid 0, gid *, mode 0755
chown alice done\tdone: must belong to root:morf-admin with mode 0750, but has uid *
chmod 0777 incoming\tincoming: must belong to root:morf-submit with mode 1730, but has *mode 0777
chgrp root control\tcontrol: must belong to root:morf-submit with mode 1730, but has *
rmdir corrupt\tcorrupt: No such file or directory
chmod 0711 outbox\toutbox: must belong to morf-mail:morf-mail with mode 0700, but has *mode 0711
rmdir outbox/undeliverable\toutbox/undeliverable: No such file or directory'

@test "a spool directory with a wrong owner or mode is refused, with the command that mends it" {
        local command said cursor text wrong=0
        while IFS=$'\t' read -r command said; do
                cursor=$(journal_cursor)
                machine_sh 'cd /var/spool/morf; systemctl stop morfd; eval "$1"' "$command"
                if in_machine systemctl start morfd 2> /dev/null; then
                        echo "$command: the daemon started"
                        wrong=$((wrong + 1))
                fi
                wait_until 10 "it says something" said_since "$cursor" "cannot start"
                text=$(behind "$cursor")
                # shellcheck disable=SC2053 # a pattern
                if [[ $text != *"cannot start: $SPOOL/"$said* || $text != *"; mend it with 'systemd-tmpfiles --create morf.conf'"* ]]; then
                        printf '%s\n  expected %s\n  got      %s\n' "$command" "$said" "$text"
                        wrong=$((wrong + 1))
                fi
                machine_sh 'systemd-tmpfiles --create morf.conf; systemctl start morfd'
        done <<< "$SPOILT"
        [ "$wrong" -eq 0 ]
        is_running
}

@test "a spool directory that is a link, or on another filesystem, is refused" {
        local cursor
        cursor=$(journal_cursor)
        machine_sh 'cd /var/spool/morf; systemctl stop morfd; mv corrupt corrupt.old; ln -s corrupt.old corrupt'
        run in_machine systemctl start morfd
        [ "$status" -ne 0 ]
        wait_until 10 "it says so" said_since "$cursor" "cannot start: $SPOOL/corrupt: "
        machine_sh 'cd /var/spool/morf; rm corrupt; mv corrupt.old corrupt
                    mount -t tmpfs -o mode=0750,gid=morf-admin none /var/spool/morf/done'
        run in_machine systemctl start morfd
        in_machine umount /var/spool/morf/done
        [ "$status" -ne 0 ]
        wait_until 10 "it says so" said_since "$cursor" "$SPOOL/done: lies on another filesystem than the spool"
        in_machine systemctl start morfd
        is_running
}
