#!/bin/sh
# A library with a reallocarray of its own, which calls realloc, as libbsd's: its requests are counted, so it is not named.
. "$LIBRARY/verdict.sh"

cat >library.c <<'C'
#include <stdlib.h>
void *reallocarray(void *block, size_t count, size_t size) { return realloc(block, count * size); }
void *make(size_t count) { return reallocarray(NULL, count, 10); }
C
cat >program.c <<'C'
#include <dlfcn.h>
#include <stdlib.h>
int main(void) {
  void *library = dlopen("./library.so", RTLD_NOW | RTLD_DEEPBIND);
  if (!library) return 1;
  void *(*make)(size_t) = (void *(*)(size_t))dlsym(library, "make");
  for (int i = 0; i < 1000; i++) free(make(10));
  return 0;
}
C
"$CC" -w -O0 -shared -fPIC library.c -o library.so && "$CC" -D_GNU_SOURCE -w -O0 program.c -o program || exit 1
heapster run -- ./program 2>report || exit 1
if grep -q 'it asks another malloc' report; then wrong "$(grep -m 1 'another malloc' report)"; fi
right 'not named as one that asks another malloc'
