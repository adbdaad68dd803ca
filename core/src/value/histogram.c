/* Counts by power-of-two size: the plain value, its quantile and its text. */
#include "value/histogram.h"

#include <heapster/limit.h>

unsigned heapster_histogram_bucket(uint64_t size) { return (unsigned)heapster__bucket(size); }

uint64_t heapster_histogram_total(const struct heapster_histogram *histogram) {
  uint64_t total = 0;
  for (unsigned i = 0; histogram && i < HEAPSTER_BUCKETS; i++) total += histogram->buckets[i];
  return total;
}

bool heapster_histogram_is_empty(const struct heapster_histogram *histogram) {
  for (unsigned i = 0; histogram && i < HEAPSTER_BUCKETS; i++) {
    if (histogram->buckets[i] > 0) return false;
  }
  return true;
}

void heapster__histogram_add(struct heapster_histogram *sum, const struct heapster_histogram *histogram) {
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) sum->buckets[i] += histogram->buckets[i];
}

void heapster__histogram_diff(struct heapster_histogram *diff, const struct heapster_histogram *after,
                              const struct heapster_histogram *before) {
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++)
    diff->buckets[i] = heapster__beyond(after->buckets[i], before->buckets[i]);
}

/* The size at `share` (0 .. 1) of the way through a bucket. */
static double size_within(unsigned bucket, double share) {
  const double low = bucket == 0 ? 0.0 : (double)(UINT64_C(1) << bucket);
  const double high = 2.0 * (double)(UINT64_C(1) << bucket);
  return low + share * (high - low);
}

bool heapster_histogram_quantile(const struct heapster_histogram *histogram, double q, double *size) {
  if (!histogram || !size) return false;
  if (!(q >= 0.0 && q <= 1.0)) return false; /* written so that NaN is refused too */
  const double wanted = q * (double)heapster_histogram_total(histogram);
  uint64_t below = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    const uint64_t count = histogram->buckets[i];
    if (count > 0 && (double)(below + count) >= wanted) {
      *size = size_within(i, (wanted - (double)below) / (double)count);
      return true;
    }
    below += count;
  }
  return false;
}

/* 2^exponent as a size; 2^64 exceeds every size. */
static void write_bound(struct heapster__writer *writer, unsigned exponent, size_t width) {
  char text[HEAPSTER_SIZE_TEXT] = "inf";
  if (exponent < 64) heapster_size_text(UINT64_C(1) << exponent, text);
  heapster__write_right(writer, text, width);
}

void heapster__write_bucket(struct heapster__writer *writer, unsigned bucket, size_t width) {
  heapster__write_text(writer, "[");
  write_bound(writer, bucket, width);
  heapster__write_text(writer, " .. ");
  write_bound(writer, bucket + 1, width);
  heapster__write_text(writer, ")");
}

enum { BAR = 40, BLOCK_BYTES = 3, BOUND_WIDTH = 9, MIN_COUNT_WIDTH = 13 };

/* In proportion to the fullest bucket, rounded down, but at least one block for a count above 0. */
static unsigned bar_length(uint64_t count, uint64_t fullest) {
  if (!count) return 0;
  while (fullest > UINT64_MAX / BAR) fullest >>= 1, count >>= 1;
  const unsigned length = (unsigned)(count * BAR / fullest);
  return length ? length : 1;
}

/* The width of the column of counts: that of the crate's report, or wider for a count that would touch the colon. */
static size_t count_width(uint64_t fullest) {
  char text[HEAPSTER__FIGURE_TEXT];
  const size_t width = heapster__count_text(fullest, text) + 1;
  return width > MIN_COUNT_WIDTH ? width : MIN_COUNT_WIDTH;
}

static void write_line(struct heapster__writer *writer, unsigned bucket, uint64_t count, uint64_t fullest) {
  static const char blocks[] = "████████████████████████████████████████";
  _Static_assert(sizeof blocks == BAR * BLOCK_BYTES + 1, "a bar has 40 blocks of three bytes each");
  char text[HEAPSTER__FIGURE_TEXT];
  heapster__count_text(count, text);
  heapster__write_bucket(writer, bucket, BOUND_WIDTH);
  heapster__write_text(writer, ":");
  heapster__write_right(writer, text, count_width(fullest));
  heapster__write_text(writer, "  ");
  heapster__write(writer, blocks, (size_t)bar_length(count, fullest) * BLOCK_BYTES);
  heapster__write_text(writer, "\n");
}

void heapster__write_histogram(struct heapster__writer *writer, const struct heapster_histogram *histogram) {
  unsigned first = HEAPSTER_BUCKETS;
  unsigned end = 0;
  uint64_t fullest = 0;
  for (unsigned i = 0; i < HEAPSTER_BUCKETS; i++) {
    const uint64_t count = histogram->buckets[i];
    if (!count) continue;
    if (first > i) first = i;
    if (fullest < count) fullest = count;
    end = i + 1;
  }
  for (unsigned i = first; i < end; i++) write_line(writer, i, histogram->buckets[i], fullest);
}

enum heapster_error heapster_histogram_text(const struct heapster_histogram *histogram, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  if (!histogram) return HEAPSTER_BAD_ARGUMENT;
  heapster__write_histogram(&writer, histogram);
  return heapster__writer_result(&writer);
}
