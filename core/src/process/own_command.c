/* The arguments of this program. */
#include "process/own_command.h"

#include "process/page.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static bool map_command(struct heapster__command *command, size_t capacity) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *const memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) return false;
  command->bytes = memory;
  command->capacity = capacity;
  return true;
}

struct heapster__command heapster__command_read(void) {
  struct heapster__command command = {0};
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  enum { SHORT = 65536 }; /* where the address space is limited */
  if (file < 0) return command;
  ssize_t part = map_command(&command, HEAPSTER__COMMAND_ROOM) || map_command(&command, SHORT);
  while (part > 0 && command.length < command.capacity) {
    part = read(file, command.bytes + command.length, command.capacity - command.length);
    if (part > 0) command.length += (size_t)part;
    if (part < 0 && errno == EINTR) part = 1;
  }
  close(file);
  return command;
}

void heapster__command_free(struct heapster__command *command) {
  if (command->bytes) munmap(command->bytes, command->capacity);
}
