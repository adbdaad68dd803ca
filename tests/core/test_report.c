/* The whole process as text, over made-up heaps and a made-up status. Replaces functions of heap, process and
   platform. */
#include "cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <heapster/heapster.h>

#include "base/platform.h"
#include "process/report_text.h"
#include "process/status.h"
#include "text_sink.h"

struct heapster_heap {
  const char *name;
  struct heapster_stats stats;
};

static const struct heapster_heap heaps[] = {
    {"malloc",
     {.alloc_count = 1234567, .dealloc_count = 1234000, .live_count = 567, .use_curr = 4096, .use_max = 65536}},
    {"level.textures", {.alloc_count = 2, .live_count = 2, .use_curr = 1536, .use_max = 1536}},
};

static const struct heapster_stats total = {.alloc_count = 1234569, .alloc_sum = 10, .use_max = 66000};

static size_t heap_count;
static struct heapster_status status;
static bool refuses_pages;
static int pages_held;

/* Of heap/snapshot.h, which brings the real struct heapster_heap. */
void heapster__rescan(void);
void heapster__rescan(void) {}
size_t heapster__read_all(struct heapster_stats *sum, size_t size, struct heapster_heap_stats *each, size_t stride,
                          size_t capacity, char (*names)[HEAPSTER_HEAP_NAME]);

size_t heapster__read_all(struct heapster_stats *sum, size_t size, struct heapster_heap_stats *each, size_t stride,
                          size_t capacity, char (*names)[HEAPSTER_HEAP_NAME]) {
  assert_int_equal(size, sizeof *sum);
  assert_int_equal(stride, sizeof *each);
  *sum = total;
  for (size_t i = 0; i < heap_count && i < capacity; i++) {
    each[i].heap = &heaps[i];
    each[i].stats = heaps[i].stats;
    snprintf(names[i], HEAPSTER_HEAP_NAME, "%s", heaps[i].name);
  }
  return heap_count;
}

void heapster__malloc_status_read(struct heapster_status *read, enum heapster__rescan_choice choice) {
  assert_int_equal(choice, HEAPSTER__WITH_RESCAN);
  *read = status;
}

/* Two callers of 13; none is explained with a count of 0. */
static unsigned site_count;
static unsigned depth;

bool heapster__explain_read(struct heapster_site *sites, struct heapster__process_sites *found) {
  *found = (struct heapster__process_sites){.site_count = 13, .count = site_count, .depth = depth};
  if (!site_count) return false;
  found->explained = (struct heapster_requests){.alloc_count = 1234567, .alloc_sum = 99};
  sites[0] = (struct heapster_site){
      .kind = HEAPSTER_SITE_C, .place = 0x1235, .offset = depth, .live_count = 3, .live_sum = 2048};
  sites[0].requests = (struct heapster_requests){1234000, 4096, 5, 1024, 2, 64};
  sites[0].alloc_histogram.buckets[3] = 1234000;
  sites[1] = (struct heapster_site){.kind = HEAPSTER_SITE_ELSEWHERE, .requests = {.alloc_count = 7}};
  return true;
}

/* Of the first caller: a call in the same object, and one that no object has. */
unsigned heapster__stack_frames(uint64_t number, const uintptr_t **frames) {
  static const uintptr_t returns_to[] = {0x1235, 9};
  *frames = returns_to;
  return number == 2 ? 2 : 0;
}

bool heapster__find_object(const void *address, const char **path, uintptr_t *bias) {
  *path = "/usr/lib/libx\n.so.1";
  *bias = 0x1000;
  return (uintptr_t)address == 0x1234;
}

const char *heapster__explain_program(void) { return "/bin/x"; }

void heapster__large_unsaid(struct heapster__unsaid *unsaid) { *unsaid = (struct heapster__unsaid){0}; }

void *heapster__pages_map(size_t bytes) {
  errno = ENOMEM;
  if (refuses_pages) return NULL;
  pages_held++;
  return calloc(1, bytes);
}

