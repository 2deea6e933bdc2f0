#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: A job from its drop to its result and its mails, by each way in which it can be handed in: the evaluation is that of
# scikit-learn on the same predictions, and each event is told in exactly one mail.
#
# MORF_DEB names the package to test; else one is built. The release policy is switched off, so that numbers are whole.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../host/machine

export MORF_HOST_NAME=jobs

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        tests/host/host reset --deb "${MORF_DEB:-$(tests/run/package build)}" >&2
        tar -c -C tests jobs oracle | in_machine tar -x --no-same-owner -C /root
        local name
        for name in weekly-dropout noop; do
                tests/jobs/make-zip "$name" "$BATS_FILE_TMPDIR/$name.zip"
                in_machine tee "/root/jobs/zip-$name.zip" < "$BATS_FILE_TMPDIR/$name.zip" > /dev/null
        done
        in_machine tee /etc/morf/conf.d/test.conf > /dev/null <<'END_OF_CONF'
data = [ "/srv/morf/university" ];
scheduler: { quiet = "1s"; };
release: { digits = 0; min_cell = 0; round_counts = 0; };
mail: {
        from = "morf@morf.test";
        domain = "morf.test";
        smtp: { host = "localhost"; port = 587; tls = "required"; user = "morf@morf.test"; };
};
END_OF_CONF
        machine_sh '
                morf synth --out /srv/morf/university --courses 2 --sessions 3 --users 60
                install -m 0600 /etc/morf-test/smtp-password /etc/morf/smtp-password
                morfd --check
                systemctl restart morf-mail.service
                systemctl reload morfd.service
                ssh-keygen -q -t ed25519 -N "" -f /root/alice
                echo "localhost $(cat /etc/ssh/ssh_host_ed25519_key.pub)" > /root/known_hosts
                morf user add alice --mail alice@morf.test --ssh-key /root/alice.pub --grant-all
                useradd --create-home --groups morf-submit bob
                morf user add bob --mail bob@morf.test --grant accounting
                cp -r /root/jobs /home/bob/ && chown -R bob: /home/bob/jobs
        ' >&2
}

teardown_file() {
        "$BATS_TEST_DIRNAME/../host/host" down >&2
}

setup() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        began=$EPOCHSECONDS
}

teardown() {
        if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
                in_machine journalctl --no-pager --since="@$began" -u morfd -u morf-mail >&2 || :
        fi
}

# machine_sh SCRIPT [ARG…]: run a script in the machine that stops at the first failure.
machine_sh() {
        local script=$1
        shift
        in_machine bash -euo pipefail -c "$script" machine_sh "$@"
}

# sftp_as_alice: a batch of commands on standard input, which fails at the first that does.
sftp_as_alice() {
        in_machine env --chdir=/root/jobs sftp -q -b - -i /root/alice -o UserKnownHostsFile=/root/known_hosts alice@localhost
}

# make_job NAME [SETTINGS]: the job noop under another name, so that each test has a drop of its own.
make_job() {
        machine_sh 'cd /root/jobs; cp -r noop "$1"; sed "s/\"noop\"/\"$1\"/; s/limits:/$2 limits:/" noop.cfg > "$1.cfg"' "$1" "${2:-}"
}

# ended DROP: the id of the job whose drop has this name, when it has come to an end.
ended() {
        machine_sh 'morf list --json --all | jq -er --arg drop "$1" \
                ".jobs[] | select(.drop == \$drop and ([.state] | inside([\"done\", \"failed\", \"rejected\", \"cancelled\"]))) | .id"' "$1"
}

# wait_for DROP STATE: until it has come to an end, which must be this one; sets id.
wait_for() {
        wait_until 120 "$1 has ended" ended "$1"
        id=$(ended "$1")
        local state
        state=$(machine_sh 'morf show --json "$1" | jq -r .state' "$id")
        if [[ $state != "$2" ]]; then
                echo "$1 is $state"
                in_machine morf show "$id"
                return 1
        fi
}

