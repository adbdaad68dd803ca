#!/bin/sh
# An allocator in front of libc whose strdup does not call the public malloc, as in mimalloc from 2.1 on and in many
# debug allocators. `heapster run` sees every request nevertheless.
. "$LIBRARY/verdict.sh"

cat >allocator.c <<'C'
#include <errno.h>
#include <stddef.h>
#include <string.h>

static _Alignas(16) char pool[1 << 24];
static _Atomic size_t used;

static void *take(size_t size) {
  const size_t whole = (size + 31) / 16 * 16, end = used += whole;
  if (end > sizeof pool) return NULL;
  size_t *block = (size_t *)(pool + end - whole);
  *block = size;
  return block + 2;
}

void *malloc(size_t size) { return take(size); }
void *calloc(size_t count, size_t size) { return take(count * size); }
void free(void *block) { (void)block; }

void *realloc(void *block, size_t size) {
  void *fresh = take(size);
  const size_t old = block ? ((size_t *)block)[-2] : 0;
  return fresh && old ? memcpy(fresh, block, old < size ? old : size) : fresh;
}

/* A block has its size in front of it, so it is aligned to 16; more is not served. */
void *aligned_alloc(size_t alignment, size_t size) { return alignment > 16 ? NULL : take(size); }
void *memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
size_t malloc_usable_size(void *block) { return block ? ((size_t *)block)[-2] : 0; }

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = aligned_alloc(alignment, size);
  return *block ? 0 : ENOMEM;
}

char *strdup(const char *text) {
  const size_t size = strlen(text) + 1;
  return memcpy(take(size), text, size);
}
C
cat >program.c <<'C'
#include <stdlib.h>
int main(void) {
  for (int i = 0; i < 1000; i++) free(malloc(500));
  return 0;
}
C
"$CC" -O0 -fno-builtin -shared -fPIC allocator.c -o liballocator.so || exit 1
"$CC" -O0 -fno-builtin program.c -o program || exit 1
LD_PRELOAD=$PWD/liballocator.so ./program || exit 1
LD_PRELOAD=$PWD/liballocator.so heapster run -- ./program 2>report || exit 1
count=$(sed -n 's/,//g; s/^alloc_count: //p' report)
if [ "${count:-0}" -ge 1000 ] || grep -q 'liballocator\.so' report; then right "alloc_count ${count:-none}"; fi
wrong "$(cat report)"
