/* Blocks whose free may have been missed while a hook was off. */
#include "count/doubt.h"

#include "base/assert.h"
#include "base/lock.h"

#include <sched.h>

enum {
  NONE = HEAPSTER__GRANULES,
  HALF_GRANULE = 16,
  SEGMENT_BYTES = HEAPSTER__GRANULES << HEAPSTER__MAIN_GRANULE_BITS
};

static struct {
  heapster__counter bits;                  /* that are set */
  bool is_doubted[HEAPSTER__HEAP_NUMBERS]; /* by heap */
  heapster__flag is_busy;                  /* a thread takes a block out of the map */
} doubts;

bool heapster__has_doubts(void) { return heapster__load_relaxed(&doubts.bits) != 0; }

static void set_bits(struct heapster__leaf *leaf, unsigned word, uint64_t bits) {
  const uint64_t before = heapster__load_relaxed(&leaf->doubts[word]);
  if ((before & bits) == bits) return;
  heapster__or_relaxed(&leaf->doubt_words[word / 64], (uint64_t)1 << word % 64);
  const uint64_t added = bits & ~heapster__or_relaxed(&leaf->doubts[word], bits);
  heapster__add_relaxed(&doubts.bits, (uint64_t)__builtin_popcountll(added));
}

/* Release: who finds a bit cleared finds the block taken out. Pairs with the acquire in bits_of. */
static void clear_bits(struct heapster__leaf *leaf, unsigned word, uint64_t bits) {
  const uint64_t cleared = bits & heapster__and_release(&leaf->doubts[word], ~bits);
  heapster__add_relaxed(&doubts.bits, -(uint64_t)__builtin_popcountll(cleared));
}

static void clear_bit(struct heapster__leaf *leaf, unsigned index) {
  clear_bits(leaf, index / 64, (uint64_t)1 << index % 64);
}

static uint64_t bits_of(struct heapster__leaf *leaf, unsigned word) {
  return heapster__load_acquire(&leaf->doubts[word]);
}

/* The first granule from `first` to `last` whose bit is set, or NONE. */
static unsigned find_next(struct heapster__leaf *leaf, unsigned first, unsigned last) {
  unsigned word = first / 64;
  uint64_t bits = bits_of(leaf, word) & UINT64_MAX << first % 64;
  while (!bits && word < last / 64) {
    word++;
    const uint64_t words = heapster__load_relaxed(&leaf->doubt_words[word / 64]) >> word % 64;
    word = words ? word + (unsigned)__builtin_ctzll(words) : word | 63;
    if (words && word <= last / 64) bits = bits_of(leaf, word);
  }
  const unsigned found = bits ? word * 64 + (unsigned)__builtin_ctzll(bits) : NONE;
  return found <= last ? found : NONE;
}

/* The last granule before `end` whose bit is set, or NONE. */
static unsigned find_before(struct heapster__leaf *leaf, unsigned end) {
  if (!end) return NONE;
  unsigned word = (end - 1) / 64;
  uint64_t bits = bits_of(leaf, word) & UINT64_MAX >> (63 - (end - 1) % 64);
  while (!bits && word) {
    word--;
    const uint64_t words = heapster__load_relaxed(&leaf->doubt_words[word / 64]) & UINT64_MAX >> (63 - word % 64);
    word = words ? (word | 63) - (unsigned)__builtin_clzll(words) : word & ~63u;
    if (words) bits = bits_of(leaf, word);
  }
  return bits ? word * 64 + 63 - (unsigned)__builtin_clzll(bits) : NONE;
}

/* Which of a word's granules have that shadow byte. */
static uint64_t find_bytes(const struct heapster__leaf *leaf, unsigned word, uint8_t byte) {
  return heapster__find_bytes_relaxed(leaf->bytes + (size_t)word * 64, byte);
}

/* Which have a block of the heap. */
static uint64_t find_blocks(struct heapster__segment segment, unsigned word, unsigned heap, uint64_t recorded) {
  uint64_t foreign = recorded & find_bytes(segment.leaf, word, HEAPSTER__BYTE_FOREIGN);
  uint64_t blocks = heap == segment.owner ? recorded & ~foreign : 0;
  for (; foreign; foreign &= foreign - 1) {
    const unsigned bit = (unsigned)__builtin_ctzll(foreign);
    if (heapster__shadow_block(segment, word * 64 + bit).owner == heap) blocks |= (uint64_t)1 << bit;
  }
  return blocks;
}

