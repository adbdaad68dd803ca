/* Reads all loaded objects before any slot is written. */
#include "hooks/attach/survey.h"

#include "base/platform.h"

#include <string.h>

void heapster__object_name(const struct heapster__object *object, char name[HEAPSTER__OBJECT_NAME]) {
  const char *slash = strrchr(object->path, '/');
  const char *last = slash ? slash + 1 : object->path;
  strncpy(name, *last ? last : "the program", HEAPSTER__OBJECT_NAME - 1);
  name[HEAPSTER__OBJECT_NAME - 1] = '\0';
}

static bool is_libc(const struct heapster__object *object) {
  return heapster__object_find(object, "gnu_get_libc_version");
}

/* Whether the object is the one whose functions are read: it defines the malloc of the process. */
static bool is_allocator(const struct heapster__survey *survey, const struct heapster__object *object) {
  if (survey->front) return heapster__object_contains(object, (uintptr_t)survey->front->next_library, 0);
  return !survey->found.real[0] && heapster__object_find_any(object, heapster__replacements[0].name);
}

/* libc's reallocarray calls the process's realloc, so it may be counted over an allocator that has none of its own. In
   front of a preloaded or linked hook, that realloc is counted already. */
static bool is_libc_reallocarray(const struct heapster__survey *survey, const struct heapster__object *object,
                                 unsigned index) {
  return index == HEAPSTER__REPLACE_reallocarray && !survey->front && survey->found.real[0] &&
         !survey->found.real[index] && !survey->is_ambiguous[index] && is_libc(object);
}

/* libstdc++, or libc++ and its libc++abi: an operator new of theirs is malloc with another size. Not so in a program
   that they are linked into, whose operators may be its own. */
static bool is_cxx_library(const struct heapster__object *object) {
  const char *name = object->soname ? object->names + object->soname : "";
  return !strncmp(name, "libstdc++.so", strlen("libstdc++.so")) || !strncmp(name, "libc++", strlen("libc++"));
}

/* The first definition of an operator. */
static void note_operator(struct heapster__survey *survey, unsigned index, uintptr_t function, bool is_own,
                          bool is_cxx) {
  const bool is_new = index < HEAPSTER__FIRST_DELETE;
  if (is_own || (is_cxx && is_new)) survey->found.real[index] = function;
  if (is_own && is_new) survey->found.own_operators |= UINT32_C(1) << (index - HEAPSTER__FIRST_NEW);
}

static void note_functions(struct heapster__survey *survey, const struct heapster__object *object) {
  const bool is_first = is_allocator(survey, object), is_cxx = is_cxx_library(object);
  for (unsigned i = 0; i < HEAPSTER__REPLACEMENTS; i++) {
    const uintptr_t function = heapster__object_find_any(object, heapster__replacements[i].name);
    const bool is_taken =
        i >= HEAPSTER__FIRST_NEW ? !survey->is_defined[i] : is_first || is_libc_reallocarray(survey, object, i);
    if (!function || heapster__range_has(survey->public, function)) continue;
    if (!is_taken)
      survey->is_ambiguous[i] = true;
    else if (i >= HEAPSTER__FIRST_NEW)
      note_operator(survey, i, function, is_first, is_cxx);
    else
      survey->found.real[i] = function;
    survey->is_defined[i] = true;
  }
  if (is_first) survey->program_has_malloc = survey->objects == 0;
}

/* From the first segment with code to the last. */
static struct heapster__range code_of(const struct dl_phdr_info *info) {
  struct heapster__range code = {0, 0};
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
    const uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
    if (!code.begin) code.begin = begin;
    code.end = begin + segment->p_memsz;
  }
  return code;
}

bool heapster__range_has(struct heapster__range range, uintptr_t address) {
  return address >= range.begin && address < range.end;
}

bool heapster__is_program_code(const struct heapster__survey *survey, uintptr_t function) {
  return heapster__range_has(survey->program, function);
}

enum { MAX_STARTUP = 64 }; /* further startup objects count as opened later */

struct pass {
  struct heapster__survey *survey;
  struct heapster__object startup[MAX_STARTUP];
  size_t startup_count;
};

struct check {
  struct heapster__survey *survey;
  const struct heapster__object *object;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): other visitors write to the slot */
