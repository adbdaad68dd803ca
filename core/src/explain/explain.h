/* Explaining, for the modules of interpreters: raw sites, whose places only they can name. */
#ifndef HEAPSTER__EXPLAIN_EXPLAIN_H
#define HEAPSTER__EXPLAIN_EXPLAIN_H

#include <heapster/explain.h>

#include "count/arming.h"

/* `keep(place)` is called for each new site of that kind, by the thread that makes the request, in the middle of its
   hook: it may keep what lies at the place alive, and make no request. NULL: no more. Set it while nothing is
   explained. */
HEAPSTER_API void heapster__explain_keep(enum heapster__site_kind kind, void (*keep)(uintptr_t place));

/* heapster_explain_end with all sites, which are in pages of their own, in any order: give them back by
   heapster__explain_free. `function` and `file` of C sites are not filled in: see heapster__site_name. */
HEAPSTER_API enum heapster_error heapster__explain_take(struct heapster_explanation *explanation,
                                                        struct heapster_site **sites, size_t *count);
HEAPSTER_API void heapster__explain_free(struct heapster_site *sites, size_t count);

/* Fills in `function`, `file` and `offset` of a site in C. Asks the loader; the caller holds no lock. */
HEAPSTER_API void heapster__site_name(struct heapster_site *site);

/* Explains the whole process, from its start to its end and in all children. */
HEAPSTER_API enum heapster_error heapster__explain_process(void);

#endif
