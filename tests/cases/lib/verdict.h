/* How a case in C says what it saw: `return verdict(is_right, "live %d", live);` is its last line. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Written at once and by hand: a case may have changed what printf asks memory of. */
static void verdict_line(const char *verdict, const char *format, va_list values) {
  char line[1024];
  int length = snprintf(line, sizeof line, "%s: ", verdict);
  length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, values);
  if ((size_t)length > sizeof line - 2) length = (int)sizeof line - 2;
  line[length++] = '\n';
  if (write(STDOUT_FILENO, line, (size_t)length) != length) _exit(1);
}

__attribute__((format(printf, 2, 3))) static inline int verdict(bool is_right, const char *format, ...) {
  va_list values;
  va_start(values, format);
  verdict_line(is_right ? "right" : "wrong", format, values);
  va_end(values);
  return 0;
}

/* For a case whose own preparation fails: neither right nor wrong. */
#define must(condition)                                               \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      _exit(1);                                                       \
    }                                                                 \
  } while (0)

#endif
