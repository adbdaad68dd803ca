/* One report, written to a file by path. The program may have closed or reused any descriptor, left its
   folder, and broken its heap: only an absolute path and a static buffer are relied on. */
#include "process/exit_report_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct buffer {
  int fd;
  size_t used;
  char bytes[4096];
};

static bool flush(struct buffer *buffer) {
  size_t done = 0;
  while (done < buffer->used) {
    const ssize_t written = write(buffer->fd, buffer->bytes + done, buffer->used - done);
    if (written < 0 && errno != EINTR) return false;
    done += written < 0 ? 0 : (size_t)written;
  }
  buffer->used = 0;
  return true;
}

static bool add(void *context, const char *text, size_t length) {
  struct buffer *const buffer = context;
  while (length > 0) {
    if (buffer->used == sizeof buffer->bytes && !flush(buffer)) return false;
    const size_t room = sizeof buffer->bytes - buffer->used;
    const size_t part = length < room ? length : room;
    memcpy(buffer->bytes + buffer->used, text, part);
    buffer->used += part;
    text += part;
    length -= part;
  }
  return true;
}

static bool write_all(struct buffer *buffer, const struct heapster__report_file *file) {
  return add(buffer, file->heading, strlen(file->heading)) &&
         file->figures((struct heapster_sink){add, buffer}) == HEAPSTER_OK && flush(buffer);
}

/* Never through a link that somebody else may have laid. */
static bool write_in_place(struct buffer *buffer, const struct heapster__report_file *file) {
  buffer->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
  if (buffer->fd < 0) return false;
  const bool is_whole = write_all(buffer, file);
  const bool is_left = is_whole || ftruncate(buffer->fd, 0) < 0;
  close(buffer->fd);
  return is_left;
}

/* The name has the process id, so what stands there is a leaving of ours: of the program before an exec. */
static bool write_beside(struct buffer *buffer, const struct heapster__report_file *file) {
  unlink(file->beside);
  buffer->fd = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (buffer->fd < 0) return false;
  const bool is_whole = write_all(buffer, file);
  close(buffer->fd);
  if (is_whole && rename(file->beside, file->path) == 0) return true;
  unlink(file->beside);
  return false;
}

bool heapster__report_write(const struct heapster__report_file *file) {
  /* Not on the stack: the thread that ends the program may have a small one. */
  static struct buffer buffer;
  buffer.used = 0;
  return file->beside[0] == '\0' ? write_in_place(&buffer, file) : write_beside(&buffer, file);
}
