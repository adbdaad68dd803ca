/* The core takes its pages by system calls. A program that links the core statically and includes this, in one file,
   serves them by its own `map_pages`, which may refuse. */
#ifndef TESTS_PAGE_CALLS_H
#define TESTS_PAGE_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Pages, or MAP_FAILED with errno. */
static void *map_pages(size_t bytes);

long syscall(long number, ...) {
  enum { ARGUMENTS = 6 };
  long argument[ARGUMENTS];
  va_list list;
  va_start(list, number);
  for (unsigned i = 0; i < ARGUMENTS; ++i) argument[i] = va_arg(list, long);
  va_end(list);
#if defined(__s390x__)
  const long *const page_arguments = (const long *)argument[0];
#else
  const long *const page_arguments = argument;
#endif
  if (number == SYS_mmap) return (long)map_pages((size_t)page_arguments[1]);
  void *const found = dlsym(RTLD_NEXT, "syscall"); /* each time: threads would have to agree who keeps it */
  long (*next)(long, ...);
  memcpy(&next, &found, sizeof next);
  return next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

/* What the system serves. */
static inline void *map_really(size_t bytes) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static inline void *refuse_pages(void) {
  errno = ENOMEM;
  return MAP_FAILED;
}

#endif
