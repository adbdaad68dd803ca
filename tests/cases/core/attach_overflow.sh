#!/bin/sh
# reallocarray whose product overflows, with malloc hooked at run time over another allocator (usage: LIBRARY_FILE): its
# refusal is counted as glibc's is.
. "$LIBRARY/verdict.sh"

cat >program.c <<'C'
#define _GNU_SOURCE
#include <heapster/heapster.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  static struct heapster_stats before, after;
  const volatile size_t count = (size_t)1 << 40;
  if (heapster_hook("malloc")) return 1;
  heapster_stats_read(heapster_heap_find("malloc"), &before);
  if (reallocarray(NULL, count, count)) return 1;
  heapster_stats_read(heapster_heap_find("malloc"), &after);
  printf("%lu\n", (unsigned long)(after.alloc_fail_count - before.alloc_fail_count));
  return 0;
}
C
"$CC" -O0 -I"$HEAPSTER_ROOT/core/include" program.c -L"$HEAPSTER_BUILD/lib" -lheapster \
  -Wl,-rpath,"$HEAPSTER_BUILD/lib" -o program || exit 1
[ "$(./program)" = 1 ] || exit 1 # over glibc
found=$(LD_PRELOAD=$1 ./program) || exit 1
if [ "$found" = 1 ]; then right "alloc_fail_count $found"; fi
wrong "alloc_fail_count $found"
