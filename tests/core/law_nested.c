/* Every request is counted once, by the outermost layer that was asked: over backings that come back in.
   law_nested */
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "churn.h"
#include "commanded.h"
#include "figures.h"

static struct commanded outer_arena;
static struct commanded inner_arena;
static struct heapster_heap *outer;
static struct heapster_heap *inner;
static struct heapster_heap *churned[CHURN_HEAPS]; /* over the system: asked from inside and outside */
static void *held;                                 /* by the inner layer, between two calls of it */
static jmp_buf way_out;

/* What heaps are expected to count, and the windows that tell. */
struct expected {
  struct heapster_stats outer;
  struct heapster_stats inner;
  struct heapster_window outer_window;
  struct heapster_window inner_window;
};

static struct expected expecting(void) {
  struct expected expected = {.outer = {.kind = HEAPSTER_WINDOW}, .inner = {.kind = HEAPSTER_WINDOW}};
  require_ok(heapster_window_begin(outer, HEAPSTER_PROCESS, &expected.outer_window));
  require_ok(heapster_window_begin(inner, HEAPSTER_PROCESS, &expected.inner_window));
  return expected;
}

static void require_counts(const char *law, const struct expected *expected) {
  struct heapster_stats found;
  require_ok(heapster_window_end(expected->outer_window, &found));
  if (!figures_match("outer", &expected->outer, &found, FIGURES_COUNTERS)) die(law, "the outer heap");
  require_ok(heapster_window_end(expected->inner_window, &found));
  if (!figures_match("inner", &expected->inner, &found, FIGURES_COUNTERS)) die(law, "the inner heap");
}

static void come_in_by(void (*inward)(void *)) { outer_arena.inward = inward; }

static void *outer_block(struct expected *expected, size_t size) {
  void *block = heapster_heap_malloc(outer, size);
  require(block != NULL, "the outer heap refused %zu bytes", size);
  figures_alloc(&expected->outer, size);
  return block;
}

static void free_outer(struct expected *expected, void *block, size_t size) {
  heapster_heap_free(outer, block);
  figures_free(&expected->outer, size);
}

static void ask_inside(void *unused) {
  (void)unused;
  void *block = heapster_heap_malloc(inner, 50);
  block = heapster_heap_realloc(inner, block, 80);
  heapster_heap_free(inner, heapster_heap_calloc(inner, 2, 30));
  heapster_heap_free(inner, block);
}

static void a_request_inside_another_is_not_counted(void) {
  struct expected expected = expecting();
  come_in_by(ask_inside);
  void *block = outer_block(&expected, 100);
  block = heapster_heap_realloc(outer, block, 120);
  figures_resize(&expected.outer, 100, 120, true);
  free_outer(&expected, block, 120);
  come_in_by(NULL);
  require_counts(__func__, &expected);
}

static void hold_inside(void *unused) {
  (void)unused;
  if (held == NULL) held = heapster_heap_malloc(inner, 64);
}

static void a_block_that_passed_uncounted_stays_off_the_books(void) {
  struct expected expected = expecting();
  come_in_by(hold_inside);
  void *block = outer_block(&expected, 100);
  come_in_by(NULL);
  free_outer(&expected, block, 100);
  require(held != NULL, "the backing never came in");
  heapster_heap_free(inner, held);
  held = NULL;
  expected.inner.unseen_alloc_count = 1; /* from outside it looks older than the counting */
  require_counts(__func__, &expected);
}

static void free_held(void *unused) {
  (void)unused;
  if (held != NULL) heapster_heap_free(inner, held);
  held = NULL;
}

static void grow_held(void *unused) {
  (void)unused;
  if (held != NULL) held = heapster_heap_realloc(inner, held, 90);
}

static void a_free_inside_is_decided_by_the_block_map(void) {
  struct expected expected = expecting();
  held = heapster_heap_malloc(inner, 70);
  figures_alloc(&expected.inner, 70);
  come_in_by(grow_held);
  void *block = outer_block(&expected, 100);
  figures_resize(&expected.inner, 70, 90, true);
  come_in_by(free_held);
  free_outer(&expected, block, 100);
  figures_free(&expected.inner, 90);
  come_in_by(NULL);
  require_counts(__func__, &expected);
}

static void be_refused_inside(void *unused) {
  (void)unused;
  inner_arena.refuse_after = 1;
  require(heapster_heap_malloc(inner, 10) == NULL, "the order to refuse was not obeyed");
}

