/* The watch on large requests, for the process that reports and for the modules of interpreters. */
#ifndef HEAPSTER__EXPLAIN_LARGE_H
#define HEAPSTER__EXPLAIN_LARGE_H

#include <heapster/large.h>

/* For a raised threshold: the level in thousandths of what was asked for, and when it was raised, in 64ths of a second,
   in one word. 0: never raised. */
uint64_t heapster__large_level(uint64_t raised, uint64_t above, uint32_t now);

/* The word after a request was said at that time. */
uint64_t heapster__large_raise(uint64_t raised, uint32_t now);

/* What was not said so far; nothing for a watch that keeps. */
struct heapster__unsaid {
  uint64_t above; /* the threshold that was asked for; 0: nothing is watched */
  uint64_t count;
  uint64_t max;
};
HEAPSTER_API void heapster__large_unsaid(struct heapster__unsaid *unsaid);

/* "12 more requests above 1 MiB, of up to 3 MiB (pid 4711)". Returns the length without the final NUL. */
enum { HEAPSTER__UNSAID_TEXT = 128 };
HEAPSTER_API size_t heapster__large_unsaid_text(const struct heapster__unsaid *unsaid, long pid,
                                                char text[HEAPSTER__UNSAID_TEXT]);

/* Somebody else says at the end what was not said: this process does not. */
HEAPSTER_API void heapster__large_leave_unsaid(void);

/* heapster_watch_large before the first request of a process, which calls heapster__large_end at its end. */
HEAPSTER_API void heapster__watch_large_process(uint64_t size);

/* The process ends: says it, once. */
HEAPSTER_API void heapster__large_end(void);

/* Watches as heapster_watch_large does, and calls nobody: each request above `size` is kept for heapster__large_take,
   and nothing is said when the process ends. There is room for 64; further ones are counted, and that count comes with
   the next one that is kept. */
HEAPSTER_API enum heapster_error heapster__watch_large_kept(uint64_t size);

/* Takes the oldest request that was kept since that watch began, also after its end; false: there is none. The child of
   a fork has none of its parent's. Not from a signal handler. */
HEAPSTER_API bool heapster__large_take(struct heapster_large_request *request);

/* Writes the place of a request as its line does, and the function there where the loader knows one: "path+0x5f3a
   (function)". Asks the loader: the caller holds no lock. Writes nothing for place 0. */
HEAPSTER_API enum heapster_error heapster__large_place_text(uint64_t place, struct heapster_sink sink);

/* Of the store. Any thread may keep one, without a lock; false: there is no room. */
bool heapster__large_keep(const struct heapster_large_request *request);
void heapster__large_forget_kept(void);
void heapster__large_drop_kept(void); /* in the child of a fork, which has no other thread */

#endif
