/* Wrappers of the functions for pages, to preload. They allocate, as tracing libraries do. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void allocate(void) {
  void *volatile block = malloc(24);
  free(block);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  allocate();
#if defined(__s390x__) /* one argument, the address of all */
  const long arguments[] = {(long)address, (long)size, protection, flags, file, offset};
  return (void *)syscall(SYS_mmap, arguments);
#else
  return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
#endif
}

int munmap(void *address, size_t size) {
  allocate();
  return (int)syscall(SYS_munmap, address, size);
}

int mprotect(void *address, size_t size, int protection) {
  allocate();
  return (int)syscall(SYS_mprotect, address, size, protection);
}
