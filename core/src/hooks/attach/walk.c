/* Walks over the loaded objects. */
#include "hooks/attach/walk.h"

#include "base/lock.h"
#include "base/platform.h"
#include "hooks/attach/watch.h"
#include "hooks/malloc/family.h"

#include <errno.h>
#include <string.h>

static struct {
  _Atomic bool is_on;                   /* what all slots must agree with */
  _Atomic bool is_unfinished;           /* the last walk left slots to a rescan */
  _Atomic unsigned long long adds;      /* objects ever loaded at the last walk */
  _Atomic unsigned long long relocated; /* as many of them are known to be relocated: the first in the loader's order */
  _Atomic unsigned rescans;             /* throttled rescans of unfinished slots since an object was loaded */
  size_t startup_objects;               /* of a hook that the program was started with: loaded when that began */
} slots;

/* The objects whose calls passed such a hook by until a walk found them. Written under the loader's lock. */
static struct {
  _Atomic unsigned objects;
  char first[HEAPSTER__OBJECT_NAME];
} late;

struct walk {
  const struct heapster__survey *survey;
  size_t objects;   /* visited so far */
  size_t known;     /* as many objects, the first, were known to be relocated before */
  size_t relocated; /* and are now */
  size_t watched;   /* slots that are watched so far */
  bool is_on;
  bool is_looking;   /* replaces nothing */
  bool is_published; /* a thread that calls through a slot which is written now finds what the function reads */
  bool is_outdated;  /* an object was loaded or unloaded since the survey */
  bool is_unfinished;
  struct heapster__found found;
};

/* One object of a walk. */
struct object_walk {
  struct walk *walk;
  struct heapster__object *object;
  bool has[HEAPSTER__REASONS];
  bool is_late;  /* its slots led past a hook that the program was started with */
  bool is_known; /* an earlier walk replaced others of them */
};

static bool ensure_published(struct walk *walk) {
  if (!walk->is_published) walk->is_published = !walk->is_on || heapster__publish();
  return walk->is_published;
}

