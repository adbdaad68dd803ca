/* Heaps: named sets of counters, and blocks from them. Every function may be called from any thread at any time. */
#ifndef HEAPSTER_HEAP_H
#define HEAPSTER_HEAP_H

#include <heapster/allocator.h>
#include <heapster/base.h>
#include <heapster/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HEAPSTER_HEAPS = 254, HEAPSTER_HEAP_NAME = 48 };

/* Lives until the process ends, unless its host ends it. */
struct heapster_heap;

/* A heap over `backing`, which has `size` bytes and is copied, or over the system's allocator for NULL or
   heapster_allocator_system(). The name is copied: 1 to 47 characters of [A-Za-z0-9_.:-]. On failure `heap` is set to
   NULL.

   A request that the backing passes on to a counted function, such as malloc, counts once, in this heap. What else it
   requests inside a call, to grow a pool, counts in the heap that it asks. */
HEAPSTER_API enum heapster_error
heapster_heap_create_sized(const char *name, const struct heapster_allocator *backing, size_t size,
                           struct heapster_heap **heap) HEAPSTER_NOEXCEPT HEAPSTER_USE_RESULT;

/* heapster_heap_create_sized for the struct as this header has it. The library also exports a function of this name,
   for programs built with the first version and for other languages: its struct ends with the context. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API enum heapster_error heapster_heap_create(const char *name, const struct heapster_allocator *backing,
                                                      struct heapster_heap **heap) HEAPSTER_NOEXCEPT;
#else
HEAPSTER_USE_RESULT static inline enum heapster_error
heapster_heap_create(const char *name, const struct heapster_allocator *backing,
                     struct heapster_heap **heap) HEAPSTER_NOEXCEPT {
  return heapster_heap_create_sized(name, backing, sizeof *backing, heap);
}
#endif

/* Ends a heap of heapster_heap_create, as for a level of a game that is left. Its name is free at once, and it is
   neither found nor listed any more; a heap that is created later, of the same name too, counts from zero. What it
   counted stays in the total, and in the heap `ended`, which shows the sum of all heaps that have ended. `ended` comes
   last among the heaps once one has ended; it gives no blocks, and no window is over it.

   Blocks that are still alive may be freed or resized through `heap` after the end, and count in `ended` as alive until
   then. Windows over it go on until they are ended. Once there is neither, the heap is gone: its number is used again,
   and `heap` may be the handle of another heap, so it must not be used. No new block may be requested from it, and no
   call with it may be running in another thread, except to free or resize its blocks.

   HEAPSTER_HEAP_ENDED: it has ended already. HEAPSTER_HEAP_OF_HOOK: a heap of a hook or of a Lua state, or `ended`.
   HEAPSTER_NO_MEMORY: nothing happened. */
HEAPSTER_API enum heapster_error heapster_heap_end(struct heapster_heap *heap) HEAPSTER_NOEXCEPT;

/* The heap of that name, or NULL if none is counted. `malloc`, `python` and `lua` exist when hooked. */
HEAPSTER_API struct heapster_heap *heapster_heap_find(const char *name) HEAPSTER_NOEXCEPT;

/* The heap after `heap`, the first for NULL, NULL after the last: the hooks' heaps, then a host's in the order of
   creation, but that a heap takes the place of one that has ended; then `ended`. */
HEAPSTER_API struct heapster_heap *heapster_heap_next(const struct heapster_heap *heap) HEAPSTER_NOEXCEPT;

/* Never NULL, static storage: "total" for NULL. The text is another's once the heap has ended. */
HEAPSTER_API const char *heapster_heap_name(const struct heapster_heap *heap) HEAPSTER_NOEXCEPT;

/* Blocks of a heap, which is never NULL here and is not checked, with the contracts of C11's functions of the same
   names: NULL and errno when refused; alignment 16 (or what the backing gives). A size of 0 gives a block of size 0;
   resizing to 0 keeps a block of size 0. A block may be freed or resized through any heap over the same allocator
   (equal functions, and the same context), and by plain free for a heap over the system's: the heap that counted it
   stays its owner. */
HEAPSTER_API HEAPSTER_ALLOCATES(2) void *heapster_heap_malloc(struct heapster_heap *heap,
                                                              size_t size) HEAPSTER_NOEXCEPT;
HEAPSTER_API HEAPSTER_ALLOCATES(2, 3) void *heapster_heap_calloc(struct heapster_heap *heap, size_t count,
                                                                 size_t size) HEAPSTER_NOEXCEPT;
HEAPSTER_API HEAPSTER_RESIZES(3) void *heapster_heap_realloc(struct heapster_heap *heap, void *block,
                                                             size_t size) HEAPSTER_NOEXCEPT;
HEAPSTER_API HEAPSTER_ALLOCATES(3) void *heapster_heap_aligned_alloc(struct heapster_heap *heap, size_t alignment,
                                                                     size_t size) HEAPSTER_NOEXCEPT;
HEAPSTER_API void heapster_heap_free(struct heapster_heap *heap, void *block) HEAPSTER_NOEXCEPT;

/* A resize that keeps an alignment: as heapster_heap_realloc, for blocks of heapster_heap_aligned_alloc. A block that
   must stay aligned to more than 16 always moves, unless its size stays; it counts as one resize. NULL with errno
   EINVAL if the alignment is no power of two, or if the size of the old block is not known (heapster_heap_size) and so
   it cannot be copied; the old block stays then. */
HEAPSTER_API HEAPSTER_RESIZES(4) void *heapster_heap_aligned_realloc(struct heapster_heap *heap, void *block,
                                                                     size_t alignment, size_t size) HEAPSTER_NOEXCEPT;

/* The bytes that were requested for a live block, of any heap over the same allocator as `heap`; the system's for NULL.
   0 for NULL, for a block that no heap counted (one from before a hook), and for one whose size was lost
   (lost_size_count in the status). For the thread that owns the block. */
HEAPSTER_API size_t heapster_heap_size(const struct heapster_heap *heap, const void *block) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
