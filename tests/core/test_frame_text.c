/* Frames as text: the table and its strip, byte for byte. */
#include "cmocka_test.h"

#include <string.h>

#include <heapster/frame.h>

#include "text_sink.h"

#define SIZES .struct_size = sizeof(struct heapster_frames), .frame_size = sizeof(struct heapster_frame)

static const char *text_of(const struct heapster_frames *frames) {
  struct text_sink *const sink = text_sink_new();
  assert_int_equal(heapster_frames_text(frames, text_sink_of(sink)), HEAPSTER_OK);
  return sink->text;
}

/* As heapster_frames_read would return it. */
static const struct heapster_frames *few(void) {
  static struct heapster_frames frames = {
      SIZES,
      .frame_count = 1005,
      .kept_count = 5,
      .quiet_count = 2,
      .worst_index = 1004,
      .last = {0},
      .mean = {247, 1, 2508, 1024, 0},
      .worst = {1232, 2, 12544, 5120, 0},
      .kept = {{0}, {1, 0, 1, 1, 0}, {0, 1, 0, 0, 0}, {1232, 2, 12544, 5120, 0}, {0}},
  };
  return &frames;
}

static void a_few_frames_are_a_bar_each(void **state) {
  (void)state;
  assert_string_equal(text_of(few()),
                      "frames 1,001 to 1,005: 2 of 5 allocated nothing, the worst is 1,004\n"
                      "                  alloc_count  realloc_growth_count  total_alloc_sum      use_peak\n"
                      "last                        0                     0              0 B           0 B\n"
                      "mean                      247                     1         2.45 KiB         1 KiB\n"
                      "worst                   1,232                     2        12.25 KiB         5 KiB\n"
                      "allocs and growths, 1 frame a bar:\n"
                      "| ▁▁█ |\n");
}

static void many_frames_share_bars_of_the_worst_of_them(void **state) {
  (void)state;
  static struct heapster_frames frames;
  frames =
      (struct heapster_frames){SIZES, .frame_count = 256, .kept_count = 256, .quiet_count = 190, .worst_index = 256};
  for (unsigned i = 0; i < 64; ++i) frames.kept[4 * i + i % 4].alloc_count = i;
  frames.kept[255].alloc_count = 64;
  frames.last = frames.worst = frames.kept[255];
  const char *const strip = strchr(text_of(&frames), '|');
  assert_non_null(strip);
  assert_string_equal(strip, "| ▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇███████|\n");
}

static void sixty_five_frames_are_two_a_bar(void **state) {
  (void)state;
  static struct heapster_frames frames;
  frames = (struct heapster_frames){SIZES, .frame_count = 65, .kept_count = 65, .quiet_count = 64, .worst_index = 65};
  frames.kept[64].alloc_count = frames.worst.alloc_count = frames.last.alloc_count = 3;
  assert_non_null(
      strstr(text_of(&frames),
             "allocs and growths, 2 frames a bar, the worst of them:\n|                                █|\n"));
}

static void without_a_frame_the_text_explains_frames(void **state) {
  (void)state;
  static const struct heapster_frames none;
  assert_string_equal(text_of(&none), "no frame has ended yet: a frame is what happens between two marks\n");
}

static void the_largest_figures_have_bars_too(void **state) {
  (void)state;
  static struct heapster_frames frames;
  frames = (struct heapster_frames){SIZES, .frame_count = 2, .kept_count = 2, .worst_index = 2};
  frames.kept[0].alloc_count = 1;
  frames.kept[1].alloc_count = frames.worst.alloc_count = UINT64_MAX;
  assert_non_null(strstr(text_of(&frames), "|▁█|\n"));
}

static void errors_of_peaks_have_a_column_if_there_are_any(void **state) {
  (void)state;
  static struct heapster_frames frames;
  frames = *few();
  frames.worst.use_peak_error = 64 << 10;
  const char *const text = text_of(&frames);
  assert_non_null(strstr(text, "      use_peak  use_peak_error\n"));
  assert_non_null(strstr(text, "         5 KiB          64 KiB\n"));
  assert_null(strstr(text_of(few()), "error"));
}

static void a_sink_that_refuses_ends_the_text(void **state) {
  (void)state;
  struct text_sink *sink = text_sink_new();
  assert_int_equal(heapster_frames_text(few(), text_sink_of(sink)), HEAPSTER_OK);
  const unsigned calls = sink->calls;
  for (unsigned call = 1; call <= calls; ++call) {
    sink = text_sink_new();
    sink->refused_call = call;
    assert_int_equal(heapster_frames_text(few(), text_sink_of(sink)), HEAPSTER_WRITE_FAILED);
    assert_int_equal(sink->calls, call);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_few_frames_are_a_bar_each),
      cmocka_unit_test(many_frames_share_bars_of_the_worst_of_them),
      cmocka_unit_test(sixty_five_frames_are_two_a_bar),
      cmocka_unit_test(without_a_frame_the_text_explains_frames),
      cmocka_unit_test(the_largest_figures_have_bars_too),
      cmocka_unit_test(errors_of_peaks_have_a_column_if_there_are_any),
      cmocka_unit_test(a_sink_that_refuses_ends_the_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
