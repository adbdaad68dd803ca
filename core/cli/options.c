/* The command line. */
#include "options.h"

#include "report_protocol.h"

#include <argp.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "heapster " HEAPSTER_VERSION;

static bool is_format(const char *word) {
  return strcmp(word, "text") == 0 || strcmp(word, "json") == 0 || strcmp(word, "prometheus") == 0;
}

/* The program's own options are the program's: everything from its name on is taken at once. */
static void take_rest(struct argp_state *state) {
  ((struct heapster__options *)state->input)->program = &state->argv[state->next - 1];
  state->next = state->argc;
}

static error_t take_run(int key, char *word, struct argp_state *state) {
  struct heapster__options *const options = state->input;
  switch (key) {
  case 'f':
    if (!is_format(word))
      argp_failure(state, HEAPSTER__FAILED, 0, "unknown format '%s': it can be text, json or prometheus", word);
    options->format = word;
    return 0;
  case 'o':
    options->output = word;
    return 0;
  case ARGP_KEY_ARG:
    take_rest(state);
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_failure(state, HEAPSTER__FAILED, 0, "no program to run: heapster run [OPTION...] -- PROGRAM [ARG...]");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option run_options[] = {
    {"format", 'f', "FORMAT", 0, "text (the default), json or prometheus", 0},
    {"output", 'o', "PATH", 0,
     "Write the report to PATH instead of standard error; with %p in PATH, which stands for the process id, every "
     "process that the program starts reports too",
     0},
    {0}};

static const struct argp run = {
    run_options,
    take_run,
    "[--] PROGRAM [ARG...]",
    "Run PROGRAM, count every request it makes to malloc, and print the report when it ends."
    "\vThe command ends as PROGRAM does: with its status, or by the same signal. It ends with 125 if it fails itself, "
    "126 if PROGRAM cannot be executed, 127 if it does not exist.\n\n"
    "HEAPSTER_REPORT_EVERY=SECONDS in the environment replaces PATH by a snapshot as often, while PROGRAM runs.",
    NULL,
    NULL,
    NULL};

static error_t take_command(int key, char *word, struct argp_state *state) {
  switch (key) {
  case ARGP_KEY_ARG:
    if (strcmp(word, "run") != 0)
      argp_failure(state, HEAPSTER__FAILED, 0, "unknown command '%s': there is 'run'", word);
    take_rest(state);
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_state_help(state, stderr, (ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK) | ARGP_HELP_EXIT_ERR);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp top = {
    NULL,
    take_command,
    "run [OPTION...] [--] PROGRAM [ARG...]",
    "Tell what the heap of a program did: how many requests, of which sizes, how much is live, what the peak was."
    "\v'heapster run -- PROGRAM' runs a program and prints its report when it ends; 'heapster run --help' tells more.",
    NULL,
    NULL,
    NULL};

static void read_environment(struct heapster__options *options) {
  const char *const seconds = getenv(HEAPSTER__REPORT_EVERY);
  options->is_repeated = seconds != NULL;
  if (seconds == NULL) return;
  if (heapster__report_seconds(seconds) == 0)
    errx(HEAPSTER__FAILED, HEAPSTER__REPORT_EVERY " is '%s': it must be a number of seconds, at least 0.001", seconds);
  if (options->output == NULL)
    errx(HEAPSTER__FAILED, HEAPSTER__REPORT_EVERY " needs a file to write to: add --output PATH");
}

void heapster__options_parse(struct heapster__options *options, int argc, char **argv) {
  static char name[] = "heapster run";
  *options = (struct heapster__options){.format = "text"};
  argp_err_exit_status = HEAPSTER__FAILED;
  argp_parse(&top, argc, argv, ARGP_IN_ORDER, NULL, options);
  char **const words = argv + (options->program - argv);
  words[0] = name;
  argp_parse(&run, argc - (int)(words - argv), words, ARGP_IN_ORDER, NULL, options);
  read_environment(options);
}