static bool write_slot(struct object_walk *at, uintptr_t *slot, uintptr_t value) {
  if (at->walk->is_looking) return true;
  const enum heapster__slot_answer answer =
      ensure_published(at->walk) ? heapster__slot_write(at->object, slot, value) : HEAPSTER__SLOT_REFUSED;
  if (answer == HEAPSTER__SLOT_WRITTEN) at->walk->is_unfinished = true; /* until a later walk still finds the value */
  if (answer == HEAPSTER__SLOT_RELOCATING) at->has[HEAPSTER__RELOCATING] = true;
  if (answer == HEAPSTER__SLOT_REFUSED) at->has[HEAPSTER__REFUSED] = true;
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
static bool leads_to_hook(const struct object_walk *at, uintptr_t found, bool is_unresolved) {
  const struct heapster__survey *survey = at->walk->survey;
  if (!survey->front) return false;
  return is_unresolved ? at->walk->objects <= survey->startup_objects : heapster__range_has(survey->public, found);
}

/* Why a slot that is left alone leads past the hook, if it does. */
static void note_left_alone(struct object_walk *at, unsigned index, uintptr_t found, bool is_unresolved) {
  const bool is_own_reallocarray = index == HEAPSTER__REPLACE_reallocarray; /* as libbsd's: it calls realloc */
  if (is_unresolved)
    at->has[HEAPSTER__UNRESOLVED] = true;
  else if (heapster__is_program_code(at->walk->survey, found))
    return;
  else if (heapster__object_contains(at->object, at->object->base + found, 0))
    at->walk->is_unfinished = true; /* an offset in the object, not relocated yet */
  else if (!is_own_reallocarray && !at->walk->survey->has_wrapper)
    at->has[HEAPSTER__BOUND_ELSEWHERE] = true;
}

static void attach_slot(struct object_walk *at, unsigned index, uintptr_t *slot) {
  const uintptr_t found = heapster__load_relaxed((_Atomic uintptr_t *)slot);
  if (found == heapster__replacements[index].counted) {
    at->is_known = true;
    return;
  }
  const bool is_unresolved = !is_resolved(at, index, found);
  if (leads_to_hook(at, found, is_unresolved)) return;
  const bool is_real = found == heapster__load_relaxed(&heapster__real[index]);
  const bool is_of_cxx_library = heapster__is_of_cxx_library(index);
  if (is_real || (is_unresolved && is_predictable(at, index)))
    at->is_late |= write_slot(at, slot, heapster__replacements[index].counted) && is_real && !is_of_cxx_library;
  else if (!is_of_cxx_library)
    note_left_alone(at, index, found, is_unresolved);
}

static void detach_slot(struct object_walk *at, unsigned index, uintptr_t *slot) {
  if (heapster__load_relaxed((_Atomic uintptr_t *)slot) == heapster__replacements[index].counted)
    write_slot(at, slot, heapster__load_relaxed(&heapster__real[index]));
}

static void note_late(const struct heapster__object *object) {
  const unsigned before = heapster__load_relaxed(&late.objects);
  if (!before) heapster__object_name(object, late.first);
  /* pairs with the acquire in heapster__walk_late: the name is there */
  heapster__store_release(&late.objects, before + 1);
}

static void visit_slot(void *context, const char *name, uintptr_t *slot) {
  struct object_walk *at = context;
  const unsigned index = heapster__replacement_of(name);
  if (index == HEAPSTER__REPLACEMENTS || !heapster__load_relaxed(&heapster__real[index])) return;
  if (at->walk->is_on)
    attach_slot(at, index, slot);
  else
    detach_slot(at, index, slot);
  if (!at->walk->is_looking && at->walk->objects <= at->walk->survey->startup_objects)
    heapster__watch_slot(at->walk->watched++, slot);
}

/* How many objects, the first in the loader's order, are known to be relocated. New objects come last in that order,
   so all but the last ones are older than `slots.relocated`. A process of one thread relocates nothing now. */
static size_t count_known(const struct heapster__survey *survey) {
  const unsigned long long newer = survey->adds - heapster__load_relaxed(&slots.relocated);
  if (!heapster__may_lose_loader()) return survey->objects;
  return newer < survey->objects ? survey->objects - (size_t)newer : 0;
}

static void note_relocated(struct walk *walk, struct heapster__object *object) {
  if (walk->is_looking) return;
  object->is_relocated = walk->objects <= walk->known || heapster__object_is_protected(object);
  if (object->is_relocated && walk->relocated == walk->objects - 1) walk->relocated++;
}

/* The functions behind a preloaded hook are not known before a walk, nor is a C++ library that was loaded since. */
static void begin_walk(struct walk *walk) {
  walk->is_on = heapster__load_acquire(&slots.is_on);
  heapster__replacements_follow(&walk->survey->found);
}

/* The loader's lock is held: call no dl function. `is_on` is read here too, so that the last walk leaves what was
   requested last. */
static int patch_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct walk *walk = context;
  struct heapster__object object;
  if (!walk->objects++) begin_walk(walk);
  walk->is_outdated = info->dlpi_adds != walk->survey->adds || info->dlpi_subs != walk->survey->subs;
  if (walk->is_outdated) return 1;
  const bool has_symbols = heapster__object_read(&object, info);
  note_relocated(walk, &object);
  if (!has_symbols) return 0;
  struct object_walk at = {.walk = walk, .object = &object};
  heapster__object_visit_slots(&object, visit_slot, &at);
  heapster__page_close(&object);
  if (at.is_late && !at.is_known && walk->survey->front) note_late(&object);
  for (unsigned i = 0; i < HEAPSTER__REASONS; i++) {
    struct heapster__findings *found = &walk->found.by_reason[i];
    if (at.has[i] && !found->objects++) heapster__object_name(&object, found->first);
  }
  return 0;
}

/* Makes the slots of all loaded objects agree with `is_on`. `is_unfinished` is cleared before the walk, never after:
   another thread's walk may set it meanwhile. */
