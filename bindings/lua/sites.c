/* Sites in Lua: an array of Site that cannot be changed, and its text. All is in the one userdata, names included. */
#include <string.h>

#include "lua/classes.h"
#include "lua/errors.h"
#include "lua/explain.h"

struct heapster__lua_sites {
  struct heapster_explanation explanation;
  bool is_replaced;
  size_t count;
  struct heapster_site sites[]; /* then the names */
};

/* The number of the first site that has the same name, by its address. */
static size_t first_with_file(const struct heapster_site *sites, size_t index) {
  size_t first = 0;
  while (sites[first].file != sites[index].file) first++;
  return first;
}

static size_t length_of(const char *name) { return name ? strlen(name) + 1 : 0; }

static size_t names_length(const struct heapster_site *sites, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    if (first_with_file(sites, i) == i) length += length_of(sites[i].file);
    length += length_of(sites[i].function);
  }
  return length;
}

static const char *put_name(char **to, const char *name) {
  if (!name) return NULL;
  char *const copy = *to;
  memcpy(copy, name, length_of(name));
  *to += length_of(name);
  return copy;
}

void heapster__lua_push_sites(lua_State *L, const struct heapster__lua_explained *explained) {
  const struct heapster_site *const from = explained->sites.sites;
  const size_t count = explained->sites.count;
  const size_t size = sizeof(struct heapster__lua_sites) + count * sizeof *from;
  struct heapster__lua_sites *const made =
      heapster__lua_new(L, HEAPSTER__CLASS_SITES, size + names_length(from, count));
  made->explanation = explained->sites.explanation;
  made->is_replaced = explained->is_replaced;
  made->count = count;
  char *names = (char *)made + size;
  for (size_t i = 0; i < count; i++) {
    const size_t first = first_with_file(from, i);
    made->sites[i] = from[i];
    made->sites[i].file = first == i ? put_name(&names, from[i].file) : made->sites[first].file;
    made->sites[i].function = put_name(&names, from[i].function);
  }
}

static const struct heapster__lua_sites *check_sites(lua_State *L) {
  return heapster__lua_check(L, 1, HEAPSTER__CLASS_SITES);
}

struct heapster_text heapster__lua_sites_text(lua_State *L, int index, size_t most) {
  const struct heapster__lua_sites *const sites = heapster__lua_check(L, index, HEAPSTER__CLASS_SITES);
  struct heapster_text text = heapster__sites_text(sites->sites, sites->count, most, &sites->explanation);
  if (sites->is_replaced)
    heapster__text_append(&text,
                          "\nanother debug hook replaced heapster's: what came later is at the line before that");
  return text;
}

static int to_string(lua_State *L) {
  heapster__lua_push_text(L, heapster__lua_sites_text(L, 1, HEAPSTER__LUA_MANY_SITES));
  return 1;
}

/* sites:text([most]) */
static int write_text(lua_State *L) {
  const lua_Integer most = luaL_optinteger(L, 2, HEAPSTER_SITES + 1);
  check_sites(L);
  luaL_argcheck(L, most >= 0, 2, "integer from 0 up expected");
  heapster__lua_push_text(L, heapster__lua_sites_text(L, 1, (size_t)most));
  return 1;
}

static int get_length(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_sites(L)->count);
  return 1;
}

