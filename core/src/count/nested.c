/* Requests that are made inside a call of a host's backing. */
#include "count/nested.h"

#include "count/accounting.h"

static struct heapster__nested_request take(struct heapster__thread *thread, unsigned index) {
  const struct heapster__nested_request taken = thread->kept[index];
  thread->kept_count--;
  for (unsigned i = index; i < thread->kept_count; i++) thread->kept[i] = thread->kept[i + 1];
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

/* A request that is counted may be kept again, by the guard outside, at the end. */
void heapster__nested_count(const struct heapster__nested *nested, const void *block, uint64_t size) {
  struct heapster__thread *const thread = nested->guard.thread;
  const bool is_outermost = !heapster__load_relaxed(&thread->guard);
  for (unsigned left = thread->kept_count, i = 0; left > 0; left--) {
    const bool is_own = thread->kept[i].guard == (uintptr_t)&nested->guard;
    if (!is_own && !is_outermost) {
      i++;
      continue;
    }
    const struct heapster__nested_request each = take(thread, i);
    if (!is_own || !is_passed_on(&each, block, size))
      heapster__record_alloc(each.map, each.heap, each.block, each.size);
  }
}

bool heapster__nested_keep(struct heapster__thread *thread, struct heapster__nested_request request) {
  request.guard = heapster__load_relaxed(&thread->guard);
  if (!heapster__guard_keeps((const struct heapster__guard *)request.guard)) return false;
  if (thread->kept_count == HEAPSTER__NESTED_KEPT) {
    const struct heapster__nested_request oldest = take(thread, 0);
    heapster__record_outer_alloc(oldest.map, oldest.heap, oldest.block, oldest.size);
  }
  thread->kept[thread->kept_count++] = request;
  return true;
}

bool heapster__nested_take(struct heapster__thread *thread, const struct heapster__map *map, const void *block,
                           struct heapster__nested_request *taken) {
  for (unsigned i = thread->kept_count; i > 0; i--) {
    if (thread->kept[i - 1].map != map || thread->kept[i - 1].block != block) continue;
    *taken = take(thread, i - 1);
    return true;
  }
  return false;
}
