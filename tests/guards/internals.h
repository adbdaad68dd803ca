/* All that the guards use of heapster beyond its public headers: an interpreter's allocator functions, counted as the
   Python module counts them. A commit that renames or moves these needs a change here alone. */
#ifndef GUARDS_INTERNALS_H
#define GUARDS_INTERNALS_H

#include "domain_hook.h"

typedef struct heapster__domain domain;

/* False: no memory, or counters that the hook cannot use. */
static inline bool count_domain(const domain *next, domain *counted) {
  if (!heapster__domains_open()) return false;
  *counted = heapster__domain_counted(1, next);
  return true;
}

#endif
