/* Shared by the law programs: repeatable dice, and an end that names the law that failed. */
#include "support.h"

#include <heapster/hook.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run support_run;

struct dice dice_make(uint64_t seed) {
  /* Spread, so that seeds 1 and 2 differ from the start; the generator would stay at 0. */
  const uint64_t spread = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
  return (struct dice){spread ? spread : 1};
}

uint64_t dice_roll(struct dice *dice) {
  dice->state ^= dice->state >> 12;
  dice->state ^= dice->state << 25;
  dice->state ^= dice->state >> 27;
  return dice->state * UINT64_C(0x2545F4914F6CDD1D);
}

uint64_t dice_below(struct dice *dice, uint64_t bound) { return (dice_roll(dice) >> 16) % bound; }

uint64_t argument(int argc, char **argv, int index, uint64_t otherwise) {
  return index < argc ? strtoull(argv[index], NULL, 10) : otherwise;
}

bool is_sharded(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  return !strcmp(status.counters, "sharded");
}

int skip_law(const char *reason) {
  printf("skipped: %s\n", reason);
  return 0;
}

void start_thread(pthread_t *thread, void *(*run)(void *), void *context) {
  require(pthread_create(thread, NULL, run, context) == 0, "no thread could be started");
}

void die(const char *law, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", law);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\n  seed %llu, step %llu\n", (unsigned long long)support_run.seed,
          (unsigned long long)support_run.step);
  fflush(stderr);
  _exit(1); /* without destructors: other threads may be running */
}

void require_same_error(const char *law, const char *call, enum heapster_error expected, enum heapster_error found) {
  if (expected != found)
    die(law, "%s: found error %d (%s), expected %d (%s)", call, (int)found, heapster_error_text(found), (int)expected,
        heapster_error_text(expected));
}
