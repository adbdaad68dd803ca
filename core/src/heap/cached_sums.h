/* Readings: raw counters that are read again only where something happened. */
#ifndef HEAPSTER__READING_H
#define HEAPSTER__READING_H

#include "heap/snapshot.h"

/* Of a heap number (0: of the total), of every thread for NULL or of one slot: changes with everything that happens
   there; see heapster__activity_heap. */
uint64_t heapster__activity(struct heapster__slot *slot, unsigned number);

/* Counters, and the activity from just before they were read: while that is the same, they are too. Each is of one
   number and one slot; zeroed, it is not made. */
struct heapster__reading {
  bool is_made;
  uint64_t activity;
  struct heapster__tally tally;
};

/* Reads, the activity being known. */
void heapster__reading_make(struct heapster__reading *reading, uint64_t activity, struct heapster__slot *slot,
                            unsigned number);

/* Reads unless it is made and nothing happened since. */
void heapster__reading_refresh(struct heapster__reading *reading, struct heapster__slot *slot, unsigned number);

#endif
