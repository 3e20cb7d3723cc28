/* SPDX-License-Identifier: MIT */
/* What the pool asks of a batch before it goes to a port. Private to alloc/. */
#ifndef CGDT_ALLOC_BATCH_H
#define CGDT_ALLOC_BATCH_H

#include "cgdt/port.h"

/* Chooses the order for a batch that writes over whatever is there. False: everything is as it is to be. */
bool cgdt_batch_prepare_(struct cgdt_batch *batch);

#endif
