/* malloc counted in a running process. */
#include "hooks/attach/attach.h"

#include "base/lock.h"
#include "base/platform.h"
#include "count/doubt.h"
#include "heap/heap.h"
#include "heap/snapshot.h"
#include "hooks/attach/walk.h"

#include <stdio.h>

static struct {
  _Atomic bool is_started;     /* written under the lock */
  const char *_Atomic refusal; /* why it could not be started, the last time it was tried */
  bool has_lost_loader;        /* in the child of a fork among threads: one of the parent's threads may hold its lock */
  bool is_forking_among_threads; /* written by the forking thread, around a fork */
} attached;

static const char *const sentences[HEAPSTER__REASONS] = {
    [HEAPSTER__REFUSED] = "the system does not allow its import table to be written to",
    [HEAPSTER__BOUND_ELSEWHERE] = "it asks another malloc (loaded with RTLD_DEEPBIND, or its own)",
    [HEAPSTER__RELOCATING] =
        "its import table is writable: another thread is loading it just now, or another tool left it so",
    [HEAPSTER__UNRESOLVED] =
        ("whose malloc it asks is not known before its first call; what follows that is counted from "
         "the next reading on"),
};

/* Before figures are read. */
static void rescan(void) {
  if (!attached.has_lost_loader && heapster__walk_is_due()) heapster__walk();
}

/* At a frame mark. */
static void rescan_throttled(void) {
  if (!attached.has_lost_loader && heapster__walk_is_due_at_mark()) heapster__walk();
}

static const char *const lost_loader =
    "loaded libraries cannot be looked at: threads ran when this process was forked, and one of them may hold the "
    "loader's lock for ever";

static const char *const left_behind =
    "its hook is off, but not all import tables could be pointed back: the system refuses to have them written to, or "
    "a library is perhaps being loaded just now; calls through them are counted still";

/* Opens the heap and sets the real functions, before the first slot is written. Returns why not, or NULL. Callers hold
   the lock. */
static const char *start(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__survey survey;
  struct heapster__malloc_hook hook = {.comes_back = true, .can_end = true, .mode = HEAPSTER__MODE_ATTACH};
  heapster__survey_make(&survey);
  const char *const refusal = heapster__survey_refusal(&survey);
  if (refusal) return refusal;
  if (!heapster__publish())
    return "other threads run, and the system does not order what they see (membarrier); hook malloc before they start";
  if (!heapster__replacements_start(&survey.found, &hook.next))
    return "the allocator of the process lacks functions that others have";
  return heapster__malloc_start_locked(&hook) ? NULL : heapster__malloc_hook()->problem;
}

/* Blocks may have been freed while the hook was off. */
static void settle_doubts(void) {
  heapster__settle_unmapped();
  heapster__malloc_settle_doubts();
}

enum heapster_error heapster__attach(void) {
  HEAPSTER__ASSERT(!heapster__malloc_hook() || heapster__malloc_hook()->can_end);
  if (attached.has_lost_loader && !heapster__is_attached()) {
    heapster__store_relaxed(&attached.refusal, lost_loader);
    return HEAPSTER_UNSUPPORTED;
  }
  heapster__lock();
  const char *const refusal = attached.is_started ? NULL : start();
  attached.is_started = !refusal;
  const bool was_on = refusal || heapster__walk_switch(true);
  if (!was_on) settle_doubts();
  heapster__unlock();
  heapster__store_relaxed(&attached.refusal, refusal);
  if (refusal) return HEAPSTER_UNSUPPORTED;
  if (attached.has_lost_loader) return HEAPSTER_OK;
  heapster__on_rescan(rescan, rescan_throttled);
  heapster__walk();
  if (!was_on) heapster__malloc_probe_next();
  return HEAPSTER_OK;
}

/* Doubts are settled from now on: heaps over the system's allocator go on, and another thread may have hooked again. */
static void doubt_blocks(void) {
  heapster__lock();
  heapster__doubt_heap(HEAPSTER__MALLOC);
  heapster__malloc_settle_doubts();
  heapster__unlock();
}

