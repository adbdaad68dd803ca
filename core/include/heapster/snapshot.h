/* Snapshots: the figures of heaps, read at one moment. Every function may be called from any thread at any time. */
#ifndef HEAPSTER_SNAPSHOT_H
#define HEAPSTER_SNAPSHOT_H

#include <heapster/base.h>
#include <heapster/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

struct heapster_heap;

/* One heap's figures among those of all. */
struct heapster_heap_stats {
  const struct heapster_heap *heap;
  struct heapster_stats stats;
};

/* A snapshot of one heap, or of the total for NULL, into `stats`, which has `size` bytes. Allocates nothing and takes
   no lock; while malloc is hooked at run time it first asks the loader what is loaded, which takes the loader's lock.
 */
HEAPSTER_API void heapster_stats_read_sized(const struct heapster_heap *heap, struct heapster_stats *stats,
                                            size_t size) HEAPSTER_NOEXCEPT;

/* Total and heaps in one reading: every counter of `total` is the sum over the heaps; its use_max is the total's own.
   Fills at most `capacity` entries of `heaps`, in the order of heapster_heap_next, and returns how many heaps there
   are; those beyond the capacity are in the total. `total_size` and `stride` are the sizes of the structs; `total` may
   be NULL, and `heaps` if `capacity` is 0. */
HEAPSTER_API size_t heapster_stats_read_all_sized(struct heapster_stats *total, size_t total_size,
                                                  struct heapster_heap_stats *heaps, size_t stride,
                                                  size_t capacity) HEAPSTER_NOEXCEPT;

/* The same for the structs as this header has them. The library also exports functions of these names, for programs
   built with the first version and for other languages: their struct heapster_stats ends with lua_kinds. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API void heapster_stats_read(const struct heapster_heap *heap, struct heapster_stats *stats) HEAPSTER_NOEXCEPT;
HEAPSTER_API size_t heapster_stats_read_all(struct heapster_stats *total, struct heapster_heap_stats *heaps,
                                            size_t capacity) HEAPSTER_NOEXCEPT;
#else
static inline void heapster_stats_read(const struct heapster_heap *heap,
                                       struct heapster_stats *stats) HEAPSTER_NOEXCEPT {
  heapster_stats_read_sized(heap, stats, sizeof *stats);
}
static inline size_t heapster_stats_read_all(struct heapster_stats *total, struct heapster_heap_stats *heaps,
                                             size_t capacity) HEAPSTER_NOEXCEPT {
  return heapster_stats_read_all_sized(total, sizeof *total, heaps, sizeof *heaps, capacity);
}
#endif

/* The sizes of the blocks that are alive now, of one heap or of all for NULL. Other threads go on meanwhile: a block
   that they allocate or free may be counted or not. Takes no lock; it takes as long as reading a
   byte for every 32 of address space that the heap touched. */
HEAPSTER_API void heapster_live_histogram(const struct heapster_heap *heap,
                                          struct heapster_histogram *histogram) HEAPSTER_NOEXCEPT;

/* Snapshots of every heap count from here on. live_count and use_curr stay what is alive; use_max starts from there;
   open windows are not disturbed. */
HEAPSTER_API void heapster_reset(void) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
