/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The words of the mails: one template an event, all of them in template.c. Nothing that a container wrote is ever put into
 * one.
 */

#include "spool/outbox.h"

#define TEMPLATE_NEXT_MAX 3u

typedef struct Template {
        const char *subject; /* behind "[morf] {job}: " and before the short id */
        const char *what;    /* what happened */
        const char *next[TEMPLATE_NEXT_MAX + 1]; /* what to do and where to look, NULL-terminated */
        /* Of results: the same for a workflow that evaluates nothing. */
        const char *what_without;
        const char *next_without[TEMPLATE_NEXT_MAX + 1];
        bool faults;         /* the fault is shown */
        bool usage;          /* the resources are shown */
        bool results;        /* the tables attached are shown */
} Template;

const Template *template_of(MailEvent event);

/* The words of the mail that `morf-mail --test` sends. */
extern const Template template_test;

/* Said where a job used only so many percent of the memory it asked for. Return: 0 and a fresh string, or -ENOMEM. */
int template_memory_hint(unsigned percent, const char *asked_for, char **ret);

/*
 * Replaces {job}, {drop}, {id}, {short}, {user}, {to} and {mail} in text by what the request says, escaped.
 * Return: 0 and a fresh string, or -ENOMEM.
 */
int template_expand(const char *text, const MailRequest *m, char **ret);
