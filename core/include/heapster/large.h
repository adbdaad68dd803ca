/* The watch on large requests: who asks for a megabyte at once.

   A request is large if it adds more bytes than the threshold: a new block of more bytes, or a resize that grows a
   block by more. The fast path is not slower for it: requests of such sizes leave it anyway. */
#ifndef HEAPSTER_LARGE_H
#define HEAPSTER_LARGE_H

#include <heapster/base.h>
#include <heapster/heap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The lowest threshold: requests of fewer bytes take the fast path, which asks nothing. */
enum { HEAPSTER_LARGE_LEAST = 32768 };

struct heapster_large_request {
  uint64_t size;                 /* bytes that it added */
  char heap[HEAPSTER_HEAP_NAME]; /* the name of the heap that counted it */
  uint64_t place;                /* the address that the call in C returns to; 0: not known */
  uint64_t unsaid_count; /* large requests since the last that was said, which were not: the threshold was raised */
  uint64_t unsaid_max;   /* the largest of these, bytes */
};

/* Gets a large request, on the thread that made it, after the request was served and counted, while no lock of
   heapster's is held. The struct is gone when it returns. It may make requests: they are counted, and none of them is
   passed on again. It must return, and it must not wait for another thread or call an interpreter: the request may come
   from inside the loader or an interpreter's allocator. */
typedef void heapster_large_function(const struct heapster_large_request *request, void *context);

/* Watches for requests of more than `size` bytes from now on, in all heaps and threads of the process; 0 ends it. For
   each one `function(request, context)` is called, or for NULL one line is written to standard error by one write(2):

     heapster: 1.50 MiB requested in heap malloc by /usr/bin/sort+0x5f3a (pid 4711); before it 12 more, of up to 3 MiB

   What is behind the path is what `addr2line -e` wants. So that nothing floods, each one raises the threshold to 1.6
   times; within a minute it falls back. What is above `size` and not above the raised threshold is counted, and said
   with the next one, or on standard error when the process ends. So is a request of a thread that has no counters of
   its own, because it starts or ends, and one that `function` makes itself. A watch that writes lines also writes the
   rest when it ends or another replaces it; a watch with a function passes nothing on then.

   There is one watch in a process: the last call counts. Another thread may be inside the earlier function for a moment
   after this returned. The child of a fork goes on with the watch.

   HEAPSTER_LARGE_TOO_SMALL for a size below HEAPSTER_LARGE_LEAST other than 0: nothing changes. HEAPSTER_UNSUPPORTED
   with HEAPSTER_COUNTERS=shared. From any thread, not from a signal handler, nor from `function`. */
HEAPSTER_API enum heapster_error heapster_watch_large(uint64_t size, heapster_large_function *function,
                                                      void *context) HEAPSTER_NOEXCEPT;

/* Writes a large request as it stands in the line above, without the process and the end of the line. Makes no request;
   takes no lock where the C library can look up the object of an address without one (glibc since 2.35), and elsewhere
   writes the address alone. */
HEAPSTER_API enum heapster_error heapster_large_text(const struct heapster_large_request *request,
                                                     struct heapster_sink sink) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
