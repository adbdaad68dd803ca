/* How and where a window counts, from a table. */
#include "lua/module.h"

#include <string.h>

#include "spelling.h"

struct heapster__lua_options heapster__lua_options_default(void) {
  return (struct heapster__lua_options){.scope = HEAPSTER_PROCESS, .repeat = 1};
}

/* The value of the option is on the top of the stack. */

static void set_heap(lua_State *L, int argument, struct heapster__lua_options *options) {
  if (!heapster__lua_is_heap(L, -1))
    luaL_argerror(L, argument,
                  lua_pushfstring(L, "heap: name or heapster.Heap expected, got %s", heapster__lua_type_name(L, -1)));
  options->heap = heapster__lua_find_heap(L, -1);
}

static void set_scope(lua_State *L, int argument, struct heapster__lua_options *options) {
  const bool is_string = lua_type(L, -1) == LUA_TSTRING;
  if (is_string && heapster__scope_find(heapster__lua_chars(L, -1), &options->scope)) return;
  luaL_argerror(L, argument,
                lua_pushfstring(L, "scope: \"process\" or \"thread\" expected, got %s", luaL_tolstring(L, -1, NULL)));
}

static lua_Integer times(lua_State *L, int argument, const char *name, lua_Integer least) {
  int is_integer = lua_type(L, -1) == LUA_TNUMBER;
  const lua_Integer count = is_integer ? lua_tointegerx(L, -1, &is_integer) : 0;
  if (is_integer && count >= least) return count;
  return luaL_argerror(L, argument,
                       lua_pushfstring(L, "%s: integer from %I up expected, got %s", name, (LUAI_UACINT)least,
                                       luaL_tolstring(L, -1, NULL)));
}

static void set_warmup(lua_State *L, int argument, struct heapster__lua_options *options) {
  options->warmup = times(L, argument, "warmup", 0);
}

static void set_repeat(lua_State *L, int argument, struct heapster__lua_options *options) {
  options->repeat = times(L, argument, "repeat", 1);
}

static void set_gc(lua_State *L, int argument, struct heapster__lua_options *options) {
  const char *const word = lua_type(L, -1) == LUA_TSTRING ? heapster__lua_chars(L, -1) : "";
  options->stops_gc = strcmp(word, "stop") == 0;
  if (options->stops_gc || strcmp(word, "leave") == 0) return;
  luaL_argerror(L, argument,
                lua_pushfstring(L, "gc: \"leave\" or \"stop\" expected, got %s", luaL_tolstring(L, -1, NULL)));
}

static const struct option {
  const char *name;
  enum heapster__lua_options_of from; /* measure has them all */
  void (*set)(lua_State *L, int argument, struct heapster__lua_options *options);
} option_table[] = {
    {"heap", HEAPSTER__LUA_OF_WINDOW, set_heap},      {"scope", HEAPSTER__LUA_OF_WINDOW, set_scope},
    {"warmup", HEAPSTER__LUA_OF_MEASURE, set_warmup}, {"repeat", HEAPSTER__LUA_OF_MEASURE, set_repeat},
    {"gc", HEAPSTER__LUA_OF_MEASURE, set_gc},
};
enum { OPTIONS = sizeof option_table / sizeof option_table[0] };

bool heapster__lua_option_set(lua_State *L, int argument, enum heapster__lua_options_of which,
                              struct heapster__lua_options *options) {
  const char *const name = lua_type(L, -2) == LUA_TSTRING ? heapster__lua_chars(L, -2) : "";
  for (size_t i = 0; i < OPTIONS; i++) {
    if (option_table[i].from > which || strcmp(option_table[i].name, name) != 0) continue;
    option_table[i].set(L, argument, options);
    return true;
  }
  return false;
}

static const char *nearest_option(const char *name, enum heapster__lua_options_of which) {
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (size_t i = 0; i < OPTIONS; i++) {
    if (option_table[i].from <= which) heapster__spelling_try(&spelling, option_table[i].name);
  }
  return spelling.nearest;
}

/* The key is below the top of the stack. */
static void refuse(lua_State *L, int argument, enum heapster__lua_options_of which) {
  const char *const name = luaL_tolstring(L, -2, NULL);
  const char *const meant = nearest_option(name, which);
  const char *const guess = meant ? lua_pushfstring(L, "did you mean '%s'? ", meant) : "";
  const char *const others = which == HEAPSTER__LUA_OF_MEASURE ? ", warmup, repeat, gc" : "";
  luaL_argerror(L, argument,
                lua_pushfstring(L, "there is no option '%s'; %soptions: heap, scope%s", name, guess, others));
}

void heapster__lua_options_take(lua_State *L, int argument, enum heapster__lua_options_of which,
                                struct heapster__lua_options *options) {
  for (lua_pushnil(L); lua_next(L, argument); lua_pop(L, 1)) {
    if (!heapster__lua_option_set(L, argument, which, options)) refuse(L, argument, which);
  }
}
