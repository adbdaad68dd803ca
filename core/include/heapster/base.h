/* What every other header needs: the export mark, attributes, errors, scopes and sinks.

   Rules that hold for every function, unless it says otherwise:
   - A NULL name is a name that nothing has: the function returns the error, or the NULL, of an unknown name.
   - A pointer that is NULL where the function must write or read gives HEAPSTER_BAD_ARGUMENT, and nothing happens; a
     function without an error to return does nothing.
   - A struct that the caller owns may be of another length than the library's: it was compiled with an earlier or a
   later header. The functions that fill one know its size and neither write nor read beyond it; figures that one side
   does not know are left out. Structs grow at their end only. */
#ifndef HEAPSTER_BASE_H
#define HEAPSTER_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(SWIG)
#define HEAPSTER_API
#define HEAPSTER_ALLOCATES(size)
#define HEAPSTER_RESIZES(size)
#define HEAPSTER_USE_RESULT
#elif defined(__GNUC__)
#define HEAPSTER_API __attribute__((visibility("default")))
#define HEAPSTER_ALLOCATES(...) __attribute__((malloc, alloc_size(__VA_ARGS__), warn_unused_result))
#define HEAPSTER_RESIZES(size) __attribute__((alloc_size(size), warn_unused_result))
#define HEAPSTER_USE_RESULT __attribute__((warn_unused_result))
#else
#define HEAPSTER_API
#define HEAPSTER_ALLOCATES(...)
#define HEAPSTER_RESIZES(size)
#define HEAPSTER_USE_RESULT
#endif

/* For functions that call back into nothing of the caller's. */
#if defined(__cplusplus) && !defined(SWIG)
#define HEAPSTER_NOEXCEPT noexcept
#else
#define HEAPSTER_NOEXCEPT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The result of a call that can fail. HEAPSTER_OK is 0, so `if (error)` reads well. */
enum heapster_error {
  HEAPSTER_OK = 0,
  HEAPSTER_NO_MEMORY,           /* the system gave no pages for heapster's own use */
  HEAPSTER_BAD_NAME,            /* a heap's name is empty, too long, or has a character outside [A-Za-z0-9_.:-] */
  HEAPSTER_NAME_TAKEN,          /* a heap of that name exists already */
  HEAPSTER_TOO_MANY_HEAPS,      /* all 254 are in use; two are kept for malloc and python, one for ended heaps */
  HEAPSTER_UNKNOWN_HEAP,        /* no heap of that name is counted */
  HEAPSTER_UNKNOWN_HOOK,        /* no hook of that name exists */
  HEAPSTER_UNKNOWN_FIELD,       /* no field of that name exists */
  HEAPSTER_FIELD_NOT_IN_WINDOW, /* the field is absolute, a window has no such figure */
  HEAPSTER_BAD_SIZE,            /* the text is not a size such as "10", "64 KiB", "1.5 MiB" */
  HEAPSTER_TOO_MANY_WINDOWS,    /* all windows are open */
  HEAPSTER_WINDOW_CLOSED,       /* the window was ended before, dropped by a fork, or never opened */
  HEAPSTER_WRONG_THREAD,        /* a thread-scope window can only be ended by the thread that began it */
  HEAPSTER_NO_THREAD_COUNTERS,  /* the calling thread has no counters of its own, so no thread scope */
  HEAPSTER_NOT_COUNTED,         /* nothing that was asked about is counted; heapster_status_read says why */
  HEAPSTER_MIXED_KINDS,         /* a snapshot and a diff have no difference */
  HEAPSTER_UNSUPPORTED,         /* this build, or this process, cannot do it; heapster_status_read says why */
  HEAPSTER_WRITE_FAILED,        /* the sink refused the text */
  HEAPSTER_BAD_ARGUMENT,        /* a pointer is NULL that must not be, or a value is none of its enumeration */
  HEAPSTER_BAD_ALLOCATOR,       /* a backing has no malloc or no free */
  HEAPSTER_BAD_LIMIT,           /* the smallest value that a limit allows is above the largest */
  HEAPSTER_OTHER_PROCESS,       /* snapshots of two processes have no difference */
  HEAPSTER_WRONG_ORDER,         /* the snapshot to subtract is the later one */
  HEAPSTER_RESET_BETWEEN,       /* the counters were reset between two snapshots, or another heap has the name by now */
  HEAPSTER_HEAP_ENDED,          /* the heap has ended, or is `ended` */
  HEAPSTER_HEAP_OF_HOOK,        /* the heap is a hook's, or a Lua state's: it does not end */
  HEAPSTER_ALREADY_EXPLAINING,  /* another explanation is running in this process; only one can */
  HEAPSTER_NOT_EXPLAINING,      /* nothing is explained: it was ended before, or dropped by a fork */
  HEAPSTER_LARGE_TOO_SMALL      /* a watch on requests of so few bytes: 0 or at least 32 KiB */
};

/* One sentence without a final stop, in English, never NULL, for any value. Static storage. */
HEAPSTER_API const char *heapster_error_text(enum heapster_error error) HEAPSTER_NOEXCEPT;

/* "0.1.0". Static storage. */
HEAPSTER_API const char *heapster_version(void) HEAPSTER_NOEXCEPT;

/* NULL if this copy of heapster is the process's only one, or was loaded first. Otherwise one sentence that names the
   files of both: figures of two copies would not add up, so a module that finds this refuses to load. Static storage,
   overwritten by the next call. */
HEAPSTER_API const char *heapster_conflict(void) HEAPSTER_NOEXCEPT;

/* Whose requests a window counts: those of every thread, or those of the thread that began it. */
enum heapster_scope { HEAPSTER_PROCESS = 0, HEAPSTER_THREAD = 1 };

/* Where text goes, piece by piece. `write` gets `length` bytes (never 0, not NUL-terminated) and returns whether it
   took them all; after a false nothing more is written, and the caller gets HEAPSTER_WRITE_FAILED. heapster allocates
   nothing to produce text. A sink without `write` refuses everything. */
struct heapster_sink {
  bool (*write)(void *context, const char *text, size_t length);
  void *context;
};

#ifdef __cplusplus
}
#endif

#endif
