/* Where a call in C is. */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a place is in `function` and not in `other`, which may come next; sanitizers make functions long. */
static inline bool is_place_in(uint64_t place, uintptr_t function, uintptr_t other) {
  return place - function < 1000 && place - function < place - other;
}

#endif
