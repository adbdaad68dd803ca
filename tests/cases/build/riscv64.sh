#!/bin/sh
# The library built for riscv64: a program that links it, links.
. "$LIBRARY/verdict.sh"

cmake -S "$HEAPSTER_ROOT" -B build -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=riscv64 \
  -DCMAKE_C_COMPILER=riscv64-linux-gnu-gcc -DHEAPSTER_PYTHON_MODULE=OFF -DHEAPSTER_LUA_MODULE=OFF \
  -DHEAPSTER_TESTS=OFF >log 2>&1 || { cat log >&2; exit 1; }
ninja -C build >log 2>&1 || wrong "it does not build: $(grep -m 1 -E 'error:|undefined' log)"
cat >program.c <<'C'
#include <heapster/heapster.h>
int main(void) { return !heapster_version(); }
C
riscv64-linux-gnu-gcc -I"$HEAPSTER_ROOT/core/include" program.c -Lbuild/lib -lheapster -o program 2>log &&
  right 'it links'
wrong "$(grep -m 1 -o 'undefined reference.*' log)"
