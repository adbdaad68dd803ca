/* Large requests that are kept until somebody takes them. The store is filled in the middle of requests, by any thread,
   without a lock and without memory; it is emptied under the lock. */
#include "base/atomics.h"
#include "base/lock.h"
#include "explain/large.h"

enum { KEPT = 64 };
enum kept_state { FREE, BUSY, FULL };
static struct kept {
  _Atomic uint32_t state;
  uint64_t order;
  struct heapster_large_request request;
} kept[KEPT];
static _Atomic uint64_t kept_order;

bool heapster__large_keep(const struct heapster_large_request *request) {
  const uint64_t order = heapster__add_relaxed(&kept_order, 1);
  for (unsigned i = 0; i < KEPT; i++) {
    struct kept *const each = &kept[(order + i) % KEPT];
    uint32_t state = FREE;
    if (heapster__load_relaxed(&each->state) != (uint32_t)FREE) continue;
    if (!heapster__swap_strong(&each->state, &state, (uint32_t)BUSY)) continue;
    each->order = order;
    each->request = *request;
    heapster__store_release(&each->state, (uint32_t)FULL);
    return true;
  }
  return false;
}

static struct kept *find_oldest(void) {
  struct kept *oldest = NULL;
  for (unsigned i = 0; i < KEPT; i++) {
    const bool is_full = heapster__load_acquire(&kept[i].state) == (uint32_t)FULL; /* pairs with heapster__large_keep */
    if (is_full && (!oldest || kept[i].order < oldest->order)) oldest = &kept[i];
  }
  return oldest;
}

bool heapster__large_take(struct heapster_large_request *request) {
  heapster__lock();
  struct kept *const oldest = find_oldest();
  if (oldest) {
    *request = oldest->request;
    heapster__store_release(&oldest->state, (uint32_t)FREE);
  }
  heapster__unlock();
  return oldest != NULL;
}

void heapster__large_forget_kept(void) {
  for (unsigned i = 0; i < KEPT; i++) {
    uint32_t state = FULL; /* a thread may just be writing another */
    heapster__swap_strong(&kept[i].state, &state, (uint32_t)FREE);
  }
}

void heapster__large_drop_kept(void) {
  for (unsigned i = 0; i < KEPT; i++) heapster__store_relaxed(&kept[i].state, (uint32_t)FREE);
}
