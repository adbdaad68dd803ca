/* Which functions an attached hook exchanges, and for what. */
#include "hooks/attach/functions.h"

#include <string.h>

uintptr_t heapster__real[HEAPSTER__EXCHANGES];

#define MALLOC(name, function) \
  { name, (uintptr_t)heapster__counted_##function }
#define OPERATOR(name, function) \
  { name, (uintptr_t)heapster__attached_##function }

/* C23's sized frees: the size goes no further, what was asked for is not what went down. */
static void free_sized(void *block, size_t size) {
  (void)size;
  heapster__counted_free(block);
}

static void free_aligned_sized(void *block, size_t alignment, size_t size) {
  (void)alignment;
  (void)size;
  heapster__counted_free(block);
}

enum { MALLOC, CALLOC, REALLOC, FREE, POSIX_MEMALIGN, ALIGNED_ALLOC, MEMALIGN, VALLOC, PVALLOC };

const struct heapster__exchange heapster__exchanges[HEAPSTER__EXCHANGES] = {
    [MALLOC] = MALLOC("malloc", malloc),
    [CALLOC] = MALLOC("calloc", calloc),
    [REALLOC] = MALLOC("realloc", realloc),
    [FREE] = MALLOC("free", free),
    [POSIX_MEMALIGN] = MALLOC("posix_memalign", posix_memalign),
    [ALIGNED_ALLOC] = MALLOC("aligned_alloc", aligned_alloc),
    [MEMALIGN] = MALLOC("memalign", memalign),
    [VALLOC] = MALLOC("valloc", valloc),
    [PVALLOC] = MALLOC("pvalloc", pvalloc),
    MALLOC("reallocarray", reallocarray),
    MALLOC("__libc_malloc", malloc),
    MALLOC("__libc_calloc", calloc),
    MALLOC("__libc_realloc", realloc),
    MALLOC("__libc_free", free),
    MALLOC("__libc_memalign", memalign),
    {"free_sized", (uintptr_t)free_sized},
    {"free_aligned_sized", (uintptr_t)free_aligned_sized},
    [HEAPSTER__NEW] = OPERATOR("_Znwm", new_object),
    OPERATOR("_Znam", new_array),
    OPERATOR("_ZnwmSt11align_val_t", new_aligned_object),
    OPERATOR("_ZnamSt11align_val_t", new_aligned_array),
    OPERATOR("_ZnwmRKSt9nothrow_t", new_nothrow_object),
    OPERATOR("_ZnamRKSt9nothrow_t", new_nothrow_array),
    OPERATOR("_ZnwmSt11align_val_tRKSt9nothrow_t", new_aligned_nothrow_object),
    OPERATOR("_ZnamSt11align_val_tRKSt9nothrow_t", new_aligned_nothrow_array),
    [HEAPSTER__DELETE] = MALLOC("_ZdlPv", free),
    MALLOC("_ZdaPv", free),
    OPERATOR("_ZdlPvm", delete),
    OPERATOR("_ZdaPvm", delete),
    OPERATOR("_ZdlPvRKSt9nothrow_t", delete),
    OPERATOR("_ZdaPvRKSt9nothrow_t", delete),
    OPERATOR("_ZdlPvSt11align_val_t", delete),
    OPERATOR("_ZdaPvSt11align_val_t", delete),
    OPERATOR("_ZdlPvmSt11align_val_t", delete),
    OPERATOR("_ZdaPvmSt11align_val_t", delete),
    OPERATOR("_ZdlPvSt11align_val_tRKSt9nothrow_t", delete),
    OPERATOR("_ZdaPvSt11align_val_tRKSt9nothrow_t", delete),
};

unsigned heapster__exchange_of(const char *name) {
  unsigned place = 0;
  while (place < HEAPSTER__EXCHANGES &&
         (*heapster__exchanges[place].name != *name || strcmp(heapster__exchanges[place].name, name) != 0))
    place++;
  return place;
}

bool heapster__exchanges_start(const uintptr_t real[HEAPSTER__EXCHANGES], struct heapster__malloc_family *family) {
  enum { NEEDED = MEMALIGN + 1 };
  _Static_assert(sizeof *family == (PVALLOC + 1) * sizeof *real, "the family stands first, in its order");
  for (unsigned place = 0; place < NEEDED; place++) {
    if (!real[place]) return false;
  }
  memcpy(heapster__real, real, sizeof heapster__real);
  memcpy(heapster__real_news, real + HEAPSTER__NEW, sizeof heapster__real_news);
  memcpy(family, real, sizeof *family);
  return true;
}
