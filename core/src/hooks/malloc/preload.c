/* The public malloc symbols and the C++ operators, for LD_PRELOAD or to be linked first. */
#include "hooks/malloc/preload.h"

#include "hooks/malloc/symbols.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC void *malloc(size_t size) { return heapster__preload.family.malloc(size); }

PUBLIC void *calloc(size_t count, size_t size) { return heapster__preload.family.calloc(count, size); }

PUBLIC void *realloc(void *block, size_t size) { return heapster__preload.family.realloc(block, size); }

PUBLIC void free(void *block) { heapster__preload.family.free(block); }

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size) {
  return heapster__preload.family.posix_memalign(block, alignment, size);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size) {
  return heapster__preload.family.aligned_alloc(alignment, size);
}

PUBLIC void *memalign(size_t alignment, size_t size) { return heapster__preload.family.memalign(alignment, size); }

PUBLIC void *valloc(size_t size) { return heapster__preload.family.valloc(size); }

PUBLIC void *pvalloc(size_t size) { return heapster__preload.family.pvalloc(size); }

PUBLIC void *reallocarray(void *block, size_t count, size_t size) {
  return heapster__preload.reallocarray(block, count, size);
}

PUBLIC size_t malloc_usable_size(void *block) { return heapster__preload.usable_size(block); }

/* C23's sized frees, names that old programs link to, and glibc's names for its own functions. */
#define ALSO(symbol, declaration) PUBLIC declaration __asm__(symbol)

#define ALSO_FREE(name, symbol)         \
  ALSO(symbol, void name(void *block)); \
  void name(void *block) { heapster__preload.family.free(block); }
ALSO_FREE(sized_free, "free_sized")
ALSO_FREE(sized_aligned_free, "free_aligned_sized")
ALSO_FREE(old_free, "cfree")

ALSO("__libc_free", void libc_free(void *block));
void libc_free(void *block) { heapster__preload.libc.free(block); }

#define ALSO_LIBC(name, parameters, ...)               \
  ALSO("__libc_" #name, void *libc_##name parameters); \
  void *libc_##name parameters { return heapster__preload.libc.name(__VA_ARGS__); }
ALSO_LIBC(malloc, (size_t size), size)
ALSO_LIBC(calloc, (size_t count, size_t size), count, size)
ALSO_LIBC(realloc, (void *block, size_t size), block, size)
ALSO_LIBC(memalign, (size_t alignment, size_t size), alignment, size)
ALSO_LIBC(valloc, (size_t size), size)
ALSO_LIBC(pvalloc, (size_t size), size)

/* C++'s operators. An allocator may export its own, which never call malloc.

   An operator new without memory must run the new_handler and throw; the next definition does both. It can return a
   block after all, if the handler freed something. */
static void find_next(void *function, const char *symbol) {
  void *found = dlsym(RTLD_NEXT, symbol);
  if (!found) abort(); /* C cannot throw, and this operator must not return NULL */
  memcpy(function, &found, sizeof found);
}

/* A nothrow form returns NULL, unless there is a new_handler, which may free memory: the next nothrow form runs it. */
static bool find_next_with_handler(void *function, const char *symbol) {
  typedef void handler_function(void);
  handler_function *(*get_handler)(void) = NULL;
  void *found = dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
  if (!found) return false;
  memcpy(&get_handler, &found, sizeof found);
  found = get_handler() ? dlsym(RTLD_NEXT, symbol) : NULL;
  memcpy(function, &found, sizeof found);
  return found;
}

static void *adopt(void *block, size_t size) {
  if (block) heapster__preload.adopt(block, size);
  return block;
}

#define NEW(name, symbol, request, parameters, ...) \
  ALSO(symbol, void *name parameters);              \
  void *name parameters {                           \
    void *(*next)parameters = NULL;                 \
    void *block = request;                          \
    if (block) return block;                        \
    find_next(&next, symbol);                       \
    return adopt(next(__VA_ARGS__), size);          \
  }
#define NEW_OR_NULL(name, symbol, request, parameters, ...)            \
  ALSO(symbol, void *name parameters);                                 \
  void *name parameters {                                              \
    void *(*next)parameters = NULL;                                    \
    void *block = request;                                             \
    if (block || !find_next_with_handler(&next, symbol)) return block; \
    return adopt(next(__VA_ARGS__), size);                             \
  }

#define NEW_PLAIN(name, symbol) NEW(name, symbol, heapster__preload.objects.malloc(size), (size_t size), size)
#define NEW_ALIGNED(name, symbol)                                                                               \
  NEW(name, symbol, heapster__preload.objects.memalign(alignment, size), (size_t size, size_t alignment), size, \
      alignment)
#define NEW_NOTHROW(name, symbol) \
  NEW_OR_NULL(name, symbol, heapster__preload.objects.malloc(size), (size_t size, const void *nothrow), size, nothrow)
#define NEW_ALIGNED_NOTHROW(name, symbol)                                        \
  NEW_OR_NULL(name, symbol, heapster__preload.objects.memalign(alignment, size), \
              (size_t size, size_t alignment, const void *nothrow), size, alignment, nothrow)

#define X(kind, name, symbol) NEW_##kind(name, symbol)
HEAPSTER__NEW_OPERATORS(X)
#undef X

#define X(name, symbol)                 \
  ALSO(symbol, void name(void *block)); \
  void name(void *block) { heapster__preload.objects.free(block); }
HEAPSTER__DELETE_OPERATORS(X)
