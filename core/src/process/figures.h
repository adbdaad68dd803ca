/* The figures of the whole process at one moment, as a plain value without pointers that matter: what a report is made
   of, in this process or in another. */
#ifndef HEAPSTER__PROCESS_FIGURES_H
#define HEAPSTER__PROCESS_FIGURES_H

#include <heapster/heap.h>

#include "explain/explain.h"
#include "explain/large.h"

enum { HEAPSTER__WAY_TEXT = 16, HEAPSTER__PROBLEM_TEXT = 488, HEAPSTER__SITE_FILE = 256, HEAPSTER__FRAME_FILES = 128 };

/* A call above the caller of a site. */
struct heapster__frame {
  uint64_t offset; /* as that of a site */
  uint64_t file;   /* which of `frame_files`, plus 1; 0: not known */
};

struct heapster__figures {
  uint64_t time;                                        /* nanoseconds since 1970; 0: read as the process ended */
  uint64_t count;                                       /* of heaps */
  char malloc_way[HEAPSTER__WAY_TEXT];                  /* as in struct heapster_status */
  char malloc_problem[HEAPSTER__PROBLEM_TEXT];          /* "" for none; cut if it is longer */
  uint64_t is_explained;                                /* the process is, and the next two and the sites are filled */
  uint64_t site_count;                                  /* of `sites` */
  uint64_t all_site_count;                              /* there are */
  struct heapster_requests explained;                   /* at all sites */
  uint64_t depth;                                       /* of the sites; 1: callers alone, which have no frames */
  uint64_t unwinder;                                    /* an enum heapster__unwinder */
  uint64_t unstacked_count;                             /* requests for whose stack there was no room */
  uint64_t frame_file_count;                            /* of `frame_files` */
  struct heapster__unsaid unsaid;                       /* large requests that were watched and not said */
  struct heapster_stats total;                          /* zeros if there is no heap */
  char names[HEAPSTER_HEAPS][HEAPSTER_HEAP_NAME];       /* of the heaps, in their order */
  struct heapster_heap_stats heaps[HEAPSTER_HEAPS];     /* `heap` is NULL */
  struct heapster_site sites[HEAPSTER__REPORTED_SITES]; /* `function` and `file` are NULL */
  char site_files[HEAPSTER__REPORTED_SITES][HEAPSTER__SITE_FILE]; /* as the loader has it; "" for the program */
  uint64_t frame_counts[HEAPSTER__REPORTED_SITES];                /* of `frames` of each site */
  struct heapster__frame frames[HEAPSTER__REPORTED_SITES][HEAPSTER__STACK_FRAMES]; /* innermost first */
  char frame_files[HEAPSTER__FRAME_FILES][HEAPSTER__SITE_FILE];
};

/* A rescan looks for libraries that were loaded since, and makes system calls. Without one, a library that passed the
   hook by is still named, and no system call is made: a sandbox may end the process for it. */
enum heapster__rescan_choice { HEAPSTER__WITH_RESCAN, HEAPSTER__WITHOUT_RESCAN };

/* Reads all figures but the time, which is left alone. Allocates nothing. errno is unchanged. */
HEAPSTER_API void heapster__figures_read(struct heapster__figures *figures, enum heapster__rescan_choice choice);

#endif
