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
#include <sys/mman.h>
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

/* The path of this library in LD_PRELOAD, which has neither blanks nor colons; its length. */
static const char *find_path(const char *preload, size_t *length) {
  const char *const name = strstr(preload, HEAPSTER__PRELOAD_LIBRARY);
  const char *begin = name;
  while (begin > preload && !strchr(":= ", begin[-1])) begin--;
  *length = (size_t)(name - begin) + strcspn(name, ": ");
  return begin;
}

static void copy_without_library(char *to, const char *preload) {
  size_t length;
  const char *const path = find_path(preload, &length);
  const char *const rest = path + length + (path[length] ? 1 : 0);
  memcpy(to, preload, (size_t)(path - preload));
  memcpy(to + (path - preload), rest, strlen(rest) + 1);
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

/* What is known before a program is run. */
struct outlook {
  const char *preload; /* the LD_PRELOAD that has the library, or NULL */
  size_t length;       /* of that: gcc 14 would measure NULL in the size of an array */
  int library_error;   /* why that cannot be read: an errno, or 0 */
  bool is_left_out;    /* the program's loader could not load it */
};

/* Mapped, because the caller may have a small stack. */
struct scratch {
  struct heapster__program program;
  char library[PATH_MAX];
};

/* Returns 0 or an errno. */
static int try_library(struct scratch *scratch, const char *preload) {
  size_t length;
  const char *const path = find_path(preload, &length);
  if (length >= sizeof scratch->library) return ENAMETOOLONG;
  memcpy(scratch->library, path, length);
  scratch->library[length] = '\0';
  return access(scratch->library, R_OK) == 0 ? 0 : errno;
}

static void look(struct scratch *scratch, const char *path, bool is_searched, struct outlook *outlook) {
  outlook->library_error = try_library(scratch, outlook->preload);
  outlook->is_left_out = outlook->library_error != 0;
  if (outlook->is_left_out || !path) return;
  heapster__program_inspect(&scratch->program, path, is_searched);
  outlook->is_left_out = heapster__program_is_foreign(&scratch->program);
}

static struct outlook look_ahead(const char *path, bool is_searched, char *const *environment) {
  const int error = errno;
  struct outlook outlook = {.preload = find_preload(environment)};
  if (!outlook.preload) return outlook;
  outlook.length = strlen(outlook.preload);
  const size_t size = sizeof(struct scratch);
  struct scratch *const scratch = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (scratch != MAP_FAILED) {
    look(scratch, path, is_searched, &outlook);
    munmap(scratch, size);
  }
  errno = error;
  return outlook;
}

/* Declares `outlook`, and `passed`, the environment to pass on: `environment`, or one without the library, which lies
   on the stack. */
#define LOOK_AHEAD(path, is_searched, environment)                                           \
  const struct outlook outlook = look_ahead(path, is_searched, environment);                 \
  const size_t variables = outlook.is_left_out ? count_variables(environment) : 0;           \
  char changed[outlook.is_left_out ? outlook.length + 1 : 1];                                \
  char *without[variables + 1];                                                              \
  if (outlook.is_left_out) copy_without_library(changed, outlook.preload);                   \
  if (outlook.is_left_out) exchange_preload(without, environment, outlook.preload, changed); \
  char *const *const passed = outlook.is_left_out ? without : (environment)

static int fail(bool is_found) {
  const int error = is_found ? errno : ENOSYS;
  heapster__own_page_note_failed_exec();
  errno = error;
  return -1;
}

HEAPSTER_API int execve(const char *path, char *const arguments[], char *const environment[]) {
  LOOK_AHEAD(path, false, environment);
  find(&next.execve, "execve");
  heapster__own_page_note_exec(path, false, outlook.preload != NULL, outlook.library_error);
  if (next.execve) next.execve(path, arguments, passed);
  return fail(next.execve);
}

HEAPSTER_API int execvpe(const char *file, char *const arguments[], char *const environment[]) {
  LOOK_AHEAD(file, true, environment);
  find(&next.execvpe, "execvpe");
  heapster__own_page_note_exec(file, true, outlook.preload != NULL, outlook.library_error);
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

#define SPAWN(name, is_searched)                                                                                   \
  HEAPSTER_API int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,                   \
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) { \
    LOOK_AHEAD(path, is_searched, environment);                                                                    \
    find(&next.name, #name);                                                                                       \
    return next.name ? next.name(pid, path, actions, attributes, arguments, passed) : ENOSYS;                      \
  }
SPAWN(posix_spawn, false)
SPAWN(posix_spawnp, true)
