#!/usr/bin/env bash
# Every test of the project. The last line is `N passed, N failed`, whatever happens before it; a step that crashes
# is one failure at least. Logs stay in check/.
source "$(dirname "$0")/common.sh"

logs=$tree/check
rm -rf "$logs"
mkdir "$logs"
work=$(mktemp -d)
passed=0
failed=0
finished=
beside=()

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

finish() {
  if [ "${#beside[@]}" -gt 0 ]; then
    kill "${beside[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
  if [ -z "$finished" ]; then
    echo "check: stopped before its end"
    count 0 1
  fi
  echo
  echo "$passed passed, $failed failed" | tee "$logs/summary"
  if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then
    exit 1
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Takes "N passed, N failed" from the end of a log; a log without it is a crash, and so is a status that disagrees.
count_from() {
  local log=$1 status=$2 last
  last=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    local p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]}
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
      f=1
    fi
    count "$p" "$f"
  else
    echo "FAIL  no counts, exit status $status"
    count 0 1
  fi
}

step "1/5 set-up"
tools/setup.sh

step "2/5 native: headers alone, tests and fuzzing under the address and undefined-behaviour sanitizers"
status=0
make --no-print-directory -C tests/cpp "-j$jobs" check 2>&1 | tee "$logs/native.log" || status=$?
count_from "$logs/native.log" "$status"

step "3/5 R CMD INSTALL; beside all that follows, testthat from the source tree"
cd "$work"
# What is compiled here R CMD build and R CMD check find in ccache, kept for this run only: the same lines of the same
# files. Without -g, which the library does not keep, a quarter of the time is saved.
export MAKEFLAGS="-j$jobs" CCACHE_DIR=$work/ccache CCACHE_NOHASHDIR=yes R_MAKEVARS_USER=$work/Makevars
printf '%s\n' "CXX17 := ccache $(R CMD config CXX17)" "CXX17FLAGS := $(R CMD config CXX17FLAGS) -g0" >"$R_MAKEVARS_USER"
mkdir "$work/plain" "$work/library"
status=0
(cd "$work/plain" && R CMD build --no-build-vignettes "$tree" &&
  R CMD INSTALL --library="$work/library" cryonodes_*.tar.gz) >"$logs/install.log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
  tail -n 60 "$logs/install.log"
  echo "FAIL  R CMD INSTALL, exit status $status"
  count 0 1
  finished=yes
  exit 1
fi
# Here test-house.R sees the sources, the snapshots are compared (R CMD check leaves them out), and tests that are not
# for CRAN's time limits run. In two shares, which give way to what all wait for.
for share in 1 2; do
  (
    cd "$tree"
    R_LIBS="$work/library${R_LIBS:+:$R_LIBS}" NOT_CRAN=true \
      nice -n 10 Rscript tools/run_tests.R $share 2 >"$logs/testthat-$share.log" 2>&1
  ) &
  beside+=($!)
done

step "4/5 R CMD build, with vignettes, and R CMD check --as-cran"
status=0
R CMD build "$tree" 2>&1 | tee "$logs/build.log" || status=$?
tarball=$(find "$work" -maxdepth 1 -name 'cryonodes_*.tar.gz')
if [ "$status" -ne 0 ] || [ -z "$tarball" ]; then
  echo "FAIL  R CMD build, exit status $status"
  count 0 1
  finished=yes
  exit 1
fi
# Three questions are left out, because they ask a machine elsewhere or LaTeX and not the package:
# CRAN's lists and every link (incoming, remote), a time server (system clock), the PDF manual.
export _R_CHECK_CRAN_INCOMING_REMOTE_=FALSE
export _R_CHECK_SYSTEM_CLOCK_=FALSE
# One more is put: are there local variables that nobody uses?
export _R_CHECK_CODETOOLS_PROFILE_="suppressLocalUnused=FALSE"
status=0
R CMD check --as-cran --no-manual "$tarball" 2>&1 | tee "$logs/R-CMD-check.log" || status=$?
found=$(sed -n 's/^Status: //p' "$work/cryonodes.Rcheck/00check.log" 2>/dev/null | tail -n 1 || true)
bad=0
for number in $(grep -oE '[0-9]+ (ERROR|WARNING|NOTE)' <<<"$found" | grep -oE '[0-9]+' || true); do
  bad=$((bad + number))
done
if [ -z "$found" ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
  echo "FAIL  R CMD check did not end, exit status $status"
  bad=1
fi
# It has run tests/testthat.R only if testthat's own summary is there.
tests=$(cat "$work"/cryonodes.Rcheck/tests/testthat.Rout* 2>/dev/null | grep -oE '\[ FAIL [0-9]+ .*PASS [0-9]+ \]' | tail -n 1 || true)
if [ -z "$tests" ]; then
  echo "FAIL  R CMD check has not run the tests"
  bad=$((bad + 1))
fi
if [ "$bad" -gt 0 ]; then
  echo "FAIL  R CMD check: ${found:-no status}"
  # What was found, without the lines that are in order.
  grep -vE '^\* (checking|using) .*[^.E]$|\.\.\.( \[[^]]*\])? (OK|SKIPPED)$' "$logs/R-CMD-check.log" | head -n 60 || true
  for log in 00install.out tests/testthat.Rout.fail; do
    if [ -s "$work/cryonodes.Rcheck/$log" ]; then
      cp "$work/cryonodes.Rcheck/$log" "$logs"
      echo "-- the end of $log"
      tail -n 60 "$work/cryonodes.Rcheck/$log"
    fi
  done
  count 0 "$bad"
else
  echo "ok    R CMD check; its run of the tests: $tests"
  count 1 0
fi

step "5/5 testthat from the source tree"
for share in 1 2; do
  status=0
  wait "${beside[$((share - 1))]}" || status=$?
  cat "$logs/testthat-$share.log"
  count_from "$logs/testthat-$share.log" "$status"
done
beside=()

finished=yes
