/* Threads: the record that holds a thread's counters. */
#include "count/thread.h"

const struct heapster__shard_head heapster__no_thread[HEAPSTER__THREAD_FREES_ENOUGH + 1];

#ifndef HEAPSTER_SHARED_COUNTERS
_Thread_local const struct heapster__shard_head *heapster__cached_shard_head HEAPSTER__TLS_MODEL =
    &heapster__no_thread[HEAPSTER__THREAD_NEW];
#endif

/* All records ever made, and the stack of those without a thread: a count of changes above the index + 1 of the top
   one, so that a swap cannot succeed on a top that went and came back. */
static struct {
  struct heapster__thread *_Atomic records[HEAPSTER__THREADS];
  _Atomic uint32_t count;
  _Atomic uint64_t free_top;
  void (*release)(struct heapster__thread *thread);
} threads;

void heapster__threads_on_release(void (*release)(struct heapster__thread *thread)) { threads.release = release; }

uint32_t heapster__thread_count(void) {
  uint32_t count = heapster__load_relaxed(&threads.count);
  return count < HEAPSTER__THREADS ? count : HEAPSTER__THREADS;
}

struct heapster__thread *heapster__thread_at(uint32_t index) {
  return heapster__load_acquire(&threads.records[index]); /* pairs with the release in make_thread */
}

#ifndef HEAPSTER_SHARED_COUNTERS

static void push_free(struct heapster__thread *thread) {
  uint64_t top = heapster__load_relaxed(&threads.free_top);
  uint64_t changed;
  do {
    heapster__store_relaxed(&thread->next_free, (uint32_t)top);
    changed = ((top >> 32) + 1) << 32 | (thread->index + 1);
    /* release: the next thread sees the figures that this one leaves; pairs with the acquire in pop_free */
  } while (!heapster__swap_acq_rel(&threads.free_top, &top, changed));
}

static struct heapster__thread *pop_free(void) {
  uint64_t top = heapster__load_acquire(&threads.free_top);
  while ((uint32_t)top) {
    struct heapster__thread *thread = heapster__thread_at((uint32_t)top - 1);
    uint64_t changed = ((top >> 32) + 1) << 32 | heapster__load_relaxed(&thread->next_free);
    if (heapster__swap_acq_rel(&threads.free_top, &top, changed)) return thread;
  }
  return NULL;
}

static struct heapster__thread *make_thread(void) {
  if (heapster__thread_count() == HEAPSTER__THREADS) return NULL;
  struct heapster__thread *thread = heapster__piece_take(sizeof *thread);
  uint32_t index = thread ? heapster__add_relaxed(&threads.count, 1) : HEAPSTER__THREADS;
  if (index >= HEAPSTER__THREADS) return NULL;
  thread->index = index;
  thread->armed.thread = thread;
  heapster__store_relaxed(&thread->cached, &thread->armed);
  heapster__pending_init(&thread->total);
  heapster__store_release(&threads.records[index], thread);
  return thread;
}

static void release(struct heapster__thread *thread) {
  heapster__store_relaxed(&thread->guard, 0);
  if (heapster__unlikely(heapster__load_relaxed(&thread->had_kept))) {
    heapster__store_relaxed(&thread->has_kept, false);
    for (unsigned i = 0; i < HEAPSTER__NESTED_KEPT; i++) heapster__store_relaxed(&thread->kept[i].map, NULL);
    heapster__store_relaxed(&thread->had_kept, false);
  }
  if (threads.release) threads.release(thread);
  heapster__add_relaxed(&thread->generation, 1);
  heapster__store_relaxed(&thread->is_taken, false);
  push_free(thread);
}

/* Why the calling thread has no record. */
static unsigned current_state(void) { return (unsigned)(heapster__cached_shard_head - heapster__no_thread); }

static void set_state(unsigned state) { heapster__cached_shard_head = &heapster__no_thread[state]; }

/* Other keys' destructors allocate and free too: ask to be called again while the system grants rounds. POSIX promises
   four; in the last a sanitizer closes its own record of the thread, and none of our code may run. */
enum { ROUNDS = 3 };

static void end_thread(void *record) {
  struct heapster__thread *thread = record;
  if (++thread->end_calls < ROUNDS && heapster__at_thread_end(thread, end_thread)) return;
  set_state(HEAPSTER__THREAD_DEAD);
  release(thread);
}

struct heapster__thread *heapster__thread_claim(void) {
  if (heapster__this_thread()) return heapster__this_thread();
  unsigned before = current_state();
  if (before == HEAPSTER__THREAD_STARTING || before == HEAPSTER__THREAD_DEAD) return NULL;
  set_state(HEAPSTER__THREAD_STARTING); /* requests of heapster__at_thread_end count in the shared shards */
  struct heapster__thread *thread = pop_free();
  if (!thread) thread = make_thread();
  if (!thread || !heapster__at_thread_end(thread, end_thread)) {
    if (thread) push_free(thread);
    set_state(before);
    return NULL;
  }
  thread->end_calls = 0;
  heapster__store_relaxed(&thread->is_taken, true);
  heapster__cached_shard_head = heapster__load_relaxed(&thread->cached); /* a free record has no guard */
  return thread;
}

struct heapster__thread *heapster__thread_claim_to_free(void) {
  unsigned state = current_state();
  if (state == HEAPSTER__THREAD_STARTING || state == HEAPSTER__THREAD_DEAD) return NULL;
  if (state == HEAPSTER__THREAD_FREES_ENOUGH) return heapster__thread_claim();
  set_state(state == HEAPSTER__THREAD_NEW ? HEAPSTER__THREAD_FREES + 1 : state + 1);
  return NULL;
}

void heapster__threads_drop_others(void) {
  struct heapster__thread *own = heapster__this_thread();
  heapster__store_relaxed(&threads.free_top, 0);
  for (uint32_t i = 0; i < heapster__thread_count(); i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (!thread || thread == own) continue;
    if (heapster__load_relaxed(&thread->is_taken))
      release(thread);
    else
      push_free(thread);
  }
}

#endif
