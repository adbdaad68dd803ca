/* An interpreter's allocator domains, counted. */
#include "hooks/script/domains.h"

#include "base/assert.h"
#include "base/lock.h"
#include "count/armed.h"
#include "count/doubt.h"
#include "heap/heap.h"

#include <stdalign.h>
#include <stddef.h>

#include <string.h>

static struct heapster__domain next[HEAPSTER__DOMAINS];

static __attribute__((noinline)) void *record_block_slow(void *block, size_t size) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__is_nested(thread)) {
    heapster__record_nested(thread);
    heapster__add_owned(&thread->nested_objects, 1);
  } else if (block) {
    return heapster__record_alloc(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  } else {
    heapster__count_one(HEAPSTER__PYTHON, alloc_fail_count);
  }
  return block;
}

/* While sites are wanted. If all are, this one's was captured. A large request is at its caller. */
static __attribute__((noinline)) void *record_block_at(void *block, size_t size, const void *caller) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__is_nested(thread) || !block || !thread) return record_block_slow(block, size);
  if (heapster__unlikely(!heapster__is_only_armed())) heapster__note_large(size, caller);
  if (heapster__is_armed()) {
    const struct heapster__site site = thread->site;
    thread->site.kind = HEAPSTER__SITE_UNKNOWN;
    return heapster__record_alloc_at(&heapster__main_map, HEAPSTER__PYTHON, block, size, site);
  }
  return record_block_slow(block, size);
}

static __attribute__((noinline)) void *flush_block(void *block, size_t size, const void *caller) {
  return heapster__flush_grown(HEAPSTER__PYTHON, block, size, caller);
}

HEAPSTER__INLINE void *record_block(void *block, size_t size) {
  enum heapster__fast done = heapster__record_alloc_fast(&heapster__main_map, HEAPSTER__PYTHON, block, size);
  if (heapster__likely(done == HEAPSTER__FAST_DONE)) return block;
  if (done == HEAPSTER__FAST_FLUSH) return flush_block(block, size, __builtin_return_address(0));
  if (heapster__wants_sites()) return record_block_at(block, size, __builtin_return_address(0));
  return record_block_slow(block, size);
}

struct calls {
  void *(*_Atomic malloc)(void *context, size_t size);
  void *(*_Atomic calloc)(void *context, size_t count, size_t size);
  void *(*_Atomic realloc)(void *context, void *block, size_t size);
  void (*_Atomic free)(void *context, void *block);
};

/* `next` or, once the interpreter's allocator may call another counted layer, the same under a guard. */
static struct calls below[HEAPSTER__DOMAINS];

/* `below` or, where blocks were doubtful when the domain was hooked, the same with a search for these. */
static struct calls plain[HEAPSTER__DOMAINS];

/* What the counted functions call: `plain` or, while something is explained, the same with a capture of the site. So no
   request tests which. */
static struct calls calls[HEAPSTER__DOMAINS];

static _Atomic bool are_spaced; /* see heapster__domains_space */

void heapster__domains_space(bool is_spaced) { heapster__store_relaxed(&are_spaced, is_spaced); }

/* As how many bytes a request for so few is passed on. */
static __attribute__((noinline)) size_t padded_small(size_t size) {
  return heapster__load_relaxed(&are_spaced) ? size : HEAPSTER__MAIN_MIN_SIZE;
}

HEAPSTER__INLINE size_t padded(size_t size) {
  return heapster__likely(size >= HEAPSTER__MAIN_MIN_SIZE) ? size : padded_small(size);
}

static __attribute__((noinline)) void *malloc_small(unsigned number, void *context, size_t size) {
  return record_block(heapster__load_relaxed(&calls[number].malloc)(context, padded_small(size)), size);
}

static __attribute__((noinline)) void *calloc_small(unsigned number, void *context, size_t size) {
  return record_block(heapster__load_relaxed(&calls[number].calloc)(context, 1, padded_small(size)), size);
}

HEAPSTER__INLINE void *counted_malloc(unsigned number, void *context, size_t size) {
  if (heapster__unlikely(size < HEAPSTER__MAIN_MIN_SIZE)) return malloc_small(number, context, size);
  return record_block(heapster__load_relaxed(&calls[number].malloc)(context, size), size);
}

