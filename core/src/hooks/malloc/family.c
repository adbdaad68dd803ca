/* The malloc family, counted. */
#include "hooks/malloc/family.h"

#include "base/lock.h"
#include "heap/heap.h"
#include "heap/system.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct heapster__malloc_hook way;

static void *below_malloc(void *context, size_t size) {
  (void)context;
  return way.below.malloc(size);
}

static void *below_calloc(void *context, size_t count, size_t size) {
  (void)context;
  return way.below.calloc(count, size);
}

static void *below_realloc(void *context, void *block, size_t size) {
  (void)context;
  return way.below.realloc(block, size);
}

static void below_free(void *context, void *block) {
  (void)context;
  way.below.free(block);
}

static void *below_aligned_alloc(void *context, size_t alignment, size_t size) {
  (void)context;
  return way.below.aligned_alloc(alignment, size);
}

bool heapster__malloc_start_locked(const struct heapster__malloc_hook *started) {
  static const struct heapster_allocator below = {
      below_malloc, below_calloc, below_realloc, below_free, below_aligned_alloc, NULL,
  };
  way = *started;
  if (way.problem) return false;
  heapster__system_replace(&below, way.comes_back);
  if (heapster__heap_open_locked(HEAPSTER__MALLOC, "malloc")) return true;
  way.problem = "there was no memory for its counters";
  return false;
}

/* The first request of a process may come from a library's constructor, before that of the hook. No other thread runs
   then as a rule, since starting one makes requests or comes after the constructors. The request may also come from a
   signal handler that interrupted a constructor in the middle of creating a heap. Its thread holds the lock, and must
   not wait for itself. The interrupted code writes another heap, so `malloc` can be opened in between. */
bool heapster__malloc_start(const struct heapster__malloc_hook *started) {
  if (heapster__is_locked_here()) return heapster__malloc_start_locked(started);
  heapster__lock();
  const bool is_counted = heapster__malloc_start_locked(started);
  heapster__unlock();
  return is_counted;
}

const struct heapster__malloc_hook *heapster__malloc_hook(void) { return way.name ? &way : NULL; }

enum probe { UNTRIED, MISSED, REACHED };

/* A block that did not come from below the hook goes back by the function that everybody calls, which is not ours
   then. */
static enum probe probe(void) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return UNTRIED;
  uint64_t before = heapster__load_relaxed(&thread->nested_count);
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  char *block = strdup("x");
  if (heapster__load_relaxed(&thread->nested_count) != before)
    heapster__counted_free(block);
  else
    free(block);
  heapster__guard_leave(&guard);
  if (!block) return UNTRIED;
  return heapster__load_relaxed(&thread->nested_count) - before == 2 ? REACHED : MISSED;
}

bool heapster__malloc_prove(void) {
  static _Atomic bool was_proved;
  if (heapster__load_relaxed(&was_proved) && !way.can_end) return true;
  bool is_proved = probe() == REACHED;
  heapster__store_relaxed(&was_proved, is_proved);
  return is_proved;
}

bool heapster__malloc_probe_missed(void) { return way.name && !way.problem && probe() == MISSED; }

void heapster__malloc_give_up(const char *problem) {
  way.problem = problem;
  heapster__heap_close(HEAPSTER__MALLOC);
  heapster__system_restore();
}

void heapster__malloc_probe_next(void) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return;
  void *aligned = NULL;
  uint64_t before = heapster__load_relaxed(&thread->nested_count);
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  way.below.free(way.below.calloc(1, HEAPSTER__MAIN_MIN_SIZE));
  if (!way.below.posix_memalign(&aligned, alignof(max_align_t), HEAPSTER__MAIN_MIN_SIZE)) way.below.free(aligned);
  heapster__guard_leave(&guard);
  way.comes_back = heapster__load_relaxed(&thread->nested_count) != before;
  heapster__system_replace(heapster_allocator_system(), way.comes_back);
}

