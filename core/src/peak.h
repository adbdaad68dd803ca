/* Peaks: the highest use that many threads reached together, without a shared cell on the hot path.

   A drift is one thread's: bytes it allocated less those it freed since it last told the ledger. A ledger is
   one heap's, or the total's: what the threads told it, and the record of that. While one thread works, use is
   `told + net`, and every figure is exact; each further thread blurs a peak by at most one HEAPSTER__DRIFT.

   The record is one word: an epoch of 16 bits and 48 bits of bytes. A new epoch begins with every window's begin
   and end and with a reset, which take the old record away with them. A thread that tells its drift meanwhile sees
   the epoch change, and then leaves out the highest value of a time that is over. */
#ifndef HEAPSTER__PEAK_H
#define HEAPSTER__PEAK_H

#include "atomics.h"
#include "platform.h"

enum { HEAPSTER__DRIFT = 65536 };

struct heapster__drift {
  heapster__level net;     /* bytes since the thread last told */
  heapster__level highest; /* of net, at least 0 */
  int64_t told;            /* bytes told so far: the thread's own use, less net */
  int64_t record;          /* the highest value of told + net since this was last taken */
};

struct heapster__ledger {
  _Alignas(HEAPSTER__CACHE_LINE) heapster__level told;
  _Atomic uint64_t record;
};

/* Tells the ledger. Only the drift's own thread may call it, or nobody else any more. */
void heapster__drift_tell(struct heapster__drift *drift, struct heapster__ledger *ledger);

/* For those who have no drift: tells the ledger at once. */
void heapster__ledger_move(struct heapster__ledger *ledger, int64_t change);

/* The record, raised before to `told + highest` (the largest of the drifts not yet told) and to `use`. */
int64_t heapster__ledger_record(struct heapster__ledger *ledger, int64_t highest, int64_t use);

/* What was told so far. */
int64_t heapster__ledger_told(const struct heapster__ledger *ledger);

/* Begins a new epoch at what is told now; answers that, and the old record. Callers hold the lock. */
struct heapster__epoch {
  int64_t start;
  int64_t old_record;
};
struct heapster__epoch heapster__ledger_begin(struct heapster__ledger *ledger);

/* The use grew, or shrank; answers the net now. Without a branch, because a heap that is being filled is at its highest
   with every request; a signal handler that reaches a higher one just between load and store is not noticed by it. */
HEAPSTER__INLINE int64_t heapster__drift_grow(struct heapster__drift *drift, uint64_t bytes) {
  int64_t net = heapster__move_owned(&drift->net, (int64_t)bytes);
  int64_t highest = heapster__load_relaxed(&drift->highest);
  heapster__store_relaxed(&drift->highest, net > highest ? net : highest);
  return net;
}

HEAPSTER__INLINE int64_t heapster__drift_shrink(struct heapster__drift *drift, uint64_t bytes) {
  return heapster__move_owned(&drift->net, -(int64_t)bytes);
}

/* Whether one of the two is outside [-HEAPSTER__DRIFT, HEAPSTER__DRIFT), and it is time to tell. */
HEAPSTER__INLINE bool heapster__is_time_to_tell(int64_t heap_net, int64_t total_net) {
  uint64_t above = (uint64_t)(heap_net + HEAPSTER__DRIFT) | (uint64_t)(total_net + HEAPSTER__DRIFT);
  return heapster__unlikely(above >= (uint64_t)2 * HEAPSTER__DRIFT);
}
_Static_assert((HEAPSTER__DRIFT & (HEAPSTER__DRIFT - 1)) == 0,
               "a power of two, so that the bits of both can be tested at once");

#endif
