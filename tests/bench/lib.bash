# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For benchmarks that run in the test machine: source it, and call bench_machine. Its functions are those of tests/host/machine.bash
# and these here. Nothing is asserted: both sides run by turns in one machine, and what counts is their ratio.
#
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
. tests/host/machine.bash

export MORF_HOST_NAME=${MORF_HOST_NAME:-bench}
BUILD=${BUILD:-build}

# bench_machine [SETTINGS]: the machine with the package, an account alice, one course, the image bench:latest that does nothing
# but to leave a result, and the same as /root/bench/image.tar. A machine that is up is used as it is, but for its configuration.
bench_machine() {
        local deb
        deb=${MORF_DEB:-$(tests/run/package "$BUILD")}
        tests/host/host up --deb "$deb" 2> "${TMPDIR:-/tmp}/bench-machine.log" >&2 || { cat "${TMPDIR:-/tmp}/bench-machine.log" >&2; exit 1; }
        in_machine tee /etc/morf/conf.d/bench.conf > /dev/null <<END
data = ["/srv/morf/bench"];
scheduler: { quiet = "200ms"; free_space = "64M"; ${1:-} };
mail: { per_hour = 1000000; };
END
        in_machine bash -euo pipefail <<'END'
mkdir -p /srv/morf/bench/course/001 /root/bench/image
: > /srv/morf/bench/course/001/data.txt
printf 'course,session,userID,label_type,label_value\ncourse,001,u1,dropout,1\n' > /srv/morf/bench/labels-train.csv
printf 'course,fullname,start_date,end_date\ncourse-001,A,01/01/15,02/02/15\n' > /srv/morf/bench/coursera_course_dates.csv
[ -e /etc/morf/users.d/alice.conf ] || {
        ssh-keygen -q -t ed25519 -N '' -f /root/bench/key
        morf user add alice --mail alice@morf.test --ssh-key /root/bench/key.pub --grant-all
} > /dev/null
[ -e /root/bench/image.tar ] || {
        cd /root/bench/image
        awk 'BEGIN { print "y_true,y_pred,y_score"; for (i = 0; i < 400; i++) printf "%d,%d,0.%02d\n", i * 7 % 5 < 2, i % 3 < 1, i * 37 % 100 }' > output.csv
        printf '#!/bin/sh\n[ ! -d /output ] || cp /output.csv /output/\n' > noop
        chmod 755 noop
        printf 'FROM morf-noop:latest\nCOPY output.csv /\nCOPY noop /bin/noop\nENTRYPOINT ["/bin/noop"]\n' > Dockerfile
        docker build -q -t bench:latest . > /dev/null
        docker save bench:latest -o /root/bench/image.tar
}
# drop NAME: a job of alice with the archive, made beside the drop box; take NAME: renamed into it.
cat > /root/bench/drop <<'END_OF_DROP'
set -eu
box=/var/spool/morf/sftp/alice/incoming
case $1 in
make)
        mkdir "$box/$2.part"
        ln /root/bench/image.tar "$box/$2.part/image.tar" 2> /dev/null || cp /root/bench/image.tar "$box/$2.part/"
        echo 'job: { image = "image.tar"; limits: { cpus = 0.5; memory = "64M"; }; notify = []; };' > "$box/$2.part/job.cfg"
        chown -R alice: "$box/$2.part" ;;
esac
END_OF_DROP
systemctl restart morfd
END
}

# What functions and variables the scripts in the machine begin with.
# shellcheck disable=SC2016,SC2034 # for the shell in the machine
PREAMBLE='
set -euo pipefail
shopt -s nullglob
export LC_ALL=C
box=/var/spool/morf/sftp/alice/incoming
run=(docker run --rm --pull=never --network=none --log-driver=none bench:latest)
now() { echo "${EPOCHREALTIME/./}"; }
make_drop() { sh /root/bench/drop make "$1"; }
take_drop() { mv "$box/$1.part" "$box/$1"; }
# The time, in microseconds, at which the last job came to its end, once there are so many.
ended() {
        local n=$1 deadline=$((SECONDS + ${2:-120})) all
        while all=(/var/spool/morf/done/* /var/spool/morf/failed/*); ((${#all[@]} < n)); do
                ((SECONDS < deadline)) || { echo "not all jobs have ended" >&2; morf list >&2; exit 1; }
                sleep 0.05
        done
        all=(/var/spool/morf/failed/*)
        ((${#all[@]} == 0)) || { echo "a job has failed" >&2; exit 1; }
        # The rename into done/ is the last change of the directory.
        find /var/spool/morf/done -mindepth 1 -maxdepth 1 -printf "%C@\n" | sort -n | tail -n 1 | awk "{ printf \"%d\n\", \$1 * 1000000 }"
}
forget_jobs() { rm -rf /var/spool/morf/done/* /var/spool/morf/failed/* "$box"/*; }
# median FILE: of numbers, one a line
median() { sort -n "$1" | awk "{ a[NR] = \$1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }"; }
quantile() { sort -n "$1" | awk -v q="$2" "{ a[NR] = \$1 } END { i = int(NR * q + 0.999); print a[i < 1 ? 1 : i] }"; }
'
