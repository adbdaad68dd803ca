/* A family of malloc over the commanded allocator, hooked: what the tests of the malloc hook share. */
#ifndef TESTS_HOOKED_FAMILY_H
#define TESTS_HOOKED_FAMILY_H

#include <errno.h>

#include "commanded.h"
#include "heap/heap.h"
#include "heap/window.h"
#include "hooks/malloc/family.h"

static struct commanded arena;
static struct heapster_allocator whole;
static struct heapster_window window; /* on heap `malloc`, around each test */
static size_t last_count;
static size_t last_size;

/* What the next realloc(p, 0) does. */
static enum { FREES, KEEPS, REFUSES } realloc_to_zero;

static void *family_malloc(size_t size) { return whole.malloc(&arena, size); }

static void *family_calloc(size_t count, size_t size) {
  last_count = count;
  last_size = size;
  return whole.calloc(&arena, count, size);
}

static void *family_realloc(void *block, size_t size) {
  if (size != 0 || realloc_to_zero == KEEPS) return whole.realloc(&arena, block, size);
  if (realloc_to_zero == FREES) whole.free(&arena, block);
  if (realloc_to_zero == REFUSES) errno = ENOMEM;
  return NULL;
}

static void family_free(void *block) { whole.free(&arena, block); }

static void *family_aligned(size_t alignment, size_t size) {
  last_count = alignment;
  last_size = size;
  return whole.aligned_alloc(&arena, alignment, size);
}

static int family_posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0) return EINVAL;
  const int kept = errno;
  void *made = family_aligned(alignment, size);
  errno = kept;
  if (!made) return ENOMEM;
  *block = made;
  return 0;
}

static void *family_paged(size_t size) { return family_aligned(4096, size); }

static char bootstrap_block[] = "from before";

static bool find_bootstrap_block(const void *block, size_t *size) {
  *size = sizeof bootstrap_block;
  return block == bootstrap_block;
}

static const struct heapster__malloc_hook hook = {
    .next = {family_malloc, family_calloc, family_realloc, family_free, family_posix_memalign, family_aligned,
             family_aligned, family_paged, family_paged},
    .mode = HEAPSTER__MODE_PRELOAD,
    .find_bootstrap_block = find_bootstrap_block,
};

static int open_window(void **state) {
  (void)state;
  if (!commanded_open(&arena)) return -1;
  whole = commanded_allocator(&arena, COMMANDED_WHOLE);
  last_count = last_size = 0;
  errno = 4711;
  return heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window) ? -1 : 0;
}

static struct heapster_stats end_window(void) {
  struct heapster_stats stats;
  assert_int_equal(heapster_window_end(window, &stats), HEAPSTER_OK);
  return stats;
}

static int close_window(void **state) {
  (void)state;
  const bool is_sound = commanded_is_sound(&arena) && arena.log.live_count == 0;
  commanded_close(&arena);
  return is_sound ? 0 : -1;
}

#endif
