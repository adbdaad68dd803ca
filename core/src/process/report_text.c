/* A report as text: for people, as JSON, for Prometheus. */
#include "process/report_text.h"

#include <stdio.h>
#include <string.h>

#include "process/report_sites.h"
#include "value/json.h"
#include "value/prometheus.h"
#include "value/stats_text.h"

/* The columns of the table of heaps. */
static const struct column {
  const char *heading;
  const char *field;
} columns[] = {
    {"allocs", "alloc_count"},  {"frees", "dealloc_count"}, {"live blocks", "live_count"},
    {"live bytes", "use_curr"}, {"peak bytes", "use_max"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* A snapshot has every field of a column. */
static size_t cell_text(const struct heapster_stats *stats, const struct column *column,
                        char text[HEAPSTER__FIGURE_TEXT]) {
  const struct heapster_field *const field = heapster_field_find(column->field);
  int64_t value = 0;
  heapster_stats_get(stats, field, &value);
  return heapster__figure_text(field->unit, value, text);
}

static size_t max_of(size_t a, size_t b) { return a > b ? a : b; }

static size_t column_width_of(const struct heapster__figures *figures, const struct column *column) {
  size_t width = strlen(column->heading);
  for (size_t i = 0; i < figures->count; i++) {
    char text[HEAPSTER__FIGURE_TEXT];
    width = max_of(width, cell_text(&figures->heaps[i].stats, column, text));
  }
  return width;
}

static size_t name_width_of(const struct heapster__figures *figures) {
  size_t width = strlen("heap");
  for (size_t i = 0; i < figures->count; i++) width = max_of(width, strlen(figures->names[i]));
  return width;
}

static void write_table(struct heapster__writer *writer, const struct heapster__figures *figures) {
  const size_t name = name_width_of(figures);
  size_t widths[COLUMNS];
  heapster__write_left(writer, "heap", name);
  for (size_t i = 0; i < COLUMNS; i++) {
    widths[i] = column_width_of(figures, &columns[i]) + 2;
    heapster__write_right(writer, columns[i].heading, widths[i]);
  }
  for (size_t row = 0; row < figures->count; row++) {
    heapster__write_text(writer, "\n");
    heapster__write_left(writer, figures->names[row], name);
    for (size_t i = 0; i < COLUMNS; i++) {
      char text[HEAPSTER__FIGURE_TEXT];
      cell_text(&figures->heaps[row].stats, &columns[i], text);
      heapster__write_right(writer, text, widths[i]);
    }
  }
  heapster__write_text(writer, "\n");
}

/* Says why malloc is not counted, or not all of it. Whether there was anything to say. */
static bool write_missing_malloc(struct heapster__writer *writer, const struct heapster__figures *figures) {
  const bool is_hooked = strcmp(figures->malloc_way, "none") != 0;
  const bool has_problem = figures->malloc_problem[0];
  if (is_hooked && !has_problem) return false;
  heapster__write_text(writer, is_hooked ? "malloc is not counted, or not all of it"
                                         : "malloc is not counted: run the program under `heapster run -- ...`, link "
                                           "heapster::malloc, or hook \"malloc\"");
  if (has_problem) {
    heapster__write_text(writer, is_hooked ? ": " : " (");
    heapster__write_printable(writer, figures->malloc_problem);
    heapster__write_text(writer, is_hooked ? "" : ")");
  }
  heapster__write_text(writer, "\n");
  return true;
}

static void write_people(struct heapster__writer *writer, const struct heapster__report *report, bool is_verbose) {
  const struct heapster__figures *const figures = report->figures;
  const bool has_line = write_missing_malloc(writer, figures);
  if (!figures->count) return;
  if (has_line) heapster__write_text(writer, "\n");
  if (figures->count > 1) {
    write_table(writer, figures);
    heapster__write_text(writer, "\n");
  }
  heapster__write_stats(writer, &figures->total, is_verbose);
  heapster__write_sites(writer, report);
}

void heapster__write_report_text(struct heapster__writer *writer, const struct heapster__report *report) {
  write_people(writer, report, false);
}

void heapster__write_report_verbose(struct heapster__writer *writer, const struct heapster__report *report) {
  write_people(writer, report, true);
}

void heapster__write_report_prometheus(struct heapster__writer *writer, const struct heapster__report *report) {
  const struct heapster__figures *const figures = report->figures;
  struct heapster__labelled_stats series[HEAPSTER_HEAPS];
  for (size_t i = 0; i < figures->count; i++) {
    series[i] = (struct heapster__labelled_stats){figures->names[i], &figures->heaps[i].stats};
  }
  heapster__write_prometheus(writer, series, figures->count);
}

static void write_string(struct heapster__writer *writer, const char *key, const char *value) {
  heapster__write_texts(writer, key, ": ");
  heapster__write_json_string(writer, value, strlen(value));
}

/* Writes an array of the arguments; one that is not known is []. */
static void write_command(struct heapster__writer *writer, const struct heapster__report *report) {
  const char *const bytes = report->command;
  heapster__write_text(writer, ", \"command\": [");
  for (size_t at = 0; at < report->command_length;) {
    const size_t argument = strnlen(bytes + at, report->command_length - at);
    if (at) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, bytes + at, argument);
    at += argument + 1;
  }
  heapster__write_text(writer, report->is_command_cut ? "], \"command_is_cut\": true" : "]");
}

static void write_heaps(struct heapster__writer *writer, const struct heapster__figures *figures) {
  heapster__write_text(writer, ", \"heaps\": {");
  for (size_t i = 0; i < figures->count; i++) {
    if (i) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, figures->names[i], strlen(figures->names[i]));
    heapster__write_text(writer, ": ");
    heapster__write_json_stats(writer, &figures->heaps[i].stats);
  }
  heapster__write_text(writer, "}");
}

