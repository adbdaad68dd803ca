/* Why a request of a script was refused, in one line each. */
#ifndef HEAPSTER__REASONS_H
#define HEAPSTER__REASONS_H

#include "common/text.h"

/* Why there is no heap `name`; for NULL, why there is none at all. */
struct heapster_text heapster__explain_heap(const char *name);

/* That a heap which a script holds has ended. */
struct heapster_text heapster__explain_ended(const char *name);

/* Why the heap of a hook is not counted, for a `problem` that is one of the caller's. */
struct heapster_text heapster__explain_uncounted(const char *name, const char *problem);

/* Why heapster_hook or heapster_unhook (`verb` is "hook" or "unhook") failed. */
struct heapster_text heapster__explain_hook(const char *verb, enum heapster_error error, const char *hook);

/* Why `field` cannot be limited. */
struct heapster_text heapster__explain_limit(const char *field);

#endif
