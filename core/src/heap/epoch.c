/* Epochs: where one stretch of a ledger's record ends and the next begins, and who wants to know what it held. */
#include "heap/epoch.h"

static struct heapster__watch *watches[HEAPSTER__HEAP_NUMBERS];

/* What the calling thread has not told belongs to the old epoch. */
int64_t heapster__epoch_begin(unsigned number) {
  struct heapster__slot *slot = heapster__slot_here();
  if (slot) heapster__tell(slot, number);
  struct heapster__ledger *ledger = &heapster__ledgers[number];
  /* use_max never falls in between: it is raised before the record is taken away, and by what was taken */
  heapster__use_max_raise(number, heapster__ledger_record(ledger, heapster__highest_untold(number), 0));
  const struct heapster__epoch epoch = heapster__ledger_begin(ledger);
  heapster__use_max_raise(number, epoch.old_record);
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
