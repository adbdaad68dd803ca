/* Explaining, for the modules of interpreters: raw sites, whose places only they can name. */
#ifndef HEAPSTER__EXPLAIN_EXPLAIN_H
#define HEAPSTER__EXPLAIN_EXPLAIN_H

#include <heapster/explain.h>

#include "base/unwind.h"
#include "count/arming.h"
#include "explain/stacks.h"

/* `keep(place)` is called for each new site of that kind, by the thread that makes the request, in the middle of its
   hook: it may keep what lies at the place alive, and make no request. NULL: no more. Set it while nothing is
   explained. */
HEAPSTER_API void heapster__explain_keep(enum heapster__site_kind kind, void (*keep)(uintptr_t place));

/* Until the next begin or end, a request that a call in C makes is at the site that `finder` gives for what it returns
   to. Called in the middle of a hook, on any thread: it makes no request and takes no lock. NULL: at its caller. */
HEAPSTER_API void heapster__explain_calls(struct heapster__site (*finder)(const void *caller));

/* heapster_explain_end with all sites, which are in pages of their own, in any order: give them back by
   heapster__explain_free. `function` and `file` of C sites are not filled in: see heapster__site_name. */
HEAPSTER_API enum heapster_error heapster__explain_take(struct heapster_explanation *explanation,
                                                        struct heapster_site **sites, size_t *count);
/* Ends it for nobody, from any thread, also one that did not begin it in thread scope: that one may have ended. */
HEAPSTER_API void heapster__explain_drop(void);
HEAPSTER_API void heapster__explain_free(struct heapster_site *sites, size_t count);

/* Fills in `function`, `file` and `offset` of a site in C. Asks the loader; the caller holds no lock. */
HEAPSTER_API void heapster__site_name(struct heapster_site *site);

/* Explains the whole process from now on, to its end and in all children, for a report of at most `limit` sites.
   Nothing else can be explained then. Takes the lock. */
HEAPSTER_API enum heapster_error heapster__explain_process(unsigned limit);

/* From now on the sites of that process in C have up to `depth` - 1 frames above their caller; 1 to HEAPSTER__DEPTH.
   Those of before stay as they are. Loads the unwinder, so call it outside of all hooks; what that requests is not
   counted. Nothing where the process is not explained, or cannot be unwound: the report says why. */
HEAPSTER_API void heapster__explain_depth(unsigned depth);

/* The path of the program, "" where it is not known, or was not noted. */
void heapster__explain_note_program(void);
const char *heapster__explain_program(void);

enum { HEAPSTER__REPORTED_SITES = 100 }; /* the highest limit */

/* What was explained so of the process up to now. */
struct heapster__process_sites {
  uint64_t site_count;                /* of all */
  struct heapster_requests explained; /* at all sites */
  unsigned count;                     /* in the array */
  unsigned depth;                     /* that was asked for; 1: callers alone */
  unsigned unwinder;                  /* an enum heapster__unwinder, if the depth is more */
  uint64_t unstacked_count;           /* requests at callers without a stack: there was no room for theirs */
};

/* Fills the first sites in the order of heapster_sites_rank, unnamed: `offset` is the number of a stack. `sites` has
   room for the limit. Takes no lock, makes no request and no system call, while other threads go on. False: the process
   is not explained so. */
bool heapster__explain_read(struct heapster_site *sites, struct heapster__process_sites *found);

#endif
