/* The classes Sites, Site and Requests. A Sites is a value as a Stats is; its parts are named tuples. */
#include "python/sites.h"

#include "common/value.h"
#include "python/errors.h"
#include "python/objects.h"
#include "python/values.h"

static PyStructSequence_Field requests_fields[] = {
    {"alloc_count", "served requests for a new block"},
    {"alloc_sum", "bytes they requested"},
    {"realloc_growth_count", "resizes to a larger size"},
    {"realloc_growth_sum", "bytes by which they grew"},
    {"realloc_move_count", "resizes that changed the address"},
    {"realloc_move_sum", "bytes they copied"},
    {NULL, NULL},
};
static PyStructSequence_Field site_fields[] = {
    {"file", "of the line, or of the program or library of a call in C; None elsewhere"},
    {"line", "from 1; None where it is not known, as in C"},
    {"function", "its qualified name (its name up to CPython 3.10), or the symbol of a call in C"},
    {"via", "the innermost line below `root`'s, or the call in C, that most of it came from; else None"},
    {"alloc_count", "served requests for a new block"},
    {"alloc_sum", "bytes they requested"},
    {"realloc_growth_count", "resizes to a larger size"},
    {"realloc_growth_sum", "bytes by which they grew"},
    {"realloc_move_count", "resizes that changed the address"},
    {"realloc_move_sum", "bytes they copied"},
    {"live_count", "blocks of alloc_count that are alive at the end"},
    {"live_bytes", "their bytes then"},
    {"alloc_histogram", "alloc_count by size, a Histogram"},
    {NULL, NULL},
};
static PyStructSequence_Desc requests_description = {"heapster.Requests", "New blocks and resizes that were served.",
                                                     requests_fields, 6};
static PyStructSequence_Desc site_description = {"heapster.Site", "What one line requested.", site_fields, 13};

/* Those of the interpreter that imported last, as for errors. */
static struct {
  PyTypeObject *requests;
  PyTypeObject *site;
} types;

static PyTypeObject sites_type;

PyObject *heapster__python_wrap_sites(struct heapster__sites *sites) {
  PyObject *const object = sites ? heapster__python_new_object(&sites_type, sites) : PyErr_NoMemory();
  if (!object) heapster__python_free_sites(sites);
  return object;
}

struct heapster__sites *heapster__python_sites_of(PyObject *object) {
  return heapster__python_value_of(object, &sites_type);
}

/* --- parts --- */

static PyObject *new_none(void) { Py_RETURN_NONE; }

static PyObject *new_integer(uint64_t value) { return PyLong_FromUnsignedLongLong(value); }

/* A file name has half of a surrogate pair for a byte that is none of a character; a name in C may have any byte. */
static PyObject *new_string(const char *chars) {
  if (!chars) return new_none();
  const Py_ssize_t length = (Py_ssize_t)strlen(chars);
  PyObject *const string = PyUnicode_DecodeUTF8(chars, length, "surrogatepass");
  if (string) return string;
  PyErr_Clear();
  return PyUnicode_DecodeUTF8(chars, length, "backslashreplace");
}

static PyObject *new_name(const struct heapster__site_name *name) {
  return heapster__site_name_is_empty(name) ? new_none() : heapster__python_string(heapster__site_name_text(name));
}

/* Takes over the items. */
static PyObject *fill(PyTypeObject *type, PyObject *const *items, Py_ssize_t count) {
  PyObject *tuple = PyStructSequence_New(type);
  bool is_complete = tuple != NULL;
  for (Py_ssize_t i = 0; i < count; i++) {
    is_complete = is_complete && items[i];
    if (tuple)
      PyStructSequence_SetItem(tuple, i, items[i]);
    else
      Py_XDECREF(items[i]);
  }
  if (!is_complete) Py_CLEAR(tuple);
  return tuple;
}

#define REQUESTS(requests)                                                                        \
  new_integer((requests)->alloc_count), new_integer((requests)->alloc_sum),                       \
      new_integer((requests)->realloc_growth_count), new_integer((requests)->realloc_growth_sum), \
      new_integer((requests)->realloc_move_count), new_integer((requests)->realloc_move_sum)

static PyObject *new_requests(const struct heapster_requests *requests) {
  PyObject *const items[] = {REQUESTS(requests)};
  return fill(types.requests, items, 6);
}

static PyObject *new_site(const struct heapster__named_site *site) {
  const struct heapster_site *const figures = &site->figures;
  PyObject *const items[] = {
      new_string(site->name.file),
      site->name.line ? new_integer((uint64_t)site->name.line) : new_none(),
      new_string(site->name.function),
      new_name(&site->via),
      REQUESTS(&figures->requests),
      new_integer(figures->live_count),
      new_integer(figures->live_sum),
      heapster__python_wrap_histogram(heapster__value_copy(&figures->alloc_histogram, sizeof figures->alloc_histogram)),
  };
  return fill(types.site, items, 13);
}

/* --- Sites --- */

static void dealloc(PyObject *self) {
  heapster__python_free_sites(heapster__python_sites_of(self));
  PyObject_Del(self);
}

