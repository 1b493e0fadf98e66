// Catch's own main, compiled once and kept: it is the slow part of the build.
// Its signal handlers stay off, so that a crash is reported by the sanitizer and not twice.
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch.h>
