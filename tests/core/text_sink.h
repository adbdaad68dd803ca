/* A sink that stores the text and refuses one chosen call, for the tests of everything that writes. */
#ifndef TESTS_TEXT_SINK_H
#define TESTS_TEXT_SINK_H

#include <heapster/base.h>
#include <string.h>

struct text_sink {
  char text[1 << 20];
  size_t length;
  unsigned calls;
  unsigned refused_call; /* 1: the first; 0: none */
};

static inline bool text_sink_write(void *context, const char *text, size_t length) {
  struct text_sink *const sink = context;
  sink->calls++;
  if (length == 0 || sink->calls == sink->refused_call || sink->length + length >= sizeof sink->text) return false;
  memcpy(sink->text + sink->length, text, length);
  sink->length += length;
  sink->text[sink->length] = '\0';
  return true;
}

/* The one sink, emptied. */
static inline struct text_sink *text_sink_new(void) {
  static struct text_sink sink;
  memset(&sink, 0, sizeof sink);
  return &sink;
}

static inline struct heapster_sink text_sink_of(struct text_sink *sink) {
  return (struct heapster_sink){text_sink_write, sink};
}

#endif
