/* malloc counted in a running process. */
#include "hooks/attach/attach.h"

#include "base/lock.h"
#include "base/platform.h"
#include "heap/snapshot.h"
#include "hooks/attach/elf.h"
#include "hooks/attach/survey.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
  _Atomic bool is_started;         /* written under the lock */
  const char *_Atomic refusal;     /* why it could not be started, the last time it was tried */
  _Atomic bool is_on;              /* what all slots must agree with */
  _Atomic bool is_unfinished;      /* the last walk left slots to a rescan */
  _Atomic unsigned long long adds; /* objects ever loaded at the last walk */
  _Atomic unsigned rescans;        /* throttled rescans of unfinished slots since an object was loaded */
  bool has_lost_loader; /* in the child of a fork among threads: one of the parent's threads may hold its lock */
  bool is_forking_among_threads; /* written by the forking thread, around a fork */
  size_t startup_objects;        /* of a hook that the program was started with: loaded when that began */
} attached;

/* The objects whose calls passed such a hook by until a walk found them. Written under the loader's lock. */
static struct {
  _Atomic unsigned objects;
  char first[HEAPSTER__OBJECT_NAME];
} late;

/* Why slots of an object are not replaced, the most important reason first. */
enum reason { REFUSED, BOUND_ELSEWHERE, RELOCATING, UNRESOLVED, REASONS };
static const char *const sentences[REASONS] = {
    [REFUSED] = "the system does not allow its import table to be written to",
    [BOUND_ELSEWHERE] = "it asks another malloc (loaded with RTLD_DEEPBIND, or its own)",
    [RELOCATING] = "it is being loaded by another thread just now",
    [UNRESOLVED] = ("whose malloc it asks is not known before its first call; what follows that is counted from "
                    "the next reading on"),
};

/* The objects that a walk found with one reason: how many, and the name of the first. */
struct findings {
  unsigned objects;
  char first[HEAPSTER__OBJECT_NAME];
};

struct walk {
  const struct heapster__survey *survey;
  size_t objects; /* visited so far */
  bool is_on;
  bool is_outdated; /* an object was loaded since the survey */
  bool is_unfinished;
  struct findings found[REASONS];
};

/* One object of a walk. */
struct object_walk {
  struct walk *walk;
  struct heapster__object *object;
  bool has[REASONS];
  bool is_late; /* its slots led past a hook that the program was started with */
};

static bool write_slot(struct object_walk *at, uintptr_t *slot, uintptr_t value) {
  const enum heapster__slot_answer answer = heapster__slot_write(at->object, slot, value);
  if (answer == HEAPSTER__SLOT_WRITTEN) at->walk->is_unfinished = true; /* until a later walk still finds the value */
  if (answer == HEAPSTER__SLOT_RELOCATING) at->has[RELOCATING] = true;
  if (answer == HEAPSTER__SLOT_REFUSED) at->has[REFUSED] = true;
  return answer == HEAPSTER__SLOT_WRITTEN;
}

/* Whether an unresolved slot will lead to the first definition. It does unless its object was opened with
   RTLD_DEEPBIND, which no object was that was loaded when the program started. */
static bool is_predictable(const struct object_walk *at, unsigned index) {
  const struct heapster__survey *survey = at->walk->survey;
  return !survey->is_ambiguous[index] || at->walk->objects <= survey->startup_objects;
}

/* An unresolved slot leads into the code of its own object. So does a slot that is bound to a function there. */
static bool is_resolved(const struct object_walk *at, unsigned index, uintptr_t found) {
  return !heapster__object_contains(at->object, found, PF_X) ||
         found == heapster__object_find(at->object, heapster__replacements[index].name);
}

/* Slots that lead to the public malloc of a hook which the program was started with, and unresolved ones that will. */
static bool leads_to_hook(const struct object_walk *at, unsigned index, uintptr_t found, bool is_unresolved) {
  const struct heapster__survey *survey = at->walk->survey;
  if (found == heapster__replacements[index].counted) return true;
  if (!survey->front) return false;
  return is_unresolved ? at->walk->objects <= survey->startup_objects : heapster__range_has(survey->public, found);
}

static void attach_slot(struct object_walk *at, unsigned index, uintptr_t *slot) {
  const uintptr_t found = heapster__load_relaxed((_Atomic uintptr_t *)slot);
  const bool is_unresolved = !is_resolved(at, index, found);
  if (leads_to_hook(at, index, found, is_unresolved)) return;
  const bool is_real = found == heapster__real[index];
  if (is_real || (is_unresolved && is_predictable(at, index)))
    at->is_late |= write_slot(at, slot, heapster__replacements[index].counted) && is_real;
  else if (is_unresolved)
    at->has[UNRESOLVED] = true;
  else if (heapster__is_program_code(at->walk->survey, found))
    return;
  else if (heapster__object_contains(at->object, at->object->base + found, 0))
    at->walk->is_unfinished = true; /* an offset in the object, not relocated yet */
  else if (!at->walk->survey->has_wrapper)
    at->has[BOUND_ELSEWHERE] = true;
}

