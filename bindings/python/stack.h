/* The Python frames of a thread, for hooks: nothing here makes an object or asks for memory.

   CPython keeps them in other places in each version. Include this after Python.h. Frames that are incomplete, those of
   which CPython has not run an instruction yet or that belong to C, are skipped. */
#ifndef HEAPSTER__PYTHON_STACK_H
#define HEAPSTER__PYTHON_STACK_H

#include "python/memory.h"

#if PY_VERSION_HEX < 0x030B0000
#include <frameobject.h>
typedef PyFrameObject heapster__Frame;
#else
#define Py_BUILD_CORE 1
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_interpframe.h>
#else
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030D0000
#include <internal/pycore_runtime.h>
#endif
#undef Py_BUILD_CORE
typedef struct _PyInterpreterFrame heapster__Frame;
#endif

#include <stdbool.h>
#include <stddef.h>

/* A place in a program's source. */
struct heapster__python_place {
  PyCodeObject *code; /* borrowed; NULL: no place */
  int offset;         /* of the instruction, in bytes; negative before the first one */
};

static inline heapster__Frame *heapster__python_first_frame(const PyThreadState *state) {
#if PY_VERSION_HEX < 0x030B0000
  return state->frame;
#elif PY_VERSION_HEX < 0x030D0000
  return state->cframe->current_frame;
#else
  return state->current_frame;
#endif
}

/* The frame, or the next one outside it that is complete; or NULL. */
static inline heapster__Frame *heapster__python_complete_frame(heapster__Frame *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  while (frame && _PyFrame_IsIncomplete(frame)) frame = frame->previous;
#endif
  return frame;
}

static inline heapster__Frame *heapster__python_outer_frame(const heapster__Frame *frame) {
#if PY_VERSION_HEX < 0x030B0000
  return frame->f_back;
#else
  return heapster__python_complete_frame(frame->previous);
#endif
}

/* Of a frame that is complete. */
static inline struct heapster__python_place heapster__python_place_in(heapster__Frame *frame) {
#if PY_VERSION_HEX < 0x030A0000
  return (struct heapster__python_place){frame->f_code, frame->f_lasti};
#elif PY_VERSION_HEX < 0x030B0000
  return (struct heapster__python_place){frame->f_code, frame->f_lasti * 2};
#elif PY_VERSION_HEX < 0x030D0000
  return (struct heapster__python_place){frame->f_code, _PyInterpreterFrame_LASTI(frame) * (int)sizeof(_Py_CODEUNIT)};
#else
  return (struct heapster__python_place){_PyFrame_GetCode(frame),
                                         _PyInterpreterFrame_LASTI(frame) * (int)sizeof(_Py_CODEUNIT)};
#endif
}

/* What a code object's lines are encoded in; code objects may share it. */
static inline PyObject *heapster__python_lines_of(const PyCodeObject *code) {
#if PY_VERSION_HEX >= 0x030A0000
  return code->co_linetable;
#else
  return code->co_lnotab;
#endif
}

/* Its qualified name, or its name up to CPython 3.10. */
static inline PyObject *heapster__python_function_of(const PyCodeObject *code) {
#if PY_VERSION_HEX >= 0x030B0000
  return code->co_qualname;
#else
  return code->co_name;
#endif
}

/* Whether frames lie where this was compiled for, as far as CPython says. */
static inline bool heapster__python_knows_frames(void) {
#if PY_VERSION_HEX >= 0x030D0000
  const _Py_DebugOffsets *const found = &_PyRuntime.debug_offsets;
  return found->thread_state.current_frame == offsetof(PyThreadState, current_frame) &&
         found->thread_state.interp == offsetof(PyThreadState, interp) &&
         found->interpreter_frame.previous == offsetof(heapster__Frame, previous) &&
         found->interpreter_frame.executable == offsetof(heapster__Frame, f_executable) &&
         found->interpreter_frame.instr_ptr == offsetof(heapster__Frame, instr_ptr) &&
         found->interpreter_frame.owner == offsetof(heapster__Frame, owner) &&
         found->code_object.co_code_adaptive == offsetof(PyCodeObject, co_code_adaptive);
#else
  return true;
#endif
}

#endif
