#!/usr/bin/env bash
# Installs what is missing, and only that: R, a compiler, ccache, pandoc, qpdf, tidy and pngquant from Debian; the R
# packages named in DESCRIPTION from Debian where it has them, else from CRAN.
# SETUP_DRY_RUN=1 says what would be installed and installs nothing.
# SETUP_DOCUMENTS=1 also installs what the tests of report() open documents with, some four minutes: LibreOffice, LaTeX,
# poppler, chromium. Without them these tests are skipped.
# SETUP_SERVERS=1, or CI, also installs PostgreSQL and the R package that talks to it, some two minutes. Without them the
# tests with a real server are skipped. No database is made and no server started: the tests start their own.
source "$(dirname "$0")/common.sh"

dry=${SETUP_DRY_RUN:-}
updated=
changed=
if [ -n "${CI:-}" ]; then
  export SETUP_SERVERS=1
fi

have() { command -v "$1" >/dev/null 2>&1; }

# A program that links with R's LAPACK and with the sanitizers: the compiler is there, and whole.
can_build() {
  have g++ && have gfortran && have make && have R || return 1
  local out status=0
  out=$(mktemp)
  # Word splitting is meant: these are lists of flags.
  # shellcheck disable=SC2046
  echo 'int main() {}' | g++ -fsanitize=address,undefined -x c++ - -x none \
    $(R CMD config LAPACK_LIBS) $(R CMD config BLAS_LIBS) -o "$out" 2>/dev/null || status=1
  rm -f "$out"
  return $status
}

# The Debian packages of what is not there, one a line.
missing_tools() {
  have R && have Rscript || echo r-base-core
  can_build || echo r-base-dev
  local tool
  for tool in ccache pandoc qpdf tidy pngquant; do
    have $tool || echo $tool
  done
  if [ -n "${SETUP_DOCUMENTS:-}" ]; then
    have xelatex || echo texlive-xetex texlive-latex-recommended texlive-fonts-recommended lmodern
    have soffice || echo libreoffice-writer-nogui
    have pdftotext || echo poppler-utils
    have chromium || echo chromium
  fi
  if [ -n "${SETUP_SERVERS:-}" ]; then
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || echo postgresql
    # Only for compiling RPostgres.
    ls /usr/include/postgresql/libpq-fe.h >/dev/null 2>&1 || echo libpq-dev
  fi
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    echo "setup: needs root: run it as root or install sudo" >&2
    return 1
  fi
}

update_once() {
  [ -z "$updated" ] || return 0
  echo "setup: refreshing Debian's package lists"
  as_root apt-get update -q=2
  updated=yes
}

# Recommended packages are left out: they include LaTeX.
apt_install() {
  echo "setup: installing from Debian: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q=2 --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@"
  changed=yes
}

tools=$(missing_tools)
if [ -n "$tools" ]; then
  # shellcheck disable=SC2086
  set -- $tools
  if [ -n "$dry" ]; then
    echo "setup: would install from Debian: $*"
  elif ! have apt-get; then
    echo "setup: this is not a Debian system. Please install what provides Debian's: $*" >&2
    echo "setup: that is R (>= 4.2) with its compilers (C++17, Fortran, LAPACK), ccache, pandoc, qpdf, HTML tidy," \
      "pngquant." >&2
    exit 1
  else
    update_once
    case " $* " in
      # Debian's package would make a database and start its server.
      *" postgresql "*)
        as_root mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.d/cryonodes.conf >/dev/null
        ;;
    esac
    apt_install "$@"
    tools=$(missing_tools)
    if [ -n "$tools" ]; then
      echo "setup: still missing after installation:" $tools >&2
      exit 1
    fi
  fi
fi

if ! have Rscript; then
  echo "setup: would then install the R packages named in DESCRIPTION"
  exit 0
fi

packages=$(Rscript tools/packages.R missing)
if [ -n "$packages" ] && [ -n "$dry" ]; then
  echo "setup: would install the R packages:" $packages
  exit 0
fi
if [ -n "$packages" ] && have apt-get; then
  update_once
  debian=()
  for package in $packages; do
    name=r-cran-$(printf '%s' "$package" | tr '[:upper:]' '[:lower:]')
    if [ -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" ]; then
      debian+=("$name")
    fi
  done
  if [ ${#debian[@]} -gt 0 ]; then
    apt_install "${debian[@]}"
  fi
  packages=$(Rscript tools/packages.R missing)
fi
if [ -n "$packages" ]; then
  echo "setup: installing from CRAN:" $packages
  Rscript tools/packages.R install
  changed=yes
fi

if [ -n "$changed" ]; then
  echo "setup: done"
elif [ -z "$dry" ] || [ -z "$tools" ]; then
  echo "setup: everything is there"
fi
