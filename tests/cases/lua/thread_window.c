/* A window of thread scope whose state is closed on another thread: it cannot be ended there, but it must not be lost
   for good. */
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>

#include "verdict.h"

static void *close_state(void *L) {
  lua_close(L);
  return NULL;
}

int main(void) {
  struct heapster_status status;
  pthread_t thread;
  for (int i = 0; i < 3; i++) {
    lua_State *L = luaL_newstate();
    must(L);
    luaL_openlibs(L);
    luaL_requiref(L, "heapster", luaopen_heapster, 1);
    lua_setglobal(L, "heapster");
    must(!luaL_dostring(L, "window = heapster.measuring { scope = 'thread' }"));
    pthread_create(&thread, NULL, close_state, L);
    pthread_join(thread, NULL);
  }
  heapster_status_read(&status);
  return verdict(status.windows_open == 0, "windows_open %u", status.windows_open);
}
