/* Peaks: the highest use that many threads reached together, without a shared cell on the hot path.

   A drift is one thread's: bytes it allocated less those it freed since it last told the ledger. A ledger is
   one heap's, or the total's: what the threads told it, and the record of that. While one thread works, use is
   `told + net`, and every figure is exact; each further thread blurs a peak by at most one HEAPSTER__DRIFT.

   What a drift counts down is its room: by how much the net may grow before it is time to tell. So a block that is
   handed out costs one subtraction, of which the sign tells whether there is more to do. How high the net was is noted
   where the next block is freed: while blocks are only handed out, as where a program builds something, nothing else
   needs to be done.

   While a thread asks for one heap only, a run, the total moves as that heap does: its drift is moved at the end of a
   run. During one, the total's net is `rest + net`, where `rest` is what the total's drift says. Both are told beyond
   half a HEAPSTER__DRIFT on either side of 0, so the total's net is at most one.

   The record is one word: an epoch of 16 bits and 48 bits of bytes. A new epoch begins with every window's begin
   and end and with a reset, which take the old record away with them. A thread that tells its drift meanwhile sees
   the epoch change, and then leaves out the highest value of a time that is over. */
#ifndef HEAPSTER__PEAK_H
#define HEAPSTER__PEAK_H

#include "base/atomics.h"
#include "base/platform.h"

enum { HEAPSTER__DRIFT = 65536, HEAPSTER__DRIFT_HALF = HEAPSTER__DRIFT / 2 };

/* The net, bytes since the thread last told, is HEAPSTER__DRIFT_HALF - room. */
struct heapster__drift {
  heapster__level room;   /* at least 0 between requests; in the total's any */
  heapster__level least;  /* of the room, since the run began, where blocks were freed; in the total's that of no net */
  heapster__level before; /* the highest of earlier runs, at least 0 */
  heapster__level told;   /* bytes told so far: the thread's own use, less net */
  int64_t record;         /* the highest value of told + net since this was last taken */
};

struct heapster__ledger {
  _Alignas(HEAPSTER__CACHE_LINE) heapster__level told;
  _Atomic uint64_t record;
};

/* Before anything else: no net. */
void heapster__drift_start(struct heapster__drift *drift);

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

/* The highest value the drift had since the thread last told. */
int64_t heapster__drift_highest(const struct heapster__drift *drift);

/* The requests of `heap` become a run, or it ends. */
void heapster__run_begin(struct heapster__drift *heap, struct heapster__drift *total);
void heapster__run_end(const struct heapster__drift *heap, struct heapster__drift *total);

/* The highest value that the total reached in the run so far. */
int64_t heapster__run_highest(const struct heapster__drift *heap, const struct heapster__drift *total);

/* From any thread. */
int64_t heapster__drift_net(const struct heapster__drift *drift);

/* The use grew. Answers whether it is time to tell. */
HEAPSTER__INLINE bool heapster__drift_grow(struct heapster__drift *drift, uint64_t bytes) {
  return heapster__unlikely(heapster__drop_below_zero_owned(&drift->room, (int64_t)bytes));
}

/* The use is to shrink. Answers whether it is time to tell. */
HEAPSTER__INLINE bool heapster__drift_shrink(struct heapster__drift *drift, uint64_t bytes) {
  const int64_t room = heapster__load_owned(&drift->room);
  if (room < heapster__load_owned(&drift->least)) heapster__store_relaxed(&drift->least, room);
  heapster__move_owned(&drift->room, (int64_t)bytes);
  return heapster__unlikely(room + (int64_t)bytes > HEAPSTER__DRIFT); /* what it is now takes longer to read */
}

#endif
