#include <heapster/heapster.h>
#include <stdio.h>

static bool print(void *file, const char *text, size_t length) { return fwrite(text, 1, length, file) == length; }

int main(void) {
  struct heapster_heap *textures;
  if (heapster_heap_create("textures", NULL, &textures)) return 1; /* over the system's allocator, or over yours */

  struct heapster_window window;
  struct heapster_stats done;
  heapster_window_begin(textures, HEAPSTER_PROCESS, &window);
  void *pixels = heapster_heap_malloc(textures, 1228800);
  heapster_heap_free(textures, pixels);
  heapster_window_end(window, &done); /* done.alloc_count is 1, done.use_peak 1228800 */

  struct heapster_limit limit;
  heapster_limit_make("use_peak", 0, 1 << 20, &limit);
  struct heapster_sink sink = {print, stdout};
  return heapster_limit_check(&done, &limit, 1, &sink) == 1 ? 0 : 1;
}
