/* Where reports go. */
#include "output.h"

#include "message.h"
#include "process/report_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot_write(const char *name) {
  heapster__say("cannot write %s: %s", name, strerror(errno));
  return false;
}

/* A snapshot is renamed over PATH, which would replace a device. */
static bool require_regular_file(int fd, const char *name) {
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return true;
  heapster__say("snapshots (--every) can only replace a regular file, and %s is none", name);
  return false;
}

static bool open_path(struct heapster__output *output) {
  output->target = open(output->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  return output->target >= 0 || cannot_write(output->name);
}

static bool open_per_process(struct heapster__output *output) {
  char folder[PATH_MAX] = "";
  const bool is_relative = output->name[0] != '/';
  if (is_relative && !getcwd(folder, sizeof folder)) return cannot_write(output->name);
  const int length = snprintf(output->pattern, PATH_MAX, "%s%s%s", folder, is_relative ? "/" : "", output->name);
  if (length < PATH_MAX) return true;
  errno = ENAMETOOLONG;
  return cannot_write(output->name);
}

/* Follows links here, once, so that the snapshots replace the file and not a link. */
static bool open_repeated(struct heapster__output *output) {
  if (!open_path(output)) return false;
  const int fd = output->target;
  output->target = -1;
  const bool is_usable = require_regular_file(fd, output->name);
  close(fd);
  if (is_usable && !realpath(output->name, output->pattern)) return cannot_write(output->name);
  return is_usable;
}

bool heapster__output_open(struct heapster__output *output, const struct heapster__options *options) {
  *output = (struct heapster__output){.name = options->output, .target = -1};
  if (!output->name || !strcmp(output->name, "-")) {
    output->target = output->name ? STDOUT_FILENO : STDERR_FILENO;
    output->name = output->name ? "standard output" : "standard error";
    return true;
  }
  output->is_per_process = heapster__report_is_per_process(output->name);
  output->is_repeated = options->every != NULL;
  if (output->is_per_process) return open_per_process(output);
  return output->is_repeated ? open_repeated(output) : open_path(output);
}

/* Follows no link, and waits for no reader of a FIFO: somebody else may have placed one. */
static int open_file(const char *path, int flags) {
  struct stat status;
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | flags, 0666);
  if (fd < 0 || (!fstat(fd, &status) && S_ISREG(status.st_mode))) return fd;
  close(fd);
  errno = EINVAL; /* a device */
  return -1;
}

int heapster__output_open_own(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  if (!output->is_per_process) return 0;
  if (!heapster__report_path(path, output->pattern, pid)) return ENAMETOOLONG;
  const int fd = open_file(path, O_TRUNC);
  if (fd >= 0) close(fd);
  return fd < 0 ? errno : 0;
}

static bool find_paths(const struct heapster__output *output, pid_t pid, char path[PATH_MAX], char beside[PATH_MAX]) {
  errno = ENAMETOOLONG;
  return heapster__report_path(path, output->pattern, pid) &&
         (!output->is_repeated || heapster__report_beside(beside, path, pid));
}

/* Where the program has removed PATH. */
static int make_anew(const char *path) {
  const int file = open_file(path, O_EXCL);
  if (file < 0 && errno == EEXIST) errno = ESTALE; /* a link that leads nowhere */
  return file;
}

/* The program may have removed PATH, or put another file there, which is not ours to write to. */
static int begin_opened(const struct heapster__output *output) {
  struct stat ours, there;
  if (output->target <= STDERR_FILENO) return output->target;
  if (fstat(output->target, &ours) < 0 || !S_ISREG(ours.st_mode)) return output->target;
  if (stat(output->name, &there) < 0) return errno == ENOENT ? make_anew(output->name) : -1;
  if (there.st_dev == ours.st_dev && there.st_ino == ours.st_ino) return output->target;
  errno = ESTALE;
  return -1;
}

/* The name of the file beside has the process id, so a file of that name is the process's own, from before. */
int heapster__output_begin(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX], beside[PATH_MAX];
  if (output->target >= 0) return begin_opened(output);
  if (!find_paths(output, pid, path, beside)) return -1;
  if (!output->is_repeated) return open_file(path, O_TRUNC);
  unlink(beside);
  return open_file(beside, O_EXCL);
}

static bool replace(const char *path, const char *beside, bool is_whole) {
  if (is_whole && rename(beside, path) == 0) return true;
  const int error = errno;
  unlink(beside);
  errno = error;
  return false;
}

/* Half a report must not look like one. Where even that fails, it stays. */
static bool close_whole(int file, bool is_whole) {
  const bool is_cut = !is_whole && !ftruncate(file, 0);
  (void)is_cut;
  return (close(file) == 0 || errno == EINTR) && is_whole;
}

bool heapster__output_finish(const struct heapster__output *output, pid_t pid, int file, bool is_whole) {
  char path[PATH_MAX], beside[PATH_MAX];
  const int error = errno;
  bool is_done = is_whole;
  if (output->target <= STDERR_FILENO && output->target >= 0) return is_whole;
  is_done = close_whole(file, is_whole);
  if (output->is_repeated) is_done = find_paths(output, pid, path, beside) && replace(path, beside, is_done);
  if (!is_whole) errno = error;
  return is_done;
}

bool heapster__output_is_written(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  struct stat status;
  return output->is_per_process && heapster__report_path(path, output->pattern, pid) && !lstat(path, &status) &&
         status.st_size > 0;
}

const char *heapster__output_path(const struct heapster__output *output, pid_t pid, char path[PATH_MAX]) {
  const bool has_path = output->is_per_process && heapster__report_path(path, output->pattern, pid);
  return has_path ? path : output->name;
}

void heapster__output_remove(const struct heapster__output *output, pid_t pid) {
  char path[PATH_MAX];
  if (output->is_per_process && heapster__report_path(path, output->pattern, pid)) unlink(path);
}
