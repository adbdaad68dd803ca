/* The whole process as text, from one snapshot: for people, as JSON, for Prometheus. */
#include <heapster/report.h>

#include <errno.h>
#include <fcntl.h>
#include <heapster/hook.h>
#include <unistd.h>

#include "base/platform.h"
#include "process/report_text.h"

/* Reads as much of the file as fits; returns 0 if it cannot be read. */
static size_t read_file(const char *path, char *bytes, size_t capacity) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  size_t length = 0;
  while (length < capacity) {
    const ssize_t part = read(file, bytes + length, capacity - length);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) break;
    length += (size_t)part;
  }
  close(file);
  return length;
}

/* No command is longer: Linux allows 6 MiB at most. Only what is read becomes memory. Where so much cannot be mapped, a
   long command is cut. */
enum { COMMAND_CAPACITY = 8 << 20, SHORT_CAPACITY = 64 << 10 };

static char *map_command(size_t *capacity) {
  *capacity = COMMAND_CAPACITY;
  char *const command = heapster__pages_map(*capacity);
  if (command) return command;
  *capacity = SHORT_CAPACITY;
  return heapster__pages_map(*capacity);
}

static enum heapster_error write_as(struct heapster_sink sink, heapster__write_report *write,
                                    const struct heapster__figures *figures) {
  struct heapster__writer writer = heapster__writer_make(sink);
  struct heapster__report report = {.figures = figures, .version = heapster_version(), .pid = getpid()};
  size_t capacity = 0;
  char *const command = write == heapster__write_report_json ? map_command(&capacity) : NULL;
  report.command = command;
  if (command) report.command_length = read_file("/proc/self/cmdline", command, capacity);
  report.is_command_cut = command && report.command_length == capacity;
  write(&writer, &report);
  if (command) heapster__pages_unmap(command, capacity);
  return heapster__writer_result(&writer);
}

/* The figures are too large for a caller's stack, and malloc is counted: they lie in pages of the system. errno is
   unchanged: the caller may be a destructor of the program, in the middle of its own work. */
static enum heapster_error write_all(struct heapster_sink sink, heapster__write_report *write) {
  const int saved = errno;
  enum heapster_error error = HEAPSTER_NO_MEMORY;
  struct heapster__figures *const figures = heapster__pages_map(sizeof *figures);
  if (figures) {
    heapster__figures_read(figures, HEAPSTER__WITH_RESCAN);
    error = write_as(sink, write, figures);
    heapster__pages_unmap(figures, sizeof *figures);
  }
  errno = saved;
  return error;
}

enum heapster_error heapster_report(struct heapster_sink sink) { return write_all(sink, heapster__write_report_text); }

enum heapster_error heapster_report_verbose(struct heapster_sink sink) {
  return write_all(sink, heapster__write_report_verbose);
}

enum heapster_error heapster_json(struct heapster_sink sink) { return write_all(sink, heapster__write_report_json); }

enum heapster_error heapster_prometheus(struct heapster_sink sink) {
  return write_all(sink, heapster__write_report_prometheus);
}
