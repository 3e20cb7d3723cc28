/* SPDX-License-Identifier: MIT */
/*
 * The peers by their list, for those who measure them all; a peer's own file has no need of the
 * others.
 */
#ifndef CGDT_BENCH_PEERS_H
#define CGDT_BENCH_PEERS_H

#include "peer.h"

/* Those that this program was built with, cgdt and the floors first. */
extern const struct peer *const peers[];
extern const uint32_t peers_count;

/* By name; NULL if it was not built in. */
const struct peer *peer_find(const char *name);

#endif
