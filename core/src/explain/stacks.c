/* Stacks: the calls above a caller. */
#include "explain/stacks.h"

#include "base/platform.h"

#include <string.h>

enum { INDEX = 1 << 14 };
_Static_assert(INDEX >= 4 * HEAPSTER__STACKS, "a search soon comes to a free place");

struct stack {
  uintptr_t caller;
  uintptr_t count;
  uintptr_t frames[HEAPSTER__STACK_FRAMES];
};

struct table {
  _Atomic uint32_t index[INDEX]; /* a stack's number; 0: free */
  _Atomic uint32_t used;         /* numbers given out, perhaps more than there are */
  heapster__counter refused;
  struct stack stacks[HEAPSTER__STACKS]; /* by number, from 1 */
};

static struct table *_Atomic made;

bool heapster__stacks_make(void) {
  if (!heapster__load_acquire(&made)) heapster__store_release(&made, heapster__pages_map(sizeof(struct table)));
  return heapster__load_acquire(&made) != NULL;
}

/* The high bits of a product depend on all bits of the factors. */
static unsigned first_place(const void *caller, const uintptr_t *frames, unsigned count) {
  const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
  uint64_t hash = (uintptr_t)caller * factor;
  for (unsigned i = 0; i < count; i++) hash = (hash ^ hash >> 32 ^ frames[i]) * factor;
  return (unsigned)(hash >> 50);
}
_Static_assert(INDEX == 1 << (64 - 50), "a place is all that the shift leaves");

static bool is_same(const struct stack *stack, const void *caller, const uintptr_t *frames, unsigned count) {
  return stack->caller == (uintptr_t)caller && stack->count == count &&
         !memcmp(stack->frames, frames, count * sizeof *frames);
}

/* Takes a number for a new stack. */
static uint32_t take_number(struct table *table, const void *caller, const uintptr_t *frames, unsigned count) {
  if (heapster__load_relaxed(&table->used) >= HEAPSTER__STACKS) return 0;
  const uint32_t place = heapster__add_relaxed(&table->used, 1);
  if (place >= HEAPSTER__STACKS) return 0;
  struct stack *const stack = &table->stacks[place];
  stack->caller = (uintptr_t)caller;
  stack->count = count;
  memcpy(stack->frames, frames, count * sizeof *frames);
  return place + 1;
}

/* The free place may have been taken meanwhile, by the same stack too: then the search goes on from there. */
uint32_t heapster__stack_find(const void *caller, const uintptr_t *frames, unsigned count) {
  struct table *const table = heapster__load_acquire(&made);
  uint32_t number = 0;
  for (unsigned place = first_place(caller, frames, count);; place = (place + 1) % INDEX) {
    uint32_t there = heapster__load_acquire(&table->index[place]); /* pairs with the swap: the stack is seen complete */
    if (heapster__unlikely(!there)) {
      if (!number) number = take_number(table, caller, frames, count);
      if (!number) {
        heapster__add_relaxed(&table->refused, 1);
        return 0;
      }
      if (heapster__swap_strong(&table->index[place], &there, number)) return number;
    }
    if (heapster__likely(is_same(&table->stacks[there - 1], caller, frames, count))) return there;
  }
}

unsigned heapster__stack_frames(uint64_t number, const uintptr_t **frames) {
  struct table *const table = heapster__load_acquire(&made);
  if (!table || !number || number > HEAPSTER__STACKS) return 0;
  *frames = table->stacks[number - 1].frames;
  return (unsigned)table->stacks[number - 1].count;
}

uint64_t heapster__stacks_refused(void) {
  struct table *const table = heapster__load_acquire(&made);
  return table ? heapster__load_relaxed(&table->refused) : 0;
}