static void check_slot(void *context, const char *name, uintptr_t *slot) {
  const struct check *check = context;
  const unsigned index = heapster__replacement_of(name);
  if (index == HEAPSTER__REPLACEMENTS || !check->survey->found.real[index]) return;
  const bool is_bound = *slot == check->survey->found.real[index] || *slot == heapster__replacements[index].counted;
  const bool is_unresolved =
      heapster__object_contains(check->object, *slot, PF_X) || heapster__is_program_code(check->survey, *slot);
  if (!is_bound && !is_unresolved) check->survey->libc_is_bound_elsewhere = true;
}

/* Whether the object was loaded when the program started. All up to libc were, and then the objects that one of them
   needs: the loader puts those first, in the order in which they are needed. */
static bool is_startup_object(const struct pass *pass, const struct heapster__object *object) {
  if (!pass->survey->has_libc) return true;
  if (pass->survey->startup_objects != pass->survey->objects) return false; /* an earlier one was not */
  for (size_t i = 0; object->soname && i < pass->startup_count; i++) {
    if (heapster__object_needs(&pass->startup[i], object->names + object->soname)) return true;
  }
  return false;
}

static void note_startup(struct pass *pass, const struct heapster__object *object) {
  if (!is_startup_object(pass, object)) return;
  pass->survey->startup_objects = pass->survey->objects + 1;
  if (pass->startup_count < MAX_STARTUP) pass->startup[pass->startup_count++] = *object;
}

static void look_for_reasons(struct pass *pass, const struct heapster__object *object) {
  struct heapster__survey *survey = pass->survey;
  if (heapster__object_find(object, "__asan_init") || heapster__object_find(object, "__tsan_init"))
    survey->has_sanitizer = true;
  if (survey->has_libc || !is_libc(object)) return;
  survey->has_libc = true;
  heapster__object_visit_slots(object, check_slot, &(struct check){survey, object});
}

/* The loader's lock is held: call no dl function. */
static int survey_object(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct pass *pass = context;
  struct heapster__survey *survey = pass->survey;
  struct heapster__object object;
  survey->adds = info->dlpi_adds;
  survey->subs = info->dlpi_subs;
  if (!survey->objects) survey->program = code_of(info);
  if (heapster__object_read(&object, info)) {
    note_startup(pass, &object);
    note_functions(survey, &object);
    look_for_reasons(pass, &object);
  }
  survey->objects++;
  return 0;
}

const char *heapster__survey_refusal(const struct heapster__survey *survey) {
  if (!HEAPSTER__KNOWS_SLOTS)
    return "attaching to a running process was only made for x86-64, aarch64 and s390x with glibc";
  if (survey->has_sanitizer) return "a sanitizer in the process brings its own allocator, which must see every call";
  if (survey->program_has_malloc)
    return "the program carries its own malloc and calls it directly; only linking heapster::malloc could count it";
  if (!survey->found.real[0])
    return "no loaded library defines malloc: in a statically linked program there is nothing to attach to";
  if (survey->libc_is_bound_elsewhere)
    return "libc's own calls of malloc do not lead to the malloc of the process: another hook was attached before";
  for (unsigned i = 0; i < HEAPSTER__REPLACEMENTS; i++) {
    if (!heapster__may_be_called(heapster__replacements[i].counted))
      return "the system tracks indirect branches (CET), and heapster was built without marks for them";
  }
  return NULL;
}

static __attribute__((noinline)) void survey_all(struct heapster__survey *survey) {
  struct pass pass = {.survey = survey};
  dl_iterate_phdr(survey_object, &pass);
}

/* The stack of this pass is small: a report at exit may be written by a thread that has little. */
static int survey_behind(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct heapster__survey *survey = context;
  struct heapster__object object;
  survey->adds = info->dlpi_adds;
  survey->subs = info->dlpi_subs;
  if (!survey->objects++) survey->program = code_of(info);
  if (!heapster__object_read(&object, info)) return 0;
  if (heapster__object_contains(&object, (uintptr_t)survey->front->library, 0)) survey->public = code_of(info);
  if (!survey->public.begin && heapster__object_find_any(&object, heapster__replacements[0].name))
    survey->has_wrapper = true;
  note_functions(survey, &object);
  return 0;
}

void heapster__survey_make(struct heapster__survey *survey) {
  memset(survey, 0, sizeof *survey);
  const struct heapster__malloc_hook *hook = heapster__malloc_hook();
  if (hook && !hook->can_end) survey->front = hook;
  if (!HEAPSTER__KNOWS_SLOTS) return;
  if (survey->front)
    dl_iterate_phdr(survey_behind, survey);
  else
    survey_all(survey);
}
