/* Names in pages of heapster's own: a table of open addressing that points into an area of texts. */
#include "hooks/script/lua_names.h"

#include <string.h>

#include "base/platform.h"

enum { PLACES = 1 << 14, NAMES = PLACES / 2, FUNCTIONS = 256, TEXTS = 4 << 20 };

struct heapster__lua_names {
  unsigned count;
  size_t used; /* bytes of `texts` */
  const struct heapster__lua_name *index[PLACES];
  struct {
    uintptr_t address;
    const char *text;
  } functions[FUNCTIONS];
  _Alignas(8) char texts[TEXTS]; /* untouched pages cost nothing */
};

struct heapster__lua_names *heapster__lua_names_create(void) {
  return heapster__pages_map(sizeof(struct heapster__lua_names));
}

void heapster__lua_names_destroy(struct heapster__lua_names *names) {
  if (names) heapster__pages_unmap(names, sizeof *names);
}

static uint32_t hash_of(const struct heapster__lua_name *file, const char *text, size_t length) {
  uint32_t hash = file ? file->hash : 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
  return hash;
}

static const struct heapster__lua_name *make(struct heapster__lua_names *names, const struct heapster__lua_name *file,
                                             uint32_t hash, const char *text, size_t length) {
  const size_t size = (sizeof(struct heapster__lua_name) + length + 1 + 7) / 8 * 8;
  if (names->count == NAMES || size > TEXTS - names->used) return NULL;
  struct heapster__lua_name *name = (void *)(names->texts + names->used);
  names->used += size;
  names->count++;
  name->file = file;
  name->hash = hash;
  name->length = (uint32_t)length;
  memcpy(name->text, text, length);
  return name;
}

static bool is_same(const struct heapster__lua_name *name, const struct heapster__lua_name *file, const char *text,
                    size_t length) {
  return name->file == file && name->length == length && !memcmp(name->text, text, length);
}

const struct heapster__lua_name *heapster__lua_names_find(struct heapster__lua_names *names,
                                                          const struct heapster__lua_name *file, const char *text,
                                                          size_t length) {
  if (length > HEAPSTER__LUA_NAME) length = HEAPSTER__LUA_NAME;
  const uint32_t hash = hash_of(file, text, length);
  unsigned place = hash % PLACES;
  for (; names->index[place]; place = (place + 1) % PLACES) {
    if (names->index[place]->hash == hash && is_same(names->index[place], file, text, length))
      return names->index[place];
  }
  names->index[place] = make(names, file, hash, text, length);
  return names->index[place];
}

static size_t function_place(uintptr_t address) { return (address >> 4) % FUNCTIONS; }

const char *heapster__lua_names_function(const struct heapster__lua_names *names, uintptr_t address) {
  const size_t place = function_place(address);
  return names->functions[place].address == address ? names->functions[place].text : NULL;
}

/* The text is that of a name without a file, which is of no source if it is none's own. */
void heapster__lua_names_note_function(struct heapster__lua_names *names, uintptr_t address, const char *text) {
  const struct heapster__lua_name *name = heapster__lua_names_find(names, NULL, text, strlen(text));
  const size_t place = function_place(address);
  names->functions[place].address = name ? address : 0;
  names->functions[place].text = name ? name->text : NULL;
}
