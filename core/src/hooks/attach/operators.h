/* The C++ operators of an allocator that has its own, counted. An attached hook puts them in place of its. */
#ifndef HEAPSTER__ATTACH_OPERATORS_H
#define HEAPSTER__ATTACH_OPERATORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/platform.h"

/* The allocator's own, in the order of the functions below. Set before the first of these is called. */
enum { HEAPSTER__NEWS = 8 };
extern HEAPSTER__HIDDEN uintptr_t heapster__real_news[HEAPSTER__NEWS];

/* How many requests of less than 17 bytes went down as they were, uncounted: an allocator that has operators of its own
   believes the size that comes with a delete, which may be made by an object that still calls it. */
extern HEAPSTER__HIDDEN heapster__counter heapster__small_news;

void *heapster__attached_new_object(size_t size);
void *heapster__attached_new_array(size_t size);
void *heapster__attached_new_aligned_object(size_t size, size_t alignment);
void *heapster__attached_new_aligned_array(size_t size, size_t alignment);
void *heapster__attached_new_nothrow_object(size_t size, const void *nothrow);
void *heapster__attached_new_nothrow_array(size_t size, const void *nothrow);
void *heapster__attached_new_aligned_nothrow_object(size_t size, size_t alignment, const void *nothrow);
void *heapster__attached_new_aligned_nothrow_array(size_t size, size_t alignment, const void *nothrow);

/* All forms of delete: what follows the block (a size, an alignment, nothrow) goes no further. */
void heapster__attached_delete(void *block);

#endif
