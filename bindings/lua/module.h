/* Between the files of the Lua module. Functions that take a lua_State may raise a Lua error. */
#ifndef HEAPSTER__LUA_MODULE_H
#define HEAPSTER__LUA_MODULE_H

#include <lua.h>

#include <lauxlib.h>

#include "common/script.h"

/* In generated code: leaves the module's table, with the generated functions, on the stack. */
int heapster__lua_open_generated(lua_State *L);

/* lua/hook.c: hook, unhook and status of the module on the stack know the state; and hooks it, or what HEAPSTER_HOOKS
 * says. */
void heapster__lua_start(lua_State *L);

/* lua/value.c: userdata of the module's classes. A value lies inside its userdata, so that Lua's collector knows how
   large it is; of a Heap, that is a pointer. */
enum heapster__lua_class {
  HEAPSTER__LUA_STATS,
  HEAPSTER__LUA_HISTOGRAM,
  HEAPSTER__LUA_HEAP,
  HEAPSTER__LUA_STATUS,
  HEAPSTER__LUA_FRAME,
  HEAPSTER__LUA_FRAMES,
  HEAPSTER__LUA_MEASURING,
  HEAPSTER__LUA_RUN,
  HEAPSTER__LUA_KINDS,
  HEAPSTER__LUA_KIND,
  HEAPSTER__LUA_CLASSES
};

/* Pushes a new value of `size` bytes, which the caller fills. A Measuring has one user value. */
void *heapster__lua_new(lua_State *L, enum heapster__lua_class kind, size_t size);

/* The value at `index`; `test` answers NULL for anything else, `check` raises an argument error. */
void *heapster__lua_test(lua_State *L, int index, enum heapster__lua_class kind);
void *heapster__lua_check(lua_State *L, int index, enum heapster__lua_class kind);

/* Makes a class of two tables on the stack, which it pops: attributes by name, as C functions, and methods. */
void heapster__lua_class_add(lua_State *L, enum heapster__lua_class kind, const luaL_Reg *metamethods);

/* Makes a class of SWIG's metatable of it, which is on the stack and popped. */
void heapster__lua_class_adopt(lua_State *L, enum heapster__lua_class kind);

/* __index, as a metamethod: attributes and methods; other names are an error. */
int heapster__lua_index(lua_State *L);

/* What __pairs answers: an iterator whose upvalues are the value and the number of its next item, which begins at 0. */
int heapster__lua_pairs(lua_State *L, enum heapster__lua_class kind, lua_CFunction next);

/* lua/stats.c, lua/histogram.c, lua/heap.c, lua/frames.c: what a class has beyond what SWIG makes. */
extern const luaL_Reg heapster__lua_stats_metamethods[];
extern const luaL_Reg heapster__lua_histogram_metamethods[];
extern const luaL_Reg heapster__lua_heap_metamethods[];
extern const luaL_Reg heapster__lua_frames_metamethods[];
void heapster__lua_push_frame(lua_State *L, const struct heapster_frame *frame);
void heapster__lua_push_frames(lua_State *L, const struct heapster_frames *frames);
int heapster__lua_stats(lua_State *L);
int heapster__lua_stats_as_table(lua_State *L);
struct heapster_stats *heapster__lua_new_stats(lua_State *L); /* to be filled; has no share */
void heapster__lua_push_stats(lua_State *L, const struct heapster_stats *stats);
void heapster__lua_push_histogram(lua_State *L, const struct heapster_histogram *histogram);
void heapster__lua_push_heap(lua_State *L, const struct heapster_heap *heap);
int heapster__lua_heaps(lua_State *L);

/* lua/kinds.c: the classes; a value; a plain table. */
void heapster__lua_kinds_add(lua_State *L);
void heapster__lua_push_kinds(lua_State *L, const struct heapster_lua_kinds *kinds);
void heapster__lua_push_kinds_table(lua_State *L, const struct heapster_lua_kinds *kinds);

/* Whether a name or a Heap is at `index`; the heap of it: UnknownHeap, NotCounting. */
bool heapster__lua_is_heap(lua_State *L, int index);
const struct heapster_heap *heapster__lua_find_heap(lua_State *L, int index);
const struct heapster_heap *heapster__lua_check_heap(lua_State *L, int argument);

/* lua/error.c: error values, tables with the fields `kind` and `message`. */
enum heapster__lua_error {
  HEAPSTER__LUA_UNKNOWN_HEAP,
  HEAPSTER__LUA_NOT_COUNTING,
  HEAPSTER__LUA_LIMIT_EXCEEDED,
  HEAPSTER__LUA_ERRORS
};

