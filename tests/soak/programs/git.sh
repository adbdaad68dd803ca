#!/bin/sh
# A repository of its own making: cloned, packed, checked, read from end to end.
set -eu
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_DATE='2000-01-01T00:00:00Z'
export GIT_COMMITTER_DATE='2000-01-01T00:00:00Z'
git init -q -b main made
cp -r "$SOURCE/core" "$SOURCE/bindings" "$SOURCE/tests" made/
cd made
for n in $(seq 1 40); do
  find . -name '*.[ch]' | sort | awk "NR % 40 == $n % 40" | while read -r file; do echo "/* $n */" >>"$file"; done
  git add -A
  git commit -q -m "change $n"
done
cd ..
git clone -q --no-local made copy
cd copy
git -c gc.autoDetach=false gc -q --aggressive --prune=now
git fsck --full --strict
git log -p --stat | sha256sum
git rev-list --objects --all | wc -l
git blame core/src/count/counters.c | sha256sum
git rev-parse HEAD
