/* A look at all loaded objects, before any slot is written to. */
#include "hooks/attach/survey.h"

#include "base/platform.h"

#include <string.h>

void heapster__object_name(const struct heapster__object *object, char name[HEAPSTER__OBJECT_NAME]) {
  const char *slash = strrchr(object->path, '/');
  const char *last = slash ? slash + 1 : object->path;
  strncpy(name, *last ? last : "the program", HEAPSTER__OBJECT_NAME - 1);
  name[HEAPSTER__OBJECT_NAME - 1] = '\0';
}

static void look_for_functions(struct heapster__survey *survey, const struct heapster__object *object) {
  const bool is_home = !survey->has_home && heapster__object_defines(object, heapster__exchanges[0].name);
  for (unsigned i = 0; i < HEAPSTER__EXCHANGES; i++) {
    const uintptr_t function = heapster__object_defines(object, heapster__exchanges[i].name);
    if (is_home)
      survey->real[i] = function;
    else if (function)
      survey->is_contested[i] = true;
  }
  if (!is_home) return;
  survey->has_home = true;
  survey->is_programs = survey->objects == 0;
  heapster__object_name(object, survey->home);
}

static void note_program(struct heapster__survey *survey, const struct dl_phdr_info *info) {
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
    survey->program_begin = info->dlpi_addr + segment->p_vaddr;
    survey->program_end = survey->program_begin + segment->p_memsz;
  }
}

bool heapster__is_programs_entry(const struct heapster__survey *survey, uintptr_t function) {
  return function >= survey->program_begin && function < survey->program_end;
}

enum { STARTED = 64 }; /* who has more than so many libraries from the start has the rest taken for opened later */

struct look {
  struct heapster__survey *survey;
  struct heapster__object started[STARTED];
  size_t kept;
};

struct check {
  struct heapster__survey *survey;
  const struct heapster__object *object;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): others that visit write to the slot */
static void check_slot(void *context, const char *name, uintptr_t *slot) {
  const struct check *check = context;
  const unsigned place = heapster__exchange_of(name);
  if (place == HEAPSTER__EXCHANGES || !check->survey->real[place]) return;
  const bool is_bound = *slot == check->survey->real[place] || *slot == heapster__exchanges[place].counted;
  const bool leads_on =
      heapster__object_runs(check->object, *slot) || heapster__is_programs_entry(check->survey, *slot);
  if (!is_bound && !leads_on) check->survey->is_elsewhere = true;
}

/* Whether the object was there when the program started: all up to libc were, and then those that one of them needs.
   The loader puts them first, in the order in which they are needed. */
static bool was_started(struct look *look, const struct heapster__object *object) {
  const char *name = heapster__object_asked_as(object);
  if (!look->survey->has_libc) return true;
  if (look->survey->started != look->survey->objects) return false; /* one before it was not */
  for (size_t i = 0; name && i < look->kept; i++) {
    if (heapster__object_needs(&look->started[i], name)) return true;
  }
  return false;
}

static void note_started(struct look *look, const struct heapster__object *object) {
  if (!was_started(look, object)) return;
  look->survey->started = look->survey->objects + 1;
  if (look->kept < STARTED) look->started[look->kept++] = *object;
}

/* Under the loader's lock: no dl function may be called here. */
static int look_at(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct look *look = context;
  struct heapster__survey *survey = look->survey;
  struct heapster__object object;
  survey->adds = info->dlpi_adds;
  if (!survey->objects) note_program(survey, info);
  if (heapster__object_read(&object, info)) {
    note_started(look, &object);
    look_for_functions(survey, &object);
    if (heapster__object_defines(&object, "__asan_init") || heapster__object_defines(&object, "__tsan_init"))
      survey->has_sanitizer = true;
    if (!survey->has_libc && heapster__object_defines(&object, "strdup")) {
      survey->has_libc = true;
      heapster__object_slots(&object, check_slot, &(struct check){survey, &object});
    }
  }
  survey->objects++;
  return 0;
}

static const char *refusal_of(const struct heapster__survey *survey) {
  if (survey->has_sanitizer) return "a sanitizer in the process brings its own allocator, which must see every call";
  if (survey->is_programs)
    return "the program carries its own malloc and calls it directly; only linking heapster::malloc could count it";
  if (!survey->has_home)
    return "no loaded library defines malloc: in a statically linked program there is nothing to attach to";
  if (survey->is_elsewhere)
    return "libc's own calls of malloc do not lead to the malloc of the process: another hook was attached before";
  return NULL;
}

static const char *refusal_of_functions(void) {
  for (unsigned i = 0; i < HEAPSTER__EXCHANGES; i++) {
    if (!heapster__may_be_called(heapster__exchanges[i].counted))
      return "the system tracks indirect branches (CET), and heapster was built without marks for them";
  }
  return NULL;
}

void heapster__survey_make(struct heapster__survey *survey) {
  memset(survey, 0, sizeof *survey);
  if (!HEAPSTER__KNOWS_SLOTS) {
    survey->refusal = "attaching to a running process was only made for x86-64 with glibc";
    return;
  }
  struct look look = {.survey = survey};
  dl_iterate_phdr(look_at, &look);
  survey->refusal = refusal_of(survey);
  if (!survey->refusal) survey->refusal = refusal_of_functions();
}
