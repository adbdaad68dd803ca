/* Why something was refused, in a line: no such heap, no such hook, no such limit. */
#include "common/script.h"

#include "spelling.h"

#include <string.h>

static const char *const hooks[] = {"malloc", "python", "lua"};

bool heapster__is_hook(const char *name) {
  for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
    if (strcmp(name, hooks[i]) == 0) return true;
  }
  return false;
}

static void say(struct heapster_text *text, const char *words) {
  const struct heapster_sink sink = heapster__text_sink(text);
  if (*words && !text->error && !sink.write(sink.context, words, strlen(words)))
    heapster__text_close(text, HEAPSTER_NO_MEMORY);
}

static const char *nearest_heap(const char *name) {
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap))
    heapster__spelling_try(&spelling, heapster_heap_name(heap));
  return spelling.nearest;
}

static void say_heaps(struct heapster_text *text, const char *name) {
  const struct heapster_heap *heap = heapster_heap_next(NULL);
  const char *const meant = nearest_heap(name);
  if (meant) {
    say(text, "; did you mean \"");
    say(text, meant);
    say(text, "\"? There is ");
  } else {
    say(text, heap ? "; there is " : "; there is none");
  }
  for (; heap; heap = heapster_heap_next(heap)) {
    say(text, heapster_heap_name(heap));
    if (heapster_heap_next(heap)) say(text, ", ");
  }
}

/* Why a hook does not count, or could not be taken off; NULL if there is nothing to say. */
static const char *problem_of(const char *hook) {
  struct heapster_status status;
  heapster_status_read(&status);
  if (strcmp(hook, "python") == 0) return status.python_problem;
  return strcmp(hook, "lua") == 0 ? status.lua_problem : status.malloc_problem;
}

static void say_why_not(struct heapster_text *text, const char *hook) {
  const char *const problem = problem_of(hook);
  if (problem) say(text, ": ");
  if (problem) say(text, problem);
  if (strcmp(hook, "malloc") != 0) return;
  say(text, "; hook(\"malloc\") counts it from there on where it can, `heapster run -- program` from the start");
}

struct heapster_text heapster__why_no_heap(const char *name) {
  struct heapster_text text = {0};
  if (!name) {
    say(&text, "nothing is counted");
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
      say(&text, "; ");
      say(&text, hooks[i]);
      say_why_not(&text, hooks[i]);
    }
  } else {
    say(&text, heapster__is_hook(name) ? "heap \"" : "no heap is called \"");
    say(&text, name);
    say(&text, "\"");
  }
  if (name && !heapster__is_hook(name)) {
    say_heaps(&text, name);
    return text;
  }
  if (name) {
    say(&text, " is not counted");
    say_why_not(&text, name);
  }
  say(&text, "; heapster.status() tells more");
  return text;
}

struct heapster_text heapster__why_no_hook(const char *verb, enum heapster_error error, const char *hook) {
  struct heapster_text text = {0};
  const bool is_unknown = error == HEAPSTER_UNKNOWN_HOOK;
  say(&text, is_unknown ? "no hook is called \"" : "cannot ");
  say(&text, is_unknown ? "" : verb);
  say(&text, is_unknown ? "" : " \"");
  say(&text, hook);
  say(&text, is_unknown ? "\"; there are malloc, python and lua" : "\"");
  if (is_unknown) return text;
  struct heapster_status status;
  heapster_status_read(&status);
  const bool is_malloc = strcmp(hook, "malloc") == 0;
  const bool is_lasting = strcmp(status.malloc_way, "preload") == 0 || strcmp(status.malloc_way, "link") == 0;
  if (is_malloc && strcmp(verb, "unhook") == 0 && is_lasting) {
    say(&text, ": it is hooked for the life of the process, by ");
    say(&text, status.malloc_way);
  } else {
    const char *const problem = problem_of(hook);
    say(&text, problem ? ": " : "");
    say(&text, problem ? problem : "");
  }
  return text;
}

struct heapster_text heapster__why_no_limit(const char *field) {
  struct heapster_text text = {0};
  heapster__text_close(&text, heapster_limit_explain(field, heapster__text_sink(&text)));
  return text;
}
