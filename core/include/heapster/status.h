/* The status of the process: what is counted, how it came to be, and what could not be. */
#ifndef HEAPSTER_STATUS_H
#define HEAPSTER_STATUS_H

#include <heapster/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct heapster_status {
  const char *version;        /* of the core */
  const char *counters;       /* "sharded" or "shared" */
  const char *malloc_way;     /* "preload", "link", "attach" or "none" */
  const char *malloc_problem; /* one sentence why malloc is not counted, or not all of it; NULL if it is. Overwritten by
                                 the next call */
  bool malloc_is_proved;      /* a malloc and a free of libc's own reached the hook */
  uint32_t struct_size;       /* bytes of this struct that heapster_status_read filled */
  const char *python_way;     /* "import", "host" or "none" */
  const char *python_problem; /* one sentence why Python's objects are not counted; NULL if they are */
  const char *lua_way;        /* "require", "host" or "none" */
  const char *lua_problem;    /* the same for Lua */
  uint64_t lua_preexisting;   /* bytes of all hooked Lua states that no heap counts: they are older than their hook.
                                 In Lua's status() of the calling state only, as lua_way and lua_problem */
  uint64_t uncounted_count;   /* requests served but not counted: heapster's own memory ran out */
  uint64_t lost_size_count;   /* missed frees whose size was lost, counted as 253 bytes each */
  uint64_t crossed_count;     /* blocks freed or resized through another heap than the one that counted them */
  uint32_t threads_seen;      /* thread records made: the most threads that were alive at one time */
  uint32_t threads_alive;     /* records that a thread uses now */
  uint32_t windows_open;
  uint64_t own_bytes;      /* memory that heapster took from the system for itself (address space mapped) */
  uint64_t doubtful_count; /* blocks counted as live that may have been freed while a hook was off, and their bytes */
  uint64_t doubtful_bytes;
};

/* Reads the status into `status`, which has `size` bytes. Probes the malloc hook if it was not proved before; an
   attached one each time, after a rescan of all that is loaded. The probe shows in no figure. */
HEAPSTER_API void heapster_status_read_sized(struct heapster_status *status, size_t size) HEAPSTER_NOEXCEPT;

/* heapster_status_read_sized for the struct as this header has it. The library also exports a function of this name,
   for programs built with the first version and for other languages: its struct ends with own_bytes. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API void heapster_status_read(struct heapster_status *status) HEAPSTER_NOEXCEPT;
#else
static inline void heapster_status_read(struct heapster_status *status) HEAPSTER_NOEXCEPT {
  heapster_status_read_sized(status, sizeof *status);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
