/* Cached sums: raw counters that are read again only where something happened since. */
#include "heap/cached_sums.h"

uint64_t heapster__changes(struct heapster__thread *thread, unsigned number) {
  if (number) return thread ? heapster__thread_changes(thread, number) : heapster__heap_changes(number);
  const unsigned last = heapster__last_heap();
  uint64_t changes = 0;
  for (unsigned heap = 1; heap <= last; heap++)
    changes += thread ? heapster__thread_changes(thread, heap) : heapster__heap_changes(heap);
  return changes;
}

void heapster__cached_sums_fill(struct heapster__cached_sums *sums, uint64_t changes, struct heapster__thread *thread,
                                unsigned number) {
  sums->is_filled = true;
  sums->changes = changes;
  heapster__totals_clear(&sums->totals);
  heapster__sum(&sums->totals, thread, number);
}

void heapster__cached_sums_refresh(struct heapster__cached_sums *sums, struct heapster__thread *thread,
                                   unsigned number) {
  const uint64_t changes = heapster__changes(thread, number);
  if (!sums->is_filled || sums->changes != changes) heapster__cached_sums_fill(sums, changes, thread, number);
}
