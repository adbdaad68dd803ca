/* What stands in front of a public malloc that requests do not reach. */
#ifndef HEAPSTER__MALLOC_FRONT_H
#define HEAPSTER__MALLOC_FRONT_H

#include <heapster/base.h>

/* One sentence that names it, in static storage, overwritten by the next call. `library` is an address in the hook's
   own library, which is not named. */
HEAPSTER_API const char *heapster__malloc_front(const void *library);

#endif
