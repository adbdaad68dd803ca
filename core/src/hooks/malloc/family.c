/* The malloc family, counted. */
#include "hooks/malloc/family.h"

#include "base/lock.h"
#include "count/doubt.h"
#include "heap/heap.h"
#include "heap/system.h"

#include <errno.h>
#include <search.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct heapster__malloc_hook hook;

#define NEXT(name, parameters, ...)     \
  static void *next_##name parameters { \
    (void)context;                      \
    return hook.next.name(__VA_ARGS__); \
  }
NEXT(malloc, (void *context, size_t size), size)
NEXT(calloc, (void *context, size_t count, size_t size), count, size)
NEXT(realloc, (void *context, void *block, size_t size), block, size)
NEXT(aligned_alloc, (void *context, size_t alignment, size_t size), alignment, size)

static void next_free(void *context, void *block) {
  (void)context;
  hook.next.free(block);
}

/* An allocator such as Electric Fence, whose malloc calls the public memalign. Its functions are called in a guard, so
   that the outermost request is counted alone. All others are called directly. */
static struct heapster__malloc_family unguarded;

#define GUARDED(name, parameters, ...)                       \
  static void *guarded_##name parameters {                   \
    struct heapster__guard guard;                            \
    heapster__guard_enter(&guard, heapster__thread_claim()); \
    void *block = unguarded.name(__VA_ARGS__);               \
    heapster__guard_leave(&guard);                           \
    return block;                                            \
  }
GUARDED(malloc, (size_t size), size)
GUARDED(realloc, (void *old, size_t size), old, size)

/* Other threads may be calling the function: it is replaced by one store, and finds complete what it calls itself. */
#define REPLACE_NEXT(name, function) \
  heapster__store_release((__typeof__(hook.next.name) _Atomic *)&hook.next.name, function)

static void guard_next(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (unguarded.malloc) return;
  unguarded = hook.next;
  REPLACE_NEXT(malloc, guarded_malloc);
  REPLACE_NEXT(realloc, guarded_realloc);
}

bool heapster__malloc_start_locked(const struct heapster__malloc_hook *given) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const struct heapster_allocator next = {next_malloc, next_calloc, next_realloc, next_free, next_aligned_alloc, NULL};
  hook = *given;
  if (hook.problem) return false;
  if (hook.malloc_comes_back) guard_next();
  heapster__system_replace(&next, hook.comes_back);
  if (heapster__heap_open_locked(HEAPSTER__MALLOC, "malloc")) return true;
  hook.problem = "there was no memory for its counters";
  return false;
}

/* The first request of a process may come from a library's constructor, before that of the hook. No other thread runs
   then as a rule, since starting one makes requests or comes after the constructors. The request may also come from a
   signal handler that interrupted a constructor in the middle of creating a heap. Its thread holds the lock, and must
   not wait for itself. The interrupted code writes another heap, so `malloc` can be opened in between. */
bool heapster__malloc_start(const struct heapster__malloc_hook *given) {
  if (heapster__is_locked_here()) return heapster__malloc_start_locked(given);
  heapster__lock();
  const bool is_counted = heapster__malloc_start_locked(given);
  heapster__unlock();
  return is_counted;
}

const struct heapster__malloc_hook *heapster__malloc_hook(void) { return hook.mode ? &hook : NULL; }

static uint64_t nested_count_of(struct heapster__thread *thread) {
  return heapster__load_relaxed(&thread->nested_count);
}

static int compare_equal(const void *one, const void *other) {
  (void)one;
  (void)other;
  return 0;
}

/* One node enters an empty tree and leaves it: a malloc and a free of libc's own, bound as the rest of libc's. Unlike
   strdup, which many allocators define, nobody else defines these two. If the hook was not reached, the block belongs
   to another allocator, to which the free leads as well. A block from before the hook that is recorded at the node's
   address was freed unseen. */
static enum heapster__probe probe(void) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return HEAPSTER__PROBE_UNTRIED;
  static const char key;
  struct heapster__guard guard;
  void *tree = NULL;
  heapster__guard_enter(&guard, thread);
  const uint64_t before = nested_count_of(thread);
  void *node = tsearch(&key, &tree, compare_equal);
  const uint64_t between = nested_count_of(thread);
  if (between != before && node) heapster__record_missed_free(&heapster__main_map, node);
  if (node) tdelete(&key, &tree, compare_equal);
  const uint64_t after = nested_count_of(thread);
  heapster__guard_leave(&guard);
  if (!node) return HEAPSTER__PROBE_UNTRIED;
  return between != before && after != between ? HEAPSTER__PROBE_REACHED : HEAPSTER__PROBE_MISSED;
}

