/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The survey of a session in its older form: a table of answers and a page of charts.
 */

#include "tools/synth/campus.h"

/* Writes the answers (CSV with BOM and two rows of headings) to name below dirfd. Return: 0 or a negative errno. */
int demographics_write_answers(int dirfd, const char *name, const Session *s);

/* Writes the summary (HTML). Return: 0 or a negative errno. */
int demographics_write_summary(int dirfd, const char *name, const Session *s);
