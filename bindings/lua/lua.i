/* How the values of heapster.i look in Lua. */
%begin %{
#define SWIG_TYPE_TABLE heapster
#include "lua/errors.h"
#include "lua/large.h"
#include "lua/module.h"
#include "lua/values.h"
%}

/* SWIG's own message names C functions and types. */
%{
#undef SWIG_check_num_args
#define SWIG_check_num_args(name, least, most) \
  heapster__lua_check_count(L, least, most);
%}

/* Values: recognised by their metatables, and copied into their userdata. */
%define ARGUMENT(type, kind)
%typemap(in) struct heapster_##type *, const struct heapster_##type * "$1 = heapster__lua_check(L, $input, kind);"
%enddef
ARGUMENT(stats, HEAPSTER__CLASS_STATS)
ARGUMENT(histogram, HEAPSTER__CLASS_HISTOGRAM)
ARGUMENT(status, HEAPSTER__CLASS_STATUS)
ARGUMENT(frame, HEAPSTER__CLASS_FRAME)
ARGUMENT(frames, HEAPSTER__CLASS_FRAMES)
%typemap(in) struct heapster__held_heap *, const struct heapster__held_heap * "$1 = heapster__lua_check(L, $input, HEAPSTER__CLASS_HEAP);"
%typemap(in) struct heapster__named_request *, const struct heapster__named_request * "$1 = heapster__lua_check(L, $input, HEAPSTER__CLASS_LARGE_REQUEST);"
%typemap(in) const struct heapster_heap *named_heap "$1 = (struct heapster_heap *)heapster__lua_check_heap(L, $input);"
%typemap(in) const struct heapster_heap *heap %{ if (!lua_isnil(L, $input)) $1 = (struct heapster_heap *)heapster__lua_check_heap(L, $input); %}

%define RESULT(type, kind)
%typemap(out) struct heapster_##type * {
  struct heapster_##type copy;
  if (!$1) return heapster__lua_raise_core(L, HEAPSTER_NO_MEMORY);
  copy = *$1;
  if ($owner) heapster__value_free($1);
  heapster__lua_push(L, kind, &copy);
  SWIG_arg++;
}
%enddef
RESULT(histogram, HEAPSTER__CLASS_HISTOGRAM)
RESULT(status, HEAPSTER__CLASS_STATUS)
RESULT(frames, HEAPSTER__CLASS_FRAMES)
%typemap(out) struct heapster_heap * "heapster__lua_push_heap(L, $1); SWIG_arg++;"
%typemap(out) struct heapster_new_stats {
  struct heapster_stats copy;
  if ($1.error) return heapster__lua_raise_core(L, $1.error);
  copy = *$1.value;
  heapster__stats_free($1.value);
  *heapster__lua_new_stats(L) = copy;
  SWIG_arg++;
}
%typemap(out) struct heapster_stats * {
  if ($1) *heapster__lua_new_stats(L) = *$1;
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_frame * {
  if (arg1->kept_count) heapster__lua_push(L, HEAPSTER__CLASS_FRAME, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) struct heapster_lua_kinds * {
  if (arg1->has_lua_kinds) heapster__lua_push(L, HEAPSTER__CLASS_LUA_KINDS, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}

/* Numbers: SWIG pushes every integer as a float. */
%typemap(out) uint64_t, uint32_t, int64_t "lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++;"
%typemap(out) uint64_t worst_index {
  if ($1) lua_pushinteger(L, (lua_Integer)$1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(out) uint64_t FIGURE {
  int64_t value;
  if (heapster_stats_get(arg1, heapster_field_find("$1_name"), &value)) lua_pushinteger(L, (lua_Integer)value);
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

/* Arguments of watch_large. */
%typemap(in) uint64_t size "$1 = heapster__lua_check_watched(L, $input);"
%typemap(in) bool keep "$1 = heapster__lua_check_keep(L, $input);"
%typemap(out) enum heapster_error heapster__script_watch_large "if ($1) return heapster__lua_raise_watch(L, $1);"

/* Words. */
%typemap(out) char [ANY] {
  if ($1[0]) lua_pushstring(L, $1);
  else lua_pushnil(L);
  SWIG_arg++;
}
%typemap(in) const char *name %{
  luaL_checktype(L, $input, LUA_TSTRING);
  $1 = (char *)heapster__lua_chars(L, $input);
%}
%typemap(out) enum heapster_stats_kind "lua_pushstring(L, heapster__kind_name($1)); SWIG_arg++;"
%typemap(out) enum heapster_scope "lua_pushstring(L, heapster__scope_name($1)); SWIG_arg++;"
%typemap(out) struct heapster_text "heapster__lua_push_text(L, $1); SWIG_arg++;"

/* Returned by hook and unhook. */
%typemap(out) enum heapster_error heapster_frame_mark "if ($1) return heapster__lua_raise_core(L, $1);"
%typemap(out) enum heapster_error "if ($1) return heapster__lua_raise_hook(L, \"$symname\", $1, arg1);"

%insert("wrapper") %{
/* luaopen_heapster is in lua/module.c. */
#undef SWIGEXPORT
#define SWIGEXPORT
#undef SWIG_init
#define SWIG_init heapster__lua_open_generated

/* Lua may raise before SWIG has filled its tables, which are the process's: the next start must fill them. */
void heapster__lua_reset_generated(void) {
  if (!swig_module.types[0]) swig_module.next = NULL;
}

static void adopt(lua_State *L, const char *name, enum heapster__lua_class kind, const luaL_Reg *methods,
                  const luaL_Reg *metamethods) {
  SWIG_Lua_get_class_metatable(L, name);
  if (kind == HEAPSTER__CLASS_STATS) {
    lua_getfield(L, -1, ".get");
    luaL_setfuncs(L, heapster__lua_stats_attributes, 0);
    lua_pop(L, 1);
  }
  heapster__lua_adopt_class(L, kind, methods, metamethods);
}
%}
%init %{
  adopt(L, "Stats", HEAPSTER__CLASS_STATS, heapster__lua_stats_methods, heapster__lua_stats_metamethods);
  adopt(L, "Histogram", HEAPSTER__CLASS_HISTOGRAM, NULL, heapster__lua_histogram_metamethods);
  adopt(L, "Heap", HEAPSTER__CLASS_HEAP, heapster__lua_heap_methods, heapster__lua_heap_metamethods);
  adopt(L, "Status", HEAPSTER__CLASS_STATUS, NULL, NULL);
  adopt(L, "Frame", HEAPSTER__CLASS_FRAME, NULL, NULL);
  adopt(L, "Frames", HEAPSTER__CLASS_FRAMES, NULL, heapster__lua_frames_metamethods);
  adopt(L, "LargeRequest", HEAPSTER__CLASS_LARGE_REQUEST, NULL, NULL);
%}
