#include <heapster/heapster.h>
#include <stdio.h>

static void play(struct heapster_heap *level, int number) {
  heapster_heap_free(level, heapster_heap_malloc(level, 1000));
  if (number == 7) (void)!heapster_heap_malloc(level, 24); /* a leak */
}

static enum heapster_error visit(int number) {
  struct heapster_heap *level;
  struct heapster_stats left;
  enum heapster_error error = heapster_heap_create("level", NULL, &level); /* counts from zero */
  if (error) return error;
  play(level, number);
  heapster_stats_read(level, &left);
  if (left.live_count) printf("level %d left %llu B behind\n", number, (unsigned long long)left.use_curr);
  return heapster_heap_end(level); /* the name is free again, and so is the heap once its blocks are freed */
}

int main(void) {
  struct heapster_stats all;
  for (int number = 1; number <= 1000; number++) {
    if (visit(number)) return 1;
  }
  heapster_stats_read(heapster_heap_find("ended"), &all);
  printf("%llu requests in all levels\n", (unsigned long long)all.alloc_count);
  return 0;
}
