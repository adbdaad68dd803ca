/* Where the report goes. */
#include "output.h"

#include "process/report_protocol.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A snapshot is renamed over PATH, which would replace a device. */
static bool require_regular_file(int fd, const char *name) {
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return true;
  warnx(HEAPSTER__REPORT_EVERY " can only replace a regular file, and %s is none", name);
  return false;
}

static bool open_path(struct heapster__output *output) {
  output->target = open(output->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  if (output->target < 0) warn("cannot write %s", output->name);
  return output->target >= 0;
}

/* In TMPDIR if that is absolute: the program may change its folder. */
static bool create_private_file(struct heapster__output *output) {
  const char *const tmpdir = getenv("TMPDIR");
  const bool is_usable = tmpdir && tmpdir[0] == '/' && !heapster__report_is_per_process(tmpdir);
  const char *const folder = is_usable ? tmpdir : "/tmp";
  const int length = snprintf(output->pattern, PATH_MAX, "%s/heapster-XXXXXX", folder);
  const int fd = length < PATH_MAX ? mkstemp(output->pattern) : -1;
  if (fd < 0)
    warn("cannot make a file in %s", folder);
  else
    close(fd);
  return fd >= 0;
}

static bool open_per_process(struct heapster__output *output) {
  char folder[PATH_MAX] = "";
  const bool is_relative = output->name[0] != '/';
  if (is_relative && !getcwd(folder, sizeof folder)) {
    warn("cannot write %s", output->name);
    return false;
  }
  const int length = snprintf(output->pattern, PATH_MAX, "%s%s%s", folder, is_relative ? "/" : "", output->name);
  if (length >= PATH_MAX) warnx("cannot write %s: its name is too long", output->name);
  return length < PATH_MAX;
}

/* Follows links here, once, so that the snapshots replace the file and not a link. */
static bool open_repeated(struct heapster__output *output) {
  if (!open_path(output)) return false;
  const int fd = output->target;
  output->target = -1;
  const bool is_usable = require_regular_file(fd, output->name);
  close(fd);
  if (is_usable && !realpath(output->name, output->pattern)) {
    warn("cannot write %s", output->name);
    return false;
  }
  return is_usable;
}

bool heapster__output_open(struct heapster__output *output, const struct heapster__options *options) {
  *output = (struct heapster__output){.name = options->output, .target = -1, .is_repeated = options->is_repeated};
  output->is_per_process = output->name && heapster__report_is_per_process(output->name);
  if (output->is_per_process) return open_per_process(output);
  if (output->is_repeated) return open_repeated(output);
  if (output->name) return open_path(output) && create_private_file(output);
  output->target = STDERR_FILENO;
  return create_private_file(output);
}

int heapster__output_open_own(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  if (!output->is_per_process) return 0;
  if (!heapster__report_path(path, output->pattern, pid)) return ENAMETOOLONG;
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
  if (fd >= 0) close(fd);
  return fd < 0 ? errno : 0;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    const ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno != EINTR) return false;
    bytes += written < 0 ? 0 : written;
    length -= written < 0 ? 0 : (size_t)written;
  }
  return true;
}

static bool copy_file(int from, int to) {
  char bytes[16384];
  ssize_t length;
  while ((length = read(from, bytes, sizeof bytes)) > 0) {
    if (!write_all(to, bytes, (size_t)length)) return false;
  }
  return !length;
}

static bool has_bytes(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && status.st_size > 0;
}

static void print_report(const struct heapster__output *output, const char *path) {
  const int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (from < 0 || !copy_file(from, output->target))
    warn("cannot write the report to %s", output->name ? output->name : "standard error");
  if (from >= 0) close(from);
}

/* A program that is killed while it writes a snapshot leaves this file. */
static void remove_partial_snapshot(const char *path, pid_t pid) {
  char beside[PATH_MAX];
  if (heapster__report_beside(beside, path, pid)) unlink(beside);
}

bool heapster__output_finish(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  heapster__report_path(path, output->pattern, pid);
  const bool has_report = has_bytes(path);
  if (output->is_repeated) remove_partial_snapshot(path, pid);
  if (output->target < 0) return has_report;
  if (has_report) print_report(output, path);
  unlink(path);
  return has_report;
}

void heapster__output_remove(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  const bool is_ours = output->target >= 0 || output->is_per_process;
  if (is_ours && heapster__report_path(path, output->pattern, pid)) unlink(path);
}
