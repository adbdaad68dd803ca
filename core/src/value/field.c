/* The table of fields, and figures by name. */
#include "value/field.h"

#include "value/sized.h"
#include "value/spelling.h"

#include <string.h>

/* The difference column of the list, as the initializers of a row. */
#define RISE .difference = HEAPSTER__RISE, .base.is_limit = true
#define MAXIMUM(peak) .difference = HEAPSTER__RISE, .base.instead = #peak
#define LEVEL(change) .difference = HEAPSTER__LEVEL, .base.instead = #change
#define OF_WINDOW .difference = HEAPSTER__OF_WINDOW, .base.is_limit = true
#define ERROR_OF(figure) .difference = HEAPSTER__OF_WINDOW, .base.instead = #figure
#define CHANGE(level)                                                            \
  .difference = HEAPSTER__CHANGE, .base.is_limit = true, .base.is_signed = true, \
  .other = offsetof(struct heapster_stats, level)

#define FIGURE(field_name, field_unit, rule, section, when, prometheus, text) \
  {.base.name = #field_name,                                                  \
   .base.unit = HEAPSTER_##field_unit,                                        \
   rule,                                                                      \
   .offset = offsetof(struct heapster_stats, field_name),                     \
   .group = HEAPSTER__##section,                                              \
   .shown = HEAPSTER__##when,                                                 \
   .metric = (prometheus),                                                    \
   .help = (text)},

#define AVERAGE(stem, section)                             \
  {.base.name = #stem "_avg",                              \
   .base.unit = HEAPSTER_BYTES,                            \
   .base.is_limit = true,                                  \
   .difference = HEAPSTER__AVERAGE,                        \
   .offset = offsetof(struct heapster_stats, stem##_sum),  \
   .other = offsetof(struct heapster_stats, stem##_count), \
   .group = HEAPSTER__##section,                           \
   .shown = HEAPSTER__ALWAYS},

static const struct heapster__field fields[] = {HEAPSTER__FIELDS(FIGURE, AVERAGE) HEAPSTER__ADDED_FIELDS(FIGURE)};
enum { FIELDS = sizeof fields / sizeof fields[0] };

#define PLACE(name, ...) PLACE_##name,
#define NO_PLACE(...)
enum { HEAPSTER__FIELDS(PLACE, NO_PLACE) PLACES };

#define OFFSET_OF_PLACE(place) (offsetof(struct heapster_stats, alloc_count) + (place) * sizeof(uint64_t))
#define CHECK(name, ...)                                                                 \
  _Static_assert(offsetof(struct heapster_stats, name) == OFFSET_OF_PLACE(PLACE_##name), \
                 "the list of fields has the order of struct heapster_stats");
HEAPSTER__FIELDS(CHECK, NO_PLACE)
_Static_assert(offsetof(struct heapster_stats, alloc_histogram) == OFFSET_OF_PLACE(PLACES), "the list has every field");

#define ONE(...) +1
enum { ADDED = 0 HEAPSTER__ADDED_FIELDS(ONE) };
_Static_assert(sizeof(struct heapster_stats) ==
                   HEAPSTER__FIRST_STATS + ADDED * sizeof(uint64_t) + sizeof(struct heapster_origin),
               "every member after lua_kinds has a row in HEAPSTER__ADDED_FIELDS, except origin, which is no figure");
#define CHECK_WIDTH(name, ...) \
  _Static_assert(sizeof((struct heapster_stats *)0)->name == sizeof(uint64_t), "a figure has 64 bits");
HEAPSTER__ADDED_FIELDS(CHECK_WIDTH)

const struct heapster__field *heapster__field_at(size_t index) { return index < FIELDS ? &fields[index] : NULL; }

const struct heapster_field *heapster_field_at(size_t index) { return index < FIELDS ? &fields[index].base : NULL; }

const struct heapster_field *heapster_field_find(const char *name) {
  for (size_t i = 0; name && i < FIELDS; i++) {
    if (!strcmp(fields[i].base.name, name)) return &fields[i].base;
  }
  return NULL;
}

bool heapster__field_is_in(const struct heapster__field *field, enum heapster_stats_kind kind) {
  if (field->difference == HEAPSTER__CHANGE) return kind != HEAPSTER_SNAPSHOT;
  return field->difference != HEAPSTER__OF_WINDOW || kind == HEAPSTER_WINDOW;
}

bool heapster_stats_get(const struct heapster_stats *stats, const struct heapster_field *field, int64_t *value) {
  const struct heapster__field *const row = (const struct heapster__field *)field;
  if (!stats || !row || !value || !heapster__field_is_in(row, stats->kind)) return false;
  if (!heapster__stats_holds(stats, row->offset)) return false;

  uint64_t figure = heapster__figure_at(stats, row->offset);
  if (row->difference == HEAPSTER__AVERAGE) {
    const uint64_t count = heapster__figure_at(stats, row->other);
    if (!count) return false;
    figure /= count;
  }
  *value = figure > INT64_MAX && !field->is_signed ? INT64_MAX : (int64_t)figure;
  return true;
}

const struct heapster_field *heapster__field_like(const char *name) {
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (size_t i = 0; i < FIELDS; i++) {
    if (fields[i].base.is_limit) heapster__spelling_try(&spelling, fields[i].base.name);
  }
  return heapster_field_find(spelling.nearest);
}
