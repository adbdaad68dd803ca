/* Sizes as people write and read them. */
#include "cmocka_test.h"

#include <string.h>

#include <heapster/limit.h>

static void assert_size(const char *text, uint64_t expected) {
  uint64_t bytes = 0;
  if (heapster_size_parse(text, &bytes) != HEAPSTER_OK || bytes != expected)
    fail_msg("\"%s\" is %llu, not %llu", text, (unsigned long long)bytes, (unsigned long long)expected);
}

static void sizes_are_numbers_with_a_unit_or_none(void **state) {
  (void)state;
  assert_size("0", 0);
  assert_size("4096", 4096);
  assert_size("17 B", 17);
  assert_size("64 KiB", 65536);
  assert_size("1.5MiB", 1572864);
  assert_size("10 kB", 10000);
  assert_size("2 GiB", UINT64_C(2) << 30);
  assert_size("3 TiB", UINT64_C(3) << 40);
  assert_size("3TB", UINT64_C(3000000000000));
  assert_size("4 PiB", UINT64_C(4) << 50);
  assert_size("5 PB", UINT64_C(5000000000000000));
  assert_size("7.5 EiB", UINT64_C(15) << 59);
  assert_size("9 EB", UINT64_C(9000000000000000000));
  assert_size("1  mIb", 1048576);
  assert_size("9223372036854775807", INT64_MAX);
}

static void fraction_of_a_byte_is_rounded_down(void **state) {
  (void)state;
  assert_size("0.9999", 0);
  assert_size("1.001 KiB", 1025);
  assert_size("0.0009765624999999999999999999999999 KiB", 0);
  assert_size("0.0009765625000000000000000000000000 KiB", 1);
}

static void other_texts_are_not_sizes(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    " 1",
                                    "-1",
                                    "+1",
                                    "1 XiB",
                                    "KiB",
                                    "1.",
                                    ".5",
                                    "1 KiB ",
                                    "1 ",
                                    "1,000",
                                    "1.5.5",
                                    "0x10",
                                    "1e3",
                                    "1 Ki",
                                    "9223372036854775808",
                                    "8388608 TiB",
                                    "8 EiB",
                                    "7.9999999999999999999999 ZiB",
                                    "9.3 EB",
                                    "99999999999999999999999",
                                    "1 KiBs",
                                    "1\xC2\xA0KiB"};
  uint64_t bytes = 7;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (heapster_size_parse(bad[i], &bytes) != HEAPSTER_BAD_SIZE) fail_msg("\"%s\" was taken for a size", bad[i]);
  }
  assert_int_equal(heapster_size_parse(NULL, &bytes), HEAPSTER_BAD_SIZE);
  assert_int_equal(bytes, 7);
}

static void assert_text(uint64_t bytes, const char *expected) {
  char text[HEAPSTER_SIZE_TEXT];
  assert_int_equal(heapster_size_text(bytes, text), strlen(expected));
  assert_string_equal(text, expected);
}

static void size_text_has_two_decimals_unless_whole(void **state) {
  (void)state;
  assert_text(0, "0 B");
  assert_text(1023, "1023 B");
  assert_text(1024, "1 KiB");
  assert_text(1025, "1.00 KiB");
  assert_text(65536, "64 KiB");
  assert_text(2509, "2.45 KiB");
  assert_text(UINT64_C(1) << 63, "8 EiB");
  assert_text((UINT64_C(1) << 60) + (UINT64_C(1) << 59), "1.50 EiB");
}

static void size_text_rounds_half_to_even(void **state) {
  (void)state;
  assert_text(1024 + 128, "1.12 KiB");
  assert_text(1024 + 384, "1.38 KiB");
  assert_text(1024 + 129, "1.13 KiB");
}

static void size_text_goes_on_to_the_next_unit_where_rounding_fills_it(void **state) {
  (void)state;
  assert_text(1048575, "1.00 MiB");
  assert_text(1048570, "1023.99 KiB");
  assert_text(UINT64_MAX, "16.00 EiB");
}

/* Within the hundredth that the text leaves out. */
static void the_text_of_a_size_is_a_size(void **state) {
  (void)state;
  for (uint64_t size = 1; size < UINT64_C(1) << 62; size *= 2) {
    for (uint64_t part = 0; part < size; part += size / 8 + 1) {
      char text[HEAPSTER_SIZE_TEXT];
      uint64_t parsed = 0;
      heapster_size_text(size + part, text);
      if (heapster_size_parse(text, &parsed) != HEAPSTER_OK) fail_msg("\"%s\" was not taken for a size", text);
      const uint64_t difference = parsed > size + part ? parsed - size - part : size + part - parsed;
      assert_true(difference <= size / 100);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_numbers_with_a_unit_or_none),
      cmocka_unit_test(fraction_of_a_byte_is_rounded_down),
      cmocka_unit_test(other_texts_are_not_sizes),
      cmocka_unit_test(size_text_has_two_decimals_unless_whole),
      cmocka_unit_test(size_text_rounds_half_to_even),
      cmocka_unit_test(the_text_of_a_size_is_a_size),
      cmocka_unit_test(size_text_goes_on_to_the_next_unit_where_rounding_fills_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
