/* The mark for inner layers: how the outermost layer is known. */
#include "count/guard.h"

/* The record may lie in a frame that was left: sanitizers would not have it read. */
__attribute__((no_sanitize("address", "thread"))) static bool is_intact(uintptr_t mark) {
  const struct heapster__descent *descent = (const struct heapster__descent *)mark;
  if (descent->proof != heapster__proof_of(descent)) return false;
  return ((void *const volatile *)descent->frame)[1] == descent->returns_to;
}

bool heapster__mark_holds(struct heapster__slot *slot, uintptr_t here) {
  uintptr_t mark = heapster__load_relaxed(&slot->mark);
  if (here < mark && (mark - here > HEAPSTER__STACK_REACH || is_intact(mark))) return true;
  heapster__store_relaxed(&slot->mark, 0);
  heapster__gate_set(slot);
  return false;
}
