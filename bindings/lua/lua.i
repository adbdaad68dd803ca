/* How the values of heapster.i look in Lua. What is written by hand is in lua/*.c. */
%begin %{
#define SWIG_TYPE_TABLE heapster
#include "lua/module.h"
%}

/* SWIG's own words name the C functions and types. */
%{
#undef SWIG_check_num_args
#define SWIG_check_num_args(name, least, most) \
  heapster__lua_check_count(L, least, most);
%}

/* Values: checked by their metatables, as any other userdata would be read as garbage. They lie inside their userdata,
   so that what SWIG gets to own is copied and freed. */
%typemap(in) struct heapster_stats *, const struct heapster_stats * "$1 = heapster__lua_check(L, $input, HEAPSTER__LUA_STATS);"
%typemap(in) struct heapster_histogram *, const struct heapster_histogram * "$1 = heapster__lua_check(L, $input, HEAPSTER__LUA_HISTOGRAM);"
%typemap(in) struct heapster_status *, const struct heapster_status * "$1 = heapster__lua_check(L, $input, HEAPSTER__LUA_STATUS);"
%typemap(in) struct heapster_frame *, const struct heapster_frame * "$1 = heapster__lua_check(L, $input, HEAPSTER__LUA_FRAME);"
%typemap(in) struct heapster_frames *, const struct heapster_frames * "$1 = heapster__lua_check(L, $input, HEAPSTER__LUA_FRAMES);"
%typemap(in) struct heapster_heap *, const struct heapster_heap * "$1 = *(struct heapster_heap **)heapster__lua_check(L, $input, HEAPSTER__LUA_HEAP);"
%typemap(in) const struct heapster_heap *named_heap "$1 = (struct heapster_heap *)heapster__lua_check_heap(L, $input);"
%typemap(default) const struct heapster_heap *heap "$1 = NULL;"
%typemap(in) const struct heapster_heap *heap %{ if (!lua_isnil(L, $input)) $1 = (struct heapster_heap *)heapster__lua_check_heap(L, $input); %}
%typemap(out) struct heapster_heap * "heapster__lua_push_heap(L, $1); SWIG_arg++;"
%typemap(out) const struct heapster_stats * {
  if ($1) heapster__lua_push_stats(L, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_frame * {
  if (arg1->kept_count) heapster__lua_push_frame(L, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_lua_kinds * {
  if (arg1->has_lua_kinds) heapster__lua_push_kinds(L, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_histogram * "heapster__lua_push_histogram(L, $1); SWIG_arg++;"

%define HEAPSTER_NEW(type)
%typemap(out) struct heapster_new_##type {
  struct heapster_##type copy;
  if ($1.error) return heapster__lua_raise_core(L, $1.error);
  copy = *$1.value;
  heapster__value_free($1.value);
  heapster__lua_push_##type(L, &copy);
  SWIG_arg++;
}
%enddef
HEAPSTER_NEW(stats)
HEAPSTER_NEW(histogram)
HEAPSTER_NEW(status)
HEAPSTER_NEW(frames)
%{
static void heapster__lua_push_status(lua_State *L, const struct heapster_status *status) {
  *(struct heapster_status *)heapster__lua_new(L, HEAPSTER__LUA_STATUS, sizeof *status) = *status;
}
%}

/* Numbers: SWIG pushes every integer as a float. */
%typemap(out) uint64_t, uint32_t, int64_t "lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++;"
%typemap(out) uint64_t worst_index {
  if ($1) lua_pushinteger(L, (lua_Integer)$1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) uint64_t FIGURE {
  const struct heapster_figure figure = heapster__stats_figure(arg1, "$1_name");
  if (figure.is_defined) lua_pushinteger(L, (lua_Integer)figure.value);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_real {
  if ($1.is_defined) lua_pushnumber(L, $1.value);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(in) double q {
  $1 = luaL_checknumber(L, $input);
  luaL_argcheck(L, $1 >= 0 && $1 <= 1, $input, "a share is 0 .. 1");
}

/* Words. */
%typemap(in) const char *name %{
  luaL_checktype(L, $input, LUA_TSTRING);
  $1 = (char *)heapster__lua_chars(L, $input);
%}
%typemap(out) enum heapster_stats_kind "lua_pushstring(L, heapster__kind_name($1)); SWIG_arg++;"
%typemap(out) enum heapster_scope "lua_pushstring(L, heapster__scope_name($1)); SWIG_arg++;"
%typemap(out) struct heapster_text "heapster__lua_push_text(L, $1); SWIG_arg++;"

/* hook and unhook answer with it. */
%typemap(out) enum heapster_error heapster_frame_mark "if ($1) return heapster__lua_raise_core(L, $1);"
%typemap(out) enum heapster_error "if ($1) return heapster__lua_raise_hook(L, \"$symname\", $1, arg1);"

%insert("wrapper") %{
/* lua/module.c has the name that Lua looks for. */
#undef SWIGEXPORT
#define SWIGEXPORT
#undef SWIG_init
#define SWIG_init heapster__lua_open_generated

static void adopt(lua_State *L, const char *name, enum heapster__lua_class kind) {
  SWIG_Lua_get_class_metatable(L, name);
  heapster__lua_class_adopt(L, kind);
}
%}
%init %{
  adopt(L, "Stats", HEAPSTER__LUA_STATS);
  adopt(L, "Histogram", HEAPSTER__LUA_HISTOGRAM);
  adopt(L, "Heap", HEAPSTER__LUA_HEAP);
  adopt(L, "Status", HEAPSTER__LUA_STATUS);
  adopt(L, "Frame", HEAPSTER__LUA_FRAME);
  adopt(L, "Frames", HEAPSTER__LUA_FRAMES);
%}
