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
