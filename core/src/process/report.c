/* The whole process as text, in one reading: for people, as JSON, for Prometheus. */
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

/* Too large for the stack of whoever asks, and malloc is what is being counted: pages of the system hold it. */
struct reading {
  struct heapster_stats total;
  size_t count;
  struct heapster_heap_stats heaps[HEAPSTER_HEAPS];
  struct heapster__labelled_stats labelled[HEAPSTER_HEAPS];
};

static struct reading *reading_take(void) {
  struct reading *const reading = heapster__pages_map(sizeof *reading);
  if (reading == NULL) return NULL;
  const size_t there = heapster_stats_read_all(&reading->total, reading->heaps, HEAPSTER_HEAPS);
  reading->count = there < HEAPSTER_HEAPS ? there : HEAPSTER_HEAPS;
  for (size_t i = 0; i < reading->count; i++) {
    reading->labelled[i].heap = heapster_heap_name(reading->heaps[i].heap);
    reading->labelled[i].stats = &reading->heaps[i].stats;
  }
  return reading;
}

/* Reads every heap, has `write_reading` write them, and gives the pages back. errno stays: a destructor of the
   program may be in the middle of its own work. */
static enum heapster_error write_all(struct heapster_sink sink,
                                     void (*write_reading)(struct heapster__writer *, const struct reading *)) {
  const int saved = errno;
  enum heapster_error error = HEAPSTER_NO_MEMORY;
  struct reading *const reading = reading_take();
  if (reading != NULL) {
    struct heapster__writer writer = heapster__writer_make(sink);
    write_reading(&writer, reading);
    error = heapster__writer_result(&writer);
    heapster__pages_unmap(reading, sizeof *reading);
  }
  errno = saved;
  return error;
}

