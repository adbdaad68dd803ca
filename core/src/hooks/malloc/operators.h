/* C++'s operators new when memory is short, for those that the hook puts in the place of others. */
#ifndef HEAPSTER__MALLOC_OPERATORS_H
#define HEAPSTER__MALLOC_OPERATORS_H

#include <heapster/base.h>

/* The nothrow forms of operator new. */
typedef void *heapster__new_nothrow(size_t size, const void *nothrow);
typedef void *heapster__new_aligned_nothrow(size_t size, size_t alignment, const void *nothrow);

/* What new and delete call. */
struct heapster__object_family {
  void *(*create)(size_t size); /* these two never return NULL */
  void *(*create_aligned)(size_t size, size_t alignment);
  void *(*try_malloc)(size_t size); /* these two count no refusal */
  void *(*try_memalign)(size_t alignment, size_t size);
  void (*refuse)(void);                                                            /* counts one */
  void *(*pass_on)(heapster__new_nothrow *form, size_t size, const void *nothrow); /* to the allocator's own form */
  void *(*pass_on_aligned)(heapster__new_aligned_nothrow *form, size_t size, size_t alignment, const void *nothrow);
  void (*free)(void *block);
};

/* The aligned form that throws. */
typedef void *heapster__new_aligned(size_t size, size_t alignment);

/* memalign rounds any other number up. The C++ library throws std::bad_alloc for it, or does as it pleases: such a
   request is left to it, unless the allocator has an operator of its own. */
static inline bool heapster__is_alignment(size_t alignment) { return alignment && !(alignment & (alignment - 1)); }

/* Calls the new_handler, which may free memory, throw or end the program. Throws std::bad_alloc if there is none. */
HEAPSTER_API void heapster__run_new_handler(void);

/* Whether there is one. */
HEAPSTER_API bool heapster__has_new_handler(void);

/* The rest of an operator new that throws, after a first `request`. The request is one, and counts as refused once,
   however often the handler runs. */
#define HEAPSTER__NEW_OR_THROW(request, retry) \
  do {                                         \
    void *block = request;                     \
    while (!block) {                           \
      heapster__run_new_handler();             \
      block = retry;                           \
    }                                          \
    return block;                              \
  } while (0)

#endif
