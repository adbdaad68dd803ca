/* Peaks of heaps: use_max, the intervals of a high-water mark, and its observers. */
#include "heap/peak.h"

static heapster__level use_max[HEAPSTER__HEAP_NUMBERS];
static struct heapster__watch *watches[HEAPSTER__HEAP_NUMBERS];

static void raise_use_max(unsigned number, int64_t peak) {
  int64_t seen = heapster__load_relaxed(&use_max[number]);
  while (peak > seen && !heapster__swap_relaxed(&use_max[number], &seen, peak)) {
  }
}

void heapster__use_max_restart(unsigned number, int64_t use) { heapster__store_relaxed(&use_max[number], use); }

uint64_t heapster__use_max_so_far(unsigned number) { return (uint64_t)heapster__load_relaxed(&use_max[number]); }

uint64_t heapster__use_max(unsigned number, uint64_t use) {
  int64_t highest = heapster__highest_untold(number);
  raise_use_max(number, heapster__ledger_record(&heapster__ledgers[number], highest, (int64_t)use));
  uint64_t so_far = heapster__use_max_so_far(number);
  return so_far > use ? so_far : use; /* a reset may have begun the record anew in between */
}

/* What the calling thread has not told belongs to the old epoch. */
int64_t heapster__epoch_begin(unsigned number) {
  struct heapster__slot *slot = heapster__slot_here();
  if (slot) heapster__tell(slot, number);
  struct heapster__ledger *ledger = &heapster__ledgers[number];
  /* use_max never falls in between: it is raised before the record is taken away, and by what was taken */
  raise_use_max(number, heapster__ledger_record(ledger, heapster__highest_untold(number), 0));
  const struct heapster__epoch epoch = heapster__ledger_begin(ledger);
  raise_use_max(number, epoch.old_record);
  for (struct heapster__watch *each = watches[number]; each; each = each->next) {
    if (epoch.old_record > each->peak) each->peak = epoch.old_record;
  }
  return epoch.start;
}

void heapster__watch_begin(struct heapster__watch *watch, unsigned number) {
  watch->start = watch->peak = heapster__epoch_begin(number);
  watch->next = watches[number];
  watches[number] = watch;
}

void heapster__watch_end(struct heapster__watch *watch, unsigned number) {
  struct heapster__watch **at = &watches[number];
  while (*at != watch) at = &(*at)->next;
  *at = watch->next;
}

uint64_t heapster__watch_rise(const struct heapster__watch *watch, uint64_t asked, int64_t change) {
  const int64_t told = watch->peak - watch->start; /* both may be below 0 in thread scope */
  const int64_t rise = told > change ? told : change;
  if (rise <= 0) return 0;
  return (uint64_t)rise < asked ? (uint64_t)rise : asked;
}
