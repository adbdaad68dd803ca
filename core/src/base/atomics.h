/* Atomic cells. The only file that includes <stdatomic.h>; the memory order is in the name.

   A counter in a thread's shard has one writer, that thread, and any number of readers; those of a shared shard are
   added to by locked instructions. The one writer adds with one instruction, which a signal handler of the same thread
   cannot interrupt half-way. No other processor writes the cell, so nothing is locked. */
#ifndef HEAPSTER__BASE_ATOMICS_H
#define HEAPSTER__BASE_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint64_t heapster__counter;
typedef _Atomic int64_t heapster__level;

/* A flag that threads exchange. It is a word: RISC-V exchanges no bytes, and gcc before 13 calls libatomic for them. */
typedef _Atomic uint32_t heapster__flag;
#define HEAPSTER__IS_WORD(cell)                                                                \
  ((void)sizeof(struct {                                                                       \
    _Static_assert(sizeof *(cell) >= sizeof(uint32_t), "not every processor exchanges bytes"); \
    int unused;                                                                                \
  }))

#define heapster__load_relaxed(cell) atomic_load_explicit((cell), memory_order_relaxed)
#define heapster__load_acquire(cell) atomic_load_explicit((cell), memory_order_acquire)
#define heapster__store_relaxed(cell, value) atomic_store_explicit((cell), (value), memory_order_relaxed)
#define heapster__store_release(cell, value) atomic_store_explicit((cell), (value), memory_order_release)
#define heapster__add_relaxed(cell, value) atomic_fetch_add_explicit((cell), (value), memory_order_relaxed)
#define heapster__add_acq_rel(cell, value) atomic_fetch_add_explicit((cell), (value), memory_order_acq_rel)
#define heapster__or_relaxed(cell, bits) atomic_fetch_or_explicit((cell), (bits), memory_order_relaxed)
#define heapster__and_release(cell, bits) atomic_fetch_and_explicit((cell), (bits), memory_order_release)
#define heapster__exchange_relaxed(cell, value) \
  (HEAPSTER__IS_WORD(cell), atomic_exchange_explicit((cell), (value), memory_order_relaxed))
#define heapster__exchange_acq_rel(cell, value) \
  (HEAPSTER__IS_WORD(cell), atomic_exchange_explicit((cell), (value), memory_order_acq_rel))
#define heapster__swap_relaxed(cell, expected, desired) \
  (HEAPSTER__IS_WORD(cell),                             \
   atomic_compare_exchange_weak_explicit((cell), (expected), (desired), memory_order_relaxed, memory_order_relaxed))
#define heapster__swap_acq_rel(cell, expected, desired) \
  (HEAPSTER__IS_WORD(cell),                             \
   atomic_compare_exchange_weak_explicit((cell), (expected), (desired), memory_order_acq_rel, memory_order_acquire))
#define heapster__swap_strong(cell, expected, desired) \
  (HEAPSTER__IS_WORD(cell), atomic_compare_exchange_strong((cell), (expected), (desired)))
#define heapster__load_seq_cst(cell) atomic_load_explicit((cell), memory_order_seq_cst)
#define heapster__store_seq_cst(cell, value) atomic_store_explicit((cell), (value), memory_order_seq_cst)
#define heapster__fence_acquire() atomic_thread_fence(memory_order_acquire)
#define heapster__fence_release() atomic_thread_fence(memory_order_release)
#define heapster__fence_seq_cst() atomic_thread_fence(memory_order_seq_cst)
#define heapster__fence_signal() atomic_signal_fence(memory_order_seq_cst) /* for a handler of this thread */

/* Keeps a compiler that knows an object's address from computing a second address for another field of it. */
#define HEAPSTER__IN_ONE_REGISTER(pointer) __asm__("" : "+r"(pointer))

#define heapster__likely(condition) __builtin_expect(!!(condition), 1)
#define heapster__unlikely(condition) __builtin_expect(!!(condition), 0)

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEAPSTER__THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define HEAPSTER__THREAD_SANITIZER
#endif

/* Not with ThreadSanitizer, which does not see the writes of assembly. */
#if defined(__x86_64__) && !defined(HEAPSTER__THREAD_SANITIZER)
#include <emmintrin.h>

/* Adds `count` cells (an even number, aligned to 16 bytes) to as many sums. No cell is torn: processors read each
   8-byte half of an aligned vector at once. Most of the time of a read of figures goes into this; it is four times as
   fast as cell by cell. */
static inline void heapster__sum_relaxed(uint64_t *sums, heapster__counter *cells, unsigned count) {
  for (unsigned i = 0; i < count; i += 2) {
    __m128i read = _mm_load_si128((const __m128i *)(const void *)&cells[i]);
    __m128i *sum = (__m128i *)(void *)&sums[i];
    _mm_storeu_si128(sum, _mm_add_epi64(_mm_loadu_si128(sum), read));
  }
}

