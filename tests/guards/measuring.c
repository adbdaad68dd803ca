/* Frame marks over 8 heaps, and windows: what a host pays for looking. In busy frames each heap serves and frees a
   block; in all others, and in the windows, nothing happens. */
#include <heapster/frame.h>
#include <heapster/hook.h>
#include <heapster/window.h>

#include "pattern.h"

enum { HEAPS = 8 };
static struct heapster_heap *heaps[HEAPS];

static void turn_over(void) {
  for (int i = 0; i < HEAPS; i++) {
    void *volatile block = heapster_heap_malloc(heaps[i], 100);
    heapster_heap_free(heaps[i], block);
  }
}

static bool create_heaps(void) {
  for (int i = 0; i < HEAPS; i++) {
    const char name[] = {'h', (char)('0' + i), '\0'};
    if (heapster_heap_create(name, NULL, &heaps[i])) return false;
  }
  turn_over();
  return true;
}

static bool run_quiet_marks(size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (heapster_frame_mark()) return false;
  }
  return true;
}

static bool run_busy_marks(size_t count) {
  for (size_t i = 0; i < count; i++) {
    turn_over();
    if (heapster_frame_mark()) return false;
  }
  return true;
}

/* malloc is a ninth heap, and each mark asks the loader for new libraries. */
static bool run_hooked_marks(size_t count) { return !heapster_hook("malloc") && run_quiet_marks(count); }

/* The ninth heap is there, and nothing is asked. */
static bool run_unhooked_marks(size_t count) {
  return !heapster_hook("malloc") && !heapster_unhook("malloc") && run_quiet_marks(count);
}

static bool run_windows(const struct heapster_heap *heap, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct heapster_window window;
    struct heapster_stats stats;
    if (heapster_window_begin(heap, HEAPSTER_PROCESS, &window) || heapster_window_end(window, &stats)) return false;
    if (stats.alloc_count) return false;
  }
  return true;
}

static bool run_heap_windows(size_t count) { return run_windows(heaps[0], count); }
static bool run_total_windows(size_t count) { return run_windows(NULL, count); }

int main(int count, char **arguments) {
  static const struct pattern patterns[] = {
      {"quiet-marks", run_quiet_marks},       {"busy-marks", run_busy_marks},     {"hooked-marks", run_hooked_marks},
      {"unhooked-marks", run_unhooked_marks}, {"heap-windows", run_heap_windows}, {"total-windows", run_total_windows},
  };
  return create_heaps() ? pattern_main(count, arguments, patterns, sizeof patterns / sizeof *patterns) : 1;
}
