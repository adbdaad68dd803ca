#!/bin/sh
# A program lowers RLIMIT_AS on itself, fills it, and returns from main: its report is there nevertheless.
. "$LIBRARY/verdict.sh"

cat >program.c <<'C'
#include <stdlib.h>
#include <sys/resource.h>
int main(void) {
  const struct rlimit limit = {200 << 20, 200 << 20};
  if (setrlimit(RLIMIT_AS, &limit)) return 1;
  while (malloc(4000)) continue;
  return 0;
}
C
"$CC" -O0 -fno-builtin program.c -o program && ./program || exit 1
heapster run -- ./program 2>said || exit 1
if grep -q '^alloc_count: ' said; then right 'a report'; fi
wrong "$(head -n 1 said)"
