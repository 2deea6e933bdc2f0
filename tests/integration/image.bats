#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# PURPOSE: morf-image against a real docker: an archive is loaded under its id and never under a name, a Dockerfile is built
# once without a network, what is wrong with either is told by line, and an engine that is away is nobody's fault but ours.
#
# MORF_DEB names the package to test, made from this very tree; else one is built.
#
# shellcheck disable=SC2016 # what is in single quotes is for the shell in the machine

load ../host/machine

export MORF_HOST_NAME=image

setup_file() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        tests/host/host reset --deb "${MORF_DEB:-$(tests/run/package build)}" >&2
        # What each test starts with: /root/t/{drop,out,context,store} and small words for long commands.
        in_machine tee /root/words > /dev/null <<'END'
set -euo pipefail
shopt -s nullglob
cd /root/t
# intake: judge drop/; prints the digest of the image
intake() {
        rm -rf intake
        mkdir intake
        /usr/libexec/morf/morf-intake --drop drop --out intake
        jq -r .image.digest intake/manifest.json
}
# prepare STATUS KIND DIGEST [OPTION…]: morf-image must end with STATUS; prints what it published
prepare() {
        local wanted=$1 kind=$2 digest=$3 status=0
        shift 3
        rm -f out/*
        /usr/libexec/morf/morf-image prepare --engine /usr/bin/docker --kind "$kind" --digest "$digest" --out out --log out/build.log "$@" || status=$?
        cat out/*.json
        if ((status != wanted)); then
                echo "morf-image ended with status $status instead of $wanted" >&2
                return 1
        fi
}
# build STATUS [OPTION…] < Dockerfile: the same for context/ with this Dockerfile
build() {
        local wanted=$1
        shift
        cat > context/Dockerfile
        prepare "$wanted" dockerfile "$(sha256sum < context/Dockerfile | cut -d ' ' -f 1)" --context context "$@"
}
names() { docker image ls --format '{{.Repository}}:{{.Tag}} {{.ID}}' --no-trunc | grep -v '<none>' | sort; }
# told CODE TEXT: out/fault.json is this
told() {
        jq -e --arg code "$1" --arg text "$2" '.code == $code and .message == $text' out/fault.json > /dev/null || { cat out/fault.json >&2; return 1; }
}
END
}

teardown_file() {
        "$BATS_TEST_DIRNAME/../host/host" down
}

setup() {
        cd "$BATS_TEST_DIRNAME/../.." || return
        in_machine bash -c 'rm -rf /root/t && mkdir -p /root/t/{drop,out,context,store}'
}

# t SCRIPT: run it in the machine, in /root/t, with the words above
t() {
        in_machine bash -c ". /root/words; $1"
}

# Makes drop/ with an image of its own that is nowhere but in its archive, whose manifest claims the name of a base image.
readonly MAKE_EVIL='
        echo "$RANDOM $RANDOM" > context/f
        printf "FROM morf-noop\nCOPY f /f\n" > context/Dockerfile
        DOCKER_BUILDKIT=0 docker build --quiet --tag evil:1 context > /dev/null
        docker save evil:1 --output save.tar
        docker image rm evil:1 > /dev/null
        mkdir save
        tar -x -f save.tar -C save
        sed -i "s/evil:1/morf-base:bookworm/" save/manifest.json
        sed -i "s/\"evil\":{\"1\"/\"morf-base\":{\"bookworm\"/" save/repositories
        tar -c -f drop/image.tar -C save $(ls save)
        echo "job: { image = \"image.tar\"; };" > drop/job.cfg
'

@test "an archive is loaded under its id, and no name moves" {
        t "$MAKE_EVIL"'
                before=$(names)
                id=$(intake)
                prepare 0 archive "$id" --archive drop/image.tar
                jq -e --arg id "sha256:$id" ".id == \$id and .built == false and .reused == false" out/image.json
                docker image inspect "sha256:$id" --format "{{.RepoTags}}" | grep -F "[]"
                [[ $(names) == "$before" ]]
                # Loading the same as it came would have moved it.
                docker load --quiet --input drop/image.tar
                [[ $(names) != "$before" ]]
                docker tag "$(cut -d " " -f 2 <<< "$(grep "^morf-base:bookworm " <<< "$before")")" morf-base:bookworm
                [[ $(names) == "$before" ]]'
}

@test "an archive that was loaded before is not loaded again" {
        t "$MAKE_EVIL"'
                id=$(intake)
                prepare 0 archive "$id" --archive drop/image.tar
                prepare 0 archive "$id" --archive drop/image.tar
                jq -e ".reused == true" out/image.json'
}

@test "an archive that is packed by gzip or zstd, or was made of a large image, is loaded" {
        t "$MAKE_EVIL"'
                for packer in gzip zstd; do
                        "$packer" -q -c < save.tar > drop/image.tar
                        id=$(intake)
                        prepare 0 archive "$id" --archive drop/image.tar
                        jq -e ".reused == false" out/image.json
                        docker image rm "sha256:$id"
                done
                printf "FROM morf-base:bookworm\nLABEL x=$RANDOM\n" | docker build --quiet --tag large:1 - > id
                docker save large:1 --output drop/image.tar
                docker image rm large:1 > /dev/null
                id=$(intake)
                prepare 0 archive "$id" --archive drop/image.tar
                [[ sha256:$id == "$(< id)" ]]
                docker run --rm --network none "sha256:$id" true'
}

@test "an archive whose layer is not what its configuration says is the fault of the archive" {
        t "$MAKE_EVIL"'
                mkdir other
                echo other > other/f
                tar -c -f layer.tar -C other f
                for layer in save/*/layer.tar; do cp layer.tar "$layer"; done
                tar -c -f drop/image.tar -C save $(ls save)
                id=$(intake)
                prepare 65 archive "$id" --archive drop/image.tar
                told E_IMAGE "docker could not load the image archive: its layers are damaged or do not fit its configuration"'
}

