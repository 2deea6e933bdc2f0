# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts in this folder share: time, colours, and counting.
#

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
        bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
        bold='' green='' red='' plain=''
fi

# Microseconds since 1970.
now() {
        printf '%s\n' "${EPOCHREALTIME/[.,]/}"
}

# seconds_since MICROSECONDS: as 12.3
seconds_since() {
        local d=$((${EPOCHREALTIME/[.,]/} - $1))
        printf '%d.%d\n' $((d / 1000000)) $((d / 100000 % 10))
}

# passed LABEL WHAT…, failed LABEL WHAT…: one line of a report
passed() {
        printf '%sok%s      %-34s %s\n' "$green" "$plain" "$1" "${*:2}"
}

failed() {
        printf '%sFAILED%s  %-34s %s\n' "$red$bold" "$plain" "$1" "${*:2}"
}

# show_log FILE LINES: the end of a log, indented
show_log() {
        local lines
        lines=$(wc -l < "$1")
        if ((lines > $2)); then printf '        | (the first %d lines are in %s)\n' $((lines - $2)) "$1"; fi
        tail -n "$2" "$1" | sed 's/^/        | /'
}

# Counts of tests: each run of tests adds a line "passed failed skipped" to the file that MORF_COUNTS names.
count() {
        if [[ -n ${MORF_COUNTS:-} ]]; then printf '%d %d %d\n' "$1" "$2" "$3" >> "$MORF_COUNTS"; fi
}
