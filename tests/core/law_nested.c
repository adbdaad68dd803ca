/* Every request is counted once, by the outermost layer: over backings that pass it on to other heaps. What else such a
   backing requests counts, too. law_nested */
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
static struct heapster_heap *churned[CHURN_HEAPS]; /* over the system */
static void *held;                                 /* by the inner layer, between two calls */
static jmp_buf jump_target;

/* What the heaps must count, and the windows to check it. */
struct expected {
  struct heapster_stats outer;
  struct heapster_stats inner;
  struct heapster_window outer_window;
  struct heapster_window inner_window;
};

static struct expected begin_expecting(void) {
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

static void set_inward(void (*inward)(void *)) { outer_arena.inward = inward; }

static void *outer_block(struct expected *expected, size_t size) {
  void *block = heapster_heap_malloc(outer, size);
  require(block, "the outer heap refused %zu bytes", size);
  figures_alloc(&expected->outer, size);
  return block;
}

static void free_outer(struct expected *expected, void *block, size_t size) {
  heapster_heap_free(outer, block);
  figures_free(&expected->outer, size);
}

static void make_nested_requests(void *unused) {
  (void)unused;
  void *block = heapster_heap_malloc(inner, 50);
  block = heapster_heap_realloc(inner, block, 80);
  heapster_heap_free(inner, heapster_heap_calloc(inner, 2, 30));
  heapster_heap_free(inner, block);
}

static void expect_nested_requests(struct expected *expected) {
  figures_alloc(&expected->inner, 50);
  figures_resize(&expected->inner, 50, 80, true);
  figures_alloc(&expected->inner, 60);
  figures_free(&expected->inner, 60);
  figures_free(&expected->inner, 80);
}

static void a_backings_own_requests_are_counted(void) {
  struct expected expected = begin_expecting();
  set_inward(make_nested_requests);
  void *block = outer_block(&expected, 100);
  block = heapster_heap_realloc(outer, block, 120);
  figures_resize(&expected.outer, 100, 120, true);
  free_outer(&expected, block, 120);
  set_inward(NULL);
  for (unsigned i = 0; i < 3; i++) expect_nested_requests(&expected);
  require_counts(__func__, &expected);
}

static void hold_block(void *unused) {
  (void)unused;
  if (!held) held = heapster_heap_malloc(inner, 64);
}

static void a_block_that_a_backing_keeps_is_counted(void) {
  struct expected expected = begin_expecting();
  set_inward(hold_block);
  void *block = outer_block(&expected, 100);
  set_inward(NULL);
  free_outer(&expected, block, 100);
  require(held, "the backing never called back");
  heapster_heap_free(inner, held);
  held = NULL;
  figures_alloc(&expected.inner, 64);
  figures_free(&expected.inner, 64);
  require_counts(__func__, &expected);
}

static void hold_many(void *blocks) {
  for (unsigned i = 0; i < 100; i++) ((void **)blocks)[i] = heapster_heap_malloc(inner, i);
}

static void however_many_a_backing_keeps_all_are_counted(void) {
  static void *blocks[100];
  struct expected expected = begin_expecting();
  set_inward(hold_many);
  outer_arena.inward_context = blocks;
  void *block = outer_block(&expected, 100);
  set_inward(NULL);
  free_outer(&expected, block, 100);
  for (unsigned i = 0; i < 100; i++) {
    heapster_heap_free(inner, blocks[i]);
    figures_alloc(&expected.inner, i);
    figures_free(&expected.inner, i);
  }
  require_counts(__func__, &expected);
}

/* A backing that puts a header before each block that it gets from the inner heap. */
enum { HEADER = 48 };

static void *pass_on_malloc(void *unused, size_t size) {
  (void)unused;
  char *block = heapster_heap_malloc(inner, size + HEADER);
  return block ? block + HEADER : NULL;
}

static void *pass_on_realloc(void *unused, void *block, size_t size) {
  (void)unused;
  char *fresh = heapster_heap_realloc(inner, (char *)block - HEADER, size + HEADER);
  return fresh ? fresh + HEADER : NULL;
}

static void pass_on_free(void *unused, void *block) {
  (void)unused;
  heapster_heap_free(inner, (char *)block - HEADER);
}

static void a_request_that_is_passed_on_is_counted_once(void) {
  static const struct heapster_allocator backing = {
      .malloc = pass_on_malloc, .realloc = pass_on_realloc, .free = pass_on_free};
  struct heapster_heap *passing = NULL;
  require_ok(heapster_heap_create("passing", &backing, &passing));
  struct expected expected = begin_expecting();
  for (size_t size = 0; size < 100000; size = size * 2 + 1) {
    void *block = heapster_heap_malloc(passing, size);
    heapster_heap_free(passing, heapster_heap_realloc(passing, block, size + 10));
  }
  require_counts(__func__, &expected);
}

static void free_held(void *unused) {
  (void)unused;
  if (held) heapster_heap_free(inner, held);
  held = NULL;
}

static void grow_held(void *unused) {
  (void)unused;
  if (held) held = heapster_heap_realloc(inner, held, 90);
}

static void a_nested_free_is_counted_by_the_blocks_heap(void) {
  struct expected expected = begin_expecting();
  held = heapster_heap_malloc(inner, 70);
  figures_alloc(&expected.inner, 70);
  set_inward(grow_held);
  void *block = outer_block(&expected, 100);
  figures_resize(&expected.inner, 70, 90, true);
  set_inward(free_held);
  free_outer(&expected, block, 100);
  figures_free(&expected.inner, 90);
  set_inward(NULL);
  require_counts(__func__, &expected);
}

static void fail_nested(void *unused) {
  (void)unused;
  inner_arena.refuse_after = 1;
  require(!heapster_heap_malloc(inner, 10), "the backing did not refuse");
}

static void a_nested_failure_is_not_counted(void) {
  struct expected expected = begin_expecting();
  set_inward(fail_nested);
  void *block = outer_block(&expected, 100);
  set_inward(NULL);
  free_outer(&expected, block, 100);
  require_counts(__func__, &expected);
}

static void *request_in_thread(void *unused) {
  heapster_heap_free(inner, heapster_heap_malloc(inner, 33));
  return unused;
}

static void run_another_thread(void *unused) {
  (void)unused;
  pthread_t thread;
  start_thread(&thread, request_in_thread, NULL);
  pthread_join(thread, NULL);
}

static void a_guard_holds_for_its_own_thread_only(void) {
  struct expected expected = begin_expecting();
  set_inward(run_another_thread);
  void *block = outer_block(&expected, 100);
  set_inward(NULL);
  free_outer(&expected, block, 100);
  figures_alloc(&expected.inner, 33);
  figures_free(&expected.inner, 33);
  require_counts(__func__, &expected);
}

static void jump_out(void *unused) {
  (void)unused;
  longjmp(jump_target, 1);
}

static void leave_by_longjmp(void) {
  set_inward(jump_out);
  if (setjmp(jump_target) == 0) {
    void *volatile never = heapster_heap_malloc(outer, 40); /* jumps */
    (void)never;
  }
  set_inward(NULL);
}

/* Requests from the jump's target, at the stack height of the call that was left. */
static void after_longjmp_the_same_frame_counts_on(void) {
  struct expected expected = begin_expecting();
  set_inward(jump_out);
  if (setjmp(jump_target) == 0) {
    void *volatile never = heapster_heap_malloc(outer, 40); /* jumps */
    (void)never;
  }
  set_inward(NULL);
  void *block = heapster_heap_malloc(inner, 41);
  heapster_heap_free(inner, block);
  figures_alloc(&expected.inner, 41);
  figures_free(&expected.inner, 41);
  require_counts(__func__, &expected);
}

/* Overwrites the stack where the left frame was, as any work does, and requests from below it. */
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

/* The jump leaves a third layer. */
static void after_longjmp_out_of_two_layers_counting_goes_on(void) {
  struct expected expected = begin_expecting();
  set_inward(make_nested_requests);
  inner_arena.inward = jump_out;
  if (setjmp(jump_target) == 0) heapster_heap_free(outer, heapster_heap_malloc(outer, 40));
  inner_arena.inward = NULL;
  set_inward(NULL);
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
  if (!is_sharded()) return skip_law("with one counted layer only, no request is nested");
  outer = heap_over(&outer_arena, "outer");
  inner = heap_over(&inner_arena, "inner");
  churn_heaps("inner", NULL, churned);
  a_backings_own_requests_are_counted();
  a_block_that_a_backing_keeps_is_counted();
  however_many_a_backing_keeps_all_are_counted();
  a_request_that_is_passed_on_is_counted_once();
  a_nested_free_is_counted_by_the_blocks_heap();
  a_nested_failure_is_not_counted();
  a_guard_holds_for_its_own_thread_only();
  after_longjmp_the_same_frame_counts_on();
  after_longjmp_out_of_two_layers_counting_goes_on();
  after_longjmp_deeper_frames_count_on();
  require(commanded_is_sound(&outer_arena) && commanded_is_sound(&inner_arena), "a backing's block was misused");
  return 0;
}
