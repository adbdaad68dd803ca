/* A text of any length, gathered through a sink, on its way to a script. */
#ifndef HEAPSTER__TEXT_H
#define HEAPSTER__TEXT_H

#include <heapster/heapster.h>

/* `bytes` (not NUL-terminated, NULL for the empty text) are the receiver's to free with heapster__text_free. With an
   `error` there are none. */
struct heapster_text {
  char *bytes;
  size_t length;
  size_t capacity;
  enum heapster_error error;
};

/* A sink that appends to `text`, which starts as {0}. */
struct heapster_sink heapster__text_sink(struct heapster_text *text);

/* Notes how the writing went; after a failure the text is empty. A sink that was refused is HEAPSTER_NO_MEMORY. */
void heapster__text_close(struct heapster_text *text, enum heapster_error error);

void heapster__text_free(struct heapster_text *text);

#endif