void heapster__pages_unmap(void *pages, size_t bytes) {
  (void)bytes;
  pages_held--;
  free(pages);
}

/* `count` heaps, with malloc counted by preloading. */
static void prepare(size_t count) {
  heap_count = count;
  site_count = 0;
  depth = 1;
  refuses_pages = false;
  status = (struct heapster_status){.malloc_way = "preload", .malloc_is_proved = true};
}

static const char *write_text(enum heapster_error (*write)(struct heapster_sink)) {
  struct text_sink *const sink = text_sink_new();
  errno = EDOM;
  assert_int_equal(write(text_sink_of(sink)), HEAPSTER_OK);
  assert_int_equal(errno, EDOM);
  assert_int_equal(pages_held, 0);
  return sink->text;
}

static const char *report_of_total(void) {
  static struct text_sink sink;
  memset(&sink, 0, sizeof sink);
  heapster_stats_text(&total, text_sink_of(&sink));
  return sink.text;
}

static void report_of_one_heap_is_the_total_alone(void **state) {
  (void)state;
  prepare(1);
  assert_string_equal(write_text(heapster_report), report_of_total());
}

static void report_of_more_heaps_begins_with_their_table(void **state) {
  (void)state;
  prepare(2);
  const char *const table = "heap               allocs      frees  live blocks  live bytes  peak bytes\n"
                            "malloc          1,234,567  1,234,000          567       4 KiB      64 KiB\n"
                            "level.textures          2          0            2    1.50 KiB    1.50 KiB\n\n";
  const char *const report = write_text(heapster_report);
  assert_memory_equal(report, table, strlen(table));
  assert_string_equal(report + strlen(table), report_of_total());
}

static void report_begins_with_how_to_count_malloc(void **state) {
  (void)state;
  prepare(1);
  status.malloc_way = "none";
  const char *const line = "malloc is not counted: run the program under `heapster run -- ...`, link "
                           "heapster::malloc, or hook \"malloc\"\n\n";
  const char *const report = write_text(heapster_report);
  assert_memory_equal(report, line, strlen(line));
  assert_string_equal(report + strlen(line), report_of_total());
}

static void report_names_the_problem_of_malloc(void **state) {
  (void)state;
  prepare(0);
  status.malloc_way = "none";
  status.malloc_problem = "the program is static";
  assert_string_equal(write_text(heapster_report),
                      "malloc is not counted: run the program under `heapster run -- ...`, "
                      "link heapster::malloc, or hook \"malloc\" (the program is static)\n");
  prepare(0);
  status.malloc_problem = "another allocator stands before it";
  assert_string_equal(write_text(heapster_report),
                      "malloc is not counted, or not all of it: another allocator stands before it\n");
}

static void report_without_pages_says_so(void **state) {
  (void)state;
  prepare(2);
  refuses_pages = true;
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_report(text_sink_of(sink)), HEAPSTER_NO_MEMORY);
  assert_int_equal(sink->calls, 0);
}

static void refusing_sink_fails_every_output(void **state) {
  (void)state;
  prepare(2);
  struct text_sink *const sink = text_sink_new();
  sink->refused_call = 1;
  assert_int_equal(heapster_report(text_sink_of(sink)), HEAPSTER_WRITE_FAILED);
  sink->refused_call = 2;
  assert_int_equal(heapster_json(text_sink_of(sink)), HEAPSTER_WRITE_FAILED);
  sink->refused_call = 3;
  assert_int_equal(heapster_prometheus(text_sink_of(sink)), HEAPSTER_WRITE_FAILED);
  assert_int_equal(sink->calls, 3);
  assert_int_equal(pages_held, 0);
}

