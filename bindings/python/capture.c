/* The line of Python from which a request comes, captured inside the hooks while something is explained.

   All of this runs with the GIL, in the middle of a request: it makes no object and asks for no memory. A code object
   may die meanwhile, and another be at its address. So a line is known by what names it, three objects that are kept
   until the window ends. The code itself is not: what it holds, CPython would otherwise use again instead of requesting
   memory. Only the interpreter that explains is captured: code of another one may not outlive it. */
#include "python/capture.h"

#include "common/value.h"
#include "explain/explain.h"
#include "hooks/script/domains.h"

#include <string.h>

enum { INDEX = 2 * HEAPSTER_SITES, FILES = 256, DEEPEST = 200 };

/* Files of which it is known whether they are below the root. */
struct known_file {
  PyObject *name; /* NULL: none */
  bool is_below;
};

/* Where a request comes from. */
struct wanted {
  struct heapster__python_place inner, outer;
  const void *caller;
};

static struct {
  PyInterpreterState *home;  /* NULL: nothing is captured any more */
  const PyThreadState *only; /* NULL: all threads */
  PyObject *root;            /* NULL: none */
  unsigned count;
  struct memory {
    struct heapster__captured captured[HEAPSTER_SITES];
    uint16_t index[INDEX]; /* a number in `captured` plus 1; 0: free */
    struct known_file files[FILES];
  } * memory;
} state;

static const struct heapster__site unknown = {0, 0, HEAPSTER__SITE_UNKNOWN};

static inline bool is_line_at(const struct heapster__captured_line *line, const struct heapster__python_place *place) {
  const PyCodeObject *const code = place->code;
  if (!code) return !line->lines;
  return line->offset == place->offset && line->lines == heapster__python_lines_of(code) &&
         line->file == code->co_filename && line->function == heapster__python_function_of(code) &&
         line->first_line == code->co_firstlineno;
}

static inline bool is_same(const struct heapster__captured *captured, const struct wanted *wanted) {
  return is_line_at(&captured->inner, &wanted->inner) && is_line_at(&captured->outer, &wanted->outer) &&
         captured->caller == wanted->caller;
}

static inline uint64_t mix(uint64_t hash, const struct heapster__python_place *place) {
  const uintptr_t lines = (uintptr_t)heapster__python_lines_of(place->code);
  return (hash ^ lines ^ (uint64_t)(uint32_t)place->offset << 48) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline unsigned first_place(const struct wanted *wanted) {
  uint64_t hash = mix((uintptr_t)wanted->caller, &wanted->inner);
  if (wanted->outer.code) hash = mix(hash >> 7, &wanted->outer);
  return (unsigned)(hash >> 51);
}
_Static_assert(INDEX == 1 << (64 - 51), "a place is all that the shift leaves");

static inline struct heapster__site site_at(const struct heapster__captured *captured) {
  return (struct heapster__site){(uintptr_t)captured, 0, HEAPSTER__SITE_PYTHON};
}

/* Finding a line makes no object. It is not known of instructions that belong to none, such as those that clean up
   after an exception. */
static struct heapster__captured_line keep_line(const struct heapster__python_place *place) {
  PyCodeObject *const code = place->code;
  if (!code) return (struct heapster__captured_line){.lines = NULL};
  const int line = PyCode_Addr2Line(code, place->offset);
  struct heapster__captured_line kept = {.lines = heapster__python_lines_of(code),
                                         .file = code->co_filename,
                                         .function = heapster__python_function_of(code),
                                         .first_line = code->co_firstlineno,
                                         .offset = place->offset,
                                         .line = line > 0 ? line : 0};
  Py_INCREF(kept.lines);
  Py_INCREF(kept.file);
  Py_INCREF(kept.function);
  return kept;
}

static __attribute__((noinline)) struct heapster__site add(const struct wanted *wanted, unsigned place) {
  if (state.count == HEAPSTER_SITES) return unknown;
  struct heapster__captured *const captured = &state.memory->captured[state.count++];
  *captured = (struct heapster__captured){keep_line(&wanted->inner), keep_line(&wanted->outer), wanted->caller};
  state.memory->index[place] = (uint16_t)state.count;
  return site_at(captured);
}

static inline struct heapster__site find(const struct wanted *wanted) {
  for (unsigned place = first_place(wanted);; place = (place + 1) % INDEX) {
    const unsigned there = state.memory->index[place];
    if (!there) return add(wanted, place);
    const struct heapster__captured *const captured = &state.memory->captured[there - 1];
    if (is_same(captured, wanted)) return site_at(captured);
  }
}

/* Compares characters, which asks for no memory. Packages that are installed below the root are not of the project. */
static bool is_file_below_root(PyObject *name) {
  static const char packages[] = "-packages/";
  const Py_ssize_t length = PyUnicode_GET_LENGTH(state.root), rest = PyUnicode_GET_LENGTH(name) - length;
  if (rest <= 0 || PyUnicode_Tailmatch(name, state.root, 0, PY_SSIZE_T_MAX, -1) != 1) return false;
  if (PyUnicode_READ_CHAR(name, length) != '/' && PyUnicode_READ_CHAR(name, length - 1) != '/') return false;
  if (!PyUnicode_IS_COMPACT_ASCII(name)) return true;
  return !memmem((const char *)PyUnicode_DATA(name) + length, (size_t)rest, packages, sizeof packages - 1);
}

static __attribute__((noinline)) bool is_below_root(PyObject *name) {
  struct known_file *const known = &state.memory->files[((uintptr_t)name >> 4) % FILES];
  if (known->name == name) return known->is_below;
  const bool is_below = is_file_below_root(name);
  if (!known->name) {
    Py_INCREF(name);
    *known = (struct known_file){name, is_below};
  }
  return is_below;
}

/* The nearest place below the root; none if that is the frame's own, or if there is none near. */
static __attribute__((noinline)) struct heapster__python_place find_outer(heapster__Frame *frame) {
  for (int depth = 0; frame && depth < DEEPEST; depth++, frame = heapster__python_outer_frame(frame)) {
    const struct heapster__python_place place = heapster__python_place_in(frame);
    if (is_below_root(place.code->co_filename)) return depth ? place : (struct heapster__python_place){NULL, 0};
  }
  return (struct heapster__python_place){NULL, 0};
}

/* Returns `otherwise` where no frame of the interpreter is known. */
static inline struct heapster__site capture(const PyThreadState *thread, const void *caller,
                                            struct heapster__site otherwise) {
  if (!thread || thread->interp != state.home || (state.only && state.only != thread)) return otherwise;
  heapster__Frame *const frame = heapster__python_complete_frame(heapster__python_first_frame(thread));
  if (!frame) return otherwise;
  struct wanted wanted = {heapster__python_place_in(frame), {NULL, 0}, caller};
  if (state.root) wanted.outer = find_outer(frame);
  return find(&wanted);
}

/* Of the thread that may call Python now. */
static inline PyThreadState *current_state(void) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyThreadState_GetUnchecked();
#else
  return _PyThreadState_UncheckedGet();
#endif
}

