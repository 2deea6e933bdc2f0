#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: The Debian package on a machine of its own: what an installation makes, that it is confined, and that an
# upgrade, a removal and a purge do what README.Debian promises.
#
# The tests go on from each other: install, look, upgrade, remove, purge. MORF_DEB names a package to test, made from this
# very tree; else one is built.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or for dpkg

load ../host/machine

export MORF_HOST_NAME=package

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        local raw=$BATS_FILE_TMPDIR/raw
        if [[ -n ${MORF_DEB:-} ]]; then
                cp "$MORF_DEB" "$BATS_FILE_TMPDIR/morf.deb"
        else
                make BUILD="$BATS_FILE_TMPDIR/build" deb >&2
                cp "$BATS_FILE_TMPDIR"/build/deb/morf_*.deb "$BATS_FILE_TMPDIR/morf.deb"
        fi
        # The next version: the same again, with a higher number and one more line in its default configuration.
        dpkg-deb --raw-extract "$BATS_FILE_TMPDIR/morf.deb" "$raw"
        sed -i 's/^Version: .*/&+next/' "$raw/DEBIAN/control"
        echo '# a line of the next version' >> "$raw/etc/morf/morfd.conf"
        (cd "$raw" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
        dpkg-deb --root-owner-group --build "$raw" "$BATS_FILE_TMPDIR/morf-next.deb" >&2

        tests/host/host reset
        in_machine tee /root/morf.deb < "$BATS_FILE_TMPDIR/morf.deb" > /dev/null
        in_machine tee /root/morf-next.deb < "$BATS_FILE_TMPDIR/morf-next.deb" > /dev/null
}

teardown_file() {
        "$BATS_TEST_DIRNAME/../host/host" down
}

setup() {
        cd "$BATS_TEST_DIRNAME/../.." || return
}

# machine_sh SCRIPT [ARG…]: run a script in the machine that stops at the first failure.
machine_sh() {
        local script=$1
        shift
        in_machine bash -euo pipefail -c "$script" machine_sh "$@"
}

apt_install() {
        in_machine env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root \
                -o Dpkg::Options::=--force-confold --no-install-recommends "$@"
}

# refute CMD…: a plain "!" does not fail a test unless it stands last.
refute() {
        if "$@"; then return 1; fi
}

services() {
        find units -name '*.service' -printf '%f\n' | sort
}

main_pid() {
        in_machine systemctl show --value --property=MainPID "$1"
}

make_sftp_account() {
        machine_sh 'test -e /root/key || ssh-keygen -q -t ed25519 -N "" -f /root/key
                    morf user add alice --mail alice@morf.test --grant-all --ssh-key /root/key.pub'
}

# What every connection of a client needs.
SSH='-q -i /root/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10'

@test "lintian finds no error and no warning" {
        run lintian --allow-root --fail-on error,warning --pedantic "$BATS_FILE_TMPDIR/morf.deb"
        echo "$output"
        [ "$status" -eq 0 ]
        [ -z "$output" ]
}

@test "it is built the same elsewhere, without root, from a tree that is no repository" {
        local as=()
        if [ "$(id -u)" -eq 0 ]; then as=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
        # Bats keeps its directories to itself; this one is for somebody else.
        elsewhere=$(mktemp -d)
        chmod 0755 "$elsewhere"
        mkdir "$elsewhere/tree"
        tar -c --exclude=./build --exclude=./.git . | tar -x --no-same-owner -C "$elsewhere/tree"
        touch "$elsewhere/tree/left-over"
        if [ "$(id -u)" -eq 0 ]; then chown -R 65534:65534 "$elsewhere"; fi
        run "${as[@]}" env TZ=Asia/Tokyo HOME=/nonexistent CFLAGS=-O0 bash -c 'umask 0077 && exec make -C "$1/tree" -j2 WERROR=1 BUILD=out deb' sh "$elsewhere"
        cp "$elsewhere"/tree/out/deb/morf_*.deb "$BATS_FILE_TMPDIR/again.deb" || { echo "$output"; false; }
        rm -rf "$elsewhere"
        [ "$status" -eq 0 ]
        cmp "$BATS_FILE_TMPDIR/morf.deb" "$BATS_FILE_TMPDIR/again.deb"
}

@test "it installs without a word of complaint" {
        run apt_install install /root/morf.deb
        echo "$output"
        [ "$status" -eq 0 ]
        refute grep -iE 'warning|error|fail|invalid|cannot|unsafe' <<<"$output"
        [ "$(in_machine dpkg-query -W -f '${Status}' morf)" = 'install ok installed' ]
}

@test "its services run and are enabled" {
        for service in $(services); do
                wait_until 20 "$service runs" in_machine systemctl is-active "$service"
                [ "$(in_machine systemctl is-enabled "$service")" = enabled ]
        done
}

