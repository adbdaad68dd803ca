/* The status of the process as lines for people. */
#include "common/status_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct lines {
  struct heapster_sink sink;
  bool refused;
};

__attribute__((format(printf, 2, 3))) static void line(struct lines *lines, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length <= 0 || lines->refused) return;
  const size_t written = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
  lines->refused = !lines->sink.write(lines->sink.context, text, written);
}

static void hook(struct lines *lines, const char *name, const char *way, const char *problem) {
  line(lines, "%s: %s%s%s\n", name, way, problem ? ", " : "", problem ? problem : "");
}

static void blemish(struct lines *lines, const char *name, uint64_t count) {
  if (count > 0) line(lines, "%s: %" PRIu64 "\n", name, count);
}

enum heapster_error heapster__status_text(const struct heapster_status *status, struct heapster_sink sink) {
  struct lines lines = {.sink = sink};
  char own[HEAPSTER_SIZE_TEXT];
  heapster_size_text(status->own_bytes, own);
  line(&lines, "heapster: %s, %s counters\n", status->version, status->counters);
  hook(&lines, "malloc", status->malloc_way, status->malloc_problem);
  hook(&lines, "python", status->python_way, status->python_problem);
  hook(&lines, "lua", status->lua_way, status->lua_problem);
  blemish(&lines, "bytes of Lua states from before the hook", status->lua_preexisting);
  line(&lines, "threads: %" PRIu32 " alive, %" PRIu32 " seen\n", status->threads_alive, status->threads_seen);
  line(&lines, "open windows: %" PRIu32 "\n", status->windows_open);
  line(&lines, "own memory: %s\n", own);
  blemish(&lines, "uncounted requests", status->uncounted_count);
  blemish(&lines, "frees of unknown size", status->lost_size_count);
  blemish(&lines, "blocks that crossed heaps", status->crossed_count);
  return lines.refused ? HEAPSTER_WRITE_FAILED : HEAPSTER_OK;
}
