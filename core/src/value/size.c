/* Sizes in bytes as people write and read them. Integers only, so that no locale decides on the decimal point. */
#include <heapster/limit.h>
#include <stdio.h>

/* Unit i is 1 << (10 * i). */
static const char *const binary_units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

struct unit {
  const char *name;
  uint64_t bytes;
};

static const struct unit parsed_units[] = {
    {"", 1},
    {"b", 1},
    {"kib", UINT64_C(1) << 10},
    {"mib", UINT64_C(1) << 20},
    {"gib", UINT64_C(1) << 30},
    {"tib", UINT64_C(1) << 40},
    {"pib", UINT64_C(1) << 50},
    {"eib", UINT64_C(1) << 60},
    {"kb", UINT64_C(1000)},
    {"mb", UINT64_C(1000000)},
    {"gb", UINT64_C(1000000000)},
    {"tb", UINT64_C(1000000000000)},
    {"pb", UINT64_C(1000000000000000)},
    {"eb", UINT64_C(1000000000000000000)},
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char to_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool is_same_word(const char *text, const char *word) {
  while (*word && to_lower(*text) == *word) text++, word++;
  return *text == *word;
}

/* 0 for an unknown unit. */
static uint64_t find_unit(const char *text) {
  for (size_t i = 0; i < sizeof parsed_units / sizeof parsed_units[0]; i++) {
    if (is_same_word(text, parsed_units[i].name)) return parsed_units[i].bytes;
  }
  return 0;
}

/* The whole bytes in the fraction 0.ddd of a unit. From the last digit to the first, each step may round down and the
   result is still exact, whatever the number of digits. */
static uint64_t parse_fraction(const char *first, const char *end, uint64_t unit) {
  uint64_t bytes = 0;
  while (end > first) bytes = ((uint64_t)(*--end - '0') * unit + bytes) / 10;
  return bytes;
}

/* The digits before the point, in units. False: beyond INT64_MAX. */
static bool parse_whole(const char *first, const char *end, uint64_t unit, uint64_t *bytes) {
  uint64_t whole = 0;
  for (; first < end; first++) {
    if (whole > UINT64_MAX / 10 - 1) return false;
    whole = whole * 10 + (uint64_t)(*first - '0');
  }
  *bytes = whole * unit;
  return whole <= INT64_MAX / unit;
}

enum heapster_error heapster_size_parse(const char *text, uint64_t *bytes) {
  if (!text || !is_digit(*text)) return HEAPSTER_BAD_SIZE;
  if (!bytes) return HEAPSTER_BAD_ARGUMENT;
  const char *end = text;
  while (is_digit(*end)) end++;

  const char *const fraction = *end == '.' ? end + 1 : end;
  const char *fraction_end = fraction;
  while (is_digit(*fraction_end)) fraction_end++;
  if (*end == '.' && fraction_end == fraction) return HEAPSTER_BAD_SIZE;

  const char *unit_text = fraction_end;
  while (*unit_text == ' ') unit_text++;
  if (unit_text != fraction_end && !*unit_text) return HEAPSTER_BAD_SIZE;
  const uint64_t unit = find_unit(unit_text);

  uint64_t whole;
  if (!unit || !parse_whole(text, end, unit, &whole)) return HEAPSTER_BAD_SIZE;
  const uint64_t rest = parse_fraction(fraction, fraction_end, unit);
  if (rest > INT64_MAX - whole) return HEAPSTER_BAD_SIZE;
  *bytes = whole + rest;
  return HEAPSTER_OK;
}

/* `bytes` in hundredths of a unit of 1 << shift, rounded half to even as printf("%.2f") does. */
static unsigned to_hundredths(uint64_t bytes, unsigned shift) {
  if (shift == 60) bytes >>= 10, shift -= 10; /* room for the factor 100; the bits lost are far below a hundredth */
  const uint64_t whole = bytes >> shift;
  const uint64_t scaled = (bytes & ((UINT64_C(1) << shift) - 1)) * 100;
  const uint64_t half = UINT64_C(1) << (shift - 1);
  const uint64_t rest = scaled & ((UINT64_C(1) << shift) - 1);
  const uint64_t rounded_down = scaled >> shift;
  return (unsigned)(whole * 100 + rounded_down + (rest > half || (rest == half && rounded_down % 2)));
}

size_t heapster_size_text(uint64_t bytes, char text[HEAPSTER_SIZE_TEXT]) {
  unsigned unit = 0;
  if (!text) return 0;
  while (unit < 6 && bytes >> (10 * (unit + 1)) > 0) unit++;

  const bool is_whole = !(bytes & ((UINT64_C(1) << (10 * unit)) - 1));
  unsigned value = is_whole ? 0 : to_hundredths(bytes, 10 * unit);
  if (value == 102400 && unit < 6) value = 100, unit++; /* 1023.999 KiB is written as 1.00 MiB */

  const unsigned units = is_whole ? (unsigned)(bytes >> (10 * unit)) : value / 100;
  char decimals[sizeof ".00"] = "";
  if (!is_whole) snprintf(decimals, sizeof decimals, ".%02u", value % 100);
  return (size_t)snprintf(text, HEAPSTER_SIZE_TEXT, "%u%s %s", units, decimals, binary_units[unit]);
}
