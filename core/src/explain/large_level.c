/* How the threshold of large requests rises and falls. */
#include "explain/large.h"

enum { ONCE = 1000, TICKS = 64 * 60 }; /* a minute, in 64ths of a second */

static uint64_t word_of(uint64_t thousandths, uint32_t now) {
  return (thousandths < UINT32_MAX ? thousandths : UINT32_MAX) << 32 | now;
}

static uint64_t thousandths_of(uint64_t raised, uint32_t now) {
  const uint64_t then = raised >> 32;
  const uint32_t since = now - (uint32_t)raised;
  if (then <= ONCE || since >= TICKS) return ONCE;
  return ONCE + (then - ONCE) * (TICKS - since) / TICKS;
}

uint64_t heapster__large_level(uint64_t raised, uint64_t above, uint32_t now) {
  const uint64_t thousandths = thousandths_of(raised, now);
  uint64_t level, rest = above % ONCE * thousandths / ONCE;
  const bool is_too_much =
      __builtin_mul_overflow(above / ONCE, thousandths, &level) || __builtin_add_overflow(level, rest, &level);
  return is_too_much ? UINT64_MAX : level;
}

uint64_t heapster__large_raise(uint64_t raised, uint32_t now) {
  return word_of(thousandths_of(raised, now) * 8 / 5, now);
}
