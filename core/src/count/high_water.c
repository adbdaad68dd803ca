/* Peaks: the highest use that many threads reached together, without a shared cell on the hot path. */
#include "count/high_water.h"

enum { EPOCH_SHIFT = 48 };
static const uint64_t BYTES = ((uint64_t)1 << EPOCH_SHIFT) - 1;

static uint64_t epoch_of(uint64_t record) { return record >> EPOCH_SHIFT; }

static int64_t bytes_of(uint64_t record) { return (int64_t)(record & BYTES); }

static uint64_t record_of(uint64_t epoch, int64_t bytes) {
  return epoch << EPOCH_SHIFT | ((uint64_t)(bytes < 0 ? 0 : bytes) & BYTES);
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Raises the record to `value`, which was reached in the epoch of `seen`; if that is over, to what is told now.
   The orders pair with those of heapster__ledger_begin: who sees the new epoch also sees what was told before. */
static void raise(struct heapster__ledger *ledger, uint64_t seen, int64_t value) {
  uint64_t now = heapster__load_acquire(&ledger->record);
  for (;;) {
    if (epoch_of(now) != epoch_of(seen)) {
      seen = now;
      value = heapster__load_acquire(&ledger->told);
    }
    if (value <= bytes_of(now)) return;
    if (heapster__swap_acq_rel(&ledger->record, &now, record_of(epoch_of(seen), value))) return;
  }
}

/* Use that falls raises the record before it falls, use that grows after it grew: so no epoch that begins in between
   misses what it should have seen. */
static void tell(struct heapster__ledger *ledger, int64_t net, int64_t highest) {
  uint64_t seen = heapster__load_acquire(&ledger->record);
  if (net < 0) {
    raise(ledger, seen, heapster__load_acquire(&ledger->told) + highest);
    heapster__add_acq_rel(&ledger->told, net);
    return;
  }
  int64_t before = heapster__add_acq_rel(&ledger->told, net);
  raise(ledger, seen, before + larger(highest, net));
}

void heapster__drift_start(struct heapster__drift *drift) {
  heapster__store_relaxed(&drift->room, HEAPSTER__DRIFT_HALF);
  heapster__store_relaxed(&drift->least, HEAPSTER__DRIFT_HALF);
}

int64_t heapster__drift_net(const struct heapster__drift *drift) {
  return HEAPSTER__DRIFT_HALF - heapster__load_relaxed(&drift->room);
}

/* The room is read first: its thread, when it frees, changes it last. */
static int64_t highest_in_run(const struct heapster__drift *drift) {
  const int64_t room = heapster__load_acquire(&drift->room);
  return HEAPSTER__DRIFT_HALF - smaller(room, heapster__load_relaxed(&drift->least));
}

int64_t heapster__drift_highest(const struct heapster__drift *drift) {
  return larger(heapster__load_relaxed(&drift->before), highest_in_run(drift));
}

/* What a signal handler adds to the net in between stays. */
void heapster__drift_tell(struct heapster__drift *drift, struct heapster__ledger *ledger) {
  const int64_t highest = heapster__drift_highest(drift);
  const int64_t net = heapster__drift_net(drift);
  if (!net && !highest) return;
  heapster__move_owned(&drift->room, net);
  heapster__store_relaxed(&drift->least, HEAPSTER__DRIFT_HALF);
  heapster__store_relaxed(&drift->before, 0);
  drift->record = larger(drift->record, heapster__load_relaxed(&drift->told) + highest);
  heapster__move_owned(&drift->told, net);
  tell(ledger, net, highest);
}

void heapster__run_begin(struct heapster__drift *heap, struct heapster__drift *total) {
  heapster__store_relaxed(&heap->before, heapster__drift_highest(heap));
  heapster__store_relaxed(&heap->least, heapster__load_relaxed(&heap->room));
  heapster__move_owned(&total->room, heapster__drift_net(heap));
}

int64_t heapster__run_highest(const struct heapster__drift *heap, const struct heapster__drift *total) {
  return heapster__drift_net(total) + highest_in_run(heap);
}

void heapster__run_end(const struct heapster__drift *heap, struct heapster__drift *total) {
  int64_t highest = heapster__run_highest(heap, total);
  heapster__store_relaxed(&total->before, larger(heapster__load_relaxed(&total->before), highest));
  heapster__move_owned(&total->room, -heapster__drift_net(heap));
}

void heapster__ledger_move(struct heapster__ledger *ledger, int64_t change) { tell(ledger, change, 0); }

int64_t heapster__ledger_record(struct heapster__ledger *ledger, int64_t highest, int64_t use) {
  uint64_t seen = heapster__load_acquire(&ledger->record);
  raise(ledger, seen, larger(heapster__load_acquire(&ledger->told) + highest, use));
  return bytes_of(heapster__load_acquire(&ledger->record));
}

int64_t heapster__ledger_told(const struct heapster__ledger *ledger) { return heapster__load_acquire(&ledger->told); }

struct heapster__epoch heapster__ledger_begin(struct heapster__ledger *ledger) {
  int64_t start = larger(0, heapster__load_acquire(&ledger->told));
  uint64_t epoch = epoch_of(heapster__load_acquire(&ledger->record)) + 1;
  uint64_t old = heapster__exchange_acq_rel(&ledger->record, record_of(epoch, start));
  return (struct heapster__epoch){start, bytes_of(old)};
}
