/* What scripts see beyond the structs of the public headers, and how it is made. In a script
   heapster__script_report is `report`; the others are methods and attributes that heapster.i names. */
#ifndef HEAPSTER__SCRIPT_H
#define HEAPSTER__SCRIPT_H

#include <heapster/heapster.h>

#include "common/text.h"

/* A figure that may be undefined. */
struct heapster_figure {
  bool is_defined;
  int64_t value;
};

/* A real number that may be undefined. */
struct heapster_real {
  bool is_defined;
  double value;
};

/* The memory of every Stats that a script has: the share is the calling thread's of a window, where its scope is
   HEAPSTER_THREAD; else there is none. */
struct heapster_shared_stats {
  struct heapster_stats stats; /* first, so that a pointer to it is one to both */
  struct heapster_stats share;
};

/* A new value, to be freed by heapster__value_free; or NULL, and why. */
struct heapster_new_stats {
  struct heapster_stats *value;
  enum heapster_error error;
};
struct heapster_new_histogram {
  struct heapster_histogram *value;
  enum heapster_error error;
};
struct heapster_new_status {
  struct heapster_status *value;
  enum heapster_error error;
};
struct heapster_new_frames {
  struct heapster_frames *value;
  enum heapster_error error;
};

/* A snapshot of one heap, or of the total for NULL. */
struct heapster_new_stats heapster__script_stats(const struct heapster_heap *heap);

/* The sizes of the blocks alive now, of one heap, or of all for NULL. */
struct heapster_new_histogram heapster__script_live_histogram(const struct heapster_heap *heap);

/* The heap that was named: its typemap knows. */
struct heapster_heap *heapster__script_heap(const struct heapster_heap *named_heap);

struct heapster_new_status heapster__script_status(void);

/* The last frames of one heap, or of the total for NULL. */
struct heapster_new_frames heapster__script_frames(const struct heapster_heap *heap);

/* The whole process as text, in one reading: for people, as JSON, for Prometheus. */
struct heapster_text heapster__script_report(void);
struct heapster_text heapster__script_json(void);
struct heapster_text heapster__script_prometheus(void);

#ifndef SWIG

/* Memory for a Stats that has no share, or NULL. heapster__value_free frees it too. */
struct heapster_stats *heapster__stats_new(void);
void heapster__stats_free(struct heapster_stats *stats);

/* A Stats of the same figures; the share comes along. */
struct heapster_new_stats heapster__stats_copy(const struct heapster_stats *stats);

/* Ends the window into a Stats of a script, with its share; `stats` may be NULL. */
enum heapster_error heapster__stats_window_end(struct heapster_window window, struct heapster_stats *stats);

/* Makes `share`, of thread scope, the share of a Stats of a script. */
void heapster__stats_share_set(struct heapster_stats *stats, const struct heapster_stats *share);

/* The share of a Stats of a script, or NULL. */
const struct heapster_stats *heapster__stats_share(const struct heapster_stats *stats);

/* The words for a kind and a scope. */
const char *heapster__kind_name(enum heapster_stats_kind kind);
const char *heapster__scope_name(enum heapster_scope scope);

/* False where `name` is no scope. */
bool heapster__scope_find(const char *name, enum heapster_scope *scope);

/* A figure by the name of its field. */
struct heapster_figure heapster__stats_figure(const struct heapster_stats *stats, const char *field);

struct heapster_new_stats heapster__stats_minus(const struct heapster_stats *after,
                                                const struct heapster_stats *before);
struct heapster_text heapster__stats_text(const struct heapster_stats *stats);
struct heapster_text heapster__stats_json(const struct heapster_stats *stats);

struct heapster_real heapster__histogram_quantile(const struct heapster_histogram *histogram, double q);
struct heapster_text heapster__histogram_text(const struct heapster_histogram *histogram);

struct heapster_new_histogram heapster__histogram_copy(const struct heapster_histogram *histogram);

/* Bucket by bucket, cut at 0. */
struct heapster_new_histogram heapster__histogram_minus(const struct heapster_histogram *after,
                                                        const struct heapster_histogram *before);
bool heapster__histogram_is_equal(const struct heapster_histogram *a, const struct heapster_histogram *b);

/* common/frames.c. A copy to be freed by heapster__value_free, or NULL. */
struct heapster_frame *heapster__frame_copy(const struct heapster_frame *frame);
bool heapster__frame_is_equal(const struct heapster_frame *a, const struct heapster_frame *b);
struct heapster_text heapster__frame_text(const struct heapster_frame *frame);
struct heapster_text heapster__frames_text(const struct heapster_frames *frames);

struct heapster_text heapster__status_as_text(const struct heapster_status *status);

/* The requests of a window, those refused included: what `repeat` compares runs by. */
uint64_t heapster__stats_requests(const struct heapster_stats *stats);

/* Whether `name` is a hook's heap, which is not there while the hook is off. */
bool heapster__is_hook(const char *name);

/* Why there is no heap `name`, or, for NULL, no heap at all: one line. */
struct heapster_text heapster__why_no_heap(const char *name);

/* Why heapster_hook or heapster_unhook ("hook", "unhook") refused: one line. */
struct heapster_text heapster__why_no_hook(const char *verb, enum heapster_error error, const char *hook);

/* Why a limit cannot be set on `field`: one line. */
struct heapster_text heapster__why_no_limit(const char *field);

/* Which of the limits the window broke: a line each; empty where it broke none. */
struct heapster_text heapster__limits_broken(const struct heapster_stats *stats, const struct heapster_limit *limits,
                                             size_t count);

#endif

#endif
