/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The system accounts that helpers run as and that own what they write (units/morf.sysusers).
 */

#include <sys/types.h>

#include "spool/base/macro.h"

typedef enum AccountName {
        ACCOUNT_INTAKE,
        ACCOUNT_ENGINE,
        ACCOUNT_EVAL,
        ACCOUNT_MAIL,
        ACCOUNT_JOB, /* the uid inside strict containers */
        _ACCOUNT_MAX,
} AccountName;

typedef struct Account {
        uid_t uid;
        gid_t gid;
} Account;

typedef struct Accounts {
        Account of[_ACCOUNT_MAX];
        gid_t admin; /* group morf-admin: operators who may read job records */
} Accounts;

/* "morf-intake" and so on. */
const char *account_name(AccountName a);

/* Return: the account of that name, or NULL: it is none of ours. */
const Account *accounts_find(const Accounts *a, const char *name);

/* Looks all of them up. reterr: a sentence naming the first that is missing. Return: 0, -ESRCH or -ENOMEM. */
int accounts_load(Accounts *ret, char **reterr);
