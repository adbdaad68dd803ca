/* The malloc family, counted: where public symbols and patched import slots lead. */
#ifndef HEAPSTER__MALLOC_FAMILY_H
#define HEAPSTER__MALLOC_FAMILY_H

#include "hooks/malloc/next.h"
#include "hooks/malloc/operators.h"

/* The family, with the contracts of C, POSIX and glibc. */
HEAPSTER_API void *heapster__counted_malloc(size_t size);
HEAPSTER_API void *heapster__counted_calloc(size_t count, size_t size);
HEAPSTER_API void *heapster__counted_realloc(void *block, size_t size);
HEAPSTER_API void *heapster__counted_reallocarray(void *block, size_t count, size_t size);
HEAPSTER_API void heapster__counted_free(void *block);
HEAPSTER_API int heapster__counted_posix_memalign(void **block, size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_aligned_alloc(size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_memalign(size_t alignment, size_t size);
HEAPSTER_API void *heapster__counted_valloc(size_t size);
HEAPSTER_API void *heapster__counted_pvalloc(size_t size);

/* The operators new that throw. An operator ends in a jump to them, so that the site of the request is its caller. */
HEAPSTER_API void *heapster__counted_new(size_t size);
HEAPSTER_API void *heapster__counted_aligned_new(size_t size, size_t alignment);

/* malloc and memalign for an operator new that tries again: a refusal is not counted. */
HEAPSTER_API void *heapster__tried_malloc(size_t size);
HEAPSTER_API void *heapster__tried_memalign(size_t alignment, size_t size);

/* Counts a refusal of an operator new. */
HEAPSTER_API void heapster__refuse_new(void);

/* Calls the allocator's own nothrow form, which runs the new_handler and may call the public malloc, after a refusal,
   which is counted. What it and the handler request passes uncounted; the block is counted by `size`. */
HEAPSTER_API void *heapster__pass_new_on(heapster__new_nothrow *form, size_t size, const void *nothrow);
HEAPSTER_API void *heapster__pass_aligned_new_on(heapster__new_aligned_nothrow *form, size_t size, size_t alignment,
                                                 const void *nothrow);

#endif
