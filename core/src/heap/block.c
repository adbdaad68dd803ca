/* Blocks from a named heap, over its backing. */
#include "heap/system.h"

#include "count/armed.h"
#include "heap/heap.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

/* Whether the backing may make counted requests of its own. */
static bool may_reenter(const struct heapster_heap *heap) {
  return heap->backing == &heap->own || heapster__unlikely(heapster__system.reenters);
}

/* Whether the backing is the system's allocator and does not reenter. */
HEAPSTER__INLINE bool is_plain(const struct heapster_heap *heap) {
  return heap->map == &heapster__main_map && heapster__likely(!heapster__system.reenters);
}

/* Raises the guard around a call of the backing that may reenter. */
HEAPSTER__INLINE void enter_backing(struct heapster__guard *guard, const struct heapster_heap *heap) {
  heapster__nested_enter(guard, may_reenter(heap) ? heapster__thread_claim() : NULL);
}

static void *fail_request(struct heapster_heap *heap, int error) {
  heapster__record_failure(heap->number);
  errno = error;
  return NULL;
}

/* Sets errno, as C11's functions do: a host's backing need not. */
static __attribute__((noinline)) void *record_block_slow(struct heapster_heap *heap, void *block, size_t size,
                                                         const void *caller) {
  if (!block) return fail_request(heap, ENOMEM);
  if (heapster__wants_site(size, caller))
    return heapster__record_alloc_at(heap->map, heap->number, block, size, heapster__site_of(caller));
  return heapster__record_alloc(heap->map, heap->number, block, size);
}

/* With the arguments of the function above, in the same registers. */
static __attribute__((noinline)) void *flush_block(const struct heapster_heap *heap, void *block, size_t size,
                                                   const void *caller) {
  return heapster__flush_grown(heap->number, block, size, caller);
}

HEAPSTER__INLINE void *record_block(struct heapster_heap *heap, struct heapster__map *map, void *block, size_t size) {
  enum heapster__fast outcome = heapster__record_alloc_fast(map, heap->number, block, size);
  if (heapster__likely(outcome == HEAPSTER__FAST_DONE)) return block;
  return outcome == HEAPSTER__FAST_MISS ? record_block_slow(heap, block, size, __builtin_return_address(0))
                                        : flush_block(heap, block, size, __builtin_return_address(0));
}

static __attribute__((noinline)) void *guarded_malloc(struct heapster_heap *heap, size_t size, const void *caller) {
  struct heapster__guard guard;
  enter_backing(&guard, heap);
  void *block = heap->backing->malloc(heap->backing->context, heapster__padded_size(heap->map, size));
  heapster__nested_leave(&guard, block, size);
  enum heapster__fast outcome = heapster__record_alloc_fast(heap->map, heap->number, block, size);
  if (outcome == HEAPSTER__FAST_FLUSH) return flush_block(heap, block, size, caller);
  return outcome == HEAPSTER__FAST_DONE ? block : record_block_slow(heap, block, size, caller);
}

void *heapster_heap_malloc(struct heapster_heap *heap, size_t size) {
  if (heapster__unlikely(!is_plain(heap))) return guarded_malloc(heap, size, __builtin_return_address(0));
  struct heapster__map *map = &heapster__main_map;
  return record_block(heap, map, heap->backing->malloc(heap->backing->context, heapster__padded_size(map, size)), size);
}

static void *allocate_zeroed(const struct heapster_allocator *backing, size_t size) {
  if (backing->calloc) return backing->calloc(backing->context, 1, size);
  void *block = backing->malloc(backing->context, size);
  return block ? memset(block, 0, size) : NULL;
}

void *heapster_heap_calloc(struct heapster_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return fail_request(heap, ENOMEM);
  struct heapster__guard guard;
  enter_backing(&guard, heap);
  void *block = allocate_zeroed(heap->backing, heapster__padded_size(heap->map, bytes));
  heapster__nested_leave(&guard, block, bytes);
  return record_block(heap, heap->map, block, bytes);
}