# mails_are USER EVENT…: these, in this order and each once, are the mails that USER got about job $id.
mails_are() {
        local user=$1
        shift
        wait_until 30 "no mail waits" machine_sh 'test -z "$(find /var/spool/morf/outbox -maxdepth 1 -type f)"'
        run machine_sh 'grep -hiE "^Message-ID: <$1\\." -r /var/mail-test/"$2"/Maildir/new | sort | sed -E "s/.*\\.([a-z]+)@.*/\\1/" | paste -sd" "' "$id" "$user"
        echo "mails: $output"
        [ "$output" = "$*" ]
}

# result_is_right N: what is released about job $id, at least N values, is what scikit-learn computes.
result_is_right() {
        run machine_sh '/usr/bin/python3 /root/oracle/job-check.py /var/spool/morf/done/"$1"/result/sealed/output.csv \
                /var/spool/morf/done/"$1"/release/eval.csv' "$id"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$output" -ge "$1" ]
}

fetched_by_sftp() {
        sftp_as_alice <<< "get jobs/$id/eval.csv /root/eval.csv"
        in_machine cmp /root/eval.csv "/var/spool/morf/done/$id/release/eval.csv"
}

@test "by SFTP, uploaded under another name and renamed" {
        make_job renamed 'notify = [];'
        sftp_as_alice <<'END_OF_BATCH'
put -r renamed incoming/renamed.part
rename incoming/renamed.part incoming/renamed
put renamed.cfg incoming/renamed.cfg.part
rename incoming/renamed.cfg.part incoming/renamed.cfg
END_OF_BATCH
        wait_for renamed.cfg 'done'
        result_is_right 26
        fetched_by_sftp
        mails_are alice finished
}

@test "by SFTP, renamed in the classic way, with a link" {
        make_job linked
        sftp_as_alice <<'END_OF_BATCH'
put -r linked incoming/linked
put linked.cfg incoming/linked.cfg.part
rename -l incoming/linked.cfg.part incoming/linked.cfg
END_OF_BATCH
        wait_for linked.cfg 'done'
        result_is_right 26
        mails_are alice accepted started finished
}

@test "by SFTP, written in place, the job file first" {
        make_job in-place
        sftp_as_alice <<'END_OF_BATCH'
put in-place.cfg incoming/
put -r in-place incoming/
END_OF_BATCH
        wait_for in-place.cfg 'done'
        result_is_right 26
        mails_are alice accepted started finished
}

@test "by SFTP, an image archive that comes after its job file" {
        machine_sh 'cd /root/jobs; docker build -q -t archived noop; docker save archived -o archived.tar; docker rmi archived
                echo "job: { image = \"archived.tar\"; limits: { memory = \"64M\"; }; };" > archived.cfg'
        sftp_as_alice <<'END_OF_BATCH'
put archived.cfg incoming/
put archived.tar incoming/archived.tar.part
rename incoming/archived.tar.part incoming/archived.tar
END_OF_BATCH
        wait_for archived.cfg 'done'
        result_is_right 26
        mails_are alice accepted started finished
        # What came with the job is not left under its tag.
        [ -z "$(in_machine docker images -q archived)" ]
}

@test "by SFTP, as a job zip" {
        sftp_as_alice <<< 'put zip-noop.zip incoming/'
        wait_for zip-noop.zip 'done'
        result_is_right 26
        mails_are alice accepted started finished
}

@test "by morf submit --wait, with the table of a published result" {
        run in_machine runuser -u bob -- sh -c 'cd ~/jobs && exec morf submit --wait --timeout 2m published.cfg'
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *0.7951807228* ]]
        wait_for published.cfg 'done'
        result_is_right 13
        mails_are bob accepted started finished
        # The published numbers. What was published as the specificity is the negative predictive value.
        run machine_sh '/usr/bin/python3 - /var/spool/morf/done/"$1"/release/eval.csv' "$id" <<'END_OF_PYTHON'
import csv, sys
(row,) = csv.DictReader(open(sys.argv[1]))
published = {"accuracy": 0.8755414862, "cohen_kappa": 0.7509067872, "N": 6002, "N_n": 2988, "N_p": 3014, "precision": 0.8246920653,
             "recall": 0.9552090246, "f1_score": 0.8851652575, "specificity": 2376 / 2988, "npv": 0.9462365591, "specificity_morf2": 0.9462365591}
