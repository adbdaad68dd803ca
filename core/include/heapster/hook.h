/* Hooks: what of the process is counted, how it came to be, and what could not be. */
#ifndef HEAPSTER_HOOK_H
#define HEAPSTER_HOOK_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts from now on: the malloc family of the process ("malloc"), or the objects of an interpreter whose module is
   loaded ("python", "lua"); to be called where that interpreter may be called. HEAPSTER_OK also where it is counted
   already. HEAPSTER_UNSUPPORTED where the status says why not; HEAPSTER_UNKNOWN_HOOK.

   malloc is counted by pointing the import tables of all loaded libraries at counted functions, on x86-64 Linux. What
   is loaded later is found when figures are read, when a window begins and when a frame is marked: until then its calls
   pass uncounted. Blocks from before are unseen (unseen_alloc_count). Not from a signal handler; from any thread. */
HEAPSTER_API enum heapster_error heapster_hook(const char *name);

/* Ends the counting that heapster_hook began; HEAPSTER_OK also where there is none. HEAPSTER_UNSUPPORTED for a hook
   that was preloaded or linked, or that another hook stands above: nothing is changed then; and where not all of
   malloc's import tables could be pointed back. The heap keeps its figures, and blocks that are freed while the hook is
   off stay on its books until their addresses are handed out under the hook again (unseen_free_count). */
HEAPSTER_API enum heapster_error heapster_unhook(const char *name);

struct heapster_status {
  const char *version;        /* of the core */
  const char *counters;       /* "sharded" or "shared" */
  const char *malloc_way;     /* "preload", "link", "attach" or "none" */
  const char *malloc_problem; /* one sentence why malloc is not counted, or not all of it; NULL if it is. Overwritten by
                                 the next call */
  bool malloc_is_proved;      /* a probe through libc's strdup and free reached the hook */
  const char *python_way;     /* "import", "host" or "none" */
  const char *python_problem; /* one sentence why Python's objects are not counted; NULL if they are */
  const char *lua_way;        /* "require", "host" or "none" */
  const char *lua_problem;    /* the same for Lua */
  uint64_t lua_preexisting;   /* bytes of hooked Lua states that are older than their hook, and no heap counts */
  uint64_t uncounted_count;   /* requests served but not counted: heapster's own memory ran out */
  uint64_t lost_size_count;   /* unseen frees whose size was lost, booked as 253 bytes each */
  uint64_t crossed_count;     /* blocks freed or resized through another heap than the one that counted them */
  uint32_t threads_seen;      /* sets of counters made: the most threads that were alive at one time */
  uint32_t threads_alive;     /* sets in use by a thread now */
  uint32_t windows_open;
  uint64_t own_bytes; /* memory that heapster took from the system for itself (address space mapped) */
};

/* Reads the status, probing the malloc hook if it was not proved before; an attached one each time, after a look at all
   that is loaded. The probe shows in no figure. */
HEAPSTER_API void heapster_status_read(struct heapster_status *status);

#ifdef __cplusplus
}
#endif

#endif
