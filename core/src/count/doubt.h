/* Blocks whose free may have been missed while a hook was off.

   When a hook goes off, the blocks that it counted become doubtful: they stay counted, and may be freed unseen. Later
   the doubt ends for each of them:

     it is freed or resized through a hook                   it was alive
     a block is handed out that overlaps it                  its free was missed, and is recorded now
     the memory that it was in is not mapped any more        the same
     none of these, or it begins two segments (2 MiB each)
       or more before that block                             it stays counted, and the status says so

   A leaf of the shadow map has a bit for each granule. It is set while the block that begins there is doubtful, and
   cleared when a block is handed out there. Where it is set and no block is recorded, the block was freed or resized
   through a hook. So that a request which reuses memory need not search again, another bit for each half granule says
   that it was handed out since the last hook went off, when all that overlapped it ended.

   Only the main map has doubtful blocks. */
#ifndef HEAPSTER__COUNT_DOUBT_H
#define HEAPSTER__COUNT_DOUBT_H

#include "count/accounting.h"

struct heapster__doubt {
  uint64_t blocks;
  uint64_t bytes;
};

/* Every live block of `heap` is doubtful from now on. Callers hold the lock. */
void heapster__doubt_heap(unsigned heap);

/* Whether a block may be doubtful. */
bool heapster__has_doubts(void);

/* A layer handed out a block of `bytes`: records the missed frees of the blocks of heap `owner` that it overlaps, or of
   all heaps if that is 0. Another layer's block may hold the new one, unless nothing can. Call it before the block is
   entered. May be called in a signal handler that interrupted another call. */
void heapster__settle_block(unsigned owner, const void *block, size_t bytes);

/* Records the missed frees of blocks whose memory is gone. Callers hold the lock. */
void heapster__settle_unmapped(void);

/* The blocks that are doubtful now. Takes the lock, unless the caller holds it. */
struct heapster__doubt heapster__doubt_read(void);

/* In the child of a fork: no other thread takes a block out any more. */
void heapster__doubts_drop_others(void);

#endif