/* A Site keeps the Sites, where its names are, as its user value. */
static int get_item(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return heapster__lua_index(L);
  const struct heapster__lua_sites *const sites = check_sites(L);
  int is_integer;
  const lua_Integer at = lua_tointegerx(L, 2, &is_integer);
  if (is_integer && at >= 1 && (size_t)at <= sites->count) {
    heapster__lua_push(L, HEAPSTER__CLASS_SITE, &sites->sites[at - 1]);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

static uint64_t requests_of(const struct heapster_requests *requests) {
  return requests->alloc_count + requests->realloc_growth_count;
}

static uint64_t elsewhere_of(const struct heapster__lua_sites *sites) {
  uint64_t count = 0;
  for (size_t i = 0; i < sites->count; i++) {
    if (sites->sites[i].kind == HEAPSTER_SITE_ELSEWHERE) count += requests_of(&sites->sites[i].requests);
  }
  return count;
}

static int push_count(lua_State *L, uint64_t count) {
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

static int get_counted(lua_State *L) { return push_count(L, requests_of(&check_sites(L)->explanation.counted)); }
static int get_elsewhere(lua_State *L) { return push_count(L, elsewhere_of(check_sites(L))); }
static int get_under_way(lua_State *L) { return push_count(L, requests_of(&check_sites(L)->explanation.under_way)); }
static int get_explained(lua_State *L) {
  const struct heapster__lua_sites *const sites = check_sites(L);
  return push_count(L, requests_of(&sites->explanation.counted) - requests_of(&sites->explanation.under_way) -
                           elsewhere_of(sites));
}

static const struct heapster_site *check_site(lua_State *L) { return heapster__lua_check(L, 1, HEAPSTER__CLASS_SITE); }

static int push_name(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  return 1;
}

static int get_file(lua_State *L) { return push_name(L, check_site(L)->file); }
static int get_func(lua_State *L) { return push_name(L, check_site(L)->function); }

static int get_kind(lua_State *L) {
  static const char *const kinds[] = {"elsewhere", "c", "python", "lua"};
  return push_name(L, kinds[check_site(L)->kind]);
}

static int get_line(lua_State *L) {
  const uint32_t line = check_site(L)->line;
  if (!line) lua_pushnil(L);
  return line ? push_count(L, line) : 1;
}

#define FIGURE(name, member) \
  static int get_##name(lua_State *L) { return push_count(L, check_site(L)->member); }
FIGURE(alloc_count, requests.alloc_count)
FIGURE(alloc_sum, requests.alloc_sum)
FIGURE(realloc_growth_count, requests.realloc_growth_count)
FIGURE(realloc_growth_sum, requests.realloc_growth_sum)
FIGURE(realloc_move_count, requests.realloc_move_count)
FIGURE(realloc_move_sum, requests.realloc_move_sum)
FIGURE(live_count, live_count)
FIGURE(live_bytes, live_sum)
#undef FIGURE

static int get_alloc_histogram(lua_State *L) {
  heapster__lua_push(L, HEAPSTER__CLASS_HISTOGRAM, &check_site(L)->alloc_histogram);
  return 1;
}

static const luaL_Reg site_attributes[] = {
    {"file", get_file},
    {"line", get_line},
    {"func", get_func},
    {"kind", get_kind},
    {"alloc_count", get_alloc_count},
    {"alloc_sum", get_alloc_sum},
    {"alloc_histogram", get_alloc_histogram},
    {"realloc_growth_count", get_realloc_growth_count},
    {"realloc_growth_sum", get_realloc_growth_sum},
    {"realloc_move_count", get_realloc_move_count},
    {"realloc_move_sum", get_realloc_move_sum},
    {"live_count", get_live_count},
    {"live_bytes", get_live_bytes},
    {NULL, NULL},
};

/* A Site as one line of its own table. */
static int site_to_string(lua_State *L) {
  const struct heapster_site *const site = check_site(L);
  if (site->kind == HEAPSTER_SITE_ELSEWHERE) return push_name(L, "elsewhere");
  lua_pushstring(L, site->file ? site->file : "?");
  if (site->line) lua_pushfstring(L, ":%I", (LUAI_UACINT)site->line), lua_concat(L, 2);
  if (site->function) lua_pushfstring(L, " (%s)", site->function), lua_concat(L, 2);
  return 1;
}

/* sites:as_table(): an array of tables. */
static int as_table(lua_State *L) {
  const struct heapster__lua_sites *const sites = check_sites(L);
  lua_settop(L, 1);
  lua_createtable(L, (int)sites->count, 0);
  for (size_t i = 0; i < sites->count; i++) {
    lua_createtable(L, 0, 12);
    heapster__lua_push(L, HEAPSTER__CLASS_SITE, &sites->sites[i]);
    for (const luaL_Reg *each = site_attributes; each->name; each++) {
      if (each->func == get_alloc_histogram) continue;
      lua_pushcfunction(L, each->func);
      lua_pushvalue(L, -2);
      lua_call(L, 1, 1);
      lua_setfield(L, -3, each->name);
    }
    lua_pop(L, 1);
    lua_rawseti(L, 2, (lua_Integer)i + 1);
  }
  return 1;
}

void heapster__lua_add_sites(lua_State *L) {
  static const luaL_Reg attributes[] = {{"counted", get_counted},
                                        {"elsewhere", get_elsewhere},
                                        {"explained", get_explained},
                                        {"under_way", get_under_way},
                                        {NULL, NULL}};
  static const luaL_Reg methods[] = {{"as_table", as_table}, {"text", write_text}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", get_item}, {"__len", get_length}, {"__tostring", to_string}, {NULL, NULL}};
  static const luaL_Reg site_metamethods[] = {{"__tostring", site_to_string}, {NULL, NULL}};
  luaL_newlib(L, attributes);
  luaL_newlib(L, methods);
  heapster__lua_add_class(L, HEAPSTER__CLASS_SITES, metamethods);
  luaL_newlib(L, site_attributes);
  lua_newtable(L);
  heapster__lua_add_class(L, HEAPSTER__CLASS_SITE, site_metamethods);
}
