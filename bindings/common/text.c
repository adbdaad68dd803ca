/* A text of any length, gathered through a sink. */
#include "common/text.h"

#include "common/value.h"

#include <string.h>

static bool has_room(struct heapster_text *text, size_t length) {
  if (length <= text->capacity - text->length) return true;
  const size_t capacity = text->capacity + length + 4096;
  char *const bytes = heapster__value_memory(capacity);
  if (!bytes) return false;
  if (text->bytes) memcpy(bytes, text->bytes, text->length);
  heapster__value_free(text->bytes);
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

static bool append(void *context, const char *piece, size_t length) {
  struct heapster_text *const text = context;
  if (!has_room(text, length)) return false;
  memcpy(text->bytes + text->length, piece, length);
  text->length += length;
  return true;
}

struct heapster_sink heapster__text_sink(struct heapster_text *text) {
  return (struct heapster_sink){.write = append, .context = text};
}

void heapster__text_close(struct heapster_text *text, enum heapster_error error) {
  if (error) heapster__text_free(text);
  text->error = error == HEAPSTER_WRITE_FAILED ? HEAPSTER_NO_MEMORY : error;
}

void heapster__text_free(struct heapster_text *text) {
  heapster__value_free(text->bytes);
  *text = (struct heapster_text){0};
}
