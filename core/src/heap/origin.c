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
} state;

/* The name of this process. It is made on first use, since snapshots may be read before the library is initialized. */
static uint64_t name_process(void) {
  uint64_t name = heapster__load_relaxed(&state.process);
  while (heapster__unlikely(!name)) {
    const uint64_t fresh = heapster__process_name();
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

void heapster__origin_note_reset(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&state.reset_order, heapster__load_relaxed(&state.order));
}

void heapster__origin_note_fork(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&state.parent, heapster__load_relaxed(&state.process));
  heapster__store_relaxed(&state.fork_order, heapster__load_relaxed(&state.order));
  heapster__store_relaxed(&state.process, heapster__process_name());
}

/* A process that forbids itself all system calls can still be reported at its end. */
HEAPSTER__AT_LOAD static void start(void) { name_process(); }