static struct heapster__site capture_request(void) { return capture(current_state(), NULL, unknown); }

/* The state of the calling thread, if it holds the GIL. Up to CPython 3.11 the current state may be another thread's,
   which may end: it is only compared. */
static inline const PyThreadState *own_state(void) {
#if PY_VERSION_HEX >= 0x030C0000
  return current_state();
#else
  const PyThreadState *const own = PyGILState_GetThisThreadState();
  return own == current_state() ? own : NULL;
#endif
}

static struct heapster__site capture_call(const void *caller) {
  return capture(own_state(), caller, (struct heapster__site){(uintptr_t)caller, 0, HEAPSTER__SITE_C});
}

static bool ensure_memory(void) {
  if (state.memory) return true;
  state.memory = heapster__value_alloc(sizeof *state.memory);
  if (!state.memory) return false;
  memset(state.memory->index, 0, sizeof state.memory->index);
  memset(state.memory->files, 0, sizeof state.memory->files);
  return true;
}

bool heapster__start_capture(PyObject *root, bool is_thread) {
  heapster__forget_captured();
  if (!ensure_memory()) return false;
  state.home = PyThreadState_Get()->interp;
  state.only = is_thread ? PyThreadState_Get() : NULL;
  Py_XINCREF(root);
  state.root = root;
  heapster__domains_capture(capture_request);
  heapster__explain_calls(capture_call);
  return true;
}

void heapster__stop_capture(void) {
  heapster__explain_calls(NULL);
  heapster__domains_capture(NULL);
}

const struct heapster__captured *heapster__captured_at(uint64_t place) {
  const uintptr_t first = state.memory ? (uintptr_t)state.memory->captured : 0;
  const uint64_t number = (place - first) / sizeof(struct heapster__captured);
  return place >= first && number < state.count ? &state.memory->captured[number] : NULL;
}

/* UTF-8 of one character, and of half of a surrogate pair as if it were one. */
static size_t encode_character(Py_UCS4 c, char bytes[4]) {
  const unsigned count = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (unsigned i = count; i-- > 1; c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3F));
  bytes[0] = (char)(leads[count] | c);
  return count;
}

/* In memory of heapster's own, since CPython keeps the UTF-8 that it makes. A null character ends no name. */
static char *encode(PyObject *string) {
  const Py_ssize_t length = PyUnicode_GET_LENGTH(string);
  char *const chars = heapster__value_alloc(4 * (size_t)length + 1);
  size_t written = 0;
  for (Py_ssize_t i = 0; chars && i < length; i++) {
    const Py_UCS4 c = PyUnicode_READ_CHAR(string, i);
    written += encode_character(c ? c : '?', chars + written);
  }
  if (chars) chars[written] = '\0';
  return chars;
}

static void settle_line(struct heapster__captured_line *line) {
  if (!line->lines) return;
  line->file_name = encode(line->file);
  line->function_name = encode(line->function);
  Py_CLEAR(line->lines);
  Py_CLEAR(line->file);
  Py_CLEAR(line->function);
}

void heapster__settle_capture(void) {
  state.home = NULL;
  for (unsigned i = 0; i < state.count; i++) {
    struct heapster__captured *const captured = &state.memory->captured[i];
    settle_line(&captured->inner);
    settle_line(&captured->outer);
  }
  for (unsigned i = 0; state.memory && i < FILES; i++) Py_CLEAR(state.memory->files[i].name);
  Py_CLEAR(state.root);
}

static void free_names(struct heapster__captured_line *line) {
  heapster__value_free(line->file_name);
  heapster__value_free(line->function_name);
}

void heapster__forget_captured(void) {
  heapster__settle_capture();
  for (unsigned i = 0; i < state.count; i++) {
    free_names(&state.memory->captured[i].inner);
    free_names(&state.memory->captured[i].outer);
  }
  heapster__value_free(state.memory);
  state.memory = NULL;
  state.count = 0;
}