static void detach_slot(struct object_walk *at, unsigned index, uintptr_t *slot) {
  if (heapster__load_relaxed((_Atomic uintptr_t *)slot) == heapster__replacements[index].counted)
    write_slot(at, slot, heapster__real[index]);
}

static void note_late(const struct heapster__object *object) {
  const unsigned before = heapster__load_relaxed(&late.objects);
  if (!before) heapster__object_name(object, late.first);
  heapster__store_release(&late.objects, before + 1); /* pairs with the acquire in describe_late: the name is there */
}

static void visit_slot(void *context, const char *name, uintptr_t *slot) {
  struct object_walk *at = context;
  const unsigned index = heapster__replacement_of(name);
  if (index == HEAPSTER__REPLACEMENTS || !heapster__real[index]) return;
  if (at->walk->is_on)
    attach_slot(at, index, slot);
  else
    detach_slot(at, index, slot);
}

/* The functions behind a preloaded hook are not known before a walk. They are the same in each. */
static void begin_walk(struct walk *walk) {
  walk->is_on = heapster__load_acquire(&attached.is_on);
  if (walk->survey->front) memcpy(heapster__real, walk->survey->real, sizeof heapster__real);
}

/* The loader's lock is held: call no dl function. `is_on` is read here too, so that the last walk leaves what was
   requested last. */
static int patch_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct walk *walk = context;
  struct heapster__object object;
  if (!walk->objects++) begin_walk(walk);
  walk->is_outdated = walk->is_on && info->dlpi_adds != walk->survey->adds;
  if (walk->is_outdated) return 1;
  if (!heapster__object_read(&object, info)) return 0;
  struct object_walk at = {.walk = walk, .object = &object};
  heapster__object_visit_slots(&object, visit_slot, &at);
  heapster__page_close(&object);
  if (at.is_late && walk->survey->front) note_late(&object);
  for (unsigned i = 0; i < REASONS; i++) {
    struct findings *found = &walk->found[i];
    if (at.has[i] && !found->objects++) heapster__object_name(&object, found->first);
  }
  return 0;
}

/* Makes the slots of all loaded objects agree with `is_on`. `is_unfinished` is cleared before the walk, never after:
   another thread's walk may set it meanwhile. */
static struct walk patch_all(void) {
  enum { TRIES = 16 }; /* if other threads load without end, a later rescan finds the rest */
  struct heapster__survey survey;
  struct walk walk;
  const int error = errno;
  heapster__store_relaxed(&attached.is_unfinished, false);
  for (unsigned i = 0; i < TRIES; i++) {
    heapster__survey_make(&survey);
    if (survey.front) survey.startup_objects = attached.startup_objects;
    walk = (struct walk){.survey = &survey};
    dl_iterate_phdr(patch_object, &walk);
    if (!walk.is_outdated) break;
  }
  const bool has_unresolved = !survey.front && walk.found[UNRESOLVED].objects;
  if (walk.is_unfinished || walk.is_outdated || walk.found[RELOCATING].objects || has_unresolved)
    heapster__store_relaxed(&attached.is_unfinished, true);
  if (heapster__exchange_relaxed(&attached.adds, survey.adds) != survey.adds)
    heapster__store_relaxed(&attached.rescans, 0);
  errno = error;
  walk.survey = NULL;
  return walk;
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds) {
  (void)size;
  *(unsigned long long *)adds = info->dlpi_adds;
  return 1;
}

static bool may_rescan(void) { return heapster__load_relaxed(&attached.is_on) && !attached.has_lost_loader; }

static bool is_unfinished(void) { return heapster__load_relaxed(&attached.is_unfinished); }

/* Whether an object was loaded since the last walk. */
static bool has_new_object(void) {
  unsigned long long adds = 0;
  dl_iterate_phdr(read_adds, &adds);
  return adds != heapster__load_relaxed(&attached.adds);
}

/* Before figures are read. */
static void rescan(void) {
  if (may_rescan() && (has_new_object() || is_unfinished())) patch_all();
}

/* Slots may stay unfinished as long as the program runs, such as that of a function which a library never calls, and a
   walk takes as long as thousands of frame marks without one. So the first throttled rescans walk, then ever fewer,
   down to one in 256. Two threads may count one rescan for two, which does no harm. */
static bool count_throttled_rescan(void) {
  const unsigned rescans = heapster__load_relaxed(&attached.rescans) + 1;
  heapster__store_relaxed(&attached.rescans, rescans);
  return (rescans & (rescans - 1)) == 0 || rescans % 256 == 0;
}

