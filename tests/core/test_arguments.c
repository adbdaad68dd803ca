/* What the public functions do with a NULL and with nonsense: an error each, or nothing; never a crash. */
#include "cmocka_test.h"

#include <heapster/heapster.h>

#include <errno.h>
#include <string.h>

static struct heapster_heap *heap;

static bool keep(void *context, const char *text, size_t length) {
  (void)text;
  *(size_t *)context += length;
  return true;
}

static void a_null_name_is_a_name_that_nothing_has(void **state) {
  (void)state;
  struct heapster_heap *made = heap;
  struct heapster_limit limit;
  uint64_t bytes;
  assert_int_equal(heapster_heap_create(NULL, NULL, &made), HEAPSTER_BAD_NAME);
  assert_null(made);
  assert_null(heapster_heap_find(NULL));
  assert_null(heapster_field_find(NULL));
  assert_int_equal(heapster_limit_make(NULL, 0, 1, &limit), HEAPSTER_UNKNOWN_FIELD);
  assert_int_equal(heapster_hook(NULL), HEAPSTER_UNKNOWN_HOOK);
  assert_int_equal(heapster_unhook(NULL), HEAPSTER_UNKNOWN_HOOK);
  assert_int_equal(heapster_size_parse(NULL, &bytes), HEAPSTER_BAD_SIZE);
}

static void a_lua_state_takes_the_same_names_as_a_heap(void **state) {
  (void)state;
  void *ud = heap;
  assert_int_equal(heapster_lua_state_create(NULL, NULL, &ud), HEAPSTER_BAD_NAME);
  assert_null(ud);
  assert_int_equal(heapster_lua_state_create("scripts", NULL, NULL), HEAPSTER_BAD_ARGUMENT);
  const struct heapster_lua_backing no_function = {NULL, NULL};
  assert_int_equal(heapster_lua_state_create("scripts", &no_function, &ud), HEAPSTER_BAD_ALLOCATOR);
  assert_null(ud);
}

static void an_out_pointer_that_is_null_is_an_error(void **state) {
  (void)state;
  const struct heapster_stats stats = {.alloc_count = 1};
  assert_int_equal(heapster_heap_create("other", NULL, NULL), HEAPSTER_BAD_ARGUMENT);
  assert_null(heapster_heap_find("other"));
  assert_int_equal(heapster_limit_make("alloc_count", 0, 1, NULL), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_size_parse("1", NULL), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_window_begin(heap, HEAPSTER_PROCESS, NULL), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_stats_diff(NULL, &stats, &stats), HEAPSTER_BAD_ARGUMENT);
  assert_false(heapster_stats_get(&stats, heapster_field_find("alloc_count"), NULL));
  assert_int_equal(heapster_size_text(1, NULL), 0);
}

