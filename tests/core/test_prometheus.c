/* Stats as Prometheus text. */
#include "cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text_sink.h"
#include "value/prometheus.h"

static const struct heapster_stats sample = {
    .alloc_count = 3,
    .alloc_sum = 4008,
    .use_curr = 266639,
    .use_max = 26225000,
    .live_count = 256,
    .alloc_histogram.buckets = {[2] = 2, [11] = 1},
};

static const char *prometheus_of(const struct heapster__labelled_stats *heaps, size_t count) {
  struct text_sink *const sink = text_sink_new();
  struct heapster__writer writer = heapster__writer_make(text_sink_of(sink));
  heapster__write_prometheus(&writer, heaps, count);
  assert_int_equal(heapster__writer_result(&writer), HEAPSTER_OK);
  return sink->text;
}

static const struct heapster_stats idle = {.use_max = 5};
static const struct heapster__labelled_stats two_heaps[] = {{"malloc", &sample}, {"te\"x\\t", &idle}};

static void prometheus_has_a_series_for_each_heap_under_one_head(void **state) {
  (void)state;
  const char *const text = prometheus_of(two_heaps, 2);
  assert_non_null(strstr(text, "# HELP heapster_allocs_total Requests for a new block that were served.\n"
                               "# TYPE heapster_allocs_total counter\n"
                               "heapster_allocs_total{heap=\"malloc\"} 3\n"
                               "heapster_allocs_total{heap=\"te\\\"x\\\\t\"} 0\n"
                               "# HELP heapster_allocated_bytes_total "));
  assert_non_null(strstr(text, "# TYPE heapster_peak_bytes gauge\nheapster_peak_bytes{heap=\"malloc\"} 26225000\n"));
  assert_non_null(strstr(text, "\nheapster_live_bytes{heap=\"malloc\"} 266639\n"));
  assert_non_null(strstr(text, "\nheapster_live_blocks{heap=\"malloc\"} 256\n"));
}

static void prometheus_buckets_are_cumulative_up_to_inf(void **state) {
  (void)state;
  struct heapster_stats stats = {.alloc_count = 6, .alloc_sum = 77};
  stats.alloc_histogram.buckets[0] = 2;
  stats.alloc_histogram.buckets[2] = 3;
  stats.alloc_histogram.buckets[63] = 1;
  const char *const text = prometheus_of(&(struct heapster__labelled_stats){"lua", &stats}, 1);
  assert_non_null(strstr(text, "# TYPE heapster_alloc_size_bytes histogram\n"
                               "heapster_alloc_size_bytes_bucket{heap=\"lua\",le=\"1\"} 2\n"
                               "heapster_alloc_size_bytes_bucket{heap=\"lua\",le=\"3\"} 2\n"
                               "heapster_alloc_size_bytes_bucket{heap=\"lua\",le=\"7\"} 5\n"));
  assert_non_null(strstr(text, "le=\"1099511627775\"} 5\n"
                               "heapster_alloc_size_bytes_bucket{heap=\"lua\",le=\"+Inf\"} 6\n"
                               "heapster_alloc_size_bytes_sum{heap=\"lua\"} 77\n"
                               "heapster_alloc_size_bytes_count{heap=\"lua\"} 6\n"));
}

static void prometheus_of_no_heaps_is_nothing(void **state) {
  (void)state;
  assert_string_equal(prometheus_of(NULL, 0), "");
}

static void promtool_accepts_the_metrics_without_complaint(void **state) {
  (void)state;
  if (system("command -v promtool >/dev/null") != 0) skip();
  const char *const text = prometheus_of(two_heaps, 2);
  char path[] = "/tmp/heapster_metrics_XXXXXX";
  const int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
  close(descriptor);

  char command[128];
  char complaint[4096];
  snprintf(command, sizeof command, "promtool check metrics < %s 2>&1", path);
  FILE *const promtool = popen(command, "r");
  complaint[fread(complaint, 1, sizeof complaint - 1, promtool)] = '\0';
  const int status = pclose(promtool);
  unlink(path);
  assert_string_equal(complaint, "");
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prometheus_has_a_series_for_each_heap_under_one_head),
      cmocka_unit_test(prometheus_buckets_are_cumulative_up_to_inf),
      cmocka_unit_test(prometheus_of_no_heaps_is_nothing),
      cmocka_unit_test(promtool_accepts_the_metrics_without_complaint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
