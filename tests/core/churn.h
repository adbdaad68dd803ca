/* One thread's random work on a pair of heaps over one allocator, with plain totals of its own. The sum of all threads'
   totals is what heapster must have counted. */
#ifndef TESTS_CHURN_H
#define TESTS_CHURN_H

#include <heapster/heap.h>
#include <heapster/window.h>

#include <stdatomic.h>

#include "support.h"

enum { CHURN_HEAPS = 2, CHURN_BLOCKS = 64 };

struct churn_block {
  void *address; /* NULL: none */
  size_t size;
  unsigned heap; /* that counts it */
};

struct churn {
  struct heapster_heap *heaps[CHURN_HEAPS];
  bool crosses; /* blocks are freed and resized through either heap; true after churn_begin */
  struct dice dice;
  struct heapster_stats totals[CHURN_HEAPS]; /* use_max is the highest use_curr, at least 0 */
  struct heapster_stats total;
  struct churn_block blocks[CHURN_BLOCKS];
  _Atomic uint64_t done; /* finished operations; other threads read it */
};

/* Two heaps over `backing`, or over the system's allocator for NULL: "even" and "odd" with the prefix in front. */
void churn_heaps(const char *prefix, const struct heapster_allocator *backing,
                 struct heapster_heap *heaps[CHURN_HEAPS]);

void churn_begin(struct churn *churn, struct heapster_heap *const heaps[CHURN_HEAPS], uint64_t seed);

/* One request, resize or free. */
void churn_step(struct churn *churn);
void churn_steps(struct churn *churn, uint64_t count);

/* Single events, recorded in the totals; the block may come from another thread's churn. */
struct churn_block churn_alloc(struct churn *churn, unsigned heap, size_t size);
void churn_resize(struct churn *churn, struct churn_block *block, size_t size);
void churn_free(struct churn *churn, struct churn_block *block);

/* Frees the blocks that it holds. */
void churn_finish(struct churn *churn);

/* Begins each with its index as seed, and runs it on a thread of its own. */
void churn_start_all(size_t count, struct churn churns[], pthread_t threads[],
                     struct heapster_heap *const heaps[CHURN_HEAPS], void *(*run)(void *churn));
void churn_join_all(size_t count, const pthread_t threads[]);

/* Begin and end windows on the total and both heaps, in this order. */
void churn_windows_begin(struct heapster_heap *const heaps[CHURN_HEAPS], enum heapster_scope scope,
                         struct heapster_window windows[CHURN_HEAPS + 1]);
void churn_windows_end(const struct heapster_window windows[CHURN_HEAPS + 1],
                       struct heapster_stats found[CHURN_HEAPS + 1]);

/* Sums the totals of many churns, in the same order. */
void churn_sum(struct heapster_stats sums[CHURN_HEAPS + 1], const struct churn *churns, size_t count);

/* Dies in the name of `law` unless the windows have the counters of the sums, and their live figures changed by as
 * much. */
void churn_require(const char *law, const struct heapster_stats sums[CHURN_HEAPS + 1],
                   const struct heapster_stats found[CHURN_HEAPS + 1]);

#endif
