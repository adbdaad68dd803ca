/* Which functions an attached hook exchanges, and for what. */
#ifndef HEAPSTER__ATTACH_FUNCTIONS_H
#define HEAPSTER__ATTACH_FUNCTIONS_H

#include "base/atomics.h"
#include "base/platform.h"
#include "hooks/malloc/family.h"
#include "hooks/malloc/symbols.h"

/* Indexes of the tables: the members of the malloc family, their other C names, the operators new, the operators
   delete. */
#define X(name) HEAPSTER__EXCHANGE_##name,
enum { HEAPSTER__FAMILY_FUNCTIONS(X) HEAPSTER__FAMILY_COUNT };
#undef X
enum { HEAPSTER__OTHER_NAMES = 8, HEAPSTER__FIRST_NEW = HEAPSTER__FAMILY_COUNT + HEAPSTER__OTHER_NAMES };
#define X(kind, name, symbol) HEAPSTER__EXCHANGE_##name,
enum { HEAPSTER__BEFORE_NEW = HEAPSTER__FIRST_NEW - 1, HEAPSTER__NEW_OPERATORS(X) HEAPSTER__FIRST_DELETE };
#undef X
#define X(name, symbol) HEAPSTER__EXCHANGE_##name,
enum { HEAPSTER__BEFORE_DELETE = HEAPSTER__FIRST_DELETE - 1, HEAPSTER__DELETE_OPERATORS(X) HEAPSTER__EXCHANGES };
#undef X

struct heapster__exchange {
  const char *name;
  uintptr_t counted;
};
extern HEAPSTER__HIDDEN const struct heapster__exchange heapster__exchanges[HEAPSTER__EXCHANGES];

/* The functions of the allocator that is counted; 0 where it lacks one, which is then not exchanged. */
extern HEAPSTER__HIDDEN uintptr_t heapster__real[HEAPSTER__EXCHANGES];

/* How many requests of operator new for less than 17 bytes were passed on as they were, uncounted: an allocator that
   has operators of its own believes the size that comes with a delete, and an object whose slots are not exchanged may
   make that delete. */
extern HEAPSTER__HIDDEN heapster__counter heapster__small_news;

/* The index of that name, or HEAPSTER__EXCHANGES. */
unsigned heapster__exchange_of(const char *name);

/* Sets the real functions, once, and copies the malloc family out of them. False: the allocator lacks a function that
   the hook needs. */
bool heapster__exchanges_start(const uintptr_t real[HEAPSTER__EXCHANGES], struct heapster__malloc_family *family);

#endif
