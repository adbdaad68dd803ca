/* The laws over a random program on one thread: every figure of every snapshot, diff and window against the model.
   law_random [operations [seed]] */
#include <heapster/hook.h>
#include <heapster/large.h>

#include "figures.h"
#include "random_program.h"

enum { COMPARED_EVERY = 97, READ_ALL_EVERY = 53 * COMPARED_EVERY, WATCHED_EVERY = 31 };

/* The last snapshots of the total and each heap, for the differences. */
struct snapshots {
  struct heapster_stats found[PROGRAM_HEAPS];
  struct heapster_stats expected[PROGRAM_HEAPS];
};

static struct program program;
static struct snapshots last;
static bool has_thread_scope;

static uint64_t said_count;

/* The watch on large requests, which must change no figure. */
static void count_said(const struct heapster_large_request *request, void *unused) {
  (void)unused;
  require(request->size > HEAPSTER_LARGE_LEAST, "%llu bytes are not large", (unsigned long long)request->size);
  ++said_count;
}

/* Anew, so that the threshold falls back at once. */
static void watch_again(void) {
  if (is_sharded()) require_ok(heapster_watch_large(HEAPSTER_LARGE_LEAST, count_said, NULL));
}

static const struct heapster_heap *heap_at(unsigned heap) { return heap == MODEL_TOTAL ? NULL : program.heaps[heap]; }

static void law_1_counts_are_the_totals_of_their_histograms(const struct heapster_stats *stats) {
  require(stats->alloc_count == heapster_histogram_total(&stats->alloc_histogram), "allocs");
  require(stats->realloc_growth_count == heapster_histogram_total(&stats->realloc_growth_histogram), "growths");
  require(stats->realloc_shrink_count == heapster_histogram_total(&stats->realloc_shrink_histogram), "shrinks");
}

static void law_2_net_bytes_are_use(const struct heapster_stats *after, const struct heapster_stats *before) {
  const uint64_t net_after = after->total_alloc_sum - after->total_dealloc_sum;
  const uint64_t net_before = before->total_alloc_sum - before->total_dealloc_sum;
  require(net_after - net_before == after->use_curr - before->use_curr, "bytes changed by %lld, use by %lld",
          (long long)(net_after - net_before), (long long)(after->use_curr - before->use_curr));
}

static void law_3_the_total_is_the_sum_of_the_heaps(void) {
  struct heapster_heap_stats heaps[PROGRAM_HEAPS];
  struct heapster_stats total;
  struct heapster_stats sum = {.kind = HEAPSTER_SNAPSHOT};
  const size_t count = heapster_stats_read_all(&total, heaps, PROGRAM_HEAPS);
  require(count == PROGRAM_HEAPS - 1, "%zu heaps", count);
  for (unsigned i = 0; i < count; ++i) {
    struct heapster_stats expected;
    model_read(&program.model, i + 1, &expected);
    require(heaps[i].heap == program.heaps[i + 1], "heap %u is not in the order of creation", i);
    require(figures_match("a heap of heapster_stats_read_all", &expected, &heaps[i].stats, FIGURES_ALL), "heap %u", i);
    figures_add(&sum, &heaps[i].stats);
  }
  require(figures_match("total", &sum, &total, FIGURES_COUNTERS | FIGURES_LIVE), "the sum differs");
  model_read(&program.model, MODEL_TOTAL, &sum);
  require(figures_match("total", &sum, &total, FIGURES_ALL), "the model differs");
}

static void law_4_a_window_around_nothing_is_zero(unsigned heap, enum heapster_scope scope) {
  struct heapster_window window;
  struct heapster_stats found;
  struct heapster_stats nothing = {.kind = HEAPSTER_WINDOW, .scope = scope};
  require_ok(heapster_window_begin(heap_at(heap), scope, &window));
  require_ok(heapster_window_end(window, &found));
  nothing.live_count = program.model.heaps[heap].raw.live_count;
  nothing.use_curr = program.model.heaps[heap].raw.use_curr;
  require(figures_match("a window around nothing", &nothing, &found, FIGURES_ALL), "heap %u", heap);
}

static void law_5_every_snapshot_is_exact(unsigned heap) {
  struct heapster_stats found;
  struct heapster_stats expected;
  heapster_stats_read(heap_at(heap), &found);
  model_read(&program.model, heap, &expected);
  require(figures_match("a snapshot", &expected, &found, FIGURES_ALL), "heap %u", heap);
  law_1_counts_are_the_totals_of_their_histograms(&found);
  law_2_net_bytes_are_use(&found, &last.found[heap]);

  struct heapster_stats diff;
  struct heapster_stats expected_diff;
  require_ok(heapster_stats_diff(&diff, &found, &last.found[heap]));
  model_diff(&expected_diff, &expected, &last.expected[heap]);
  require(figures_match("a diff", &expected_diff, &diff, FIGURES_ALL), "heap %u", heap);
  last.found[heap] = found;
  last.expected[heap] = expected;
}

