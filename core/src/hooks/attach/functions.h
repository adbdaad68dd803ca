/* Which functions an attached hook exchanges, and for what. */
#ifndef HEAPSTER__ATTACH_FUNCTIONS_H
#define HEAPSTER__ATTACH_FUNCTIONS_H

#include "hooks/attach/operators.h"
#include "hooks/malloc/family.h"

/* Places in the tables: the family, __libc_ names and sized frees included; the operators that allocate; the forms of
   delete. */
enum {
  HEAPSTER__FAMILY = 17,
  HEAPSTER__NEW = HEAPSTER__FAMILY,
  HEAPSTER__DELETE = HEAPSTER__NEW + HEAPSTER__NEWS,
  HEAPSTER__EXCHANGES = HEAPSTER__DELETE + 12
};

struct heapster__exchange {
  const char *name;
  uintptr_t counted;
};
extern HEAPSTER__HIDDEN const struct heapster__exchange heapster__exchanges[HEAPSTER__EXCHANGES];

/* The functions of the allocator that is counted; 0 where it lacks one, which is then not exchanged. */
extern HEAPSTER__HIDDEN uintptr_t heapster__real[HEAPSTER__EXCHANGES];

/* The place of that name, or HEAPSTER__EXCHANGES. */
unsigned heapster__exchange_of(const char *name);

/* Sets the real functions, once, and answers them as the family below the hook. False: the allocator lacks one that
 * cannot be done without. */
bool heapster__exchanges_start(const uintptr_t real[HEAPSTER__EXCHANGES], struct heapster__malloc_family *family);

#endif
