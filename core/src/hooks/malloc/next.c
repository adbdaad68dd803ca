/* The hook of malloc and the allocator that it calls: its start, the proof that requests reach it, and the functions
   that take the place of the allocator's own where these come back in, or where blocks are in doubt. */
#include "hooks/malloc/next.h"

#include "base/lock.h"
#include "count/doubt.h"
#include "heap/heap.h"
#include "heap/system.h"

#include <search.h>
#include <stdalign.h>
#include <stddef.h>

struct heapster__malloc_hook heapster__malloc;

#define NEXT(name, parameters, ...)                 \
  static void *next_##name parameters {             \
    (void)context;                                  \
    return heapster__malloc.next.name(__VA_ARGS__); \
  }
NEXT(malloc, (void *context, size_t size), size)
NEXT(calloc, (void *context, size_t count, size_t size), count, size)
NEXT(realloc, (void *context, void *block, size_t size), block, size)
NEXT(aligned_alloc, (void *context, size_t alignment, size_t size), alignment, size)

static void next_free(void *context, void *block) {
  (void)context;
  heapster__malloc.next.free(block);
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

/* Other threads may be calling the function: it is replaced by one store, after what it calls itself is published. */
#define REPLACE_NEXT(name, function) \
  heapster__store_release((__typeof__(heapster__malloc.next.name) _Atomic *)&heapster__malloc.next.name, function)

static void guard_next(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (unguarded.malloc) return;
  unguarded = heapster__malloc.next;
  if (!heapster__publish()) return;
  REPLACE_NEXT(malloc, guarded_malloc);
  REPLACE_NEXT(realloc, guarded_realloc);
}

bool heapster__malloc_start_locked(const struct heapster__malloc_hook *given) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const struct heapster_allocator next = {next_malloc, next_calloc, next_realloc, next_free, next_aligned_alloc, NULL};
  heapster__malloc = *given;
  if (heapster__malloc.problem) return false;
  if (heapster__malloc.malloc_comes_back) guard_next();
  heapster__system_replace(&next, heapster__malloc.comes_back);
  if (heapster__heap_open_locked(HEAPSTER__MALLOC, "malloc")) return true;
  heapster__malloc.problem = "there was no memory for its counters";
  return false;
}

/* The first request of a process may come from a library's constructor, before the hook's own has run. No other
   thread runs then as a rule, since starting one makes requests or comes after the constructors. The request may also
   come from a signal handler that interrupted a constructor in the middle of creating a heap. Its thread holds the
   lock, and must not wait for itself. The interrupted code writes another heap, so `malloc` can be opened in between.
 */
bool heapster__malloc_start(const struct heapster__malloc_hook *given) {
  if (heapster__is_locked_here()) return heapster__malloc_start_locked(given);
  heapster__lock();
  const bool is_counted = heapster__malloc_start_locked(given);
  heapster__unlock();
  return is_counted;
}

const struct heapster__malloc_hook *heapster__malloc_hook(void) {
  return heapster__malloc.mode ? &heapster__malloc : NULL;
}

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
  if (!heapster__malloc.mode || heapster__malloc.problem) return HEAPSTER__PROBE_UNTRIED;
  if (heapster__load_relaxed(&is_proved) && !heapster__malloc.can_end) return HEAPSTER__PROBE_REACHED;
  const enum heapster__probe found = probe();
  heapster__store_relaxed(&is_proved, found == HEAPSTER__PROBE_REACHED);
  return found;
}

void heapster__malloc_give_up(const char *problem) {
  heapster__malloc.problem = problem;
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
  heapster__malloc.next.free(heapster__malloc.next.calloc(1, HEAPSTER__MAIN_MIN_SIZE));
  if (!heapster__malloc.next.posix_memalign(&aligned, alignof(max_align_t), HEAPSTER__MAIN_MIN_SIZE))
    heapster__malloc.next.free(aligned);
  const uint64_t between = nested_count_of(thread);
  heapster__malloc.next.free(heapster__malloc.next.realloc(heapster__malloc.next.malloc(HEAPSTER__MAIN_MIN_SIZE),
                                                           (size_t)2 * HEAPSTER__MAIN_MIN_SIZE));
  const uint64_t after = nested_count_of(thread);
  heapster__guard_leave(&guard);
  heapster__lock();
  heapster__malloc.comes_back = between != before;
  if (after != between) guard_next();
  heapster__system_replace(heapster_allocator_system(), heapster__malloc.comes_back);
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
  unsettled = heapster__malloc.next;
  if (!heapster__publish()) return;
  REPLACE_NEXT(malloc, settling_malloc);
  REPLACE_NEXT(calloc, settling_calloc);
  REPLACE_NEXT(realloc, settling_realloc);
  REPLACE_NEXT(posix_memalign, settling_posix_memalign);
  REPLACE_NEXT(aligned_alloc, settling_aligned_alloc);
  REPLACE_NEXT(memalign, settling_memalign);
  if (unsettled.valloc) REPLACE_NEXT(valloc, settling_valloc);
  if (unsettled.pvalloc) REPLACE_NEXT(pvalloc, settling_pvalloc);
}
