/* What every other header needs: the export mark, errors, scopes and sinks. */
#ifndef HEAPSTER_BASE_H
#define HEAPSTER_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(SWIG)
#define HEAPSTER_API
#elif defined(__GNUC__)
#define HEAPSTER_API __attribute__((visibility("default")))
#else
#define HEAPSTER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call that can fail answers. HEAPSTER_OK is 0, so `if (error)` reads well. */
enum heapster_error {
  HEAPSTER_OK = 0,
  HEAPSTER_NO_MEMORY,           /* the system gave no pages for heapster's own books */
  HEAPSTER_BAD_NAME,            /* a heap's name is empty, too long, or has a character outside [A-Za-z0-9_.:-] */
  HEAPSTER_NAME_TAKEN,          /* a heap of that name exists already */
  HEAPSTER_TOO_MANY_HEAPS,      /* all 254 numbers are taken; two are kept for malloc and python */
  HEAPSTER_UNKNOWN_HEAP,        /* no heap of that name is counted */
  HEAPSTER_UNKNOWN_HOOK,        /* no hook of that name exists */
  HEAPSTER_UNKNOWN_FIELD,       /* no field of that name exists */
  HEAPSTER_FIELD_NOT_IN_WINDOW, /* the field is absolute, a window has no such figure */
  HEAPSTER_BAD_SIZE,            /* the text is not a size such as "10", "64 KiB", "1.5 MiB" */
  HEAPSTER_TOO_MANY_WINDOWS,    /* all windows are open */
  HEAPSTER_WINDOW_CLOSED,       /* the window was ended before, or dropped by a fork */
  HEAPSTER_WRONG_THREAD,        /* a thread-scope window can only be ended by the thread that began it */
  HEAPSTER_NO_THREAD_COUNTERS,  /* the calling thread has no counters of its own, so no thread scope */
  HEAPSTER_NOT_COUNTED,         /* nothing that was asked about is counted; heapster_status_read says why */
  HEAPSTER_MIXED_KINDS,         /* a snapshot and a diff have no difference */
  HEAPSTER_UNSUPPORTED,         /* this build, or this process, cannot do it; heapster_status_read says why */
  HEAPSTER_WRITE_FAILED         /* the sink refused the text */
};

/* One sentence without a final stop, in English, never NULL, for any value. Static storage. */
HEAPSTER_API const char *heapster_error_text(enum heapster_error error);

/* "0.1.0". Static storage. */
HEAPSTER_API const char *heapster_version(void);

/* NULL where this copy of heapster is the process's only one, or was loaded first. Else one sentence that names the
   files of both: figures of two copies would not add up, so that a module which finds this refuses to load. Static
   storage, overwritten by the next call. */
HEAPSTER_API const char *heapster_conflict(void);

/* Whose requests a window counts: those of every thread, or those of the thread that began it. */
enum heapster_scope { HEAPSTER_PROCESS = 0, HEAPSTER_THREAD = 1 };

/* Where text goes, piece by piece. `write` gets `length` bytes (never 0, not NUL-terminated) and answers
   whether it took them all; after a false nothing more is written and the caller gets
   HEAPSTER_WRITE_FAILED. heapster allocates nothing to produce text. */
struct heapster_sink {
  bool (*write)(void *context, const char *text, size_t length);
  void *context;
};

#ifdef __cplusplus
}
#endif

#endif
