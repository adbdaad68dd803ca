/* What functions in C request of malloc or of a heap, while the lines of the state that calls them are followed: it is
   at the line that called them. */
#include "hooks/script/lua_hook.h"
#include "hooks/script/lua_state.h"

static struct {
  const struct heapster__lua_state *_Atomic state; /* NULL: none is followed */
  const struct heapster__thread *_Atomic thread;   /* that runs it */
} followed;

static struct heapster__site find_site(const void *caller) {
  const struct heapster__lua_state *state = heapster__load_acquire(&followed.state);
  const bool is_here = state && heapster__load_relaxed(&followed.thread) == heapster__this_thread();
  if (is_here && state->site.kind != HEAPSTER__SITE_UNKNOWN) return state->site;
  return (struct heapster__site){(uintptr_t)caller, 0, HEAPSTER__SITE_C};
}

void heapster__lua_follow_calls(void *ud) {
  heapster__store_relaxed(&followed.thread, heapster__this_thread());
  heapster__store_release(&followed.state, ud); /* pairs with the acquire above */
  heapster__store_release(&heapster__site_finder,
                          ud ? find_site : heapster__load_relaxed(&heapster__lasting_site_finder));
}
