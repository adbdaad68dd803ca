/* The order of sites: those that requested what there was too much of come first. */
#include <heapster/explain.h>

#include <string.h>

/* A site's place in the order; larger comes first, but for the last three. */
struct rank {
  uint64_t surplus;
  uint64_t count;
  uint64_t bytes;
  unsigned kind;
  uint64_t place;
  uint64_t offset;
};

static uint64_t surplus_of(const struct heapster_site *site, const struct heapster_histogram *surplus) {
  uint64_t sum = 0;
  for (unsigned i = 0; surplus && i < HEAPSTER_BUCKETS; i++) {
    const uint64_t own = site->alloc_histogram.buckets[i];
    sum += own < surplus->buckets[i] ? own : surplus->buckets[i];
  }
  return sum;
}

static struct rank rank_of(const struct heapster_site *site, const struct heapster_histogram *surplus) {
  return (struct rank){
      .surplus = surplus_of(site, surplus),
      .count = site->requests.alloc_count + site->requests.realloc_growth_count,
      .bytes = site->requests.alloc_sum + site->requests.realloc_growth_sum,
      .kind = site->kind,
      .place = site->place,
      .offset = site->offset,
  };
}

static bool comes_before(const struct rank *one, const struct rank *other) {
  if (one->surplus != other->surplus) return one->surplus > other->surplus;
  if (one->count != other->count) return one->count > other->count;
  if (one->bytes != other->bytes) return one->bytes > other->bytes;
  if (one->kind != other->kind) return one->kind < other->kind;
  if (one->place != other->place) return one->place < other->place;
  return one->offset < other->offset;
}

/* A heap sort: qsort may request memory. `read` sites are those of this library's header, whatever the caller's size.
 */
struct sorting {
  char *sites;
  size_t size;
  const struct heapster_histogram *surplus;
};

static struct rank rank_at(const struct sorting *in, size_t index) {
  struct heapster_site site = {.kind = HEAPSTER_SITE_ELSEWHERE};
  memcpy(&site, in->sites + index * in->size, in->size < sizeof site ? in->size : sizeof site);
  return rank_of(&site, in->surplus);
}

static void swap(const struct sorting *in, size_t one, size_t other) {
  char *const first = in->sites + one * in->size;
  char *const second = in->sites + other * in->size;
  for (size_t i = 0; i < in->size; i++) {
    const char kept = first[i];
    first[i] = second[i];
    second[i] = kept;
  }
}

/* Of a parent and its children in the heap, the one that comes last in the order belongs on top. */
static void sift_down(const struct sorting *in, size_t top, size_t count) {
  for (size_t child = 2 * top + 1; child < count; child = 2 * top + 1) {
    struct rank last = rank_at(in, child);
    if (child + 1 < count) {
      const struct rank right = rank_at(in, child + 1);
      if (comes_before(&last, &right)) {
        last = right;
        child++;
      }
    }
    const struct rank parent = rank_at(in, top);
    if (!comes_before(&parent, &last)) return;
    swap(in, top, child);
    top = child;
  }
}

void heapster_sites_rank_sized(struct heapster_site *sites, size_t site_size, size_t count,
                               const struct heapster_histogram *surplus) {
  const struct sorting in = {(char *)sites, site_size, surplus};
  if (!sites) return;
  for (size_t top = count / 2; top-- > 0;) sift_down(&in, top, count);
  for (size_t end = count; end > 1; end--) {
    swap(&in, 0, end - 1);
    sift_down(&in, 0, end - 1);
  }
}