/* At a frame mark. */
static void rescan_throttled(void) {
  if (may_rescan() && (has_new_object() || (is_unfinished() && count_throttled_rescan()))) patch_all();
}

static const char *const lost_loader =
    "loaded libraries cannot be looked at: threads ran when this process was forked, and one of them may hold the "
    "loader's lock for ever";

static const char *const left_behind =
    "its hook is off, but not all import tables could be pointed back: the system refuses to have them written to, or "
    "a library is being loaded just now; calls through them are counted still";

/* Opens the heap and sets the real functions, before the first slot is written. Returns why not, or NULL. Callers hold
   the lock. */
static const char *start(void) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  struct heapster__survey survey;
  struct heapster__malloc_hook hook = {.comes_back = true, .can_end = true, .mode = HEAPSTER__MODE_ATTACH};
  heapster__survey_make(&survey);
  if (survey.refusal) return survey.refusal;
  if (!heapster__replacements_start(survey.real, &hook.next))
    return "the allocator of the process lacks functions that others have";
  return heapster__malloc_start_locked(&hook) ? NULL : heapster__malloc_hook()->problem;
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
  heapster__unlock();
  heapster__store_relaxed(&attached.refusal, refusal);
  if (refusal) return HEAPSTER_UNSUPPORTED;
  const bool was_on = heapster__exchange_acq_rel(&attached.is_on, true); /* pairs with the acquire in patch_object */
  if (attached.has_lost_loader) return HEAPSTER_OK;
  heapster__on_rescan(rescan, rescan_throttled);
  patch_all();
  if (!was_on) heapster__malloc_probe_next();
  return HEAPSTER_OK;
}

enum heapster_error heapster__detach(void) {
  if (!attached.is_started) return HEAPSTER_OK;
  if (attached.has_lost_loader) return heapster__is_attached() ? HEAPSTER_UNSUPPORTED : HEAPSTER_OK;
  heapster__exchange_acq_rel(&attached.is_on, false);
  const struct walk walk = patch_all();
  const bool is_done = !walk.found[REFUSED].objects && !walk.found[RELOCATING].objects;
  heapster__store_relaxed(&attached.refusal, is_done ? NULL : left_behind);
  return is_done ? HEAPSTER_OK : HEAPSTER_UNSUPPORTED;
}

bool heapster__is_attached(void) { return heapster__load_relaxed(&attached.is_on); }

static const char *describe(const struct findings *found, const char *sentence) {
  static char text[256];
  if (found->objects == 1)
    snprintf(text, sizeof text, "not counted are the calls from %s: %s", found->first, sentence);
  else
    snprintf(text, sizeof text, "not counted are the calls from %u libraries, %s the first: %s", found->objects,
             found->first, sentence);
  return text;
}

static const char *problem_while_on(void) {
  if (attached.has_lost_loader) return lost_loader;
  const struct walk walk = patch_all();
  for (unsigned i = 0; i < REASONS; i++) {
    if (walk.found[i].objects) return describe(&walk.found[i], sentences[i]);
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

static int count_object(struct dl_phdr_info *info, size_t size, void *objects) {
  (void)size;
  heapster__store_relaxed(&attached.adds, info->dlpi_adds);
  ++*(size_t *)objects;
  return 0;
}

void heapster__bypass_watch(void) {
  if (!HEAPSTER__KNOWS_SLOTS || heapster__malloc_hook()->problem) return;
  dl_iterate_phdr(count_object, &attached.startup_objects);
  heapster__store_relaxed(&attached.is_on, true);
  heapster__on_rescan(rescan, rescan_throttled);
}

static const char *describe_late(void) {
  static char text[256];
  const unsigned objects = heapster__load_acquire(&late.objects);
  if (!objects) return NULL;
  if (objects == 1)
    snprintf(text, sizeof text, "not counted are the calls that %s made until it was found: %s", late.first,
             "it was loaded with RTLD_DEEPBIND");
  else
    snprintf(text, sizeof text,
             "not counted are the calls that %u libraries, %s the first, made until they were found: %s", objects,
             late.first, "they were loaded with RTLD_DEEPBIND");
  return text;
}

const char *heapster__bypass_problem(void) {
  if (!may_rescan()) return describe_late();
  const struct walk walk = patch_all();
  for (unsigned i = REFUSED; i <= BOUND_ELSEWHERE; i++) {
    if (walk.found[i].objects) return describe(&walk.found[i], sentences[i]);
  }
  return describe_late();
}

static void prepare_fork(void) { attached.is_forking_among_threads = heapster__may_lose_loader(); }

static void lose_loader(void) {
  if (attached.is_forking_among_threads) attached.has_lost_loader = true;
}

HEAPSTER__AT_LOAD static void watch_forks(void) {
  if (HEAPSTER__KNOWS_SLOTS) heapster__at_fork(prepare_fork, NULL, lose_loader);
}
