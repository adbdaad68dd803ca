/* A request is stopped after each of its instructions in turn, and what another thread could do meanwhile is done: arm,
   disarm, or both. What was counted since is at sites or under way, and at most one request is. law_arming */
#include "bump.h"
#include "support.h"
#include "trap.h"

#include "base/lock.h"
#include "count/sums.h"
#include "heap/heap.h"

#include <signal.h>
#include <ucontext.h>

enum { MOST_STEPS = 100000, SMALL = 40, LARGER = 100, LARGE = 70000, TRAP_FLAG = 0x100, FIGURES = 6 };

static struct heapster_heap *heaps[2];
static volatile sig_atomic_t steps;
static volatile sig_atomic_t stop_at;
static void (*interruption)(void);
static void *block;
static uint64_t at_sites[2][FIGURES]; /* of this arming and the one before, in the order of struct heapster_requests */

static uint16_t attribute_alloc(const struct heapster__attribution *to, uint64_t size) {
  at_sites[to->arming % 2][0] += 1;
  at_sites[to->arming % 2][1] += size;
  return 0;
}

static void attribute_resize(const struct heapster__attribution *to, const struct heapster__resize *resize) {
  if (resize->to > resize->from) {
    at_sites[to->arming % 2][2] += 1;
    at_sites[to->arming % 2][3] += resize->to - resize->from;
  }
  if (resize->is_moved) {
    at_sites[to->arming % 2][4] += 1;
    at_sites[to->arming % 2][5] += resize->from < resize->to ? resize->from : resize->to;
  }
}

static void stop(int number, siginfo_t *unused, void *context) {
  (void)number, (void)unused, (void)context;
  if (++steps != stop_at) return;
#if defined(__x86_64__)
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
#endif
  interruption();
}

/* Runs `act` and, after its n-th instruction, `meanwhile`. False: it has fewer instructions. */
static bool run_stopped(void (*act)(void), void (*meanwhile)(void), sig_atomic_t step) {
  steps = 0;
  stop_at = step;
  interruption = meanwhile;
  trap_every_instruction();
  act();
  trap_no_more();
  return steps >= step;
}

static void alloc_small(void) { block = heapster_heap_malloc(heaps[0], SMALL); }
static void alloc_large(void) { block = heapster_heap_malloc(heaps[0], LARGE); }
static void grow(void) { block = heapster_heap_realloc(heaps[0], block, LARGER); }
static void release(void) { heapster_heap_free(heaps[0], block); }
static void use_the_other_heap(void) { heapster_heap_free(heaps[1], heapster_heap_malloc(heaps[1], SMALL)); }

static void use_one_heap(void) {
  alloc_small();
  grow();
  release();
}

/* What was counted when it was armed. Counters, not a window: that shows nothing of a request that is half counted. */
struct span {
  struct heapster__totals before;
  uint32_t arming;
};

static struct heapster__totals read_totals(void) {
  struct heapster__totals totals = {0};
  for (const struct heapster_heap *each = heapster_heap_next(NULL); each; each = heapster_heap_next(each))
    heapster__sum_heap(&totals, each->number);
  return totals;
}

static struct span arm(void) {
  static const struct heapster__attributor attributor = {attribute_alloc, attribute_resize};
  struct span span = {.before = read_totals()};
  heapster__lock();
  span.arming = heapster__arm(&attributor, NULL);
  heapster__unlock();
  for (unsigned i = 0; i < FIGURES; ++i) at_sites[span.arming % 2][i] = 0;
  return span;
}

static void require_sum(const char *law, const char *name, uint64_t counted, uint64_t armed, uint64_t at,
                        uint64_t most_under_way) {
  if (armed != counted)
    die(law, "%s: %llu counted, %llu of them while armed", name, (unsigned long long)counted,
        (unsigned long long)armed);
  if (at > counted || counted - at > most_under_way)
    die(law, "%s: %llu counted, %llu at sites", name, (unsigned long long)counted, (unsigned long long)at);
}

