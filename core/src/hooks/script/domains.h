/* An interpreter's allocator domains, counted: four functions with a context in front, as CPython has them. Who knows
   the interpreter installs them; here is no header of it.

   The counted functions of a domain pass the context on that they get: it is the one below's own, so that a call which
   meets the new function with the old context, or the old with the new, is served all the same. */
#ifndef HEAPSTER__SCRIPT_DOMAINS_H
#define HEAPSTER__SCRIPT_DOMAINS_H

#include <heapster/base.h>

/* Laid out as PyMemAllocatorEx. */
struct heapster__domain {
  void *context;
  void *(*malloc)(void *context, size_t size);
  void *(*calloc)(void *context, size_t count, size_t size);
  void *(*realloc)(void *context, void *block, size_t size);
  void (*free)(void *context, void *block);
};

enum { HEAPSTER__DOMAINS = 2 };

/* Opens the heap `python`. False: no memory. HEAPSTER_COUNTERS=shared has no mark for inner layers and cannot: false.
 */
HEAPSTER_API bool heapster__domains_open(void);

/* The functions that count for domain `number` and go down to `below`; to be installed after this. They stay valid
   for ever: who kept them may go on to call them. */
HEAPSTER_API struct heapster__domain heapster__domain_counted(unsigned number, const struct heapster__domain *below);

/* What the counted functions of the domain go down to. */
HEAPSTER_API struct heapster__domain heapster__domain_next(unsigned number);

/* Whether these are the counted functions of the domain. */
HEAPSTER_API bool heapster__domain_is_counted(unsigned number, const struct heapster__domain *domain);

/* Whether a request that is made through `domain` arrives at the counted functions of any domain. It shows in no
   figure. For a thread that may call the interpreter. */
HEAPSTER_API bool heapster__domain_probe(const struct heapster__domain *domain);

#endif
