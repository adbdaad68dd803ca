/* A line is a command of scripts/commands.lua where it begins with a slash, else Lua: an expression, whose values are
   printed, with or without "=" in front, or statements. One that is not finished goes on in the next line; an empty
   line gives it up. */
#include "console.h"

#include <lauxlib.h>
#include <string.h>

enum verdict { DONE, FAILED, UNFINISHED };
enum { WORDS = 8 };

static const char blanks[] = " \t\r";

/* --- Lua --- */

static bool is_unfinished(lua_State *L) {
  static const char end[] = "<eof>";
  const char *const message = lua_tostring(L, -1);
  const size_t length = message ? strlen(message) : 0;
  return length >= sizeof end - 1 && strcmp(message + length - (sizeof end - 1), end) == 0;
}

static int compile(lua_State *L, const char *text, size_t length) {
  return luaL_loadbufferx(L, text, length, "=console", "t");
}

static int compile_expression(lua_State *L, const char *text, size_t length) {
  lua_pushliteral(L, "return ");
  lua_pushlstring(L, text, length);
  lua_concat(L, 2);
  size_t whole;
  const char *const expression = lua_tolstring(L, -1, &whole);
  const int status = compile(L, expression, whole);
  lua_remove(L, -2);
  return status;
}

/* Leaves the chunk, or the reason why there is none: that of the statements where it is no expression either. */
static int compile_line(lua_State *L, const char *text, size_t length) {
  if (text[0] == '=') return compile_expression(L, text + 1, length - 1);
  if (compile_expression(L, text, length) == LUA_OK) return LUA_OK;
  lua_pop(L, 1);
  return compile(L, text, length);
}

static void print_values(lua_State *L, int first) {
  const int last = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, "too many values to print");
  for (int i = first; i <= last; i++) {
    size_t length;
    const char *const text = luaL_tolstring(L, i, &length);
    fwrite(text, 1, length, stdout);
    fputc(i < last ? '\t' : '\n', stdout);
    lua_pop(L, 1);
  }
}

static enum verdict execute_lua(lua_State *L, const struct console *console) {
  const int base = lua_gettop(L);
  const int status = compile_line(L, console->text, console->length);
  if (status == LUA_ERRSYNTAX && !console->is_ending && is_unfinished(L)) return UNFINISHED;
  if (status != LUA_OK) return (enum verdict)lua_error(L);
  lua_call(L, 0, LUA_MULTRET);
  print_values(L, base + 1);
  return DONE;
}

/* --- commands --- */

static int push_words(lua_State *L, const char *text) {
  int count = 0;
  for (text += strspn(text, blanks); *text && count < WORDS; text += strspn(text, blanks)) {
    const size_t length = strcspn(text, blanks);
    lua_pushlstring(L, text, length);
    text += length;
    count++;
  }
  return count;
}

static enum verdict execute_command(lua_State *L, const char *text) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "commands");
  const int commands = lua_gettop(L);
  const int count = push_words(L, text + 1);
  const char *const name = count ? lua_tostring(L, commands + 1) : "";
  if (lua_getfield(L, commands, name) != LUA_TFUNCTION)
    return (enum verdict)luaL_error(L, "no command is called '/%s'; /help lists them", name);
  lua_replace(L, commands + 1);
  lua_call(L, count - 1, 0);
  return DONE;
}

/* --- both, protected --- */

static int execute(lua_State *L) {
  const struct console *const console = lua_touserdata(L, 1);
  const enum verdict verdict = console->text[0] == '/' ? execute_command(L, console->text) : execute_lua(L, console);
  lua_pushinteger(L, verdict);
  return 1;
}

/* What was raised, as text. It is called by Lua, so that a __tostring that fails is an error like others. */
static int in_words(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

static enum verdict run_text(struct console *console) {
  lua_State *const L = console->L;
  lua_settop(L, 0);
  lua_pushcfunction(L, in_words);
  lua_pushcfunction(L, execute);
  lua_pushlightuserdata(L, console);
  enum verdict verdict = FAILED;
  if (lua_pcall(L, 1, 1, 1) == LUA_OK) {
    verdict = (enum verdict)lua_tointeger(L, -1);
  } else {
    const char *const why = lua_tostring(L, -1);
    printf("%s\n", why ? why : "an error whose text failed");
  }
  lua_settop(L, 0);
  return verdict;
}

/* Runs what there is, and forgets it unless it goes on in the next line. */
static enum verdict run(struct console *console, bool is_ending) {
  console->is_ending = is_ending;
  const enum verdict verdict = run_text(console);
  if (verdict != UNFINISHED) console->length = 0;
  return verdict;
}

bool console_execute(struct console *console, const char *line) {
  console->length = (size_t)snprintf(console->text, sizeof console->text, "%s", line);
  return run(console, true) == DONE;
}

/* --- lines --- */

enum line { LINE, EMPTY, TOO_LONG, END };

static void prompt(const struct console *console) {
  fputs(console->length ? ">> " : "> ", stdout);
  fflush(stdout);
}

/* Appends one line to the text. */
static enum line read_line(struct console *console) {
  if (console->length) console->text[console->length++] = '\n';
  const size_t start = console->length;
  size_t length = start;
  int byte;
  while ((byte = getc(console->in)) != EOF && byte != '\n') {
    if (length < CONSOLE_TEXT - 1) console->text[length] = (char)byte;
    length++;
  }
  if (byte == EOF && length == start) return END;
  if (length >= CONSOLE_TEXT - 1) return TOO_LONG;
  console->text[length] = '\0';
  console->length = length;
  return length == start ? EMPTY : LINE;
}

static void echo(const struct console *console, size_t start) {
  if (console->is_echoing) printf("%.*s\n", (int)(console->length - start), console->text + start);
}

static bool is_quit(const struct console *console) {
  static const char quit[] = "/quit";
  const size_t length = sizeof quit - 1;
  return strncmp(console->text, quit, length) == 0 &&
         strspn(console->text + length, blanks) == console->length - length;
}

bool console_run(struct console *console) {
  for (;;) {
    prompt(console);
    const size_t start = console->length ? console->length + 1 : 0;
    const enum line line = read_line(console);
    if (line == LINE || line == EMPTY) echo(console, start);
    if (line == END || line == TOO_LONG) putchar('\n');
    if (line == LINE && is_quit(console)) return true;
    if (line == TOO_LONG) {
      printf("a line, or several that belong together, may have %d bytes\n", CONSOLE_TEXT - 2);
      console->length = 0;
    } else if (line == LINE || start > 0) {
      run(console, line != LINE);
    }
    if (line == END) return false;
  }
}
