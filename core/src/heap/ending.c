/* Ends of heaps. */
#include "heap/ending.h"

#include "base/lock.h"
#include "count/retire.h"
#include "heap/baseline.h"
#include "heap/frame.h"
#include "heap/peak.h"
#include "heap/window.h"

static heapster__counter highest_use; /* of any heap that has ended */

uint64_t heapster__ended_use_max(void) { return heapster__load_relaxed(&highest_use); }

void heapster__ended_use_max_restart(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  heapster__store_relaxed(&highest_use, 0);
}

/* Retired heaps have maps of their own only as spares. */
static bool is_map_shared(const struct heapster_heap *heap) {
  if (heap->map == &heapster__main_map) return true;
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++) {
    const struct heapster_heap *const other = heapster__heap_slot(number);
    if (other != heap && other->map == heap->map && other->state != HEAPSTER__HEAP_RETIRED) return true;
  }
  return false;
}

static void note_use_max(unsigned number) {
  const uint64_t use_max = heapster__use_max(number, heapster__use_max_run(number), 0);
  if (use_max > heapster__ended_use_max()) heapster__store_relaxed(&highest_use, use_max);
}

static bool try_retire(struct heapster_heap *heap) {
  const unsigned number = heap->number;
  if (heapster__windows_are_over(number) || heapster__nested_is_any_kept(number)) return false;
  note_use_max(number); /* a resize since the end may have raised it */
  if (!heapster__counters_retire(number)) return false;
  heapster__frames_leave(number);
  heap->has_spare = !is_map_shared(heap);
  heap->state = HEAPSTER__HEAP_RETIRED;
  return true;
}

static unsigned find_retired(void) {
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++) {
    if (heapster__heap_slot(number)->state == HEAPSTER__HEAP_RETIRED) return number;
  }
  return 0;
}

unsigned heapster__find_retired_heap(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const unsigned found = find_retired();
  if (found) return found;
  for (unsigned number = HEAPSTER__FIRST_HOST_HEAP; number <= heapster__last_heap(); number++) {
    struct heapster_heap *const heap = heapster__heap_slot(number);
    if (heap->state == HEAPSTER__HEAP_ENDING && try_retire(heap)) return number;
  }
  return 0;
}

static struct heapster__map *take_spare(struct heapster_heap *heap) {
  if (heap->state != HEAPSTER__HEAP_RETIRED || !heap->has_spare) return NULL;
  heap->has_spare = false;
  return heap->map;
}

struct heapster__map *heapster__take_spare_map(unsigned number) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__map *map = take_spare(heapster__heap_slot(number));
  for (unsigned other = HEAPSTER__FIRST_HOST_HEAP; !map && other <= heapster__last_heap(); other++)
    map = take_spare(heapster__heap_slot(other));
  return map;
}

bool heapster__is_heap_ended(const struct heapster_heap *heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (!heap) return false;
  const bool has_ended = heap->state == HEAPSTER__HEAP_ENDING || heap->state == HEAPSTER__HEAP_RETIRED;
  return has_ended || heap->number == HEAPSTER__ENDED;
}

static enum heapster_error end_heap(struct heapster_heap *heap) {
  if (heapster__is_heap_ended(heap) && heap->number != HEAPSTER__ENDED) return HEAPSTER_HEAP_ENDED;
  if (!heap->is_hosts) return HEAPSTER_HEAP_OF_HOOK;
  if (!heapster__heap_open_ended()) return HEAPSTER_NO_MEMORY;
  heapster__baseline_end(heap->number);
  note_use_max(heap->number);
  heap->state = HEAPSTER__HEAP_ENDING;
  heapster__store_release(&heap->serial, 0);
  heapster__store_release(&heap->is_open, false); /* a reader that finds it closed finds that baseline */
  try_retire(heap);
  return HEAPSTER_OK;
}

enum heapster_error heapster_heap_end(struct heapster_heap *heap) {
  if (!heap) return HEAPSTER_BAD_ARGUMENT;
  heapster__lock();
  const enum heapster_error error = end_heap(heap);
  heapster__unlock();
  return error;
}
