/* Lines on standard error. Whatever is in them, a terminal obeys none of it. */
#ifndef HEAPSTER__CLI_MESSAGE_H
#define HEAPSTER__CLI_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* "heapster: " and the words, as one line. */
__attribute__((format(printf, 1, 2))) void heapster__say(const char *format, ...);

/* The same, and the end of this process. */
__attribute__((format(printf, 2, 3))) _Noreturn void heapster__die(int status, const char *format, ...);

/* "SIGKILL", "signal 40". */
enum { HEAPSTER__SIGNAL_TEXT = 32 };
void heapster__signal_text(char text[HEAPSTER__SIGNAL_TEXT], int signal);

/* "2026-11-28 22:41:03.125", local time, of nanoseconds since 1970. */
enum { HEAPSTER__TIME_TEXT = 40 };
void heapster__time_text(char text[HEAPSTER__TIME_TEXT], uint64_t nanoseconds);

/* What follows the last slash. */
const char *heapster__base_name(const char *path);

#endif
