/* An interpreter's allocator domains, counted. */
#include "hooks/script/domains.h"

#include "heap/heap.h"

#include <string.h>

static struct heapster__domain below[HEAPSTER__DOMAINS];
static heapster__counter arrived; /* requests for a new block that came from inside another layer */

/* Books a block, NULL included, that the one below gave. */
static __attribute__((noinline)) void *booked_odd(void *block, size_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__is_nested(thread)) {
    heapster__record_nested(thread);
    heapster__add_relaxed(&arrived, 1);
  } else if (block) {
    heapster__record_alloc(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  } else {
    heapster__count_alloc_failure(HEAPSTER__PYTHON);
  }
  return block;
}

HEAPSTER__INLINE void *booked(void *block, size_t size) {
  enum heapster__fast done = heapster__record_alloc_fast(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  if (heapster__likely(done == HEAPSTER__FAST_DONE)) return block;
  return done == HEAPSTER__FAST_MISS ? booked_odd(block, size) : heapster__flush_here(block);
}

/* How the counted functions get there: straight or, once another layer is counted that the interpreter's allocator may
   ask in its turn, under the mark. They are exchanged, so that no request has to ask. */
static struct {
  void *(*_Atomic malloc)(void *context, size_t size);
  void *(*_Atomic calloc)(void *context, size_t count, size_t size);
  void *(*_Atomic realloc)(void *context, void *block, size_t size);
  void (*_Atomic free)(void *context, void *block);
} down[HEAPSTER__DOMAINS];

HEAPSTER__INLINE size_t size_below(size_t size) { return heapster__padded_size(&heapster__main_map, size); }

static __attribute__((noinline)) void *small_malloc(unsigned number, void *context, size_t size) {
  return booked(heapster__load_relaxed(&down[number].malloc)(context, HEAPSTER__MAIN_MIN_SIZE), size);
}

HEAPSTER__INLINE void *counted_malloc(unsigned number, void *context, size_t size) {
  if (heapster__unlikely(size < HEAPSTER__MAIN_MIN_SIZE)) return small_malloc(number, context, size);
  return booked(heapster__load_relaxed(&down[number].malloc)(context, size), size);
}

HEAPSTER__INLINE void *counted_calloc(unsigned number, void *context, size_t count, size_t size) {
  size_t bytes;
  bool is_wide = __builtin_mul_overflow(count, size, &bytes) || bytes >= HEAPSTER__MAIN_MIN_SIZE;
  if (heapster__unlikely(!is_wide)) count = 1, size = HEAPSTER__MAIN_MIN_SIZE;
  return booked(heapster__load_relaxed(&down[number].calloc)(context, count, size), bytes);
}

static __attribute__((noinline)) void *realloc_odd(unsigned number, void *context, void *block, size_t size) {
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  void *fresh = heapster__load_relaxed(&down[number].realloc)(context, block, size_below(size));
  if (fresh)
    heapster__record_resize(&heapster__main_map, HEAPSTER__PYTHON, taken, block, fresh, size);
  else
    heapster__restore_block(&heapster__main_map, HEAPSTER__PYTHON, taken, block);
  return fresh;
}

HEAPSTER__INLINE void *counted_realloc(unsigned number, void *context, void *block, size_t size) {
  if (!block) return counted_malloc(number, context, size);
  uint64_t old;
  struct heapster__shard *shard = heapster__take_block_fast(&heapster__main_map, HEAPSTER__PYTHON, block, &old);
  if (heapster__unlikely(!shard)) return realloc_odd(number, context, block, size);
  void *fresh = heapster__load_relaxed(&down[number].realloc)(context, block, size_below(size));
  return heapster__finish_resize(shard, &heapster__main_map, HEAPSTER__PYTHON, old, block, fresh, size);
}

/* `is_done`: it is booked, and time to tell. */
static __attribute__((noinline)) void free_odd(unsigned number, void *context, void *block, bool is_done) {
  if (!block) return;
  if (is_done)
    heapster__flush_here(block);
  else
    heapster__record_free(&heapster__main_map, HEAPSTER__PYTHON, block);
  heapster__load_relaxed (&down[number].free)(context, block);
}

HEAPSTER__INLINE void counted_free(unsigned number, void *context, void *block) {
  enum heapster__fast done = heapster__record_free_fast(&heapster__main_map, HEAPSTER__PYTHON, block);
  if (heapster__likely(done == HEAPSTER__FAST_DONE))
    heapster__load_relaxed (&down[number].free)(context, block);
  else
    free_odd(number, context, block, done == HEAPSTER__FAST_FLUSH);
}

/* A call that goes down under the mark. */
#define MARKED(call)                                      \
  struct heapster__guard guard;                           \
  heapster__guard_enter(&guard, heapster__this_thread()); \
  call;                                                   \
  heapster__guard_leave(&guard);

/* A domain finds what is below it without its context, which is not ours. */
#define DOMAIN(number)                                                                                          \
  static HEAPSTER__HOT void *malloc_##number(void *context, size_t size) {                                      \
    return counted_malloc(number, context, size);                                                               \
  }                                                                                                             \
  static HEAPSTER__HOT void *calloc_##number(void *context, size_t count, size_t size) {                        \
    return counted_calloc(number, context, count, size);                                                        \
  }                                                                                                             \
  static HEAPSTER__HOT void *realloc_##number(void *context, void *block, size_t size) {                        \
    return counted_realloc(number, context, block, size);                                                       \
  }                                                                                                             \
  static HEAPSTER__HOT void free_##number(void *context, void *block) { counted_free(number, context, block); } \
  static void *marked_malloc_##number(void *context, size_t size) {                                             \
    MARKED(void *block = below[number].malloc(context, size))                                                   \
    return block;                                                                                               \
  }                                                                                                             \
  static void *marked_calloc_##number(void *context, size_t count, size_t size) {                               \
    MARKED(void *block = below[number].calloc(context, count, size))                                            \
    return block;                                                                                               \
  }                                                                                                             \
  static void *marked_realloc_##number(void *context, void *block, size_t size) {                               \
    MARKED(void *fresh = below[number].realloc(context, block, size))                                           \
    return fresh;                                                                                               \
  }                                                                                                             \
  static void marked_free_##number(void *context, void *block) { MARKED(below[number].free(context, block)) }