/* What the line of a heap shows. */
static const struct column {
  const char *heading;
  const char *field;
} columns[] = {
    {"allocs", "alloc_count"},  {"frees", "dealloc_count"}, {"live blocks", "live_count"},
    {"live bytes", "use_curr"}, {"peak bytes", "use_max"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static size_t cell_text(const struct heapster_stats *stats, const struct column *column,
                        char text[HEAPSTER__FIGURE_TEXT]) {
  const struct heapster_field *const field = heapster_field_find(column->field);
  int64_t value = 0;
  heapster_stats_get(stats, field, &value);
  return heapster__figure_text(field->unit, value, text);
}

static size_t wider(size_t a, size_t b) { return a > b ? a : b; }

static size_t column_width(const struct reading *reading, const struct column *column) {
  size_t width = strlen(column->heading);
  for (size_t i = 0; i < reading->count; i++) {
    char text[HEAPSTER__FIGURE_TEXT];
    width = wider(width, cell_text(reading->labelled[i].stats, column, text));
  }
  return width;
}

static size_t name_width(const struct reading *reading) {
  size_t width = strlen("heap");
  for (size_t i = 0; i < reading->count; i++) width = wider(width, strlen(reading->labelled[i].heap));
  return width;
}

static void write_table(struct heapster__writer *writer, const struct reading *reading) {
  const size_t name = name_width(reading);
  size_t widths[COLUMNS];
  heapster__write_left(writer, "heap", name);
  for (size_t i = 0; i < COLUMNS; i++) {
    widths[i] = column_width(reading, &columns[i]) + 2;
    heapster__write_right(writer, columns[i].heading, widths[i]);
  }
  for (size_t row = 0; row < reading->count; row++) {
    heapster__write_text(writer, "\n");
    heapster__write_left(writer, reading->labelled[row].heap, name);
    for (size_t i = 0; i < COLUMNS; i++) {
      char text[HEAPSTER__FIGURE_TEXT];
      cell_text(reading->labelled[row].stats, &columns[i], text);
      heapster__write_right(writer, text, widths[i]);
    }
  }
  heapster__write_text(writer, "\n");
}

/* Whether there was something to say. A hook that counts only a part says so in its problem. */
static bool write_not_counted(struct heapster__writer *writer) {
  struct heapster_status status;
  heapster_status_read(&status);
  const bool is_hooked = strcmp(status.malloc_way, "none") != 0;
  if (is_hooked && status.malloc_problem == NULL) return false;
  heapster__write_text(writer, is_hooked ? "malloc is not counted, or not all of it"
                                         : "malloc is not counted: run the program under `heapster run -- ...`, link "
                                           "heapster::malloc, or hook \"malloc\"");
  if (status.malloc_problem != NULL) {
    heapster__write_text(writer, is_hooked ? ": " : " (");
    heapster__write_text(writer, status.malloc_problem);
    heapster__write_text(writer, is_hooked ? "" : ")");
  }
  heapster__write_text(writer, "\n");
  return true;
}

static void write_report(struct heapster__writer *writer, const struct reading *reading) {
  const bool has_line = write_not_counted(writer);
  if (reading->count == 0) return;
  if (has_line) heapster__write_text(writer, "\n");
  if (reading->count > 1) {
    write_table(writer, reading);
    heapster__write_text(writer, "\n");
  }
  heapster__write_stats(writer, &reading->total);
}

enum heapster_error heapster_report(struct heapster_sink sink) { return write_all(sink, write_report); }

static void write_prometheus(struct heapster__writer *writer, const struct reading *reading) {
  heapster__write_prometheus(writer, reading->labelled, reading->count);
}

enum heapster_error heapster_prometheus(struct heapster_sink sink) { return write_all(sink, write_prometheus); }

/* As much of a file as fits; 0 if it cannot be read. */
static size_t read_file(const char *path, char *bytes, size_t capacity) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  size_t length = 0;
  while (length < capacity) {
    const ssize_t got = read(file, bytes + length, capacity - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += (size_t)got;
  }
  close(file);
  return length;
}

/* An array of the arguments, each ended by a NUL but perhaps the last. A command beyond 64 KiB is cut; one that
   cannot be known is []. */
static void write_command(struct heapster__writer *writer) {
  enum { LONGEST = 65536 };
  char *const bytes = heapster__pages_map(LONGEST);
  const size_t length = bytes != NULL ? read_file("/proc/self/cmdline", bytes, LONGEST) : 0;
  heapster__write_text(writer, "[");
  for (size_t at = 0; at < length;) {
    const size_t argument = strnlen(bytes + at, length - at);
    if (at > 0) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, bytes + at, argument);
    at += argument + 1;
  }
  heapster__write_text(writer, "]");
  if (bytes != NULL) heapster__pages_unmap(bytes, LONGEST);
}

/* Only where malloc was to be counted and is not, or not all of it. */
static void write_problem(struct heapster__writer *writer) {
  struct heapster_status status;
  heapster_status_read(&status);
  if (strcmp(status.malloc_way, "none") == 0 || status.malloc_problem == NULL) return;
  heapster__write_text(writer, ", \"malloc_problem\": ");
  heapster__write_json_string(writer, status.malloc_problem, strlen(status.malloc_problem));
}

static void write_json(struct heapster__writer *writer, const struct reading *reading) {
  const char *const version = heapster_version();
  heapster__write_text(writer, "{\"heapster\": ");
  heapster__write_json_string(writer, version, strlen(version));
  heapster__write_text(writer, ", \"pid\": ");
  heapster__write_integer(writer, getpid());
  heapster__write_text(writer, ", \"command\": ");
  write_command(writer);
  heapster__write_text(writer, ", \"total\": ");
  if (reading->count > 0)
    heapster__write_json_stats(writer, &reading->total);
  else
    heapster__write_text(writer, "null"); /* nothing is counted: zeros would be figures */
  heapster__write_text(writer, ", \"heaps\": {");
  for (size_t i = 0; i < reading->count; i++) {
    const char *const name = reading->labelled[i].heap;
    if (i > 0) heapster__write_text(writer, ", ");
    heapster__write_json_string(writer, name, strlen(name));
    heapster__write_text(writer, ": ");
    heapster__write_json_stats(writer, reading->labelled[i].stats);
  }
  heapster__write_text(writer, "}");
  write_problem(writer);
  heapster__write_text(writer, "}\n");
}

enum heapster_error heapster_json(struct heapster_sink sink) { return write_all(sink, write_json); }
