/* The whole process as text, from one snapshot: for people, as JSON, for Prometheus. */
#include <heapster/report.h>

#include <errno.h>
#include <fcntl.h>
#include <heapster/heap.h>
#include <heapster/hook.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "value/json.h"
#include "value/prometheus.h"
#include "value/stats_text.h"

/* All heaps at one moment. Too large for a caller's stack, and malloc is counted: it lies in pages of the system. */
struct snapshot {
  struct heapster_stats total;
  size_t count;
  struct heapster_heap_stats heaps[HEAPSTER_HEAPS];
  struct heapster__labelled_stats series[HEAPSTER_HEAPS];
};

static struct snapshot *take_snapshot(void) {
  struct snapshot *const snapshot = heapster__pages_map(sizeof *snapshot);
  if (!snapshot) return NULL;
  const size_t count = heapster_stats_read_all(&snapshot->total, snapshot->heaps, HEAPSTER_HEAPS);
  snapshot->count = count < HEAPSTER_HEAPS ? count : HEAPSTER_HEAPS;
  for (size_t i = 0; i < snapshot->count; i++) {
    snapshot->series[i].heap = heapster_heap_name(snapshot->heaps[i].heap);
    snapshot->series[i].stats = &snapshot->heaps[i].stats;
  }
  return snapshot;
}

/* Takes a snapshot, has `write` write it, and frees it. errno is unchanged: the caller may be a destructor of the
   program, in the middle of its own work. */
static enum heapster_error write_all(struct heapster_sink sink,
                                     void (*write)(struct heapster__writer *, const struct snapshot *)) {
  const int saved = errno;
  enum heapster_error error = HEAPSTER_NO_MEMORY;
  struct snapshot *const snapshot = take_snapshot();
  if (snapshot) {
    struct heapster__writer writer = heapster__writer_make(sink);
    write(&writer, snapshot);
    error = heapster__writer_result(&writer);
    heapster__pages_unmap(snapshot, sizeof *snapshot);
  }
  errno = saved;
  return error;
}

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

static size_t column_width_of(const struct snapshot *snapshot, const struct column *column) {
  size_t width = strlen(column->heading);
  for (size_t i = 0; i < snapshot->count; i++) {
    char text[HEAPSTER__FIGURE_TEXT];
    width = max_of(width, cell_text(snapshot->series[i].stats, column, text));
  }
  return width;
}

static size_t name_width_of(const struct snapshot *snapshot) {
  size_t width = strlen("heap");
  for (size_t i = 0; i < snapshot->count; i++) width = max_of(width, strlen(snapshot->series[i].heap));
  return width;
}

static void write_table(struct heapster__writer *writer, const struct snapshot *snapshot) {
  const size_t name = name_width_of(snapshot);
  size_t widths[COLUMNS];
  heapster__write_left(writer, "heap", name);
  for (size_t i = 0; i < COLUMNS; i++) {
    widths[i] = column_width_of(snapshot, &columns[i]) + 2;
    heapster__write_right(writer, columns[i].heading, widths[i]);
  }
  for (size_t row = 0; row < snapshot->count; row++) {
    heapster__write_text(writer, "\n");
    heapster__write_left(writer, snapshot->series[row].heap, name);
    for (size_t i = 0; i < COLUMNS; i++) {
      char text[HEAPSTER__FIGURE_TEXT];
      cell_text(snapshot->series[row].stats, &columns[i], text);
      heapster__write_right(writer, text, widths[i]);
    }
  }
  heapster__write_text(writer, "\n");
}

/* Says why malloc is not counted, or not all of it. Whether there was anything to say. */
static bool write_missing_malloc(struct heapster__writer *writer) {
  struct heapster_status status;
  heapster_status_read(&status);
  const bool is_hooked = strcmp(status.malloc_way, "none") != 0;
  if (is_hooked && !status.malloc_problem) return false;
  heapster__write_text(writer, is_hooked ? "malloc is not counted, or not all of it"
                                         : "malloc is not counted: run the program under `heapster run -- ...`, link "
                                           "heapster::malloc, or hook \"malloc\"");
  if (status.malloc_problem) {
    heapster__write_texts(writer, is_hooked ? ": " : " (", status.malloc_problem, is_hooked ? "" : ")");
  }
  heapster__write_text(writer, "\n");
  return true;
}