static void disarm(const char *law, const struct span *span, bool may_be_under_way) {
  struct heapster_requests armed = {0};
  struct heapster_stats stats;
  const uint64_t *at = at_sites[span->arming % 2];
  const struct heapster__totals after = read_totals();
  heapster__stats_fill(&stats, &after, &span->before);
  heapster__lock();
  heapster__disarm();
  heapster__add_armed(&armed, NULL, 0);
  heapster__unlock();
#define REQUIRE(name, index, most) \
  require_sum(law, #name, stats.name, armed.name, at[index], (uint64_t)may_be_under_way *(most))
  REQUIRE(alloc_count, 0, 1);
  REQUIRE(alloc_sum, 1, LARGE);
  REQUIRE(realloc_growth_count, 2, 1);
  REQUIRE(realloc_growth_sum, 3, LARGE);
  REQUIRE(realloc_move_count, 4, 1);
  REQUIRE(realloc_move_sum, 5, LARGE);
#undef REQUIRE
}

static struct span first;
static struct span second;

static void arm_second(void) { second = arm(); }

static bool law_holds_when_armed_inside_a_request(void (*act)(void), sig_atomic_t step) {
  if (!run_stopped(act, arm_second, step)) return false;
  use_one_heap();
  disarm(__func__, &second, true);
  return true;
}

static void disarm_first(void) { disarm("law_holds_when_disarmed_inside_a_request", &first, true); }

static bool law_holds_when_disarmed_inside_a_request(void (*act)(void), sig_atomic_t step) {
  first = arm();
  if (run_stopped(act, disarm_first, step)) return true;
  disarm_first();
  return false;
}

static void disarm_and_arm(void) {
  disarm_first();
  second = arm();
}

static bool law_holds_when_armed_again_inside_a_request(void (*act)(void), sig_atomic_t step) {
  first = arm();
  if (!run_stopped(act, disarm_and_arm, step)) {
    disarm_first();
    return false;
  }
  use_one_heap();
  disarm(__func__, &second, true);
  return true;
}

static bool law_holds_when_armed_while_the_fast_path_opens(void (*act)(void), sig_atomic_t step) {
  first = arm();
  disarm(__func__, &first, false);
  return law_holds_when_armed_inside_a_request(act, step);
}

static void request_armed(void) {
  second = arm();
  use_one_heap();
}

/* A handler's requests, and an arming, anywhere in the noting of what a shard had counted. */
static bool law_holds_when_a_handler_requests_too(void (*act)(void), sig_atomic_t step) {
  if (!run_stopped(act, request_armed, step)) return false;
  use_one_heap();
  disarm(__func__, &second, true);
  return true;
}

/* Before each step the heap is open on the fast path, and a block is there for a resize or a free. */
static void check_at_every_step(bool (*law)(void (*)(void), sig_atomic_t), void (*act)(void)) {
  for (support_run.step = 1; support_run.step < MOST_STEPS; ++support_run.step) {
    use_the_other_heap();
    use_one_heap();
    if (act == grow || act == release) alloc_small();
    const bool is_stopped = law(act, (sig_atomic_t)support_run.step);
    if (act == grow || act == alloc_small || act == alloc_large) release();
    if (!is_stopped) return;
  }
}

typedef bool law_of(void (*act)(void), sig_atomic_t step);

static void check_short_requests(law_of *law) {
  check_at_every_step(law, alloc_small);
  check_at_every_step(law, grow);
}

int main(void) {
  const struct sigaction action = {.sa_sigaction = stop, .sa_flags = SA_SIGINFO};
  if (!is_sharded()) return skip_law("nothing is armed without thread records");
  require(sigaction(SIGTRAP, &action, NULL) == 0, "no handler could be set");
  require_ok(heapster_heap_create("first", NULL, &heaps[0]));
  require_ok(heapster_heap_create("second", NULL, &heaps[1]));
  check_short_requests(law_holds_when_armed_inside_a_request);
  check_at_every_step(law_holds_when_armed_inside_a_request, alloc_large);
  check_at_every_step(law_holds_when_armed_inside_a_request, release);
  check_at_every_step(law_holds_when_armed_inside_a_request, use_the_other_heap);
  check_short_requests(law_holds_when_disarmed_inside_a_request);
  check_short_requests(law_holds_when_armed_again_inside_a_request);
  check_short_requests(law_holds_when_armed_while_the_fast_path_opens);
  check_at_every_step(law_holds_when_a_handler_requests_too, alloc_small);
  return support_run.step > 1 ? 0 : skip_law("no instruction was trapped");
}
