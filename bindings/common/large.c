/* Large requests as scripts see them: no call into an interpreter is made from inside a request. */
#include "common/large.h"

#include <heapster/size.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "explain/large.h"
#include "process/hook.h"

enum heapster_error heapster__script_watch_large(uint64_t size, bool keep) {
  if (size >= HEAPSTER_LARGE_LEAST && !heapster__is_counted(NULL)) return HEAPSTER_NOT_COUNTED;
  return keep ? heapster__watch_large_kept(size) : heapster_watch_large(size, NULL, NULL);
}

/* Cuts what is too long. */
static bool add_to_place(void *context, const char *text, size_t length) {
  struct heapster__named_request *const request = context;
  const size_t taken = strlen(request->place), left = sizeof request->place - 1 - taken;
  memcpy(request->place + taken, text, length < left ? length : left);
  return true;
}

bool heapster__take_named_request(struct heapster__named_request *request) {
  struct heapster_large_request taken;
  if (!heapster__large_take(&taken)) return false;
  memset(request, 0, sizeof *request);
  request->size = taken.size;
  memcpy(request->heap, taken.heap, strlen(taken.heap));
  heapster__large_place_text(taken.place, (struct heapster_sink){add_to_place, request});
  request->unsaid_count = taken.unsaid_count;
  request->unsaid_max = taken.unsaid_max;
  return true;
}

static void append_unsaid(struct heapster_text *text, const struct heapster__named_request *request) {
  char words[HEAPSTER_SIZE_TEXT + 64], size[HEAPSTER_SIZE_TEXT];
  heapster_size_text(request->unsaid_max, size);
  snprintf(words, sizeof words, "; before it %" PRIu64 " more, of up to %s", request->unsaid_count, size);
  heapster__text_append(text, words);
}

struct heapster_text heapster__named_request_text(const struct heapster__named_request *request) {
  struct heapster_text text = {0};
  char size[HEAPSTER_SIZE_TEXT];
  heapster_size_text(request->size, size);
  heapster__text_append(&text, size);
  heapster__text_append(&text, " requested in heap ");
  heapster__text_append(&text, request->heap);
  if (request->place[0]) heapster__text_append(&text, " by ");
  heapster__text_append(&text, request->place);
  if (request->unsaid_count) append_unsaid(&text, request);
  return text;
}
