/* Requests that are made inside a call of a host's backing. */
#include "count/nested.h"

#include "count/accounting.h"

/* Whether its frame was not left: it may be read, but no further than this. */
__attribute__((no_sanitize("address", "thread"))) static bool is_intact(const struct heapster__nested *nested) {
  return nested->proof == heapster__guard_proof_of(&nested->guard);
}

/* What the guard at that address keeps; NULL if it is none of a backing. */
static struct heapster__nested *find(struct heapster__thread *thread, uintptr_t guard) {
  struct heapster__nested *nested = heapster__load_relaxed(&thread->nested);
  while (nested && is_intact(nested)) {
    if ((uintptr_t)&nested->guard == guard) return nested;
    nested = nested->outer;
  }
  return NULL;
}

static struct heapster__nested_request take(struct heapster__nested *nested, unsigned index) {
  const struct heapster__nested_request taken = nested->kept[index];
  nested->count--;
  for (unsigned i = index; i < nested->count; i++) nested->kept[i] = nested->kept[i + 1];
  return taken;
}

/* What was requested for a block may be larger by a header, a trailer and an alignment. A pool is larger than its first
   block, as a rule by much. */
enum { MOST_ADDED = 256 };

static bool is_passed_on(const struct heapster__nested_request *request, const void *block, uint64_t size) {
  const uint64_t offset = (uintptr_t)block - (uintptr_t)request->block; /* a smaller address wraps round */
  const bool holds = block && (offset < request->size || !offset);
  return holds && (request->size <= size || request->size - size <= (size > MOST_ADDED ? size : MOST_ADDED));
}

void heapster__nested_count(struct heapster__nested *nested, const void *block, uint64_t size) {
  for (unsigned i = 0; i < nested->count; i++) {
    const struct heapster__nested_request *each = &nested->kept[i];
    if (!is_passed_on(each, block, size)) heapster__record_alloc(each->map, each->heap, each->block, each->size);
  }
}

bool heapster__nested_keep(struct heapster__thread *thread, const struct heapster__nested_request *request) {
  struct heapster__nested *nested = find(thread, heapster__load_relaxed(&thread->guard));
  if (!nested) return false;
  if (nested->count == HEAPSTER__NESTED_KEPT) {
    const struct heapster__nested_request oldest = take(nested, 0);
    heapster__record_outer_alloc(oldest.map, oldest.heap, oldest.block, oldest.size);
  }
  nested->kept[nested->count++] = *request;
  return true;
}

static bool take_from(struct heapster__nested *nested, const struct heapster__map *map, const void *block,
                      struct heapster__nested_request *taken) {
  for (unsigned i = 0; i < nested->count; i++) {
    if (nested->kept[i].map != map || nested->kept[i].block != block) continue;
    *taken = take(nested, i);
    return true;
  }
  return false;
}

bool heapster__nested_take(struct heapster__thread *thread, const struct heapster__map *map, const void *block,
                           struct heapster__nested_request *taken) {
  for (uintptr_t guard = heapster__load_relaxed(&thread->guard); guard;) {
    struct heapster__nested *nested = find(thread, guard);
    if (nested && take_from(nested, map, block, taken)) return true;
    guard = ((const struct heapster__guard *)guard)->outer;
  }
  return false;
}
