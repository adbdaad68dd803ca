/* What a program's file shows of how it will run. */
#include "process/program_file.h"

#include "base/platform.h"

#include <elf.h>
#include <errno.h>
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
static bool find_program(char path[PATH_MAX], const char *name, bool is_searched) {
  if (!is_searched || strchr(name, '/')) return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_program(path);
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

/* Reads the path after "#!". False: the file is not a script. Linux reads as much of the line. */
static bool find_interpreter(char path[PATH_MAX], int fd) {
  char line[256];
  const ssize_t length = pread(fd, line, sizeof line - 1, 0);
  if (length < 2 || line[0] != '#' || line[1] != '!') return false;
  line[length] = '\0';
  const char *const start = line + 2 + strspn(line + 2, " \t");
  const size_t size = strcspn(start, " \t\n");
  memcpy(path, start, size);
  path[size] = '\0';
  return true;
}

static void note_unusable(struct heapster__program *program, const char *path, bool is_loader) {
  if (access(path, X_OK) == 0) return;
  program->unusable_error = errno;
  snprintf(program->unusable, PATH_MAX, "%s", path);
  program->is_unusable_loader = is_loader;
}

/* Opens the file that the kernel loads in the end: the program, or a script's interpreter. */
static int open_binary(struct heapster__program *program) {
  for (int i = 0; i < MAX_SCRIPTS; i++) {
    const int fd = open(program->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !find_interpreter(program->path, fd)) return fd;
    close(fd);
    note_unusable(program, program->path, false);
  }
  return -1;
}

static bool read_header(int fd, ElfW(Ehdr) * header) {
  return pread(fd, header, sizeof *header, 0) == (ssize_t)sizeof *header && !memcmp(header->e_ident, ELFMAG, SELFMAG);
}

/* A static program, position-independent or not, names no loader. */
static bool find_loader(int fd, const ElfW(Ehdr) * header, char path[PATH_MAX]) {
  for (unsigned i = 0; i < header->e_phnum; i++) {
    ElfW(Phdr) part;
    const off_t offset = (off_t)(header->e_phoff + (size_t)i * header->e_phentsize);
    if (pread(fd, &part, sizeof part, offset) != (ssize_t)sizeof part || part.p_type != PT_INTERP) continue;
    const size_t size = part.p_filesz < PATH_MAX ? (size_t)part.p_filesz : PATH_MAX - 1;
    const ssize_t length = pread(fd, path, size, (off_t)part.p_offset);
    path[length > 0 ? length : 0] = '\0';
    return true;
  }
  path[0] = '\0';
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

/* The header of the object that this is linked into: of the same kind as the library that is preloaded. */
extern const ElfW(Ehdr) __ehdr_start HEAPSTER__HIDDEN;

/* The first object is the program itself. */
static int find_own_loader(struct dl_phdr_info *info, size_t size, void *loader) {
  (void)size;
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *const part = &info->dlpi_phdr[i];
    if (part->p_type == PT_INTERP) *(const char **)loader = (const char *)(info->dlpi_addr + part->p_vaddr);
  }
  return 1;
}

/* A C library's loader has the same name wherever it is: ld-linux-x86-64.so.2, ld-musl-x86_64.so.1. */
static bool is_same_loader(const char *one, const char *other) {
  const char *const slash = strrchr(one, '/'), *const other_slash = strrchr(other, '/');
  return !strcmp(slash ? slash + 1 : one, other_slash ? other_slash + 1 : other);
}

static enum heapster__program_kind find_kind(struct heapster__program *program, int fd) {
  ElfW(Ehdr) header;
  const char *own_loader = NULL;
  if (!read_header(fd, &header)) return HEAPSTER__PROGRAM_COUNTED; /* execvp has a shell run it */
  if (header.e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] || header.e_machine != __ehdr_start.e_machine)
    return HEAPSTER__PROGRAM_OTHER_MACHINE;
  if (!find_loader(fd, &header, program->loader)) return HEAPSTER__PROGRAM_STATIC;
  note_unusable(program, program->loader, true);
  dl_iterate_phdr(find_own_loader, &own_loader);
  if (own_loader && !is_same_loader(program->loader, own_loader)) return HEAPSTER__PROGRAM_OTHER_LIBC;
  program->privilege = find_privilege(fd);
  return program->privilege ? HEAPSTER__PROGRAM_PRIVILEGED : HEAPSTER__PROGRAM_COUNTED;
}

void heapster__program_inspect(struct heapster__program *program, const char *name, bool is_searched) {
  program->kind = HEAPSTER__PROGRAM_UNKNOWN;
  program->path[0] = program->loader[0] = program->unusable[0] = '\0';
  program->is_unusable_loader = false;
  program->privilege = NULL;
  const int fd = find_program(program->path, name, is_searched) ? open_binary(program) : -1;
  if (fd < 0) return;
  program->kind = find_kind(program, fd);
  close(fd);
}

bool heapster__program_is_foreign(const struct heapster__program *program) {
  return program->kind == HEAPSTER__PROGRAM_OTHER_MACHINE || program->kind == HEAPSTER__PROGRAM_OTHER_LIBC;
}

bool heapster__program_obstacle(const struct heapster__program *program, char *text, size_t capacity) {
  const char *const libc = strstr(program->loader, "ld-musl") ? "musl, another C library" : "another C library";
  switch (program->kind) {
  case HEAPSTER__PROGRAM_STATIC:
    snprintf(text, capacity, "is statically linked, so that nothing can be preloaded");
    return true;
  case HEAPSTER__PROGRAM_PRIVILEGED:
    snprintf(text, capacity, "is %s", program->privilege);
    return true;
  case HEAPSTER__PROGRAM_OTHER_MACHINE:
    snprintf(text, capacity, "is built for another kind of machine than this command");
    return true;
  case HEAPSTER__PROGRAM_OTHER_LIBC:
    snprintf(text, capacity, "is linked to %s (its loader is %s)", libc, program->loader);
    return true;
  default:
    return false;
  }
}
