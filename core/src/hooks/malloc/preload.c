/* The public malloc symbols and the C++ operators, for LD_PRELOAD or to be linked first. */
#include "hooks/malloc/preload.h"

#include "base/atomics.h"
#include "hooks/malloc/symbols.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

/* Gives a function that is defined below the name of a public symbol. */
#define ALSO(symbol, declaration) PUBLIC declaration __asm__(symbol)

/* Under its own name, and under glibc's for it. */
#define FUNCTION(name, parameters, ...)                                               \
  PUBLIC void *name parameters { return heapster__preload.family.name(__VA_ARGS__); } \
  ALSO("__libc_" #name, void *libc_##name parameters);                                \
  void *libc_##name parameters { return heapster__preload.libc.name(__VA_ARGS__); }
FUNCTION(malloc, (size_t size), size)
FUNCTION(calloc, (size_t count, size_t size), count, size)
FUNCTION(realloc, (void *block, size_t size), block, size)
FUNCTION(memalign, (size_t alignment, size_t size), alignment, size)
FUNCTION(valloc, (size_t size), size)
FUNCTION(pvalloc, (size_t size), size)

PUBLIC void free(void *block) { heapster__preload.family.free(block); }

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size) {
  return heapster__preload.family.posix_memalign(block, alignment, size);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size) {
  return heapster__preload.family.aligned_alloc(alignment, size);
}

PUBLIC void *reallocarray(void *block, size_t count, size_t size) {
  return heapster__preload.reallocarray(block, count, size);
}

PUBLIC size_t malloc_usable_size(void *block) { return heapster__preload.usable_size(block); }

/* C23's sized frees, a name that old programs link to, and glibc's name; operator delete in its forms. */
#define FREE(member, name, symbol)      \
  ALSO(symbol, void name(void *block)); \
  void name(void *block) { heapster__preload.member.free(block); }
FREE(family, sized_free, "free_sized")
FREE(family, sized_aligned_free, "free_aligned_sized")
FREE(family, old_free, "cfree")
FREE(libc, libc_free, "__libc_free")
#define X(name, symbol) FREE(objects, name, symbol)
HEAPSTER__DELETE_OPERATORS(X)
#undef X

/* The C++ library's form. False: there is none, or the allocator has its own. */
static bool find_library_form(void *function, const char *symbol) {
  const void *found = dlsym(RTLD_NEXT, symbol);
  memcpy(function, &found, sizeof found);
  return found && !heapster__preload.is_next_object(found);
}

/* An object whose alignment is no power of two. In a function of its own, so that for all others the operator ends with
   a jump: the caller of such a request is its caller, not the operator. */
static __attribute__((noinline)) void *create_misaligned(const char *symbol, size_t size, size_t alignment) {
  heapster__new_aligned *next;
  if (find_library_form(&next, symbol)) return next(size, alignment);
  return heapster__preload.objects.create_aligned(size, alignment);
}

/* C++'s operators new. An allocator may export its own, which never call malloc. */
#define NEW_OR_THROW(name, symbol, parameters, function, ...) \
  ALSO(symbol, void *name parameters);                        \
  void *name parameters { return heapster__preload.objects.function(__VA_ARGS__); }
#define NEW_PLAIN(name, symbol) NEW_OR_THROW(name, symbol, (size_t size), create, size)
#define NEW_ALIGNED(name, symbol)                                                                                  \
  ALSO(symbol, void *name(size_t size, size_t alignment));                                                         \
  void *name(size_t size, size_t alignment) {                                                                      \
    if (heapster__unlikely(!heapster__is_alignment(alignment))) return create_misaligned(symbol, size, alignment); \
    return heapster__preload.objects.create_aligned(size, alignment);                                              \
  }

/* A nothrow form returns NULL, unless there is a new_handler, which may free memory: the next nothrow form runs it.
   That of the C++ library calls operator new, and so comes back here. */
static void *find_next(void *function, const char *symbol) {
  void *found = heapster__has_new_handler() ? dlsym(RTLD_NEXT, symbol) : NULL;
  memcpy(function, &found, sizeof found);
  return found;
}

#define NEW_OR_NULL(name, symbol, is_left, request, parameters, type, pass, ...) \
  ALSO(symbol, void *name parameters);                                           \
  void *name parameters {                                                        \
    type *next;                                                                  \
    if ((is_left) && find_library_form(&next, symbol)) return next(__VA_ARGS__); \
    void *block = heapster__preload.objects.request;                             \
    if (block) return block;                                                     \
    const void *found = find_next(&next, symbol);                                \
    if (!found)                                                                  \
      heapster__preload.objects.refuse();                                        \
    else if (heapster__preload.is_next_object(found))                            \
      block = heapster__preload.objects.pass(next, __VA_ARGS__);                 \
    else                                                                         \
      block = next(__VA_ARGS__);                                                 \
    return block;                                                                \
  }
#define NEW_NOTHROW(name, symbol)                                                                               \
  NEW_OR_NULL(name, symbol, false, try_malloc(size), (size_t size, const void *nothrow), heapster__new_nothrow, \
              pass_on, size, nothrow)
#define NEW_ALIGNED_NOTHROW(name, symbol)                                                                           \
  NEW_OR_NULL(name, symbol, !heapster__is_alignment(alignment), try_memalign(alignment, size),                      \
              (size_t size, size_t alignment, const void *nothrow), heapster__new_aligned_nothrow, pass_on_aligned, \
              size, alignment, nothrow)

#define X(kind, name, symbol) NEW_##kind(name, symbol)
HEAPSTER__NEW_OPERATORS(X)
