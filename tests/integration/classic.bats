#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: the three classic shapes of MORF 2.0 jobs, by session, by course and of all at once, with models in R and in Python, go
# from client.config to an evaluation: dropped as a directory with an image archive, or with a Dockerfile, and as a zip.
#
# Runs in a test machine of its own. MORF_DEB names the package to test.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load lib

export MORF_HOST_NAME=classic

setup_file() {
        start_machine 'release: { min_cell = 0; }; limits: { default: { cpus = 1.0; memory = "256M"; time = "2m"; output = "64M"; }; };'
        add_user alice
        "$BATS_TEST_DIRNAME/../host/host" copy "$BATS_TEST_DIRNAME/../jobs/classic" /root/test/classic
        machine_sh '
                rm -rf /srv/morf/university
                morf synth --out /srv/morf/university --courses 3 --sessions 3 --users 40 --seed 1'
}

teardown_file() {
        stop_machine
}

teardown() {
        show_failure
}

# drop_shape SHAPE SCRIPT: hands in the directory with client.config and controller.py of the shape, to which the script, which runs in
# it, adds an image; as a zip where the script makes the directory SHAPE.part into one.
drop_shape() {
        machine_sh '
                box=/var/spool/morf/sftp/alice/incoming
                cp -r "/root/test/classic/$1" "$box/$1.part"
                cd "$box/$1.part"
                eval "$2"
                cd "$box"
                chown -R alice: "$1.part"
                if [ -d "$1.part" ]; then mv "$1.part" "$1"; else mv "$1.part" "$1.zip"; fi' "$1" "$2"
}

# assert_evaluated NAME STEPS: a row for each course, and a model that is better than chance.
assert_evaluated() {
        [ "$(job_get "$1" .form)" = morf2 ]
        [ "$(job_get "$1" .steps)" -eq "$2" ]
        machine_sh '
                cat "$(/root/test/job dir "$1")"/release/eval.csv
                python3 - "$(/root/test/job dir "$1")"/release/eval.csv <<END
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 3, rows
assert all(float(row["auc"]) > 0.5 and int(row["N"]) >= 10 for row in rows), rows
END' "$1"
}

@test "by session, in R, with an image archive by another name than its URL says" {
        drop_shape session '
                docker build -q -t test-classic /root/test/classic > /dev/null
                docker save -o mine.tar test-classic
                docker rmi -f test-classic > /dev/null'
        wait_job session 'done' -- 600
        assert_evaluated session 18
}

@test "by course, in Python, with the Dockerfile of the image" {
        drop_shape course 'cp /root/test/classic/{Dockerfile,job.py,model.*} .'
        wait_job course 'done' -- 600
        assert_evaluated course 12
}

@test "of all courses, in R, as a zip" {
        drop_shape all '
                cp /root/test/classic/{Dockerfile,job.py,model.*} .
                cd ..
                zip -q -r all.zip.part all.part
                rm -r all.part
                mv all.zip.part all.part'
        wait_job all 'done' -- 600
        assert_evaluated all 4
}
