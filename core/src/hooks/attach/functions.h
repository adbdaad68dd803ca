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

/* The functions that the process is bound to, the first definition of each in the order of loading; 0: it is not
   replaced. The malloc family is the allocator's; its reallocarray may be libc's. The operators are replaced if they
   are the allocator's own, which never call malloc; and so is operator new of the C++ library, which asks malloc for
   other sizes than the program asked for. */
struct heapster__definitions {
  uintptr_t real[HEAPSTER__REPLACEMENTS];
  uint32_t own_operators; /* bit 0 stands for HEAPSTER__FIRST_NEW: that operator new is the allocator's own */
};
extern HEAPSTER__HIDDEN _Atomic uintptr_t heapster__real[HEAPSTER__REPLACEMENTS];

/* Whether it is an operator new of the C++ library. What passes it by is counted in its malloc. */
bool heapster__is_of_cxx_library(unsigned index);

/* How often operator new was called for less than 17 bytes over an allocator with operators of its own. Such a request
   is passed on unpadded and uncounted: that allocator trusts the size given to delete, and an object whose slots are
   not replaced may call that delete. */
extern HEAPSTER__HIDDEN heapster__counter heapster__small_new_count;

/* The index of that name, or HEAPSTER__REPLACEMENTS. */
unsigned heapster__replacement_of(const char *name);

/* Sets the real functions, and copies the malloc family out of them. False: the allocator lacks a function that the
   hook needs. */
bool heapster__replacements_start(const struct heapster__definitions *found, struct heapster__malloc_family *family);

/* Takes over what a later survey found: the C++ library may be loaded later, or again. */
void heapster__replacements_follow(const struct heapster__definitions *found);

#endif
