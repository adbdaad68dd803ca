/* Two ways of building the same long string, each in a window: what the figures say about them. */
#include <heapster/heapster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 12000, LINE = 48, RECORD = 2048 };

/* A string that grows, and a record that is kept for each of its lines: as in real programs, other blocks
   come to stand behind the string, so it cannot always grow where it is. */
struct text {
  char *bytes;
  size_t length;
  size_t capacity;
  char *records[LINES];
};

static void *checked(void *block) {
  if (block) return block;
  (void)fputs("build_string: out of memory\n", stderr);
  exit(1);
}

/* Room for exactly what comes next. */
static void grow_to_fit(struct text *text, size_t size) {
  if (text->bytes && size <= text->capacity) return;
  text->bytes = checked(realloc(text->bytes, size));
  text->capacity = size;
}

/* Room for twice as much as before. */
static void grow_by_doubling(struct text *text, size_t size) {
  size_t capacity = text->capacity ? text->capacity : LINE;
  while (capacity < size) capacity *= 2;
  grow_to_fit(text, capacity);
}

typedef void grower(struct text *text, size_t size);

static void append(struct text *text, size_t number, grower *grow) {
  static const char words[] = ": another line of the text";
  char line[LINE];
  const int shown = (int)(number * 7 % sizeof words);
  const size_t length = (size_t)snprintf(line, sizeof line, "%zu%.*s\n", number, shown, words);
  text->records[number] = checked(malloc(RECORD));
  grow(text, text->length + length);
  memcpy(text->bytes + text->length, line, length);
  text->length += length;
}

static void release(struct text *text) {
  for (size_t i = 0; i < LINES; i++) free(text->records[i]);
  free(text->bytes);
}

static bool print(void *context, const char *text, size_t length) { return fwrite(text, 1, length, context) == length; }

/* Builds the text inside a window and prints the window's figures. */
static enum heapster_error measure(const char *title, grower *grow) {
  static struct text text;
  memset(&text, 0, sizeof text);
  struct heapster_window window;
  struct heapster_stats stats;
  enum heapster_error error = heapster_window_begin(heapster_heap_find("malloc"), HEAPSTER_PROCESS, &window);
  if (error) return error;
  for (size_t i = 0; i < LINES; i++) append(&text, i, grow);
  release(&text);
  error = heapster_window_end(window, &stats);
  if (error) return error;
  (void)printf("%s: %d lines, %zu bytes\n\n", title, LINES, text.length);
  return heapster_stats_text(&stats, (struct heapster_sink){print, stdout});
}

int main(void) {
  struct heapster_status status;
  heapster_status_read(&status);
  if (!heapster_heap_find("malloc")) {
    (void)fprintf(stderr, "build_string: malloc is not counted: %s\n",
                  status.malloc_problem ? status.malloc_problem : status.malloc_way);
    return 1;
  }
  enum heapster_error error = measure("-- 1. realloc to the exact size, line by line", grow_to_fit);
  if (!error) (void)puts("\n");
  if (!error) error = measure("-- 2. realloc to twice the size, when full", grow_by_doubling);
  if (error) {
    (void)fprintf(stderr, "build_string: %s\n", heapster_error_text(error));
    return 1;
  }
  (void)puts(
      "\nThe same string. Compare realloc_growth_count, and realloc_move_count, the blocks that had to move, with\n"
      "realloc_move_avg, the bytes copied for each: moves times bytes is the work that doubling saves.");
  return 0;
}
