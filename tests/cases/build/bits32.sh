#!/bin/sh
# A build for a 32-bit processor: CMake, or the compiler in one line, says that 64 bits are needed.
. "$LIBRARY/verdict.sh"

printf 'int main(void) { return 0; }\n' >probe.c
"$CC" -m32 probe.c -o probe 2>/dev/null || cannot_run 'needs lib32gcc-12-dev and libc6-dev-i386, or the like'
if cmake -S "$HEAPSTER_ROOT" -B build -G Ninja -DCMAKE_C_FLAGS=-m32 -DHEAPSTER_PYTHON_MODULE=OFF \
  -DHEAPSTER_LUA_MODULE=OFF -DHEAPSTER_TESTS=OFF >log 2>&1; then
  ninja -k 0 -C build >log 2>&1 && exit 1 # it builds: nobody knows what it does
fi
errors=$(grep -cE 'error:|CMake Error' log)
if grep -qiE '64[ -]bit' log; then right "$(grep -m 1 -iE '64[ -]bit' log)"; fi
wrong "$errors errors, none says that 64 bits are needed"
