/* Blocks whose free may have been missed while a hook was off.

   When a hook goes off, the blocks that it counted become doubtful: they stay counted, and may be freed unseen. Later
   the doubt ends for each of them:

     it is freed or resized through a hook                   it was alive
     a block is handed out that overlaps it                  its free was missed, and is recorded now
     the memory that it was in is not mapped any more        the same
     none of these                                           it stays counted, and the status says so

   The list of doubtful blocks is only a hint where to look: what is in the shadow map and overlaps a block that was
   just handed out was freed, whatever the list says. So the list is read without a lock, and is never unmapped. It
   belongs to the main map. */
#ifndef HEAPSTER__COUNT_DOUBT_H
#define HEAPSTER__COUNT_DOUBT_H

#include "count/accounting.h"

struct heapster__doubt {
  uint64_t blocks;
  uint64_t bytes;
};

/* Every live block of `heap` is doubtful from now on, and those of the heaps that were doubted before still are.
   Without memory for the list nothing is. Callers hold the lock. */
void heapster__doubt_heap(unsigned heap);

/* Whether there is a list that may have doubtful blocks. */
bool heapster__has_doubts(void);

/* A block of `bytes` was handed out: records the missed frees of what it overlaps. Call it before the block is entered.
   May be called in a signal handler that interrupted another call. */
void heapster__settle_block(const void *block, size_t bytes);

/* Records the missed frees of blocks whose memory is gone. Callers hold the lock. */
void heapster__settle_unmapped(void);

/* The blocks that are doubtful now. If there are none, nothing looks at the list from now on. */
struct heapster__doubt heapster__doubt_read(void);

/* In the child of a fork: no other thread takes a block out any more. */
void heapster__doubts_drop_others(void);

#endif
