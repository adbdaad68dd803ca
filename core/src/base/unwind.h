/* The calls that lead to a place in the calling thread, by the unwinder that C++ exceptions use.

   It is asked in the middle of a hook, so it must take no lock that the thread may hold already. That holds where the C
   library finds objects without one (glibc 2.35) and libgcc uses that (gcc 12). Frames that were registered by hand, as
   some just-in-time compilers do, are behind a lock of libgcc's: it requests memory under it, and such a request is
   never unwound. */
#ifndef HEAPSTER__BASE_UNWIND_H
#define HEAPSTER__BASE_UNWIND_H

#include <heapster/base.h>

#include <stdint.h>

enum heapster__unwinder {
  HEAPSTER__UNWINDS,
  HEAPSTER__UNWINDER_NOT_PREPARED,
  HEAPSTER__UNWINDER_OF_OLD_LIBC, /* finds objects under the loader's lock */
  HEAPSTER__UNWINDER_MISSING,     /* there is no libgcc_s */
  HEAPSTER__UNWINDER_LOCKS        /* libgcc_s is too old */
};

/* Finds and loads the unwinder, which may request memory and take locks: call it outside of all hooks, once. */
HEAPSTER_API enum heapster__unwinder heapster__unwinder_prepare(void);

/* Why there is no unwinding, as the end of a sentence; NULL for HEAPSTER__UNWINDS and for what is none of these. */
HEAPSTER_API const char *heapster__unwinder_problem(uint64_t unwinder);

/* Fills in what the calls above that of `caller` return to, innermost first; `caller` is an address that a call of this
   thread returns to. Returns how many there are: 0 also where the unwinder does not come to `caller`. Requests nothing
   and takes no lock. Only after HEAPSTER__UNWINDS. */
unsigned heapster__unwind(const void *caller, uintptr_t *frames, unsigned capacity);

#endif
