#!/bin/sh
# glibc's own tests of malloc (Debian's glibc-source), those that compile outside its tree: a line a test, and how it ended.
# 77 is "unsupported" there. What does not compile alone is counted and left out.
set -u
tar xf /usr/src/glibc/glibc-*.tar.xz --strip-components=1 --wildcards '*/malloc/tst-*' '*/malloc/*.h' '*/malloc/malloc*bug.c' '*/support/*' \
  '*/malloc/dynarray*.c' '*/malloc/alloc_buffer*.c' '*/malloc/scratch_buffer*.c' '*/test-skeleton.c' '*/include/alloc_buffer.h' \
  '*/include/scratch_buffer.h' '*/sysdeps/generic/malloc-size.h'   '*/include/libc-diag.h' '*/include/array_length.h' '*/include/intprops.h'
flags='-w -O1 -std=gnu11 -fno-builtin -D_GNU_SOURCE -DTIMEOUTFACTOR=1 -Dlibc_hidden_proto(name)= -include limits.h -Isupport -I. -pthread'
mkdir -p some
mv include/* sysdeps/generic/* some/ # not all of glibc's own headers, which hide the system's
grep -o '[A-Z_]*_PATH' support/support_paths.c | sort -u | sed 's|.*|#define & "/"|' >some/objdir.h
flags="$flags -Isome -include some/objdir.h"

# compiled FILE.c OBJECT
# shellcheck disable=SC2086 # flags are words
compiled() { gcc $flags -c "$1" -o "$2" 2>/dev/null; }

mkdir -p objects
for file in support/*.c malloc/dynarray?*.c malloc/alloc_buffer*.c malloc/scratch_buffer*.c; do
  case $file in *tst-* | *container* | *-main.c | *links-dso-program*) continue ;; esac
  compiled "$file" "objects/$(basename "$file" .c).o"
done
ar rc objects/libsupport.a objects/*.o

left_out=0
for file in malloc/tst-*.c malloc/mallocbug.c; do
  name=$(basename "$file" .c)
  case $name in
    *-aux* | *-skeleton* | *-static-*) continue ;;
    tst-interpose-*) also=malloc/tst-interpose-aux-${name#tst-interpose-}.c ;; # a program with a malloc of its own
    *) also= ;;
  esac
  # shellcheck disable=SC2086 # flags are words
  if ! gcc $flags "$file" $also -o "objects/$name" objects/libsupport.a -pthread 2>/dev/null; then
    left_out=$((left_out + 1))
    continue
  fi
  timeout 60 "objects/$name" >"objects/$name.txt" 2>&1 </dev/null
  echo "$name ended with $?"
done
echo "$left_out left out"