static void law_5_every_window_is_exact(unsigned window) {
  struct heapster_stats found;
  struct heapster_stats expected;
  const unsigned heap = program.model.windows[window].heap;
  require_ok(heapster_window_end(program.windows[window], &found));
  model_window_end(&program.model, window, &expected);
  require(figures_match("a window", &expected, &found, FIGURES_ALL), "window %u, heap %u, scope %d", window, heap,
          (int)expected.scope);
  law_1_counts_are_the_totals_of_their_histograms(&found);
}

static void law_6_a_reset_keeps_what_is_live(void) {
  heapster_reset();
  model_reset(&program.model);
  for (unsigned heap = 0; heap < PROGRAM_HEAPS; ++heap) {
    heapster_stats_read(heap_at(heap), &last.found[heap]);
    model_read(&program.model, heap, &last.expected[heap]);
    require(figures_match("a snapshot after reset", &last.expected[heap], &last.found[heap], FIGURES_ALL), "heap %u",
            heap);
    require(figures_operations(&last.found[heap]) == 0, "heap %u does not begin at 0", heap);
  }
}

static enum heapster_scope pick_scope(void) {
  return has_thread_scope && dice_below(&program.dice, 2) == 0 ? HEAPSTER_THREAD : HEAPSTER_PROCESS;
}

/* Begins a window, or ends one that is open, in any order, so that windows nest and overlap. */
static void toggle_window(void) {
  const unsigned window = (unsigned)dice_below(&program.dice, MODEL_WINDOWS);
  if (program.model.windows[window].is_open) {
    law_5_every_window_is_exact(window);
    return;
  }
  const unsigned heap = (unsigned)dice_below(&program.dice, PROGRAM_HEAPS);
  const enum heapster_scope scope = pick_scope();
  require_ok(heapster_window_begin(heap_at(heap), scope, &program.windows[window]));
  model_window_begin(&program.model, window, heap, scope);
}

static void check(uint64_t step) {
  if (step % COMPARED_EVERY == 0) law_5_every_snapshot_is_exact((unsigned)dice_below(&program.dice, PROGRAM_HEAPS));
  if (step % READ_ALL_EVERY == 0) law_3_the_total_is_the_sum_of_the_heaps();
  const uint64_t chance = dice_below(&program.dice, 8192);
  if (chance < 40) toggle_window();
  if (chance == 41) law_6_a_reset_keeps_what_is_live();
  if (chance == 42)
    law_4_a_window_around_nothing_is_zero((unsigned)dice_below(&program.dice, PROGRAM_HEAPS), pick_scope());
}

static void backings_are_sound(void) {
  for (unsigned heap = MOVING; heap < PROGRAM_HEAPS; ++heap) {
    struct commanded *arena = &program.arenas[heap];
    require(commanded_is_sound(arena), "heap %u: %s", heap,
            arena->log.misuse ? arena->log.misuse : "a live block was written beyond its end");
    require(arena->log.smallest_size >= 16, "heap %u was asked for %zu bytes", heap, arena->log.smallest_size);
  }
}

static void crossed_blocks_are_in_the_status(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  const uint64_t found = status.crossed_count;
  require(found == program.model.crossed_count, "%llu crossed, expected %llu", (unsigned long long)found,
          (unsigned long long)program.model.crossed_count);
  require(status.uncounted_count == 0, "%llu requests were not counted", (unsigned long long)status.uncounted_count);
}

int main(int argc, char **argv) {
  const uint64_t operations = argument(argc, argv, 1, 10000000);
  support_run.seed = argument(argc, argv, 2, 1);
  program_open(&program, support_run.seed);
  has_thread_scope = is_sharded();
  for (support_run.step = 1; support_run.step <= operations; ++support_run.step) {
    if (support_run.step % WATCHED_EVERY == 0) watch_again();
    program_step(&program);
    check(support_run.step);
  }
  program_finish(&program);
  for (unsigned heap = 0; heap < PROGRAM_HEAPS; ++heap) law_5_every_snapshot_is_exact(heap);
  for (unsigned window = 0; window < MODEL_WINDOWS; ++window)
    if (program.model.windows[window].is_open) law_5_every_window_is_exact(window);
  backings_are_sound();
  crossed_blocks_are_in_the_status();
  require(!is_sharded() || said_count > operations / 10000, "only %llu large requests", (unsigned long long)said_count);
  program_close(&program);
  return 0;
}
