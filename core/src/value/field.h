/* The fields of heapster_stats, each named once. Differences, figures by name, the text, JSON and Prometheus all come
   from the table that this list makes. How to add one: "A new figure" in core/README.md. */
#ifndef HEAPSTER__VALUE_FIELD_H
#define HEAPSTER__VALUE_FIELD_H

#include <heapster/stats.h>
#include <string.h>

/* In the order of struct heapster_stats, which field.c checks.
   X(name, unit, difference, group of the text, when it is shown, Prometheus name, help)
   A(stem, group): stem_avg, which is stem_sum / stem_count. */
#define HEAPSTER__FIELDS(X, A)                                                                               \
  X(alloc_count, COUNT, RISE, ALLOC, ALWAYS, "allocs_total", "Requests for a new block that were served.")   \
  X(alloc_sum, BYTES, RISE, ALLOC, VERBOSE, "allocated_bytes_total", "Bytes asked for in new blocks.")       \
  A(alloc, ALLOC)                                                                                            \
  X(alloc_fail_count, COUNT, RISE, ALLOC, IF_ANY, "alloc_failures_total",                                    \
    "Requests for a new block that were refused.")                                                           \
  X(dealloc_count, COUNT, RISE, DEALLOC, ALWAYS, "frees_total", "Blocks freed.")                             \
  X(dealloc_sum, BYTES, RISE, DEALLOC, VERBOSE, "freed_bytes_total", "Bytes in freed blocks.")               \
  A(dealloc, DEALLOC)                                                                                        \
  X(realloc_growth_count, COUNT, RISE, GROWTH, ALWAYS, "growths_total", "Resizes to a larger size.")         \
  X(realloc_growth_sum, BYTES, RISE, GROWTH, VERBOSE, "grown_bytes_total", "Bytes by which blocks grew.")    \
  A(realloc_growth, GROWTH)                                                                                  \
  X(realloc_growth_in_place_count, COUNT, RISE, GROWTH, IF_ANY, "growths_in_place_total",                    \
    "Resizes to a larger size that kept the address.")                                                       \
  X(realloc_shrink_count, COUNT, RISE, SHRINK, ALWAYS, "shrinks_total", "Resizes to a smaller size.")        \
  X(realloc_shrink_sum, BYTES, RISE, SHRINK, VERBOSE, "shrunk_bytes_total", "Bytes by which blocks shrank.") \
  A(realloc_shrink, SHRINK)                                                                                  \
  X(realloc_shrink_in_place_count, COUNT, RISE, SHRINK, IF_ANY, "shrinks_in_place_total",                    \
    "Resizes to a smaller size that kept the address.")                                                      \
  X(realloc_same_count, COUNT, RISE, MOVE, IF_ANY, "same_size_resizes_total", "Resizes to the same size.")   \
  X(realloc_move_count, COUNT, RISE, MOVE, ALWAYS, "moves_total", "Resizes that changed the address.")       \
  X(realloc_move_sum, BYTES, RISE, MOVE, VERBOSE, "moved_bytes_total",                                       \
    "Bytes copied by resizes that changed the address.")                                                     \
  A(realloc_move, MOVE)                                                                                      \
  X(realloc_fail_count, COUNT, RISE, MOVE, IF_ANY, "resize_failures_total", "Resizes that were refused.")    \
  X(total_alloc_sum, BYTES, RISE, USE, VERBOSE, NULL, NULL)                                                  \
  X(total_dealloc_sum, BYTES, RISE, USE, VERBOSE, NULL, NULL)                                                \
  X(live_count, COUNT, LEVEL(live_change), USE, VERBOSE, "live_blocks", "Blocks alive now.")                 \
  X(live_change, COUNT, CHANGE(live_count), USE, IF_ANY, NULL, NULL)                                         \
  X(use_curr, BYTES, LEVEL(use_change), USE, ALWAYS, "live_bytes", "Bytes alive now.")                       \
  X(use_change, BYTES, CHANGE(use_curr), USE, IF_ANY, NULL, NULL)                                            \
  X(use_max, BYTES, MAXIMUM(use_peak), USE, ALWAYS, "peak_bytes",                                            \
    "Most bytes alive at one time, since the start or the last reset.")                                      \
  X(use_peak, BYTES, OF_WINDOW, USE, IF_ANY, NULL, NULL)                                                     \
  X(unseen_alloc_count, COUNT, RISE, ALLOC, IF_ANY, "unseen_allocs_total",                                   \
    "Blocks first met at their free or resize.")                                                             \
  X(unseen_free_count, COUNT, RISE, DEALLOC, IF_ANY, "unseen_frees_total",                                   \
    "Blocks whose address was handed out again before their free was seen.")                                 \
  X(foreign_count, COUNT, OF_WINDOW, USE, IF_ANY, NULL, NULL)

/* Figures that were added after the struct was frozen: programs are compiled with offsets in it, so it grows only at
   its end. A new figure is the last member of the struct, and the last row here. */
#define HEAPSTER__ADDED_FIELDS(X) X(use_peak_error, BYTES, ERROR_OF(use_peak), USE, IF_ANY, NULL, NULL)

/* How after - before is computed. It also says which kinds of stats have the field: see heapster__field_is_in. */
enum heapster__difference {
  HEAPSTER__RISE,      /* after - before, at least 0 */
  HEAPSTER__LEVEL,     /* the figure of `after` */
  HEAPSTER__CHANGE,    /* of two snapshots: the change of the `other` figure; of two spans: the signed after - before */
  HEAPSTER__OF_WINDOW, /* 0: two ends do not determine it */
  HEAPSTER__AVERAGE    /* computed from sum and count */
};

/* Groups of lines in the text, in order. */
enum heapster__group {
  HEAPSTER__ALLOC,
  HEAPSTER__DEALLOC,
  HEAPSTER__GROWTH,
  HEAPSTER__SHRINK,
  HEAPSTER__MOVE,
  HEAPSTER__USE,
  HEAPSTER__GROUPS
};

enum heapster__shown { HEAPSTER__VERBOSE, HEAPSTER__ALWAYS, HEAPSTER__IF_ANY };

struct heapster__field {
  struct heapster_field base; /* first, so that a heapster_field of the table is a heapster__field */
  enum heapster__difference difference;
  size_t offset; /* of the figure in heapster_stats; for AVERAGE, of its sum */
  size_t other;  /* for AVERAGE, of its count; for CHANGE, of the level that changes */
  enum heapster__group group;
  enum heapster__shown shown;
  const char *metric; /* without the prefix "heapster_"; NULL for no series */
  const char *help;
};

/* heapster_field_at, with the columns that only the core needs. */
const struct heapster__field *heapster__field_at(size_t index);

/* The figure at an offset of the struct. A signed figure comes as its bits. */
static inline uint64_t heapster__figure_at(const struct heapster_stats *stats, size_t offset) {
  uint64_t figure;
  memcpy(&figure, (const char *)stats + offset, sizeof figure);
  return figure;
}

/* Whether stats of that kind have the field. */
bool heapster__field_is_in(const struct heapster__field *field, enum heapster_stats_kind kind);

/* The limit field whose name is nearest to a mistyped one, or NULL if none is near. */
const struct heapster_field *heapster__field_like(const char *name);

#endif
