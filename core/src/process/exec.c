/* The public exec functions, which note in the report page what is about to run in this process: it may be a program
   without the library. They make the calls of those whom they replace.

   A function with a list of arguments collects them on its stack, as the C library's own does: the child of a vfork may
   call it, so nothing may be allocated. */
#include "base/platform.h"
#include "process/own_page.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

extern char **environ;

/* In the constructor: an exec in the child of a vfork finds them. */
static struct {
  int (*execve)(const char *path, char *const *arguments, char *const *environment);
  int (*execv)(const char *path, char *const *arguments);
  int (*execvp)(const char *file, char *const *arguments);
  int (*execvpe)(const char *file, char *const *arguments, char *const *environment);
} next;

static void find(void *function, const char *name) {
  /* C has no conversion from object to function pointers; POSIX converts this way. */
  if (!*(void **)function) *(void **)function = dlsym(RTLD_NEXT, name);
}

HEAPSTER__AT_LOAD static void find_all(void) {
  find(&next.execve, "execve");
  find(&next.execv, "execv");
  find(&next.execvp, "execvp");
  find(&next.execvpe, "execvpe");
}

static int fail(int error) {
  heapster__own_page_note_failed_exec();
  errno = error;
  return -1;
}

#define EXEC(name, path, environment, ...)         \
  find(&next.name, #name);                         \
  heapster__own_page_note_exec(path, environment); \
  if (next.name) next.name(__VA_ARGS__);           \
  return fail(next.name ? errno : ENOSYS)

HEAPSTER_API int execve(const char *path, char *const arguments[], char *const environment[]) {
  EXEC(execve, path, environment, path, arguments, environment);
}

HEAPSTER_API int execv(const char *path, char *const arguments[]) { EXEC(execv, path, environ, path, arguments); }

HEAPSTER_API int execvp(const char *file, char *const arguments[]) { EXEC(execvp, file, environ, file, arguments); }

HEAPSTER_API int execvpe(const char *file, char *const arguments[], char *const environment[]) {
  EXEC(execvpe, file, environment, file, arguments, environment);
}

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