HEAPSTER__INLINE void *counted_calloc(unsigned number, void *context, size_t count, size_t size) {
  size_t bytes;
  bool is_wide = __builtin_mul_overflow(count, size, &bytes) || bytes >= HEAPSTER__MAIN_MIN_SIZE;
  if (heapster__unlikely(!is_wide)) return calloc_small(number, context, bytes);
  return record_block(heapster__load_relaxed(&calls[number].calloc)(context, count, size), bytes);
}

/* `fresh` is the block now; NULL: the interpreter's allocator refused, and the block stays. */
static void finish_realloc(void *block, struct heapster__block taken, void *fresh, size_t size, const void *caller) {
  if (heapster__wants_sites()) heapster__note_large(size, caller);
  if (fresh)
    heapster__record_resize(&heapster__main_map, HEAPSTER__PYTHON, taken, block, fresh, size);
  else
    heapster__restore_block(&heapster__main_map, HEAPSTER__PYTHON, taken, block);
}

/* The site was captured in the call. False: take the way of other blocks. */
static bool realloc_armed(unsigned number, void *context, void *block, size_t size, const void *caller, void **fresh) {
  struct heapster__map *const map = &heapster__main_map;
  struct heapster__thread *thread = heapster__this_thread();
  struct heapster__armed_block taken;
  if (!thread || !heapster__take_block_armed(map, HEAPSTER__PYTHON, block, &taken)) return false;
  *fresh = heapster__load_relaxed(&calls[number].realloc)(context, block, padded(size));
  if (*fresh && heapster__record_resize_armed(map, HEAPSTER__PYTHON, &taken, block, *fresh, size, thread->site))
    thread->site.kind = HEAPSTER__SITE_UNKNOWN;
  else
    finish_realloc(block, heapster__block_of_armed(&taken, HEAPSTER__PYTHON), *fresh, size, caller);
  return true;
}

static __attribute__((noinline)) void *realloc_slow(unsigned number, void *context, void *block, size_t size,
                                                    const void *caller) {
  void *fresh;
  if (heapster__is_only_armed() && realloc_armed(number, context, block, size, caller, &fresh)) return fresh;
  struct heapster__block taken = heapster__take_block(&heapster__main_map, block);
  fresh = heapster__load_relaxed(&calls[number].realloc)(context, block, padded(size));
  finish_realloc(block, taken, fresh, size, caller);
  return fresh;
}

HEAPSTER__INLINE void *counted_realloc(unsigned number, void *context, void *block, size_t size) {
  if (!block) return counted_malloc(number, context, size);
  uint64_t old;
  struct heapster__shard *shard = heapster__take_block_fast(&heapster__main_map, HEAPSTER__PYTHON, block, &old);
  if (heapster__unlikely(!shard)) return realloc_slow(number, context, block, size, __builtin_return_address(0));
  void *fresh = heapster__load_relaxed(&calls[number].realloc)(context, block, padded(size));
  return heapster__finish_resize(shard, &heapster__main_map, HEAPSTER__PYTHON, old, block, fresh, size);
}

/* `is_recorded`: the free is recorded, and a flush is due. */
static __attribute__((noinline)) void free_slow(unsigned number, void *context, void *block, bool is_recorded) {
  if (!block) return;
  if (is_recorded)
    heapster__flush_here(block);
  else
    heapster__record_free(&heapster__main_map, HEAPSTER__PYTHON, block);
  heapster__load_relaxed (&calls[number].free)(context, block);
}

HEAPSTER__INLINE void counted_free(unsigned number, void *context, void *block) {
  enum heapster__fast done = heapster__record_free_fast(&heapster__main_map, HEAPSTER__PYTHON, block);
  if (heapster__likely(done == HEAPSTER__FAST_DONE))
    heapster__load_relaxed (&calls[number].free)(context, block);
  else
    free_slow(number, context, block, done == HEAPSTER__FAST_FLUSH);
}

#define GUARDED(name, parameters, ...)                      \
  HEAPSTER__INLINE void *guarded_##name parameters {        \
    struct heapster__guard guard;                           \
    heapster__guard_enter(&guard, heapster__this_thread()); \
    void *result = next[number].name(context, __VA_ARGS__); \
    heapster__guard_leave(&guard);                          \
    return result;                                          \
  }
GUARDED(malloc, (unsigned number, void *context, size_t size), size)
GUARDED(calloc, (unsigned number, void *context, size_t count, size_t size), count, size)
GUARDED(realloc, (unsigned number, void *context, void *block, size_t size), block, size)

