/* Why a request of a script was refused: no such heap, hook or limit. */
#include "common/reasons.h"

#include "common/hooks.h"
#include "value/spelling.h"

#include <stdarg.h>
#include <string.h>

/* Appends words up to a NULL. */
__attribute__((sentinel)) static void say(struct heapster_text *text, ...) {
  va_list words;
  va_start(words, text);
  for (const char *word; (word = va_arg(words, const char *));) heapster__text_append(text, word);
  va_end(words);
}

static const char *find_nearest_heap(const char *name) {
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (const struct heapster_heap *heap = heapster_heap_next(NULL); heap; heap = heapster_heap_next(heap))
    heapster__spelling_try(&spelling, heapster_heap_name(heap));
  return spelling.nearest;
}

static void say_heaps(struct heapster_text *text, const char *name) {
  const struct heapster_heap *heap = heapster_heap_next(NULL);
  const char *const nearest = find_nearest_heap(name);
  if (nearest)
    say(text, "; did you mean \"", nearest, "\"? There is ", NULL);
  else
    say(text, heap ? "; there is " : "; there is none", NULL);
  for (; heap; heap = heapster_heap_next(heap))
    say(text, heapster_heap_name(heap), heapster_heap_next(heap) ? ", " : "", NULL);
}

/* Why a hook does not count or cannot be removed; NULL if there is nothing to say. */
static const char *find_problem(const char *hook) {
  struct heapster_status status;
  heapster_status_read(&status);
  if (!strcmp(hook, "python")) return status.python_problem;
  return !strcmp(hook, "lua") ? status.lua_problem : status.malloc_problem;
}

static void say_problem(struct heapster_text *text, const char *hook) {
  const char *const problem = find_problem(hook);
  if (problem) say(text, ": ", problem, NULL);
}

static void say_uncounted(struct heapster_text *text, const char *hook) {
  say_problem(text, hook);
  if (!strcmp(hook, "malloc"))
    say(text, "; hook(\"malloc\") counts it from there on where it can, `heapster run -- program` from the start",
        NULL);
}

struct heapster_text heapster__explain_heap(const char *name) {
  struct heapster_text text = {0};
  if (!name) {
    say(&text, "nothing is counted", NULL);
    for (int i = 0; i < HEAPSTER__HOOK_NAMES; i++) {
      say(&text, "; ", heapster__hook_names[i], NULL);
      say_uncounted(&text, heapster__hook_names[i]);
    }
  } else if (heapster__is_hook_name(name)) {
    say(&text, "heap \"", name, "\" is not counted", NULL);
    say_uncounted(&text, name);
  } else {
    say(&text, "no heap is called \"", name, "\"", NULL);
    say_heaps(&text, name);
    return text;
  }
  say(&text, "; heapster.status() tells more", NULL);
  return text;
}

struct heapster_text heapster__explain_ended(const char *name) {
  struct heapster_text text = {0};
  say(&text, "heap \"", name, "\" has ended; heap \"ended\" shows what all such heaps counted", NULL);
  return text;
}

struct heapster_text heapster__explain_uncounted(const char *name, const char *problem) {
  struct heapster_text text = {0};
  say(&text, "heap \"", name, "\" is not counted", problem ? ": " : "", problem ? problem : "",
      "; heapster.status() tells more", NULL);
  return text;
}

struct heapster_text heapster__explain_hook(const char *verb, enum heapster_error error, const char *hook) {
  struct heapster_text text = {0};
  if (error == HEAPSTER_UNKNOWN_HOOK) {
    const char *const *const names = heapster__hook_names;
    say(&text, "no hook is called \"", hook, "\"; there are ", names[0], ", ", names[1], " and ", names[2], NULL);
    return text;
  }
  say(&text, "cannot ", verb, " \"", hook, "\"", NULL);
  struct heapster_status status;
  heapster_status_read(&status);
  const bool is_for_life = !strcmp(status.malloc_way, "preload") || !strcmp(status.malloc_way, "link");
  if (is_for_life && !strcmp(hook, "malloc") && !strcmp(verb, "unhook"))
    say(&text, ": it is hooked for the life of the process, by ", status.malloc_way, NULL);
  else
    say_problem(&text, hook);
  return text;
}

struct heapster_text heapster__explain_limit(const char *field) {
  struct heapster_text text = {0};
  return heapster__text_finish(&text, heapster_limit_explain(field, heapster__text_sink(&text)));
}