static void an_input_that_is_null_is_an_error(void **state) {
  (void)state;
  size_t written = 0;
  const struct heapster_sink sink = {keep, &written};
  struct heapster_stats stats = {.alloc_count = 1};
  int64_t value;
  assert_int_equal(heapster_stats_diff(&stats, NULL, &stats), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_stats_diff(&stats, &stats, NULL), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_stats_text(NULL, sink), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_stats_json(NULL, sink), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_histogram_text(NULL, sink), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(heapster_frames_text(NULL, sink), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(written, 0);
  assert_false(heapster_stats_get(NULL, heapster_field_find("alloc_count"), &value));
  assert_false(heapster_stats_get(&stats, NULL, &value));
  assert_false(heapster_stats_is_equal(&stats, NULL));
  assert_null(heapster_stats_lua_kinds(NULL));
  assert_int_equal(heapster_histogram_total(NULL), 0);
  assert_true(heapster_histogram_is_empty(NULL));
  assert_int_equal(heapster_limit_check(NULL, NULL, 1, &sink), 0);
}

static void a_reading_into_null_does_nothing(void **state) {
  (void)state;
  heapster_stats_read(heap, NULL);
  heapster_stats_read(NULL, NULL);
  assert_int_equal(heapster_stats_read_all(NULL, NULL, 0), 1);
  assert_int_equal(heapster_stats_read_all(NULL, NULL, 5), 1);
  heapster_status_read(NULL);
  heapster_frames_read(heap, NULL);
  heapster_live_histogram(heap, NULL);
}

static void a_sink_that_cannot_write_refuses(void **state) {
  (void)state;
  const struct heapster_sink sink = {NULL, NULL};
  assert_int_equal(heapster_report(sink), HEAPSTER_WRITE_FAILED);
  assert_int_equal(heapster_json(sink), HEAPSTER_WRITE_FAILED);
  assert_int_equal(heapster_limit_explain("alloc_count", sink), HEAPSTER_WRITE_FAILED);
}

static void *give(void *context, size_t size) {
  (void)size;
  return context;
}

static void take(void *context, void *block) {
  (void)context;
  (void)block;
}

static void an_allocator_needs_malloc_and_free(void **state) {
  (void)state;
  const struct heapster_allocator none = {.context = NULL};
  const struct heapster_allocator no_free = {.malloc = give};
  const struct heapster_allocator no_malloc = {.free = take};
  struct heapster_heap *made = heap;
  assert_int_equal(heapster_heap_create("other", &none, &made), HEAPSTER_BAD_ALLOCATOR);
  assert_null(made);
  assert_int_equal(heapster_heap_create("other", &no_free, &made), HEAPSTER_BAD_ALLOCATOR);
  assert_int_equal(heapster_heap_create("other", &no_malloc, &made), HEAPSTER_BAD_ALLOCATOR);
  assert_null(heapster_heap_find("other"));
}

static void a_limit_allows_at_least_one_value(void **state) {
  (void)state;
  struct heapster_limit limit = {.min = 4711};
  assert_int_equal(heapster_limit_make("alloc_count", 2, 1, &limit), HEAPSTER_BAD_LIMIT);
  assert_int_equal(limit.min, 4711);
  assert_int_equal(heapster_limit_make("alloc_count", 1, 1, &limit), HEAPSTER_OK);
}

static void a_limit_without_a_field_is_not_broken(void **state) {
  (void)state;
  const struct heapster_stats stats = {.alloc_count = 5};
  const struct heapster_limit limit = {.field = NULL, .min = 0, .max = 0};
  assert_int_equal(heapster_limit_check(&stats, &limit, 1, NULL), 0);
}

static void a_window_that_is_none_is_closed(void **state) {
  (void)state;
  const struct heapster_window garbage[] = {{0, 0}, {0, UINT32_MAX}, {1, 1}, {HEAPSTER_WINDOWS, 1}, {UINT32_MAX, 7}};
  struct heapster_stats stats = {.alloc_count = 4711};
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
    assert_int_equal(heapster_window_end(garbage[i], &stats), HEAPSTER_WINDOW_CLOSED);
  assert_int_equal(stats.alloc_count, 4711);
}

static void a_scope_that_is_none_opens_no_window(void **state) {
  (void)state;
  struct heapster_window window = {5, 5};
  struct heapster_status status;
  assert_int_equal(heapster_window_begin(heap, (enum heapster_scope)77, &window), HEAPSTER_BAD_ARGUMENT);
  assert_int_equal(window.generation, 0);
  heapster_status_read(&status);
  assert_int_equal(status.windows_open, 0);
}

static void every_error_has_a_sentence_of_its_own(void **state) {
  (void)state;
  for (int i = HEAPSTER_OK; i <= HEAPSTER_BAD_LIMIT; i++) {
    const char *text = heapster_error_text((enum heapster_error)i);
    assert_string_not_equal(text, "unknown error");
    for (int j = HEAPSTER_OK; j < i; j++) assert_string_not_equal(text, heapster_error_text((enum heapster_error)j));
  }
  assert_string_equal(heapster_error_text((enum heapster_error)4711), "unknown error");
  assert_string_equal(heapster_error_text((enum heapster_error) - 1), "unknown error");
}

static void the_total_has_a_name(void **state) {
  (void)state;
  assert_string_equal(heapster_heap_name(NULL), "total");
}

int main(void) {
  if (heapster_heap_create("mine", NULL, &heap)) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_null_name_is_a_name_that_nothing_has),
      cmocka_unit_test(a_lua_state_takes_the_same_names_as_a_heap),
      cmocka_unit_test(an_out_pointer_that_is_null_is_an_error),
      cmocka_unit_test(an_input_that_is_null_is_an_error),
      cmocka_unit_test(a_reading_into_null_does_nothing),
      cmocka_unit_test(a_sink_that_cannot_write_refuses),
      cmocka_unit_test(an_allocator_needs_malloc_and_free),
      cmocka_unit_test(a_limit_allows_at_least_one_value),
      cmocka_unit_test(a_limit_without_a_field_is_not_broken),
      cmocka_unit_test(a_window_that_is_none_is_closed),
      cmocka_unit_test(a_scope_that_is_none_opens_no_window),
      cmocka_unit_test(every_error_has_a_sentence_of_its_own),
      cmocka_unit_test(the_total_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
