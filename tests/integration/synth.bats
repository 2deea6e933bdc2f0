#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morf-synth writes a repository that real tools accept: an independent checker parses every file back, a MariaDB
# server of the test's own loads every dump, and the same seed makes the same bytes wherever and whenever it runs.
#
# Needs python3 and mariadb-server, no network and no privileges. MORF_SYNTH names the program.

setup_file() {
        export SYNTH=${MORF_SYNTH:-/usr/libexec/morf/morf-synth}
        export CHECK=$BATS_TEST_DIRNAME/../oracle/synth-check.py
        export DB=$BATS_FILE_TMPDIR/db
        # A socket's path has to be short; bats' directories may not be.
        SOCKET_DIR=$(mktemp -d /tmp/synth.XXXXXX)
        export SOCKET_DIR SOCKET=$SOCKET_DIR/s
        local as_user=()

        if (( EUID == 0 )); then
                as_user=(--user=root)
        fi
        mariadb-install-db --no-defaults "${as_user[@]}" --datadir="$DB" --auth-root-authentication-method=normal > "$BATS_FILE_TMPDIR/install.log" 2>&1
        mariadbd --no-defaults "${as_user[@]}" --datadir="$DB" --socket="$SOCKET" --pid-file="$SOCKET_DIR/pid" --skip-networking \
                --innodb-flush-log-at-trx-commit=0 --sql-mode=STRICT_ALL_TABLES > "$BATS_FILE_TMPDIR/server.log" 2>&1 3>&- &
        export SERVER=$!
        local i
        for (( i = 0; i < 300; i++ )); do
                if mysqladmin --no-defaults --socket="$SOCKET" --user=root ping > "$BATS_FILE_TMPDIR/ping.log" 2>&1; then
                        break
                fi
                kill -0 "$SERVER" || { cat "$BATS_FILE_TMPDIR/server.log" >&2; return 1; }
                sleep 0.1
        done
}

teardown_file() {
        if [[ -n ${SERVER:-} ]]; then
                kill "$SERVER" || true
                wait "$SERVER" || true
        fi
        rm -rf "$SOCKET_DIR"
}

# The digests of all files below a directory, with their names.
digests() {
        (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

@test "a repository satisfies the independent checker, in files and in a real server" {
        "$SYNTH" --out "$BATS_TEST_TMPDIR/out" --courses 3 --sessions 2 --users 120 --seed 11
        run python3 "$CHECK" "$BATS_TEST_TMPDIR/out" --mysql-socket "$SOCKET"
        echo "$output" | grep -v '^ok:' || true
        [[ $status -eq 0 ]]
        [[ $output == *"accounting-001: loads into the server"* ]]
        [[ $output == *"dropout can be learned"* ]]
}

@test "all dumps of a session load into one database, as published jobs do it" {
        local file target
        "$SYNTH" --out "$BATS_TEST_TMPDIR/out" --courses 2 --sessions 2 --users 16 --seed 3
        for file in "$BATS_TEST_TMPDIR"/out/introfinance/001/*.sql.gz; do
                # The name without parentheses, blanks and '&', and then used without quotes.
                target=$BATS_TEST_TMPDIR/$(basename "${file%.gz}" | tr -d '() &')
                gzip -dc "$file" > "$target"
        done
        mysql --no-defaults --socket="$SOCKET" --user=root -e 'CREATE DATABASE course'
        for file in "$BATS_TEST_TMPDIR"/*.sql; do
                sh -c "mysql --no-defaults --socket=$SOCKET --user=root course < $file"
        done
        run mysql --no-defaults --socket="$SOCKET" --user=root -N -e "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'course'"
        [[ $output == 49 ]]
        # A known join: posts with the session_user_id of their authors, the deleted ones without.
        run mysql --no-defaults --socket="$SOCKET" --user=root -N course -e \
                'SELECT COUNT(*) > 0, SUM(h.session_user_id IS NULL) > 0 FROM forum_posts p LEFT JOIN hash_mapping h USING (user_id)'
        [[ $output == $'1\t1' ]]
}

@test "the smallest repositories hold every promise too" {
        local seed
        for seed in 1 2 3; do
                "$SYNTH" --out "$BATS_TEST_TMPDIR/$seed" --courses 2 --sessions 2 --users 16 --days 22 --seed "$seed"
                run python3 "$CHECK" "$BATS_TEST_TMPDIR/$seed"
                echo "$output" | grep -v '^ok:' || true
                [[ $status -eq 0 ]]
        done
}

@test "the same seed makes the same bytes in any time zone and locale; another seed makes others" {
        local args=(--courses 2 --sessions 2 --users 30)
        "$SYNTH" --out "$BATS_TEST_TMPDIR/a" "${args[@]}" --seed 5
        (umask 077; TZ=Asia/Kolkata LC_ALL=C.UTF-8 "$SYNTH" --out "$BATS_TEST_TMPDIR/b" "${args[@]}" --seed 5)
        "$SYNTH" --out "$BATS_TEST_TMPDIR/c" "${args[@]}" --seed 6
        diff <(digests "$BATS_TEST_TMPDIR/a") <(digests "$BATS_TEST_TMPDIR/b")
        run diff -q <(digests "$BATS_TEST_TMPDIR/a") <(digests "$BATS_TEST_TMPDIR/c")
        [[ $status -eq 1 ]]
        [[ $(stat -c %a "$BATS_TEST_TMPDIR/b/labels-train.csv") == 644 ]]
        [[ $(stat -c %a "$BATS_TEST_TMPDIR/b/accounting") == 755 ]]
}

@test "a directory that is not empty is refused without --force" {
        mkdir "$BATS_TEST_TMPDIR/full"
        echo mine > "$BATS_TEST_TMPDIR/full/notes"
        run "$SYNTH" --out "$BATS_TEST_TMPDIR/full" --courses 1 --sessions 2 --users 16
        [[ $status -eq 1 && $output == *"is not empty"* ]]
        [[ $(ls "$BATS_TEST_TMPDIR/full") == notes ]]
        "$SYNTH" --out "$BATS_TEST_TMPDIR/full" --courses 1 --sessions 2 --users 16 --force
        [[ $(cat "$BATS_TEST_TMPDIR/full/notes") == mine && -s $BATS_TEST_TMPDIR/full/labels-test.csv ]]
}

@test "wrong usage is told in one line with status 2" {
        run "$SYNTH" --courses 1
        [[ $status -eq 2 && ${#lines[@]} -eq 1 ]]
        run "$SYNTH" --out x --sessions 1
        [[ $status -eq 2 && $output == *"from 2 to"* ]]
        run "$SYNTH" --out x --format v1
        [[ $status -eq 2 ]]
}