static bool is_power_of_two(size_t number) { return number && !(number & (number - 1)); }

static void *allocate_aligned(const struct heapster_allocator *backing, size_t alignment, size_t size) {
  if (backing->aligned_alloc) return backing->aligned_alloc(backing->context, alignment, size);
  return alignment <= alignof(max_align_t) ? backing->malloc(backing->context, size) : NULL;
}

void *heapster_heap_aligned_alloc(struct heapster_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) return fail_request(heap, EINVAL);
  struct heapster__guard guard;
  enter_backing(&guard, heap);
  void *block = allocate_aligned(heap->backing, alignment, heapster__padded_size(heap->map, size));
  heapster__nested_leave(&guard, block, size);
  return record_block(heap, heap->map, block, size);
}

/* Resizes by hand, for a backing without realloc and for an alignment that realloc does not keep. NULL if the size of
   the old block is not known. */
static __attribute__((noinline)) void *resize_by_copy(const struct heapster_allocator *backing, void *block,
                                                      struct heapster__block known, size_t alignment, size_t size) {
  if (!known.owner || known.is_size_lost) return NULL;
  void *fresh = allocate_aligned(backing, alignment, size);
  if (!fresh) return NULL;
  memcpy(fresh, block, known.size < size ? known.size : size);
  backing->free(backing->context, block);
  return fresh;
}

/* The result of the backing: `fresh` is the block now, or NULL. */
static void *finish_resize(const void *caller, struct heapster_heap *heap, struct heapster__block taken, void *block,
                           void *fresh, size_t size, int error) {
  if (fresh) {
    heapster__note_caller(caller, size);
    heapster__record_resize(heap->map, heap->number, taken, block, fresh, size);
    return fresh;
  }
  heapster__restore_block(heap->map, heap->number, taken, block);
  errno = error;
  return NULL;
}

/* False: take the way of other blocks. */
static bool realloc_armed(struct heapster_heap *heap, void *block, size_t size, const void *caller, void **fresh) {
  struct heapster__map *const map = &heapster__main_map;
  struct heapster__armed_block taken;
  if (!is_plain(heap) || !heapster__take_block_armed(map, heap->number, block, &taken)) return false;
  *fresh = heap->backing->realloc(heap->backing->context, block, heapster__padded_size(map, size));
  if (!*fresh ||
      !heapster__record_resize_armed(map, heap->number, &taken, block, *fresh, size, heapster__site_of(caller)))
    finish_resize(caller, heap, heapster__block_of_armed(&taken, heap->number), block, *fresh, size, ENOMEM);
  return true;
}

static __attribute__((noinline)) void *realloc_slow(struct heapster_heap *heap, void *block, size_t size,
                                                    const void *caller) {
  void *resized;
  if (heapster__is_only_armed() && realloc_armed(heap, block, size, caller, &resized)) return resized;
  const struct heapster_allocator *backing = heap->backing;
  const size_t padded = heapster__padded_size(heap->map, size);
  struct heapster__block taken = heapster__take_block(heap->map, block);
  struct heapster__guard guard;
  enter_backing(&guard, heap);
  void *fresh = backing->realloc ? backing->realloc(backing->context, block, padded)
                                 : resize_by_copy(backing, block, taken, alignof(max_align_t), padded);
  heapster__nested_leave(&guard, fresh, size);
  return finish_resize(caller, heap, taken, block, fresh, size, ENOMEM);
}

HEAPSTER__INLINE void *realloc_block(struct heapster_heap *heap, void *block, size_t size) {
  uint64_t old;
  struct heapster__map *map = &heapster__main_map;
  struct heapster__shard *shard = NULL;
  if (heapster__likely(is_plain(heap))) shard = heapster__take_block_fast(map, heap->number, block, &old);
  if (heapster__unlikely(!shard)) return realloc_slow(heap, block, size, __builtin_return_address(0));
  void *fresh = heap->backing->realloc(heap->backing->context, block, heapster__padded_size(map, size));
  return heapster__finish_resize(shard, map, heap->number, old, block, fresh, size);
}

