/* Patterns of requests. Built twice: malloc_requests asks malloc and knows nothing of heapster, heap_requests asks
   named heaps. So the two differ by heapster alone. */
#include "request.h"

#include <heapster/explain.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>

#include "pattern.h"

/* Two sizes that the shadow map keeps in a byte, and two above 252 bytes that need a cell of their own. glibc serves
   all four from its thread cache. */
static const size_t sizes[] = {24, 100, 300, 1000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* What they grow to where they are, and what they have to move for: the slots of the commanded allocator are powers of
   two, less 16 bytes. */
static const size_t sizes_in_place[SIZES] = {48, 112, 496, 1008};
static const size_t sizes_moved[SIZES] = {100, 240, 1000, 3000};

static bool run_pairs(size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *volatile block = allocate(FIRST, sizes[i % SIZES]);
    release(FIRST, block);
  }
  return true;
}

/* While each request is attributed to its site. Where heapster is not there, plain pairs. */
static bool run_explained_pairs(size_t count) {
  enum heapster_error (*begin)(const struct heapster_heap *, enum heapster_scope);
  *(void **)&begin = dlsym(RTLD_DEFAULT, "heapster_explain_begin");
  return (!begin || begin(NULL, HEAPSTER_PROCESS) == HEAPSTER_OK) && run_pairs(count);
}

/* Pairs of one heap among the blocks of another, which came first. */
static bool run_foreign_pairs(size_t count) {
  void *volatile before = allocate(SECOND, sizes[0]);
  const bool is_run = run_pairs(count);
  release(SECOND, before);
  return is_run;
}

/* No request has the heap of the one before. The sizes are in different slots of the commanded allocator, which are
   megabytes apart, so that no block is a foreign one. */
static bool run_alternating_pairs(size_t count) {
  for (size_t i = 0; i < count; i += 2) {
    void *volatile first = allocate(FIRST, sizes[1]);
    void *volatile second = allocate(SECOND, sizes[2]);
    release(FIRST, first);
    release(SECOND, second);
  }
  return true;
}

static bool run_calloc_pairs(size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *volatile block = allocate_zeroed(FIRST, sizes[i % SIZES]);
    release(FIRST, block);
  }
  return true;
}

static bool run_aligned_pairs(size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *volatile block = allocate_aligned(FIRST, 64, sizes[i % SIZES]);
    release(FIRST, block);
  }
  return true;
}

/* False if a block is not where it has to be: the figure would be that of another resize. */
static bool run_resizes(size_t count, const size_t *before, const size_t *after, bool moves) {
  bool is_as_told = true;
  for (size_t i = 0; i < count; i++) {
    void *block = allocate(FIRST, before[i % SIZES]);
    const volatile uintptr_t address = (uintptr_t)block;
    void *volatile resized = resize(FIRST, block, after[i % SIZES]);
    is_as_told = is_as_told && ((uintptr_t)resized != address) == moves;
    release(FIRST, resized);
  }
  return is_as_told;
}

static bool run_growths(size_t count) { return run_resizes(count, sizes, sizes_in_place, false); }
static bool run_moves(size_t count) { return run_resizes(count, sizes, sizes_moved, true); }
static bool run_explained_growths(size_t count) { return run_explained_pairs(0) && run_growths(count); }
static bool run_explained_moves(size_t count) { return run_explained_pairs(0) && run_moves(count); }
static bool run_shrinks(size_t count) { return run_resizes(count, sizes_in_place, sizes, false); }

static bool run_on_a_thread(void *(*run)(void *), void *context) {
  pthread_t thread;
  return pthread_create(&thread, NULL, run, context) == 0 && pthread_join(thread, NULL) == 0;
}

struct handed_over {
  void **blocks;
  size_t count;
};

static void *release_all(void *context) {
  const struct handed_over *const handed_over = context;
  for (size_t i = 0; i < handed_over->count; i++) release(FIRST, handed_over->blocks[i]);
  return NULL;
}

/* One thread makes all blocks, then the other frees them: they do not run at once, which would cost by chance. */
static bool run_frees_from_another_thread(size_t count) {
  enum { MOST = 40000 };
  static void *blocks[MOST];
  if (count > MOST) return false;
  for (size_t i = 0; i < count; i++) blocks[i] = allocate(FIRST, sizes[i % SIZES]);
  return run_on_a_thread(release_all, &(struct handed_over){blocks, count});
}

static void *make_one_pair(void *context) {
  (void)context;
  run_pairs(1);
  return NULL;
}

static void *do_nothing(void *context) { return context; }

static bool run_threads(size_t count, void *(*run)(void *)) {
  for (size_t i = 0; i < count; i++) {
    if (!run_on_a_thread(run, NULL)) return false;
  }
  return true;
}

static bool run_threads_with_a_pair(size_t count) { return run_threads(count, make_one_pair); }
static bool run_idle_threads(size_t count) { return run_threads(count, do_nothing); }

int main(int count, char **arguments) {
  static const struct pattern patterns[] = {
      {"pairs", run_pairs},
      {"explained-pairs", run_explained_pairs},
      {"explained-growths", run_explained_growths},
      {"explained-moves", run_explained_moves},
      {"foreign-pairs", run_foreign_pairs},
      {"alternating-pairs", run_alternating_pairs},
      {"calloc-pairs", run_calloc_pairs},
      {"aligned-pairs", run_aligned_pairs},
      {"growths", run_growths},
      {"moves", run_moves},
      {"shrinks", run_shrinks},
      {"frees-from-another-thread", run_frees_from_another_thread},
      {"threads-with-a-pair", run_threads_with_a_pair},
      {"idle-threads", run_idle_threads},
  };
  return create_heaps() ? pattern_main(count, arguments, patterns, sizeof patterns / sizeof *patterns) : 1;
}
