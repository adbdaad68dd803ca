#!/bin/sh
# glibc's heap checker, preloaded by the user: a byte behind a block is noticed by it. Also under `heapster run`, or
# heapster says that it passes the checker by. (The checker exports malloc under a hidden version.)
. "$LIBRARY/verdict.sh"

cat >program.c <<'C'
#include <stdlib.h>
int main(void) {
  volatile char *block = malloc(23);
  block[23] ^= 1; /* another value than the checker's there, whatever that is */
  free((void *)block);
  return 0;
}
C
"$CC" -O0 -w program.c -o program || exit 1
export LD_PRELOAD=libc_malloc_debug.so.0 MALLOC_CHECK_=3
(./program) 2>bare
[ $? -eq 134 ] || exit 1 # SIGABRT
(heapster run -- ./program) 2>report
status=$?
if [ "$status" -eq 134 ]; then right 'the overrun is noticed: SIGABRT'; fi
if grep -q 'libc_malloc_debug' report; then right "$(grep 'libc_malloc_debug' report)"; fi
wrong "status $status, the overrun is not noticed, no line names the checker"
