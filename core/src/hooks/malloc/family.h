/* The malloc family, counted. Who defines or patches the public symbols sends them here. */
#ifndef HEAPSTER__MALLOC_FAMILY_H
#define HEAPSTER__MALLOC_FAMILY_H

#include <heapster/base.h>

/* The allocator below the hook. */
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
  struct heapster__malloc_family below;           /* functions that the system lacks are NULL */
  bool comes_back;                                /* calloc or the aligned ones below call the public malloc inside */
  bool can_end;                                   /* the hook can be taken off again */
  const char *name;                               /* "preload", "link" or "attach" */
  const char *problem;                            /* why nothing is counted after all, or NULL */
  bool (*early)(const void *block, size_t *size); /* whether it was handed out before `below` was known; its size */
};

/* Hands the allocator below over and opens the heap `malloc`. To be called once, before any counted function. False:
   nothing is to be counted (`problem` was given, or there is no memory). */
HEAPSTER_API bool heapster__malloc_start(const struct heapster__malloc_hook *way);

/* The same for callers that hold the lock. */
bool heapster__malloc_start_locked(const struct heapster__malloc_hook *way);

/* NULL while malloc is not hooked. */
const struct heapster__malloc_hook *heapster__malloc_hook(void);

/* Whether a malloc that libc makes itself, in strdup, reaches the hook. Shows in no figure. Once it did, it is not
   tried again unless the hook can end: no allocator comes in front later, and a report at exit may be written where
   nothing can be asked for. */
bool heapster__malloc_prove(void);

/* Whether that was tried and does not reach it. */
HEAPSTER_API bool heapster__malloc_probe_missed(void);

/* Nothing is counted after all: the heap is no more to be seen, which would show zeros, and the system's allocator is
   what everybody calls. `problem` is a sentence in static storage. For one thread, before others are there. */
HEAPSTER_API void heapster__malloc_give_up(const char *problem);

/* Finds `comes_back` out where only the hook can tell, which is on by now: until then it was to be taken for true. */
void heapster__malloc_probe_next(void);

/* The family, with the contracts of C, POSIX and glibc. */
HEAPSTER_API void *heapster__counted_malloc(size_t size);
HEAPSTER_API void *heapster__counted_calloc(size_t count, size_t size);
HEAPSTER_API void *heapster__counted_realloc(void *block, size_t size);
HEAPSTER_API void *heapster__counted_reallocarray(void *block, size_t count, size_t size);
HEAPSTER_API void heapster__counted_free(void *block);
HEAPSTER_API int heapster__counted_posix_memalign(void **block, size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_aligned_alloc(size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_memalign(size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_valloc(size_t size);
HEAPSTER_API void *heapster__counted_pvalloc(size_t size);

/* A block that operator new of another library made, perhaps out of a counted malloc: counts it unless it is. */
HEAPSTER_API void heapster__malloc_adopt(void *block, size_t size);

#endif
