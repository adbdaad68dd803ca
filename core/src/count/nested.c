/* Requests that are made inside a call of a host's backing. */
#include "count/nested.h"

#include "count/accounting.h"

/* A slot is free while its map is NULL, and being written to while that is BUSY: a signal handler may come then. */
static const char busy;
#define BUSY ((struct heapster__map *)(uintptr_t)&busy)

static bool claim(struct heapster__kept_request *slot, struct heapster__map *from) {
  return heapster__swap_strong(&slot->map, &from, BUSY);
}

static bool try_keep(struct heapster__kept_request *slot, const struct heapster__nested_request *request) {
  if (!claim(slot, NULL)) return false;
  slot->request = *request;
  heapster__store_relaxed(&slot->heap, request->heap);
  heapster__fence_signal();
  heapster__store_relaxed(&slot->map, request->map);
  return true;
}

static bool try_take(struct heapster__kept_request *slot, struct heapster__nested_request *taken) {
  struct heapster__map *const map = heapster__load_relaxed(&slot->map);
  if (!map || map == BUSY || !claim(slot, map)) return false;
  *taken = slot->request;
  heapster__fence_signal();
  heapster__store_relaxed(&slot->map, NULL);
  return true;
}

/* What was requested for a block may be larger by a header, a trailer and an alignment. A pool is larger than its first
   block, as a rule by much. */
enum { MOST_ADDED = 256 };

static bool is_passed_on(const struct heapster__nested_request *request, const void *block, uint64_t size) {
  const uint64_t offset = (uintptr_t)block - (uintptr_t)request->block; /* a smaller address wraps round */
  const bool holds = block && (offset < request->size || !offset);
  return holds && (request->size <= size || request->size - size <= (size > MOST_ADDED ? size : MOST_ADDED));
}

static void count(const struct heapster__nested_request *request) {
  heapster__record_alloc(request->map, request->heap, request->block, request->size);
}

/* A request that is counted may be kept again, by the guard outside. */
void heapster__nested_count(const struct heapster__guard *guard, const void *block, uint64_t size) {
  struct heapster__thread *const thread = guard->thread;
  const bool is_outermost = !heapster__load_relaxed(&thread->guard);
  if (is_outermost) heapster__store_relaxed(&thread->has_kept, false);
  for (unsigned i = 0; i < HEAPSTER__NESTED_KEPT; i++) {
    struct heapster__nested_request each;
    const bool is_own = thread->kept[i].request.guard == ((uintptr_t)guard | HEAPSTER__GUARD_KEEPS);
    if ((is_own || is_outermost) && try_take(&thread->kept[i], &each) && !(is_own && is_passed_on(&each, block, size)))
      count(&each);
  }
}

bool heapster__nested_keep(struct heapster__thread *thread, struct heapster__nested_request request) {
  request.guard = heapster__load_relaxed(&thread->guard);
  if (!(request.guard & HEAPSTER__GUARD_KEEPS)) return false;
  heapster__store_relaxed(&thread->has_kept, true);
  heapster__store_relaxed(&thread->had_kept, true);
  for (unsigned i = 0; i < HEAPSTER__NESTED_KEPT; i++) {
    if (try_keep(&thread->kept[i], &request)) return true;
  }
  struct heapster__nested_request other = request;
  if (try_take(&thread->kept[0], &other) && !try_keep(&thread->kept[0], &request))
    heapster__record_outer_alloc(request.map, request.heap, request.block, request.size);
  heapster__record_outer_alloc(other.map, other.heap, other.block, other.size);
  return true;
}

bool heapster__nested_take(struct heapster__thread *thread, const struct heapster__map *map, const void *block,
                           struct heapster__nested_request *taken) {
  for (unsigned i = 0; i < HEAPSTER__NESTED_KEPT; i++) {
    struct heapster__kept_request *const slot = &thread->kept[i];
    const bool is_it = heapster__load_relaxed(&slot->map) == map && slot->request.block == block;
    if (is_it && try_take(slot, taken)) return true;
  }
  return false;
}

static bool keeps_any(const struct heapster__thread *thread, unsigned heap) {
  for (unsigned i = 0; i < HEAPSTER__NESTED_KEPT; i++) {
    const struct heapster__kept_request *const slot = &thread->kept[i];
    if (heapster__load_relaxed(&slot->map) && heapster__load_relaxed(&slot->heap) == heap) return true;
  }
  return false;
}

bool heapster__nested_is_any_kept(unsigned heap) {
  for (uint32_t i = 0; i < heapster__thread_count(); i++) {
    const struct heapster__thread *const thread = heapster__thread_at(i);
    if (thread && heapster__load_relaxed(&thread->has_kept) && keeps_any(thread, heap)) return true;
  }
  return false;
}
