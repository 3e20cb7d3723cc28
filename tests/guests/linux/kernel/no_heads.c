// SPDX-License-Identifier: GPL-2.0-only
/* A kernel without Xen: no thread needs a head page. */
#include "glue.h"

int cgdt_head_get(struct thread_struct *t)
{
	return 0;
}

void cgdt_head_write(struct thread_struct *t)
{
}

int cgdt_head_fork(struct thread_struct *t)
{
	return 0;
}

void cgdt_head_exit(struct thread_struct *t)
{
}

void cgdt_head_put(struct thread_struct *t)
{
}
