/* How and where a window counts, from a table. */
#include "lua/options.h"

#include <string.h>

#include "common/stats.h"
#include "lua/errors.h"
#include "lua/values.h"
#include "value/spelling.h"

struct heapster__lua_options heapster__lua_make_options(void) {
  return (struct heapster__lua_options){.scope = HEAPSTER_PROCESS, .repeat = 1};
}

/* In each of these the value of the option is on top of the stack. */

static void set_heap(lua_State *L, int argument, struct heapster__lua_options *options) {
  if (!heapster__lua_is_heap(L, -1))
    heapster__lua_raise_argument(L, argument, "heap: name or heapster.Heap expected, got %s",
                                 heapster__lua_type_name(L, -1));
  options->heap = heapster__lua_find_heap(L, -1);
}

static void set_scope(lua_State *L, int argument, struct heapster__lua_options *options) {
  if (heapster__find_scope(heapster__lua_chars(L, -1), &options->scope)) return;
  heapster__lua_raise_argument(L, argument, "scope: \"process\" or \"thread\" expected, got %s",
                               luaL_tolstring(L, -1, NULL));
}

static void set_gc(lua_State *L, int argument, struct heapster__lua_options *options) {
  if (heapster__find_gc(heapster__lua_chars(L, -1), &options->stops_gc)) return;
  heapster__lua_raise_argument(L, argument, "gc: \"leave\" or \"stop\" expected, got %s", luaL_tolstring(L, -1, NULL));
}

static lua_Integer check_integer(lua_State *L, int argument, const char *name, lua_Integer least) {
  int is_integer = lua_type(L, -1) == LUA_TNUMBER;
  const lua_Integer count = is_integer ? lua_tointegerx(L, -1, &is_integer) : 0;
  if (is_integer && count >= least) return count;
  const bool is_text = lua_type(L, -1) == LUA_TSTRING; /* "2" would read as a number */
  return heapster__lua_raise_argument(L, argument, "%s: integer from %I up expected, got %s", name, (LUAI_UACINT)least,
                                      is_text ? heapster__lua_type_name(L, -1) : luaL_tolstring(L, -1, NULL));
}

static void set_warmup(lua_State *L, int argument, struct heapster__lua_options *options) {
  options->warmup = check_integer(L, argument, "warmup", 0);
}

static void set_repeat(lua_State *L, int argument, struct heapster__lua_options *options) {
  options->repeat = check_integer(L, argument, "repeat", 1);
}

static void set_explain(lua_State *L, int argument, struct heapster__lua_options *options) {
  if (!lua_isboolean(L, -1))
    heapster__lua_raise_argument(L, argument, "explain: boolean expected, got %s", heapster__lua_type_name(L, -1));
  options->explains = lua_toboolean(L, -1);
}

static const struct option {
  const char *name;
  enum heapster__lua_option_set set; /* the smallest that has it */
  void (*parse)(lua_State *L, int argument, struct heapster__lua_options *options);
} option_table[] = {
    {"heap", HEAPSTER__LUA_OF_WINDOW, set_heap},      {"scope", HEAPSTER__LUA_OF_WINDOW, set_scope},
    {"warmup", HEAPSTER__LUA_OF_MEASURE, set_warmup}, {"repeat", HEAPSTER__LUA_OF_MEASURE, set_repeat},
    {"gc", HEAPSTER__LUA_OF_MEASURE, set_gc},         {"explain", HEAPSTER__LUA_OF_LIMIT, set_explain},
};
enum { OPTIONS = sizeof option_table / sizeof option_table[0] };

bool heapster__lua_set_option(lua_State *L, int argument, enum heapster__lua_option_set set,
                              struct heapster__lua_options *options) {
  const char *const name = heapster__lua_chars(L, -2);
  for (size_t i = 0; i < OPTIONS; i++) {
    if (option_table[i].set > set || strcmp(option_table[i].name, name) != 0) continue;
    option_table[i].parse(L, argument, options);
    return true;
  }
  return false;
}

/* The key is below the top of the stack. */
static void refuse(lua_State *L, int argument, enum heapster__lua_option_set set) {
  const char *const name = luaL_tolstring(L, -2, NULL);
  struct heapster__spelling spelling = heapster__spelling_of(name);
  for (size_t i = 0; i < OPTIONS; i++) {
    if (option_table[i].set <= set) heapster__spelling_try(&spelling, option_table[i].name);
  }
  const char *const guess = spelling.nearest ? lua_pushfstring(L, "did you mean '%s'? ", spelling.nearest) : "";
  const char *const others = set == HEAPSTER__LUA_OF_MEASURE ? ", warmup, repeat, gc, explain" : "";
  heapster__lua_raise_argument(L, argument, "there is no option '%s'; %soptions: heap, scope%s", name, guess, others);
}

void heapster__lua_parse_options(lua_State *L, int argument, enum heapster__lua_option_set set,
                                 struct heapster__lua_options *options) {
  for (lua_pushnil(L); lua_next(L, argument); lua_pop(L, 1)) {
    if (!heapster__lua_set_option(L, argument, set, options)) refuse(L, argument, set);
  }
}
