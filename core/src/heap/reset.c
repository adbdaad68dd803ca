/* The reset: snapshots of every heap count from here on. No shard is written to; windows and frames do not notice. */
#include "base/lock.h"
#include "heap/epoch.h"

static void reset(unsigned number) {
  struct heapster__tally raw = {0};
  int64_t start = heapster__epoch_begin(number);
  heapster__sum(&raw, number);
  if (number) heapster__baseline_publish(number, &raw);
  heapster__use_max_restart(number, start);
}

void heapster_reset(void) {
  heapster__lock();
  for (unsigned number = 1; number <= heapster__last_heap(); number++) {
    if (heapster__heap_at(number)) reset(number);
  }
  reset(HEAPSTER__TOTAL);
  heapster__unlock();
}
