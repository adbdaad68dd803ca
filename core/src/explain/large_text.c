/* A large request in words. */
#include "base/platform.h"
#include "explain/explain.h"
#include "explain/large.h"
#include "value/writer.h"

#include <heapster/size.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OF_PATH = 256 };

/* A path that is too long is cut at its beginning. */
static void write_path(struct heapster__writer *writer, const char *path) {
  const size_t length = strlen(path);
  if (length > MOST_OF_PATH) heapster__write_text(writer, "...");
  heapster__write_printable(writer, length > MOST_OF_PATH ? path + length - MOST_OF_PATH : path);
}

/* The call is before the address that it returns to. */
static const void *call_of(uint64_t place) { return (const void *)((uintptr_t)place - 1); }

static void write_place(struct heapster__writer *writer, const void *call, bool may_lock) {
  const char *path;
  char number[32];
  uintptr_t bias = 0;
  if ((HEAPSTER__FINDS_WITHOUT_LOCK || may_lock) && heapster__find_object(call, &path, &bias)) {
    write_path(writer, path[0] ? path : heapster__explain_program());
    heapster__write_text(writer, "+");
  }
  snprintf(number, sizeof number, "0x%llx", (unsigned long long)((uintptr_t)call - bias));
  heapster__write_text(writer, number);
}

enum heapster_error heapster_large_text(const struct heapster_large_request *request, struct heapster_sink sink) {
  if (!request) return HEAPSTER_BAD_ARGUMENT;
  struct heapster__writer writer = heapster__writer_make(sink);
  char size[HEAPSTER_SIZE_TEXT];
  heapster_size_text(request->size, size);
  heapster__write_texts(&writer, size, " requested in heap ", request->heap);
  if (request->place) {
    heapster__write_text(&writer, " by ");
    write_place(&writer, call_of(request->place), false);
  }
  return heapster__writer_result(&writer);
}

size_t heapster__large_unsaid_text(const struct heapster__unsaid *unsaid, long pid, char text[HEAPSTER__UNSAID_TEXT]) {
  char above[HEAPSTER_SIZE_TEXT], max[HEAPSTER_SIZE_TEXT];
  heapster_size_text(unsaid->above, above);
  heapster_size_text(unsaid->max, max);
  return (size_t)snprintf(text, HEAPSTER__UNSAID_TEXT, "%llu more request%s above %s, of up to %s (pid %ld)",
                          (unsigned long long)unsaid->count, unsaid->count == 1 ? "" : "s", above, max, pid);
}

enum heapster_error heapster__large_place_text(uint64_t place, struct heapster_sink sink) {
  struct heapster__writer writer = heapster__writer_make(sink);
  Dl_info symbol;
  if (!place) return heapster__writer_result(&writer);
  write_place(&writer, call_of(place), true);
  if (dladdr(call_of(place), &symbol) && symbol.dli_sname) {
    heapster__write_text(&writer, " (");
    heapster__write_printable(&writer, symbol.dli_sname);
    heapster__write_text(&writer, ")");
  }
  return heapster__writer_result(&writer);
}