static void doubt_segment(const void *heap, struct heapster__segment segment, const void *begin) {
  (void)begin;
  for (unsigned word = 0; word < HEAPSTER__GRANULES / 64; word++) {
    const uint64_t recorded = ~find_bytes(segment.leaf, word, 0);
    const uint64_t over = bits_of(segment.leaf, word) & ~recorded;
    if (recorded) set_bits(segment.leaf, word, find_blocks(segment, word, *(const unsigned *)heap, recorded));
    if (over) clear_bits(segment.leaf, word, over);
  }
  for (unsigned word = 0; word < 2 * HEAPSTER__GRANULES / 64; word++) {
    if (heapster__load_relaxed(&segment.leaf->settled[word])) heapster__store_relaxed(&segment.leaf->settled[word], 0);
  }
}

void heapster__doubt_heap(unsigned heap) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  doubts.is_doubted[heap] = true;
  heapster__shadow_visit_segments(&heapster__main_map, doubt_segment, &heap);
}

static bool try_begin(void) {
  enum { TRIES = 1000 }; /* the other thread has a few instructions to go, unless this is its signal handler */
  for (unsigned i = 0; i < TRIES; i++) {
    uint32_t is_busy = false;
    if (heapster__swap_strong(&doubts.is_busy, &is_busy, true)) return true;
    sched_yield();
  }
  return false;
}

/* A block that was handed out, and the layer that did so. */
struct span {
  uint64_t begin;
  uint64_t end;
  unsigned owner; /* 0: all */
  bool is_left;   /* a doubtful block that it overlaps stays so: of another heap, or another thread is busy */
};

static const void *pointer_to(uint64_t address) { return (const void *)(uintptr_t)address; }

static uint64_t granule_at(uint64_t address) {
  return address >> HEAPSTER__MAIN_GRANULE_BITS << HEAPSTER__MAIN_GRANULE_BITS;
}

/* Whether a block, which may lie in the second half of its granule, overlaps the span. */
static bool is_overlapped(uint64_t granule, uint64_t size, const struct span *span) {
  if (granule == granule_at(span->begin)) return true;
  return granule < span->begin ? granule + size > span->begin : granule + HALF_GRANULE < span->end;
}

/* A segment, its first address. */
struct place {
  struct heapster__segment segment;
  uint64_t begin;
};

static struct place place_at(uint64_t address) {
  const uint64_t begin = address - address % SEGMENT_BYTES;
  return (struct place){heapster__shadow_segment(&heapster__main_map, pointer_to(begin)), begin};
}

static uint64_t granule_in(struct place place, unsigned index) {
  return place.begin + ((uint64_t)index << HEAPSTER__MAIN_GRANULE_BITS);
}

/* Records the missed free of the doubtful block, if it still is. Another thread may be handed memory that overlaps it,
   too, or begins where it began: it waits here, and finds the bit cleared. */
static bool try_take(struct place place, unsigned index) {
  if (!try_begin()) return false;
  if (bits_of(place.segment.leaf, index / 64) >> index % 64 & 1)
    heapster__record_missed_free(&heapster__main_map, pointer_to(granule_in(place, index)));
  clear_bit(place.segment.leaf, index);
  heapster__store_release(&doubts.is_busy, false);
  return true;
}

/* The half granules of a span, in a segment. */
struct halves {
  _Atomic uint64_t *words; /* NULL: the span is long, or leaves the segment */
  unsigned first;
  unsigned last;
};

static struct halves find_halves(struct place place, const struct span *span) {
  enum { LONGEST = 1024 };
  const uint64_t begin = span->begin - place.begin;
  const uint64_t end = span->end - 1 - place.begin;
  const bool is_short = place.segment.leaf && end - begin < LONGEST && end < SEGMENT_BYTES;
  return (struct halves){is_short ? place.segment.leaf->settled : NULL, (unsigned)(begin / HALF_GRANULE),
                         (unsigned)(end / HALF_GRANULE)};
}

/* Of those in one word. */
static uint64_t bits_in_word(struct halves halves, unsigned word) {
  const uint64_t from = word == halves.first / 64 ? UINT64_MAX << halves.first % 64 : UINT64_MAX;
  return word == halves.last / 64 ? from & UINT64_MAX >> (63 - halves.last % 64) : from;
}

static bool are_settled(struct halves halves) {
  if (!halves.words) return false;
  uint64_t missing = 0;
  for (unsigned word = halves.first / 64; word <= halves.last / 64; word++)
    missing |= bits_in_word(halves, word) & ~heapster__load_relaxed(&halves.words[word]);
  return !missing;
}

static void note_settled(struct halves halves) {
  for (unsigned word = halves.first / 64; halves.words && word <= halves.last / 64; word++)
    heapster__or_relaxed(&halves.words[word], bits_in_word(halves, word));
}

/* A granule whose bit is set. Whether it is cleared now. */
static bool settle_granule(struct place place, unsigned index, struct span *span) {
  const struct heapster__block block = heapster__shadow_block(place.segment, index);
  const uint64_t granule = granule_in(place, index);
  if (!block.owner) {
    clear_bit(place.segment.leaf, index);
    return true;
  }
  if (!is_overlapped(granule, block.size, span)) return false;
  const bool is_own = !span->owner || block.owner == span->owner || granule == granule_at(span->begin);
  const bool is_taken = is_own && try_take(place, index);
  if (!is_taken) span->is_left = true;
  return is_taken;
}

