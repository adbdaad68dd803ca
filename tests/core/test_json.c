/* Stats as JSON, and JSON strings. */
#include "cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "text_sink.h"
#include "value/json.h"

static const struct heapster_stats sample = {
    .alloc_count = 3,
    .alloc_sum = 4008,
    .use_curr = 266639,
    .use_max = 26225000,
    .live_count = 256,
    .alloc_histogram.buckets = {[2] = 2, [11] = 1},
};

static const char *json_of(const struct heapster_stats *stats) {
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_stats_json(stats, text_sink_of(sink)), HEAPSTER_OK);
  return sink->text;
}

static void json_has_every_field_once_and_in_order(void **state) {
  (void)state;
  const char *const json = json_of(&sample);
  const char *previous = json;
  for (size_t i = 0; heapster_field_at(i); i++) {
    char key[64];
    snprintf(key, sizeof key, ", \"%s\": ", heapster_field_at(i)->name);
    const char *const found = strstr(json, key);
    if (!found || found < previous || strstr(found + 1, key)) fail_msg("%s is not in its place, once", key);
    previous = found;
  }
}

static void json_has_plain_numbers_and_null_for_absent_figures(void **state) {
  (void)state;
  const char *const json = json_of(&sample);
  const char *const start = "{\"kind\": \"snapshot\", \"scope\": \"process\", \"alloc_count\": 3, "
                            "\"alloc_sum\": 4008, \"alloc_avg\": 1336, ";
  assert_memory_equal(json, start, strlen(start));
  assert_non_null(strstr(json, "\"realloc_shrink_avg\": null"));
  assert_non_null(strstr(json, "\"live_change\": null, \"use_curr\": 266639, \"use_change\": null"));
  assert_non_null(strstr(json, "\"foreign_count\": null, "));
  assert_non_null(strstr(json, ", \"alloc_histogram\": [0, 0, 2, 0, "));
  const char *const end = " 0, 0], \"lua_kinds\": null}";
  assert_string_equal(json + strlen(json) - strlen(end), end);
}

static void json_of_a_lua_heap_has_a_count_and_a_sum_for_each_kind(void **state) {
  (void)state;
  const struct heapster_stats stats = {.has_lua_kinds = true, .lua_kinds = {.tables = {2, 112}, .other = {1, 64}}};
  const char *const json = json_of(&stats);
  assert_non_null(strstr(json, "], \"lua_kinds\": {\"strings\": {\"count\": 0, \"sum\": 0}, "
                               "\"tables\": {\"count\": 2, \"sum\": 112}, "));
  assert_non_null(strstr(json, ", \"other\": {\"count\": 1, \"sum\": 64}}}"));
}

static void json_of_a_window_has_signed_changes(void **state) {
  (void)state;
  const struct heapster_stats stats = {.kind = HEAPSTER_WINDOW, .scope = HEAPSTER_THREAD, .use_change = INT64_MIN};
  const char *const json = json_of(&stats);
  assert_non_null(strstr(json, "{\"kind\": \"window\", \"scope\": \"thread\", "));
  assert_non_null(strstr(json, "\"use_change\": -9223372036854775808, "));
}

static void json_histograms_have_64_numbers(void **state) {
  (void)state;
  const char *const json = json_of(&sample);
  const char *const from = strstr(json, "\"alloc_histogram\": [");
  unsigned commas = 0;
  for (const char *at = from; *at != ']'; at++) commas += *at == ',';
  assert_int_equal(commas, 63);
}

static void assert_json_string(const char *bytes, size_t length, const char *expected) {
  struct text_sink *const sink = text_sink_new();
  struct heapster__writer writer = heapster__writer_make(text_sink_of(sink));
  heapster__write_json_string(&writer, bytes, length);
  assert_string_equal(sink->text, expected);
}

static void json_strings_escape_what_json_would_misread(void **state) {
  (void)state;
  assert_json_string("", 0, "\"\"");
  assert_json_string("a\"b\\c/\n\x1f\x7f", 9, "\"a\\\"b\\\\c/\\u000a\\u001f\x7f\"");
  assert_json_string("a\0b", 3, "\"a\\u0000b\"");
}

static void json_strings_keep_utf8_and_replace_other_bytes(void **state) {
  (void)state;
  assert_json_string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  assert_json_string("\xE2\x82", 2, "\"\\ufffd\\ufffd\"");
  assert_json_string("\xC0\xAF", 2, "\"\\ufffd\\ufffd\"");
  assert_json_string("\xE0\x80\xAF", 3, "\"\\ufffd\\ufffd\\ufffd\"");
  assert_json_string("\xED\xA0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
  assert_json_string("\xF4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
  assert_json_string("\xF5x", 2, "\"\\ufffdx\"");
  assert_json_string("\xC3x", 2, "\"\\ufffdx\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_has_every_field_once_and_in_order),
      cmocka_unit_test(json_has_plain_numbers_and_null_for_absent_figures),
      cmocka_unit_test(json_of_a_window_has_signed_changes),
      cmocka_unit_test(json_of_a_lua_heap_has_a_count_and_a_sum_for_each_kind),
      cmocka_unit_test(json_histograms_have_64_numbers),
      cmocka_unit_test(json_strings_escape_what_json_would_misread),
      cmocka_unit_test(json_strings_keep_utf8_and_replace_other_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
