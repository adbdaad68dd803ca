/* What was counted: a snapshot, a diff or a window, as a plain value; and its fields by name. */
#ifndef HEAPSTER_STATS_H
#define HEAPSTER_STATS_H

#include <heapster/base.h>
#include <heapster/histogram.h>

#ifdef __cplusplus
extern "C" {
#endif

enum heapster_stats_kind {
  HEAPSTER_SNAPSHOT = 0, /* the counters at one moment, since the start or the last reset */
  HEAPSTER_DIFF = 1,     /* a later one minus an earlier one */
  HEAPSTER_WINDOW = 2    /* a diff that also knows its peak and what other threads did meanwhile */
};

/* Objects of one kind that were created, and the bytes that were asked for them. */
struct heapster_lua_kind {
  uint64_t count;
  uint64_t sum;
};

/* What the new blocks of a Lua state were for, by the type tag that Lua gives its allocator. The tag is of the object
   itself: a table's block is its header; its array and hash parts are `other`, with prototypes, upvalues, stacks, and
   whatever came without a tag (all of it on LuaJIT). Frees and resizes have no tag: these are objects created, not
   objects alive. All counts together are alloc_count, all sums alloc_sum. */
struct heapster_lua_kinds {
  struct heapster_lua_kind strings;
  struct heapster_lua_kind tables;
  struct heapster_lua_kind functions; /* closures, of Lua and of C */
  struct heapster_lua_kind userdata;
  struct heapster_lua_kind threads; /* coroutines */
  struct heapster_lua_kind other;
};

/* Where and when a snapshot was read, for heapster_stats_diff: it refuses two snapshots that have no difference. All 0
   in diffs and windows, and in a snapshot of unknown origin, which it does not refuse. */
struct heapster_origin {
  uint64_t process;     /* a number that no other process has */
  uint64_t parent;      /* that of the process that it was forked from, or 0 */
  uint64_t fork_order;  /* `order` of the last snapshot before the fork */
  uint64_t reset_order; /* `order` of the last snapshot before the last reset */
  uint64_t order;       /* counts the snapshots from 1 on; the child of a fork counts on */
};

/* Counts are requests or blocks, sums are bytes as the program requested them. Counts and sums of a diff saturate at 0.
 */
struct heapster_stats {
  enum heapster_stats_kind kind;
  enum heapster_scope scope; /* HEAPSTER_THREAD in windows of that scope, and in a thread's part of a window */

  uint64_t alloc_count;      /* requests for a new block that were served */
  uint64_t alloc_sum;        /* bytes that they requested */
  uint64_t alloc_fail_count; /* requests for a new block that were refused */

  uint64_t dealloc_count; /* blocks freed */
  uint64_t dealloc_sum;   /* their sizes at that moment */

  uint64_t realloc_growth_count;          /* resizes to a larger size */
  uint64_t realloc_growth_sum;            /* bytes by which they grew */
  uint64_t realloc_growth_in_place_count; /* those that kept their address */

  uint64_t realloc_shrink_count;          /* resizes to a smaller size */
  uint64_t realloc_shrink_sum;            /* bytes by which they shrank */
  uint64_t realloc_shrink_in_place_count; /* those that kept their address */

  uint64_t realloc_same_count; /* resizes to the same size */
  uint64_t realloc_move_count; /* resizes that changed the address */
  uint64_t realloc_move_sum;   /* bytes those copied: the smaller of old and new size */
  uint64_t realloc_fail_count; /* resizes refused; the old block stays, and stays counted */

  uint64_t total_alloc_sum;   /* alloc_sum + realloc_growth_sum */
  uint64_t total_dealloc_sum; /* dealloc_sum + realloc_shrink_sum */

  uint64_t live_count; /* blocks alive now; absolute in every kind */
  int64_t live_change; /* diffs and windows: by how much live_count changed */
  uint64_t use_curr;   /* bytes alive now; absolute in every kind */
  int64_t use_change;  /* diffs and windows: by how much use_curr changed */
  uint64_t use_max;    /* highest use_curr since start or reset; in diffs and windows: by how much that rose (0 in
                          thread scope: the record is the process's) */
  uint64_t use_peak;   /* windows: highest use inside, above the use at its begin */

  uint64_t unseen_alloc_count; /* blocks first met at their free or resize */
  uint64_t unseen_free_count;  /* blocks whose address was handed out again before their free was seen; and
                                  those of a Lua state when it is unhooked */
  uint64_t foreign_count;      /* windows: requests, resizes and frees by other threads meanwhile */

  struct heapster_histogram alloc_histogram;          /* by requested size */
  struct heapster_histogram realloc_growth_histogram; /* by the difference */
  struct heapster_histogram realloc_shrink_histogram; /* by the difference */

  bool has_lua_kinds;   /* true for the heap of a Lua state, and for a total that includes one: lua_kinds is then their
                           sum */
  uint32_t struct_size; /* bytes of this struct that the reader or maker filled; 0 stands for all up to lua_kinds */
  struct heapster_lua_kinds lua_kinds;

  uint64_t use_peak_error; /* windows: use_peak may be too low or too high by as much; see below */

  struct heapster_origin origin; /* snapshots */
};

/* use_peak_error. A window whose foreign_count is 0 is exact: its use_peak is the record of the thread that began it,
   whatever other threads did before, and whether they sleep, end, fork, begin windows or mark frames meanwhile. So is a
   window of thread scope; the error is 0 in both. Otherwise the true peak is within use_peak +- use_peak_error, and the
   error is at most the smallest of

     - the bytes that other threads requested inside the window, or those that they freed, whichever are more;
     - 32 KiB (64 KiB for the total) for each other thread that may have acted, and for one more: what a thread has
       counted, but not yet added to the heap's high-water mark, is within half of that on either side of 0. As many
       may have acted as there were operations (foreign_count), but no more than there are other thread records;
     - total_alloc_sum, above which no use rises.

   The first is not known, and the second counts, if another thread began the window and ended since. A limit on
   use_peak that is broken by no more than the error is not broken (heapster_limit_check). */

/* What was created, by kind; NULL if no Lua state is counted. */
HEAPSTER_API const struct heapster_lua_kinds *
heapster_stats_lua_kinds(const struct heapster_stats *stats) HEAPSTER_NOEXCEPT;

/* Every kind and its name, in the order of the struct; NULL, and `name` untouched, from the end on. */
HEAPSTER_API const struct heapster_lua_kind *heapster_lua_kind_at(const struct heapster_lua_kinds *kinds, size_t index,
                                                                  const char **name) HEAPSTER_NOEXCEPT;

/* after - before, into `diff`, which may be one of the two and has `size` bytes. Two snapshots give a diff: how
   live_count and use_curr changed. Two diffs or windows give a diff as well, which compares what they did: its signed
   changes are the difference of theirs, and live_count and use_curr are those of `after`. Counts and buckets are then
   each cut at 0: where `after` made fewer requests of one size and more of another, the count is the difference and the
   buckets show the surplus. `diff` is untouched on failure: HEAPSTER_MIXED_KINDS for a snapshot and a diff;
   HEAPSTER_OTHER_PROCESS for snapshots of two processes, unless `before` was read before a fork and `after` in its
   child; HEAPSTER_WRONG_ORDER if `before` was read after `after`; HEAPSTER_RESET_BETWEEN if the counters were reset in
   between. */
HEAPSTER_API enum heapster_error heapster_stats_diff_sized(struct heapster_stats *diff, size_t size,
                                                           const struct heapster_stats *after,
                                                           const struct heapster_stats *before) HEAPSTER_NOEXCEPT;

/* heapster_stats_diff_sized for the struct as this header has it. The library also exports a function of this name, for
   programs built with the first version and for other languages: its struct ends with lua_kinds. */
#if defined(HEAPSTER_EXPORTS) || defined(SWIG)
HEAPSTER_API enum heapster_error heapster_stats_diff(struct heapster_stats *diff, const struct heapster_stats *after,
                                                     const struct heapster_stats *before) HEAPSTER_NOEXCEPT;
#else
static inline enum heapster_error heapster_stats_diff(struct heapster_stats *diff, const struct heapster_stats *after,
                                                      const struct heapster_stats *before) HEAPSTER_NOEXCEPT {
  return heapster_stats_diff_sized(diff, sizeof *diff, after, before);
}
#endif

/* Whether every field that has a meaning in this kind is the same in both, and kind and scope too. */
HEAPSTER_API bool heapster_stats_is_equal(const struct heapster_stats *a,
                                          const struct heapster_stats *b) HEAPSTER_NOEXCEPT;

/* The figure of a field is a count or a number of bytes. */
enum heapster_unit { HEAPSTER_COUNT = 0, HEAPSTER_BYTES = 1 };

/* A figure by name. Averages are fields too: bytes, rounded down, undefined where their count is 0. */
struct heapster_field {
  const char *name;
  enum heapster_unit unit;
  bool is_signed;
  bool is_limit;       /* has a meaning in a window, so a limit may be set on it */
  const char *instead; /* for an absolute field: the one that a limit would use; else NULL */
};

/* Every figure in the order of the struct, whose other members are left out; each average follows its sum. NULL from
   the end on. The entries are the library's and may have more members than this header knows. */
HEAPSTER_API const struct heapster_field *heapster_field_at(size_t index) HEAPSTER_NOEXCEPT;

/* The field of that name, or NULL. */
HEAPSTER_API const struct heapster_field *heapster_field_find(const char *name) HEAPSTER_NOEXCEPT;

/* The figure. False, and `value` untouched, if it has no meaning in this kind of stats, is an average of nothing, or is
   not in a struct of that length. A value above INT64_MAX is given as INT64_MAX. */
HEAPSTER_API bool heapster_stats_get(const struct heapster_stats *stats, const struct heapster_field *field,
                                     int64_t *value) HEAPSTER_NOEXCEPT;

/* The report of one heap, or of the total: lines "name: value" in groups, then the histograms. */
HEAPSTER_API enum heapster_error heapster_stats_text(const struct heapster_stats *stats, struct heapster_sink sink);

/* One JSON object of every field and "kind" and "scope"; histograms are arrays of 64; a field without a
   meaning in this kind, and an average of nothing, are null. */
HEAPSTER_API enum heapster_error heapster_stats_json(const struct heapster_stats *stats, struct heapster_sink sink);

#ifdef __cplusplus
}
#endif

#endif
