/* Explain: which places in a program requested what a window counts.

   Between heapster_explain_begin and _end every request that is served is attributed to its site: the call in C that
   made it, or the line of Python or Lua where the hook of that interpreter knows it. The sum over all sites and of what
   is under way is what was counted. Nobody pays for this while nothing is explained; meanwhile a request takes some 100
   instructions more. */
#ifndef HEAPSTER_EXPLAIN_H
#define HEAPSTER_EXPLAIN_H

#include <heapster/base.h>
#include <heapster/heap.h>
#include <heapster/histogram.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most sites that are kept apart. What further ones request is that of HEAPSTER_SITE_ELSEWHERE. */
enum { HEAPSTER_SITES = 4096 };

enum heapster_site_kind {
  HEAPSTER_SITE_ELSEWHERE = 0, /* sites beyond HEAPSTER_SITES, and requests whose site is not known */
  HEAPSTER_SITE_C = 1,
  HEAPSTER_SITE_PYTHON = 2,
  HEAPSTER_SITE_LUA = 3
};

/* New blocks and resizes that were served. Counts are requests, sums are bytes as the program requested them, of
   growths the bytes by which blocks grew, of moves the bytes that had to be copied. A growth that moved is in both. */
struct heapster_requests {
  uint64_t alloc_count;
  uint64_t alloc_sum;
  uint64_t realloc_growth_count;
  uint64_t realloc_growth_sum;
  uint64_t realloc_move_count;
  uint64_t realloc_move_sum;
};

/* What one site requested. */
struct heapster_site {
  enum heapster_site_kind kind;
  uint32_t line;   /* of Lua and Python; 0 where it is not known */
  uint64_t place;  /* C: the address that the call returns to; Python: of the code object; Lua: of the source's name */
  uint64_t offset; /* C: of that address in `file`, as addr2line wants it; Python: in the code's instructions, bytes */
  const char *function; /* C: the symbol at or before the call, NULL if none is exported there; else NULL */
  const char *file;     /* C: the path of the program or library, NULL if it was unloaded; else NULL. Modules of
                           interpreters know their places, and set file, line and function of these themselves. */
  struct heapster_requests requests;
  uint64_t live_count; /* blocks of `alloc_count` that are alive at the end, and their bytes then */
  uint64_t live_sum;
  struct heapster_histogram alloc_histogram; /* of alloc_count, by size */
  uint64_t realloc_growth_buckets;           /* a bit for each bucket that has growths */
};

/* What was explained as a whole. */
struct heapster_explanation {
  struct heapster_requests counted;   /* what the counters show for the time: at sites and under way */
  struct heapster_requests under_way; /* of requests that had begun before explaining did, or had not ended when it did;
                                         at most one of each kind for a thread */
  struct heapster_requests others;    /* at the sites that did not fit into the caller's array */
  uint64_t site_count;                /* of all sites, those in the array included */
  enum heapster_scope scope;
};

/* Explains from now on what `heap` counts, or all heaps for NULL, of all threads or of the calling one. One at a time
   in a process. Requests of other threads and heaps are slower meanwhile, too. In the child of a fork it goes on if the
   thread that began it forked.

   HEAPSTER_ALREADY_EXPLAINING; HEAPSTER_NO_MEMORY; HEAPSTER_NO_THREAD_COUNTERS for a thread that is ending or when
   memory is out; HEAPSTER_BAD_ARGUMENT for a scope that is none; HEAPSTER_UNSUPPORTED with HEAPSTER_COUNTERS=shared.
   From any thread, not from a signal handler. */
HEAPSTER_API enum heapster_error heapster_explain_begin(const struct heapster_heap *heap,
                                                        enum heapster_scope scope) HEAPSTER_NOEXCEPT;

/* Ends it. `sites` gets the first `capacity` sites in the order of heapster_sites_rank without a surplus, and `count`
   how many these are; both may be NULL, with a capacity of 0. `explanation` may be NULL. The sizes are those of the
   structs. The strings in a site are the loader's: they are valid as long as that library is loaded.

   HEAPSTER_NOT_EXPLAINING, also in the child of a fork that another thread made; HEAPSTER_WRONG_THREAD if another
   thread began it in thread scope: it goes on; HEAPSTER_NO_MEMORY: it ended, and the sites are lost. From any thread,
   not from a signal handler. */
HEAPSTER_API enum heapster_error heapster_explain_end_sized(struct heapster_explanation *explanation,
                                                            size_t explanation_size, struct heapster_site *sites,
                                                            size_t site_size, size_t capacity,
                                                            size_t *count) HEAPSTER_NOEXCEPT;

/* The same for the structs as this header has them. */
static inline enum heapster_error heapster_explain_end(struct heapster_explanation *explanation,
                                                       struct heapster_site *sites, size_t capacity,
                                                       size_t *count) HEAPSTER_NOEXCEPT {
  return heapster_explain_end_sized(explanation, sizeof *explanation, sites, sizeof *sites, capacity, count);
}

/* Whether something is explained now. */
HEAPSTER_API bool heapster_is_explaining(void) HEAPSTER_NOEXCEPT;

/* Sorts sites in place, by the shares of what there was too much of: `surplus` says how many allocs more than expected
   there were in each bucket, as the difference of two histograms does; NULL is no surplus. First come the sites with
   allocs in these buckets, those with most first, where no bucket counts beyond its surplus; then by allocs and
   growths, by their bytes, by kind, place and offset. So the order is the same in each run, as far as addresses are.
   `site_size` is the size of the struct. Nothing for NULL. */
HEAPSTER_API void heapster_sites_rank_sized(struct heapster_site *sites, size_t site_size, size_t count,
                                            const struct heapster_histogram *surplus) HEAPSTER_NOEXCEPT;

static inline void heapster_sites_rank(struct heapster_site *sites, size_t count,
                                       const struct heapster_histogram *surplus) HEAPSTER_NOEXCEPT {
  heapster_sites_rank_sized(sites, sizeof *sites, count, surplus);
}

/* Writes the first `most` of `count` sites as a table, in the order in which they stand, each ending in "file:line
   (function)" from the fields of the site; then how many are not in it, and how much of what was counted it explains:
   "18 of 18 explained". Allocs and growths are what is explained. `measured` is what another run of the same code made,
   whose figures the sites are to explain: where it was more or less, the last line says that the code is unsteady.
   NULL: the sites are those of the measured run itself. The sizes are those of the structs.

   HEAPSTER_BAD_ARGUMENT without an explanation, or for a count without sites; HEAPSTER_WRITE_FAILED. */
HEAPSTER_API enum heapster_error
heapster_sites_text_sized(const struct heapster_site *sites, size_t site_size, size_t count, size_t most,
                          const struct heapster_explanation *explanation, size_t explanation_size,
                          const struct heapster_requests *measured, struct heapster_sink sink) HEAPSTER_NOEXCEPT;

static inline enum heapster_error heapster_sites_text(const struct heapster_site *sites, size_t count, size_t most,
                                                      const struct heapster_explanation *explanation,
                                                      const struct heapster_requests *measured,
                                                      struct heapster_sink sink) HEAPSTER_NOEXCEPT {
  return heapster_sites_text_sized(sites, sizeof *sites, count, most, explanation, sizeof *explanation, measured, sink);
}

#ifdef __cplusplus
}
#endif

#endif
