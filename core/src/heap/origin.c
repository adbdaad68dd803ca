/* Where and when a snapshot was read. */
#include "heap/origin.h"

#include "base/atomics.h"
#include "base/lock.h"
#include "base/platform.h"

static struct {
  _Atomic uint64_t process; /* 0: not named yet */
  _Atomic uint64_t parent;
  _Atomic uint64_t fork_order;
  _Atomic uint64_t reset_order;
  _Atomic uint64_t order;
  _Atomic uint64_t fork_count; /* of this process and those that it was forked from */
} state;

/* A name from a number, never 0: each bit of the number changes half of the name's (splitmix64). */
static uint64_t make_name(uint64_t number) {
  number = (number ^ (number >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  number = (number ^ (number >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (number ^ (number >> 31)) | 1;
}

/* The name of this process. It is made on first use, since snapshots may be read before the library is initialized. */
static uint64_t name_process(void) {
  uint64_t name = heapster__load_relaxed(&state.process);
  while (heapster__unlikely(!name)) {
    const uint64_t fresh = make_name(heapster__program_number());
    if (heapster__swap_relaxed(&state.process, &name, fresh)) name = fresh;
  }
  return name;
}

struct heapster_origin heapster__origin_begin(void) {
  return (struct heapster_origin){
      .process = name_process(),
      .parent = heapster__load_relaxed(&state.parent),
      .fork_order = heapster__load_relaxed(&state.fork_order),
      .order = heapster__add_relaxed(&state.order, 1) + 1,
  };
}

void heapster__origin_end(struct heapster_origin *origin) {
  origin->reset_order = heapster__load_relaxed(&state.reset_order);
}

uint64_t heapster__origin_now(void) { return heapster__load_relaxed(&state.order); }

void heapster__origin_note_reset(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&state.reset_order, heapster__load_relaxed(&state.order));
}

void heapster__origin_before_fork(void) { heapster__add_relaxed(&state.fork_count, 1); }

void heapster__origin_note_fork(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const uint64_t parent = name_process();
  heapster__store_relaxed(&state.parent, parent);
  heapster__store_relaxed(&state.fork_order, heapster__load_relaxed(&state.order));
  heapster__store_relaxed(&state.process, make_name(parent + heapster__load_relaxed(&state.fork_count)));
}
