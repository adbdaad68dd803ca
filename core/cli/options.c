/* The command line. */
#include "options.h"

#include "process/report_protocol.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char command_help[] = "Usage: heapster run [OPTION...] [--] PROGRAM [ARG...]\n"
                                   "Tell what the heap of a program did: how many requests, of which sizes, how much\n"
                                   "is live, what the peak was.\n"
                                   "\n"
                                   "  -h, --help                 Give this help list\n"
                                   "  -V, --version              Print program version\n"
                                   "\n"
                                   "`heapster run -- PROGRAM` runs a program and prints its report when it ends;\n"
                                   "`heapster run --help` tells more.\n";

static const char run_help[] = "Usage: heapster run [OPTION...] [--] PROGRAM [ARG...]\n"
                               "Run PROGRAM, count every request it makes to malloc, and print the report when\n"
                               "it ends.\n"
                               "\n"
                               "  -f, --format=FORMAT        text (the default), json or prometheus\n"
                               "  -o, --output=PATH          Write the report to PATH instead of standard\n"
                               "                             error; with %p in PATH, which stands for the\n"
                               "                             process id, every process that the program starts\n"
                               "                             reports too\n"
                               "  -v, --verbose              With text: sums, totals and live_count, too\n"
                               "  -h, --help                 Give this help list\n"
                               "  -V, --version              Print program version\n"
                               "\n"
                               "The command ends as PROGRAM does: with its status, or by the same signal. It\n"
                               "ends with 125 if it fails itself, 126 if PROGRAM cannot be executed, 127 if it\n"
                               "does not exist.\n"
                               "\n"
                               "HEAPSTER_REPORT_EVERY=SECONDS in the environment replaces PATH by a snapshot as\n"
                               "often, while PROGRAM runs.\n";

/* Of `heapster` and of `heapster run`. The "+" passed to getopt_long ends them at the first word that is not one. */
static const struct option command_options[] = {
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
static const struct option run_options[] = {
    {"format", required_argument, NULL, 'f'}, {"output", required_argument, NULL, 'o'},
    {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},      {0}};

static _Noreturn void print_and_exit(const char *text) {
  fputs(text, stdout);
  exit(EXIT_SUCCESS);
}

/* getopt_long has printed what is wrong. */
static _Noreturn void suggest_help(const char *command) {
  fprintf(stderr, "Try `%s --help' for more information.\n", command);
  exit(HEAPSTER__FAILED);
}

static bool is_format(const char *word) {
  return !strcmp(word, "text") || !strcmp(word, "json") || !strcmp(word, "prometheus");
}

static void apply_run_option(struct heapster__options *options, int key) {
  if (key == 'h') print_and_exit(run_help);
  if (key == 'V') print_and_exit("heapster " HEAPSTER_VERSION "\n");
  if (key == 'o') {
    options->output = optarg;
  } else if (key == 'v') {
    options->is_verbose = true;
  } else if (key == 'f') {
    options->format = optarg;
    if (!is_format(optarg)) errx(HEAPSTER__FAILED, "unknown format '%s': it can be text, json or prometheus", optarg);
  } else {
    suggest_help("heapster run");
  }
}

/* Returns the index of the word `run`. */
static int parse_command(int argc, char **argv) {
  int key;
  while ((key = getopt_long(argc, argv, "+hV", command_options, NULL)) != -1) {
    if (key == 'h') print_and_exit(command_help);
    if (key == 'V') print_and_exit("heapster " HEAPSTER_VERSION "\n");
    suggest_help("heapster");
  }
  if (optind < argc && !strcmp(argv[optind], "run")) return optind;
  if (optind < argc) errx(HEAPSTER__FAILED, "unknown command '%s': there is 'run'", argv[optind]);
  fputs(command_help, stderr);
  exit(HEAPSTER__FAILED);
}

static void read_environment(struct heapster__options *options) {
  const char *const seconds = getenv(HEAPSTER__REPORT_EVERY);
  options->is_repeated = seconds;
  if (!seconds) return;
  if (heapster__report_seconds(seconds) == 0)
    errx(HEAPSTER__FAILED, HEAPSTER__REPORT_EVERY " is '%s': it must be a number of seconds, at least 0.001", seconds);
  if (!options->output) errx(HEAPSTER__FAILED, HEAPSTER__REPORT_EVERY " needs a file to write to: add --output PATH");
}

void heapster__options_parse(struct heapster__options *options, int argc, char **argv) {
  static char name[] = "heapster run"; /* the prefix of getopt_long's messages */
  *options = (struct heapster__options){.format = "text"};
  const int run = parse_command(argc, argv);
  char **const words = argv + run;
  words[0] = name;
  optind = 1;
  int key;
  while ((key = getopt_long(argc - run, words, "+f:o:vhV", run_options, NULL)) != -1) apply_run_option(options, key);
  if (optind >= argc - run) errx(HEAPSTER__FAILED, "no program to run: heapster run [OPTION...] -- PROGRAM [ARG...]");
  options->program = words + optind;
  if (options->is_verbose && strcmp(options->format, "text") != 0)
    errx(HEAPSTER__FAILED, "--verbose is for text: %s always has all figures", options->format);
  read_environment(options);
}
