# shellcheck shell=bash
#
# For bats tests that run against the test machine: load it with `load ../host/machine`. The machine has to be up.
#

# in_machine CMD [ARG…]: run CMD as root in the machine; standard streams, arguments and exit status are its own.
in_machine() {
        "${BASH_SOURCE[0]%/*}/host" run "$@"
}

# wait_until SECONDS DESCRIPTION CMD [ARG…]: run CMD every 0.2 s until it succeeds; fail loudly, with what CMD said last,
# when it has not after SECONDS. CMD may be a function.
wait_until() {
        local seconds=$1 description=$2 said
        local deadline=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
        shift 2
        until said=$("$@" 2>&1); do
                if ((${EPOCHREALTIME/[.,]/} >= deadline)); then
                        printf 'waited %s s in vain until %s: %s\n%s\n' "$seconds" "$description" "$*" "$said" >&2
                        return 1
                fi
                sleep 0.2
        done
}