enum heapster__probe heapster__malloc_prove(void) {
  static _Atomic bool is_proved;
  if (!hook.mode || hook.problem) return HEAPSTER__PROBE_UNTRIED;
  if (heapster__load_relaxed(&is_proved) && !hook.can_end) return HEAPSTER__PROBE_REACHED;
  const enum heapster__probe found = probe();
  heapster__store_relaxed(&is_proved, found == HEAPSTER__PROBE_REACHED);
  return found;
}

void heapster__malloc_give_up(const char *problem) {
  hook.problem = problem;
  heapster__heap_close(HEAPSTER__MALLOC);
  heapster__system_restore();
}

void heapster__malloc_probe_next(void) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return;
  void *aligned = NULL;
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  const uint64_t before = nested_count_of(thread);
  hook.next.free(hook.next.calloc(1, HEAPSTER__MAIN_MIN_SIZE));
  if (!hook.next.posix_memalign(&aligned, alignof(max_align_t), HEAPSTER__MAIN_MIN_SIZE)) hook.next.free(aligned);
  const uint64_t between = nested_count_of(thread);
  hook.next.free(hook.next.realloc(hook.next.malloc(HEAPSTER__MAIN_MIN_SIZE), (size_t)2 * HEAPSTER__MAIN_MIN_SIZE));
  const uint64_t after = nested_count_of(thread);
  heapster__guard_leave(&guard);
  heapster__lock();
  hook.comes_back = between != before;
  if (after != between) guard_next();
  heapster__system_replace(heapster_allocator_system(), hook.comes_back);
  heapster__unlock();
}

/* What the settling functions call. They take the place of the next allocator's, so no request tests whether there are
   doubts. */
static struct heapster__malloc_family unsettled;

static void *settle(void *block, size_t size) {
  if (block) heapster__settle_block(0, block, (size + alignof(max_align_t) - 1) & -alignof(max_align_t));
  return block;
}

#define SETTLING(name, parameters, size, ...) \
  static void *settling_##name parameters { return settle(unsettled.name(__VA_ARGS__), size); }
SETTLING(malloc, (size_t size), size, size)
SETTLING(calloc, (size_t count, size_t size), count *size, count, size)
SETTLING(realloc, (void *block, size_t size), size, block, size)
SETTLING(aligned_alloc, (size_t alignment, size_t size), size, alignment, size)
SETTLING(memalign, (size_t alignment, size_t size), size, alignment, size)
SETTLING(valloc, (size_t size), size, size)
SETTLING(pvalloc, (size_t size), size, size)

static int settling_posix_memalign(void **block, size_t alignment, size_t size) {
  const int error = unsettled.posix_memalign(block, alignment, size);
  if (!error) settle(*block, size);
  return error;
}

void heapster__malloc_settle_doubts(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (unsettled.malloc || !heapster__has_doubts()) return;
  unsettled = hook.next;
  REPLACE_NEXT(malloc, settling_malloc);
  REPLACE_NEXT(calloc, settling_calloc);
  REPLACE_NEXT(realloc, settling_realloc);
  REPLACE_NEXT(posix_memalign, settling_posix_memalign);
  REPLACE_NEXT(aligned_alloc, settling_aligned_alloc);
  REPLACE_NEXT(memalign, settling_memalign);
  if (unsettled.valloc) REPLACE_NEXT(valloc, settling_valloc);
  if (unsettled.pvalloc) REPLACE_NEXT(pvalloc, settling_pvalloc);
}

