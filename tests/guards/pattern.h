/* The main of a program that callgrind counts: PROGRAM PATTERN COUNT runs one of its patterns so many times. */
#ifndef GUARDS_PATTERN_H
#define GUARDS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
  const char *name;
  bool (*run)(size_t count); /* false: something failed, and the figure means nothing */
};

static inline int pattern_main(int count, char **arguments, const struct pattern *patterns, size_t pattern_count) {
  for (size_t i = 0; count == 3 && i < pattern_count; i++) {
    if (strcmp(arguments[1], patterns[i].name) == 0) return patterns[i].run(strtoul(arguments[2], NULL, 10)) ? 0 : 1;
  }
  (void)fprintf(stderr, "usage: %s PATTERN COUNT\n", arguments[0]);
  for (size_t i = 0; i < pattern_count; i++) (void)fprintf(stderr, "  %s\n", patterns[i].name);
  return 2;
}

#endif
