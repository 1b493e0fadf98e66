library(testthat)
library(cryonodes)

test_check("cryonodes")
