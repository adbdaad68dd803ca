/* Names for the sites of a report. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PLACES = HEAPSTER__REPORTED_SITES * HEAPSTER__DEPTH };

/* A caller or a frame above it. */
struct place {
  const char *file; /* NULL: it has its name, or gets none */
  uint64_t offset;
  struct heapster__site_name *name;
};

/* The places of one file. */
struct group {
  const char *file;
  size_t count;
  struct place places[MOST_PLACES];
};

static bool read_at(int file, void *bytes, size_t length, uint64_t offset) {
  return pread(file, bytes, length, (off_t)offset) == (ssize_t)length;
}

static int open_regular(const char *path) {
  struct stat status;
  const int file = path[0] == '/' ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
  if (file < 0 || (!fstat(file, &status) && S_ISREG(status.st_mode))) return file;
  close(file);
  return -1;
}

/* The table of all symbols, or of those for other objects if the file was stripped. */
static bool find_table(int file, ElfW(Shdr) * table, ElfW(Shdr) * strings) {
  ElfW(Ehdr) head;
  *table = (ElfW(Shdr)){.sh_type = SHT_NULL};
  if (!read_at(file, &head, sizeof head, 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (head.e_shentsize != sizeof *table) return false;
  for (unsigned i = 0; i < head.e_shnum && table->sh_type != SHT_SYMTAB; i++) {
    ElfW(Shdr) section;
    if (!read_at(file, &section, sizeof section, head.e_shoff + (uint64_t)i * sizeof section)) return false;
    if (section.sh_type == SHT_SYMTAB || (section.sh_type == SHT_DYNSYM && table->sh_type == SHT_NULL))
      *table = section;
  }
  return table->sh_type != SHT_NULL && table->sh_link < head.e_shnum &&
         read_at(file, strings, sizeof *strings, head.e_shoff + (uint64_t)table->sh_link * sizeof *strings);
}

static void take_name(int file, const ElfW(Shdr) * strings, const ElfW(Sym) * symbol,
                      struct heapster__site_name *name) {
  if (symbol->st_name >= strings->sh_size) return;
  const ssize_t length =
      pread(file, name->function, sizeof name->function - 1, (off_t)(strings->sh_offset + symbol->st_name));
  name->function[length > 0 ? length : 0] = '\0';
}

static void match_symbol(int file, const ElfW(Shdr) * strings, const ElfW(Sym) * symbol, const struct group *group) {
  for (size_t i = 0; i < group->count; i++) {
    if (group->places[i].offset - symbol->st_value < symbol->st_size)
      take_name(file, strings, symbol, group->places[i].name);
  }
}

/* Some megabytes of symbols are read in a few milliseconds. A table that claims to be larger than that ends where its
   file does. */
static void find_functions(int file, const struct group *group) {
  enum { AT_ONCE = 512, MOST = 1 << 24 };
  ElfW(Shdr) table, strings;
  ElfW(Sym) symbols[AT_ONCE];
  if (!find_table(file, &table, &strings) || table.sh_entsize != sizeof *symbols) return;
  const uint64_t claimed = table.sh_size / sizeof *symbols, count = claimed < MOST ? claimed : MOST;
  for (uint64_t first = 0; first < count; first += AT_ONCE) {
    const size_t part = count - first < AT_ONCE ? (size_t)(count - first) : AT_ONCE;
    if (!read_at(file, symbols, part * sizeof *symbols, table.sh_offset + first * sizeof *symbols)) return;
    for (size_t i = 0; i < part; i++) {
      const unsigned type = symbols[i].st_info & 15;
      if (type == STT_FUNC || type == STT_GNU_IFUNC) match_symbol(file, &strings, &symbols[i], group);
    }
  }
}

/* A line of addr2line, without its end; "" for what it does not know. */
static void take_line(char *to, size_t capacity, const char *line, size_t length) {
  if (length && line[0] != '?') snprintf(to, capacity, "%.*s", (int)(length < capacity ? length : capacity - 1), line);
}

/* "file.c:12", "file.c:12 (discriminator 2)", "file.c:?", "??:0". */
static void take_source(struct heapster__site_name *name, const char *line, size_t length) {
  const char *colon = memrchr(line, ':', length);
  if (!colon || line[0] == '?') return;
  const unsigned long number = strtoul(colon + 1, NULL, 10);
  if (!number || number > INT32_MAX) return;
  take_line(name->source, sizeof name->source, line, (size_t)(colon - line));
  name->line = (unsigned)number;
}

/* Without debug information addr2line names the nearest symbol, however far: that counts only if a symbol of the table
   holds the call, and is then the same name in readable form. */
static void take_answer(struct heapster__site_name *name, const char *function, size_t function_length,
                        const char *source, size_t source_length) {
  take_source(name, source, source_length);
  if (name->line || name->function[0]) take_line(name->function, sizeof name->function, function, function_length);
}

/* Two lines for each place: its function, and its source. */
static void parse_answer(const char *text, size_t length, const struct group *group) {
  const char *const end = text + length;
  for (size_t i = 0; text < end && i < group->count; i++) {
    const char *const function_end = memchr(text, '\n', (size_t)(end - text));
    if (!function_end) return;
    const char *const source = function_end + 1;
    const char *const source_end = memchr(source, '\n', (size_t)(end - source));
    if (!source_end) return;
    take_answer(group->places[i].name, text, (size_t)(function_end - text), source, (size_t)(source_end - source));
    text = source_end + 1;
  }
}

/* Reads until the other end is closed, but no longer than a while: debug information of a large program takes seconds,
   and may lie on a server that is gone. */
static size_t read_answer(int pipe, char *text, size_t capacity) {
  enum { SECONDS = 10 };
  size_t length = 0;
  const time_t until = time(NULL) + SECONDS;
  while (length < capacity && time(NULL) < until) {
    struct pollfd wanted = {.fd = pipe, .events = POLLIN};
    if (poll(&wanted, 1, 1000) <= 0) continue;
    const ssize_t part = read(pipe, text + length, capacity - length);
    if (part <= 0) break;
    length += (size_t)part;
  }
  return length;
}

/* Starts addr2line as a shell would: no signal is ignored or blocked. It asks no server for debug information. */
static bool start(char *const *words, int output, pid_t *pid) {
  char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
  char *const environment[] = {path, locale, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawnp(pid, words[0], &actions, &attributes, words, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return !error;
}

static void find_lines(const struct group *group) {
  enum { ANSWER = MOST_PLACES * 4096 };
  char numbers[MOST_PLACES][24], name[] = "addr2line", functions[] = "-f", plain[] = "-C", from[] = "-e";
  char *words[MOST_PLACES + 6] = {name, functions, plain, from, (char *)(uintptr_t)group->file};
  int ends[2];
  pid_t pid;
  for (size_t i = 0; i < group->count; i++) {
    snprintf(numbers[i], sizeof numbers[i], "0x%llx", (unsigned long long)group->places[i].offset);
    words[5 + i] = numbers[i];
  }
  char *const answer = malloc(ANSWER);
  if (!answer || pipe2(ends, O_CLOEXEC) < 0) {
    free(answer);
    return;
  }
  const bool is_started = start(words, ends[1], &pid);
  close(ends[1]);
  if (is_started) {
    parse_answer(answer, read_answer(ends[0], answer, ANSWER), group);
    kill(pid, SIGKILL); /* it has ended, or takes too long */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
  }
  close(ends[0]);
  free(answer);
}

static size_t list_places(const struct heapster__figures *figures, struct heapster__site_names *names,
                          struct place places[MOST_PLACES]) {
  size_t count = 0;
  for (size_t i = 0; i < figures->site_count; i++) {
    if (figures->sites[i].kind != HEAPSTER_SITE_C) continue;
    places[count++] = (struct place){figures->site_files[i], figures->sites[i].offset, &names->sites[i]};
    for (size_t j = 0; j < figures->frame_counts[i]; j++) {
      const struct heapster__frame *const frame = &figures->frames[i][j];
      places[count++] = (struct place){heapster__frame_file(figures, frame), frame->offset, &names->frames[i][j]};
    }
  }
  return count;
}

/* Moves the places from `first` on that are in its file to the group. */
static void gather(struct group *group, struct place *places, size_t first, size_t count) {
  group->file = places[first].file;
  group->count = 0;
  for (size_t i = first; i < count; i++) {
    if (!places[i].file || strcmp(places[i].file, group->file) != 0) continue;
    group->places[group->count++] = places[i];
    places[i].file = NULL;
  }
}

void heapster__symbols_find(const struct heapster__figures *figures, struct heapster__site_names *names) {
  struct place places[MOST_PLACES];
  struct group group;
  const size_t count = list_places(figures, names, places);
  memset(names, 0, sizeof *names);
  for (size_t i = 0; i < count; i++) {
    if (!places[i].file) continue;
    gather(&group, places, i, count);
    const int file = open_regular(group.file);
    if (file < 0) continue;
    find_functions(file, &group);
    close(file);
    find_lines(&group);
  }
}
