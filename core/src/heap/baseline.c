/* Baselines: the totals of a heap number that figures count from. */
#include "heap/baseline.h"

#include "base/atomics.h"
#include "base/lock.h"
#include "count/thread.h"

enum { HAS_BIRTH = 1, HAS_RESET = 2, IS_RESET_LATER = 4, HAS_ENDED = 8 };

static struct {
  struct {
    struct heapster__totals birth; /* if HAS_BIRTH, else zeros */
    struct heapster__totals reset; /* if HAS_RESET */
    _Atomic unsigned flags;
  } states[2];
  _Atomic uint32_t published; /* counts the changes; its last bit is the index in `states`; 0: there was none */
} baselines[HEAPSTER__HEAP_NUMBERS];

static const struct heapster__totals zero_totals;

static void copy_totals(struct heapster__totals *to, const struct heapster__totals *from) {
  enum { WORDS = sizeof *to / sizeof(uint64_t) };
  for (size_t i = 0; i < WORDS; i++) {
    heapster__store_relaxed((heapster__counter *)to + i, heapster__load_relaxed((const heapster__counter *)from + i));
  }
}

static const struct heapster__totals *copy_if(bool is_there, struct heapster__totals *to,
                                              const struct heapster__totals *from) {
  if (!is_there) return &zero_totals;
  copy_totals(to, from);
  return to;
}

static unsigned copy_state(unsigned number, uint32_t published, struct heapster__baseline *baseline) {
  const unsigned index = published % 2;
  const unsigned flags = published ? heapster__load_relaxed(&baselines[number].states[index].flags) : 0;
  baseline->birth = copy_if(flags & HAS_BIRTH, &baseline->room[0], &baselines[number].states[index].birth);
  baseline->reset = copy_if(flags & HAS_RESET, &baseline->room[1], &baselines[number].states[index].reset);
  return flags;
}

void heapster__baseline_read(unsigned number, struct heapster__baseline *baseline) {
  uint32_t before;
  uint32_t after = heapster__load_acquire(&baselines[number].published); /* pairs with the release in publish */
  unsigned flags;
  do {
    before = after;
    flags = copy_state(number, before, baseline);
    heapster__fence_acquire(); /* the copy is read before the count is read again */
    after = heapster__load_relaxed(&baselines[number].published);
  } while (after != before);
  baseline->is_first = !before;
  baseline->has_birth = flags & HAS_BIRTH;
  baseline->is_reset_later = flags & IS_RESET_LATER;
  baseline->has_ended = flags & HAS_ENDED;
}

/* Publishes the baseline as it is, but for the flags that change and the totals given; NULL: those stay. */
static void publish(unsigned number, unsigned cleared, unsigned set, const struct heapster__totals *birth,
                    const struct heapster__totals *reset) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__baseline now;
  const uint32_t published = heapster__load_relaxed(&baselines[number].published);
  const unsigned flags = copy_state(number, published, &now);
  const uint32_t next = published + 1 ? published + 1 : 2; /* 0 says that there was no change */
  const unsigned index = next % 2;
  copy_totals(&baselines[number].states[index].birth, birth ? birth : now.birth);
  copy_totals(&baselines[number].states[index].reset, reset ? reset : now.reset);
  heapster__store_relaxed(&baselines[number].states[index].flags, (flags & ~cleared) | set);
  heapster__store_release(&baselines[number].published, next);
}

void heapster__baseline_reset(unsigned number, const struct heapster__totals *raw) {
  publish(number, 0, HAS_RESET | IS_RESET_LATER, NULL, raw);
}

void heapster__baseline_end(unsigned number) { publish(number, 0, HAS_ENDED, NULL, NULL); }

void heapster__baseline_begin(unsigned number, const struct heapster__totals *raw) {
  publish(number, HAS_ENDED | IS_RESET_LATER, HAS_BIRTH, raw, NULL);
}
