/* An interpreter's allocator domains, counted: four functions with a context in front, as CPython has them. No header
   of the interpreter is used here; the interpreter's module installs the functions.

   The counted functions pass on the context that they are given. It is the next allocator's own, so a concurrent call
   that pairs a new function with the old context, or an old one with the new, is served. */
#ifndef HEAPSTER__SCRIPT_DOMAINS_H
#define HEAPSTER__SCRIPT_DOMAINS_H

#include <heapster/base.h>

#include "count/thread.h"

/* Laid out as PyMemAllocatorEx. */
struct heapster__domain {
  void *context;
  void *(*malloc)(void *context, size_t size);
  void *(*calloc)(void *context, size_t count, size_t size);
  void *(*realloc)(void *context, void *block, size_t size);
  void (*free)(void *context, void *block);
};

enum { HEAPSTER__DOMAINS = 2 };

/* Opens the heap `python`. False: no memory, or HEAPSTER_COUNTERS=shared, which has no re-entry guard. */
HEAPSTER_API bool heapster__domains_open(void);

/* The counted functions are not in force any more: the blocks that they counted may be freed unseen from now on. If
   they come into force again, this is found out where the memory is used again, or is gone by then. */
HEAPSTER_API void heapster__domains_doubt(void);

/* Whether the next allocator never begins two blocks within 32 bytes, whatever their size. Then small requests are
   passed on as they are; at first they are passed on as larger ones. Set it before the functions are installed. */
HEAPSTER_API void heapster__domains_space(bool is_spaced);

/* The functions that count for domain `number` and call `next`. Install them after this. They stay valid for ever: a
   caller that kept them may go on to call them. */
HEAPSTER_API struct heapster__domain heapster__domain_counted(unsigned number, const struct heapster__domain *next);

/* What the counted functions of the domain call. */
HEAPSTER_API struct heapster__domain heapster__domain_next(unsigned number);

/* Whether these are the counted functions of the domain. */
HEAPSTER_API bool heapster__domain_is_counted(unsigned number, const struct heapster__domain *domain);

/* From now on each request asks `site_of_request` for its site before it is passed on; until this is called with NULL.
   The function is called by threads that may call the interpreter, and makes no request. For one of these threads. */
HEAPSTER_API void heapster__domains_capture(struct heapster__site (*site_of_request)(void));

/* Probes whether a request through `domain` reaches the counted functions of any domain. Shows in no figure. For a
   thread that may call the interpreter. */
HEAPSTER_API bool heapster__domain_probe(const struct heapster__domain *domain);

#endif