enum heapster_error heapster__detach(void) {
  if (!attached.is_started) return HEAPSTER_OK;
  if (attached.has_lost_loader) return heapster__is_attached() ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
  heapster__lock();
  const bool was_on = heapster__walk_switch(false);
  heapster__unlock();
  const struct heapster__found found = heapster__walk();
  if (was_on) doubt_blocks();
  const bool is_done = !found.by_reason[HEAPSTER__REFUSED].objects && !found.by_reason[HEAPSTER__RELOCATING].objects;
  heapster__store_relaxed(&attached.refusal, is_done ? NULL : left_behind);
  return is_done ? HEAPSTER_OK : HEAPSTER_UNSUPPORTED;
}

bool heapster__is_attached(void) { return heapster__walk_is_on(); }

static const char *describe(const char *calls, const struct heapster__findings *found, const char *sentence) {
  static char text[256];
  if (found->objects == 1)
    snprintf(text, sizeof text, "not counted are the %s from %s: %s", calls, found->first, sentence);
  else
    snprintf(text, sizeof text, "not counted are the %s from %u libraries, %s the first: %s", calls, found->objects,
             found->first, sentence);
  return text;
}

static const char *problem_while_on(void) {
  if (attached.has_lost_loader) return lost_loader;
  const struct heapster__found found = heapster__walk();
  for (unsigned i = 0; i < HEAPSTER__REASONS; i++) {
    if (found.by_reason[i].objects) return describe("calls", &found.by_reason[i], sentences[i]);
  }
  if (heapster__load_relaxed(&heapster__small_new_count))
    return "operator new of less than 17 bytes is not counted over an allocator that has operators of its own";
  return NULL;
}

const char *heapster__attach_problem(void) {
  if (heapster__is_attached()) return problem_while_on();
  if (heapster__load_relaxed(&attached.refusal)) return heapster__load_relaxed(&attached.refusal);
  return attached.is_started ? "its hook is off" : "its functions are not hooked";
}

void heapster__bypass_watch(void) {
  if (!HEAPSTER__KNOWS_SLOTS || heapster__malloc_hook()->problem) return;
  heapster__walk_note_startup();
  heapster__lock();
  heapster__walk_switch(true);
  heapster__unlock();
  heapster__on_rescan(rescan, rescan_throttled);
}

static const char *describe_late(void) {
  const struct heapster__findings late = heapster__walk_late();
  if (!late.objects) return NULL;
  return describe("earlier calls", &late,
                  "it was loaded with RTLD_DEEPBIND, or another tool wrote to its import table");
}

const char *heapster__bypass_problem(void) {
  if (!heapster__walk_is_on() || attached.has_lost_loader) return describe_late();
  const struct heapster__found found = heapster__walk();
  for (unsigned i = HEAPSTER__REFUSED; i <= HEAPSTER__BOUND_ELSEWHERE; i++) {
    if (found.by_reason[i].objects) return describe("calls", &found.by_reason[i], sentences[i]);
  }
  return describe_late();
}

const char *heapster__bypass_seen(void) {
  if (!heapster__walk_is_on() || attached.has_lost_loader) return describe_late();
  const struct heapster__found found = heapster__walk_looking();
  if (found.by_reason[HEAPSTER__BOUND_ELSEWHERE].objects)
    return describe("calls", &found.by_reason[HEAPSTER__BOUND_ELSEWHERE], sentences[HEAPSTER__BOUND_ELSEWHERE]);
  return describe_late();
}

static void prepare_fork(void) { attached.is_forking_among_threads = heapster__may_lose_loader(); }

static void lose_loader(void) {
  if (attached.is_forking_among_threads) attached.has_lost_loader = true;
}

HEAPSTER__AT_LOAD static void watch_forks(void) {
  if (HEAPSTER__KNOWS_SLOTS) heapster__at_fork(prepare_fork, NULL, lose_loader);
}
