#include <heapster/heapster.h>
#include <inttypes.h>
#include <stdio.h>

static struct heapster_heap *textures;
void *kept[3]; /* what is loaded */

void load(int level) {
  kept[level] = heapster_heap_malloc(textures, 4096);
  void *const scratch = heapster_heap_malloc(textures, 64);
  heapster_heap_free(textures, scratch);
}

void unload(int level) { heapster_heap_free(textures, kept[level]); }

int main(void) {
  struct heapster_explanation whole;
  struct heapster_site sites[16];
  size_t count;
  if (heapster_heap_create("textures", NULL, &textures)) return 1;
  if (heapster_explain_begin(textures, HEAPSTER_PROCESS)) return 1;
  for (int level = 0; level < 3; level++) load(level);
  unload(0);
  if (heapster_explain_end(&whole, sites, 16, &count)) return 1;
  for (size_t i = 0; i < count; i++) {
    printf("%" PRIu64 " requests in %s, %" PRIu64 " B of them alive\n", sites[i].requests.alloc_count,
           sites[i].function ? sites[i].function : "?", sites[i].live_sum);
  }
  printf("%" PRIu64 " in all, %" PRIu64 " under way\n", whole.counted.alloc_count, whole.under_way.alloc_count);
}
