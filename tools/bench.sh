#!/usr/bin/env bash
# Installs this tree into a library of its own and runs bench/*.R against their peers; medians are appended to
# bench/RESULTS.md (BENCH_RESULTS=<file> for another one).
source "$(dirname "$0")/common.sh"

step "1/3 set-up"
tools/setup.sh

step "2/3 compiling the package (about a minute)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/lib"
cd "$work"
R CMD build --no-build-vignettes --no-manual "$tree" >log 2>&1 &&
  MAKEFLAGS="-j$jobs" R CMD INSTALL --library="$work/lib" cryonodes_*.tar.gz >>log 2>&1 || { cat log; exit 1; }
cd "$tree"

step "3/3 side by side"
R_LIBS="$work/lib${R_LIBS:+:$R_LIBS}" Rscript tools/bench.R "${BENCH_RESULTS:-bench/RESULTS.md}"