/* The sum of `count` cells, read in the same way. */
static inline uint64_t heapster__total_relaxed(heapster__counter *cells, unsigned count) {
  __m128i total = _mm_setzero_si128();
  for (unsigned i = 0; i < count; i += 2)
    total = _mm_add_epi64(total, _mm_load_si128((const __m128i *)(const void *)&cells[i]));
  return (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(total, total));
}

/* Which of 64 cells (aligned to 16 bytes) have that value, a bit for each. */
static inline uint64_t heapster__find_bytes_relaxed(const _Atomic uint8_t *cells, uint8_t value) {
  const __m128i wanted = _mm_set1_epi8((char)value);
  uint64_t found = 0;
  for (unsigned i = 0; i < 64; i += 16) {
    const __m128i read = _mm_load_si128((const __m128i *)(const void *)&cells[i]);
    found |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(read, wanted)) << i;
  }
  return found;
}

/* Whether other threads see a thread's writes, relaxed ones too, in the order of the program. */
enum { HEAPSTER__WRITES_IN_ORDER = 1 };

/* Adds to a cell that only the calling thread writes. */
static inline void heapster__add_owned(heapster__counter *cell, uint64_t value) {
  __asm__ volatile("addq %1, %0" : "+m"(*(uint64_t *)cell) : "er"(value) : "cc");
}

/* Reads a level that only the calling thread writes. A plain read, which compilers fold into another instruction: of an
   atomic load they always make an instruction of its own. */
static inline int64_t heapster__load_owned(const heapster__level *cell) { return *(const int64_t *)cell; }

/* Adds to such a level. */
static inline void heapster__move_owned(heapster__level *cell, int64_t change) {
  __asm__ volatile("addq %1, %0" : "+m"(*(int64_t *)cell) : "er"(change) : "cc");
}

/* Subtracts from such a level. Whether it is below 0 now. */
static inline bool heapster__drop_below_zero_owned(heapster__level *cell, int64_t change) {
  bool is_below;
  __asm__ volatile("subq %2, %0" : "+m"(*(int64_t *)cell), "=@ccs"(is_below) : "er"(change));
  return is_below;
}

/* The same plain read for a flag, a number, a word, a shadow byte. */
static inline bool heapster__load_flag(const _Atomic bool *cell) { return *(const bool *)(const void *)cell; }
static inline unsigned heapster__load_number(const _Atomic unsigned *cell) { return *(const unsigned *)cell; }
static inline uintptr_t heapster__load_word(const _Atomic uintptr_t *cell) { return *(const uintptr_t *)cell; }
static inline uint8_t heapster__load_byte(const _Atomic uint8_t *cell) { return *(const uint8_t *)(const void *)cell; }

/* Whether the cell has that value, compared in memory. */
static inline bool heapster__is_acquire(const _Atomic uint64_t *cell, uint64_t value) {
  bool is_same;
  __asm__ volatile("cmpq %2, %1" : "=@cce"(is_same) : "m"(*(const uint64_t *)cell), "r"(value) : "memory");
  return is_same;
}

#else

static inline bool heapster__is_acquire(const _Atomic uint64_t *cell, uint64_t value) {
  return heapster__load_acquire(cell) == value;
}

static inline uintptr_t heapster__load_word(const _Atomic uintptr_t *cell) { return heapster__load_relaxed(cell); }

static inline bool heapster__load_flag(const _Atomic bool *cell) { return heapster__load_relaxed(cell); }

static inline unsigned heapster__load_number(const _Atomic unsigned *cell) { return heapster__load_relaxed(cell); }

static inline uint8_t heapster__load_byte(const _Atomic uint8_t *cell) { return heapster__load_relaxed(cell); }

static inline void heapster__sum_relaxed(uint64_t *sums, heapster__counter *cells, unsigned count) {
  for (unsigned i = 0; i < count; i++) sums[i] += heapster__load_relaxed(&cells[i]);
}

static inline uint64_t heapster__total_relaxed(heapster__counter *cells, unsigned count) {
  uint64_t total = 0;
  for (unsigned i = 0; i < count; i++) total += heapster__load_relaxed(&cells[i]);
  return total;
}

static inline uint64_t heapster__find_bytes_relaxed(const _Atomic uint8_t *cells, uint8_t value) {
  uint64_t found = 0;
  for (unsigned i = 0; i < 64; i++) found |= (uint64_t)(heapster__load_relaxed(&cells[i]) == value) << i;
  return found;
}

enum { HEAPSTER__WRITES_IN_ORDER = 0 };

static inline void heapster__add_owned(heapster__counter *cell, uint64_t value) { heapster__add_relaxed(cell, value); }

static inline int64_t heapster__load_owned(const heapster__level *cell) { return heapster__load_relaxed(cell); }

/* Release, here and below: readers of two levels rely on the order of their changes. */
static inline void heapster__move_owned(heapster__level *cell, int64_t change) {
  atomic_fetch_add_explicit(cell, change, memory_order_release);
}

static inline bool heapster__drop_below_zero_owned(heapster__level *cell, int64_t change) {
  return atomic_fetch_sub_explicit(cell, change, memory_order_release) < change;
}

#endif

#endif
