/* Which functions an attached hook replaces, and by what. */
#include "hooks/attach/functions.h"

#include "count/accounting.h"

#include <string.h>

uintptr_t heapster__real[HEAPSTER__REPLACEMENTS];
heapster__counter heapster__small_new_count;

static bool note_small(size_t size) {
  if (size >= HEAPSTER__MAIN_MIN_SIZE) return false;
  heapster__add_relaxed(&heapster__small_new_count, 1);
  return true;
}

static void *adopt(void *block, size_t size) {
  if (block && size >= HEAPSTER__MAIN_MIN_SIZE) heapster__malloc_adopt(block, size);
  return block;
}

/* A request without memory is passed on to the allocator's own operator, which runs the new_handler and throws; or
   returns a block, if the handler freed something. The nothrow forms return NULL by themselves. */
#define NEW(name, request, parameters, ...)                                \
  static void *name parameters {                                           \
    void *block = note_small(size) ? NULL : request;                       \
    if (block) return block;                                               \
    void *(*real)parameters;                                               \
    memcpy(&real, &heapster__real[HEAPSTER__REPLACE_##name], sizeof real); \
    return adopt(real(__VA_ARGS__), size);                                 \
  }
#define NEW_PLAIN(name) NEW(name, heapster__counted_malloc(size), (size_t size), size)
#define NEW_ALIGNED(name) \
  NEW(name, heapster__counted_memalign(alignment, size), (size_t size, size_t alignment), size, alignment)
#define NEW_NOTHROW(name) NEW(name, heapster__counted_malloc(size), (size_t size, const void *nothrow), size, nothrow)
#define NEW_ALIGNED_NOTHROW(name)                                                                                    \
  NEW(name, heapster__counted_memalign(alignment, size), (size_t size, size_t alignment, const void *nothrow), size, \
      alignment, nothrow)

#define X(kind, name, symbol) NEW_##kind(name)
HEAPSTER__NEW_OPERATORS(X)
#undef X

#define FAMILY(name) [HEAPSTER__REPLACE_##name] = {#name, (uintptr_t)heapster__counted_##name},
#define OTHER_NAME(name, function) \
  { name, (uintptr_t)heapster__counted_##function }
#define NEW_OPERATOR(kind, name, symbol) [HEAPSTER__REPLACE_##name] = {symbol, (uintptr_t)name},
#define DELETE_OPERATOR(name, symbol) [HEAPSTER__REPLACE_##name] = {symbol, (uintptr_t)heapster__counted_free},

const struct heapster__replacement heapster__replacements[HEAPSTER__REPLACEMENTS] = {
    /* clang-format off */
    HEAPSTER__FAMILY_FUNCTIONS(FAMILY)
    [HEAPSTER__REPLACE_reallocarray] = OTHER_NAME("reallocarray", reallocarray),
    OTHER_NAME("__libc_malloc", malloc),
    OTHER_NAME("__libc_calloc", calloc),
    OTHER_NAME("__libc_realloc", realloc),
    OTHER_NAME("__libc_free", free),
    OTHER_NAME("__libc_memalign", memalign),
    OTHER_NAME("free_sized", free),
    OTHER_NAME("free_aligned_sized", free),
    HEAPSTER__NEW_OPERATORS(NEW_OPERATOR)
    HEAPSTER__DELETE_OPERATORS(DELETE_OPERATOR)
    /* clang-format on */
};

unsigned heapster__replacement_of(const char *name) {
  unsigned index = 0;
  while (index < HEAPSTER__REPLACEMENTS &&
         (*heapster__replacements[index].name != *name || strcmp(heapster__replacements[index].name, name) != 0))
    index++;
  return index;
}

bool heapster__replacements_start(const uintptr_t real[HEAPSTER__REPLACEMENTS],
                                  struct heapster__malloc_family *family) {
  _Static_assert(sizeof *family == HEAPSTER__FAMILY_COUNT * sizeof *real, "the family stands first, in its order");
  for (unsigned index = 0; index <= HEAPSTER__REPLACE_memalign; index++) {
    if (!real[index]) return false;
  }
  memcpy(heapster__real, real, sizeof heapster__real);
  memcpy(family, real, sizeof *family);
  return true;
}