static __attribute__((noinline)) void *booked_odd(void *block, size_t size) {
  if (block)
    heapster__record_alloc(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  else
    heapster__record_failure(HEAPSTER__MALLOC);
  return block;
}

HEAPSTER__INLINE void *booked(void *block, size_t size) {
  enum heapster__fast done = heapster__record_alloc_fast(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  if (heapster__likely(done == HEAPSTER__FAST_DONE)) return block;
  return done == HEAPSTER__FAST_MISS ? booked_odd(block, size) : heapster__flush_here(block);
}

HEAPSTER__INLINE size_t size_below(size_t size) { return heapster__padded_size(&heapster__main_map, size); }

static __attribute__((noinline)) void *small_malloc(size_t size) {
  return booked(way.below.malloc(HEAPSTER__MAIN_MIN_SIZE), size);
}

HEAPSTER__HOT void *heapster__counted_malloc(size_t size) {
  if (heapster__unlikely(size < HEAPSTER__MAIN_MIN_SIZE)) return small_malloc(size);
  return booked(way.below.malloc(size), size);
}

/* Blocks from before the hook knew its allocator are nobody's: not counted, not to be freed. */
static bool is_early(const void *block, size_t *size) { return way.early && way.early(block, size); }

/* NULL, a block of another heap, one from before the hook, ... */
static __attribute__((noinline)) void free_odd(void *block) {
  size_t size;
  if (!block || is_early(block, &size)) return;
  heapster__record_free(&heapster__main_map, HEAPSTER__MALLOC, block);
  way.below.free(block);
}

HEAPSTER__HOT void heapster__counted_free(void *block) {
  enum heapster__fast done = heapster__record_free_fast(&heapster__main_map, HEAPSTER__MALLOC, block);
  if (heapster__likely(done == HEAPSTER__FAST_DONE))
    way.below.free(block);
  else if (done == HEAPSTER__FAST_MISS)
    free_odd(block);
  else
    way.below.free(heapster__flush_here(block));
}

/* The functions that may come back in go down under the mark. */
HEAPSTER__INLINE void descend(struct heapster__guard *guard) {
  heapster__guard_enter(guard, heapster__unlikely(way.comes_back) ? heapster__thread_claim() : NULL);
}

HEAPSTER__INLINE void *ascended(struct heapster__guard *guard, void *block, size_t size) {
  heapster__guard_leave(guard);
  return booked(block, size);
}

HEAPSTER__HOT void *heapster__counted_calloc(size_t count, size_t size) {
  size_t bytes;
  bool is_too_much = __builtin_mul_overflow(count, size, &bytes);
  struct heapster__guard guard;
  descend(&guard);
  if (is_too_much || bytes >= HEAPSTER__MAIN_MIN_SIZE) return ascended(&guard, way.below.calloc(count, size), bytes);
  return ascended(&guard, way.below.calloc(1, HEAPSTER__MAIN_MIN_SIZE), bytes);
}

/* The allocator below frees the block, and says NULL; or gives one that may share a granule; or refuses, which only
   errno tells from the first. */
static void *resized_to_nothing(void *block, struct heapster__block taken) {
  int error = errno;
  errno = 0;
  void *fresh = way.below.realloc(block, 0);
  bool is_refused = !fresh && errno == ENOMEM;
  if (!is_refused) errno = error;
  if (is_refused) {
    heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
    return NULL;
  }
  if (!fresh) {
    heapster__record_gone(HEAPSTER__MALLOC, taken);
    return NULL;
  }
  void *wider = way.below.realloc(fresh, HEAPSTER__MAIN_MIN_SIZE);
  if (wider)
    fresh = wider;
  else
    errno = error;
  heapster__record_resize(&heapster__main_map, HEAPSTER__MALLOC, taken, block, fresh, 0);
  return fresh;
}

static void *copied(const void *block, size_t old, size_t size) {
  void *fresh = heapster__counted_malloc(size);
  return fresh ? memcpy(fresh, block, old < size ? old : size) : NULL;
}

static __attribute__((noinline)) void *realloc_odd(void *block, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  size_t old;
  if (heapster__unlikely(!taken.owner) && is_early(block, &old)) return copied(block, old, size);
  if (!size) return resized_to_nothing(block, taken);
  void *fresh = way.below.realloc(block, size_below(size));
  if (fresh)
    heapster__record_resize(&heapster__main_map, HEAPSTER__MALLOC, taken, block, fresh, size);
  else
    heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
  return fresh;
}

HEAPSTER__HOT void *heapster__counted_realloc(void *block, size_t size) {
  if (!block) return heapster__counted_malloc(size);
  uint64_t old;
  struct heapster__shard *shard = NULL;
  if (size) shard = heapster__take_block_fast(&heapster__main_map, HEAPSTER__MALLOC, block, &old);
  if (heapster__unlikely(!shard)) return realloc_odd(block, size);
  void *fresh = way.below.realloc(block, size_below(size));
  return heapster__finish_resize(shard, &heapster__main_map, HEAPSTER__MALLOC, old, block, fresh, size);
}

/* Refused before it goes down: the block stays, on the books of the heap that counted it. */
static void refuse_resize(void *block) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
}

void *heapster__counted_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (!__builtin_mul_overflow(count, size, &bytes)) return heapster__counted_realloc(block, bytes);
  if (block)
    refuse_resize(block);
  else
    heapster__record_failure(HEAPSTER__MALLOC);
  errno = ENOMEM;
  return NULL;
}

int heapster__counted_posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = NULL;
  struct heapster__guard guard;
  descend(&guard);
  int error = way.below.posix_memalign(&made, alignment, size_below(size));
  ascended(&guard, error ? NULL : made, size);
  if (!error) *block = made;
  return error;
}

void *heapster__counted_aligned_alloc(size_t alignment, size_t size) {
  struct heapster__guard guard;
  descend(&guard);
  return ascended(&guard, way.below.aligned_alloc(alignment, size_below(size)), size);
}

void *heapster__counted_memalign(size_t alignment, size_t size) {
  struct heapster__guard guard;
  descend(&guard);
  return ascended(&guard, way.below.memalign(alignment, size_below(size)), size);
}

void *heapster__counted_valloc(size_t size) {
  struct heapster__guard guard;
  descend(&guard);
  return ascended(&guard, way.below.valloc(size_below(size)), size);
}

void *heapster__counted_pvalloc(size_t size) {
  struct heapster__guard guard;
  descend(&guard);
  return ascended(&guard, way.below.pvalloc(size_below(size)), size);
}

void heapster__malloc_adopt(void *block, size_t size) {
  struct heapster__block known = heapster__shadow_take(&heapster__main_map, block);
  if (!known.owner)
    heapster__record_alloc(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  else
    heapster__enter_block(&heapster__main_map, known.owner, block, known.size);
}
