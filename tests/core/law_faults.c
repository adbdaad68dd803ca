/* The laws when heapster's own memory runs out, and at the limits of names and heaps. law_faults
   The program replaces the system call for pages by one that can refuse, so the core must be linked statically. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <heapster/hook.h>

#include "churn.h"
#include "commanded.h"
#include "figures.h"
#include "page_calls.h"

/* Each far block lies in a mebibyte of address space of its own, where the shadow map has no leaf yet. */
enum { FAR_BLOCK = 900000, NEAR_BLOCK = 500000, FAR_BLOCKS = 12, KEPT_ERRNO = 4711 };

static atomic_bool refuses_pages;
static atomic_uint pages_left; /* how many calls are served before they are refused */
static atomic_uint pages_refused;

static void *map_pages(size_t bytes) {
  const bool is_left = atomic_load(&pages_left) > 0 && atomic_fetch_sub(&pages_left, 1) > 0;
  if (is_left || !atomic_load(&refuses_pages)) return map_really(bytes);
  atomic_fetch_add(&pages_refused, 1);
  return refuse_pages();
}

static struct commanded arena;
static struct heapster_heap *heap;
static struct heapster_heap *churned[CHURN_HEAPS];

static uint64_t uncounted(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  return status.uncounted_count;
}

static struct heapster_stats window_of(struct heapster_window window) {
  struct heapster_stats stats;
  require_ok(heapster_window_end(window, &stats));
  return stats;
}

static struct heapster_window window_on(const struct heapster_heap *watched) {
  struct heapster_window window;
  require_ok(heapster_window_begin(watched, HEAPSTER_PROCESS, &window));
  return window;
}

static void *served(void *block, size_t size) {
  require(block, "a request was refused that the backing would have served");
  return memset(block, 1, size);
}

static void *far_block(unsigned i) {
  return served(i % 2 == 0 ? heapster_heap_malloc(heap, FAR_BLOCK) : heapster_heap_calloc(heap, 1, FAR_BLOCK),
                FAR_BLOCK);
}

static void without_memory_requests_are_served_uncounted_and_reported(void) {
  void *blocks[FAR_BLOCKS];
  const uint64_t before = uncounted();
  const struct heapster_window window = window_on(heap);
  atomic_store(&refuses_pages, true);
  errno = KEPT_ERRNO;
  for (unsigned i = 0; i < FAR_BLOCKS; ++i) blocks[i] = far_block(i);
  require(errno == KEPT_ERRNO, "errno became %d", errno);
  atomic_store(&refuses_pages, false);
  require(atomic_load(&pages_refused) > 0, "heapster never asked for pages: is the core linked statically?");
  for (unsigned i = 0; i < FAR_BLOCKS; ++i) heapster_heap_free(heap, blocks[i]);
  const struct heapster_stats found = window_of(window);
  const uint64_t reported = uncounted() - before;
  require(reported > 0 && found.alloc_count + reported == FAR_BLOCKS, "%llu counted, %llu reported uncounted, of %d",
          (unsigned long long)found.alloc_count, (unsigned long long)reported, FAR_BLOCKS);
  require(found.dealloc_count == found.alloc_count && found.live_change == 0 && found.use_change == 0,
          "allocs and frees do not balance");
}

static void with_memory_again_counting_goes_on(void) {
  const struct heapster_window window = window_on(heap);
  heapster_heap_free(heap, far_block(0));
  const struct heapster_stats found = window_of(window);
  require(found.alloc_count == 1 && found.dealloc_count == 1 && found.unseen_alloc_count == 0, "not exact again");
}

