# Numbers and labels as text. Digits are stated here, never taken from options(), and the decimal
# mark is a point whatever options(OutDec) says.

format_number <- function(x, digits = 3) {
  out <- formatC(x, digits = digits, format = "fg", flag = "#", decimal.mark = ".")
  out <- sub("\\.$", "", trimws(out))
  out[is.na(x)] <- "NA"
  out
}

# Fixed decimals, rounded half away from zero in decimal arithmetic as a reader would.
format_fixed <- function(x, decimals = 1) {
  out <- formatC(round_half_up(x, decimals), digits = decimals, format = "f", decimal.mark = ".")
  out[is.na(x)] <- "NA"
  out
}

# 0.1225 printed with 3 decimals is 0.123: a value within 1e-9 of a half is that half.
round_half_up <- function(x, decimals = 0) {
  scaled <- abs(x) * 10^decimals
  sign(x) * floor(scaled + 0.5 + 1e-9 * pmax(1, scaled)) / 10^decimals
}

#' Format p-values
#'
#' Two significant digits, never rounded up to a threshold that the value is below: 0.04996 prints as `0.0499`...
#' style truncation is avoided by adding digits until the printed value is on the right side of 0.05 and 0.01.
#' Values below `eps` print as `<eps`; values that would round to 1 print as `>0.99`, an exact 1 as `1`.
#'
#' @param p Numeric in \[0, 1\]; `NA` prints as `"NA"`.
#' @param digits Significant digits.
#' @param eps Smallest value that is printed as a number.
#' @return A character vector as long as `p`.
#' @examples
#' format_p(c(0.3142, 0.0499999, 0.00004, 1, NA))
#' @export
format_p <- function(p, digits = 2, eps = 0.001) {
  vapply(p, function(value) {
    if (is.na(value)) return("NA")
    if (value < eps) return(paste0("<", formatC(eps, format = "fg", decimal.mark = ".")))
    if (value == 1) return("1")
    for (more in 0:12) {
      text <- formatC(signif(value, digits + more), digits = digits + more, format = "fg", decimal.mark = ".")
      shown <- as.numeric(text)
      if (shown == 1) return(">0.99")
      crossed <- any(value < c(0.05, 0.01) & shown >= c(0.05, 0.01))
      if (!crossed) return(trimws(text))
    }
    paste0("<", trimws(text))
  }, "", USE.NAMES = FALSE)
}

na_dash <- function(x, digits) ifelse(is.na(x), "-", format_number(x, digits))

count_line <- function(meta) {
  paste0(
    meta$n_rows, " row", if (meta$n_rows != 1) "s", " used",
    if (length(meta$rows_dropped)) {
      paste0(", ", length(meta$rows_dropped), " left out for missing values (", at_rows(meta$rows_dropped), ")")
    }
  )
}

print_notes <- function(notes) for (note in notes) cat("Note: ", note, ".\n", sep = "")
