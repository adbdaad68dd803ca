/* The public functions that run another program. The library takes itself out of LD_PRELOAD for a program whose loader
   could not load it, of another C library or another kind of processor: it would say so, or not run the program. An
   exec is noted in the report page, too: what runs in this process afterwards may not have the library.

   The child of a vfork may call all this, so nothing is allocated: lists of arguments and an environment are made on
   the stack, as the C library's own functions do. */
#include "base/platform.h"
#include "process/own_page.h"
#include "process/program_file.h"
#include "process/report_protocol.h"

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Found in the constructor, because an exec in the child of a vfork should not look for them. */
static struct {
  int (*execve)(const char *path, char *const *arguments, char *const *environment);
  int (*execvpe)(const char *file, char *const *arguments, char *const *environment);
  int (*posix_spawn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment);
  int (*posix_spawnp)(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment);
} next;

static void find(void *function, const char *name) {
  /* C has no conversion from object to function pointers; POSIX converts this way. */
  if (!*(void **)function) *(void **)function = dlsym(RTLD_NEXT, name);
}

HEAPSTER__AT_LOAD static void find_all(void) {
  find(&next.execve, "execve");
  find(&next.execvpe, "execvpe");
  find(&next.posix_spawn, "posix_spawn");
  find(&next.posix_spawnp, "posix_spawnp");
}

static bool is_preload(const char *variable) { return !strncmp(variable, "LD_PRELOAD=", strlen("LD_PRELOAD=")); }

/* The first LD_PRELOAD that names this library, or NULL. */
static const char *find_preload(char *const *environment) {
  for (; environment && *environment; environment++) {
    if (is_preload(*environment)) return strstr(*environment, HEAPSTER__PRELOAD_LIBRARY) ? *environment : NULL;
  }
  return NULL;
}

static size_t count_variables(char *const *environment) {
  size_t count = 0;
  while (environment && environment[count]) count++;
  return count;
}

/* Copies LD_PRELOAD without the name of this library, which has neither blanks nor colons. */
static void copy_without_library(char *to, const char *variable) {
  const char *const name = strstr(variable, HEAPSTER__PRELOAD_LIBRARY);
  const char *begin = name;
  while (begin > variable && !strchr(":= ", begin[-1])) begin--;
  const char *const end = name + strcspn(name, ": ");
  const char *const rest = end + (*end ? 1 : 0);
  memcpy(to, variable, (size_t)(begin - variable));
  memcpy(to + (begin - variable), rest, strlen(rest) + 1);
}

/* With `after` in the place of `before`, or without it if that is empty. */
static void exchange_preload(char **to, char *const *environment, const char *before, char *after) {
  const bool is_empty = after[strlen("LD_PRELOAD=")] == '\0';
  for (; *environment; environment++) {
    if (*environment != before)
      *to++ = *environment;
    else if (!is_empty)
      *to++ = after;
  }
  *to = NULL;
}

/* Whether the program's loader could not load this library. */
static bool must_leave_out(const char *preload, const char *path) {
  struct heapster__program program;
  if (!preload || !path) return false;
  const int error = errno;
  heapster__program_inspect(&program, path);
  errno = error;
  return heapster__program_is_foreign(&program);
}

/* Declares `passed`, the environment to pass on: `environment`, or one without the library, which lies on the stack. */
#define CHOOSE_ENVIRONMENT(path, environment)                                \
  const char *const preload = find_preload(environment);                     \
  const bool is_left_out = must_leave_out(preload, path);                    \
  const size_t variables = is_left_out ? count_variables(environment) : 0;   \
  char changed[is_left_out ? strlen(preload) + 1 : 1];                       \
  char *without[variables + 1];                                              \
  if (is_left_out) copy_without_library(changed, preload);                   \
  if (is_left_out) exchange_preload(without, environment, preload, changed); \
  char *const *const passed = is_left_out ? without : (environment)

static int fail(bool is_found) {
  const int error = is_found ? errno : ENOSYS;
  heapster__own_page_note_failed_exec();
  errno = error;
  return -1;
}

HEAPSTER_API int execve(const char *path, char *const arguments[], char *const environment[]) {
  CHOOSE_ENVIRONMENT(path, environment);
  find(&next.execve, "execve");
  heapster__own_page_note_exec(path, find_preload(passed));
  if (next.execve) next.execve(path, arguments, passed);
  return fail(next.execve);
}

HEAPSTER_API int execvpe(const char *file, char *const arguments[], char *const environment[]) {
  CHOOSE_ENVIRONMENT(file, environment);
  find(&next.execvpe, "execvpe");
  heapster__own_page_note_exec(file, find_preload(passed));
  if (next.execvpe) next.execvpe(file, arguments, passed);
  return fail(next.execvpe);
}

HEAPSTER_API int execv(const char *path, char *const arguments[]) { return execve(path, arguments, environ); }

HEAPSTER_API int execvp(const char *file, char *const arguments[]) { return execvpe(file, arguments, environ); }

static size_t count_words(va_list words) {
  size_t count = 1;
  while (va_arg(words, char *)) count++;
  return count;
}

/* `count` words and the NULL that ends them. */
static void collect(char **arguments, const char *first, size_t count, va_list words) {
  arguments[0] = (char *)(uintptr_t)first;
  for (size_t i = 1; i <= count; i++) arguments[i] = va_arg(words, char *);
}

/* Makes an array of the words from `first` on, and leaves `words` behind their NULL. */
#define COLLECT(first)                     \
  va_list words;                           \
  va_start(words, first);                  \
  const size_t count = count_words(words); \
  va_end(words);                           \
  char *arguments[count + 1];              \
  va_start(words, first);                  \
  collect(arguments, first, count, words)

HEAPSTER_API int execl(const char *path, const char *first, ...) {
  COLLECT(first);
  va_end(words);
  return execv(path, arguments);
}

HEAPSTER_API int execlp(const char *file, const char *first, ...) {
  COLLECT(first);
  va_end(words);
  return execvp(file, arguments);
}

HEAPSTER_API int execle(const char *path, const char *first, ...) {
  COLLECT(first);
  char *const *const environment = va_arg(words, char *const *);
  va_end(words);
  return execve(path, arguments, environment);
}

#define SPAWN(name)                                                                                                \
  HEAPSTER_API int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,                   \
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) { \
    CHOOSE_ENVIRONMENT(path, environment);                                                                         \
    find(&next.name, #name);                                                                                       \
    return next.name ? next.name(pid, path, actions, attributes, arguments, passed) : ENOSYS;                      \
  }
SPAWN(posix_spawn)
SPAWN(posix_spawnp)
