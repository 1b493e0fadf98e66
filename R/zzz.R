# What small fits go through is compiled when the package is installed. The rest is not, because compiled code takes
# three times the room (ByteCompile in DESCRIPTION), and R compiles by itself only functions that are longer than these.
# To interpret them takes as long as the estimates of a small cohort.
kaplan_meier <- cmpfun(kaplan_meier)
logrank_test <- cmpfun(logrank_test)
restricted_mean <- cmpfun(restricted_mean)
