#!/bin/sh
# The Python module on several CPythons: builds it for each, tests it in a virtual environment. Not part of ./dev test.
#
#   tests/python/matrix.sh [PYTHON...]        default: every 3.8 to 3.13 of pyenv, and Debian's
#   SWIG=/path/to/swig tests/python/matrix.sh  with another SWIG
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
work=${HEAPSTER_MATRIX:-$root/build/matrix}
if [ $# -eq 0 ]; then
  for python in /usr/bin/python3 "$HOME"/.pyenv/versions/3.[89].*/bin/python "$HOME"/.pyenv/versions/3.1[0-3].*/bin/python; do
    [ -x "$python" ] && set -- "$@" "$python"
  done
fi

# One interpreter: virtual environment, build, tests.
check() {
  folder=$work/$1
  [ -x "$folder/venv/bin/python" ] || "$2" -m venv "$folder/venv"
  "$folder/venv/bin/python" -m pip -q install pytest pytest-xdist pytest-asyncio anyio
  cmake -S "$root" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DHEAPSTER_LUA_MODULE=OFF \
    -DHEAPSTER_TESTS=OFF -DHEAPSTER_PYTHON="$folder/venv/bin/python" ${SWIG:+-DSWIG_EXECUTABLE="$SWIG"}
  cmake --build "$folder/build"
  cd "$root/tests/python"
  HEAPSTER_BUILD=$folder/build PYTHONPATH=$folder/build/python PYTHONDONTWRITEBYTECODE=1 \
    "$folder/build/bin/heapster" run -o /dev/null -- "$folder/venv/bin/python" -m pytest -q -p no:cacheprovider .
}

failures=0
mkdir -p "$work"
for python in "$@"; do
  name=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  set +e
  (set -e; check "$name" "$python") >"$work/$name.log" 2>&1
  status=$?
  set -e
  [ "$status" -eq 0 ] || failures=$((failures + 1))
  printf '%-8s %s\n' "$name" "$([ "$status" -eq 0 ] && tail -n 1 "$work/$name.log" || echo "failed: $work/$name.log")"
done
[ "$failures" -eq 0 ]