static void json_is_one_document_of_process_total_and_heaps(void **state) {
  (void)state;
  prepare(2);
  const char *const json = write_text(heapster_json);
  char start[64];
  snprintf(start, sizeof start, "{\"heapster\": \"%s\", \"pid\": %ld, \"command\": [\"", heapster_version(),
           (long)getpid());
  assert_memory_equal(json, start, strlen(start));
  assert_non_null(strstr(json, "test_report\"], \"total\": {\"kind\": \"snapshot\", "));
  assert_non_null(strstr(json, "\"heaps\": {\"malloc\": {\"kind\": \"snapshot\", "));
  assert_non_null(strstr(json, "null}, \"level.textures\": {\"kind\": "));
  assert_string_equal(json + strlen(json) - 8, "null}}}\n");
}

static void prometheus_has_every_heap_and_no_total(void **state) {
  (void)state;
  prepare(2);
  const char *const text = write_text(heapster_prometheus);
  assert_non_null(strstr(text, "\nheapster_allocs_total{heap=\"malloc\"} 1234567\n"
                               "heapster_allocs_total{heap=\"level.textures\"} 2\n# HELP"));
  assert_null(strstr(text, "1234569"));
}

static void every_error_has_a_text(void **state) {
  (void)state;
  for (int i = HEAPSTER_OK; i <= HEAPSTER_WRITE_FAILED; i++) {
    const char *const text = heapster_error_text((enum heapster_error)i);
    assert_string_not_equal(text, "unknown error");
    assert_int_not_equal(text[strlen(text) - 1], '.');
  }
  assert_string_equal(heapster_error_text((enum heapster_error)99), "unknown error");
}

static void a_name_is_cut_between_characters(void **state) {
  static const char *const expected[] = {"", "a", "a", "a\u00fc", "a\u00fc", "a\u00fc", "a\u00fc", "a\u00fc\\x1b"};
  char text[16];
  (void)state;
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    heapster__printable_text(text, i + 1, "a\u00fc\x1b");
    assert_string_equal(text, expected[i]);
  }
}

static void callers_are_a_table_below_the_figures(void **state) {
  (void)state;
  prepare(1);
  assert_null(strstr(write_text(heapster_report), "callers"));
  site_count = 2;
  const char *const text = strstr(write_text(heapster_report), "\ncallers");
  assert_non_null(text);
  assert_string_equal(text, "\ncallers that asked most: 2 of 13; 1,234,567 of 1,234,569 allocs and growths explained\n"
                            "   allocs  bytes  growths  moves  live blocks  live bytes  caller\n"
                            "1,234,000  5 KiB        5      2            3       2 KiB  libx\\n.so.1+0x234\n"
                            "        7    0 B        0      0            0         0 B  elsewhere\n");
}

static void callers_are_in_json_with_all_their_figures(void **state) {
  (void)state;
  prepare(1);
  assert_null(strstr(write_text(heapster_json), "sites"));
  site_count = 2;
  const char *const text = strstr(write_text(heapster_json), ", \"site_count\"");
  assert_non_null(text);
  assert_non_null(strstr(text, ", \"site_count\": 13, \"explained\": {\"alloc_count\": 1234567, \"alloc_sum\": 99, "));
  assert_non_null(strstr(text, "\"sites\": [{\"kind\": \"c\", \"function\": null, \"source\": null, \"line\": 0, "
                               "\"file\": \"/usr/lib/libx\\u000a.so.1\", \"offset\": 564, \"alloc_count\": 1234000, "
                               "\"alloc_sum\": 4096, \"realloc_growth_count\": 5, \"realloc_growth_sum\": 1024, "
                               "\"realloc_move_count\": 2, \"realloc_move_sum\": 64, \"live_count\": 3, "
                               "\"live_sum\": 2048, \"alloc_histogram\": [0, 0, 0, 1234000, 0, "));
  assert_non_null(strstr(text, "{\"kind\": \"elsewhere\", "));
}

