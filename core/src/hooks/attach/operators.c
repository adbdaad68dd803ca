/* The C++ operators of an allocator that has its own, counted.

   A request that finds no memory goes down to the allocator's own operator: it runs the new_handler, which may find
   some after all, and throws. The nothrow forms answer NULL by themselves. */
#include "hooks/attach/operators.h"

#include "base/atomics.h"
#include "count/accounting.h"
#include "hooks/malloc/family.h"

#include <string.h>

typedef void *new_function(size_t size);
typedef void *new_aligned_function(size_t size, size_t alignment);
typedef void *new_nothrow_function(size_t size, const void *nothrow);
typedef void *new_aligned_nothrow_function(size_t size, size_t alignment, const void *nothrow);

heapster__counter heapster__small_news;
uintptr_t heapster__real_news[HEAPSTER__NEWS];

static bool is_small(size_t size) {
  if (size >= HEAPSTER__MAIN_LEAST) return false;
  heapster__add_relaxed(&heapster__small_news, 1);
  return true;
}

static void *adopted(void *block, size_t size) {
  if (block && size >= HEAPSTER__MAIN_LEAST) heapster__malloc_adopt(block, size);
  return block;
}

#define NEW(name, place, type, counted, parameters, ...)     \
  void *heapster__attached_##name parameters {               \
    void *block = is_small(size) ? NULL : counted;           \
    if (block) return block;                                 \
    type *real;                                              \
    memcpy(&real, &heapster__real_news[place], sizeof real); \
    return adopted(real(__VA_ARGS__), size);                 \
  }

NEW(new_object, 0, new_function, heapster__counted_malloc(size), (size_t size), size)
NEW(new_array, 1, new_function, heapster__counted_malloc(size), (size_t size), size)
NEW(new_aligned_object, 2, new_aligned_function, heapster__counted_memalign(alignment, size),
    (size_t size, size_t alignment), size, alignment)
NEW(new_aligned_array, 3, new_aligned_function, heapster__counted_memalign(alignment, size),
    (size_t size, size_t alignment), size, alignment)
NEW(new_nothrow_object, 4, new_nothrow_function, heapster__counted_malloc(size), (size_t size, const void *nothrow),
    size, nothrow)
NEW(new_nothrow_array, 5, new_nothrow_function, heapster__counted_malloc(size), (size_t size, const void *nothrow),
    size, nothrow)
NEW(new_aligned_nothrow_object, 6, new_aligned_nothrow_function, heapster__counted_memalign(alignment, size),
    (size_t size, size_t alignment, const void *nothrow), size, alignment, nothrow)
NEW(new_aligned_nothrow_array, 7, new_aligned_nothrow_function, heapster__counted_memalign(alignment, size),
    (size_t size, size_t alignment, const void *nothrow), size, alignment, nothrow)

void heapster__attached_delete(void *block) { heapster__counted_free(block); }
