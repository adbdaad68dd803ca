/* Lines on standard error. */
#include "message.h"

#include "value/writer.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool write_to_stderr(void *unused, const char *text, size_t length) {
  (void)unused;
  return fwrite(text, 1, length, stderr) == length;
}

static void say(const char *format, va_list arguments) {
  struct heapster__writer writer = heapster__writer_make((struct heapster_sink){write_to_stderr, NULL});
  char *text;
  if (vasprintf(&text, format, arguments) < 0) return;
  flockfile(stderr);
  heapster__write_text(&writer, "heapster: ");
  heapster__write_printable(&writer, text);
  heapster__write_text(&writer, "\n");
  funlockfile(stderr);
  free(text);
}

void heapster__say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
}

_Noreturn void heapster__die(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(format, arguments);
  va_end(arguments);
  exit(status);
}

/* Signals that end a program. Not every C library has a function for the names. */
#define NAMED(signal) [signal] = #signal
static const char *const signal_names[] = {
    NAMED(SIGHUP),  NAMED(SIGINT),  NAMED(SIGQUIT), NAMED(SIGILL),  NAMED(SIGTRAP),   NAMED(SIGABRT), NAMED(SIGBUS),
    NAMED(SIGFPE),  NAMED(SIGKILL), NAMED(SIGUSR1), NAMED(SIGSEGV), NAMED(SIGUSR2),   NAMED(SIGPIPE), NAMED(SIGALRM),
    NAMED(SIGTERM), NAMED(SIGXCPU), NAMED(SIGXFSZ), NAMED(SIGPROF), NAMED(SIGVTALRM), NAMED(SIGPOLL), NAMED(SIGSYS),
};

void heapster__signal_text(char text[HEAPSTER__SIGNAL_TEXT], int signal) {
  const bool is_known = (size_t)signal < sizeof signal_names / sizeof signal_names[0] && signal_names[signal];
  if (is_known)
    snprintf(text, HEAPSTER__SIGNAL_TEXT, "%s", signal_names[signal]);
  else
    snprintf(text, HEAPSTER__SIGNAL_TEXT, "signal %d", signal);
}

void heapster__time_text(char text[HEAPSTER__TIME_TEXT], uint64_t nanoseconds) {
  const time_t seconds = (time_t)(nanoseconds / 1000000000);
  struct tm parts;
  char date[24] = "";
  if (localtime_r(&seconds, &parts)) strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
  snprintf(text, HEAPSTER__TIME_TEXT, "%s.%03u", date, (unsigned)(nanoseconds / 1000000 % 1000));
}

const char *heapster__base_name(const char *path) {
  const char *const slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}
