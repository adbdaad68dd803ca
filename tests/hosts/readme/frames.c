#include <heapster/heapster.h>
#include <stdio.h>

static bool print(void *file, const char *text, size_t length) { return fwrite(text, 1, length, file) == length; }

/* A game that spawns something every 20th frame, and loads a level in frame 200. */
static void step(struct heapster_heap *entities, int frame) {
  const int spawned = frame == 200 ? 50 : frame % 20 == 0;
  for (int i = 0; i < spawned; i++) heapster_heap_free(entities, heapster_heap_malloc(entities, 640));
}

int main(void) {
  struct heapster_heap *entities;
  static struct heapster_frames frames;
  if (heapster_heap_create("entities", NULL, &entities) || heapster_frame_mark()) return 1;
  for (int frame = 1; frame <= 300; frame++) {
    step(entities, frame);
    heapster_frame_mark(); /* ends a frame, begins the next; asks for nothing itself */
  }
  heapster_frames_read(entities, &frames);
  struct heapster_sink sink = {print, stdout};
  return heapster_frames_text(&frames, sink) ? 1 : 0;
}
