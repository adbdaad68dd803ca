/* Names that may hold anything, as people see them. */
#include "cmocka_test.h"

#include <stdlib.h>
#include <string.h>

#include "text_sink.h"
#include "value/writer.h"

static const char *printable_of(const char *name) {
  struct text_sink *const sink = text_sink_new();
  struct heapster__writer writer = heapster__writer_make(text_sink_of(sink));
  heapster__write_printable(&writer, name);
  assert_int_equal(heapster__writer_result(&writer), HEAPSTER_OK);
  return sink->text;
}

static void names_in_any_script_stay_as_they_are(void **state) {
  (void)state;
  assert_string_equal(printable_of(""), "");
  assert_string_equal(printable_of("a b\\c~ ü 日本 🙂"), "a b\\c~ ü 日本 🙂");
}

static void control_characters_are_visible(void **state) {
  (void)state;
  assert_string_equal(printable_of("\a\b\t\n\v\f\r"), "\\a\\b\\t\\n\\v\\f\\r");
  assert_string_equal(printable_of("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  assert_string_equal(printable_of("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\\u0080\\u009b\\u009f\xc2\xa0");
}

static void line_breaks_and_turns_of_direction_are_visible(void **state) {
  (void)state;
  /* as bytes: compilers warn of such characters in a source */
  assert_string_equal(printable_of("\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xac\xe2\x80\xac\xe2\x80\xa8\xe2\x80\xa9"),
                      "\\u202a\\u202e\\u202c\\u202c\\u2028\\u2029");
  assert_string_equal(printable_of("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
                      "\\u2066\\u2069\\u200e\\u200f\\u061c");
  assert_string_equal(printable_of("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"), "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5");
}

static void bytes_that_are_no_utf8_are_visible(void **state) {
  (void)state;
  assert_string_equal(printable_of("\x9b\xff"), "\\x9b\\xff");
  assert_string_equal(printable_of("\xc0\x80\xed\xa0\x80\xf5"), "\\xc0\\x80\\xed\\xa0\\x80\\xf5");
  assert_string_equal(printable_of("\xe2\x80"), "\\xe2\\x80");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_in_any_script_stay_as_they_are),
      cmocka_unit_test(control_characters_are_visible),
      cmocka_unit_test(line_breaks_and_turns_of_direction_are_visible),
      cmocka_unit_test(bytes_that_are_no_utf8_are_visible),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
