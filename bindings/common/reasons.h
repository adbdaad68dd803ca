/* Why a request of a script was refused, in one line each. */
#ifndef HEAPSTER__REASONS_H
#define HEAPSTER__REASONS_H

#include "common/text.h"

/* Why there is no heap `name`; for NULL, why there is none at all. */
struct heapster_text heapster__explain_heap(const char *name);

/* Why heapster_hook or heapster_unhook (`verb` is "hook" or "unhook") failed. */
struct heapster_text heapster__explain_hook(const char *verb, enum heapster_error error, const char *hook);

/* Why `field` cannot be limited. */
struct heapster_text heapster__explain_limit(const char *field);

#endif
