/* A game without a screen: engine FOLDER-OF-SCRIPTS. Opens its heaps and scripts, stops the time for the console, and
   when that has no more to say plays what is left of 10,000 frames. Ends with 1 where the scripts failed, the frames
   broke their budget, or something of a level is still alive at the end. */
#include "console.h"
#include "scripts.h"

#include <stdlib.h>
#include <unistd.h>

enum { FRAMES = 10000, LONGEST_LINE = 64 };

static bool play_the_rest(struct console *console, const struct loop *loop) {
  char line[LONGEST_LINE];
  if (loop->frame >= FRAMES) return true;
  snprintf(line, sizeof line, "/run %d", (int)(FRAMES - loop->frame));
  return console_execute(console, line);
}

static bool is_heap_empty(const struct heapster_heap *heap) {
  struct heapster_stats stats;
  heapster_stats_read(heap, &stats);
  if (stats.live_count == 0) return true;
  char size[HEAPSTER_SIZE_TEXT];
  heapster_size_text(stats.use_curr, size);
  printf("left behind in %s: %s, live_count %llu\n", heapster_heap_name(heap), size,
         (unsigned long long)stats.live_count);
  return false;
}

static bool is_all_empty(void) {
  bool is_empty = true;
  for (const struct heapster_heap *heap = NULL; (heap = heapster_heap_next(heap)) != NULL;)
    is_empty = is_heap_empty(heap) && is_empty;
  return is_empty;
}

/* Whether it went well. */
static bool run(struct scripts *scripts) {
  static struct console console;
  console = (struct console){.L = scripts->L, .in = stdin, .is_echoing = !isatty(STDIN_FILENO)};
  const bool is_over = console_run(&console);
  const bool is_played = is_over || play_the_rest(&console, &scripts->engine->loop);
  return console_execute(&console, "/unload") && is_played;
}

int main(int count, char **arguments) {
  static struct engine engine;
  static struct scripts scripts;
  if (count != 2) {
    fprintf(stderr, "usage: engine FOLDER-OF-SCRIPTS <commands\n");
    return 2;
  }
  engine.loop.bodies = &engine.bodies;
  const bool is_opened =
      !assets_open(&engine.assets) && !bodies_open(&engine.bodies) && scripts_open(&scripts, &engine, arguments[1]);
  const bool is_well = is_opened && run(&scripts);
  scripts_close(&scripts);
  return is_all_empty() && is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
