/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is asked of the service manager.
 */

#include "spool/base/macro.h"

/*
 * Units of jobs that are there and not inactive, with their state: "unit (active)". The caller frees the list.
 * Return: 0 or a negative errno.
 */
int manager_list_job_units(char ***ret);

/*
 * Lets the engine be started however often it was killed: else its start limit, which is for engines that break by themselves,
 * would end the run. start: start it too. Where there is no such unit nothing happens. Return: 0 or a negative errno.
 */
int manager_forgive_engine(bool start);
