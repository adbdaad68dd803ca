#!/bin/sh
# A preloaded mmap wrapper that asks malloc for memory, as tracing libraries do, under `heapster run`.
. "$LIBRARY/verdict.sh"

cat >interposer.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  static void *(*next)(void *, size_t, int, int, int, off_t);
  void *volatile block = malloc(24);
  free(block);
  if (!next) next = dlsym(RTLD_NEXT, "mmap");
  return next(address, size, protection, flags, file, offset);
}
C
"$CC" -O0 -shared -fPIC interposer.c -o libinterposer.so || exit 1
LD_PRELOAD=$PWD/libinterposer.so ls / >bare || exit 1
LD_PRELOAD=$PWD/libinterposer.so timeout 10 heapster run -- ls / >counted 2>report
status=$?
if [ "$status" -eq 0 ] && cmp -s bare counted && grep -q '^alloc_count: ' report; then
  right 'status 0, a report'
fi
wrong "status $status: $(tail -n 1 report)"
