/* The mark for inner layers: how the outermost layer is known.

   A layer that asks an allocator which comes back in (a host's backing, an interpreter) raises the mark around that
   call; whoever is asked inside passes new blocks through uncounted. The mark is the address of a record in the
   caller's frame. A frame may be left by longjmp, an exception or cancellation, which lower no mark. So it holds only
   for calls from below the record (the stack grows downwards) and while the record is intact; else it is dropped.

   What is not promised: a frame that was left together with its callers, and of which nothing has overwritten record or
   return address yet, still holds for calls from below it; and so does one that is further away than
   HEAPSTER__STACK_REACH, which may be on another stack, where it cannot be looked at. AddressSanitizer's fake stack
   (detect_stack_use_after_return=1) is none: there the mark does not hold. */
#ifndef HEAPSTER__MARK_H
#define HEAPSTER__MARK_H

#include "count/thread.h"

enum { HEAPSTER__STACK_REACH = 1 << 20 };

struct heapster__descent {
  struct heapster__slot *slot;
  uintptr_t outer;          /* the mark that held before, or 0 */
  volatile uintptr_t proof; /* that this is a record, whole and not lowered: heapster__proof_of */
  uintptr_t frame;  /* the return address lies one word above this; once the frame is left, the next call made */
  void *returns_to; /* from where it was called writes its own there */
};

/* Its own address and what it says, turned over: a part of it may have been written over, and is not to be followed. */
HEAPSTER__INLINE uintptr_t heapster__proof_of(const struct heapster__descent *descent) {
  return ~((uintptr_t)descent ^ descent->frame ^ (uintptr_t)descent->returns_to);
}

/* Whether a call from a frame at `here` is made from inside the marked one. Drops a mark that does not hold. */
bool heapster__mark_holds(struct heapster__slot *slot, uintptr_t here);

/* Whether the caller is an inner layer. */
HEAPSTER__INLINE bool heapster__is_inner(struct heapster__slot *slot) {
  if (!slot || heapster__likely(!heapster__load_relaxed(&slot->mark))) return false;
  return heapster__mark_holds(slot, (uintptr_t)__builtin_frame_address(0));
}

/* Raises the mark; nothing for a thread without a slot. `descent` is in the caller's frame. */
HEAPSTER__INLINE void heapster__descend(struct heapster__descent *descent, struct heapster__slot *slot) {
  descent->slot = slot;
  if (heapster__unlikely(!slot)) return;
  descent->outer = heapster__is_inner(slot) ? heapster__load_relaxed(&slot->mark) : 0;
  descent->frame = (uintptr_t)__builtin_frame_address(0);
  descent->returns_to = __builtin_return_address(0);
  descent->proof = heapster__proof_of(descent);
  heapster__store_relaxed(&slot->mark, (uintptr_t)descent);
  heapster__gate_set(slot);
}

/* Lowers it again. */
HEAPSTER__INLINE void heapster__ascend(struct heapster__descent *descent) {
  if (heapster__unlikely(!descent->slot)) return;
  descent->proof = 0;
  heapster__store_relaxed(&descent->slot->mark, descent->outer);
  heapster__gate_set(descent->slot);
}

#endif