/* The arena hands out freed far slots again in turn. So all of them are taken, and the next block needs a fresh one. */
static void a_block_that_moves_where_the_map_has_no_memory_is_recorded_as_freed(void) {
  void *taken[FAR_BLOCKS];
  for (unsigned i = 0; i < FAR_BLOCKS; ++i) taken[i] = far_block(i);
  unsigned char *block = served(heapster_heap_malloc(heap, NEAR_BLOCK), NEAR_BLOCK);
  const struct heapster_window window = window_on(heap);
  atomic_store(&refuses_pages, true);
  block = heapster_heap_realloc(heap, block, FAR_BLOCK);
  atomic_store(&refuses_pages, false);
  require(block && block[NEAR_BLOCK - 1] == 1, "the resize failed, or lost the contents");
  const struct heapster_stats found = window_of(window);
  require(found.dealloc_count == 1 && found.dealloc_sum == NEAR_BLOCK, "%llu freed of %llu bytes",
          (unsigned long long)found.dealloc_count, (unsigned long long)found.dealloc_sum);
  require(found.live_change == -1 && found.use_change == -NEAR_BLOCK, "allocs and frees do not balance");
  heapster_heap_free(heap, block);
  for (unsigned i = 0; i < FAR_BLOCKS; ++i) heapster_heap_free(heap, taken[i]);
}

/* The thread starts while there is memory, so only its counters are short of it. */
static void *churn_without_memory(void *context) {
  struct heapster_window window = {1, 1};
  atomic_store(&refuses_pages, true);
  const enum heapster_error error = heapster_window_begin(NULL, HEAPSTER_THREAD, &window);
  require(error == HEAPSTER_OK || error == HEAPSTER_NO_THREAD_COUNTERS || !is_sharded(), "error %d", (int)error);
  require(error == HEAPSTER_OK || (window.index == 0 && window.generation == 0), "a refused window is not {0, 0}");
  for (unsigned i = 0; i < 1000; ++i) {
    struct churn_block block = churn_alloc(context, i % CHURN_HEAPS, i % 200);
    churn_free(context, &block);
  }
  atomic_store(&refuses_pages, false);
  return NULL;
}

/* The system's heap has grown before, so the map has leaves for its blocks. */
static void threads_that_start_without_memory_are_counted(void) {
  enum { THREADS = 40 };
  static struct churn churns[THREADS];
  struct heapster_window windows[CHURN_HEAPS + 1];
  struct heapster_stats found[CHURN_HEAPS + 1];
  const uint64_t before = uncounted();
  uint64_t allocs = 0;
  churn_windows_begin(churned, HEAPSTER_PROCESS, windows);
  for (uint64_t i = 0; i < THREADS; ++i) {
    pthread_t thread;
    churn_begin(&churns[i], churned, i);
    start_thread(&thread, churn_without_memory, &churns[i]);
    pthread_join(thread, NULL);
    allocs += churns[i].total.alloc_count;
  }
  churn_windows_end(windows, found);
  const uint64_t reported = uncounted() - before;
  require(found[0].alloc_count + reported == allocs, "%llu counted, %llu reported uncounted, of %llu",
          (unsigned long long)found[0].alloc_count, (unsigned long long)reported, (unsigned long long)allocs);
  require(found[0].live_change == 0 && found[0].use_change == 0, "allocs and frees do not balance");
}

static void a_heap_that_cannot_be_made_can_be_made_later(void) {
  struct heapster_heap *made = heap;
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  atomic_store(&refuses_pages, true);
  const enum heapster_error error = heapster_heap_create("later", &backing, &made);
  atomic_store(&refuses_pages, false);
  require(error == HEAPSTER_OK || error == HEAPSTER_NO_MEMORY, "error %d", (int)error);
  if (error == HEAPSTER_OK) return;
  require(!made, "a heap that failed is not NULL");
  require(!heapster_heap_find("later"), "a heap that failed can be found");
  require_ok(heapster_heap_create("later", &backing, &made));
}

/* Makes a heap over a host's backing with pages for its map only, then one over the system. Some of the first find no
   memory for their counters, and must leave nothing behind for the second. */