static void a_caller_has_a_function_and_a_line_where_they_are_known(void **state) {
  (void)state;
  struct text_sink *const sink = text_sink_new();
  static struct heapster__figures figures;
  static struct heapster__site_names names = {
      .sites = {{.function = "make(int)", .source = "/src/a.cpp", .line = 12}, {.function = "other"}},
      .frames = {{{.function = "call", .source = "/src/b.c", .line = 7}}},
  };
  struct heapster__writer writer = heapster__writer_make(text_sink_of(sink));
  const struct heapster__report report = {.figures = &figures, .version = "", .site_names = &names};
  figures.count = figures.is_explained = 1;
  figures.site_count = 2;
  figures.sites[0].kind = figures.sites[1].kind = HEAPSTER_SITE_C;
  figures.sites[1].offset = 0x10;
  heapster__write_report_text(&writer, &report);
  assert_non_null(strstr(sink->text, "  make(int) (a.cpp:12)\n"));
  assert_null(strstr(sink->text, "by "));
  assert_non_null(strstr(sink->text, "  other (program+0x10)\n"));
}

static long column_of(const char *text, const char *at) {
  const char *line = at;
  assert_non_null(at);
  while (line > text && line[-1] != '\n') line--;
  return (long)(at - line);
}

static void frames_are_below_their_caller(void **state) {
  (void)state;
  struct text_sink *const sink = text_sink_new();
  static struct heapster__figures figures = {
      .count = 1,
      .is_explained = 1,
      .site_count = 1,
      .depth = 3,
      .unstacked_count = 12345,
      .frame_file_count = 1,
      .sites = {{.kind = HEAPSTER_SITE_C, .offset = 0x10}},
      .frame_counts = {2},
      .frames = {{{.offset = 0x20, .file = 1}, {.offset = 0x30}}},
      .frame_files = {"/lib/libcall.so"},
  };
  static struct heapster__site_names names = {.frames = {{{.function = "call"}}}};
  struct heapster__writer writer = heapster__writer_make(text_sink_of(sink));
  const struct heapster__report report = {.figures = &figures, .version = "", .site_names = &names};
  heapster__write_report_text(&writer, &report);
  const char *const caller = strstr(sink->text, "program+0x10\n");
  const char *const frame = strstr(sink->text, "by call (libcall.so+0x20)\n");
  assert_int_equal(column_of(sink->text, frame), column_of(sink->text, caller) + 2);
  assert_non_null(strstr(sink->text, "  by ?+0x30\n"));
  assert_non_null(strstr(sink->text, "\n12,345 requests are at the caller alone: there are more than 3,072 stacks\n"));
}

static void frames_are_those_of_their_caller_in_json(void **state) {
  (void)state;
  prepare(1);
  site_count = 2;
  depth = 2;
  const char *const text = strstr(write_text(heapster_json), ", \"site_count\"");
  assert_non_null(strstr(text, ", \"site_count\": 13, \"depth\": 2, \"unstacked_count\": 0, \"explained\": "));
  assert_non_null(strstr(text, "\"offset\": 564, \"frames\": [{\"function\": null, \"source\": null, \"line\": 0, "
                               "\"file\": \"/usr/lib/libx\\u000a.so.1\", \"offset\": 564}, {\"function\": null, "
                               "\"source\": null, \"line\": 0, \"file\": null, \"offset\": 9}], \"alloc_count\": "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_are_below_their_caller),
      cmocka_unit_test(frames_are_those_of_their_caller_in_json),
      cmocka_unit_test(report_of_one_heap_is_the_total_alone),
      cmocka_unit_test(report_of_more_heaps_begins_with_their_table),
      cmocka_unit_test(report_begins_with_how_to_count_malloc),
      cmocka_unit_test(report_names_the_problem_of_malloc),
      cmocka_unit_test(report_without_pages_says_so),
      cmocka_unit_test(refusing_sink_fails_every_output),
      cmocka_unit_test(json_is_one_document_of_process_total_and_heaps),
      cmocka_unit_test(prometheus_has_every_heap_and_no_total),
      cmocka_unit_test(a_name_is_cut_between_characters),
      cmocka_unit_test(every_error_has_a_text),
      cmocka_unit_test(callers_are_a_table_below_the_figures),
      cmocka_unit_test(callers_are_in_json_with_all_their_figures),
      cmocka_unit_test(a_caller_has_a_function_and_a_line_where_they_are_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