/* Sets the kinds in the module, whose table is on the stack. */
void heapster__lua_errors_add(lua_State *L);

/* Pushes an error value with the place of the caller; frees `message`. */
void heapster__lua_push_error(lua_State *L, enum heapster__lua_error kind, struct heapster_text message);

/* Raise, and do not return. */
int heapster__lua_raise(lua_State *L, enum heapster__lua_error kind, struct heapster_text message);
int heapster__lua_raise_core(lua_State *L, enum heapster_error error);
int heapster__lua_raise_hook(lua_State *L, const char *verb, enum heapster_error error, const char *hook);

/* The string at `index`, which is one, for C; an error where a null character would end it early. */
const char *heapster__lua_chars(lua_State *L, int index);

/* What an error message calls the value at `index`. May leave its name on the stack. */
const char *heapster__lua_type_name(lua_State *L, int index);

/* Raises an error unless the function got as many arguments. */
void heapster__lua_check_count(lua_State *L, int least, int most);

/* Pushes a text as a string, and frees it. */
const char *heapster__lua_push_text(lua_State *L, struct heapster_text text);

/* lua/options.c: how and where a window counts. */
struct heapster__lua_options {
  const struct heapster_heap *heap;
  enum heapster_scope scope;
  lua_Integer warmup;
  lua_Integer repeat;
  bool stops_gc;
};
enum heapster__lua_options_of { HEAPSTER__LUA_OF_WINDOW, HEAPSTER__LUA_OF_MEASURE };

struct heapster__lua_options heapster__lua_options_default(void);

/* Sets one option from key and value on the top of the stack, which stay; false where the key is none. */
bool heapster__lua_option_set(lua_State *L, int argument, enum heapster__lua_options_of which,
                              struct heapster__lua_options *options);

/* Sets all, from the table at `argument`; an unknown one is an error. */
void heapster__lua_options_take(lua_State *L, int argument, enum heapster__lua_options_of which,
                                struct heapster__lua_options *options);

/* lua/window.c: a window that is closed at the latest when its userdata, which it begins, is closed or collected. */
struct heapster__lua_window {
  struct heapster_window window;
  bool is_open;
};
extern const luaL_Reg heapster__lua_window_metamethods[];
void heapster__lua_window_drop(struct heapster__lua_window *window); /* if it is open */
void heapster__lua_check_counting(lua_State *L, const struct heapster__lua_options *options);
void heapster__lua_window_begin(lua_State *L, struct heapster__lua_window *window,
                                const struct heapster__lua_options *options);
void heapster__lua_window_end(lua_State *L, struct heapster__lua_window *window, struct heapster_stats *stats);

/* lua/run.c: a function called in windows of its own. */
struct heapster__lua_run {
  struct heapster__lua_window window;
  struct heapster__lua_options options;
  lua_Integer runs; /* so far */
  int arguments;
  int results; /* of the run that counts, on the stack above the arguments */
  int (*deliver)(lua_State *L, struct heapster__lua_run *run);
  bool restarts_gc; /* the collector ran before, and runs again when this has ended */
  size_t limit_count;
  struct heapster_limit limits[];
};
enum { HEAPSTER__LUA_RUN_STATS = 2 }; /* where on the stack the Stats are in `deliver` */

/* Of its userdata, which begins with the window. */
extern const luaL_Reg heapster__lua_run_metamethods[];

bool heapster__lua_is_callable(lua_State *L, int index);

/* Runs the function and arguments that are all of the stack, and answers what `deliver` does with the results on its
   top. The caller fills in nothing but the limits, which it copies. */
int heapster__lua_run(lua_State *L, const struct heapster__lua_run *like, const struct heapster_limit *limits);

int heapster__lua_measure(lua_State *L);

/* lua/gc.c: collects, and stops the collector until the run has ended, if it ran. */
void heapster__lua_gc_stop(lua_State *L, struct heapster__lua_run *run);
void heapster__lua_gc_restore(lua_State *L, struct heapster__lua_run *run);

/* lua/measuring.c */
int heapster__lua_measuring(lua_State *L);
void heapster__lua_measuring_add(lua_State *L);

/* lua/limit.c; lua/limit_value.c: a limit on the field of that name, from the value on the top of the stack. */
int heapster__lua_limit(lua_State *L);
struct heapster_limit heapster__lua_limit_of(lua_State *L, const char *name);

#endif
