/* Explaining, around a window: which line requested what it counts. */
#ifndef HEAPSTER__PYTHON_EXPLAIN_H
#define HEAPSTER__PYTHON_EXPLAIN_H

#include "python/options.h"
#include "python/sites.h"

/* Before the window begins. Nothing, unless the options ask for it. RuntimeError if something is explained already.
   `number` is that of the explanation, from 1; 0: none. */
bool heapster__begin_explaining(const struct heapster__options *options, uint64_t *number);

/* Just before the window ends: releases what was kept for the lines' names, which is the program's and may be dead. */
void heapster__settle_explaining(uint64_t number);

/* After the window ended. `sites` is NULL for number 0. An exception that is set stays, and no other is raised then. */
bool heapster__end_explaining(uint64_t number, struct heapster__sites **sites);

/* Instead of that, if nobody asks for the sites any more. */
void heapster__drop_explaining(uint64_t number);

#endif
