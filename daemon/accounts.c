/* SPDX-License-Identifier: MIT */
#include "daemon/accounts.h"

#include <grp.h>
#include <pwd.h>

static const char *const names[_ACCOUNT_MAX] = {
        [ACCOUNT_INTAKE] = "morf-intake",
        [ACCOUNT_ENGINE] = "morf-engine",
        [ACCOUNT_EVAL] = "morf-eval",
        [ACCOUNT_MAIL] = "morf-mail",
        [ACCOUNT_JOB] = "morf-job",
};

const char *account_name(AccountName a) {
        return names[a];
}

const Account *accounts_find(const Accounts *a, const char *name) {
        for (AccountName i = 0; i < _ACCOUNT_MAX; i++)
                if (streq(names[i], name))
                        return &a->of[i];
        return NULL;
}

static int missing(const char *what, const char *name, char **reterr) {
        if (reterr && asprintf(reterr, "there is no %s '%s'; create it with 'systemd-sysusers morf.conf'", what, name) < 0) {
                *reterr = NULL;
                return -ENOMEM;
        }
        return -ESRCH;
}

int accounts_load(Accounts *ret, char **reterr) {
        const struct group *gr;
        Accounts a;

        for (AccountName i = 0; i < _ACCOUNT_MAX; i++) {
                const struct passwd *pw = getpwnam(names[i]);

                if (!pw)
                        return missing("user", names[i], reterr);
                a.of[i] = (Account){ .uid = pw->pw_uid, .gid = pw->pw_gid };
        }
        gr = getgrnam("morf-admin");
        if (!gr)
                return missing("group", "morf-admin", reterr);
        a.admin = gr->gr_gid;
        *ret = a;
        return 0;
}