static bool is_equal(const struct heapster__sites *a, const struct heapster__sites *b) {
  if (a->count != b->count || a->whole.scope != b->whole.scope) return false;
  if (memcmp(&a->whole.counted, &b->whole.counted, sizeof a->whole.counted) != 0) return false;
  if (memcmp(&a->whole.under_way, &b->whole.under_way, sizeof a->whole.under_way) != 0) return false;
  for (size_t i = 0; i < a->count; i++) {
    const struct heapster__named_site *const one = &a->sites[i], *const other = &b->sites[i];
    if (heapster__site_name_compare(&one->name, &other->name) || heapster__site_name_compare(&one->via, &other->via) ||
        memcmp(&one->figures, &other->figures, sizeof one->figures) != 0)
      return false;
  }
  return true;
}

static PyObject *compare(PyObject *self, PyObject *other, int operation) {
  const struct heapster__sites *const a = heapster__python_sites_of(self), *const b = heapster__python_sites_of(other);
  return heapster__python_compare(a && b, a && b && is_equal(a, b), operation);
}

static Py_hash_t hash(PyObject *self) {
  const struct heapster__sites *const sites = heapster__python_sites_of(self);
  uint64_t sum = heapster__python_hash(HEAPSTER__HASH_START, &sites->whole.counted, sizeof sites->whole.counted);
  for (size_t i = 0; i < sites->count; i++)
    sum = heapster__python_hash(sum, &sites->sites[i].figures.requests, sizeof(struct heapster_requests));
  return heapster__python_finish_hash(sum);
}

static PyObject *str(PyObject *self) {
  return heapster__python_string(heapster__python_sites_text(heapster__python_sites_of(self), SIZE_MAX));
}

static PyObject *repr(PyObject *self) {
  const struct heapster__sites *const sites = heapster__python_sites_of(self);
  PyObject *const sum = heapster__python_string(heapster__sites_sum_text(sites));
  PyObject *const text =
      sum ? PyUnicode_FromFormat("<Sites of %zu line%s: %U>", sites->count, sites->count == 1 ? "" : "s", sum) : NULL;
  Py_XDECREF(sum);
  return text;
}

static Py_ssize_t length(PyObject *self) { return (Py_ssize_t)heapster__python_sites_of(self)->count; }

static PyObject *item(PyObject *self, Py_ssize_t index) {
  const struct heapster__sites *const sites = heapster__python_sites_of(self);
  if (index >= 0 && (size_t)index < sites->count) return new_site(&sites->sites[index]);
  return PyErr_Format(PyExc_IndexError, "no such site: there %s %zu", sites->count == 1 ? "is" : "are", sites->count);
}

static PyObject *get_scope(PyObject *self, void *none) {
  (void)none;
  return PyUnicode_FromString(heapster__python_sites_of(self)->whole.scope == HEAPSTER_THREAD ? "thread" : "process");
}

static PyObject *get_counted(PyObject *self, void *none) {
  (void)none;
  return new_requests(&heapster__python_sites_of(self)->whole.counted);
}

static PyObject *get_under_way(PyObject *self, void *none) {
  (void)none;
  return new_requests(&heapster__python_sites_of(self)->whole.under_way);
}

/* A named tuple as a dict: its names are those of the description. Takes over `tuple`. */
static PyObject *tuple_as_dict(PyObject *tuple, const PyStructSequence_Field *fields) {
  PyObject *dict = tuple ? PyDict_New() : NULL;
  for (Py_ssize_t i = 0; dict && fields[i].name; i++) {
    PyObject *const value = PyStructSequence_GetItem(tuple, i);
    const struct heapster_histogram *const histogram = heapster__python_histogram_of(value);
    PyObject *const plain = histogram ? heapster__python_histogram_as_list(histogram) : value;
    if (!plain || PyDict_SetItemString(dict, fields[i].name, plain) < 0) Py_CLEAR(dict);
    if (histogram) Py_XDECREF(plain);
  }
  Py_XDECREF(tuple);
  return dict;
}

static PyObject *list_sites(const struct heapster__sites *sites) {
  PyObject *list = PyList_New(0);
  for (size_t i = 0; list && i < sites->count; i++) {
    PyObject *const dict = tuple_as_dict(new_site(&sites->sites[i]), site_fields);
    if (!dict || PyList_Append(list, dict) < 0) Py_CLEAR(list);
    Py_XDECREF(dict);
  }
  return list;
}

/* Py_BuildValue takes over what stands for N, and fails if that is NULL. */
static PyObject *as_dict(PyObject *self, PyObject *none) {
  const struct heapster__sites *const sites = heapster__python_sites_of(self);
  PyObject *const counted = tuple_as_dict(new_requests(&sites->whole.counted), requests_fields);
  PyObject *const under_way = counted ? tuple_as_dict(new_requests(&sites->whole.under_way), requests_fields) : NULL;
  PyObject *const list = under_way ? list_sites(sites) : NULL;
  if (list)
    return Py_BuildValue("{sNsNsNsN}", "scope", get_scope(self, none), "counted", counted, "under_way", under_way,
                         "sites", list);
  Py_XDECREF(counted);
  Py_XDECREF(under_way);
  return NULL;
}