HEAPSTER__INLINE void guarded_free(unsigned number, void *context, void *block) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, heapster__this_thread());
  next[number].free(context, block);
  heapster__guard_leave(&guard);
}

HEAPSTER__INLINE void *settle(void *block, size_t size) {
  const size_t bytes = (size + alignof(max_align_t) - 1) & -alignof(max_align_t);
  if (block) heapster__settle_block(HEAPSTER__PYTHON, block, bytes);
  return block;
}

#define SETTLING(name, parameters, size, ...)                                               \
  HEAPSTER__INLINE void *settling_##name parameters {                                       \
    return settle(heapster__load_relaxed(&below[number].name)(context, __VA_ARGS__), size); \
  }
SETTLING(malloc, (unsigned number, void *context, size_t size), size, size)
SETTLING(calloc, (unsigned number, void *context, size_t count, size_t size), count *size, count, size)
SETTLING(realloc, (unsigned number, void *context, void *block, size_t size), size, block, size)

HEAPSTER__INLINE void settling_free(unsigned number, void *context, void *block) {
  heapster__load_relaxed (&below[number].free)(context, block);
}

static struct heapster__site (*_Atomic capture)(void);

/* A nested request is not recorded, so its site would be the next one's. */
HEAPSTER__INLINE void *note(void *block, struct heapster__site site) {
  struct heapster__thread *thread = heapster__this_thread();
  if (heapster__unlikely(!block || heapster__is_nested(thread))) return block;
  if (heapster__likely(thread != NULL))
    thread->site = site;
  else
    heapster__note_site((enum heapster__site_kind)site.kind, (const void *)site.place, site.offset);
  return block;
}

#define EXPLAINING(name, parameters, ...)                                                 \
  HEAPSTER__INLINE void *explaining_##name parameters {                                   \
    const struct heapster__site site = heapster__load_acquire(&capture)();                \
    return note(heapster__load_relaxed(&plain[number].name)(context, __VA_ARGS__), site); \
  }
EXPLAINING(malloc, (unsigned number, void *context, size_t size), size)
EXPLAINING(calloc, (unsigned number, void *context, size_t count, size_t size), count, size)
EXPLAINING(realloc, (unsigned number, void *context, void *block, size_t size), block, size)

HEAPSTER__INLINE void explaining_free(unsigned number, void *context, void *block) {
  heapster__load_relaxed (&plain[number].free)(context, block);
}

/* Only the function tells which domain is called: the context is the next allocator's. */
#define FUNCTIONS(kind, number, attribute)                                                  \
  static attribute void *kind##_malloc_##number(void *context, size_t size) {               \
    return kind##_malloc(number, context, size);                                            \
  }                                                                                         \
  static attribute void *kind##_calloc_##number(void *context, size_t count, size_t size) { \
    return kind##_calloc(number, context, count, size);                                     \
  }                                                                                         \
  static attribute void *kind##_realloc_##number(void *context, void *block, size_t size) { \
    return kind##_realloc(number, context, block, size);                                    \
  }                                                                                         \
  static attribute void kind##_free_##number(void *context, void *block) { kind##_free(number, context, block); }

FUNCTIONS(counted, 0, HEAPSTER__HOT)
FUNCTIONS(counted, 1, HEAPSTER__HOT)
FUNCTIONS(guarded, 0, )
FUNCTIONS(guarded, 1, )
FUNCTIONS(settling, 0, )
FUNCTIONS(settling, 1, )
FUNCTIONS(explaining, 0, )
FUNCTIONS(explaining, 1, )

