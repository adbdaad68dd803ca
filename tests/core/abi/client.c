/* A program that uses every public struct. test_abi.py builds it with headers whose structs are shorter or longer than
   the library's, and compares what it prints. Behind each struct lie bytes that nobody may write to. */
#include <heapster/heapster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNTOUCHED = 0xA5, FENCE = 4096 };

/* A struct of that size between fences. The library may fill all of it and nothing else. */
static unsigned char *open_fence(size_t size) {
  unsigned char *memory = malloc(size + 2 * FENCE);
  if (!memory) exit(2);
  memset(memory, UNTOUCHED, size + 2 * FENCE);
  return memory + FENCE;
}

static void check_fence(const char *what, const void *data, size_t size) {
  const unsigned char *memory = (const unsigned char *)data - FENCE;
  for (size_t i = 0; i < FENCE; i++) {
    if (memory[i] != UNTOUCHED || memory[FENCE + size + i] != UNTOUCHED) {
      printf("%s: written beyond its end\n", what);
      exit(1);
    }
  }
}

#define FENCED(type, name) type *const name = (type *)(void *)open_fence(sizeof(type))
#define CHECK(name) check_fence(#name, name, sizeof *name)

/* test_abi.py defines LATER where the headers have a member of that name at the end. */
#ifdef LATER
#define CHECK_LATER(name)                      \
  if ((name).later) {                          \
    puts(#name ": a figure that nobody made"); \
    exit(1);                                   \
  }
#else
#define CHECK_LATER(name)
#endif

static bool print(void *context, const char *text, size_t length) {
  (void)context;
  return fwrite(text, 1, length, stdout) == length;
}

static const struct heapster_sink sink = {print, NULL};

static void *get(void *context, size_t size) {
  ++*(int *)context;
  return malloc(size);
}

static void put(void *context, void *block) {
  ++*(int *)context;
  free(block);
}

static void work(struct heapster_heap *heap) {
  void *block = heapster_heap_realloc(heap, heapster_heap_malloc(heap, 100), 300);
  heapster_heap_free(heap, block);
}

static void show_window(struct heapster_heap *heap) {
  FENCED(struct heapster_stats, stats);
  FENCED(struct heapster_stats, part);
  FENCED(struct heapster_stats, diff);
  FENCED(struct heapster_limit, limits);
  struct heapster_window window;
  if (heapster_window_begin(heap, HEAPSTER_PROCESS, &window)) exit(1);
  work(heap);
  if (heapster_window_end_with_thread(window, stats, part)) exit(1);
  CHECK(stats);
  CHECK(part);
  CHECK_LATER(*stats)
  CHECK_LATER(*part)
  heapster_stats_text(stats, sink);
  heapster_stats_json(part, sink);
  if (heapster_stats_diff(diff, stats, part)) exit(1);
  CHECK(diff);
  CHECK_LATER(*diff)
  printf("\ndiff %d, equal %d %d\n", (int)diff->alloc_count, heapster_stats_is_equal(stats, stats),
         heapster_stats_is_equal(stats, part));
  if (heapster_limit_make("alloc_count", 0, 0, limits)) exit(1);
  CHECK(limits);
  CHECK_LATER(*limits)
  struct heapster_limit several[3] = {*limits, *limits, *limits};
  if (heapster_limit_make("use_peak", 0, 100, &several[1])) exit(1);
  printf("broken %d\n", (int)heapster_limit_check(stats, several, 3, &sink));
}

static void show_all(void) {
  FENCED(struct heapster_stats, total);
  enum { CAPACITY = 3 };
  struct heapster_heap_stats *const heaps =
      (struct heapster_heap_stats *)(void *)open_fence(CAPACITY * sizeof(struct heapster_heap_stats));
  const size_t count = heapster_stats_read_all(total, heaps, CAPACITY);
  CHECK(total);
  check_fence("heaps", heaps, CAPACITY * sizeof *heaps);
  printf("%d heaps, %d allocs\n", (int)count, (int)total->alloc_count);
  for (size_t i = 0; i < count && i < CAPACITY; i++) {
    CHECK_LATER(heaps[i].stats)
    printf("%s: %d\n", heapster_heap_name(heaps[i].heap), (int)heaps[i].stats.alloc_count);
  }
}

static void show_frames(struct heapster_heap *heap) {
  FENCED(struct heapster_frames, frames);
  for (int i = 0; i < 3; i++) {
    if (heapster_frame_mark()) exit(1);
    for (int j = 0; j < i; j++) work(heap);
  }
  if (heapster_frame_mark()) exit(1);
  heapster_frames_read(heap, frames);
  CHECK(frames);
  printf("frames %d, worst %d of %d\n", (int)frames->kept_count, (int)frames->worst.alloc_count,
         (int)frames->worst_index);
  for (unsigned i = 0; i < frames->kept_count; i++) {
    CHECK_LATER(frames->kept[i])
    printf("%d %d\n", (int)frames->kept[i].alloc_count, (int)frames->kept[i].total_alloc_sum);
  }
  heapster_frames_text(frames, sink);
}

int main(void) {
  int calls = 0;
  FENCED(struct heapster_status, status);
  FENCED(struct heapster_stats, snapshot);
  struct heapster_allocator allocator;
  memset(&allocator, 0, sizeof allocator);
  allocator.malloc = get;
  allocator.free = put;
  allocator.context = &calls;
  struct heapster_heap *heap;
  struct heapster_heap *over_host;
  if (heapster_heap_create("mine", NULL, &heap) || heapster_heap_create("hosts", &allocator, &over_host)) return 1;
  show_window(heap);
  work(over_host);
  printf("%d calls of the host's functions\n", calls);
  show_all();
  show_frames(heap);
  heapster_stats_read(heap, snapshot);
  CHECK(snapshot);
  heapster_status_read(status);
  CHECK(status);
  CHECK_LATER(*status)
  printf("%d allocs, %s\n", (int)snapshot->alloc_count, status->counters);
  return 0;
}
