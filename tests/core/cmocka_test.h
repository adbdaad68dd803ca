/* cmocka, the headers that it needs before it, and a comparison that names the field. */
#ifndef TESTS_CMOCKA_TEST_H
#define TESTS_CMOCKA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void assert_named(const char *name, long long found, long long expected, const char *file, int line) {
  if (found == expected) return;
  print_error("ERROR: %s is %lld, expected %lld\n", name, found, expected);
  _fail(file, line);
}

/* Compares one integer field of a struct of figures, signed or not; a failure reads "alloc_count is 4, expected 3".
   `field` may reach further in: alloc_histogram.buckets[6]. */
#define assert_field(figures, field, expected) \
  assert_named(#field, (long long)(figures).field, (long long)(expected), __FILE__, __LINE__)

#endif
