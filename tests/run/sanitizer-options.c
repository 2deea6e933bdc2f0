/* SPDX-License-Identifier: MIT */

/* Linked into programs, not into unit tests, when sanitizers are asked for. To look for leaks at its end a program would have to
 * trace itself, which no sandbox of ours allows; the unit tests do it. A report stands on standard error, which is the journal. */

const char *__asan_default_options(void);
const char *__asan_default_options(void) {
        return "detect_leaks=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) {
        return "print_stacktrace=1";
}
