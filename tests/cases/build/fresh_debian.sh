#!/bin/sh
# The README's two commands, ./dev demo and ./dev test, on a bare Debian made for it.
# usage: fresh_debian.sh SUITE, as root
. "$LIBRARY/verdict.sh"

suite=$1
case ${NAMESPACE-} in # so that no mount is left behind
  '') NAMESPACE=1 exec unshare -m sh "$0" "$@" ;;
esac
# The mirror that apt uses here.
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -vi security | head -n 1)
[ "$mirror" ] || cannot_run 'needs a Debian mirror among apt sources'
script=/usr/share/debootstrap/scripts/$suite
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
debootstrap --variant=minbase "$suite" root "$mirror" "$script" >log 2>&1 || {
  tail -n 3 log >&2
  cannot_run "needs Debian's $suite at the mirror"
}
printf 'Acquire::Check-Valid-Until "false";\n' >root/etc/apt/apt.conf.d/99valid
{ mount -t proc proc root/proc && mount --rbind /dev root/dev; } || cannot_run 'needs mounts'
mkdir root/opt/heapster
# A clone, for what asks git.
git -c safe.directory='*' clone -q "$HEAPSTER_ROOT" root/opt/heapster || exit 1
for command in demo test; do
  chroot root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    sh -c "cd /opt/heapster && ./dev $command" >"$command.log" 2>&1 </dev/null
  status=$?
  [ "$status" -eq 0 ] && continue
  tail -n 40 "$command.log" >&2
  passed=$(grep -o '[0-9]*% tests passed.*' "$command.log")
  wrong "./dev $command: status $status: ${passed:-$(grep -E 'error:|^E:' "$command.log" | tail -n 1)}"
done
right './dev demo and ./dev test: status 0'