@test "a Dockerfile is built once, without a network, within its limits" {
        t '
                echo hello > context/f
                printf "%s\n" "FROM morf-base:bookworm" "COPY f /f" \
                        "RUN cp /f /g; ls /sys/class/net > /net; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max > /memory || :" > Dockerfile
                build 0 --store store --memory 64M --cpus-milli 500 --label morf.job=x < Dockerfile
                jq -e ".built == true and .reused == false" out/image.json
                id=$(jq -r .id out/image.json)
                [[ $(docker run --rm "$id" cat /g) == hello ]]
                [[ $(docker run --rm "$id" cat /net) == lo ]]
                [[ $(docker run --rm "$id" cat /memory) == $((64 << 20)) ]]
                docker image inspect "$id" --format "{{json .Config.Labels}}" | jq -e ".\"morf.managed\" == \"1\" and .\"morf.job\" == \"x\""
                grep -F "Step 1/" out/build.log
                build 0 --store store --memory 64M --cpus-milli 500 --label morf.job=y < Dockerfile
                jq -e --arg id "$id" ".id == \$id and .reused == true" out/image.json
                # A record of an image that was removed is no image.
                docker image rm --force "$id"
                build 0 --store store --label morf.job=y < Dockerfile
                jq -e ".reused == false" out/image.json'
}

@test "an image that claims by its labels to be built from something is not taken for it" {
        t '
                printf "FROM morf-base:bookworm\nRUN true\n" > Dockerfile
                digest=$(sha256sum < Dockerfile | cut -d " " -f 1)
                printf "FROM morf-base:bookworm\nLABEL morf.digest=$digest morf.managed=1\n" | docker build --quiet - > forged
                build 0 --store store < Dockerfile
                jq -e --arg id "$(< forged)" ".id != \$id and .reused == false" out/image.json'
}

@test "an instruction that fails is told by its line, and nothing that it printed" {
        t '
                build 65 < <(printf "%s\n" "# syntax=x" "FROM morf-base:bookworm" "RUN true" "" "RUN echo Step 9/9 : secret; \\" "  exit 3")
                told E_BUILD "Dockerfile:5: step 3 of 3 failed (RUN)"
                [[ $(grep -c -F secret out/fault.json) == 0 ]]
                build 65 < <(printf "%s\n" "FROM morf-base:bookworm" "COPY nothing /")
                told E_BUILD "Dockerfile:2: step 2 of 2 failed (COPY)"
                # A container that plays the builder can at most be off by what it says.
                build 65 < <(printf "%s\n" "FROM morf-base:bookworm" "RUN echo Step 7/2 : x; false")
                told E_BUILD "Dockerfile:2: step 2 of 2 failed (RUN)"
                [[ -z $(docker ps --all --quiet) ]]'
}

@test "a base image that is not there is told, and not fetched" {
        t '
                build 65 < <(echo "FROM python:3.9")
                told E_BUILD "Dockerfile:1: base image '"'python:3.9'"' is not available here"
                build 65 < <(printf "FROM morf-base:bookworm\nCOPY --from=busybox /bin/sh /sh\n")
                told E_BUILD "Dockerfile:2: base image '"'busybox'"' is not available here"
                # What a build of somebody else left behind has an id, but no name.
                printf "FROM morf-base:bookworm\nLABEL secret=$RANDOM\n" | docker build --quiet - > id
                id=$(cut -c 8-19 id)
                build 65 < <(echo "FROM $id")
                told E_BUILD "Dockerfile:1: base image '"'\$id'"' is not available here"'
}

@test "a Dockerfile that would have docker itself fetch something is refused" {
        t '
                build 65 < <(printf "FROM morf-base:bookworm\nADD http://127.0.0.1:1/x /x\n")
                jq -e ".code == \"E_BUILD\" and .line == 2" out/fault.json
                [[ ! -s out/build.log ]]'
}

@test "a build that prints without end keeps a log of bounded size" {
        t '
                build 0 < <(printf "FROM morf-base:bookworm\nRUN seq 1 2000000\n")
                (($(stat --format %s out/build.log) < (4 << 20) + 100))
                grep -F "Step 1/" out/build.log
                grep -F "bytes left out" out/build.log
                grep -F "Successfully built" out/build.log'
}

@test "an engine that is away is to be tried again" {
        t "$MAKE_EVIL"'
                id=$(intake)
                systemctl stop docker.socket docker.service
                status=0
                prepare 75 archive "$id" --archive drop/image.tar || status=1
                build 75 < <(echo "FROM morf-base:bookworm") || status=1
                systemctl start docker.service
                [[ -z $(echo out/*.json) ]] || status=1
                prepare 0 archive "$id" --archive drop/image.tar
                exit "$status"'
}

@test "an engine that goes away during a build is to be tried again" {
        t '
                (sleep 2; systemctl kill --signal=KILL docker.service) &
                build 75 < <(printf "FROM morf-base:bookworm\nRUN sleep 30\n")
                [[ -z $(echo out/*.json) ]]
                wait' || { in_machine systemctl restart docker.service; return 1; }
        wait_until 30 "docker is back" in_machine docker version
}

@test "wrong usage is told" {
        t '
                status=0
                /usr/libexec/morf/morf-image prepare --engine docker 2> errors || status=$?
                ((status == 2))
                grep -F "try '"'morf-image --help'"'" errors
                /usr/libexec/morf/morf-image --help | grep -F -- --build-network'
}
