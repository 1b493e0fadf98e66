# Numbers and labels as text. Digits are stated here, never taken from options(), and the decimal
# mark is a point whatever options(OutDec) says; in tables it is what options(cryonodes.decimal.mark) says.

# The mark of tables and reports: "." unless the option says ",".
decimal_mark <- function() {
  mark <- getOption("cryonodes.decimal.mark", ".")
  if (!is.character(mark) || length(mark) != 1 || !mark %in% c(".", ",")) {
    abort_rule("choice", paste0("options(cryonodes.decimal.mark = ) must be \".\" or \",\", not ", one_line(mark), "."),
      arg = "cryonodes.decimal.mark"
    )
  }
  mark
}

# A number in text that was made with a point, for a table.
in_mark <- function(text) if (decimal_mark() == ",") gsub("(?<=[0-9])[.](?=[0-9])", ",", text, perl = TRUE) else text

format_number <- function(x, digits = 3) {
  out <- formatC(x, digits = digits, format = "fg", flag = "#", decimal.mark = ".")
  # Beyond these, digits that only count zeros would fill the page.
  far <- !is.na(x) & x != 0 & (abs(x) >= 1e15 | abs(x) < 1e-15)
  out[far] <- formatC(x[far], digits = digits, format = "g", decimal.mark = ".")
  out <- sub("\\.$", "", trimws(out))
  out[is.na(x)] <- "NA"
  out
}

# A number in running text, as many digits as it has, seven at most; 100000 in full, 1e+15 not.
number_text <- function(x) format(x, digits = 7, decimal.mark = ".", scientific = 8, trim = TRUE)

# A data frame for print(): its numbers as text, each column in the digits it has.
numbers_as_text <- function(x) {
  for (v in names(x)) if (is.numeric(x[[v]])) x[[v]] <- number_text(x[[v]])
  x
}

# Fixed decimals, rounded half away from zero in decimal arithmetic as a reader would.
format_fixed <- function(x, decimals = 1) {
  # Adding 0 turns a negative zero into zero.
  out <- formatC(round_half_up(x, decimals) + 0, digits = decimals, format = "f", decimal.mark = ".")
  out[is.na(x)] <- "NA"
  out
}

table_number <- function(x, decimals = 1) in_mark(format_fixed(x, decimals))

# 1.2345 printed with 3 decimals is 1.235: a value within 1e-9 of a half is that half.
round_half_up <- function(x, decimals = 0) {
  scaled <- abs(x) * 10^decimals
  sign(x) * floor(scaled + 0.5 + 1e-9 * pmax(1, scaled)) / 10^decimals
}

#' Format p-values
#'
#' Rounds to significant digits without rounding across 0.05 or 0.01: a value below one of them gets as many further
#' digits as it takes to print below it, or a `<` when 12 more do not suffice. So 0.0499999 prints as itself and never
#' as 0.05. Values below `eps` print as `<eps`; values that would round to 1 print as `>0.99` (with 2 digits), and
#' only 1 itself as `1`. Trailing zeros are not printed.
#'
#' @param p Numbers from 0 to 1; `NA` prints as `"NA"`.
#' @param digits Significant digits.
#' @param eps Smallest value that is printed as a number.
#' @return A character vector as long as `p`.
#' @section Errors: `cryonodes_error_type` when `p` has something else than numbers from 0 to 1.
#' @examples
#' format_p(c(0.3142, 0.0499999, 0.00004, 1, NA))
#' @export
format_p <- function(p, digits = 2, eps = 0.001) {
  call <- quote(format_p())
  check_given(missing(p), "p", call)
  digits <- check_digits(digits, call)
  if (!is_number(eps) || length(eps) != 1 || is.na(eps) || eps < 0 || eps > 1) {
    abort_rule("type", paste0("`eps` must be a number from 0 to 1, not ", one_line(eps), "."), arg = "eps", call = call)
  }
  if (!is_number(p) && !(is.logical(p) && all(is.na(p))) || any(p < 0 | p > 1, na.rm = TRUE)) {
    abort_rule("type", paste0("`p` must be numbers from 0 to 1, not ", one_line(p), "."),
      arg = "p", call = quote(format_p())
    )
  }
  plain <- function(x, digits) trimws(formatC(x, digits = digits, format = "fg", decimal.mark = "."))
  vapply(as.double(p), function(value) {
    if (is.na(value)) return("NA")
    if (value < eps) return(paste0("<", plain(eps, 15)))
    if (value == 1) return("1")
    for (more in 0:12) {
      text <- plain(signif(value, digits + more), digits + more)
      shown <- as.numeric(text)
      if (shown == 1) return(paste0(">", plain(1 - 10^-digits, 15)))
      crossed <- any(value < c(0.05, 0.01) & shown >= c(0.05, 0.01))
      if (!crossed) return(text)
    }
    paste0("<", text)
  }, "", USE.NAMES = FALSE)
}

beyond_follow_up <- function(last) {
  short <- ifelse(last >= 1000, round(last), signif(last, 4))
  paste0("beyond follow-up (last at ", vapply(short, number_text, ""), ")")
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

plural <- function(n, word) paste0(format(n, scientific = FALSE, trim = TRUE), " ", word, if (n == 1) "" else "s")

# The column `note` for print(): without a note in it, no column.
notes_or_nothing <- function(note) if (all(is.na(note))) NULL else ifelse(is.na(note), "", note)

print_notes <- function(notes) for (note in notes) cat("Note: ", note, ".\n", sep = "")
