// SPDX-License-Identifier: GPL-2.0-only
/* Faults on purpose, so that it is seen that the tests would notice. Off unless asked for. */
#include <linux/init.h>
#include <linux/string.h>

#include "glue.h"

static const char *const names[CGDT_CONTROLS] = {
	[CGDT_CONTROL_NO_HEAD_PAGE] = "no-head-page",
	[CGDT_CONTROL_NO_PARK] = "no-park",
	[CGDT_CONTROL_EARLY_FREE] = "early-free",
	[CGDT_CONTROL_LTR_FIRST] = "ltr-first",
	[CGDT_CONTROL_OLD_TABLE] = "old-table",
	[CGDT_CONTROL_KEPT_SELECTOR] = "kept-selector",
	[CGDT_CONTROL_KEPT_FRAME] = "kept-frame",
	[CGDT_CONTROL_MOVE_UNLOADED] = "move-unloaded",
	[CGDT_CONTROL_MOVE_POINTERS] = "move-pointers",
	[CGDT_CONTROL_MOVE_BACK] = "move-back",
};
static bool is_on[CGDT_CONTROLS];

bool cgdt_control(enum cgdt_control which)
{
	return READ_ONCE(is_on[which]);
}

int cgdt_control_set(const char *name)
{
	const int which = match_string(names, CGDT_CONTROLS, name);

	if (which < 0)
		return -EINVAL;
	WRITE_ONCE(is_on[which], true);
	return 0;
}

static int __init control_param(char *name)
{
	return cgdt_control_set(name);
}
early_param("cgdt_control", control_param);
