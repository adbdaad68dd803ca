/* The callers in a report: for people, and as JSON. */
#include "process/report_sites.h"

#include <stdio.h>
#include <string.h>

#include "value/json.h"
#include "value/stats_text.h"

static size_t max_of(size_t a, size_t b) { return a > b ? a : b; }

/* The columns of the table of sites. */
enum { SITE_COLUMNS = 6 };
static const char *const site_headings[SITE_COLUMNS] = {"allocs", "bytes",       "growths",
                                                        "moves",  "live blocks", "live bytes"};

static void site_cell_text(const struct heapster_site *site, unsigned column, char text[HEAPSTER__FIGURE_TEXT]) {
  const uint64_t figures[SITE_COLUMNS] = {site->requests.alloc_count,
                                          site->requests.alloc_sum + site->requests.realloc_growth_sum,
                                          site->requests.realloc_growth_count,
                                          site->requests.realloc_move_count,
                                          site->live_count,
                                          site->live_sum};
  const bool is_bytes = column == 1 || column == 5;
  heapster__figure_text(is_bytes ? HEAPSTER_BYTES : HEAPSTER_COUNT, (int64_t)figures[column], text);
}

static const char *base_name(const char *path) {
  const char *const slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

const char *heapster__frame_file(const struct heapster__figures *figures, const struct heapster__frame *frame) {
  return frame->file ? figures->frame_files[frame->file - 1] : "";
}

static const struct heapster__site_name unknown;

static const struct heapster__site_name *site_name(const struct heapster__report *report, size_t site) {
  return report->site_names ? &report->site_names->sites[site] : &unknown;
}

static const struct heapster__site_name *frame_name(const struct heapster__report *report, size_t site, size_t frame) {
  return report->site_names ? &report->site_names->frames[site][frame] : &unknown;
}

/* "function (source.c:12)", "function (libx.so.1+0x1234)", "libx.so.1+0x1234". */
static void write_place(struct heapster__writer *writer, const struct heapster__site_name *name, const char *file,
                        uint64_t offset) {
  char number[40];
  heapster__write_printable(writer, name->function);
  if (name->function[0]) heapster__write_text(writer, " (");
  heapster__write_printable(writer, name->line ? base_name(name->source) : base_name(file));
  if (name->line)
    snprintf(number, sizeof number, ":%u", name->line);
  else
    snprintf(number, sizeof number, "+0x%llx", (unsigned long long)offset);
  heapster__write_texts(writer, number, name->function[0] ? ")" : "");
}

/* The loader's name of the program is "". */
static void write_caller(struct heapster__writer *writer, const struct heapster__report *report, size_t index) {
  const struct heapster_site *const site = &report->figures->sites[index];
  const char *const file = report->figures->site_files[index];
  if (site->kind == HEAPSTER_SITE_C)
    write_place(writer, site_name(report, index), file[0] ? file : "program", site->offset);
  else
    heapster__write_text(writer, "elsewhere");
}

/* A line each, "by function (source.c:12)", indented below the caller, which begins in that column. */
static void write_frames(struct heapster__writer *writer, const struct heapster__report *report, size_t index,
                         size_t column) {
  const struct heapster__figures *const figures = report->figures;
  for (size_t i = 0; i < figures->frame_counts[index]; i++) {
    const struct heapster__frame *const frame = &figures->frames[index][i];
    const char *const file = heapster__frame_file(figures, frame);
    heapster__write_right(writer, "", column + 2);
    heapster__write_text(writer, "by ");
    write_place(writer, frame_name(report, index, i), file[0] ? file : "?", frame->offset);
    heapster__write_text(writer, "\n");
  }
}

/* Why there are no frames, or not all. */
static void write_depth(struct heapster__writer *writer, const struct heapster__figures *figures) {
  const char *const problem = heapster__unwinder_problem(figures->unwinder);
  if (figures->depth < 2) return;
  if (problem) heapster__write_texts(writer, "no frames above the callers: ", problem);
  if (problem) heapster__write_text(writer, "\n");
  if (!figures->unstacked_count) return;
  heapster__write_count(writer, figures->unstacked_count);
  heapster__write_text(writer, figures->unstacked_count == 1 ? " request is" : " requests are");
  heapster__write_text(writer, " at the caller alone: there are more than ");
  heapster__write_count(writer, HEAPSTER__STACKS);
  heapster__write_text(writer, " stacks\n");
}

static void write_sites_heading(struct heapster__writer *writer, const struct heapster__figures *figures) {
  const uint64_t explained = figures->explained.alloc_count + figures->explained.realloc_growth_count;
  const uint64_t counted = figures->total.alloc_count + figures->total.realloc_growth_count;
  heapster__write_text(writer, "\ncallers that asked most: ");
  heapster__write_count(writer, figures->site_count);
  heapster__write_text(writer, " of ");
  heapster__write_count(writer, figures->all_site_count);
  heapster__write_text(writer, "; ");
  heapster__write_count(writer, explained);
  heapster__write_text(writer, " of ");
  heapster__write_count(writer, counted);
  heapster__write_text(writer, " allocs and growths explained\n");
  write_depth(writer, figures);
}

void heapster__write_sites(struct heapster__writer *writer, const struct heapster__report *report) {
  const struct heapster__figures *const figures = report->figures;
  size_t widths[SITE_COLUMNS], width = 0;
  if (!figures->is_explained) return;
  write_sites_heading(writer, figures);
  for (unsigned column = 0; figures->site_count && column < SITE_COLUMNS; column++) {
    char text[HEAPSTER__FIGURE_TEXT];
    widths[column] = strlen(site_headings[column]);
    for (size_t i = 0; i < figures->site_count; i++) {
      site_cell_text(&figures->sites[i], column, text);
      widths[column] = max_of(widths[column], strlen(text));
    }
    widths[column] += column > 0 ? 2 : 0;
    heapster__write_right(writer, site_headings[column], widths[column]);
    width += widths[column];
  }
  if (figures->site_count) heapster__write_text(writer, "  caller\n");
  for (size_t i = 0; i < figures->site_count; i++) {
    for (unsigned column = 0; column < SITE_COLUMNS; column++) {
      char text[HEAPSTER__FIGURE_TEXT];
      site_cell_text(&figures->sites[i], column, text);
      heapster__write_right(writer, text, widths[column]);
    }
    heapster__write_text(writer, "  ");
    write_caller(writer, report, i);
    heapster__write_text(writer, "\n");
    write_frames(writer, report, i, width + 2);
  }
}

static void write_number(struct heapster__writer *writer, const char *key, uint64_t value) {
  heapster__write_texts(writer, key, ": ");
  heapster__write_digits(writer, value);
}

static void write_string_or_null(struct heapster__writer *writer, const char *key, const char *value) {
  heapster__write_texts(writer, key, ": ");
  if (value[0])
    heapster__write_json_string(writer, value, strlen(value));
  else
    heapster__write_text(writer, "null");
}

static void write_json_requests(struct heapster__writer *writer, const struct heapster_requests *requests) {
  write_number(writer, "\"alloc_count\"", requests->alloc_count);
  write_number(writer, ", \"alloc_sum\"", requests->alloc_sum);
  write_number(writer, ", \"realloc_growth_count\"", requests->realloc_growth_count);
  write_number(writer, ", \"realloc_growth_sum\"", requests->realloc_growth_sum);
  write_number(writer, ", \"realloc_move_count\"", requests->realloc_move_count);
  write_number(writer, ", \"realloc_move_sum\"", requests->realloc_move_sum);
}

static void write_json_place(struct heapster__writer *writer, const struct heapster__site_name *name, const char *file,
                             uint64_t offset) {
  write_string_or_null(writer, "\"function\"", name->function);
  write_string_or_null(writer, ", \"source\"", name->source);
  write_number(writer, ", \"line\"", name->line);
  write_string_or_null(writer, ", \"file\"", file);
  write_number(writer, ", \"offset\"", offset);
}

static void write_json_frames(struct heapster__writer *writer, const struct heapster__report *report, size_t index) {
  const struct heapster__figures *const figures = report->figures;
  if (figures->depth < 2) return;
  heapster__write_text(writer, ", \"frames\": [");
  for (size_t i = 0; i < figures->frame_counts[index]; i++) {
    const struct heapster__frame *const frame = &figures->frames[index][i];
    heapster__write_text(writer, i ? ", {" : "{");
    write_json_place(writer, frame_name(report, index, i), heapster__frame_file(figures, frame), frame->offset);
    heapster__write_text(writer, "}");
  }
  heapster__write_text(writer, "]");
}

static void write_json_site(struct heapster__writer *writer, const struct heapster__report *report, size_t index) {
  const struct heapster_site *const site = &report->figures->sites[index];
  heapster__write_texts(writer, index ? ", {" : "{",
                        "\"kind\": ", site->kind == HEAPSTER_SITE_C ? "\"c\", " : "\"elsewhere\", ");
  write_json_place(writer, site_name(report, index), report->figures->site_files[index], site->offset);
  write_json_frames(writer, report, index);
  heapster__write_text(writer, ", ");
  write_json_requests(writer, &site->requests);
  write_number(writer, ", \"live_count\"", site->live_count);
  write_number(writer, ", \"live_sum\"", site->live_sum);
  heapster__write_text(writer, ", \"alloc_histogram\": ");
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    heapster__write_text(writer, i ? ", " : "[");
    heapster__write_digits(writer, site->alloc_histogram.buckets[i]);
  }
  heapster__write_text(writer, "]}");
}

static void write_json_depth(struct heapster__writer *writer, const struct heapster__figures *figures) {
  const char *const problem = heapster__unwinder_problem(figures->unwinder);
  if (figures->depth < 2) return;
  write_number(writer, ", \"depth\"", figures->depth);
  write_number(writer, ", \"unstacked_count\"", figures->unstacked_count);
  if (problem) write_string_or_null(writer, ", \"depth_problem\"", problem);
}

void heapster__write_json_sites(struct heapster__writer *writer, const struct heapster__report *report) {
  const struct heapster__figures *const figures = report->figures;
  if (!figures->is_explained) return;
  write_number(writer, ", \"site_count\"", figures->all_site_count);
  write_json_depth(writer, figures);
  heapster__write_text(writer, ", \"explained\": {");
  write_json_requests(writer, &figures->explained);
  heapster__write_text(writer, "}, \"sites\": [");
  for (size_t i = 0; i < figures->site_count; i++) write_json_site(writer, report, i);
  heapster__write_text(writer, "]");
}
