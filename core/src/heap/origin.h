/* Where and when a snapshot was read. */
#ifndef HEAPSTER__HEAP_ORIGIN_H
#define HEAPSTER__HEAP_ORIGIN_H

#include <heapster/stats.h>

/* The origin of a snapshot whose reading begins now, but for `reset_order`, which is known when the reading has ended.
 */
struct heapster_origin heapster__origin_begin(void);
void heapster__origin_end(struct heapster_origin *origin);

/* The order of the snapshot that began last. */
uint64_t heapster__origin_now(void);

/* A reset begins, or has ended: snapshots whose reading began before have no difference to those that begin from here
   on. Callers hold the lock. */
void heapster__origin_note_reset(void);

/* Before a fork, so that each child gets a name of its own; in the child: it is another process. Callers hold the lock.
 */
void heapster__origin_before_fork(void);
void heapster__origin_note_fork(void);

#endif