#define DOMAIN(kind, number) \
  { NULL, kind##_malloc_##number, kind##_calloc_##number, kind##_realloc_##number, kind##_free_##number }
static const struct heapster__domain counted[HEAPSTER__DOMAINS] = {DOMAIN(counted, 0), DOMAIN(counted, 1)};
static const struct heapster__domain guarded[HEAPSTER__DOMAINS] = {DOMAIN(guarded, 0), DOMAIN(guarded, 1)};

static const struct heapster__domain settling[HEAPSTER__DOMAINS] = {DOMAIN(settling, 0), DOMAIN(settling, 1)};
static const struct heapster__domain explaining[HEAPSTER__DOMAINS] = {DOMAIN(explaining, 0), DOMAIN(explaining, 1)};

static void set_calls(struct calls *from, const struct heapster__domain *to) {
  heapster__store_relaxed(&from->malloc, to->malloc);
  heapster__store_relaxed(&from->calloc, to->calloc);
  heapster__store_relaxed(&from->realloc, to->realloc);
  heapster__store_relaxed(&from->free, to->free);
}

static _Atomic bool is_capturing;

/* The fence pairs with that in heapster__domains_capture: one of both finds what the other wrote. */
static void set_plain(unsigned number, const struct heapster__domain *to) {
  set_calls(&plain[number], to);
  heapster__fence_seq_cst();
  set_calls(&calls[number], heapster__load_relaxed(&is_capturing) ? &explaining[number] : to);
}

static void set_below(unsigned number, const struct heapster__domain *to) {
  const bool is_settling = heapster__load_relaxed(&plain[number].malloc) == settling[number].malloc;
  set_calls(&below[number], to);
  if (!is_settling) set_plain(number, to);
}

static void stop_capturing(unsigned number) {
  heapster__store_relaxed(&calls[number].malloc, heapster__load_relaxed(&plain[number].malloc));
  heapster__store_relaxed(&calls[number].calloc, heapster__load_relaxed(&plain[number].calloc));
  heapster__store_relaxed(&calls[number].realloc, heapster__load_relaxed(&plain[number].realloc));
  heapster__store_relaxed(&calls[number].free, heapster__load_relaxed(&plain[number].free));
}

void heapster__domains_capture(struct heapster__site (*site_of_request)(void)) {
  if (site_of_request) heapster__store_release(&capture, site_of_request);
  heapster__store_relaxed(&is_capturing, site_of_request != NULL);
  heapster__fence_seq_cst();
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) {
    if (!heapster__load_relaxed(&plain[i].malloc)) continue; /* not hooked yet */
    if (site_of_request)
      set_calls(&calls[i], &explaining[i]);
    else
      stop_capturing(i);
  }
}

static void guard_all(void) {
  for (unsigned i = 0; i < HEAPSTER__DOMAINS; i++) set_below(i, &guarded[i]);
}

static _Atomic bool was_doubted;

void heapster__domains_doubt(void) {
  heapster__lock();
  heapster__doubt_heap(HEAPSTER__PYTHON);
  heapster__unlock();
  heapster__store_relaxed(&was_doubted, true);
}

static void settle_unmapped(void) {
  heapster__lock();
  heapster__settle_unmapped();
  heapster__unlock();
}

bool heapster__domains_open(void) {
  heapster__at_layers(guard_all);
  if (heapster__load_relaxed(&was_doubted)) settle_unmapped();
  return HEAPSTER__HAS_THREAD_RECORDS && heapster__heap_open(HEAPSTER__PYTHON, "python");
}

struct heapster__domain heapster__domain_counted(unsigned number, const struct heapster__domain *given) {
  HEAPSTER__ASSERT(number < HEAPSTER__DOMAINS);
  next[number] = *given;
  set_calls(&below[number], given);
  set_plain(number, heapster__load_relaxed(&was_doubted) && heapster__has_doubts() ? &settling[number] : given);
  if (heapster__has_layers()) set_below(number, &guarded[number]); /* last: a layer may have been opened in between */
  struct heapster__domain functions = counted[number];
  functions.context = given->context;
  return functions;
}

struct heapster__domain heapster__domain_next(unsigned number) {
  return next[number];
}

bool heapster__domain_is_counted(unsigned number, const struct heapster__domain *domain) {
  return domain->malloc == counted[number].malloc && domain->calloc == counted[number].calloc &&
         domain->realloc == counted[number].realloc && domain->free == counted[number].free;
}

bool heapster__domain_probe(const struct heapster__domain *domain) {
  struct heapster__thread *thread = heapster__thread_claim();
  if (!thread) return false;
  uint64_t before = heapster__load_relaxed(&thread->nested_objects);
  struct heapster__guard guard;
  heapster__guard_enter(&guard, thread);
  void *block = domain->malloc(domain->context, HEAPSTER__MAIN_MIN_SIZE);
  if (block) domain->free(domain->context, block);
  heapster__guard_leave(&guard);
  return heapster__load_relaxed(&thread->nested_objects) != before;
}
