/* The whole process as text, from one snapshot: for people, as JSON, for Prometheus. */
#include <heapster/report.h>

#include <errno.h>
#include <heapster/hook.h>
#include <unistd.h>

#include "base/platform.h"
#include "process/own_command.h"
#include "process/report_text.h"

static enum heapster_error write_as(struct heapster_sink sink, heapster__write_report *write,
                                    const struct heapster__figures *figures) {
  struct heapster__writer writer = heapster__writer_make(sink);
  struct heapster__report report = {.figures = figures, .version = heapster_version(), .pid = getpid()};
  struct heapster__command command = {0};
  if (write == heapster__write_report_json) command = heapster__command_read();
  report.command = command.bytes;
  report.command_length = command.length;
  report.is_command_cut = command.bytes && command.length == command.capacity;
  write(&writer, &report);
  heapster__command_free(&command);
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