struct heapster__found heapster__walk(void) {
  enum { TRIES = 16 }; /* if other threads load without end, a later rescan finds the rest */
  struct heapster__survey survey;
  struct walk walk;
  const int error = errno;
  heapster__store_relaxed(&slots.is_unfinished, false);
  for (unsigned i = 0; i < TRIES; i++) {
    heapster__survey_make(&survey);
    if (survey.front) survey.startup_objects = slots.startup_objects;
    walk = (struct walk){.survey = &survey, .known = count_known(&survey)};
    dl_iterate_phdr(patch_object, &walk);
    if (!walk.is_outdated) break;
  }
  if (!walk.is_outdated) heapster__store_relaxed(&slots.relocated, survey.adds - (walk.objects - walk.relocated));
  const bool has_unresolved = !survey.front && walk.found.by_reason[HEAPSTER__UNRESOLVED].objects;
  if (walk.is_unfinished || walk.is_outdated || walk.found.by_reason[HEAPSTER__RELOCATING].objects || has_unresolved)
    heapster__store_relaxed(&slots.is_unfinished, true);
  if (heapster__exchange_relaxed(&slots.adds, survey.adds) != survey.adds) heapster__store_relaxed(&slots.rescans, 0);
  errno = error;
  return walk.found;
}

struct heapster__found heapster__walk_looking(void) {
  struct heapster__survey survey;
  heapster__survey_make(&survey);
  if (survey.front) survey.startup_objects = slots.startup_objects;
  struct walk walk = {.survey = &survey, .is_looking = true};
  dl_iterate_phdr(patch_object, &walk);
  return walk.found;
}

bool heapster__walk_is_on(void) { return heapster__load_relaxed(&slots.is_on); }

bool heapster__walk_switch(bool is_on) {
  HEAPSTER__ASSERT(heapster__is_locked_here());
  const bool was_on = heapster__walk_is_on();
  heapster__store_release(&slots.is_on, is_on); /* pairs with the acquire in begin_walk */
  return was_on;
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds) {
  (void)size;
  *(unsigned long long *)adds = info->dlpi_adds;
  return 1;
}

static bool is_unfinished(void) { return heapster__load_relaxed(&slots.is_unfinished); }

/* Whether an object was loaded since the last walk. */
static bool has_new_object(void) {
  unsigned long long adds = 0;
  dl_iterate_phdr(read_adds, &adds);
  return adds != heapster__load_relaxed(&slots.adds);
}

/* Slots may stay unfinished as long as the program runs, such as that of a function which a library never calls, and a
   walk takes as long as thousands of frame marks without one. So the first throttled rescans walk, then ever fewer,
   down to one in 256. Two threads may count one rescan for two, which does no harm. */
static bool count_throttled_rescan(void) {
  const unsigned rescans = heapster__load_relaxed(&slots.rescans) + 1;
  heapster__store_relaxed(&slots.rescans, rescans);
  return (rescans & (rescans - 1)) == 0 || rescans % 256 == 0;
}

bool heapster__walk_is_due(void) {
  return heapster__walk_is_on() && (has_new_object() || heapster__has_changed_slot() || is_unfinished());
}

bool heapster__walk_is_due_at_mark(void) {
  return heapster__walk_is_on() && (has_new_object() || (is_unfinished() && count_throttled_rescan()));
}

static int count_object(struct dl_phdr_info *info, size_t size, void *objects) {
  (void)size;
  heapster__store_relaxed(&slots.adds, info->dlpi_adds);
  ++*(size_t *)objects;
  return 0;
}

void heapster__walk_note_startup(void) { dl_iterate_phdr(count_object, &slots.startup_objects); }

struct heapster__findings heapster__walk_late(void) {
  struct heapster__findings found = {.objects = heapster__load_acquire(&late.objects)};
  if (found.objects) memcpy(found.first, late.first, sizeof found.first);
  return found;
}

/* A constructor runs once all that is loaded is relocated: the loader, whose lock its thread holds, does that first. */
HEAPSTER__AT_LOAD static void note_loaded(void) {
  unsigned long long adds = 0;
  if (HEAPSTER__KNOWS_SLOTS) dl_iterate_phdr(read_adds, &adds);
  heapster__store_relaxed(&slots.relocated, adds);
}
