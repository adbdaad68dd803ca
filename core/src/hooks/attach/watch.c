/* Notices that another tool wrote to import tables. */
#include "hooks/attach/watch.h"

#include "base/atomics.h"

enum { WATCHED = 64 };

/* A walk finds the slots of startup objects in one order. So an entry's slot is written once, in effect, and a reader
   that meets a walk at most sees a change where there was none. */
static struct {
  _Atomic uintptr_t slot; /* 0: none, and none after it */
  _Atomic uintptr_t value;
} watched[WATCHED];

static uintptr_t value_of(uintptr_t slot) { return heapster__load_relaxed((const _Atomic uintptr_t *)slot); }

void heapster__watch_slot(size_t number, const uintptr_t *slot) {
  if (number >= WATCHED) return;
  heapster__store_relaxed(&watched[number].value, value_of((uintptr_t)slot));
  heapster__store_relaxed(&watched[number].slot, (uintptr_t)slot);
}

bool heapster__has_changed_slot(void) {
  for (size_t i = 0; i < WATCHED; i++) {
    const uintptr_t slot = heapster__load_relaxed(&watched[i].slot);
    if (!slot) return false;
    if (value_of(slot) != heapster__load_relaxed(&watched[i].value)) return true;
  }
  return false;
}