DOMAIN(0)
DOMAIN(1)

static const struct heapster__domain marked[HEAPSTER__DOMAINS] = {
    {NULL, marked_malloc_0, marked_calloc_0, marked_realloc_0, marked_free_0},
    {NULL, marked_malloc_1, marked_calloc_1, marked_realloc_1, marked_free_1},
};

static void go_down(unsigned number, const struct heapster__domain *by) {
  heapster__store_relaxed(&down[number].malloc, by->malloc);
  heapster__store_relaxed(&down[number].calloc, by->calloc);
  heapster__store_relaxed(&down[number].realloc, by->realloc);
  heapster__store_relaxed(&down[number].free, by->free);
}

static void go_down_marked(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) go_down(i, &marked[i]);
}

static const struct heapster__domain counted[HEAPSTER__DOMAINS] = {
    {NULL, malloc_0, calloc_0, realloc_0, free_0},
    {NULL, malloc_1, calloc_1, realloc_1, free_1},
};

bool heapster__domains_open(void) {
  heapster__at_layers(go_down_marked);
#ifdef HEAPSTER_SHARED_COUNTERS
  return false;
#else
  return heapster__heap_open(HEAPSTER__PYTHON, "python") != NULL;
#endif
}

struct heapster__domain heapster__domain_counted(unsigned number, const struct heapster__domain *given) {
  below[number] = *given;
  go_down(number, given);
  if (heapster__has_layers()) go_down(number, &marked[number]); /* asked last: one may have come in between */
  struct heapster__domain functions = counted[number];
  functions.context = given->context;
  return functions;
}

struct heapster__domain heapster__domain_next(unsigned number) {
  return below[number];
}

bool heapster__domain_is_counted(unsigned number, const struct heapster__domain *domain) {
  return domain->malloc == counted[number].malloc && domain->calloc == counted[number].calloc &&
         domain->realloc == counted[number].realloc && domain->free == counted[number].free;
}

bool heapster__domain_probe(const struct heapster__domain *domain) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return false;
  uint64_t before = heapster__load_relaxed(&arrived);
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  void *block = domain->malloc(domain->context, HEAPSTER__MAIN_MIN_SIZE);
  if (block) domain->free(domain->context, block);
  heapster__guard_leave(&guard);
  return heapster__load_relaxed(&arrived) != before;
}
