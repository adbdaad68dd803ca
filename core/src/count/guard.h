/* The re-entry guard: how the outermost layer is known.

   A layer that calls an allocator which may call back in (a host's backing, an interpreter's) raises a guard around
   that call; nested requests for new blocks pass uncounted. A guard is a record in the caller's frame. longjmp, an
   exception or cancellation may leave that frame without lowering the guard. So a guard holds only for calls from below
   it (the stack grows downwards) and while the record is intact; otherwise it is dropped.

   Not promised: a frame that was left together with its callers still holds for calls from below it until something
   overwrites the record or the return address; so does one further away than HEAPSTER__STACK_REACH, which may lie on
   another stack and cannot be inspected. On AddressSanitizer's fake stack (detect_stack_use_after_return=1) the guard
   does not hold. */
#ifndef HEAPSTER__COUNT_GUARD_H
#define HEAPSTER__COUNT_GUARD_H

#include <heapster/base.h>

#include "count/thread.h"

enum { HEAPSTER__STACK_REACH = 1 << 20 };

struct heapster__guard {
  struct heapster__thread *thread;
  uintptr_t outer;          /* the guard that was up before, or 0 */
  volatile uintptr_t proof; /* that this is a guard, whole and not lowered: heapster__guard_proof_of */
  uintptr_t frame;          /* leads to the frame's return address; after the frame is left, the next call from its */
  void *returns_to;         /* place writes another one there */
};

/* Its own address and contents, inverted: a record that is partly overwritten is not followed. */
HEAPSTER__INLINE uintptr_t heapster__guard_proof_of(const struct heapster__guard *guard) {
  return ~((uintptr_t)guard ^ guard->frame ^ (uintptr_t)guard->returns_to);
}

/* Calls the function in a guard: the new blocks that it requests pass uncounted. */
HEAPSTER_API void heapster__call_uncounted(void (*function)(void));

/* Whether a call from a frame at `here` is nested in the guard that is up; drops a guard that does not hold. */
bool heapster__guard_verify(struct heapster__thread *thread, uintptr_t here);

/* Whether the caller is nested in another layer. */
HEAPSTER__INLINE bool heapster__is_nested(struct heapster__thread *thread) {
  if (!thread || heapster__likely(!heapster__load_relaxed(&thread->guard))) return false;
  return heapster__guard_verify(thread, (uintptr_t)__builtin_frame_address(0));
}

/* The low bit of a thread's `guard`: that guard keeps nested requests; see nested.h. Not in the guard itself, which may
   lie on a stack that is gone. */
enum { HEAPSTER__GUARD_KEEPS = 1 };

HEAPSTER__INLINE void heapster__guard_raise(struct heapster__guard *guard, struct heapster__thread *thread,
                                            uintptr_t keeps) {
  guard->thread = thread;
  if (heapster__unlikely(!thread)) return;
  guard->outer = heapster__is_nested(thread) ? heapster__load_relaxed(&thread->guard) : 0;
  guard->frame = (uintptr_t)__builtin_frame_address(0);
  guard->returns_to = HEAPSTER__OWN_RETURN_ADDRESS(guard->frame);
  guard->proof = heapster__guard_proof_of(guard);
  heapster__store_relaxed(&thread->guard, (uintptr_t)guard | keeps);
  heapster__refresh_cached_head(thread);
}

/* Raises the guard; nothing for a thread without a record. `guard` lies in the caller's frame. */
HEAPSTER__INLINE void heapster__guard_enter(struct heapster__guard *guard, struct heapster__thread *thread) {
  heapster__guard_raise(guard, thread, 0);
}

/* Lowers it again. */
HEAPSTER__INLINE void heapster__guard_leave(struct heapster__guard *guard) {
  if (heapster__unlikely(!guard->thread)) return;
  guard->proof = 0;
  heapster__store_relaxed(&guard->thread->guard, guard->outer);
  heapster__refresh_cached_head(guard->thread);
}

#endif
