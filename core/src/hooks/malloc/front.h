/* The order in which allocators are loaded, and so what stands in front of a public malloc. */
#ifndef HEAPSTER__MALLOC_FRONT_H
#define HEAPSTER__MALLOC_FRONT_H

#include <heapster/base.h>

/* One sentence that names it, in static storage, overwritten by the next call. `library` is an address in the hook's
   own library, which is not named. */
HEAPSTER_API const char *heapster__malloc_front(const void *library);

/* The address whose object comes first in the order of loading; the other, if one is NULL. */
HEAPSTER_API void *heapster__first_loaded(void *one, void *other);

#endif
