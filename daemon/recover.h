/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * After a restart: what lies in active/ is read back, and each job goes on from where the disk says it is.
 */

#include "daemon/daemon.h"

/* Reads all jobs back into memory; what cannot be read is set aside in corrupt/. Return: 0 or a negative errno. */
int recover_read_jobs(Daemon *d);

/* The service manager answers (again): takes up every job whose unit is not watched, and lets the scheduler work. */
void recover_resume(Daemon *d);
