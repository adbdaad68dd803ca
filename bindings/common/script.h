/* What scripts see beyond the structs of the public headers: heapster__script_report is `report` there. SWIG reads this
   file. */
#ifndef HEAPSTER__SCRIPT_H
#define HEAPSTER__SCRIPT_H

#include <heapster/heapster.h>

#include "common/text.h"

/* A number that may be undefined. */
struct heapster_real {
  bool is_defined;
  double value;
};

/* A new Stats, or why there is none. */
struct heapster_new_stats {
  struct heapster_stats *value;
  enum heapster_error error;
};

/* Of one heap, or of all for NULL. What is returned as a pointer is new memory, to be freed with heapster__value_free;
   NULL without memory. */
struct heapster_new_stats heapster__script_stats(const struct heapster_heap *heap);
struct heapster_histogram *heapster__script_live_histogram(const struct heapster_heap *heap);
struct heapster_frames *heapster__script_frames(const struct heapster_heap *heap);
struct heapster_status *heapster__script_status(void);

/* The heap that the argument's typemap found. */
struct heapster_heap *heapster__script_heap(const struct heapster_heap *named_heap);

/* The whole process, read once. */
struct heapster_text heapster__script_report(void);
struct heapster_text heapster__script_json(void);
struct heapster_text heapster__script_prometheus(void);

/* Methods, which heapster.i names. HEAPSTER_HEAP_ENDED: the heap that is held has ended. */
struct heapster__held_heap;
struct heapster_new_stats heapster__held_stats(const struct heapster__held_heap *held);
struct heapster_new_stats heapster__stats_subtract(const struct heapster_stats *after,
                                                   const struct heapster_stats *before);
struct heapster_real heapster__histogram_quantile(const struct heapster_histogram *histogram, double q);

#endif
