#!/bin/sh
# A plugin opened with RTLD_DEEPBIND under `heapster run`: are its calls counted, or is it named?
. "$LIBRARY/verdict.sh"

cat >plugin.c <<'C'
#include <stdlib.h>
void *make(void) { return malloc(500); }
void drop(void *block) { free(block); }
C
cat >program.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
int main(void) {
  void *plugin = dlopen("./plugin.so", RTLD_NOW | RTLD_DEEPBIND);
  if (!plugin) return 1;
  void *(*make)(void) = dlsym(plugin, "make");
  void (*drop)(void *) = dlsym(plugin, "drop");
  for (int i = 0; i < 1000; i++) drop(make());
  return 0;
}
C
"$CC" -O0 -shared -fPIC plugin.c -o plugin.so && "$CC" -O0 program.c -o program || exit 1
heapster run -- ./program 2>report || exit 1
count=$(sed -n 's/,//g; s/^alloc_count: //p' report)
if [ "${count:-0}" -ge 1000 ] || grep -q 'plugin\.so' report; then
  right "alloc_count $count, $(grep -c 'plugin\.so' report) lines name plugin.so"
fi
wrong "alloc_count ${count:-none}, no line names plugin.so"
