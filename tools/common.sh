# Read by the other scripts: stop at the first failure, stand in the tree, in a locale in which text means the same
# everywhere.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tree=$PWD

# make's own flags would reach the make inside R CMD INSTALL.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
jobs=${JOBS:-2}

if locale -a 2>/dev/null | grep -iE '^C\.utf-?8$' >/dev/null; then
  export LC_ALL=C.UTF-8
fi
export LANGUAGE=en

step() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }
