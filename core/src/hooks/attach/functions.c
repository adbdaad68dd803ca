/* Which functions an attached hook replaces, and by what. */
#include "hooks/attach/functions.h"

#include "count/accounting.h"
#include "hooks/malloc/operators.h"

#include <string.h>

_Atomic uintptr_t heapster__real[HEAPSTER__REPLACEMENTS];
heapster__counter heapster__small_new_count;
static _Atomic uint32_t own_operators; /* as in struct heapster__definitions */

static bool is_own(unsigned index) {
  return heapster__load_relaxed(&own_operators) >> (index - HEAPSTER__FIRST_NEW) & 1;
}

bool heapster__is_of_cxx_library(unsigned index) {
  return index >= HEAPSTER__FIRST_NEW && index < HEAPSTER__FIRST_DELETE && !is_own(index);
}

/* Whether the request is left to the allocator's own operator, uncounted. */
static bool is_left_alone(unsigned index, size_t size) {
  if (size >= HEAPSTER__MAIN_MIN_SIZE || !is_own(index)) return false;
  heapster__add_relaxed(&heapster__small_new_count, 1);
  return true;
}

#define FIND_REAL(index, parameters)                                      \
  void *(*real)parameters;                                                \
  const uintptr_t found = heapster__load_relaxed(&heapster__real[index]); \
  memcpy(&real, &found, sizeof real)

/* The C++ library's form, for what memalign would not refuse. */
static bool is_left_to_library(unsigned index, size_t alignment) {
  return heapster__unlikely(!heapster__is_alignment(alignment)) && !is_own(index) &&
         heapster__load_relaxed(&heapster__real[index]);
}

#define NEW_OR_THROW(name, parameters, is_left, counted, ...)                    \
  static void *name parameters {                                                 \
    FIND_REAL(HEAPSTER__REPLACE_##name, parameters);                             \
    if (is_left) return real(__VA_ARGS__);                                       \
    if (is_left_alone(HEAPSTER__REPLACE_##name, size)) return real(__VA_ARGS__); \
    return counted(__VA_ARGS__);                                                 \
  }
#define NEW_PLAIN(name) NEW_OR_THROW(name, (size_t size), false, heapster__counted_new, size)
#define NEW_ALIGNED(name)                                                                                      \
  NEW_OR_THROW(name, (size_t size, size_t alignment), is_left_to_library(HEAPSTER__REPLACE_##name, alignment), \
               heapster__counted_aligned_new, size, alignment)

/* The real nothrow form runs the new_handler. That of the C++ library calls operator new, whose slot is replaced, too.
 */
#define NEW_OR_NULL(name, is_left, request, pass, parameters, ...)               \
  static void *name parameters {                                                 \
    FIND_REAL(HEAPSTER__REPLACE_##name, parameters);                             \
    if (is_left) return real(__VA_ARGS__);                                       \
    if (is_left_alone(HEAPSTER__REPLACE_##name, size)) return real(__VA_ARGS__); \
    void *block = request;                                                       \
    if (block) return block;                                                     \
    if (!heapster__has_new_handler())                                            \
      heapster__refuse_new();                                                    \
    else if (is_own(HEAPSTER__REPLACE_##name))                                   \
      block = pass(real, __VA_ARGS__);                                           \
    else                                                                         \
      block = real(__VA_ARGS__);                                                 \
    return block;                                                                \
  }
#define NEW_NOTHROW(name)                                                                                           \
  NEW_OR_NULL(name, false, heapster__tried_malloc(size), heapster__pass_new_on, (size_t size, const void *nothrow), \
              size, nothrow)
#define NEW_ALIGNED_NOTHROW(name)                                                       \
  NEW_OR_NULL(name, is_left_to_library(HEAPSTER__REPLACE_##name, alignment),            \
              heapster__tried_memalign(alignment, size), heapster__pass_aligned_new_on, \
              (size_t size, size_t alignment, const void *nothrow), size, alignment, nothrow)

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

void heapster__replacements_follow(const struct heapster__definitions *found) {
  for (unsigned index = 0; index < HEAPSTER__REPLACEMENTS; index++) {
    const bool is_other = found->real[index] && found->real[index] != heapster__load_relaxed(&heapster__real[index]);
    if (is_other) heapster__store_relaxed(&heapster__real[index], found->real[index]);
  }
  heapster__store_relaxed(&own_operators, found->own_operators);
}

bool heapster__replacements_start(const struct heapster__definitions *found, struct heapster__malloc_family *family) {
  _Static_assert(sizeof *family == HEAPSTER__FAMILY_COUNT * sizeof *found->real,
                 "the family stands first, in its order");
  for (unsigned index = 0; index <= HEAPSTER__REPLACE_memalign; index++) {
    if (!found->real[index]) return false;
  }
  heapster__replacements_follow(found);
  memcpy(family, found->real, sizeof *family);
  return true;
}
