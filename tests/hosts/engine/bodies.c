/* Bodies by number, in chunks from the heap `entities`. */
#include "bodies.h"

#include <lauxlib.h>

enum heapster_error bodies_open(struct bodies *bodies) {
  *bodies = (struct bodies){.heap = NULL};
  return heapster_heap_create("entities", NULL, &bodies->heap);
}

static struct body *body_at(const struct bodies *bodies, lua_Integer number) {
  return &bodies->chunks[(number - 1) / BODIES_A_CHUNK][(number - 1) % BODIES_A_CHUNK];
}

void bodies_step(struct bodies *bodies, double seconds) {
  for (lua_Integer number = 1; number <= bodies->made; number++) {
    struct body *const body = body_at(bodies, number);
    body->x += body->dx * seconds;
    body->y += body->dy * seconds;
  }
}

/* --- places --- */

static bool add_chunk(struct bodies *bodies) {
  const lua_Integer chunk = bodies->made / BODIES_A_CHUNK;
  if (chunk == BODY_CHUNKS) return false;
  bodies->chunks[chunk] = heapster_heap_calloc(bodies->heap, BODIES_A_CHUNK, sizeof(struct body));
  return bodies->chunks[chunk] != NULL;
}

/* 0: there is no room. */
static lua_Integer take_place(struct bodies *bodies) {
  const lua_Integer vacant = bodies->vacant;
  if (vacant) {
    bodies->vacant = body_at(bodies, vacant)->next_vacant;
    return vacant;
  }
  if (bodies->made % BODIES_A_CHUNK == 0 && !add_chunk(bodies)) return 0;
  return ++bodies->made;
}

/* --- for scripts --- */

static struct bodies *all(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }

static struct body *check_body(lua_State *L) {
  const struct bodies *const bodies = all(L);
  const lua_Integer number = luaL_checkinteger(L, 1);
  if (number < 1 || number > bodies->made || body_at(bodies, number)->radius == 0)
    luaL_argerror(L, 1, lua_pushfstring(L, "no body has the number %I", number));
  return body_at(bodies, number);
}

static int make_body(lua_State *L) {
  const struct body made = {.x = luaL_checknumber(L, 1), .y = luaL_checknumber(L, 2), .radius = luaL_checknumber(L, 3)};
  luaL_argcheck(L, made.radius > 0, 3, "a radius is more than 0");
  const lua_Integer number = take_place(all(L));
  if (!number) return luaL_error(L, "no room for a body beyond the %d that there are", BODIES_A_CHUNK * BODY_CHUNKS);
  *body_at(all(L), number) = made;
  lua_pushinteger(L, number);
  return 1;
}

static int free_body(lua_State *L) {
  struct bodies *const bodies = all(L);
  *check_body(L) = (struct body){.next_vacant = bodies->vacant};
  bodies->vacant = lua_tointeger(L, 1);
  return 0;
}

static int clear(lua_State *L) {
  struct bodies *const bodies = all(L);
  for (unsigned i = 0; i < BODY_CHUNKS; i++) heapster_heap_free(bodies->heap, bodies->chunks[i]);
  *bodies = (struct bodies){.heap = bodies->heap};
  return 0;
}

static int place(lua_State *L) {
  const struct body *const body = check_body(L);
  lua_pushnumber(L, body->x);
  lua_pushnumber(L, body->y);
  return 2;
}

static int speed(lua_State *L) {
  const struct body *const body = check_body(L);
  lua_pushnumber(L, body->dx);
  lua_pushnumber(L, body->dy);
  return 2;
}

static int push(lua_State *L) {
  struct body *const body = check_body(L);
  body->dx = luaL_checknumber(L, 2);
  body->dy = luaL_checknumber(L, 3);
  return 0;
}

static bool is_touching(const struct body *a, const struct body *b) {
  const double x = a->x - b->x;
  const double y = a->y - b->y;
  const double reach = a->radius + b->radius;
  return a != b && b->radius > 0 && x * x + y * y < reach * reach;
}

static int touching(lua_State *L) {
  const struct bodies *const bodies = all(L);
  const struct body *const body = check_body(L);
  for (lua_Integer number = 1; number <= bodies->made; number++) {
    if (!is_touching(body, body_at(bodies, number))) continue;
    lua_pushinteger(L, number);
    return 1;
  }
  return 0;
}

void bodies_register(struct bodies *bodies, lua_State *L) {
  static const luaL_Reg functions[] = {{"make", make_body},    {"free", free_body}, {"clear", clear},
                                       {"place", place},       {"speed", speed},    {"push", push},
                                       {"touching", touching}, {NULL, NULL}};
  luaL_newlibtable(L, functions);
  lua_pushlightuserdata(L, bodies);
  luaL_setfuncs(L, functions, 1);
  lua_setglobal(L, "bodies");
}
