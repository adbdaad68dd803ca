/* Requests from as many stacks as the argument says, up to 8,192: each is a path of 13 calls, left or right. */
#include <stdlib.h>

#define APART __attribute__((noinline))

static void *volatile last;

static APART void *request(void) {
  void *const block = malloc(32);
  last = block;
  free(block);
  last = NULL;
  return last;
}

static APART void *right(unsigned path, unsigned depth);

static APART void *left(unsigned path, unsigned depth) {
  void *const found = !depth ? request() : path & 1 ? left(path >> 1, depth - 1) : right(path >> 1, depth - 1);
  last = found;
  return last;
}

static APART void *right(unsigned path, unsigned depth) {
  void *const found = !depth ? request() : path & 1 ? left(path >> 1, depth - 1) : right(path >> 1, depth - 1);
  last = found;
  return last;
}

int main(int count, char **words) {
  const unsigned paths = count > 1 ? (unsigned)atoi(words[1]) : 0;
  for (unsigned path = 0; path < paths; path++) last = left(path, 13);
  return 0;
}
