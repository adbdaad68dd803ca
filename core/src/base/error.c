/* Errors as text, and the version. */
#include <heapster/base.h>

static const char *const texts[] = {
    [HEAPSTER_OK] = "no error",
    [HEAPSTER_NO_MEMORY] = "the system gave no memory for heapster's own use",
    [HEAPSTER_BAD_NAME] = "a heap's name has 1 to 47 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'",
    [HEAPSTER_NAME_TAKEN] = "a heap of that name exists already",
    [HEAPSTER_TOO_MANY_HEAPS] = "all 254 heaps are in use",
    [HEAPSTER_UNKNOWN_HEAP] = "no heap of that name is counted",
    [HEAPSTER_UNKNOWN_HOOK] = "no hook of that name exists",
    [HEAPSTER_UNKNOWN_FIELD] = "no field of that name exists",
    [HEAPSTER_FIELD_NOT_IN_WINDOW] = "the field is absolute and has no meaning in a window",
    [HEAPSTER_BAD_SIZE] = "not a size such as \"10\", \"64 KiB\" or \"1.5 MiB\"",
    [HEAPSTER_TOO_MANY_WINDOWS] = "all 4096 windows are open: each measurement that has not ended holds one",
    [HEAPSTER_WINDOW_CLOSED] = "the window is not open: it was ended before, dropped by a fork, or never opened",
    [HEAPSTER_WRONG_THREAD] = "a window of thread scope can only be ended by the thread that began it",
    [HEAPSTER_NO_THREAD_COUNTERS] = "the calling thread has no counters of its own",
    [HEAPSTER_NOT_COUNTED] = "nothing that was asked about is counted; the status says why",
    [HEAPSTER_MIXED_KINDS] = "a snapshot and a diff have no difference",
    [HEAPSTER_UNSUPPORTED] = "this build or this process cannot do it; the status says why",
    [HEAPSTER_WRITE_FAILED] = "the text could not be written",
    [HEAPSTER_BAD_ARGUMENT] = "an argument is NULL, or no value of its enumeration",
    [HEAPSTER_BAD_ALLOCATOR] = "a backing allocator needs malloc and free",
    [HEAPSTER_BAD_LIMIT] = "the smallest value that the limit allows is above the largest",
    [HEAPSTER_OTHER_PROCESS] = "snapshots of two processes have no difference",
    [HEAPSTER_WRONG_ORDER] = "the snapshot to subtract is the later one: subtract the earlier from the later",
    [HEAPSTER_RESET_BETWEEN] = "the counters were reset between the two snapshots, which have no difference",
    [HEAPSTER_HEAP_ENDED] = "the heap has ended; no window is over it, nor over heap \"ended\"",
    [HEAPSTER_HEAP_OF_HOOK] = "the heap is a hook's or a Lua state's, and does not end",
    [HEAPSTER_ALREADY_EXPLAINING] = "another explanation is running in this process; only one can",
    [HEAPSTER_NOT_EXPLAINING] = "nothing is explained: it was ended before, dropped by a fork, or never begun",
    [HEAPSTER_LARGE_TOO_SMALL] = "size must be 0 (off) or at least 32 KiB (32768)",
};

const char *heapster_error_text(enum heapster_error error) {
  const unsigned index = (unsigned)error;
  return index < sizeof texts / sizeof texts[0] ? texts[index] : "unknown error";
}

const char *heapster_version(void) { return HEAPSTER_VERSION; }
