/* The command line. */
#include "options.h"

#include "message.h"
#include "process/report_protocol.h"

#include <heapster/status.h>

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
                               "  -e, --every=SECONDS        Keep figures that often while PROGRAM runs: a program\n"
                               "                             that is killed leaves the last ones; with --output,\n"
                               "                             PATH is replaced that often\n"
                               "  -x, --explain[=N]          Tell which N callers (10, at most 100) asked most;\n"
                               "                             N,depth=D: each with D-1 frames above it, at most\n"
                               "                             15; the program is slower then\n"
                               "  -f, --format=FORMAT        text (the default), json or prometheus\n"
                               "  -o, --output=PATH          Write the report to PATH instead of standard\n"
                               "                             error; - is standard output; with %p in PATH, which\n"
                               "                             stands for the process id, every process that the\n"
                               "                             program starts reports too\n"
                               "  -v, --verbose              With text: sums, totals and live_count, too\n"
                               "  -w, --warn-above=SIZE      Say on standard error who requests more than SIZE at\n"
                               "                             once, 32KiB or more, in every process; 0: nobody\n"
                               "  -h, --help                 Give this help list\n"
                               "  -V, --version              Print program version\n"
                               "\n"
                               "The command ends as PROGRAM does: with its status, or by the same signal. It\n"
                               "ends with 125 if it fails itself, 126 if PROGRAM cannot be executed, 127 if it\n"
                               "does not exist.\n"
                               "\n"
                               "HEAPSTER_REPORT_EVERY=SECONDS in the environment is --every where that is not\n"
                               "given.\n";

/* Of `heapster` and of `heapster run`. The "+" passed to getopt_long ends them at the first word that is not one. */
static const struct option command_options[] = {
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
static const struct option run_options[] = {{"every", required_argument, NULL, 'e'},
                                            {"explain", optional_argument, NULL, 'x'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"warn-above", required_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {0}};

static _Noreturn void print_and_exit(const char *text) {
  fputs(text, stdout);
  exit(EXIT_SUCCESS);
}

/* What getopt_long found wrong: it returned `key`, and stopped behind the word. Its own messages show words as they
 * are.
 */
static _Noreturn void refuse(const char *command, char *const *words, int key) {
  const char *const word = words[optind - 1];
  if (key == ':')
    heapster__say("option '%s' needs a value", word);
  else if (optopt && !strncmp(word, "--", 2))
    heapster__say("option '%s' takes no value", word);
  else if (optopt)
    heapster__say("unknown option '-%c'", optopt);
  else
    heapster__say("unknown or ambiguous option '%s'", word);
  fprintf(stderr, "Try `%s --help' for more information.\n", command);
  exit(HEAPSTER__FAILED);
}

static bool is_format(const char *word) {
  return !strcmp(word, "text") || !strcmp(word, "json") || !strcmp(word, "prometheus");
}

static void set_format(struct heapster__options *options, const char *word) {
  if (!is_format(word))
    heapster__die(HEAPSTER__FAILED, "unknown format '%s': it can be text, json or prometheus", word);
  options->format = word;
}

static void set_output(struct heapster__options *options, const char *path) {
  if (!path[0]) heapster__die(HEAPSTER__FAILED, "the path of --output is empty: - is standard output");
  options->output = path;
}

/* `source` is where it was found: the option, or the variable. */
static void set_every(struct heapster__options *options, const char *seconds, const char *source) {
  if (heapster__report_seconds(seconds) == 0)
    heapster__die(HEAPSTER__FAILED, "%s is '%s': it must be a number of seconds, from 0.001 to 31536000", source,
                  seconds);
  options->every = seconds;
}

static void set_explain(struct heapster__options *options, const char *count) {
  struct heapster__explain_choice choice = {.depth = 1};
  if (count && !heapster__report_explain(count, &choice))
    heapster__die(
        HEAPSTER__FAILED,
        "--explain is '%s': it must be a number of callers, from 1 to 100, perhaps with a depth, from 1 to 16: "
        "10,depth=3",
        count);
  options->explain = count ? count : "10";
  options->has_depth = choice.depth > 1;
}

static void set_warn_above(struct heapster__options *options, const char *size) {
  uint64_t bytes;
  if (!heapster__report_large(size, &bytes))
    heapster__die(HEAPSTER__FAILED, "--warn-above is '%s': it must be a size from 32KiB on, such as 1MiB, or 0", size);
  options->warn_above = bytes ? size : NULL;
}

static void apply_run_option(struct heapster__options *options, char *const *words, int key) {
  switch (key) {
  case 'h':
    print_and_exit(run_help);
  case 'V':
    print_and_exit("heapster " HEAPSTER_VERSION "\n");
  case 'e':
    set_every(options, optarg, "--every");
    return;
  case 'x':
    set_explain(options, optarg);
    return;
  case 'f':
    set_format(options, optarg);
    return;
  case 'o':
    set_output(options, optarg);
    return;
  case 'w':
    set_warn_above(options, optarg);
    return;
  case 'v':
    options->is_verbose = true;
    return;
  default:
    refuse("heapster run", words, key);
  }
}

/* Returns the index of the word `run`. */
static int parse_command(int argc, char **argv) {
  int key;
  while ((key = getopt_long(argc, argv, "+:hV", command_options, NULL)) != -1) {
    if (key == 'h') print_and_exit(command_help);
    if (key == 'V') print_and_exit("heapster " HEAPSTER_VERSION "\n");
    refuse("heapster", argv, key);
  }
  if (optind < argc && !strcmp(argv[optind], "run")) return optind;
  if (optind < argc) heapster__die(HEAPSTER__FAILED, "unknown command '%s': there is 'run'", argv[optind]);
  fputs(command_help, stderr);
  exit(HEAPSTER__FAILED);
}

static void check(const struct heapster__options *options) {
  if (!options->program[0])
    heapster__die(HEAPSTER__FAILED, "no program to run: heapster run [OPTION...] -- PROGRAM [ARG...]");
  if (!options->program[0][0]) heapster__die(HEAPSTER__NOT_FOUND, "cannot run '': the program's name is empty");
  if (options->is_verbose && strcmp(options->format, "text") != 0)
    heapster__die(HEAPSTER__FAILED, "--verbose is for text: %s always has all figures", options->format);
  if (options->explain && !strcmp(options->format, "prometheus"))
    heapster__die(HEAPSTER__FAILED,
                  "--explain is for text and json: in prometheus, callers would be a label without bounds");
}

/* With one set of counters for all threads no request has a place. */
static void drop(const char **value, const char *option) {
  if (*value) heapster__say("%s has no effect: heapster was built with HEAPSTER_COUNTERS=shared", option);
  *value = NULL;
}

static void drop_unsupported(struct heapster__options *options) {
  struct heapster_status status;
  if (!options->explain && !options->warn_above) return;
  heapster_status_read(&status);
  if (strcmp(status.counters, "shared") != 0) return;
  drop(&options->explain, "--explain");
  drop(&options->warn_above, "--warn-above");
}

void heapster__options_parse(struct heapster__options *options, int argc, char **argv) {
  *options = (struct heapster__options){.format = "text"};
  const int run = parse_command(argc, argv);
  char **const words = argv + run;
  optind = 1;
  int key;
  while ((key = getopt_long(argc - run, words, "+:e:f:o:vw:x::hV", run_options, NULL)) != -1)
    apply_run_option(options, words, key);
  options->program = words + optind;
  check(options);
  drop_unsupported(options);
  const char *const every = getenv(HEAPSTER__REPORT_EVERY);
  if (every && !options->every) set_every(options, every, HEAPSTER__REPORT_EVERY);
}
