/* Writes garbage over its report page, as often as its first argument says, from the seed in its second; then ends in
   the way of its third: return, kill, spin (it goes on writing, for a second). */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

static uint64_t random_word(void) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return state ^ state >> 29;
}

/* The memory that is mapped from the command's file: its head, and this process's page. */
static struct {
  unsigned char *begin;
  size_t size;
} targets[8];

static size_t find_targets(void) {
  size_t count = 0;
  char line[512];
  FILE *const maps = fopen("/proc/self/maps", "r");
  while (maps && count < 8 && fgets(line, sizeof line, maps)) {
    char *end;
    const uintptr_t begin = (uintptr_t)strtoull(line, &end, 16);
    if (!strstr(line, "memfd:heapster")) continue;
    targets[count].begin = (unsigned char *)begin;
    targets[count++].size = (size_t)(strtoull(end + 1, NULL, 16) - begin);
  }
  if (maps) fclose(maps);
  return count;
}

static void write_garbage(size_t count) {
  const size_t target = (size_t)(random_word() % count);
  /* most of what is looked at is near the begin */
  const size_t range = random_word() % 4 ? 1024 : targets[target].size;
  const size_t at = (size_t)(random_word() % (range - 8));
  const uint64_t word = random_word() % 3 ? random_word() : 0xFFFFFFFFFFFFFFFFU;
  memcpy(targets[target].begin + at, &word, (size_t)(1 + random_word() % 8));
}

int main(int words, char **word) {
  if (words < 4) return 1;
  free(malloc(1000));
  const size_t count = find_targets();
  if (!count) return 77;
  state = strtoull(word[2], NULL, 10);
  for (long i = strtol(word[1], NULL, 10); i > 0; i--) write_garbage(count);
  const time_t end = time(NULL) + 2;
  while (strcmp(word[3], "spin") == 0 && time(NULL) < end) write_garbage(count);
  if (strcmp(word[3], "kill") == 0) kill(getpid(), SIGKILL);
  return 4;
}
