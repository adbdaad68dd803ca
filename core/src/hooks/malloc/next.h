/* The hook of malloc, and the allocator that it calls. */
#ifndef HEAPSTER__MALLOC_NEXT_H
#define HEAPSTER__MALLOC_NEXT_H

#include <heapster/base.h>

#include "base/platform.h"
#include "hooks/mode.h"

/* One function for each name of the family: the next allocator's, the counted ones, or the bootstrap's. */
struct heapster__malloc_family {
  void *(*malloc)(size_t size);
  void *(*calloc)(size_t count, size_t size);
  void *(*realloc)(void *block, size_t size);
  void (*free)(void *block);
  int (*posix_memalign)(void **block, size_t alignment, size_t size);
  void *(*aligned_alloc)(size_t alignment, size_t size);
  void *(*memalign)(size_t alignment, size_t size);
  void *(*valloc)(size_t size);
  void *(*pvalloc)(size_t size);
};

struct heapster__malloc_hook {
  struct heapster__malloc_family next; /* functions that the system lacks are NULL */
  bool comes_back;                     /* its calloc or aligned functions call the public malloc inside */
  bool malloc_comes_back;              /* its malloc or realloc call other public functions inside */
  bool can_end;                        /* the hook can be removed again */
  const void *library;                 /* unless the hook can end: an address in the library of the public malloc */
  const void *next_library;            /* and one in the library of the next allocator */
  enum heapster__mode mode;            /* never NONE */
  const char *problem;                 /* why nothing is counted after all, or NULL */
  /* Whether a block was handed out before `next` was known, and its size; or NULL. */
  bool (*find_bootstrap_block)(const void *block, size_t *size);
};

/* Sets the hook and opens the heap `malloc`. Call it once, before any counted function. False: count nothing (`hook`
   has a problem, or there is no memory). */
HEAPSTER_API bool heapster__malloc_start(const struct heapster__malloc_hook *hook);

/* The same for callers that hold the lock. */
bool heapster__malloc_start_locked(const struct heapster__malloc_hook *hook);

/* The hook as the counted functions read it; all zeros before its start. */
extern HEAPSTER__HIDDEN struct heapster__malloc_hook heapster__malloc;

/* NULL while malloc is not hooked. */
const struct heapster__malloc_hook *heapster__malloc_hook(void);

enum heapster__probe {
  HEAPSTER__PROBE_UNTRIED, /* no hook that counts, or no memory for the probe */
  HEAPSTER__PROBE_MISSED,
  HEAPSTER__PROBE_REACHED
};

/* Probes whether libc's own requests reach the hook. Shows in no figure, except that a free which the hook missed is
   recorded if the probe gets its address. A hook that cannot end is not probed again after the first success: no
   allocator comes in front of it later, and a report at exit may be written where nothing can be allocated. */
HEAPSTER_API enum heapster__probe heapster__malloc_prove(void);

/* Counts nothing after all: closes the heap, which would show zeros, and makes the system's allocator the public one
   again. `problem` is a sentence in static storage. Call it while there is only one thread. */
HEAPSTER_API void heapster__malloc_give_up(const char *problem);

/* Finds out `comes_back` and `malloc_comes_back` once the hook is on, where nothing else can tell; start such a hook
   with true and false. */
void heapster__malloc_probe_next(void);

/* The hook goes on again after it was off: from now on every block that the next allocator hands out settles doubts. */
void heapster__malloc_settle_doubts(void);

#endif
