/* Memory that the process has for itself alone: of what is resident, the part that no file stands behind. */
#ifndef BENCH_ANONYMOUS_H
#define BENCH_ANONYMOUS_H

#include <stdio.h>
#include <stdlib.h>

static inline long anonymous_kib(void) {
  long kib = -1;
  char line[256];
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  while (file && kib < 0 && fgets(line, sizeof line, file)) (void)sscanf(line, "Anonymous: %ld", &kib);
  if (kib < 0) {
    (void)fputs("no \"Anonymous:\" in /proc/self/smaps_rollup\n", stderr);
    exit(1);
  }
  (void)fclose(file);
  return kib;
}

#endif
