/* The re-entry guard: how the outermost layer is known. */
#include "count/guard.h"

/* The record may lie in a frame that was left, which sanitizers would not let us read. */
__attribute__((no_sanitize("address", "thread"))) static bool is_intact(uintptr_t address) {
  const struct heapster__guard *guard = (const struct heapster__guard *)address;
  if (guard->proof != heapster__guard_proof_of(guard)) return false;
  return HEAPSTER__RETURN_ADDRESS_IN(guard->frame) == guard->returns_to;
}

bool heapster__guard_verify(struct heapster__thread *thread, uintptr_t here) {
  const uintptr_t guard = heapster__load_relaxed(&thread->guard) & ~(uintptr_t)HEAPSTER__GUARD_KEEPS;
  if (here < guard && (guard - here > HEAPSTER__STACK_REACH || is_intact(guard))) return true;
  heapster__store_relaxed(&thread->guard, 0);
  heapster__refresh_cached_head(thread);
  return false;
}

void heapster__call_uncounted(void (*function)(void)) {
  struct heapster__guard guard;
  heapster__guard_enter(&guard, heapster__thread_claim());
  function();
  heapster__guard_leave(&guard);
}
