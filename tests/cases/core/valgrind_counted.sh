#!/bin/sh
# A program in valgrind, whose own malloc takes every request: the report names valgrind, or counts.
. "$LIBRARY/verdict.sh"

cat >program.c <<'C'
#include <stdlib.h>
int main(void) {
  for (int i = 0; i < 1000; i++) free(malloc(500));
  return 0;
}
C
"$CC" -O0 -fno-builtin program.c -o program || exit 1
heapster run -- valgrind -q ./program 2>report || exit 1
expect "$(sed -n 2p report)" 'valgrind|vgpreload'
