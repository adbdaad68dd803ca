/* An allocator that does as it is told: it refuses the n-th call, moves or stays on realloc, comes back in, keeps a
   log of exact sizes, and notices every misuse of its blocks. Plain C, for the tests of all languages.

   Callable from several threads; give orders and read the log while no thread is inside. */
#ifndef TESTS_COMMANDED_H
#define TESTS_COMMANDED_H

#include <heapster/allocator.h>

#include <stdatomic.h>

#include "commanded_pool.h"

/* Which of the functions that may be NULL are there. */
enum commanded_parts {
  COMMANDED_BARE = 0,
  COMMANDED_CALLOC = 1,
  COMMANDED_REALLOC = 2,
  COMMANDED_ALIGNED_ALLOC = 4,
  COMMANDED_WHOLE = 7
};

struct commanded_log {
  uint64_t malloc_calls;
  uint64_t calloc_calls;
  uint64_t realloc_calls;
  uint64_t aligned_alloc_calls;
  uint64_t free_calls;   /* of blocks; free(NULL) is none */
  uint64_t refused;      /* requests and resizes that were answered with NULL */
  size_t last_size;      /* of the last request or resize, as it came; calloc's is the product */
  size_t smallest_size;  /* of all requests and resizes; SIZE_MAX before the first */
  uint64_t live_count;   /* blocks alive */
  uint64_t live_sum;     /* their bytes */
  uint64_t misuse_count; /* unknown blocks, blocks freed twice, into the wrong pool, or written beyond their end */
  const char *misuse;    /* the first of them in words, NULL if there was none */
};

struct commanded {
  /* Orders. */
  uint64_t refuse_after;         /* the n-th request or resize from now is refused, once; 0 refuses none */
  bool refuses_all;              /* frees are never refused */
  bool moves;                    /* every realloc gives a new address; else only one that outgrows its slot */
  void (*inward)(void *context); /* run first in every call, frees included; may be NULL, may jump away */
  void *inward_context;

  struct commanded_log log;

  /* Its own. */
  atomic_flag busy;
  struct commanded_pool pools[COMMANDED_POOLS];
};

/* False if the system gives no address space. No order is given, the log is empty. */
bool commanded_open(struct commanded *commanded);
void commanded_close(struct commanded *commanded);

/* No order is given any more, and the log is empty: to be called while none of its blocks is alive. */
void commanded_forget(struct commanded *commanded);

/* The allocator for heapster_heap_create; `parts` is a sum of enum commanded_parts. */
struct heapster_allocator commanded_allocator(struct commanded *commanded, unsigned parts);

/* A free that knows the size, as hosts of Lua write it: a size that belongs to another pool is a misuse. */
void commanded_free_sized(struct commanded *commanded, void *block, size_t size);

/* The size that was last asked for `block`; SIZE_MAX if it is not a live block of this allocator. */
size_t commanded_size(struct commanded *commanded, const void *block);

/* Whether no block was ever misused, and none that is alive is written beyond its end now. */
bool commanded_is_sound(struct commanded *commanded);

#endif
