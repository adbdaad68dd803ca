/* Errors as text, and the version. */
#include <heapster/base.h>

const char *heapster_error_text(enum heapster_error error) {
  switch (error) {
  case HEAPSTER_OK:
    return "no error";
  case HEAPSTER_NO_MEMORY:
    return "the system gave no memory for heapster's own use";
  case HEAPSTER_BAD_NAME:
    return "a heap's name has 1 to 47 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'";
  case HEAPSTER_NAME_TAKEN:
    return "a heap of that name exists already";
  case HEAPSTER_TOO_MANY_HEAPS:
    return "all 254 heaps are in use";
  case HEAPSTER_UNKNOWN_HEAP:
    return "no heap of that name is counted";
  case HEAPSTER_UNKNOWN_HOOK:
    return "no hook of that name exists";
  case HEAPSTER_UNKNOWN_FIELD:
    return "no field of that name exists";
  case HEAPSTER_FIELD_NOT_IN_WINDOW:
    return "the field is absolute and has no meaning in a window";
  case HEAPSTER_BAD_SIZE:
    return "not a size such as \"10\", \"64 KiB\" or \"1.5 MiB\"";
  case HEAPSTER_TOO_MANY_WINDOWS:
    return "all 256 windows are open";
  case HEAPSTER_WINDOW_CLOSED:
    return "the window is not open: it was ended before, dropped by a fork, or never opened";
  case HEAPSTER_WRONG_THREAD:
    return "a window of thread scope can only be ended by the thread that began it";
  case HEAPSTER_NO_THREAD_COUNTERS:
    return "the calling thread has no counters of its own";
  case HEAPSTER_NOT_COUNTED:
    return "nothing that was asked about is counted; the status says why";
  case HEAPSTER_MIXED_KINDS:
    return "a snapshot and a diff have no difference";
  case HEAPSTER_UNSUPPORTED:
    return "this build or this process cannot do it; the status says why";
  case HEAPSTER_WRITE_FAILED:
    return "the text could not be written";
  case HEAPSTER_BAD_ARGUMENT:
    return "an argument is NULL, or no value of its enumeration";
  case HEAPSTER_BAD_ALLOCATOR:
    return "a backing allocator needs malloc and free";
  case HEAPSTER_BAD_LIMIT:
    return "the smallest value that the limit allows is above the largest";
  }
  return "unknown error";
}

const char *heapster_version(void) { return HEAPSTER_VERSION; }
