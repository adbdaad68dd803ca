/* Readings: raw counters that are read again only where something happened. */
#include "heap/cached_sums.h"

static uint64_t activity_of_one(struct heapster__slot *slot, unsigned heap) {
  return slot ? heapster__activity_slot(slot, heap) : heapster__activity_heap(heap);
}

uint64_t heapster__activity(struct heapster__slot *slot, unsigned number) {
  if (number) return activity_of_one(slot, number);
  const unsigned last = heapster__last_heap();
  uint64_t activity = 0;
  for (unsigned each = 1; each <= last; each++) activity += activity_of_one(slot, each);
  return activity;
}

void heapster__reading_make(struct heapster__reading *reading, uint64_t activity, struct heapster__slot *slot,
                            unsigned number) {
  reading->is_made = true;
  reading->activity = activity;
  heapster__tally_clear(&reading->tally);
  if (slot)
    heapster__sum_of_slot(&reading->tally, slot, number);
  else
    heapster__sum(&reading->tally, number);
}

void heapster__reading_refresh(struct heapster__reading *reading, struct heapster__slot *slot, unsigned number) {
  const uint64_t activity = heapster__activity(slot, number);
  if (!reading->is_made || reading->activity != activity) heapster__reading_make(reading, activity, slot, number);
}
