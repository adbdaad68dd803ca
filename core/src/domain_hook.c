/* An interpreter's allocator domains, counted. */
#include "domain_hook.h"

#include "heap.h"

#include <string.h>

static struct heapster__domain below[HEAPSTER__DOMAINS];
static heapster__counter arrived; /* requests for a new block that came from inside another layer */

/* Books a block, NULL included, that the one below gave. */
static __attribute__((noinline)) void *booked_odd(void *block, size_t size) {
  struct heapster__slot *slot = heapster__slot_here();
  if (heapster__is_inner(slot)) {
    heapster__book_inner(slot);
    heapster__add_relaxed(&arrived, 1);
  } else if (block) {
    heapster__book_alloc(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  } else {
    heapster__count_alloc_failure(HEAPSTER__PYTHON);
  }
  return block;
}

HEAPSTER__INLINE void *booked(void *block, size_t size) {
  enum heapster__at_once done = heapster__alloc_at_once(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  if (heapster__likely(done == HEAPSTER__DONE)) return block;
  return done == HEAPSTER__NOT_DONE ? booked_odd(block, size) : heapster__told(block);
}

/* Where another layer is counted, a call goes down under the mark: the interpreter's allocator may ask that layer in
   its turn. */
HEAPSTER__INLINE bool has_layers(void) { return heapster__unlikely(heapster__load_relaxed(&heapster__has_layers)); }

static __attribute__((noinline)) void *marked_malloc(const struct heapster__domain *down, void *context, size_t size) {
  struct heapster__descent descent;
  heapster__descend(&descent, heapster__slot_here());
  void *block = down->malloc(context, heapster__size_below(size));
  heapster__ascend(&descent);
  return booked(block, size);
}

HEAPSTER__INLINE void *counted_malloc(const struct heapster__domain *down, void *context, size_t size) {
  if (has_layers()) return marked_malloc(down, context, size);
  return booked(down->malloc(context, heapster__size_below(size)), size);
}

static __attribute__((noinline)) void *calloc_odd(const struct heapster__domain *down, void *context, size_t count,
                                                  size_t size) {
  size_t bytes;
  bool is_wide = __builtin_mul_overflow(count, size, &bytes) || bytes >= HEAPSTER__GRANULE;
  struct heapster__descent descent;
  heapster__descend(&descent, has_layers() ? heapster__slot_here() : NULL);
  void *block = down->calloc(context, is_wide ? count : 1, is_wide ? size : HEAPSTER__GRANULE);
  heapster__ascend(&descent);
  return booked(block, bytes);
}

HEAPSTER__INLINE void *counted_calloc(const struct heapster__domain *down, void *context, size_t count, size_t size) {
  size_t bytes;
  bool is_too_much = __builtin_mul_overflow(count, size, &bytes);
  if (has_layers() || heapster__unlikely(is_too_much || bytes < HEAPSTER__GRANULE))
    return calloc_odd(down, context, count, size);
  return booked(down->calloc(context, count, size), bytes);
}

static __attribute__((noinline)) void *realloc_odd(const struct heapster__domain *down, void *context, void *block,
                                                   size_t size) {
  struct heapster__block taken = heapster__book_take(&heapster__main_map, block);
  struct heapster__descent descent;
  heapster__descend(&descent, has_layers() ? heapster__slot_here() : NULL);
  void *fresh = down->realloc(context, block, heapster__size_below(size));
  heapster__ascend(&descent);
  if (fresh)
    heapster__book_resized(&heapster__main_map, HEAPSTER__PYTHON, taken, block, fresh, size);
  else
    heapster__book_restore(&heapster__main_map, HEAPSTER__PYTHON, taken, block);
  return fresh;
}

HEAPSTER__INLINE void *counted_realloc(const struct heapster__domain *down, void *context, void *block, size_t size) {
  if (!block) return counted_malloc(down, context, size);
  uint64_t old;
  struct heapster__shard *shard = NULL;
  if (!has_layers()) shard = heapster__take_at_once(&heapster__main_map, HEAPSTER__PYTHON, block, &old);
  if (heapster__unlikely(!shard)) return realloc_odd(down, context, block, size);
  void *fresh = down->realloc(context, block, heapster__size_below(size));
  return heapster__resized(shard, &heapster__main_map, HEAPSTER__PYTHON, old, block, fresh, size);
}

/* `is_done`: it is booked, and time to tell. */
static __attribute__((noinline)) void free_odd(const struct heapster__domain *down, void *context, void *block,
                                               bool is_done) {
  if (!block) return;
  if (is_done)
    heapster__told(block);
  else
    heapster__book_free(&heapster__main_map, HEAPSTER__PYTHON, block);
  struct heapster__descent descent;
  heapster__descend(&descent, has_layers() ? heapster__slot_here() : NULL);
  down->free(context, block);
  heapster__ascend(&descent);
}

HEAPSTER__INLINE void counted_free(const struct heapster__domain *down, void *context, void *block) {
  enum heapster__at_once done = HEAPSTER__NOT_DONE;
  if (!has_layers()) done = heapster__free_at_once(&heapster__main_map, HEAPSTER__PYTHON, block);
  if (heapster__likely(done == HEAPSTER__DONE))
    down->free(context, block);
  else
    free_odd(down, context, block, done == HEAPSTER__DONE_TELL);
}

/* A domain finds what is below it without its context, which is not ours. */
#define DOMAIN(number)                                                                                               \
  static void *malloc_##number(void *context, size_t size) { return counted_malloc(&below[number], context, size); } \
  static void *calloc_##number(void *context, size_t count, size_t size) {                                           \
    return counted_calloc(&below[number], context, count, size);                                                     \
  }                                                                                                                  \
  static void *realloc_##number(void *context, void *block, size_t size) {                                           \
    return counted_realloc(&below[number], context, block, size);                                                    \
  }                                                                                                                  \
  static void free_##number(void *context, void *block) { counted_free(&below[number], context, block); }

DOMAIN(0)
DOMAIN(1)

static const struct heapster__domain counted[HEAPSTER__DOMAINS] = {
    {NULL, malloc_0, calloc_0, realloc_0, free_0},
    {NULL, malloc_1, calloc_1, realloc_1, free_1},
};

bool heapster__domains_open(void) {
#ifdef HEAPSTER_SHARED_COUNTERS
  return false;
#else
  return heapster__heap_open(HEAPSTER__PYTHON, "python") != NULL;
#endif
}

struct heapster__domain heapster__domain_counted(unsigned number, const struct heapster__domain *down) {
  below[number] = *down;
  struct heapster__domain functions = counted[number];
  functions.context = down->context;
  return functions;
}

struct heapster__domain heapster__domain_below(unsigned number) {
  return below[number];
}

bool heapster__domain_is_counted(unsigned number, const struct heapster__domain *domain) {
  return domain->malloc == counted[number].malloc && domain->calloc == counted[number].calloc &&
         domain->realloc == counted[number].realloc && domain->free == counted[number].free;
}

bool heapster__domain_is_reached(const struct heapster__domain *domain) {
  struct heapster__slot *slot = heapster__slot_claim();
  if (!slot) return false;
  uint64_t before = heapster__load_relaxed(&arrived);
  struct heapster__descent descent;
  heapster__descend(&descent, slot);
  void *block = domain->malloc(domain->context, HEAPSTER__GRANULE);
  if (block) domain->free(domain->context, block);
  heapster__ascend(&descent);
  return heapster__load_relaxed(&arrived) != before;
}
