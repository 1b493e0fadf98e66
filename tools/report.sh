#!/usr/bin/env bash
# Renders the vignette `paper` with the package of this tree and prints where the page is.
source "$(dirname "$0")/common.sh"

out=$tree/report
mkdir -p "$out"
rm -rf "$out/lib" "$out/paper.html"
mkdir "$out/lib"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A quiet command whose whole output is shown when it fails.
quiet() {
  if ! "$@" >"$out/report.log" 2>&1; then
    cat "$out/report.log"
    echo "report: failed at: $*" >&2
    exit 1
  fi
}

step "1/4 set-up"
tools/setup.sh

step "2/4 compiling the package (about a minute)"
cd "$work"
quiet R CMD build --no-build-vignettes --no-manual "$tree"
quiet env MAKEFLAGS="-j$jobs" R CMD INSTALL --library="$out/lib" --no-test-load cryonodes_*.tar.gz
cd "$tree"

step "3/4 computing the tables and the figure"
export R_LIBS="$out/lib${R_LIBS:+:$R_LIBS}"
Rscript tools/report.R vignettes/paper.Rmd "$out/paper.html" "$work"

step "4/4 looking the page over"
[ -s "$out/paper.html" ] || { echo "report: no page was written" >&2; exit 1; }
# One file means one file: no picture, script or style that stays behind when it is sent on.
if grep -oE '<(img|script|link)[^>]* (src|href)="[^"]*"' "$out/paper.html" | grep -vE '(src|href)="(data:|#)' |
  grep -vE '<link[^>]* rel="(canonical|license|author)"' >"$out/report.log"; then
  head "$out/report.log"
  echo "report: the page needs other files" >&2
  exit 1
fi
printf 'The page, %s kB:\n%s\n' "$(($(wc -c <"$out/paper.html") / 1024))" "$out/paper.html"
