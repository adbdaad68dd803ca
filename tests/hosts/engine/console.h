/* The console: reads lines while the game stands still, and executes them in the scripts' state. */
#ifndef ENGINE_CONSOLE_H
#define ENGINE_CONSOLE_H

#include <lua.h>
#include <stdbool.h>
#include <stdio.h>

enum { CONSOLE_TEXT = 1 << 16 }; /* the longest text that is executed, one line or several */

struct console {
  lua_State *L;
  FILE *in;
  bool is_echoing; /* what is read is printed too, for a reader of the output alone */
  bool is_ending;  /* the text does not go on in the next line */
  size_t length;
  char text[CONSOLE_TEXT];
};

/* Reads and executes to the end of the input, or to the command /quit, and answers whether it was that. A line that
   fails is said, and the next one is read. */
bool console_run(struct console *console);

/* Executes one line, and answers whether it ran to its end; says why not. */
bool console_execute(struct console *console, const char *line);

#endif
