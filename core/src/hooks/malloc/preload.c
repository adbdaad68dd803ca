/* The public malloc symbols, for LD_PRELOAD or to be linked first. */
#include "hooks/malloc/preload.h"

#include <malloc.h>
#include <stdlib.h>

#define PUBLIC HEAPSTER__PUBLIC
#define family heapster__preload.family

PUBLIC void *malloc(size_t size) { return family.malloc(size); }

PUBLIC void *calloc(size_t count, size_t size) { return family.calloc(count, size); }

PUBLIC void *realloc(void *block, size_t size) { return family.realloc(block, size); }

PUBLIC void free(void *block) { family.free(block); }

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size) {
  return family.posix_memalign(block, alignment, size);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size) { return family.aligned_alloc(alignment, size); }

PUBLIC void *memalign(size_t alignment, size_t size) { return family.memalign(alignment, size); }

PUBLIC void *valloc(size_t size) { return family.valloc(size); }

PUBLIC void *pvalloc(size_t size) { return family.pvalloc(size); }

PUBLIC void *reallocarray(void *block, size_t count, size_t size) {
  return heapster__preload.reallocarray(block, count, size);
}

PUBLIC size_t malloc_usable_size(void *block) { return heapster__preload.usable_size(block); }

/* C23. The size goes no further: what was asked for is not what went down. */
PUBLIC void free_sized(void *block, size_t size);
PUBLIC void free_sized(void *block, size_t size) {
  (void)size;
  family.free(block);
}

PUBLIC void free_aligned_sized(void *block, size_t alignment, size_t size);
PUBLIC void free_aligned_sized(void *block, size_t alignment, size_t size) {
  (void)alignment;
  (void)size;
  family.free(block);
}

/* What old programs link to, and the names under which glibc exports its own. */
#define ALSO(symbol, declaration) PUBLIC declaration __asm__(symbol)

ALSO("cfree", void old_free(void *block));
void old_free(void *block) { family.free(block); }

ALSO("__libc_malloc", void *libc_malloc(size_t size));
void *libc_malloc(size_t size) { return family.malloc(size); }

ALSO("__libc_calloc", void *libc_calloc(size_t count, size_t size));
void *libc_calloc(size_t count, size_t size) { return family.calloc(count, size); }

ALSO("__libc_realloc", void *libc_realloc(void *block, size_t size));
void *libc_realloc(void *block, size_t size) { return family.realloc(block, size); }

ALSO("__libc_free", void libc_free(void *block));
void libc_free(void *block) { family.free(block); }

ALSO("__libc_memalign", void *libc_memalign(size_t alignment, size_t size));
void *libc_memalign(size_t alignment, size_t size) { return family.memalign(alignment, size); }

ALSO("__libc_valloc", void *libc_valloc(size_t size));
void *libc_valloc(size_t size) { return family.valloc(size); }

ALSO("__libc_pvalloc", void *libc_pvalloc(size_t size));
void *libc_pvalloc(size_t size) { return family.pvalloc(size); }
