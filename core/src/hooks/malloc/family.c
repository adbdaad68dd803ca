/* The malloc family, counted. */
#include "hooks/malloc/family.h"

#include "count/armed.h"
#include "heap/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) void *record_block_slow(void *block, size_t size, const void *caller) {
  if (!block) {
    heapster__record_failure(HEAPSTER__MALLOC);
    return NULL;
  }
  if (heapster__wants_site(size, caller))
    return heapster__record_alloc_at(&heapster__main_map, HEAPSTER__MALLOC, block, size, heapster__site_of(caller));
  return heapster__record_alloc(&heapster__main_map, HEAPSTER__MALLOC, block, size);
}

/* With the arguments of the function above, in the same registers. */
static __attribute__((noinline)) void *flush_block(void *block, size_t size, const void *caller) {
  return heapster__flush_grown(HEAPSTER__MALLOC, block, size, caller);
}

HEAPSTER__INLINE void *record_block(void *block, size_t size) {
  enum heapster__fast done = heapster__record_alloc_fast(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  if (heapster__likely(done == HEAPSTER__FAST_DONE)) return block;
  return done == HEAPSTER__FAST_MISS ? record_block_slow(block, size, __builtin_return_address(0))
                                     : flush_block(block, size, __builtin_return_address(0));
}

HEAPSTER__INLINE size_t padded(size_t size) { return heapster__padded_size(&heapster__main_map, size); }

static __attribute__((noinline)) void *malloc_small(size_t size) {
  return record_block(heapster__malloc.next.malloc(HEAPSTER__MAIN_MIN_SIZE), size);
}

HEAPSTER__HOT void *heapster__counted_malloc(size_t size) {
  if (heapster__unlikely(size < HEAPSTER__MAIN_MIN_SIZE)) return malloc_small(size);
  return record_block(heapster__malloc.next.malloc(size), size);
}

/* Bootstrap blocks are neither counted nor freed. */
static bool find_bootstrap_block(const void *block, size_t *size) {
  return heapster__malloc.find_bootstrap_block && heapster__malloc.find_bootstrap_block(block, size);
}

/* NULL, a thread without a record or with another active heap, a guard, an armed shard, a foreign, an unseen or a
   bootstrap block. */
static __attribute__((noinline)) void free_slow(void *block) {
  size_t size;
  if (!block || find_bootstrap_block(block, &size)) return;
  heapster__record_free(&heapster__main_map, HEAPSTER__MALLOC, block);
  heapster__malloc.next.free(block);
}

HEAPSTER__HOT void heapster__counted_free(void *block) {
  enum heapster__fast done = heapster__record_free_fast(&heapster__main_map, HEAPSTER__MALLOC, block);
  if (heapster__likely(done == HEAPSTER__FAST_DONE))
    heapster__malloc.next.free(block);
  else if (done == HEAPSTER__FAST_MISS)
    free_slow(block);
  else
    heapster__malloc.next.free(heapster__flush_here(block));
}

/* Around the functions that may call the public malloc inside. */
HEAPSTER__INLINE void enter_guard(struct heapster__guard *guard) {
  heapster__guard_enter(guard, heapster__unlikely(heapster__malloc.comes_back) ? heapster__thread_claim() : NULL);
}

HEAPSTER__INLINE void *leave_and_record(struct heapster__guard *guard, void *block, size_t size) {
  heapster__guard_leave(guard);
  return record_block(block, size);
}

HEAPSTER__HOT void *heapster__counted_calloc(size_t count, size_t size) {
  size_t bytes;
  bool is_too_much = __builtin_mul_overflow(count, size, &bytes);
  struct heapster__guard guard;
  enter_guard(&guard);
  if (is_too_much || bytes >= HEAPSTER__MAIN_MIN_SIZE)
    return leave_and_record(&guard, heapster__malloc.next.calloc(count, size), bytes);
  return leave_and_record(&guard, heapster__malloc.next.calloc(1, HEAPSTER__MAIN_MIN_SIZE), bytes);
}

/* The next allocator frees the block and returns NULL; or returns a block that may share a granule; or refuses. Only
   errno tells the first from the last. */
static void *realloc_to_zero(void *block, struct heapster__block taken, const void *caller) {
  int error = errno;
  errno = 0;
  void *fresh = heapster__malloc.next.realloc(block, 0);
  if (!fresh && errno == ENOMEM) {
    heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
    return NULL;
  }
  void *wider = fresh ? heapster__malloc.next.realloc(fresh, HEAPSTER__MAIN_MIN_SIZE) : NULL;
  if (wider) fresh = wider;
  errno = error;
  if (fresh) heapster__note_caller(caller, 0);
  if (fresh)
    heapster__record_resize(&heapster__main_map, HEAPSTER__MALLOC, taken, block, fresh, 0);
  else
    heapster__record_gone_from(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
  return fresh;
}

static void *copy_block(const void *block, size_t old, size_t size) {
  void *fresh = heapster__counted_malloc(size);
  return fresh ? memcpy(fresh, block, old < size ? old : size) : NULL;
}

/* The next allocator returned `fresh` for the block that was taken out; or NULL: it refused, and the block stays. */
static void *finish_realloc(void *block, struct heapster__block taken, void *fresh, size_t size, const void *caller) {
  if (!fresh) {
    heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
    return NULL;
  }
  heapster__note_caller(caller, size);
  heapster__record_resize(&heapster__main_map, HEAPSTER__MALLOC, taken, block, fresh, size);
  return fresh;
}

/* False: take the way of other blocks. */
static bool realloc_armed(void *block, size_t size, const void *caller, void **fresh) {
  struct heapster__map *const map = &heapster__main_map;
  struct heapster__armed_block taken;
  if (!size || !heapster__take_block_armed(map, HEAPSTER__MALLOC, block, &taken)) return false;
  *fresh = heapster__malloc.next.realloc(block, padded(size));
  if (!*fresh ||
      !heapster__record_resize_armed(map, HEAPSTER__MALLOC, &taken, block, *fresh, size, heapster__site_of(caller)))
    finish_realloc(block, heapster__block_of_armed(&taken, HEAPSTER__MALLOC), *fresh, size, caller);
  return true;
}

static __attribute__((noinline)) void *realloc_slow(void *block, size_t size, const void *caller) {
  void *resized;
  if (heapster__is_only_armed() && realloc_armed(block, size, caller, &resized)) return resized;
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  size_t old;
  if (heapster__unlikely(!taken.owner) && find_bootstrap_block(block, &old)) return copy_block(block, old, size);
  if (!size) return realloc_to_zero(block, taken, caller);
  return finish_realloc(block, taken, heapster__malloc.next.realloc(block, padded(size)), size, caller);
}

HEAPSTER__HOT void *heapster__counted_realloc(void *block, size_t size) {
  if (!block) return heapster__counted_malloc(size);
  uint64_t old;
  struct heapster__shard *shard = NULL;
  if (size) shard = heapster__take_block_fast(&heapster__main_map, HEAPSTER__MALLOC, block, &old);
  if (heapster__unlikely(!shard)) return realloc_slow(block, size, __builtin_return_address(0));
  void *fresh = heapster__malloc.next.realloc(block, padded(size));
  return heapster__finish_resize(shard, &heapster__main_map, HEAPSTER__MALLOC, old, block, fresh, size);
}

void *heapster__counted_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, size, &bytes)) return heapster__counted_realloc(block, bytes);
  struct heapster__map *const map = &heapster__main_map;
  if (block) /* stays as it is: the next allocator is not called */
    heapster__restore_block(map, HEAPSTER__MALLOC, heapster__take_block(map, block), block);
  else
    heapster__record_failure(HEAPSTER__MALLOC);
  errno = ENOMEM;
  return NULL;
}