static void a_refusal_inside_is_not_counted(void) {
  struct expected expected = expecting();
  come_in_by(be_refused_inside);
  void *block = outer_block(&expected, 100);
  come_in_by(NULL);
  free_outer(&expected, block, 100);
  require_counts(__func__, &expected);
}

static void *ask_from_another_thread(void *unused) {
  heapster_heap_free(inner, heapster_heap_malloc(inner, 33));
  return unused;
}

static void wait_for_another_thread(void *unused) {
  (void)unused;
  pthread_t thread;
  start_thread(&thread, ask_from_another_thread, NULL);
  pthread_join(thread, NULL);
}

static void only_the_thread_inside_is_passed_through(void) {
  struct expected expected = expecting();
  come_in_by(wait_for_another_thread);
  void *block = outer_block(&expected, 100);
  come_in_by(NULL);
  free_outer(&expected, block, 100);
  figures_alloc(&expected.inner, 33);
  figures_free(&expected.inner, 33);
  require_counts(__func__, &expected);
}

static void jump_out(void *unused) {
  (void)unused;
  longjmp(way_out, 1);
}

static void leave_by_longjmp(void) {
  come_in_by(jump_out);
  if (setjmp(way_out) == 0) {
    void *volatile never = heapster_heap_malloc(outer, 40); /* jumps */
    (void)never;
  }
  come_in_by(NULL);
}

/* Asked from where the jump landed: at the height of the stack that the left call had. */
static void after_longjmp_the_same_frame_counts_on(void) {
  struct expected expected = expecting();
  come_in_by(jump_out);
  if (setjmp(way_out) == 0) {
    void *volatile never = heapster_heap_malloc(outer, 40); /* jumps */
    (void)never;
  }
  come_in_by(NULL);
  void *block = heapster_heap_malloc(inner, 41);
  heapster_heap_free(inner, block);
  figures_alloc(&expected.inner, 41);
  figures_free(&expected.inner, 41);
  require_counts(__func__, &expected);
}

/* Writes over the stack where the left frame was, as any work between would, and asks from below there. */
static void churn_deeper(struct churn *churn) {
  volatile unsigned char frame[16384];
  for (size_t i = 0; i < sizeof frame; ++i) frame[i] = (unsigned char)i;
  churn_steps(churn, 1000);
  churn_finish(churn);
}

static void after_longjmp_deeper_frames_count_on(void) {
  static struct churn churn;
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats sums[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  churn_begin(&churn, churned, 1);
  churn_windows_begin(churned, HEAPSTER_PROCESS, windows);
  leave_by_longjmp();
  churn_deeper(&churn);
  churn_windows_end(windows, found);
  churn_sum(sums, &churn, 1);
  churn_require(__func__, sums, found);
}

/* A third layer, and the jump out of it all. */
static void after_longjmp_out_of_two_layers_counting_goes_on(void) {
  struct expected expected = expecting();
  come_in_by(ask_inside);
  inner_arena.inward = jump_out;
  if (setjmp(way_out) == 0) heapster_heap_free(outer, heapster_heap_malloc(outer, 40));
  inner_arena.inward = NULL;
  come_in_by(NULL);
  void *block = heapster_heap_malloc(inner, 41);
  heapster_heap_free(inner, block);
  figures_alloc(&expected.inner, 41);
  figures_free(&expected.inner, 41);
  require_counts(__func__, &expected);
}

static struct heapster_heap *heap_over(struct commanded *arena, const char *name) {
  struct heapster_heap *heap = NULL;
  require(commanded_open(arena), "no address space");
  arena->moves = true;
  const struct heapster_allocator backing = commanded_allocator(arena, COMMANDED_WHOLE);
  require_ok(heapster_heap_create(name, &backing, &heap));
  return heap;
}

int main(void) {
  if (!is_sharded()) return skip_law("with one counted layer only, nothing can be inside another");
  outer = heap_over(&outer_arena, "outer");
  inner = heap_over(&inner_arena, "inner");
  churn_heaps("inner", NULL, churned);
  a_request_inside_another_is_not_counted();
  a_block_that_passed_uncounted_stays_off_the_books();
  a_free_inside_is_decided_by_the_block_map();
  a_refusal_inside_is_not_counted();
  only_the_thread_inside_is_passed_through();
  after_longjmp_the_same_frame_counts_on();
  after_longjmp_out_of_two_layers_counting_goes_on();
  after_longjmp_deeper_frames_count_on();
  require(commanded_is_sound(&outer_arena) && commanded_is_sound(&inner_arena), "a backing's block was misused");
  return 0;
}
