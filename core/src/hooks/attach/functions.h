/* Which functions an attached hook replaces, and by what. */
#ifndef HEAPSTER__ATTACH_FUNCTIONS_H
#define HEAPSTER__ATTACH_FUNCTIONS_H

#include "base/atomics.h"
#include "base/platform.h"
#include "hooks/malloc/family.h"
#include "hooks/malloc/symbols.h"

/* Indexes of the tables: the members of the malloc family, their other C names, the operators new, the operators
   delete. */
#define X(name) HEAPSTER__REPLACE_##name,
enum { HEAPSTER__FAMILY_FUNCTIONS(X) HEAPSTER__FAMILY_COUNT };
#undef X
enum { HEAPSTER__REPLACE_reallocarray = HEAPSTER__FAMILY_COUNT };
enum { HEAPSTER__OTHER_NAMES = 8, HEAPSTER__FIRST_NEW = HEAPSTER__FAMILY_COUNT + HEAPSTER__OTHER_NAMES };
#define X(kind, name, symbol) HEAPSTER__REPLACE_##name,
enum { HEAPSTER__BEFORE_NEW = HEAPSTER__FIRST_NEW - 1, HEAPSTER__NEW_OPERATORS(X) HEAPSTER__FIRST_DELETE };
#undef X
#define X(name, symbol) HEAPSTER__REPLACE_##name,
enum { HEAPSTER__BEFORE_DELETE = HEAPSTER__FIRST_DELETE - 1, HEAPSTER__DELETE_OPERATORS(X) HEAPSTER__REPLACEMENTS };
#undef X

struct heapster__replacement {
  const char *name;
  uintptr_t counted;
};
extern HEAPSTER__HIDDEN const struct heapster__replacement heapster__replacements[HEAPSTER__REPLACEMENTS];

/* The allocator's own functions; 0 where it lacks one, which is then not replaced. Its reallocarray may be libc's. */
extern HEAPSTER__HIDDEN uintptr_t heapster__real[HEAPSTER__REPLACEMENTS];

/* How often operator new was called for less than 17 bytes. Such a request is passed on unpadded and uncounted: an
   allocator with operators of its own trusts the size given to delete, and an object whose slots are not replaced may
   call that delete. */
extern HEAPSTER__HIDDEN heapster__counter heapster__small_new_count;

/* The index of that name, or HEAPSTER__REPLACEMENTS. */
unsigned heapster__replacement_of(const char *name);

/* Sets the real functions, and copies the malloc family out of them. False: the allocator lacks a function that the
   hook needs. */
bool heapster__replacements_start(const uintptr_t real[HEAPSTER__REPLACEMENTS], struct heapster__malloc_family *family);

#endif
