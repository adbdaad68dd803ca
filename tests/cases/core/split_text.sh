#!/bin/sh
# A program at a fixed address whose code is in two segments, as node's: is malloc counted, and is that said?
. "$LIBRARY/verdict.sh"

cat >program.c <<'C'
#include <stdlib.h>
void *(*volatile allocate)(size_t);
void (*volatile release)(void *);
int main(void) {
  allocate = malloc; /* the program's own entry for malloc, in its first segment */
  release = free;
  for (int i = 0; i < 1000; i++) release(allocate(100));
  return 0;
}
C
"$CC" -no-pie -fno-pie program.c -o program -Wl,--section-start=.text=0x800000 || exit 1
heapster run -- ./program 2>report || exit 1
grep '^alloc_count: ' report >count || exit 1
if grep -q 'not counted' report; then wrong "$(grep -m 1 'not counted' report)"; fi
right "$(cat count), no problem"
