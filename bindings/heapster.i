/* What scripts see, in every language. python/python.i and lua/lua.i say how a value looks in one of them, by typemaps for
   these types; "nothing" is None or nil:

     enum heapster_error            nothing, or an error of the language's own kind
     enum heapster_stats_kind, enum heapster_scope   "snapshot", "diff", "window"; "process", "thread"
     uint64_t, int64_t, uint32_t    an integer
     uint64_t FIGURE                the figure $1_name of arg1; nothing if it has no meaning
     struct heapster_real           a number, or nothing
     struct heapster_text           a string, or its error; frees its bytes
     struct heapster_histogram *, struct heapster_status *, struct heapster_frames *
                                    a copy; of a %newobject the memory itself, or an error for NULL
     struct heapster_new_stats      a new Stats, or an error
     struct heapster_stats *, struct heapster_frame *, struct heapster_lua_kinds *
                                    an attribute: a copy, or nothing if arg1 has none
     struct heapster_heap *         a Heap, never freed
     const struct heapster_heap *heap, const struct heapster_heap *named_heap, const char *name
                                    arguments: a name, a Heap or nothing for the total; a name or a Heap; a string
     uint64_t size, bool keep       arguments of watch_large: bytes or the text of a size; an option
     char[ANY]                      an attribute: a string, or nothing if it is empty

   Written by hand for each language: measure, measuring and limit, which call back into the interpreter and must add
   nothing to what they measure; heaps, large_requests, as_dict and as_table, which make tables. */
%module heapster
%{
#include "common/held.h"
#include "common/large.h"
#include "common/script.h"
#include "common/stats.h"
#include "common/value.h"
#include "common/values.h"
%}

%include <stdint.i>

#if defined(SWIGPYTHON)
%include "python/python.i"
#elif defined(SWIGLUA)
%include "lua/lua.i"
#endif

/* Objects are of classes of our own. A type without a typemap for that does not compile. */
%insert("wrapper") %{
#undef SWIG_NewPointerObj
#undef SWIG_ConvertPtr
#define SWIG_NewPointerObj(...) (struct heapster_type_without_typemap){0}
#define SWIG_ConvertPtr(...) (struct heapster_type_without_typemap){0}
%}

%typemap(default) const struct heapster_heap *heap "$1 = NULL;"
%typemap(default) bool keep "$1 = false;"

/* Figures that not every kind of Stats has, and averages, which need a count. */
%apply uint64_t FIGURE {
  int64_t live_change, int64_t use_change, uint64_t use_peak, uint64_t foreign_count, uint64_t use_peak_error,
  uint64_t alloc_avg, uint64_t dealloc_avg, uint64_t realloc_growth_avg, uint64_t realloc_shrink_avg,
  uint64_t realloc_move_avg };

/* Scripts see these structs of the public headers and their fields, and the functions heapster__script_... of script.h. */
%rename("$ignore", regextarget=1) "^heapster_|^HEAPSTER_";
%rename("%(regex:/^heapster__script_(.*)$/\\1/)s", regextarget=1, fullname=1) "^heapster__script_";
%rename(Stats) heapster_stats;
%rename(Histogram) heapster_histogram;
%rename(Heap) heapster__held_heap;
%rename(Status) heapster_status;
%rename(Frame) heapster_frame;
%rename(Frames) heapster_frames;
%rename(LargeRequest) heapster__named_request;
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
%ignore heapster_origin;
%ignore heapster_stats::origin;
%ignore frame_size;
%newobject heapster__script_live_histogram;
%newobject heapster__script_status;
%newobject heapster__script_frames;
%newobject heapster_histogram::minus;
%immutable;
%nodefaultctor;
%nodefaultdtor;

struct heapster__held_heap {};

%include <heapster/base.h>
%include <heapster/histogram.h>
%include <heapster/stats.h>
%include <heapster/status.h>
%include <heapster/hook.h>
%clear uint64_t use_peak, uint64_t use_peak_error; /* every frame has them */
%include <heapster/frame.h>
%include "common/large.h"
%include "common/script.h"
void heapster_reset(void);

/* A method or attribute without a body is a C function: heapster_histogram_total, heapster_heap_name_get. */
%extend heapster_stats {
  const uint64_t alloc_avg;
  const uint64_t dealloc_avg;
  const uint64_t realloc_growth_avg;
  const uint64_t realloc_shrink_avg;
  const uint64_t realloc_move_avg;
  const struct heapster_stats *const thread;
  bool is_equal(const struct heapster_stats *other) const;
  struct heapster_new_stats minus(const struct heapster_stats *other) const {
    return heapster__stats_subtract($self, other);
  }
  struct heapster_text as_text(void) const { return heapster__stats_text($self); }
  struct heapster_text to_json(void) const { return heapster__stats_json($self); }
}
%extend heapster_histogram {
  uint64_t total(void) const;
  bool is_empty(void) const;
  struct heapster_real as_quantile(double q) const { return heapster__histogram_quantile($self, q); }
  bool is_equal(const struct heapster_histogram *other) const { return !memcmp($self, other, sizeof *other); }
  struct heapster_histogram *minus(const struct heapster_histogram *other) const {
    return heapster__histogram_subtract($self, other);
  }
  struct heapster_text as_text(void) const { return heapster__histogram_text($self); }
}
%extend heapster__held_heap {
  const char *const name;
  struct heapster_new_stats stats(void) const { return heapster__held_stats($self); }
}
%extend heapster_status {
  struct heapster_text as_text(void) const { return heapster__status_text($self); }
}
%extend heapster_frame {
  bool is_equal(const struct heapster_frame *other) const { return !memcmp($self, other, sizeof *other); }
  struct heapster_text as_text(void) const { return heapster__frame_text($self); }
}
%extend heapster_frames {
  struct heapster_text as_text(void) const { return heapster__frames_text($self); }
}
%extend heapster__named_request {
  bool is_equal(const struct heapster__named_request *other) const { return !memcmp($self, other, sizeof *other); }
  struct heapster_text as_text(void) const { return heapster__named_request_text($self); }
}
%{
/* Placeholders: typemap FIGURE reads the value itself. */
#define heapster_stats_alloc_avg_get(stats) 0
#define heapster_stats_dealloc_avg_get(stats) 0
#define heapster_stats_realloc_growth_avg_get(stats) 0
#define heapster_stats_realloc_shrink_avg_get(stats) 0
#define heapster_stats_realloc_move_avg_get(stats) 0
#define heapster_stats_thread_get(stats) heapster__stats_thread(stats)
#define heapster__held_heap_name_get(held) (held)->name
%}

#if defined(SWIGPYTHON)
%insert("wrapper") %{
#include "python/tables.h"
%}
#endif