void *heapster_heap_realloc(struct heapster_heap *heap, void *block, size_t size) {
  if (!block) return heapster_heap_malloc(heap, size);
  return realloc_block(heap, block, size);
}

void *heapster_heap_aligned_realloc(struct heapster_heap *heap, void *block, size_t alignment, size_t size) {
  if (!block) return heapster_heap_aligned_alloc(heap, alignment, size);
  const bool is_valid = is_power_of_two(alignment);
  if (is_valid && alignment <= alignof(max_align_t)) return realloc_block(heap, block, size);
  const void *const caller = __builtin_return_address(0);
  struct heapster__block taken = heapster__take_block(heap->map, block);
  if (!is_valid || !taken.owner || taken.is_size_lost)
    return finish_resize(caller, heap, taken, block, NULL, size, EINVAL);
  void *fresh = block;
  if (taken.size != size || (uintptr_t)block % alignment) {
    struct heapster__guard guard;
    enter_backing(&guard, heap);
    fresh = resize_by_copy(heap->backing, block, taken, alignment, heapster__padded_size(heap->map, size));
    heapster__nested_leave(&guard, fresh, size);
  }
  return finish_resize(caller, heap, taken, block, fresh, size, ENOMEM);
}

size_t heapster_heap_size(const struct heapster_heap *heap, const void *block) {
  struct heapster__map *map = heap ? heap->map : &heapster__main_map;
  const struct heapster__block found = heapster__shadow_peek(map, block);
  return found.owner && !found.is_size_lost ? found.size : 0;
}

/* Passes a block of the system's allocator on. */
HEAPSTER__INLINE void free_plain(void *block) {
  heapster__system.functions.free(heapster__system.functions.context, block);
}

static __attribute__((noinline)) void free_plain_slow(unsigned heap, void *block, bool is_recorded) {
  if (!block) return;
  if (is_recorded)
    heapster__flush_here(block);
  else
    heapster__record_free(&heapster__main_map, heap, block);
  free_plain(block);
}

static __attribute__((noinline)) void record_guarded_free(struct heapster_heap *heap, void *block) {
  const enum heapster__fast outcome = heapster__record_free_fast(heap->map, heap->number, block);
  if (outcome == HEAPSTER__FAST_FLUSH) heapster__flush_here(block);
  if (outcome == HEAPSTER__FAST_MISS) heapster__record_free(heap->map, heap->number, block);
}

static __attribute__((noinline)) void guarded_free(struct heapster_heap *heap, void *block) {
  const struct heapster_allocator *const backing = heap->backing;
  void (*const function)(void *, void *) = backing->free;
  void *const context = backing->context;
  struct heapster__guard guard;
  struct heapster__thread *const thread = may_reenter(heap) ? heapster__thread_claim() : NULL;
  if (!block) return;
  record_guarded_free(heap, block);
  heapster__nested_enter(&guard, thread);
  function(context, block);
  heapster__nested_leave(&guard, NULL, 0);
}

/* Once the free is recorded the heap is not looked at any more: if it has ended, and this was its last block, another
   thread may give its place to the next. */
void heapster_heap_free(struct heapster_heap *heap, void *block) {
  if (heapster__unlikely(!is_plain(heap))) {
    guarded_free(heap, block);
    return;
  }
  const unsigned number = heap->number;
  enum heapster__fast outcome = heapster__record_free_fast(&heapster__main_map, number, block);
  if (heapster__likely(outcome == HEAPSTER__FAST_DONE))
    free_plain(block);
  else
    free_plain_slow(number, block, outcome == HEAPSTER__FAST_FLUSH);
}
