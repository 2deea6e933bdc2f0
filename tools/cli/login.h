/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Unix accounts and their groups, changed by the system's own tools (useradd(8), usermod(8), gpasswd(1), userdel(8)).
 */

#include <sys/types.h>

#include "spool/base/macro.h"

/* Accounts that come by SFTP only, and accounts that submit locally. */
#define LOGIN_GROUP_SFTP "morf-sftp"
#define LOGIN_GROUP_SUBMIT "morf-submit"

typedef struct Login {
        uid_t uid;
        gid_t gid;
        bool sftp;          /* in LOGIN_GROUP_SFTP */
        bool submit;        /* in LOGIN_GROUP_SUBMIT */
        bool private_group; /* nobody else is in its primary group, as far as the group's name tells */
} Login;

/* Looks an account up. Return: 0; -ENOENT; or another negative errno. */
int login_find(const char *name, Login *ret);

/* Whether there is a group of this name. */
bool login_group_exists(const char *group);

/*
 * Each runs one tool and waits for it; what the tool complains about goes to standard error.
 * Return: 0; -ENOENT when the tool is not installed; -EREMOTEIO when it failed; or another negative errno.
 */
int login_create_sftp(const char *name, const char *home);
int login_remove(const char *name);
int login_enable(const char *name);
int login_disable(const char *name);
int login_join(const char *name, const char *group);
int login_leave(const char *name, const char *group);
