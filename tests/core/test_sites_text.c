/* Sites as text: the table and its last line, byte for byte. */
#include "cmocka_test.h"

#include <heapster/explain.h>

#include "text_sink.h"

static const struct heapster_site sites[] = {
    {.kind = HEAPSTER_SITE_LUA,
     .file = "scripts/spawn.lua",
     .line = 12,
     .function = "format",
     .requests = {1500, 153600, 0, 0, 0, 0},
     .live_count = 3,
     .live_sum = 1536},
    {.kind = HEAPSTER_SITE_PYTHON, .file = "\xff.py", .line = 7, .requests = {3, 96, 497, 4000, 0, 0}},
    {.kind = HEAPSTER_SITE_LUA, .file = "?", .requests = {1, 16, 0, 0, 0, 0}},
    {.kind = HEAPSTER_SITE_C,
     .file = "/lib/libz.so",
     .offset = 0x1f0,
     .function = "inflate",
     .requests = {1, 7, 0, 0, 0, 0}},
};

static const char *text_of(size_t count, size_t most, const struct heapster_explanation *explanation,
                           const struct heapster_requests *measured) {
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_sites_text(sites, count, most, explanation, measured, text_sink_of(sink)), HEAPSTER_OK);
  return sink->text;
}

static void each_site_is_a_row_with_its_share(void **state) {
  (void)state;
  const struct heapster_explanation all = {.counted = {1505, 153719, 497, 4000, 0, 0}, .site_count = 4};
  assert_string_equal(text_of(4, 4, &all, NULL),
                      "share  alloc_count  realloc_growth_count  total_alloc_sum  live_count  live_bytes  site\n"
                      "  75%        1,500                     0          150 KiB           3    1.50 KiB  "
                      "scripts/spawn.lua:12 (format)\n"
                      "  25%            3                   497            4 KiB           0         0 B  \\xff.py:7\n"
                      "  <1%            1                     0             16 B           0         0 B  ?\n"
                      "  <1%            1                     0              7 B           0         0 B  "
                      "/lib/libz.so+0x1f0 (inflate)\n"
                      "2,002 of 2,002 explained\n");
}

static void rows_that_do_not_fit_are_summed_up(void **state) {
  (void)state;
  const struct heapster_explanation more = {
      .counted = {1510, 0, 497, 0, 0, 0}, .others = {5, 0, 0, 0, 0, 0}, .site_count = 6};
  assert_string_equal(text_of(4, 1, &more, NULL),
                      "share  alloc_count  realloc_growth_count  total_alloc_sum  live_count  live_bytes  site\n"
                      "  75%        1,500                     0          150 KiB           3    1.50 KiB  "
                      "scripts/spawn.lua:12 (format)\n"
                      "and 5 more sites with 507 allocs and growths\n"
                      "2,007 of 2,007 explained\n");
}

static void what_is_not_explained_is_told_apart(void **state) {
  (void)state;
  const struct heapster_site elsewhere = {.requests = {2, 32, 0, 0, 0, 0}};
  const struct heapster_explanation part = {
      .counted = {5, 80, 0, 0, 0, 0}, .under_way = {1, 16, 0, 0, 0, 0}, .site_count = 1};
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_sites_text(&elsewhere, 1, 9, &part, NULL, text_sink_of(sink)), HEAPSTER_OK);
  assert_string_equal(sink->text, "share  alloc_count  total_alloc_sum  live_count  live_bytes  site\n"
                                  "  40%            2             32 B           0         0 B  elsewhere\n"
                                  "2 of 5 explained, 2 elsewhere, 1 under way\n");
}

static void another_run_that_made_more_or_less_is_unsteady(void **state) {
  (void)state;
  const struct heapster_requests same = {1500, 1, 0, 1, 1, 1}, less = {1499, 0, 0, 0, 0, 0};
  const struct heapster_explanation own = {.counted = {1500, 153600, 0, 0, 0, 0}, .site_count = 1};
  assert_string_equal(text_of(0, 9, &own, &same),
                      "and 1 more site with 0 allocs and growths\n1,500 of 1,500 explained\n");
  assert_non_null(
      strstr(text_of(1, 9, &own, &less), "\n1,500 of 1,500 explained; unsteady: the measured run made 1,499\n"));
}

static void nothing_has_no_table(void **state) {
  (void)state;
  const struct heapster_explanation none = {.site_count = 0};
  assert_string_equal(text_of(0, 9, &none, NULL), "0 of 0 explained\n");
}

static void bad_arguments_and_a_refusing_sink_are_errors(void **state) {
  (void)state;
  const struct heapster_explanation none = {.site_count = 0};
  struct heapster_sink sink = text_sink_of(text_sink_new());
  assert_int_equal(heapster_sites_text(sites, 1, 1, NULL, NULL, sink), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_sites_text(NULL, 1, 1, &none, NULL, sink), HEAPSTER_BAD_ARGUMENT);
  sink.write = NULL;
  assert_int_equal(heapster_sites_text(sites, 1, 1, &none, NULL, sink), HEAPSTER_WRITE_FAILED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_site_is_a_row_with_its_share),
      cmocka_unit_test(rows_that_do_not_fit_are_summed_up),
      cmocka_unit_test(what_is_not_explained_is_told_apart),
      cmocka_unit_test(another_run_that_made_more_or_less_is_unsteady),
      cmocka_unit_test(nothing_has_no_table),
      cmocka_unit_test(bad_arguments_and_a_refusing_sink_are_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