@test "the daemon finds a container engine and the spool in order from within its sandbox" {
        wait_until 10 "it says so" machine_sh 'jq --exit-status ".engine == \"docker\" and .problems == []" /run/morf/status.json'
}

@test "its accounts exist and cannot log in" {
        while read -r kind name _; do
                case $kind in
                u)
                        [ "$(in_machine getent passwd "$name" | cut -d: -f7)" = /usr/sbin/nologin ]
                        in_machine getent shadow "$name" | cut -d: -f2 | grep -qE '^[!*]'
                        ;;
                g) in_machine getent group "$name" ;;
                esac
        done < <(grep -v '^#' units/morf.sysusers)
}

@test "its directories have the owners and modes of morf.tmpfiles" {
        while read -r type path mode user group _; do
                [ "$type" = d ]
                echo "$path"
                [ "$(in_machine stat -c '%a %U %G' "$path")" = "$(printf '%o %s %s' "$((8#${mode#:}))" "${user#:}" "${group#:}")" ]
        done < <(grep -v '^#' units/morf.tmpfiles | grep .)
}

@test "owners and modes that somebody gave to the course data stay" {
        in_machine chmod 2751 /srv/morf
        in_machine systemd-tmpfiles --create morf.conf
        [ "$(in_machine stat -c %a /srv/morf)" = 2751 ]
        in_machine chmod 0755 /srv/morf
}

@test "systemd has nothing to say about its units" {
        # shellcheck disable=SC2046 # one word each
        run in_machine systemd-analyze verify $(services) morf.slice morf-jobs.slice
        echo "$output"
        [ "$status" -eq 0 ]
        [ -z "$output" ]
}

@test "its services are confined: systemd-analyze security" {
        for service in $(services); do
                in_machine systemd-analyze security --no-pager "$service" | sed -n '/✗/p; $p' >&3
                in_machine systemd-analyze security --no-pager --threshold=50 "$service" > /dev/null
        done
        # The daemon is root, and must come down with what is left.
        in_machine systemd-analyze security --no-pager --threshold=20 morfd.service > /dev/null
}

@test "root without capabilities may start units from within the sandbox of morfd" {
        # What the whole service stands on: the bus takes the daemon for root, though it has no CAP_SYS_ADMIN.
        machine_sh '
                properties=()
                while IFS= read -r line; do
                        properties+=("--property=$line")
                done < <(sed -nE "/^(CapabilityBoundingSet|NoNewPrivileges|PrivateNetwork|RestrictAddressFamilies|ProtectSystem|ProtectProc|ProcSubset|SystemCallFilter|RestrictNamespaces|PrivateDevices|MemoryDenyWriteExecute)=/p" \
                        /lib/systemd/system/morfd.service)
                systemd-run --quiet --wait --pipe "${properties[@]}" \
                        busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                        StartTransientUnit "ssa(sv)a(sa(sv))" package-probe.service fail \
                        2 ExecStart "a(sasb)" 1 /bin/true 1 /bin/true false Type s oneshot 0
        '
}

@test "the default configuration is right, also with all its settings in force" {
        in_machine morfd --check
        sed -E 's/^#([a-z}]|        )/\1/' units/morfd.conf | in_machine tee /root/in-force.conf > /dev/null
        in_machine env MORF_CONF=/root/in-force.conf morfd --check
        echo 'scheduler: { slotz = 1; };' | in_machine tee /root/wrong.conf > /dev/null
        run in_machine env MORF_CONF=/root/wrong.conf morfd --check
        echo "$output"
        [ "$status" -ne 0 ]
        [[ $output == *wrong.conf:1* && $output == *slotz* && $output == *scheduler.slots* ]]
}

@test "a daemon whose configuration is refused does not start, says why, and is not tried again and again" {
        echo 'scheduler: { slots = 0; };' | in_machine tee /etc/morf/conf.d/wrong.conf > /dev/null
        run in_machine systemctl restart morfd.service
        state=$(in_machine systemctl show --property=ActiveState,ExecMainStatus morfd.service)
        said=$(in_machine journalctl -u morfd.service -n 20 -o cat)
        # Before anything is judged: the tests behind this one want a daemon.
        in_machine rm /etc/morf/conf.d/wrong.conf
        in_machine systemctl restart morfd.service
        echo "$state"
        [ "$status" -ne 0 ]
        grep -F "conf.d/wrong.conf:1: 'scheduler.slots' is out of range" <<<"$said"
        [ "$state" = $'ExecMainStatus=78\nActiveState=failed' ]
}

@test "a running daemon refuses a wrong configuration and takes a right one" {
        pid=$(main_pid morfd.service)
        echo 'scheduler: { slots = 0; };' | in_machine tee /etc/morf/conf.d/wrong.conf > /dev/null
        in_machine systemctl reload morfd.service
        wait_until 10 "it says so" machine_sh 'journalctl -b MESSAGE_ID=bbeeb6361d334c6d96f0da847a2a3b87 _PID="$1" -o cat | grep .' "$pid"
        in_machine rm /etc/morf/conf.d/wrong.conf
        in_machine systemctl reload morfd.service
        wait_until 10 "it says so" machine_sh 'journalctl -b MESSAGE_ID=68e58909ccb24416925a56c9a30f4300 _PID="$1" -o cat | grep .' "$pid"
        [ "$(main_pid morfd.service)" = "$pid" ]
}

@test "each message has a catalog entry that journalctl finds" {
        sed -nE 's/.*MESSAGE_ID_[A-Z_]+ "([0-9a-f]{32})".*/\1/p' spool/base/message-id.h > "$BATS_TEST_TMPDIR/ids"
        [ -s "$BATS_TEST_TMPDIR/ids" ]
        in_machine xargs journalctl --dump-catalog < "$BATS_TEST_TMPDIR/ids" > "$BATS_TEST_TMPDIR/entries"
        [ "$(grep -c '^Defined-By: morf$' "$BATS_TEST_TMPDIR/entries")" -eq "$(wc -l < "$BATS_TEST_TMPDIR/ids")" ]
}

@test "its manual pages are found and formatted without a warning" {
        local pages=0
        for page in daemon/*.[1-8] tools/*/*.[1-8]; do
                name=${page##*/}
                run in_machine env MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -Tutf8 -Z "${name##*.}" "${name%.*}"
                [ "$status" -eq 0 ]
                in_machine man -w "${name##*.}" "${name%.*}"
                pages=$((pages + 1))
        done
        [ "$pages" -ge 4 ]
}

@test "the shell completes morf" {
        machine_sh '
                source /usr/share/bash-completion/bash_completion
                _completion_loader morf || test $? = 124
                # Without a file of ours there would be the one that completes file names.
                complete -p morf | tee /dev/stderr | grep -v -w _minimal
        '
}

@test "sshd takes the drop-in, and nobody else is affected" {
        in_machine sshd -t
        without=$(machine_sh 'grep -v ^Include /etc/ssh/sshd_config > /root/sshd_config
                sshd -T -f /root/sshd_config -C user=root,host=h,addr=192.0.2.1' | sort)
        with=$(in_machine sshd -T -C user=root,host=h,addr=192.0.2.1 | sort)
        diff <(echo "$without") <(echo "$with")

        make_sftp_account
        with=$(in_machine sshd -T -C user=alice,host=h,addr=192.0.2.1)
        for line in 'chrootdirectory /var/spool/morf/sftp/%u' 'forcecommand internal-sftp -u 0077 -P symlink,hardlink' \
                    'authorizedkeysfile /etc/morf/ssh/%u.keys' 'authenticationmethods publickey' 'disableforwarding yes' \
                    'permittty no' 'passwordauthentication no' 'kbdinteractiveauthentication no'; do
                grep -qxF "$line" <<<"$with"
        done
}

@test "a member of morf-sftp transfers files and can do nothing else" {
        # What a client does: upload, keep the times, rename into place, list, fetch.
        echo 'job: { };' | in_machine tee /root/upload > /dev/null
        machine_sh '
                printf "%s\n" "put /root/upload incoming/.plain" "put -p /root/upload incoming/.upload.part" \
                        "rename incoming/.upload.part incoming/.upload" "mkdir incoming/.directory" "get incoming/.upload /root/fetched" "ls -la jobs" | sftp -b - $1 alice@localhost
                cmp /root/upload /root/fetched
                test "$(stat -c "%a %U" /var/spool/morf/sftp/alice/incoming/.plain)" = "600 alice"
                test "$(stat -c %Y /root/upload)" = "$(stat -c %Y /var/spool/morf/sftp/alice/incoming/.upload)"
        ' "$SSH"

        # What it must not do. An sftp batch fails at its first error.
        for command in 'ln incoming/.upload incoming/.hard' 'ln -s /etc/passwd incoming/.soft' 'put /root/upload jobs/upload' \
                       'put /root/upload upload' 'ls /etc' 'get ../../../../etc/passwd /root/stolen'; do
                echo "$command"
                run machine_sh 'printf "%s\n" "$2" | sftp -b - $1 alice@localhost' "$SSH" "$command"
                [ "$status" -ne 0 ]
        done
        run in_machine find /var/spool/morf/sftp/alice/incoming \( -links +1 -type f -o -type l \)
        [ -z "$output" ]

        # No command, no shell, no terminal; nothing of it is run.
        run machine_sh 'timeout 5 ssh $1 alice@localhost touch /incoming/.executed < /dev/null' "$SSH"
        [ "$status" -ne 0 ] || [ -z "$output" ]
        run in_machine test -e /var/spool/morf/sftp/alice/incoming/.executed
        [ "$status" -ne 0 ]

        # No forwarding in either direction.
        run machine_sh 'ssh $1 -o ExitOnForwardFailure=yes -W localhost:22 alice@localhost < /dev/null' "$SSH"
        [ "$status" -ne 0 ]
        run machine_sh 'timeout 5 ssh $1 -o ExitOnForwardFailure=yes -N -R 2222:localhost:22 alice@localhost' "$SSH"
        [ "$status" -eq 255 ]

        # A key in a place that the user could write to does not open the account.
        machine_sh 'install -D -o alice /etc/morf/ssh/alice.keys /var/spool/morf/sftp/alice/incoming/.ssh/authorized_keys
                    mv /etc/morf/ssh/alice.keys /root/alice.keys'
        run machine_sh 'echo ls | sftp -b - $1 alice@localhost' "$SSH"
        [ "$status" -ne 0 ]
        in_machine mv /root/alice.keys /etc/morf/ssh/alice.keys
}

@test "an upgrade keeps what runs and what was configured, and restarts the daemon" {
        machine_sh 'echo "scheduler: { slots = 7; };" > /etc/morf/conf.d/ours.conf
                    sed -i "1i # changed by the operator" /etc/morf/morfd.conf
                    systemd-run --quiet --unit=package-runs --slice=morf-jobs-package.slice sleep infinity
                    systemd-run --quiet --unit=package-helper --slice=morf-jobs.slice sleep infinity'
        runs=$(main_pid package-runs.service)
        helper=$(main_pid package-helper.service)
        daemon=$(main_pid morfd.service)
        [ "$daemon" -gt 0 ]

        run apt_install install /root/morf-next.deb
        echo "$output"
        [ "$status" -eq 0 ]

        in_machine dpkg-query -W -f '${Version}' morf | grep -q '+next$'
        [ "$(main_pid package-runs.service)" = "$runs" ]
        [ "$(main_pid package-helper.service)" = "$helper" ]
        wait_until 20 "morfd runs again" in_machine systemctl is-active morfd.service
        [ "$(main_pid morfd.service)" != "$daemon" ]
        in_machine head -n 1 /etc/morf/morfd.conf | grep -q 'changed by the operator'
        in_machine test -e /etc/morf/conf.d/ours.conf
        in_machine systemctl stop package-helper.service
}

@test "a removal stops all of it and keeps jobs, configuration and data" {
        machine_sh 'install -d -m 0750 -g morf-admin /var/spool/morf/done/kept
                    echo "{}" > /var/spool/morf/done/kept/record.json
                    install -D /dev/null /srv/morf/university/course/001/data.csv'
        run apt_install remove morf
        echo "$output"
        [ "$status" -eq 0 ]
        for unit in $(services) package-runs.service morf-jobs.slice morf.slice; do
                run in_machine systemctl is-active "$unit"
                [ "$status" -ne 0 ]
        done
        [ -z "$(in_machine systemctl list-units --failed --no-legend 'morf*')" ]
        in_machine test -e /var/spool/morf/done/kept/record.json
        in_machine test -e /etc/morf/morfd.conf
        in_machine test -e /etc/morf/users.d/alice.conf
        # Accounts that are still there are still confined.
        in_machine sshd -T -C user=alice,host=h,addr=192.0.2.1 | grep -qx 'chrootdirectory /var/spool/morf/sftp/%u'
}

@test "after a removal it can be installed again and goes on" {
        apt_install install /root/morf.deb --allow-downgrades
        wait_until 20 "morfd runs" in_machine systemctl is-active morfd.service
        in_machine test -e /var/spool/morf/done/kept/record.json
}

@test "a purge leaves nothing of ours and all that is the operator's" {
        run apt_install purge morf
        echo "$output"
        [ "$status" -eq 0 ]
        refute grep -iE 'error|ignoring|cannot' <<<"$output"
        # What is left is the course data, and a mount point that the machine put there.
        run in_machine find / -xdev \( -path /proc -o -path /srv -o -path /opt/morf-test -o -path '/etc/morf-test*' -o -path /root \
                -o -path /tmp -o -path /var/tmp -o -path '*morf-test*' \) -prune -o -name '*morf*' -print
        refute grep -vxE '/var/lib/morf|/var/log/journal.*|.*/morf-host.*|/var/lib/apt/.*' <<<"$output"
        in_machine test -e /srv/morf/university/course/001/data.csv
        [ -z "$(in_machine find /var/lib/morf -mindepth 1)" ]
        run in_machine getent passwd alice
        [ "$status" -ne 0 ]
        in_machine sshd -t
        in_machine systemctl is-active ssh.service
        # The accounts of the helpers stay, locked.
        in_machine getent shadow morf-eval | cut -d: -f2 | grep -qE '^[!*]'
}
