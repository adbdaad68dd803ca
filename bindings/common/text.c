/* A text of any length, written through a sink. */
#include "common/text.h"

#include "common/value.h"

#include <string.h>

static bool reserve(struct heapster_text *text, size_t length) {
  if (length <= text->capacity - text->length) return true;
  const size_t capacity = text->capacity + length + 4096;
  char *const bytes = heapster__value_alloc(capacity);
  if (!bytes) return false;
  if (text->bytes) memcpy(bytes, text->bytes, text->length);
  heapster__value_free(text->bytes);
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

static bool write_bytes(void *context, const char *bytes, size_t length) {
  struct heapster_text *const text = context;
  if (!reserve(text, length)) return false;
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  return true;
}

struct heapster_sink heapster__text_sink(struct heapster_text *text) {
  return (struct heapster_sink){.write = write_bytes, .context = text};
}

void heapster__text_append_bytes(struct heapster_text *text, const char *bytes, size_t length) {
  if (length && !text->error && !write_bytes(text, bytes, length)) heapster__text_finish(text, HEAPSTER_NO_MEMORY);
}

void heapster__text_append(struct heapster_text *text, const char *words) {
  heapster__text_append_bytes(text, words, strlen(words));
}

struct heapster_text heapster__text_finish(struct heapster_text *text, enum heapster_error error) {
  if (error) heapster__text_free(text);
  if (error) text->error = error == HEAPSTER_WRITE_FAILED ? HEAPSTER_NO_MEMORY : error;
  return *text;
}

struct heapster_text heapster__text_finish_for_people(struct heapster_text *text, enum heapster_error error) {
  heapster__text_finish(text, error);
  if (text->length > 0 && text->bytes[text->length - 1] == '\n') text->length--;
  return *text;
}

void heapster__text_free(struct heapster_text *text) {
  heapster__value_free(text->bytes);
  *text = (struct heapster_text){0};
}
