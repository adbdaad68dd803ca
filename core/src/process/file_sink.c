/* A sink that collects text and writes it to a file. */
#include "process/file_sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool heapster__file_sink_flush(struct heapster__file_sink *sink) {
  for (size_t done = 0; done < sink->used;) {
    const ssize_t written = write(sink->file, sink->bytes + done, sink->used - done);
    if (written < 0 && errno != EINTR) return false;
    done += written < 0 ? 0 : (size_t)written;
  }
  sink->used = 0;
  return true;
}

static bool append(void *context, const char *text, size_t length) {
  struct heapster__file_sink *const sink = context;
  while (length > 0) {
    if (sink->used == sizeof sink->bytes && !heapster__file_sink_flush(sink)) return false;
    const size_t left = sizeof sink->bytes - sink->used;
    const size_t part = length < left ? length : left;
    memcpy(sink->bytes + sink->used, text, part);
    sink->used += part;
    text += part;
    length -= part;
  }
  return true;
}

struct heapster_sink heapster__sink_of(struct heapster__file_sink *sink) {
  return (struct heapster_sink){append, sink};
}
