/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The instructions of a Dockerfile, one after the other: comments left out, continued lines joined. Where versions of
 * docker's own reader differ (a line ending with two backslashes, an escape directive, an indented comment within an
 * instruction that hides the next one), the text is refused, so that nobody can show us one Dockerfile and docker
 * another.
 */

#include "spool/base/macro.h"

#define INSTRUCTION_WORD_MAX 15u

typedef struct Instruction {
        char word[INSTRUCTION_WORD_MAX + 1]; /* in upper case */
        char *text;                          /* what follows it, without surrounding blanks */
        unsigned line;                       /* where it begins */
} Instruction;

void instruction_done(Instruction *i);
#define _cleanup_instruction_ _cleanup_(instruction_done)

typedef struct InstructionReader {
        const char *p, *end;
        unsigned line;     /* of p */
        const char *wrong; /* after -EBADMSG: what is wrong, as a sentence */
        unsigned wrong_line;
} InstructionReader;

/* text: must outlive the reader. */
static inline InstructionReader instruction_reader(const char *text, size_t size) {
        return (InstructionReader){ .p = text, .end = text + size, .line = 1 };
}

/*
 * Reads the next instruction; an earlier content of ret is released.
 * Return: 1; 0 at the end; -EBADMSG (reader->wrong says why); or -ENOMEM.
 */
int instruction_next(InstructionReader *reader, Instruction *ret);

/*
 * Takes "WORD text" apart, as the argument of ONBUILD is one.
 * Return: 0; -EBADMSG (not an instruction that docker knows); or -ENOMEM.
 */
int instruction_split(const char *s, unsigned line, Instruction *ret);