static void a_heap_that_failed_half_way_leaves_nothing_to_the_next(void) {
  enum { TRIES = 60 };
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  unsigned failed = 0;
  for (unsigned i = 0; i < TRIES; ++i) {
    char name[16];
    struct heapster_heap *made;
    snprintf(name, sizeof name, "host.%u", i);
    atomic_store(&pages_left, 1);
    atomic_store(&refuses_pages, true);
    failed += heapster_heap_create(name, &backing, &made) != HEAPSTER_OK;
    atomic_store(&pages_left, 0);
    atomic_store(&refuses_pages, false);
    snprintf(name, sizeof name, "system.%u", i);
    require_ok(heapster_heap_create(name, NULL, &made));
    const struct heapster_window window = window_on(made);
    heapster_heap_free(churned[0], heapster_heap_malloc(made, 40));
    require(window_of(window).dealloc_count == 1, "a block of %s was not found in the map of the system's heaps", name);
  }
  require(failed > 0, "no heap failed");
}

static void require_bad_name(const char *name) {
  struct heapster_heap *made = heap;
  require_error(HEAPSTER_BAD_NAME, heapster_heap_create(name, NULL, &made));
  require(!made, "\"%s\": a heap that failed is not NULL", name);
}

static void bad_names_are_refused(void) {
  static const char longest[] = "47-characters-are-as-long-as-a-name-may-be.....";
  struct heapster_heap *made = NULL;
  _Static_assert(sizeof longest == HEAPSTER_HEAP_NAME, "the longest name fills its place");
  require_bad_name("");
  require_bad_name("two words");
  require_bad_name("a/b");
  require_bad_name("\xc3\xa4");
  require_bad_name("48-characters-are-one-more-than-a-name-may-have.");
  require_ok(heapster_heap_create(longest, NULL, &made));
  require(!strcmp(heapster_heap_name(made), longest), "the name became %s", heapster_heap_name(made));
  require_error(HEAPSTER_NAME_TAKEN, heapster_heap_create(longest, NULL, &made));
  require(!made, "a heap whose name is taken is not NULL");
}

static size_t heap_count(void) { return heapster_stats_read_all(&(struct heapster_stats){0}, NULL, 0); }

/* The hooks' heaps have their numbers, hooked or not. So the last two may be theirs. */
static void one_heap_too_many_is_refused(void) {
  enum heapster_error error = HEAPSTER_OK;
  struct heapster_heap *made = NULL;
  const struct heapster_heap *last = NULL;
  char name[HEAPSTER_HEAP_NAME];
  for (unsigned i = 0; error == HEAPSTER_OK; ++i) {
    snprintf(name, sizeof name, "heap:%u", i);
    error = heapster_heap_create(name, NULL, &made);
    require(error != HEAPSTER_OK || heapster_heap_find(name) == made, "%s cannot be found", name);
    last = made ? made : last;
  }
  require_error(HEAPSTER_TOO_MANY_HEAPS, error);
  require(!made, "a heap too many is not NULL");
  require(heap_count() <= HEAPSTER_HEAPS && heap_count() + 2 >= HEAPSTER_HEAPS, "%zu heaps", heap_count());
  require(!heapster_heap_next(last), "the last heap made is not the last");
  struct heapster_window window = window_on(last);
  heapster_heap_free((struct heapster_heap *)last, NULL);
  require(window_of(window).dealloc_count == 0, "free(NULL) counts");
}

int main(void) {
  const struct heapster_allocator backing = commanded_allocator(&arena, COMMANDED_WHOLE);
  require(commanded_open(&arena), "no address space");
  arena.moves = true;
  require_ok(heapster_heap_create("far", &backing, &heap));
  churn_heaps("churned", NULL, churned);
  threads_that_start_without_memory_are_counted();
  without_memory_requests_are_served_uncounted_and_reported();
  with_memory_again_counting_goes_on();
  a_block_that_moves_where_the_map_has_no_memory_is_recorded_as_freed();
  a_heap_that_cannot_be_made_can_be_made_later();
  a_heap_that_failed_half_way_leaves_nothing_to_the_next();
  bad_names_are_refused();
  one_heap_too_many_is_refused();
  require(commanded_is_sound(&arena), "the backing's blocks were misused");
  return 0;
}
