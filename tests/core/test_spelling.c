/* Spelling: which word a mistyped one is nearest to. */
#include "cmocka_test.h"

#include <string.h>

#include "value/spelling.h"

/* Of "heap", "scope", "warmup", "repeat", tried in this order. */
static const char *option_like(const char *wanted) {
  struct heapster__spelling spelling = heapster__spelling_of(wanted);
  heapster__spelling_try(&spelling, "heap");
  heapster__spelling_try(&spelling, "scope");
  heapster__spelling_try(&spelling, "warmup");
  heapster__spelling_try(&spelling, "repeat");
  return spelling.nearest;
}

static void a_word_with_letters_swapped_missing_or_wrong_is_recognised(void **state) {
  (void)state;
  assert_string_equal(option_like("haep"), "heap");
  assert_string_equal(option_like("scop"), "scope");
  assert_string_equal(option_like("warm_up"), "warmup");
  assert_string_equal(option_like("repaet"), "repeat");
}

static void another_word_is_not_recognised(void **state) {
  (void)state;
  assert_null(option_like("alloc_count"));
  assert_null(option_like("gc"));
  assert_null(option_like(""));
}

static void a_word_beyond_48_letters_resembles_none(void **state) {
  (void)state;
  char longest[200];
  memset(longest, 'h', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  assert_null(option_like(longest));
  struct heapster__spelling spelling = heapster__spelling_of("heap");
  heapster__spelling_try(&spelling, longest);
  assert_null(spelling.nearest);
}

static void of_two_equally_near_the_alphabetically_first_wins(void **state) {
  (void)state;
  static const char *const words[2][2] = {{"audio:1", "audio:2"}, {"audio:2", "audio:1"}};
  for (unsigned i = 0; i < 2; ++i) {
    struct heapster__spelling spelling = heapster__spelling_of("audio:3");
    heapster__spelling_try(&spelling, words[i][0]);
    heapster__spelling_try(&spelling, words[i][1]);
    assert_string_equal(spelling.nearest, "audio:1");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_word_with_letters_swapped_missing_or_wrong_is_recognised),
      cmocka_unit_test(another_word_is_not_recognised),
      cmocka_unit_test(a_word_beyond_48_letters_resembles_none),
      cmocka_unit_test(of_two_equally_near_the_alphabetically_first_wins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
