/* The law of sites over a random program: what a window counts is what its explanation does, and the sum over the
   sites. law_explain [operations [seed]] */
#include "figures.h"
#include "random_program.h"

#include "explain/explain.h"

enum { MOST_STEPS = 400 };

static struct program program;

static const struct heapster_heap *heap_at(unsigned heap) { return heap == MODEL_TOTAL ? NULL : program.heaps[heap]; }

static void law_a_window_is_explained_as_a_whole(const struct heapster_explanation *found,
                                                 const struct heapster_stats *window) {
#define X(name)                                                                            \
  require(found->counted.name == window->name, #name ": %llu counted, %llu in the window", \
          (unsigned long long)found->counted.name, (unsigned long long)window->name);      \
  require(found->under_way.name == 0, #name ": %llu under way", (unsigned long long)found->under_way.name);
  HEAPSTER__REQUEST_FIELDS(X)
#undef X
}

static void law_the_window_is_the_sum_over_the_sites(const struct heapster_stats *window,
                                                     const struct heapster_site *sites, size_t count) {
  struct heapster_site sum = {.kind = HEAPSTER_SITE_ELSEWHERE};
  for (size_t i = 0; i < count; ++i) {
    require(sites[i].kind == HEAPSTER_SITE_C, "a request without a site");
    require(sites[i].live_count <= sites[i].requests.alloc_count, "more is alive than was requested");
#define X(name) sum.requests.name += sites[i].requests.name;
    HEAPSTER__REQUEST_FIELDS(X)
#undef X
    for (unsigned bucket = 0; bucket < HEAPSTER_BUCKETS; ++bucket)
      sum.alloc_histogram.buckets[bucket] += sites[i].alloc_histogram.buckets[bucket];
  }
#define X(name) require(sum.requests.name == window->name, #name " of %zu sites differs from the window's", count);
  HEAPSTER__REQUEST_FIELDS(X)
#undef X
  for (unsigned bucket = 0; bucket < HEAPSTER_BUCKETS; ++bucket)
    require(sum.alloc_histogram.buckets[bucket] == window->alloc_histogram.buckets[bucket], "bucket %u", bucket);
}

/* Blocks whose free was missed stay. */
static void law_what_was_freed_is_not_alive(const struct heapster_stats *window, const struct heapster_site *sites,
                                            size_t count) {
  uint64_t live = 0;
  for (size_t i = 0; i < count; ++i) live += sites[i].live_count;
  require(live <= window->live_count, "%llu blocks of the sites are alive, %llu in all", (unsigned long long)live,
          (unsigned long long)window->live_count);
}

static void explain(unsigned heap, enum heapster_scope scope, uint64_t steps, bool finishes) {
  struct heapster_window window;
  struct heapster_stats stats;
  struct heapster_explanation explanation;
  struct heapster_site *sites;
  size_t count;
  require_ok(heapster_explain_begin(heap_at(heap), scope));
  require_ok(heapster_window_begin(heap_at(heap), scope, &window));
  for (uint64_t i = 0; i < steps; ++i) program_step(&program);
  if (finishes) program_finish(&program);
  require_ok(heapster_window_end(window, &stats));
  require_ok(heapster__explain_take(&explanation, &sites, &count));
  law_a_window_is_explained_as_a_whole(&explanation, &stats);
  law_the_window_is_the_sum_over_the_sites(&stats, sites, count);
  law_what_was_freed_is_not_alive(&stats, sites, count);
  heapster__explain_free(sites, count);
}

int main(int argc, char **argv) {
  const uint64_t operations = argument(argc, argv, 1, 300000);
  if (!is_sharded()) return skip_law("nothing is explained without thread records");
  support_run.seed = argument(argc, argv, 2, 1);
  program_open(&program, support_run.seed);
  while (support_run.step < operations) {
    const uint64_t steps = dice_below(&program.dice, MOST_STEPS);
    const unsigned heap = (unsigned)dice_below(&program.dice, PROGRAM_HEAPS);
    const bool is_thread = dice_below(&program.dice, 2) == 0;
    explain(heap, is_thread ? HEAPSTER_THREAD : HEAPSTER_PROCESS, steps, false);
    for (uint64_t i = dice_below(&program.dice, 50); i > 0; --i) program_step(&program); /* not explained */
    support_run.step += steps;
  }
  explain(MODEL_TOTAL, HEAPSTER_PROCESS, 10000, true);
  program_close(&program);
  return 0;
}
