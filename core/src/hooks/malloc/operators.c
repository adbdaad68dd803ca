/* The C++ operators new and delete: an allocator below may export its own, which never call malloc. */
#include "hooks/malloc/preload.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR(name, symbol, ...) HEAPSTER__PUBLIC __VA_ARGS__ __asm__(symbol)
#define objects heapster__preload.objects

typedef void *new_function(size_t size);
typedef void *new_aligned_function(size_t size, size_t alignment);

static void *next(const char *symbol) { return dlsym(RTLD_NEXT, symbol); }

/* operator new that finds no memory must run the new_handler and throw: the next one knows how. The handler may have
   freed some, so that it comes back with a block. */
static void *new_by_next(size_t size, const char *symbol) {
  new_function *function = NULL;
  void *found = next(symbol);
  if (!found) abort(); /* nobody here can throw, and NULL is no answer of this operator */
  memcpy(&function, &found, sizeof found);
  void *block = function(size);
  heapster__preload.adopt(block, size);
  return block;
}

static void *new_aligned_by_next(size_t size, size_t alignment, const char *symbol) {
  new_aligned_function *function = NULL;
  void *found = next(symbol);
  if (!found) abort();
  memcpy(&function, &found, sizeof found);
  void *block = function(size, alignment);
  heapster__preload.adopt(block, size);
  return block;
}

/* The forms that answer NULL: only a new_handler could still find memory, and the next such form runs it. */
typedef void *new_nothrow_function(size_t size, const void *nothrow);
typedef void *new_aligned_nothrow_function(size_t size, size_t alignment, const void *nothrow);

static bool has_handler(void) {
  typedef void handler_function(void);
  handler_function *(*get_handler)(void) = NULL;
  void *found = dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
  if (!found) return false;
  memcpy(&get_handler, &found, sizeof found);
  return get_handler() != NULL;
}

static void *new_nothrow_by_next(size_t size, const void *nothrow, const char *symbol) {
  new_nothrow_function *function = NULL;
  void *found = has_handler() ? next(symbol) : NULL;
  if (!found) return NULL;
  memcpy(&function, &found, sizeof found);
  void *block = function(size, nothrow);
  if (block) heapster__preload.adopt(block, size);
  return block;
}

static void *new_aligned_nothrow_by_next(size_t size, size_t alignment, const void *nothrow, const char *symbol) {
  new_aligned_nothrow_function *function = NULL;
  void *found = has_handler() ? next(symbol) : NULL;
  if (!found) return NULL;
  memcpy(&function, &found, sizeof found);
  void *block = function(size, alignment, nothrow);
  if (block) heapster__preload.adopt(block, size);
  return block;
}

#define NEW(name, symbol)                             \
  OPERATOR(name, symbol, void *name(size_t size));    \
  void *name(size_t size) {                           \
    void *block = objects.malloc(size);               \
    return block ? block : new_by_next(size, symbol); \
  }

#define NEW_ALIGNED(name, symbol)                                        \
  OPERATOR(name, symbol, void *name(size_t size, size_t alignment));     \
  void *name(size_t size, size_t alignment) {                            \
    void *block = objects.memalign(alignment, size);                     \
    return block ? block : new_aligned_by_next(size, alignment, symbol); \
  }

#define NEW_NOTHROW(name, symbol)                                       \
  OPERATOR(name, symbol, void *name(size_t size, const void *nothrow)); \
  void *name(size_t size, const void *nothrow) {                        \
    void *block = objects.malloc(size);                                 \
    return block ? block : new_nothrow_by_next(size, nothrow, symbol);  \
  }

#define NEW_ALIGNED_NOTHROW(name, symbol)                                                 \
  OPERATOR(name, symbol, void *name(size_t size, size_t alignment, const void *nothrow)); \
  void *name(size_t size, size_t alignment, const void *nothrow) {                        \
    void *block = objects.memalign(alignment, size);                                      \
    return block ? block : new_aligned_nothrow_by_next(size, alignment, nothrow, symbol); \
  }

NEW(new_object, "_Znwm")
NEW(new_array, "_Znam")
NEW_ALIGNED(new_aligned_object, "_ZnwmSt11align_val_t")
NEW_ALIGNED(new_aligned_array, "_ZnamSt11align_val_t")
NEW_NOTHROW(new_nothrow_object, "_ZnwmRKSt9nothrow_t")
NEW_NOTHROW(new_nothrow_array, "_ZnamRKSt9nothrow_t")
NEW_ALIGNED_NOTHROW(new_aligned_nothrow_object, "_ZnwmSt11align_val_tRKSt9nothrow_t")
NEW_ALIGNED_NOTHROW(new_aligned_nothrow_array, "_ZnamSt11align_val_tRKSt9nothrow_t")

/* All forms of delete are the same free: sizes and alignments go no further. */
#define DELETE(name, symbol)                      \
  OPERATOR(name, symbol, void name(void *block)); \
  void name(void *block) { objects.free(block); }

DELETE(delete_object, "_ZdlPv")
DELETE(delete_array, "_ZdaPv")
DELETE(delete_sized_object, "_ZdlPvm")
DELETE(delete_sized_array, "_ZdaPvm")
DELETE(delete_nothrow_object, "_ZdlPvRKSt9nothrow_t")
DELETE(delete_nothrow_array, "_ZdaPvRKSt9nothrow_t")
DELETE(delete_aligned_object, "_ZdlPvSt11align_val_t")
DELETE(delete_aligned_array, "_ZdaPvSt11align_val_t")
DELETE(delete_sized_aligned_object, "_ZdlPvmSt11align_val_t")
DELETE(delete_sized_aligned_array, "_ZdaPvmSt11align_val_t")
DELETE(delete_aligned_nothrow_object, "_ZdlPvSt11align_val_tRKSt9nothrow_t")
DELETE(delete_aligned_nothrow_array, "_ZdaPvSt11align_val_tRKSt9nothrow_t")
