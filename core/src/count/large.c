/* Large requests, which a watch may want to hear of. */
#include "count/large.h"

_Atomic uint64_t heapster__large_above = UINT64_MAX;
void (*_Atomic heapster__large_watcher)(const struct heapster__large *large);
void (*_Atomic heapster__large_after_fork)(void);

/* A request that was noted and did not turn out to be large leaves its note: the size tells whose it is. */
static const void *take_noted(uint64_t whole) {
  struct heapster__thread *thread = heapster__this_thread();
  if (!thread || thread->large.whole != whole) return NULL;
  thread->large.whole = 0;
  return thread->large.caller;
}

void heapster__note_large(uint64_t whole, const void *caller) {
  if (!heapster__is_large(whole)) return;
  struct heapster__thread *thread = heapster__this_thread();
  if (!thread) thread = heapster__thread_claim();
  if (!thread) return;
  thread->large.whole = whole;
  thread->large.caller = caller;
}

__attribute__((noinline)) void heapster__meet_large(struct heapster__large large) {
  void (*watcher)(const struct heapster__large *) = heapster__load_acquire(&heapster__large_watcher);
  if (!large.caller) large.caller = take_noted(large.whole);
  if (watcher) watcher(&large);
}

void *heapster__flush_large(unsigned heap, void *block, uint64_t size, const void *caller) {
  heapster__flush_here(block);
  heapster__meet_large((struct heapster__large){heap, size, size, caller});
  return block;
}
