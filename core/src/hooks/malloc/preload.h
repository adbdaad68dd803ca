/* Where the public malloc symbols lead: to the bootstrap functions until the next allocator is found, then to the
   counted functions. */
#ifndef HEAPSTER__MALLOC_PRELOAD_H
#define HEAPSTER__MALLOC_PRELOAD_H

#include "base/platform.h"
#include "hooks/malloc/family.h"
#include "hooks/malloc/operators.h"

struct heapster__preload_table {
  struct heapster__malloc_family family;
  struct heapster__malloc_family libc; /* what glibc's own names for its functions call; without posix_memalign */
  struct heapster__object_family objects;
  void *(*reallocarray)(void *block, size_t count, size_t size);
  size_t (*usable_size)(void *block);
  bool (*is_next_object)(const void *function); /* whether the next allocator defines the function */
};

/* How many sites the report of this process has; 0: nothing is explained. What writes the report defines it; it is
   asked before the first request, so before any constructor. */
extern HEAPSTER__HIDDEN unsigned (*const heapster__sites_to_report)(void);

/* Above how many bytes requests of this process are watched; 0: none are. The same holds for it. */
extern HEAPSTER__HIDDEN uint64_t (*const heapster__large_to_say)(void);

/* One indirect jump a call, and no test of a state. */
extern struct heapster__preload_table heapster__preload;

#endif