int heapster__counted_posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = NULL;
  struct heapster__guard guard;
  enter_guard(&guard);
  int error = heapster__malloc.next.posix_memalign(&made, alignment, padded(size));
  leave_and_record(&guard, error ? NULL : made, size);
  if (!error) *block = made;
  return error;
}

#define COUNTED_ALIGNED(name, parameters, ...)                                      \
  void *heapster__counted_##name parameters {                                       \
    struct heapster__guard guard;                                                   \
    enter_guard(&guard);                                                            \
    return leave_and_record(&guard, heapster__malloc.next.name(__VA_ARGS__), size); \
  }
COUNTED_ALIGNED(aligned_alloc, (size_t alignment, size_t size), alignment, padded(size))
COUNTED_ALIGNED(memalign, (size_t alignment, size_t size), alignment, padded(size))
COUNTED_ALIGNED(valloc, (size_t size), padded(size))
COUNTED_ALIGNED(pvalloc, (size_t size), padded(size))

void *heapster__tried_malloc(size_t size) {
  void *block = heapster__malloc.next.malloc(padded(size));
  return block ? record_block(block, size) : NULL;
}

void *heapster__tried_memalign(size_t alignment, size_t size) {
  struct heapster__guard guard;
  enter_guard(&guard);
  void *block = heapster__malloc.next.memalign(alignment, padded(size));
  heapster__guard_leave(&guard);
  return block ? record_block(block, size) : NULL;
}

static __attribute__((noinline)) void *new_after_refusal(size_t size) {
  heapster__record_failure(HEAPSTER__MALLOC);
  HEAPSTER__NEW_OR_THROW(NULL, heapster__tried_malloc(size));
}

static __attribute__((noinline)) void *aligned_new_after_refusal(size_t size, size_t alignment) {
  heapster__record_failure(HEAPSTER__MALLOC);
  HEAPSTER__NEW_OR_THROW(NULL, heapster__tried_memalign(alignment, size));
}

void *heapster__counted_new(size_t size) {
  void *block = heapster__malloc.next.malloc(padded(size));
  return heapster__likely(block != NULL) ? record_block(block, size) : new_after_refusal(size);
}

void *heapster__counted_aligned_new(size_t size, size_t alignment) {
  struct heapster__guard guard;
  enter_guard(&guard);
  void *block = heapster__malloc.next.memalign(alignment, padded(size));
  heapster__guard_leave(&guard);
  return heapster__likely(block != NULL) ? record_block(block, size) : aligned_new_after_refusal(size, alignment);
}

void heapster__refuse_new(void) { heapster__record_failure(HEAPSTER__MALLOC); }

#define PASS_ON(name, parameters, ...)                       \
  void *name parameters {                                    \
    struct heapster__guard guard;                            \
    heapster__refuse_new();                                  \
    heapster__guard_enter(&guard, heapster__thread_claim()); \
    void *block = form(__VA_ARGS__);                         \
    heapster__guard_leave(&guard);                           \
    return block ? record_block(block, size) : NULL;         \
  }
PASS_ON(heapster__pass_new_on, (heapster__new_nothrow * form, size_t size, const void *nothrow), size, nothrow)
PASS_ON(heapster__pass_aligned_new_on,
        (heapster__new_aligned_nothrow * form, size_t size, size_t alignment, const void *nothrow), size, alignment,
        nothrow)
