#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: Jobs that attack: they look for a way out, for files of others and for the host, or take all they can get. None finds
# anything; each ends with a code of its own; the machine answers meanwhile; and no byte that a container wrote gets out.
#
# All are handed in at the beginning and run while a clock looks how long the machine takes to start a program. Runs in a test
# machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine, or in the container

load lib

export MORF_HOST_NAME=hostile

# What each container prints; it stands in the image alone. The label that no job may see.
LEAK=leak-decaf-2342
LABEL=label-5ec4e7

setup_file() {
        start_machine 'scheduler: { slots = 6; cpus = 16; memory = "2G"; }; limits: { default: { time = "50s"; }; };'
        add_user alice
        add_user bob
        in_machine tee /root/test/shell/run > /dev/null <<END
#!/bin/sh
printf '$LEAK \033[2J\033]0;$LEAK\007\r\377\000$LEAK\n'
printf '$LEAK \033[31m%%n%%s\n' >&2
eval "\$2"
END
        install_attacks
        machine_sh 'echo "accounting,002,$1,dropout,1" > /srv/morf/university/labels-test.csv' "$LABEL"
        install_probe
        install_clock
        # A service of the host that listens where only a name keeps others out.
        in_machine systemd-run --quiet --unit=test-listen python3 -c '
import socket, time
for name in "\0morf-host", "\0morf-host-2":
    s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen(); globals()[name] = s
u = socket.socket(); u.bind(("0.0.0.0", 8077)); u.listen()
time.sleep(100000)'
        in_machine systemd-run --quiet --unit=test-clock /root/test/clock

        # A job that has something to steal, for as long as the thieves run.
        JOB_USER=bob drop victim 'echo stolen > /output/secret-of-bob; until [ -e /output/go ]; do sleep 0.2; done; rm /output/*; cp /output.csv /output/' 'limits: { time = "2m"; };'
        wait_job victim running

        attack crowd 'limits: { time = "2m"; memory = "256M"; cpus = 2; };'
        drop route 'exec python3 /probe.py network' '' probe
        drop escape 'exec python3 /probe.py host' 'limits: { memory = "64M"; };' probe
        attack thief
        attack label 'limits: { time = "2m"; };'
        attack data
        drop fork-bomb 'b() { b | b & b; }; b' 'limits: { pids = 64; time = "10s"; };'
        drop fork-flood 'while :; do sleep 100 & done' 'limits: { pids = 200; time = "20s"; };'
        attack memory-bomb 'limits: { memory = "48M"; time = "30s"; };'
        attack disk-bomb 'limits: { output = "16M"; };'
        attack shadow
        attack flood
        attack ansi
        drop sparse 'truncate -s 1000G /output/output.csv || exit 7'
        drop sparse-csv 'truncate -s 8000000 /output/output.csv'
        attack line
        attack formula
        attack forged
        drop burn 'while :; do :; done & while :; do :; done' 'limits: { time = "5s"; cpus = 0.5; };'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# attack NAME [SETTINGS]: a job that does what a script of its image says.
attack() {
        drop "$1" "exec sh /attacks/$1" "${2:-}"
}

install_attacks() {
        machine_sh 'mkdir /root/test/shell/attacks; sed -i "s,^ENTRYPOINT,COPY attacks /attacks\n&," /root/test/shell/Dockerfile'
        # One after the other, with the name of each before it. Statuses from 11 on tell what could be done.
        sed "s/@LEAK@/$LEAK/g; s/@LABEL@/$LABEL/g" <<'END' | machine_sh 'awk -v dir=/root/test/shell/attacks/ "/^# /{ name = \$2; next } { print > (dir name) }"'
# thief
find / -name "secret-of-bob" -o -name record.json -o -name manifest.json 2> /dev/null | grep -q . && exit 11
grep -rqs stolen /input /morf-data /output /tmp /proc/1/environ && exit 12
[ $(ls -d /proc/[0-9]* | wc -l) -lt 8 ] || exit 13
cp /output.csv /output/
# label
find / -name "labels-test*" 2> /dev/null | grep -q . && exit 11
grep -rqs @LABEL@ /input /morf-data /output /etc /tmp /run /var && exit 12
[ -s /morf-data/labels-train.csv ] || exit 13
cp /output.csv /output/
# data
for i in /morf-data/accounting/x /morf-data/accounting/001/x /morf-data/accounting/001/data.txt; do
        (echo x >> $i) 2> /dev/null && exit 11
done
rm -rf /morf-data/* 2> /dev/null
[ -s /morf-data/accounting/001/data.txt ] || exit 12
mount -o remount,rw /morf-data/accounting 2> /dev/null && exit 13
umount /morf-data/accounting 2> /dev/null && exit 14
rm -rf /input/accounting/*
[ -s /morf-data/accounting/001/data.txt ] || exit 15
cp /output.csv /output/
# memory-bomb
for i in 1 2 3 4 5 6 7 8; do tail -c 900000000 /dev/zero & all="$all $!"; done
for i in $all; do wait $i || exit $?; done
exit 11
# disk-bomb
i=0; while :; do i=$((i + 1)); head -c 1000000 /dev/zero > /output/$i; done
# shadow
(trap "" TERM HUP INT; exec setsid sleep 4711) &
(trap "" TERM; while :; do :; done) &
cp /output.csv /output/
# flood
head -c 1000000000 /dev/zero
head -c 1000000 /dev/urandom >&2
cp /output.csv /output/
# ansi
i=0
while [ $i -lt 2000 ]; do printf '\033[%d;1H\033c\b\r<script>\0\376@LEAK@\n' $i; i=$((i + 1)); done
cp /output.csv /output/
# line
{ head -n 1 /output.csv; head -c 7000000 /dev/zero | tr '\0' 1; } > /output/output.csv
# crowd
i=0; while [ $i -lt 100000 ]; do : > /output/$i; i=$((i + 1)); done
cp /output.csv /output/
# formula
sed 's/^accounting/=cmd(@LEAK@)/' /output.csv > /output/output.csv
# forged
for i in fault.json record.json image.json exit.json eval.csv metrics.json; do
        echo '{"version":1,"code":"E_PLATFORM","message":"@LEAK@"}' > /output/$i
done
exit 65
END
}

# Each thing that it should not be able to do is tried; the exit status is the number of the first that it could.
install_probe() {
        put_file /root/test/probe/Dockerfile <<'END'
FROM morf-base:bookworm
COPY output.csv run probe.py /
ENTRYPOINT ["/run"]
END
        machine_sh 'cp /root/test/shell/{output.csv,run} /root/test/probe/'
        put_file /root/test/probe/probe.py <<'END'
import ctypes, errno, os, shutil, socket, sys

def connect(family, address, kind=socket.SOCK_STREAM, data=b"x"):
    def attempt():
        s = socket.socket(family, kind)
        s.settimeout(3)
        s.connect(address)
        s.send(data)
        if kind == socket.SOCK_DGRAM:
            s.recv(1)
    return attempt

def resolve():
    socket.getaddrinfo("localhost.morf.test", 80)

def links():
    if os.listdir("/sys/class/net") == ["lo"] or os.listdir("/sys/class/net") == []:
        raise OSError("only lo")

def routes():
    if len(open("/proc/net/route").readlines()) <= 1:
        raise OSError("no route")

def sockets():
    if not any("@" in line for line in open("/proc/net/unix")):
        raise OSError("no abstract socket")

def raw():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)

def write(path, text="x"):
    def attempt():
        with open(path, "w") as f:
            f.write(text)
    return attempt

libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    def attempt():
        if getattr(libc, name)(*args) < 0:
            raise OSError(ctypes.get_errno(), name)
    return attempt

def device():
    os.mknod("/tmp/disk", 0o060600, os.makedev(254, 0))
    open("/tmp/disk", "rb").read(1)

def docker():
    for path in "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private":
        if os.path.exists(path):
            return
    raise OSError("none")

def spool():
    for path in "/var/spool/morf", "/etc/morf", "/srv/morf", "/run/morf", "/proc/1/root/var/spool/morf":
        if os.path.exists(path):
            return
    raise OSError("none")

network = [
    connect(socket.AF_INET, ("169.254.169.254", 80), data=b"GET / HTTP/1.0\r\n\r\n"),
    connect(socket.AF_INET, ("169.254.169.254", 53), socket.SOCK_DGRAM),
    connect(socket.AF_INET, ("172.17.0.1", 8077)),
    connect(socket.AF_INET, ("10.0.2.2", 8077)),
    connect(socket.AF_INET, ("127.0.0.1", 8077)),
    connect(socket.AF_INET, ("1.1.1.1", 53), socket.SOCK_DGRAM),
    connect(socket.AF_INET6, ("fd00:ec2::254", 80)),
    connect(socket.AF_INET6, ("::1", 8077)),
    connect(socket.AF_UNIX, "\0morf-host"),
    connect(socket.AF_UNIX, "\0morf-host-2", socket.SOCK_DGRAM),
    connect(socket.AF_UNIX, "\0/containerd-shim/moby/x/shim.sock"),
    resolve, links, routes, sockets, raw,
]
host = [
    docker, spool, device,
    write("/proc/sysrq-trigger", "b"), write("/proc/sys/kernel/core_pattern", "|/bin/sh"), write("/sys/fs/cgroup/devices/release_agent"), write("/sys/fs/cgroup/cgroup.procs/x"),
    write("/proc/1/oom_score_adj", "-1000"), write("/sys/kernel/uevent_helper"), write("/proc/sys/vm/drop_caches", "3"),
    call("mount", b"none", b"/mnt", b"tmpfs", 0, None), call("mount", b"proc", b"/mnt", b"proc", 0, None),
    call("umount2", b"/proc", 2), call("reboot", 0x1234567), call("sethostname", b"x", 1),
    call("unshare", 0x10000000 | 0x00020000), call("setns", 0, 0), call("chroot", b"/proc/1/root/.."), call("klogctl", 3, ctypes.create_string_buffer(100), 100),
    call("ptrace", 16, 1, 0, 0), call("swapoff", b"/dev/vda"), call("init_module", None, 0, b""), call("settimeofday", ctypes.byref((ctypes.c_long * 2)(0, 0)), None),
]
for n, attempt in enumerate({"network": network, "host": host}[sys.argv[1]]):
    try:
        attempt()
    except (OSError, AttributeError):
        continue
    sys.exit(11 + n)
shutil.copy("/output.csv", "/output/output.csv")
END
}

# How long it takes to start and end a program, ten times a second, in microseconds.
install_clock() {
        put_file /root/test/clock 0755 <<'END'
#!/bin/bash
while :; do
        begin=${EPOCHREALTIME/[.,]/}
        /bin/true
        echo $((${EPOCHREALTIME/[.,]/} - begin)) >> /root/test/latency
        sleep 0.1
done
END
}

is_done() {
        wait_job "$1" 'done' -- 120
}

# ---- ways out ----------------------------------------------------------------------------------------------------------------

@test "no route out: addresses of clouds and of the host, names, abstract sockets, raw packets" {
        # They are there for others.
        in_machine python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("\0morf-host"); socket.create_connection(("127.0.0.1", 8077))'
        is_done route
}

@test "no way to the host: its sockets, devices, kernel and namespaces" {
        is_done escape
}

@test "no file of another job, and none of the service" {
        is_done thief
}

@test "no label of the test sessions" {
        in_machine grep -q "$LABEL" /srv/morf/university/labels-test.csv
        is_done label
}

@test "no write to course data, not even by its own copy" {
        is_done data
        [ "$(in_machine cat /srv/morf/university/accounting/001/data.txt)" = data ]
        [ "$(in_machine ls /srv/morf/university/accounting)" = 001 ]
}

# ---- taking all there is --------------------------------------------------------------------------------------------------------

@test "fork bombs" {
        assert_fault fork-bomb failed E_PIDS 'the container hit its limit of processes*'
        assert_fault fork-flood failed E_PIDS 'the container hit its limit of processes*'
}

@test "a memory bomb of many processes" {
        assert_fault memory-bomb failed E_MEMORY 'the container ran out of its 48 MiB of memory'
}

@test "a disk bomb of many files" {
        assert_fault disk-bomb failed E_DISK 'the container wrote more than it may to /output and /input'
}

@test "processors burnt until the end of its time" {
        wait_job burn failed -- 60
        assert_fault burn failed E_TIME 'the container did not end within its time limit of 5.0s'
}

@test "processes that stay behind and do not listen to signals end with the container" {
        is_done shadow
        refute in_machine pgrep -f 'sleep 4711'
}

@test "a gigabyte on standard output, and a binary log" {
        is_done flood
        is_done ansi
        local name size
        for name in flood ansi; do
                size=$(in_machine stat -c %s "$(job_dir "$name")/steps/001/log/container.log")
                echo "$name: $size bytes of log"
                [ "$size" -le 4300000 ]
        done
}

# ---- hostile output ---------------------------------------------------------------------------------------------------------------

@test "huge sparse files" {
        wait_job sparse failed
        [[ $(job_get sparse .fault.code) == @(E_EXIT|E_DISK|E_SIGNAL) ]]
        assert_fault sparse failed "$(job_get sparse .fault.code)" '*'
        wait_job sparse-csv failed
        assert_fault sparse-csv failed "$(job_get sparse-csv .fault.code)" 'output.csv*'
}

@test "a line of eight million bytes" {
        assert_fault line failed E_CSV_LINE 'output.csv:2: *'
}

@test "a hundred thousand files" {
        wait_job crowd failed -- 150
        assert_fault crowd failed E_OUTPUT_TOO_BIG '*files*'
}

@test "names of courses that are no names" {
        wait_job formula failed 'done' -- 60
        [[ $(job_get formula '.fault.code // .state') == @(E_CSV_COURSE|E_RELEASE_SUPPRESSED|done) ]]
}

@test "files that look like those of the service are not taken for them" {
        assert_fault forged failed E_EXIT 'the container ended with status 65'
}

# ---- behind them all ----------------------------------------------------------------------------------------------------------------

@test "the job beside them got its result" {
        machine_sh 'touch "$(/root/test/job dir victim)/steps/001/output/go"'
        is_done victim
        wait_until 60 "all jobs have ended" machine_sh '[ -z "$(ls -A /var/spool/morf/active)" ]'
        none_left() {
                machine_sh '[ -z "$(docker ps --all --quiet)$(docker volume ls --quiet)" ]
                        [ -z "$(systemctl list-units --no-legend "morf-0*" "morf-jobs-*")" ]'
        }
        wait_until 20 "no container, volume, unit or slice is left" none_left
}

@test "the machine answered all the time" {
        run in_machine bash -c 'systemctl stop test-clock
                sort -n /root/test/latency | awk "{ v[NR] = \$1 }
                        END { printf \"starting a program %d times took %.1f ms (median), %.1f ms (95 %%), %.1f ms (99 %%), %.1f ms (longest)\\n\",
                                NR, v[int(NR / 2) + 1] / 1000, v[int(NR * .95) + 1] / 1000, v[int(NR * .99) + 1] / 1000, v[NR] / 1000
                              exit !(NR > 50 && v[int(NR * .95) + 1] < 1000000) }"'
        echo "# $output" >&3
        [ "$status" -eq 0 ]
}

@test "no byte that a container wrote got out" {
        wait_until 30 "all mails are sent" outbox_is_empty
        # It was printed, and kept for the operator.
        machine_sh 'grep -rlaF "$1" /var/spool/morf/{failed,done}/*/steps/001/log | grep -q .' "$LEAK"
        machine_sh 'python3 - "$1" /var/spool/morf/mail/new/* <<END
import email, email.policy, sys
for name in sys.argv[2:]:
    m = email.message_from_binary_file(open(name, "rb"), policy=email.policy.default)
    for part in [m, *m.walk()]:
        text = str(part.items()) + ("" if part.is_multipart() else part.get_payload(decode=True).decode("utf-8", "replace"))
        # Any byte may be in the pictures, which are drawn of numbers alone.
        assert sys.argv[1] not in text, name
        assert part.get_content_maintype() == "image" or ("\033" not in text and "=cmd" not in text), name
END' "$LEAK"
        run machine_sh 'grep -rlaE --exclude="*.png" "$1" /var/spool/morf/{sftp,outbox,mail} /run/morf /var/spool/morf/{done,failed}/*/record.json' "$LEAK|$LABEL|"$'\033'"|=cmd"
        echo "$output"
        [ "$status" -eq 1 ]
        run machine_sh 'journalctl -b -o export --no-pager | grep -aE "$1|$2|"$'"'\\033[[]2J'" "$LEAK" "$LABEL"
        echo "$output"
        [ "$status" -eq 1 ]
}
