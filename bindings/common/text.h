/* A text of any length on its way to a script. */
#ifndef HEAPSTER__TEXT_H
#define HEAPSTER__TEXT_H

#include <heapster/heapster.h>

/* Starts as {0}. `bytes` have no NUL at their end and are NULL for the empty text; the receiver frees them with
   heapster__text_free. With an `error` there are none. */
struct heapster_text {
  char *bytes;
  size_t length;
  size_t capacity;
  enum heapster_error error;
};

/* A sink that appends to `text`. */
struct heapster_sink heapster__text_sink(struct heapster_text *text);

/* Append bytes or words. After a failure the text is empty and further ones are ignored. */
void heapster__text_append_bytes(struct heapster_text *text, const char *bytes, size_t length);
void heapster__text_append(struct heapster_text *text, const char *words);

/* Finish a text: with `error` it is empty. A sink that refused means HEAPSTER_NO_MEMORY. Text for people loses the
   newline at its end, since print adds one; text for machines keeps it. */
struct heapster_text heapster__text_finish(struct heapster_text *text, enum heapster_error error);
struct heapster_text heapster__text_finish_for_people(struct heapster_text *text, enum heapster_error error);

void heapster__text_free(struct heapster_text *text);

#endif