/* How the process ended where it could not write its last figures, and of when these are: seconds since 1970. */
static void write_end(struct heapster__writer *writer, const struct heapster__report *report) {
  if (report->killed_by) write_string(writer, ", \"killed_by\"", report->killed_by);
  if (!report->snapshot_time) return;
  char time[40];
  snprintf(time, sizeof time, "%llu.%03u", (unsigned long long)(report->snapshot_time / 1000000000),
           (unsigned)(report->snapshot_time / 1000000 % 1000));
  heapster__write_texts(writer, ", \"snapshot_time\": ", time);
}

/* "malloc_problem" only if malloc is hooked and not, or not wholly, counted. */
void heapster__write_report_json(struct heapster__writer *writer, const struct heapster__report *report) {
  const struct heapster__figures *const figures = report->figures;
  write_string(writer, "{\"heapster\"", report->version);
  heapster__write_text(writer, ", \"pid\": ");
  heapster__write_integer(writer, report->pid);
  write_command(writer, report);
  write_end(writer, report);
  heapster__write_text(writer, ", \"total\": ");
  if (figures->count)
    heapster__write_json_stats(writer, &figures->total);
  else
    heapster__write_text(writer, "null"); /* nothing is counted; zeros would look like figures */
  write_heaps(writer, figures);
  heapster__write_json_sites(writer, report);
  if (strcmp(figures->malloc_way, "none") != 0 && figures->malloc_problem[0])
    write_string(writer, ", \"malloc_problem\"", figures->malloc_problem);
  heapster__write_text(writer, "}\n");
}

heapster__write_report *heapster__report_writer(const char *format) {
  if (!strcmp(format, "json")) return heapster__write_report_json;
  if (!strcmp(format, "prometheus")) return heapster__write_report_prometheus;
  return strcmp(format, "verbose") != 0 ? heapster__write_report_text : heapster__write_report_verbose;
}

bool heapster__report_is_for_people(const char *format) {
  return strcmp(format, "json") != 0 && strcmp(format, "prometheus") != 0;
}

/* A text that a writer fills. */
struct text {
  char *bytes;
  size_t capacity;
  size_t length;
};

/* A character, or an escape for one, is written whole or not. */
static bool append(void *context, const char *bytes, size_t length) {
  struct text *const text = context;
  if (length >= text->capacity - text->length) return false;
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
  return true;
}

void heapster__heading_text(char *text, size_t capacity, const char *program, int64_t pid) {
  char name[128];
  heapster__printable_text(name, sizeof name, program);
  snprintf(text, capacity, "heapster: %s (pid %lld)\n", name, (long long)pid);
}

void heapster__printable_text(char *text, size_t capacity, const char *name) {
  struct text filled = {text, capacity, 0};
  struct heapster__writer writer = heapster__writer_make((struct heapster_sink){append, &filled});
  text[0] = '\0';
  heapster__write_printable(&writer, name);
}
