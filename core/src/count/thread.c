/* Threads: the slot that holds a thread's counters. */
#include "count/thread.h"

const struct heapster__gate heapster__no_slot[HEAPSTER__THREAD_FREES_ENOUGH + 1];

#ifndef HEAPSTER_SHARED_COUNTERS
_Thread_local const struct heapster__gate *heapster__self HEAPSTER__TLS_MODEL =
    &heapster__no_slot[HEAPSTER__THREAD_NEW];
#endif

/* All slots ever made, and the stack of those without a thread: a count of changes above the index + 1 of the
   top one, so that a swap cannot succeed on a top that went and came back. */
static struct {
  struct heapster__slot *_Atomic slots[HEAPSTER__SLOTS];
  _Atomic uint32_t count;
  _Atomic uint64_t free_top;
  void (*left)(struct heapster__slot *slot);
} threads;

void heapster__threads_start(void (*left)(struct heapster__slot *slot)) { threads.left = left; }

uint32_t heapster__slot_count(void) {
  uint32_t count = heapster__load_relaxed(&threads.count);
  return count < HEAPSTER__SLOTS ? count : HEAPSTER__SLOTS;
}

struct heapster__slot *heapster__slot_at(uint32_t index) {
  return heapster__load_acquire(&threads.slots[index]); /* pairs with the release of slot_made */
}

#ifndef HEAPSTER_SHARED_COUNTERS

static void push_free(struct heapster__slot *slot) {
  uint64_t top = heapster__load_relaxed(&threads.free_top);
  uint64_t changed;
  do {
    heapster__store_relaxed(&slot->next_free, (uint32_t)top);
    changed = ((top >> 32) + 1) << 32 | (slot->index + 1);
    /* release: the next thread sees the figures that this one leaves; pairs with the acquire in pop_free */
  } while (!heapster__swap_acq_rel(&threads.free_top, &top, changed));
}

static struct heapster__slot *pop_free(void) {
  uint64_t top = heapster__load_acquire(&threads.free_top);
  while ((uint32_t)top) {
    struct heapster__slot *slot = heapster__slot_at((uint32_t)top - 1);
    uint64_t changed = ((top >> 32) + 1) << 32 | heapster__load_relaxed(&slot->next_free);
    if (heapster__swap_acq_rel(&threads.free_top, &top, changed)) return slot;
  }
  return NULL;
}

static struct heapster__slot *slot_made(void) {
  if (heapster__slot_count() == HEAPSTER__SLOTS) return NULL;
  struct heapster__slot *slot = heapster__piece_take(sizeof *slot);
  uint32_t index = slot ? heapster__add_relaxed(&threads.count, 1) : HEAPSTER__SLOTS;
  if (index >= HEAPSTER__SLOTS) return NULL;
  slot->index = index;
  slot->closed.slot = slot;
  heapster__store_relaxed(&slot->open, &slot->closed);
  heapster__drift_start(&slot->total);
  heapster__store_release(&threads.slots[index], slot);
  return slot;
}

static void release(struct heapster__slot *slot) {
  heapster__store_relaxed(&slot->mark, 0);
  if (threads.left) threads.left(slot);
  heapster__add_relaxed(&slot->generation, 1);
  heapster__store_relaxed(&slot->is_taken, false);
  push_free(slot);
}

/* Why the calling thread has no slot. */
static unsigned state_here(void) { return (unsigned)(heapster__self - heapster__no_slot); }

static void set_state(unsigned state) { heapster__self = &heapster__no_slot[state]; }

/* Other keys' destructors allocate and free too: ask to be called again while the system grants rounds. POSIX promises
   four; in the last a sanitizer ends its own books of the thread, and none of our code may run. */
enum { ROUNDS = 3 };

static void thread_ended(void *thread) {
  struct heapster__slot *slot = thread;
  if (++slot->end_calls < ROUNDS && heapster__at_thread_end(slot, thread_ended)) return;
  set_state(HEAPSTER__THREAD_DEAD);
  release(slot);
}

struct heapster__slot *heapster__slot_claim(void) {
  if (heapster__slot_here()) return heapster__slot_here();
  unsigned before = state_here();
  if (before == HEAPSTER__THREAD_STARTING || before == HEAPSTER__THREAD_DEAD) return NULL;
  set_state(HEAPSTER__THREAD_STARTING); /* what the end call allocates finds this, and counts elsewhere */
  struct heapster__slot *slot = pop_free();
  if (!slot) slot = slot_made();
  if (slot && !heapster__at_thread_end(slot, thread_ended)) {
    push_free(slot);
    slot = NULL;
  }
  if (slot) {
    slot->end_calls = 0;
    heapster__store_relaxed(&slot->is_taken, true);
    heapster__gate_set(slot);
  } else {
    set_state(before);
  }
  return slot;
}

struct heapster__slot *heapster__slot_claim_to_free(void) {
  unsigned state = state_here();
  if (state == HEAPSTER__THREAD_STARTING || state == HEAPSTER__THREAD_DEAD) return NULL;
  if (state == HEAPSTER__THREAD_FREES_ENOUGH) return heapster__slot_claim();
  set_state(state == HEAPSTER__THREAD_NEW ? HEAPSTER__THREAD_FREES + 1 : state + 1);
  return NULL;
}

void heapster__threads_forked(void) {
  struct heapster__slot *own = heapster__slot_here();
  heapster__store_relaxed(&threads.free_top, 0);
  for (uint32_t i = 0; i < heapster__slot_count(); i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (!slot || slot == own) continue;
    if (heapster__load_relaxed(&slot->is_taken))
      release(slot);
    else
      push_free(slot);
  }
}

#else

struct heapster__slot *heapster__slot_claim(void) {
  return NULL;
}

struct heapster__slot *heapster__slot_claim_to_free(void) {
  return NULL;
}

void heapster__threads_forked(void) {}

#endif