static __attribute__((noinline)) void *record_block_slow(void *block, size_t size) {
  if (block)
    heapster__record_alloc(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  else
    heapster__record_failure(HEAPSTER__MALLOC);
  return block;
}

HEAPSTER__INLINE void *record_block(void *block, size_t size) {
  enum heapster__fast done = heapster__record_alloc_fast(&heapster__main_map, HEAPSTER__MALLOC, block, size);
  if (heapster__likely(done == HEAPSTER__FAST_DONE)) return block;
  return done == HEAPSTER__FAST_MISS ? record_block_slow(block, size) : heapster__flush_here(block);
}

HEAPSTER__INLINE size_t padded(size_t size) { return heapster__padded_size(&heapster__main_map, size); }

static __attribute__((noinline)) void *malloc_small(size_t size) {
  return record_block(hook.next.malloc(HEAPSTER__MAIN_MIN_SIZE), size);
}

HEAPSTER__HOT void *heapster__counted_malloc(size_t size) {
  if (heapster__unlikely(size < HEAPSTER__MAIN_MIN_SIZE)) return malloc_small(size);
  return record_block(hook.next.malloc(size), size);
}

/* Bootstrap blocks are neither counted nor freed. */
static bool find_bootstrap_block(const void *block, size_t *size) {
  return hook.find_bootstrap_block && hook.find_bootstrap_block(block, size);
}

/* NULL, a block of another heap, a block from before the hook, ... */
static __attribute__((noinline)) void free_slow(void *block) {
  size_t size;
  if (!block || find_bootstrap_block(block, &size)) return;
  heapster__record_free(&heapster__main_map, HEAPSTER__MALLOC, block);
  hook.next.free(block);
}

HEAPSTER__HOT void heapster__counted_free(void *block) {
  enum heapster__fast done = heapster__record_free_fast(&heapster__main_map, HEAPSTER__MALLOC, block);
  if (heapster__likely(done == HEAPSTER__FAST_DONE))
    hook.next.free(block);
  else if (done == HEAPSTER__FAST_MISS)
    free_slow(block);
  else
    hook.next.free(heapster__flush_here(block));
}

/* Around the functions that may call the public malloc inside. */
HEAPSTER__INLINE void enter_guard(struct heapster__guard *guard) {
  heapster__guard_enter(guard, heapster__unlikely(hook.comes_back) ? heapster__thread_claim() : NULL);
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
    return leave_and_record(&guard, hook.next.calloc(count, size), bytes);
  return leave_and_record(&guard, hook.next.calloc(1, HEAPSTER__MAIN_MIN_SIZE), bytes);
}

/* The next allocator frees the block and returns NULL; or returns a block that may share a granule; or refuses. Only
   errno tells the first from the last. */
static void *realloc_to_zero(void *block, struct heapster__block taken) {
  int error = errno;
  errno = 0;
  void *fresh = hook.next.realloc(block, 0);
  if (!fresh && errno == ENOMEM) {
    heapster__restore_block(&heapster__main_map, HEAPSTER__MALLOC, taken, block);
    return NULL;
  }
  void *wider = fresh ? hook.next.realloc(fresh, HEAPSTER__MAIN_MIN_SIZE) : NULL;
  if (wider) fresh = wider;
  errno = error;
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

static __attribute__((noinline)) void *realloc_slow(void *block, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  size_t old;
  if (heapster__unlikely(!taken.owner) && find_bootstrap_block(block, &old)) return copy_block(block, old, size);
  if (!size) return realloc_to_zero(block, taken);
  void *fresh = hook.next.realloc(block, padded(size));
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
  if (heapster__unlikely(!shard)) return realloc_slow(block, size);
  void *fresh = hook.next.realloc(block, padded(size));
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
  int error = hook.next.posix_memalign(&made, alignment, padded(size));
  leave_and_record(&guard, error ? NULL : made, size);
  if (!error) *block = made;
  return error;
}

#define COUNTED_ALIGNED(name, parameters, ...)                          \
  void *heapster__counted_##name parameters {                           \
    struct heapster__guard guard;                                       \
    enter_guard(&guard);                                                \
    return leave_and_record(&guard, hook.next.name(__VA_ARGS__), size); \
  }
COUNTED_ALIGNED(aligned_alloc, (size_t alignment, size_t size), alignment, padded(size))
COUNTED_ALIGNED(memalign, (size_t alignment, size_t size), alignment, padded(size))
COUNTED_ALIGNED(valloc, (size_t size), padded(size))
COUNTED_ALIGNED(pvalloc, (size_t size), padded(size))

void *heapster__tried_malloc(size_t size) {
  void *block = hook.next.malloc(padded(size));
  return block ? record_block(block, size) : NULL;
}

void *heapster__tried_memalign(size_t alignment, size_t size) {
  struct heapster__guard guard;
  enter_guard(&guard);
  void *block = hook.next.memalign(alignment, padded(size));
  heapster__guard_leave(&guard);
  return block ? record_block(block, size) : NULL;
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
