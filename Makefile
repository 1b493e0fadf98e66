# make report   the paper's tables and figure, rebuilt: one HTML file, its path printed last
# make check    every test; the last line is `N passed, N failed`
# make setup    installs what is missing (both of the above do it first)
# make bench    side by side with other packages, into bench/RESULTS.md

.PHONY: setup report check bench
setup report check bench:
	@tools/$@.sh
