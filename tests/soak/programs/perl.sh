#!/bin/sh
# Hashes of lists, regular expressions, sorting, closures, eval, a fork.
exec perl -MList::Util=sum,shuffle -e '
  use strict; use warnings;
  my ($seed, %words) = (1);
  my $next = sub { $seed = ($seed * 1103515245 + 12345) % 2147483648 };
  push @{$words{join "", map { chr(97 + ($next->() >> 8) % 26) } 1 .. 2}}, $_ for 1 .. 300000;
  my $text = join " ", map { "$_=" . scalar @{$words{$_}} } sort keys %words;
  my $matches = () = $text =~ /\b(?:a|e|i)\w=(\d+)/g;
  (my $changed = $text) =~ s/(\w+)=(\d+)/$2 x 2 . uc $1/ge;
  my @closures = map { my $n = $_; sub { $n += shift } } 1 .. 50000;
  my $sum = sum map { $_->(3) } @closures;
  my $failed = grep { !defined eval "1 +* $_" } 1 .. 2000;
  my $pid = fork // die; if (!$pid) { my @more = (1) x 100000; exit 3 } waitpid $pid, 0;
  print join(" ", scalar keys %words, $matches, length $changed, $sum, $failed, $? >> 8), "\n";'
