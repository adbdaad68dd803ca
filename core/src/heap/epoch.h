/* Epochs: where one stretch of a ledger's record ends and the next begins, and who wants to know what it held. */
#ifndef HEAPSTER__EPOCH_H
#define HEAPSTER__EPOCH_H

#include "heap/snapshot.h"

/* The highest record of a heap number (0: of the total) from a begin on, whoever begins new epochs meanwhile. In memory
   of the caller, which stays while it is watched. */
struct heapster__watch {
  struct heapster__watch *next; /* on the same number */
  int64_t start;                /* use at the begin, as the record counts it */
  int64_t peak;                 /* highest record so far, as of the last epoch's begin */
};

/* Callers of all these hold the lock. */

/* Begins a new epoch; answers where it starts. What the old one held goes to every watch and to use_max. */
int64_t heapster__epoch_begin(unsigned number);

/* Watches from here on. */
void heapster__watch_begin(struct heapster__watch *watch, unsigned number);

/* Watches no more; `peak` is that of the last epoch's begin. */
void heapster__watch_end(struct heapster__watch *watch, unsigned number);

/* How far the use rose above its start, in a stretch in which `asked` bytes were asked for and the use changed by
   `change`. Needs no lock. A thread may tell only now what it did before: but no use rises by more than was asked for.
 */
uint64_t heapster__watch_rise(const struct heapster__watch *watch, uint64_t asked, int64_t change);

#endif