for name, value in published.items():
    assert abs(float(row[name]) - value) < 1e-10, (name, row[name], value)
END_OF_PYTHON
        echo "$output"
        [ "$status" -eq 0 ]
}

@test "the example job: from a directory over SFTP, and as a zip with morf submit, with the same predictions" {
        sftp_as_alice <<'END_OF_BATCH'
put -r weekly-dropout incoming/weekly-dropout
put weekly-dropout.cfg incoming/weekly-dropout.cfg.part
rename incoming/weekly-dropout.cfg.part incoming/weekly-dropout.cfg
END_OF_BATCH
        wait_for weekly-dropout.cfg 'done'
        result_is_right 26
        fetched_by_sftp
        mails_are alice accepted started finished
        local first=$id

        # Bob was granted one of the two courses.
        in_machine runuser -u bob -- sh -c 'cd ~/jobs && exec morf submit --wait --timeout 3m zip-weekly-dropout.zip'
        wait_for zip-weekly-dropout.zip 'done'
        result_is_right 13
        mails_are bob accepted started finished
        machine_sh 'cd /var/spool/morf/done; grep -E "^course|^accounting," "$1/result/sealed/output.csv" | cmp - "$2/result/sealed/output.csv"' "$first" "$id"
}

@test "the mails of a job are one thread" {
        id=$(ended weekly-dropout.cfg)
        run machine_sh 'cd /var/mail-test/alice/Maildir/new; grep -li "^Message-ID: <$1\\." * | xargs grep -hiE "^(References|In-Reply-To):" | sort | uniq -c | sed "s/^ *//"' "$id"
        echo "$output"
        [ "$output" = "2 In-Reply-To: <$id.01.accepted@morf.test>
2 References: <$id.01.accepted@morf.test>" ]
}

@test "a job that fails tells its owner once, and releases nothing" {
        make_job failing 'args: { status = "3"; };'
        sftp_as_alice <<'END_OF_BATCH'
put -r failing incoming/failing
put failing.cfg incoming/failing.cfg
END_OF_BATCH
        wait_for failing.cfg failed
        mails_are alice accepted started failed
        in_machine test ! -e "/var/spool/morf/sftp/alice/jobs/$id/eval.csv"
        in_machine morf why "$id" | grep -qF 'status 3'
}

@test "a job without a result has failed, too" {
        make_job silent 'args: { result = "no"; };'
        sftp_as_alice <<'END_OF_BATCH'
put -r silent incoming/silent
put silent.cfg incoming/silent.cfg
END_OF_BATCH
        wait_for silent.cfg failed
        mails_are alice accepted started failed
        in_machine morf why "$id" | grep -qF output.csv
}

@test "a job file that is wrong is rejected, with the line and what to change" {
        printf 'job: {\n  dockerfile = "noop";\n  memroy = "1G";\n};\n' | in_machine tee /root/jobs/wrong.cfg > /dev/null
        sftp_as_alice <<< 'put wrong.cfg incoming/'
        wait_for wrong.cfg rejected
        mails_are alice rejected
        in_machine morf why "$id" | grep -qF 'wrong.cfg:3'
        in_machine cat "/var/spool/morf/sftp/alice/jobs/$id/STATUS.txt" | grep -qF memroy
}

@test "what the container prints reaches nobody but the operator" {
        id=$(ended weekly-dropout.cfg)
        in_machine grep -q mariadbd "/var/spool/morf/done/$id/steps/001/log/container.log"
        run in_machine grep -rl mariadbd /var/mail-test /var/spool/morf/sftp
        [ -z "$output" ]
}

@test "nothing is left behind: containers, volumes, units, drops" {
        [ -z "$(in_machine docker ps -aq)" ]
        [ -z "$(in_machine docker volume ls -q)" ]
        [ -z "$(in_machine systemctl list-units --no-legend --plain 'morf-0*')" ]
        [ -z "$(in_machine find /var/spool/morf/incoming /var/spool/morf/sftp/alice/incoming /var/spool/morf/active -mindepth 1)" ]
}
