/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What must be true when all is over. Each check prints one line.
 */

#include "spool/conf.h"
#include "tools/torture/inventory.h"
#include "tools/torture/load.h"

typedef struct Verdict {
        const Conf *conf;
        const Spool *spool;
        const Load *load;
        unsigned jobs; /* 1 to jobs were handed in; 0 is the quiet one that came before */
        unsigned faults; /* found so far */
        bool silent;     /* only count them */
} Verdict;

/* Each job ended, well and once, with the numbers of the quiet one. */
void verdict_on_jobs(Verdict *v);

/* One mail for each event of each job, no more and none that waits. */
void verdict_on_mails(Verdict *v);

/* Nothing is left over: in active/, corrupt/ and the drop boxes, no unit, no slice, no container. */
void verdict_on_leftovers(Verdict *v);
