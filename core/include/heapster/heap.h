/* Heaps: named sets of counters, blocks from them, and their snapshots. Every function may be called from
   any thread at any time. */
#ifndef HEAPSTER_HEAP_H
#define HEAPSTER_HEAP_H

#include <heapster/allocator.h>
#include <heapster/base.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_HEAPS = 254, HEAPSTER_HEAP_NAME = 48 };

/* Lives until the process ends. */
struct heapster_heap;

/* A heap over `backing`, whose functions are copied, or over the system's allocator if NULL
   or heapster_allocator_system(). The name is
   copied: 1 to 47 characters of [A-Za-z0-9_.:-]. On failure `heap` is set to NULL. */
HEAPSTER_API enum heapster_error heapster_heap_create(const char *name, const struct heapster_allocator *backing,
                                                      struct heapster_heap **heap);

/* The heap of that name, or NULL if none is counted. `malloc`, `python` and `lua` exist when hooked. */
HEAPSTER_API struct heapster_heap *heapster_heap_find(const char *name);

/* The heap after `heap`, the first for NULL, NULL after the last: the hooks' heaps, then a host's in the order of
 * creation. */
HEAPSTER_API struct heapster_heap *heapster_heap_next(const struct heapster_heap *heap);

/* Never NULL, static storage. */
HEAPSTER_API const char *heapster_heap_name(const struct heapster_heap *heap);

/* Blocks of a heap, with the contracts of C11's functions of the same name: NULL and errno when refused;
   alignment 16 (or what the backing gives). A size of 0 gives a block of size 0; resizing to 0 keeps
   a block of size 0. A block may be freed or resized through any heap over the same allocator, and by
   plain free for a heap over the system's: it stays on the books of the heap that counted it. */
HEAPSTER_API void *heapster_heap_malloc(struct heapster_heap *heap, size_t size);
HEAPSTER_API void *heapster_heap_calloc(struct heapster_heap *heap, size_t count, size_t size);
HEAPSTER_API void *heapster_heap_realloc(struct heapster_heap *heap, void *block, size_t size);
HEAPSTER_API void *heapster_heap_aligned_alloc(struct heapster_heap *heap, size_t alignment, size_t size);
HEAPSTER_API void heapster_heap_free(struct heapster_heap *heap, void *block);

/* A snapshot of one heap, or of the total of all for NULL. Allocates nothing, takes no lock; where malloc was hooked at
   run time it asks the loader first what is loaded, which takes the loader's. */
HEAPSTER_API void heapster_stats_read(const struct heapster_heap *heap, struct heapster_stats *stats);

/* One heap's figures in a reading of all. */
struct heapster_heap_stats {
  const struct heapster_heap *heap;
  struct heapster_stats stats;
};

/* Total and heaps in one reading: every counter of `total` is the sum over the heaps, but for use_max,
   which is the total's own. Fills at most `capacity` heaps, in the order of creation, and returns how many
   there are; heaps beyond the capacity are in the total. `heaps` may be NULL if `capacity` is 0. */
HEAPSTER_API size_t heapster_stats_read_all(struct heapster_stats *total, struct heapster_heap_stats *heaps,
                                            size_t capacity);

/* The sizes of the blocks that are alive now, of one heap or of all for NULL. Other threads go on meanwhile: a block
   that they make or free may be in it or not. Takes no lock; the time is that of reading the block map, an eighth of
   the address space that the heap touched. */
HEAPSTER_API void heapster_live_histogram(const struct heapster_heap *heap, struct heapster_histogram *histogram);

/* Snapshots of every heap count from here on. live_count and use_curr stay what is alive; use_max starts
   from there; open windows are not disturbed. */
HEAPSTER_API void heapster_reset(void);

#ifdef __cplusplus
}
#endif

#endif
