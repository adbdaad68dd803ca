/* What a call of the core costs without a language around it: ns of processor time per call, for
 * tests/bench/bindings.py. */
#include <heapster/heapster.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

HEAPSTER_API double core_cost_stats(unsigned calls);
HEAPSTER_API double core_cost_window(unsigned calls);

double core_cost_stats(unsigned calls) {
  struct heapster_stats stats;
  const double start = now();
  for (unsigned i = 0; i < calls; i++) heapster_stats_read(NULL, &stats);
  return (now() - start) / calls;
}

double core_cost_window(unsigned calls) {
  struct heapster_stats stats;
  struct heapster_window window;
  const double start = now();
  for (unsigned i = 0; i < calls; i++) {
    if (heapster_window_begin(NULL, HEAPSTER_PROCESS, &window)) return 0;
    if (heapster_window_end(window, &stats)) return 0;
  }
  return (now() - start) / calls;
}