static PyObject *to_json(PyObject *self, PyObject *none) {
  PyObject *const dict = as_dict(self, none);
  PyObject *const json = dict ? PyImport_ImportModule("json") : NULL;
  PyObject *const text = json ? PyObject_CallMethod(json, "dumps", "O", dict) : NULL;
  Py_XDECREF(dict);
  Py_XDECREF(json);
  return text;
}

static PyObject *table(PyObject *self, PyObject *most) {
  const Py_ssize_t lines = PyNumber_AsSsize_t(most, NULL);
  if (lines == -1 && PyErr_Occurred()) return NULL;
  if (lines < 0) return PyErr_Format(PyExc_ValueError, "a table has 0 lines or more, not %zd", lines);
  return heapster__python_string(heapster__python_sites_text(heapster__python_sites_of(self), (size_t)lines));
}

static PyObject *by_surplus(PyObject *self, PyObject *surplus) {
  const struct heapster_histogram *const histogram = heapster__python_histogram_of(surplus);
  if (!histogram)
    return PyErr_Format(PyExc_TypeError, "by_surplus() needs a Histogram, not %.200s", Py_TYPE(surplus)->tp_name);
  struct heapster__sites *const sites = heapster__sites_copy(heapster__python_sites_of(self));
  if (sites) heapster__sites_rank(sites, histogram);
  return heapster__python_wrap_sites(sites);
}

static PyObject *by_live_count(PyObject *self, PyObject *none) {
  (void)none;
  struct heapster__sites *const sites = heapster__sites_copy(heapster__python_sites_of(self));
  if (!sites || heapster__sites_rank_live(sites)) return heapster__python_wrap_sites(sites);
  heapster__python_free_sites(sites);
  return PyErr_NoMemory();
}

static PyMethodDef methods[] = {
    {"as_dict", as_dict, METH_NOARGS,
     "as_dict($self, /)\n--\n\n"
     "Return a dict of scope, counted, under_way and sites: a list of dicts, histograms as lists of 64."},
    {"to_json", to_json, METH_NOARGS, "to_json($self, /)\n--\n\nReturn a JSON object of the same as as_dict()."},
    {"table", table, METH_O,
     "table($self, lines, /)\n--\n\nReturn the text of str() with at most so many lines of sites."},
    {"by_surplus", by_surplus, METH_O,
     "by_surplus($self, surplus, /)\n--\n\n"
     "Return the Sites in another order: first those with the most requests for a new block of the sizes of which the\n"
     "Histogram says that there were too many."},
    {"by_live_count", by_live_count, METH_NOARGS,
     "by_live_count($self, /)\n--\n\n"
     "Return the Sites in another order: first those from which the most blocks are alive at the end."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"scope", get_scope, NULL, "'process', or 'thread' for the requests of one thread.", NULL},
    {"counted", get_counted, NULL, "What the window counted, as Requests: at the sites and under_way.", NULL},
    {"under_way", get_under_way, NULL,
     "Requests of other threads that had begun before it, or had not ended with it: at most one of each kind for a "
     "thread.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PySequenceMethods sequence = {.sq_length = length, .sq_item = item};

static PyTypeObject sites_type = {
    HEAPSTER__PYTHON_CLASS("Sites"),
    .tp_doc =
        "Which lines made the requests of a window: a sequence of Site, those with the most requests first. What has "
        "no line,\n"
        "such as requests of other interpreters, is a last Site without a file. All figures of the sites and of "
        "under_way add\n"
        "up to counted. str() is a table.",
    .tp_dealloc = dealloc,
    .tp_richcompare = compare,
    .tp_hash = hash,
    .tp_repr = repr,
    .tp_str = str,
    .tp_iter = PySeqIter_New,
    .tp_as_sequence = &sequence,
};

PyObject *heapster__python_wrap_explained(struct heapster_stats *stats, struct heapster__sites *sites) {
  PyObject *const object = heapster__python_wrap_stats(stats);
  if (!sites) return object;
  PyObject *const explained = heapster__python_wrap_sites(sites);
  if (object && explained) {
    heapster__python_set_sites(object, explained);
    return object;
  }
  Py_XDECREF(object);
  Py_XDECREF(explained);
  return NULL;
}

static bool add_tuple(PyObject *module, const char *name, PyTypeObject **type, PyStructSequence_Desc *description) {
  *type = PyStructSequence_NewType(description);
  if (!*type) return false;
  Py_INCREF(*type); /* one reference for us, one for the module */
  return !PyModule_AddObject(module, name, (PyObject *)*type);
}

bool heapster__python_add_sites(PyObject *module) {
  static const struct heapster__generated handwritten = {methods, attributes};
  return heapster__python_add_class(module, &sites_type, &handwritten) &&
         add_tuple(module, "Requests", &types.requests, &requests_description) &&
         add_tuple(module, "Site", &types.site, &site_description);
}
