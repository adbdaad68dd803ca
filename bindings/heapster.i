/* What scripts see, in every language. How a value looks in one of them is in python.i and lua.i; those give typemaps
   for these types:

     enum heapster_error            an answer: nothing, or an error in the language's own kind
     enum heapster_stats_kind, enum heapster_scope   "snapshot", "diff", "window"; "process", "thread"
     uint64_t, int64_t, uint32_t    an integer
     uint64_t FIGURE                the figure $1_name of arg1: an integer, or nothing where it has no meaning
     struct heapster_real           a number, or nothing
     struct heapster_text           a string; or its error; its bytes are to be freed
     struct heapster_histogram *    the attribute of a Stats: a copy, which the script owns
     const struct heapster_stats *  the same, or nothing
     struct heapster_frame *         the attribute of a Frames: a copy, or nothing where no frame has ended
     struct heapster_lua_kinds *    the attribute of a Stats: a copy, or nothing where arg1 has none
     struct heapster_new_stats, struct heapster_new_histogram, struct heapster_new_status, struct heapster_new_frames
                                    a value that the script owns, or an error
     struct heapster_heap *         a Heap, never freed
     const struct heapster_heap *heap        (argument) nothing for the total, a name, or a Heap
     const struct heapster_heap *named_heap  (argument) a name or a Heap
     const char *name               (argument) a string, never nothing

   measure, measuring and limit call back into the interpreter and must add nothing to what they measure, heaps and
   as_dict / as_table make tables: they are written by hand, a file a language. */
%module(docstring="Exact heap telemetry: what a program asks of its heap, counted always.") heapster
%{
#include "script.h"
#include "value.h"
%}

%include <stdint.i>

#if defined(SWIGPYTHON)
%include "python.i"
#elif defined(SWIGLUA)
%include "lua.i"
#endif

%typemap(default) const struct heapster_heap *heap "$1 = NULL;"

/* Figures that not every kind of Stats has, and averages of nothing. */
%apply uint64_t FIGURE {
  int64_t live_change, int64_t use_change, uint64_t use_peak, uint64_t foreign_count,
  uint64_t alloc_avg, uint64_t dealloc_avg, uint64_t realloc_growth_avg, uint64_t realloc_shrink_avg,
  uint64_t realloc_move_avg };

/* Of the public headers scripts see these structs and their fields; of script.h, what it names heapster__script_. */
%rename("$ignore", regextarget=1) "^heapster_|^HEAPSTER_";
%rename("%(regex:/^heapster__script_(.*)$/\\1/)s", regextarget=1, fullname=1) "^heapster__script_";
%rename(Stats) heapster_stats;
%rename(Histogram) heapster_histogram;
%rename(Heap) heapster_heap;
%rename(Status) heapster_status;
%rename(Frame) heapster_frame;
%rename(Frames) heapster_frames;
%rename(frame) heapster_frame_mark;
%rename(reset) heapster_reset;
%rename(hook) heapster_hook;
%rename(unhook) heapster_unhook;
%rename(text) as_text; /* the public functions have the short names in C */
%rename(quantile) as_quantile;
%ignore heapster_histogram::buckets;
%ignore heapster_frames::kept;
%ignore heapster_stats::has_lua_kinds;
%ignore struct_size;
%ignore frame_size;
%immutable;
%nodefaultctor;
%nodefaultdtor heapster_heap;

/* Opaque in C. */
struct heapster_heap {};

%include <heapster/base.h>
%include <heapster/histogram.h>
%include <heapster/stats.h>
%include <heapster/status.h>
%include <heapster/hook.h>
%clear uint64_t use_peak; /* every frame has one */
%include <heapster/frame.h>
%include "script.h"
void heapster_reset(void);

/* A method or attribute without a body here is a function of C: heapster_histogram_total, heapster_heap_name_get. */
%extend heapster_stats {
  const uint64_t alloc_avg;
  const uint64_t dealloc_avg;
  const uint64_t realloc_growth_avg;
  const uint64_t realloc_shrink_avg;
  const uint64_t realloc_move_avg;
  const struct heapster_stats *const thread;
  bool is_equal(const struct heapster_stats *other) const;
  struct heapster_new_stats minus(const struct heapster_stats *other) const {
    return heapster__stats_minus($self, other);
  }
  struct heapster_text as_text(void) const { return heapster__stats_text($self); }
  struct heapster_text to_json(void) const { return heapster__stats_json($self); }
  ~heapster_stats() { heapster__stats_free($self); }
}
%extend heapster_histogram {
  uint64_t total(void) const;
  bool is_empty(void) const;
  struct heapster_real as_quantile(double q) const { return heapster__histogram_quantile($self, q); }
  bool is_equal(const struct heapster_histogram *other) const { return heapster__histogram_is_equal($self, other); }
  struct heapster_new_histogram minus(const struct heapster_histogram *other) const {
    return heapster__histogram_minus($self, other);
  }
  struct heapster_text as_text(void) const { return heapster__histogram_text($self); }
  ~heapster_histogram() { heapster__value_free($self); }
}
%extend heapster_heap {
  const char *const name;
  struct heapster_new_stats stats(void) const { return heapster__script_stats($self); }
}
%extend heapster_status {
  struct heapster_text as_text(void) const { return heapster__status_as_text($self); }
  ~heapster_status() { heapster__value_free($self); }
}
%extend heapster_frame {
  bool is_equal(const struct heapster_frame *other) const { return heapster__frame_is_equal($self, other); }
  struct heapster_text as_text(void) const { return heapster__frame_text($self); }
  ~heapster_frame() { heapster__value_free($self); }
}
%extend heapster_frames {
  struct heapster_text as_text(void) const { return heapster__frames_text($self); }
  ~heapster_frames() { heapster__value_free($self); }
}
%{
/* What typemap FIGURE does not ask. */
#define heapster_stats_alloc_avg_get(stats) 0
#define heapster_stats_dealloc_avg_get(stats) 0
#define heapster_stats_realloc_growth_avg_get(stats) 0
#define heapster_stats_realloc_shrink_avg_get(stats) 0
#define heapster_stats_realloc_move_avg_get(stats) 0
#define heapster_stats_thread_get(stats) heapster__stats_share(stats)
#define heapster_heap_name_get(heap) heapster_heap_name(heap)
%}
