/* Figures by name. */
#include "cmocka_test.h"

#include <string.h>

#include "value/field.h"

static bool get_figure(const struct heapster_stats *stats, const char *name, int64_t *value) {
  return heapster_stats_get(stats, heapster_field_find(name), value);
}

static void each_average_follows_its_sum(void **state) {
  (void)state;
  const char *previous = "";
  unsigned averages = 0;
  for (size_t i = 0; heapster_field_at(i); i++) {
    const char *const name = heapster_field_at(i)->name;
    const size_t stem = strlen(name) - 3;
    if (!strcmp(name + stem, "avg")) {
      averages++;
      assert_memory_equal(name, previous, stem);
      assert_string_equal(previous + stem, "sum");
    }
    previous = name;
  }
  assert_int_equal(averages, 5);
}

static void fields_are_in_the_order_of_the_struct(void **state) {
  (void)state;
  size_t previous = 0;
  const struct heapster__field *field;
  for (size_t i = 0; (field = heapster__field_at(i)); i++) {
    if (field->difference == HEAPSTER__AVERAGE) continue;
    if (field->offset <= previous) fail_msg("%s is out of order in field.h", field->base.name);
    previous = field->offset;
  }
}

static void a_field_is_found_by_its_own_name_only(void **state) {
  (void)state;
  for (size_t i = 0; heapster_field_at(i); i++)
    assert_ptr_equal(heapster_field_find(heapster_field_at(i)->name), heapster_field_at(i));
  assert_null(heapster_field_find("alloc"));
  assert_null(heapster_field_find("alloc_histogram"));
  assert_null(heapster_field_find(NULL));
}

static void averages_are_rounded_down_and_undefined_for_nothing(void **state) {
  (void)state;
  const struct heapster_stats stats = {.alloc_count = 3, .alloc_sum = 116};
  int64_t value = -1;
  assert_true(get_figure(&stats, "alloc_avg", &value));
  assert_int_equal(value, 38);
  assert_false(get_figure(&stats, "dealloc_avg", &value));
  assert_int_equal(value, 38);
}

static void figures_that_a_kind_does_not_have_are_absent(void **state) {
  (void)state;
  struct heapster_stats stats = {.use_change = -4, .use_peak = 9};
  int64_t value = 1;
  assert_false(get_figure(&stats, "use_change", &value));
  stats.kind = HEAPSTER_DIFF;
  assert_true(get_figure(&stats, "use_change", &value));
  assert_int_equal(value, -4);
  assert_false(get_figure(&stats, "use_peak", &value));
  stats.kind = HEAPSTER_WINDOW;
  assert_true(get_figure(&stats, "use_peak", &value));
  assert_int_equal(value, 9);
}

static void figure_beyond_int64_reads_as_its_maximum(void **state) {
  (void)state;
  const struct heapster_stats stats = {.alloc_sum = UINT64_MAX};
  int64_t value = 0;
  assert_true(get_figure(&stats, "alloc_sum", &value));
  assert_true(value == INT64_MAX);
}

static void only_absolute_fields_name_another_instead(void **state) {
  (void)state;
  for (size_t i = 0; heapster_field_at(i); i++) {
    const struct heapster_field *const field = heapster_field_at(i);
    assert_int_equal(field->is_limit, !field->instead);
    if (field->instead) assert_true(heapster_field_find(field->instead)->is_limit);
  }
  assert_string_equal(heapster_field_find("use_max")->instead, "use_peak");
  assert_string_equal(heapster_field_find("use_curr")->instead, "use_change");
  assert_string_equal(heapster_field_find("live_count")->instead, "live_change");
  assert_true(heapster_field_find("live_change")->is_signed);
  assert_false(heapster_field_find("use_peak")->is_signed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_average_follows_its_sum),
      cmocka_unit_test(fields_are_in_the_order_of_the_struct),
      cmocka_unit_test(a_field_is_found_by_its_own_name_only),
      cmocka_unit_test(averages_are_rounded_down_and_undefined_for_nothing),
      cmocka_unit_test(figures_that_a_kind_does_not_have_are_absent),
      cmocka_unit_test(figure_beyond_int64_reads_as_its_maximum),
      cmocka_unit_test(only_absolute_fields_name_another_instead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
