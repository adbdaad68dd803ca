/* Why a program cannot be counted, as far as its file shows it. */
#include "program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <paths.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* How many scripts Linux follows, each the interpreter of the one before. */
enum { MAX_SCRIPTS = 5 };

static bool is_program(const char *path) {
  struct stat status;
  return !stat(path, &status) && S_ISREG(status.st_mode) && !access(path, X_OK);
}

/* Searches PATH, where an empty entry is the current folder. */
static bool find_program(char path[PATH_MAX], const char *name) {
  if (strchr(name, '/')) return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_program(path);
  const char *folder = getenv("PATH");
  if (!folder) folder = _PATH_DEFPATH;
  for (;;) {
    const int length = (int)strcspn(folder, ":");
    const char *const slash = length > 0 ? "/" : "";
    if (snprintf(path, PATH_MAX, "%.*s%s%s", length, folder, slash, name) < PATH_MAX && is_program(path)) return true;
    if (!folder[length]) return false;
    folder += length + 1;
  }
}

/* Reads the path after "#!". False: the file is not a script. */
static bool find_interpreter(char path[PATH_MAX], int fd) {
  char line[PATH_MAX];
  const ssize_t length = pread(fd, line, sizeof line - 1, 0);
  if (length < 2 || line[0] != '#' || line[1] != '!') return false;
  line[length] = '\0';
  const char *const start = line + 2 + strspn(line + 2, " \t");
  const size_t size = strcspn(start, " \t\r\n");
  memcpy(path, start, size);
  path[size] = '\0';
  return true;
}

/* Opens the file that the kernel loads in the end: the program, or a script's interpreter. */
static int open_binary(char path[PATH_MAX]) {
  for (int i = 0; i < MAX_SCRIPTS; i++) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !find_interpreter(path, fd)) return fd;
    close(fd);
  }
  return -1;
}

static bool read_header(int fd, ElfW(Ehdr) * header) {
  return pread(fd, header, sizeof *header, 0) == (ssize_t)sizeof *header && !memcmp(header->e_ident, ELFMAG, SELFMAG);
}

/* Whether the loader that runs this command would run that program too. */
static bool is_our_machine(const ElfW(Ehdr) * header) {
  ElfW(Ehdr) ours;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const bool is_read = fd >= 0 && read_header(fd, &ours);
  if (fd >= 0) close(fd);
  return !is_read || (header->e_ident[EI_CLASS] == ours.e_ident[EI_CLASS] && header->e_machine == ours.e_machine);
}

/* A static program, position-independent or not, names no loader. */
static bool has_loader(int fd, const ElfW(Ehdr) * header) {
  for (unsigned i = 0; i < header->e_phnum; i++) {
    ElfW(Phdr) part;
    const off_t offset = (off_t)(header->e_phoff + (size_t)i * header->e_phentsize);
    if (pread(fd, &part, sizeof part, offset) == (ssize_t)sizeof part && part.p_type == PT_INTERP) return true;
  }
  return false;
}

/* The loader ignores LD_PRELOAD in a program that has more rights than its user. */
static const char *find_privilege(int fd) {
  struct stat status;
  if (!fstat(fd, &status) && (status.st_mode & (S_ISUID | S_ISGID)))
    return "set-uid or set-gid, and the environment is not obeyed there";
  if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
    return "given capabilities by its file, and the environment is not obeyed there";
  return NULL;
}

static const char *find_obstacle(int fd) {
  ElfW(Ehdr) header;
  if (!read_header(fd, &header)) return NULL;
  if (!is_our_machine(&header)) return "built for another kind of machine than this command";
  return has_loader(fd, &header) ? find_privilege(fd) : "statically linked, so that nothing can be preloaded";
}

const char *heapster__program_find_obstacle(const char *name) {
  char path[PATH_MAX];
  const int fd = find_program(path, name) ? open_binary(path) : -1;
  if (fd < 0) return NULL;
  const char *const obstacle = find_obstacle(fd);
  close(fd);
  return obstacle;
}