static void write_text_report(struct heapster__writer *writer, const struct snapshot *snapshot, bool is_verbose) {
  const bool has_line = write_missing_malloc(writer);
  if (!snapshot->count) return;
  if (has_line) heapster__write_text(writer, "\n");
  if (snapshot->count > 1) {
    write_table(writer, snapshot);
    heapster__write_text(writer, "\n");
  }
  heapster__write_stats(writer, &snapshot->total, is_verbose);
}

static void write_report(struct heapster__writer *writer, const struct snapshot *snapshot) {
  write_text_report(writer, snapshot, false);
}

static void write_verbose_report(struct heapster__writer *writer, const struct snapshot *snapshot) {
  write_text_report(writer, snapshot, true);
}

enum heapster_error heapster_report(struct heapster_sink sink) { return write_all(sink, write_report); }

enum heapster_error heapster_report_verbose(struct heapster_sink sink) { return write_all(sink, write_verbose_report); }

static void write_prometheus(struct heapster__writer *writer, const struct snapshot *snapshot) {
  heapster__write_prometheus(writer, snapshot->series, snapshot->count);
}

enum heapster_error heapster_prometheus(struct heapster_sink sink) { return write_all(sink, write_prometheus); }

/* Reads as much of the file as fits; returns 0 if it cannot be read. */
static size_t read_file(const char *path, char *bytes, size_t capacity) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  size_t length = 0;
  while (length < capacity) {
    const ssize_t part = read(file, bytes + length, capacity - length);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) break;
    length += (size_t)part;
  }
  close(file);
  return length;
}

/* Writes an array of the arguments. The file ends each by a NUL, perhaps not the last. A command beyond 64 KiB is cut;
   one that cannot be read is []. */
static void write_command(struct heapster__writer *writer) {
  enum { CAPACITY = 65536 };
  char *const bytes = heapster__pages_map(CAPACITY);
  const size_t length = bytes ? read_file("/proc/self/cmdline", bytes, CAPACITY) : 0;
  heapster__write_text(writer, "[");
  for (size_t at = 0; at < length;) {
    const size_t argument = strnlen(bytes + at, length - at);
    if (at) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, bytes + at, argument);
    at += argument + 1;
  }
  heapster__write_text(writer, "]");
  if (bytes) heapster__pages_unmap(bytes, CAPACITY);
}

/* Only if malloc is hooked and not, or not wholly, counted. */
static void write_problem(struct heapster__writer *writer) {
  struct heapster_status status;
  heapster_status_read(&status);
  if (!strcmp(status.malloc_way, "none") || !status.malloc_problem) return;
  heapster__write_text(writer, ", \"malloc_problem\": ");
  heapster__write_json_string(writer, status.malloc_problem, strlen(status.malloc_problem));
}

static void write_json(struct heapster__writer *writer, const struct snapshot *snapshot) {
  const char *const version = heapster_version();
  heapster__write_text(writer, "{\"heapster\": ");
  heapster__write_json_string(writer, version, strlen(version));
  heapster__write_text(writer, ", \"pid\": ");
  heapster__write_integer(writer, getpid());
  heapster__write_text(writer, ", \"command\": ");
  write_command(writer);
  heapster__write_text(writer, ", \"total\": ");
  if (snapshot->count)
    heapster__write_json_stats(writer, &snapshot->total);
  else
    heapster__write_text(writer, "null"); /* nothing is counted; zeros would look like figures */
  heapster__write_text(writer, ", \"heaps\": {");
  for (size_t i = 0; i < snapshot->count; i++) {
    const char *const name = snapshot->series[i].heap;
    if (i) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, name, strlen(name));
    heapster__write_text(writer, ": ");
    heapster__write_json_stats(writer, snapshot->series[i].stats);
  }
  heapster__write_text(writer, "}");
  write_problem(writer);
  heapster__write_text(writer, "}\n");
}

enum heapster_error heapster_json(struct heapster_sink sink) { return write_all(sink, write_json); }
