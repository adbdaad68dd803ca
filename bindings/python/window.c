/* A window of the core, opened and closed with options. */
#include "python/window.h"

#include "common/reasons.h"
#include "common/stats.h"
#include "process/hook.h"
#include "python/errors.h"

struct heapster_stats *heapster__python_alloc_stats(void) {
  struct heapster_stats *const stats = heapster__stats_alloc();
  return stats ? stats : heapster__python_raise(HEAPSTER_NO_MEMORY);
}

bool heapster__open_window(const struct heapster__options *options, struct heapster_window *window) {
  const struct heapster_heap *heap;
  if (!heapster__python_find_heap(options->heap, &heap)) return false;
  if (!heapster__is_counted(heap)) {
    const char *const name = heap ? heapster_heap_name(heap) : NULL;
    heapster__python_raise_text(heapster__python_errors.not_counting, heapster__explain_heap(name));
    return false;
  }
  const enum heapster_error error = heapster_window_begin(heap, options->scope, window);
  if (error) heapster__python_raise(error);
  return !error;
}

bool heapster__close_window(struct heapster_window window, struct heapster_stats *stats) {
  const enum heapster_error error = heapster__stats_end_window(window, stats);
  if (error && !PyErr_Occurred()) heapster__python_raise(error);
  return !error;
}
