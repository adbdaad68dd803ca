/* An allocator under the test's command: it refuses the n-th call, moves or stays on realloc, calls back in, logs exact
   sizes, and notices every misuse of its blocks. Plain C, for the tests of all languages.

   Several threads may call it; give orders and read the log while no thread is inside. */
#ifndef TESTS_COMMANDED_H
#define TESTS_COMMANDED_H

#include <heapster/allocator.h>

#include <stdatomic.h>

#include "commanded_pool.h"

/* Which of the optional functions are present. */
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
  uint64_t free_calls;   /* of blocks; free(NULL) does not count */
  uint64_t refused;      /* requests and resizes that returned NULL */
  size_t last_size;      /* of the last request or resize; calloc's is the product */
  size_t smallest_size;  /* of all requests and resizes; SIZE_MAX before the first */
  uint64_t live_count;   /* blocks alive */
  uint64_t live_sum;     /* their bytes */
  uint64_t misuse_count; /* unknown blocks, blocks freed twice, into the wrong pool, or written beyond their end */
  const char *misuse;    /* the first of them in words; NULL: none */
};

struct commanded {
  /* Orders. */
  uint64_t refuse_after;         /* the n-th request or resize from now is refused, once; 0: none */
  bool refuses_all;              /* frees are never refused */
  bool moves;                    /* every realloc returns a new address; else only one that outgrows its slot */
  void (*inward)(void *context); /* called first in every call, frees included; may be NULL, may jump away */
  void *inward_context;

  struct commanded_log log;

  /* Its own. */
  atomic_flag busy;
  struct commanded_pool pools[COMMANDED_POOLS];
};

/* Without orders and with an empty log. False: the system has no address space. */
bool commanded_open(struct commanded *commanded);
void commanded_close(struct commanded *commanded);

/* Clears the orders and the log. Call it while none of its blocks is live. */
void commanded_forget(struct commanded *commanded);

/* The allocator for heapster_heap_create; `parts` is a sum of enum commanded_parts. */
struct heapster_allocator commanded_allocator(struct commanded *commanded, unsigned parts);

/* A free with a size, as a Lua allocator gets it: a size that belongs to another pool is a misuse. */
void commanded_free_sized(struct commanded *commanded, void *block, size_t size);

/* The size of `block` by its last request or resize; SIZE_MAX if it is not a live block of this allocator. */
size_t commanded_size(struct commanded *commanded, const void *block);

/* Whether no block was ever misused, and no live block is written beyond its end. */
bool commanded_is_sound(struct commanded *commanded);

#endif