/* The nearest doubtful block before the span may reach into it. Whether there is none before granule `end`. */
static bool settle_before(struct place place, unsigned end, struct span *span) {
  unsigned index;
  if (!place.segment.leaf) return true;
  while ((index = find_before(place.segment.leaf, end)) != NONE) {
    if (!settle_granule(place, index, span)) return false;
  }
  return true;
}

static void settle_inside(struct place place, struct span *span) {
  const uint64_t begin = span->begin > place.begin ? span->begin - place.begin : 0;
  const uint64_t end = span->end - place.begin < SEGMENT_BYTES ? span->end - place.begin : SEGMENT_BYTES;
  const unsigned last = (unsigned)((end - 1) >> HEAPSTER__MAIN_GRANULE_BITS);
  unsigned index = (unsigned)(begin >> HEAPSTER__MAIN_GRANULE_BITS);
  if (!place.segment.leaf) return;
  for (; index <= last && (index = find_next(place.segment.leaf, index, last)) != NONE; index++)
    settle_granule(place, index, span);
}

static void settle_span(struct place place, struct span *span) {
  const unsigned first = (unsigned)((span->begin - place.begin) >> HEAPSTER__MAIN_GRANULE_BITS);
  if (settle_before(place, first, span) && place.begin)
    settle_before(place_at(place.begin - 1), HEAPSTER__GRANULES, span);
  settle_inside(place, span);
  for (uint64_t at = place.begin + SEGMENT_BYTES; at < span->end; at += SEGMENT_BYTES)
    settle_inside(place_at(at), span);
}

void heapster__settle_block(unsigned owner, const void *block, size_t bytes) {
  if (!heapster__has_doubts() || !bytes) return;
  const uint64_t begin = HEAPSTER__ADDRESS(block);
  const struct place place = place_at(begin);
  struct span span = {begin, begin + bytes, owner, false};
  const struct halves halves = find_halves(place, &span);
  if (heapster__likely(are_settled(halves))) return;
  settle_span(place, &span);
  if (!span.is_left) note_settled(halves);
}

/* Of the granules from `first` to `last`: halves the range until all of it is mapped, or lies in one page. */
static void settle_range(struct place place, unsigned first, unsigned last) {
  struct heapster__leaf *const leaf = place.segment.leaf;
  first = find_next(leaf, first, last);
  last = find_before(leaf, last + 1);
  if (first == NONE || last == NONE || first > last) return;
  const size_t bytes = ((size_t)(last - first) << HEAPSTER__MAIN_GRANULE_BITS) + 1;
  if (heapster__is_mapped((void *)(uintptr_t)granule_in(place, first), bytes)) return;
  if (first / 64 != last / 64) {
    settle_range(place, first, first + (last - first) / 2);
    settle_range(place, first + (last - first) / 2 + 1, last);
    return;
  }
  for (; first <= last && (first = find_next(leaf, first, last)) != NONE; first++) try_take(place, first);
}

static void settle_segment(const void *context, struct heapster__segment segment, const void *begin) {
  (void)context;
  settle_range((struct place){segment, HEAPSTER__ADDRESS(begin)}, 0, HEAPSTER__GRANULES - 1);
}

void heapster__settle_unmapped(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  if (heapster__has_doubts()) heapster__shadow_visit_segments(&heapster__main_map, settle_segment, NULL);
}

static void read_segment(const void *doubt, struct heapster__segment segment, const void *begin) {
  struct heapster__doubt *const sum = (void *)(uintptr_t)doubt;
  (void)begin;
  for (unsigned i = 0; i < NONE && (i = find_next(segment.leaf, i, NONE - 1)) != NONE; i++) {
    const struct heapster__block block = heapster__shadow_block(segment, i);
    if (!block.owner) clear_bit(segment.leaf, i);
    if (!doubts.is_doubted[block.owner]) continue;
    sum->blocks++;
    sum->bytes += block.size;
  }
}

/* A signal handler that interrupted the lock's owner may end the process, whose report reads the status. */
struct heapster__doubt heapster__doubt_read(void) {
  struct heapster__doubt doubt = {0, 0};
  const bool has_lock = heapster__is_locked_here();
  if (!heapster__has_doubts()) return doubt;
  if (!has_lock) heapster__lock();
  heapster__shadow_visit_segments(&heapster__main_map, read_segment, &doubt);
  if (!has_lock) heapster__unlock();
  return doubt;
}

void heapster__doubts_drop_others(void) { heapster__store_relaxed(&doubts.is_busy, false); }
