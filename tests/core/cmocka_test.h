/* cmocka, the headers that it needs before it, and a comparison that names the field. */
#ifndef TESTS_CMOCKA_TEST_H
#define TESTS_CMOCKA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Compares one integer field of a struct of figures, signed or not; a failure reads "alloc_count is 4, expected 3".
   `field` may reach further in: alloc_histogram.buckets[6]. */
#define assert_field(figures, field, expected)                                                                     \
  do {                                                                                                             \
    const long long field_found = (long long)(figures).field;                                                      \
    const long long field_expected = (long long)(expected);                                                        \
    if (field_found != field_expected) fail_msg("%s is %lld, expected %lld", #field, field_found, field_expected); \
  } while (0)

#endif
