# Published numbers audited: what the three audits share. A claims table has a row for each printed number; an audit
# makes a ledger of it, a row for each check. Nothing here knows a verdict beforehand: a verdict is a comparison at the
# printed precision, and its arithmetic stands beside it.

claim_kinds <- c(
  "count", "percent", "mean", "sd", "median", "q1", "q3", "min", "max", "rate", "std.error", "p", "time", "year",
  "month", "setting", "limit", "example", "other"
)

# Kinds that are not rounded when their `decimals` is 0; of whole numbers, the smallest and the largest are not either.
exact_kinds <- c("count", "year", "month", "setting", "limit", "example")

is_exact <- function(claims) {
  claims$decimals == 0 & (claims$kind %in% exact_kinds | claims$whole & claims$kind %in% c("min", "max"))
}

verdicts <- c("contradicted", "reproduced", "consistent", "not checkable")

ledger_columns <- c("id", "where", "claim", "printed", "check", "basis", "verdict", "arithmetic", "needed")

# The columns of a claims table beyond what identifies a row; absent ones are filled up.
claim_columns <- c(
  id = "character", where = "character", claim = "character", kind = "character", value = "numeric",
  decimals = "numeric", unit = "character", variable = "character", n = "numeric", count = "numeric",
  whole = "logical", recompute = "character", needs = "character", reason = "character", endpoint = "character",
  group = "character", time = "numeric"
)

#' A claims table to fill in
#'
#' Writes a csv file with the columns of a claims table and, to show how, the numbers of an invented paper: replace
#' its rows by those of the paper to be audited, one row for each number it prints.
#'
#' @param file Path of the csv file to write. An existing file is kept, with an error.
#' @param example Write the rows of the invented paper, or the header alone?
#' @return The claims as a data frame, invisibly. Its columns:
#' - `id`: a name, each once, by which other rows refer to the number; `where`: section, table, legend; `claim`: what
#'   is claimed, in own words;
#' - `kind`: `count`, `percent`, `mean`, `sd`, `median`, `q1`, `q3`, `min`, `max`, `rate` and `std.error` (of a
#'   Kaplan-Meier curve, in percent), `p`, `time`, `year`, `month`, `setting`, `limit`, `example`, `other`;
#' - `value` as printed, `decimals` digits after the point (`70.0` has one), `unit`;
#' - `n`: how many the number is about (the denominator); `count`: of a percent, the number above it, if printed;
#' - `variable`: rows with one name are summaries of one variable; `whole`: does it take whole numbers only (`yes`)?
#' - `endpoint`, `group`, `time`: of a rate, its standard error or a p-value;
#' - `recompute`: how the number follows from others, see [audit_claims()]; `needs`: what, in the auditor's words,
#'   would have to be true if it does not; `reason`: why it cannot be checked.
#' @section Errors: `cryonodes_error_value` (the file exists, or cannot be written), `_type`.
#' @seealso [audit_claims()], [audit_counts()], [audit_rates()]
#' @examples
#' file <- tempfile(fileext = ".csv")
#' audit_template(file)
#' audit_claims(file, pooled = "All")
#' @export
audit_template <- function(file, example = TRUE) {
  call <- quote(audit_template())
  check_given(missing(file), "file", call)
  check_flag(example, "example", call)
  if (!rlang::is_string(file) || !nzchar(file)) {
    abort_rule("type", paste0("`file` must be a path, not ", one_line(file), "."), arg = "file", call = call)
  }
  check_new_file(file, "file", NULL, call)
  claims <- utils::read.csv(system.file("extdata", "audit_template.csv", package = "cryonodes"),
    colClasses = "character", na.strings = "", encoding = "UTF-8"
  )
  if (!example) claims <- claims[0, ]
  write_or_abort(utils::write.csv(claims, file, row.names = FALSE, na = "", fileEncoding = "UTF-8"), file, "file", call)
  invisible(claims)
}

# A claims table from a data frame or a csv file, with all of claim_columns in their types.
read_claims <- function(x, call) {
  bad <- function(message, hint = NULL, rows = NULL, rule = "column") {
    abort_rule(rule, message, hint, arg = "x", rows = rows, call = call)
  }
  if (rlang::is_string(x)) x <- claims_file(x, call)
  if (!is.data.frame(x)) {
    bad(paste0("`x` must be a claims table or the path of one, not ", one_line(x), "."), rule = "type")
  }
  check_names_once(x, "x", call)
  absent <- setdiff(c("id", "claim", "kind", "value", "decimals"), names(x))
  if (length(absent)) bad(paste0("`x` has no column ", quoted(absent), "."), "audit_template() writes one to fill in.")
  if (!nrow(x)) bad("`x` has no rows.", rule = "empty")
  out <- lapply(stats::setNames(names(claim_columns), names(claim_columns)), function(name) {
    column <- x[[name]]
    if (is.null(column)) column <- rep(NA, nrow(x))
    if (!is.atomic(column) || length(dim(column)) > 1) {
      bad(paste0("column `", name, "` must be a plain column."), rule = "type")
    }
    typed <- type_claims(if (is.factor(column)) as.character(column) else column, claim_columns[[name]])
    lost <- which(is.na(typed) & !is.na(column) & nzchar(trimws(as.character(column))))
    if (length(lost)) {
      bad(paste0("column `", name, "` must be ", claim_columns[[name]], ", not ", quoted(column[lost[1]]), ", in ",
        at_rows(lost), "."
      ), rows = lost, rule = "value")
    }
    typed
  })
  out <- as.data.frame(out, stringsAsFactors = FALSE)
  for (name in c("id", "claim", "kind", "value", "decimals")) {
    rows <- which(is.na(out[[name]]))
    if (length(rows)) {
      bad(paste0("column `", name, "` has a missing value (", at_rows(rows), ")."), rows = rows, rule = "missing")
    }
  }
  rows <- which(duplicated(out$id))
  if (length(rows)) {
    bad(paste0("id ", quoted(out$id[rows[1]]), " stands twice (", at_rows(rows), ")."), rows = rows, rule = "id")
  }
  rows <- which(!out$kind %in% claim_kinds)
  if (length(rows)) {
    bad(paste0("kind ", quoted(out$kind[rows[1]]), " is not known (", at_rows(rows), ")."),
      paste0("Kinds are ", quoted(claim_kinds, 30), "."), rows, "choice"
    )
  }
  check_claim_numbers(out, bad)
  out$whole <- out$whole %in% TRUE
  out
}

check_claim_numbers <- function(x, bad) {
  within <- function(name, ok, rule) {
    rows <- which(!is.na(x[[name]]) & !ok)
    if (length(rows)) {
      bad(paste0("column `", name, "` must be ", rule, ", not ", number_text(x[[name]][rows[1]]), " in ", at_rows(rows),
        "."
      ), rows = rows, rule = "value")
    }
  }
  within("value", is.finite(x$value), "finite")
  within("decimals", x$decimals %in% 0:8, "a whole number from 0 to 8")
  # Beyond this, whole numbers and their products are no longer exact.
  within("value", abs(x$value) * 10^x$decimals <= 1e9, "at most 1e9 in units of its last digit")
  within("n", x$n >= 1 & x$n == round(x$n) & x$n <= 1e6, "a whole number from 1 to 1,000,000")
  within("count", x$count >= 0 & x$count == round(x$count) & x$count <= 1e6, "a whole number from 0 to 1,000,000")
  units <- abs(x$value * 10^x$decimals)
  rows <- which(abs(units - round(units)) > 1e-6) # 1e-6: decimal fractions are not exact in binary
  if (length(rows)) {
    bad(paste0("value ", number_text(x$value[rows[1]]), " has more than ", x$decimals[rows[1]],
      " digits after the point (", at_rows(rows), ")."
    ), rows = rows, rule = "value")
  }
}

type_claims <- function(column, type) {
  if (type == "numeric") return(suppressWarnings(as.double(column)))
  if (type == "logical") {
    if (is.logical(column)) return(column)
    return(c(yes = TRUE, no = FALSE, "TRUE" = TRUE, "FALSE" = FALSE)[as.character(column)] |> unname())
  }
  text <- as.character(column)
  text[!nzchar(trimws(text))] <- NA
  text
}

claims_file <- function(file, call) {
  if (!file.exists(file) || dir.exists(file)) {
    abort_rule("csv", paste0("there is no file ", quoted(file), "."), arg = "x", call = call)
  }
  read_csv_text(file, ",", "UTF-8", call)
}

# What a printed number may stand for, and whether a computed one agrees with it -----------------------------------

# Rounded: half a unit of the last digit to either side, limits included, so that half-up, half-even and half-down all
# pass. A count is itself.
printed_interval <- function(value, decimals, exact = FALSE) {
  half <- ifelse(exact, 0, 0.5 * 10^-decimals)
  list(low = value - half, high = value + half)
}

printed_text <- function(value, decimals) {
  mapply(function(v, d) formatC(v, digits = d, format = "f", decimal.mark = "."), value, decimals, USE.NAMES = FALSE)
}

# Relative slack for binary fractions, far below any printed digit.
slack <- function(x) 1e-9 * pmax(1, abs(x))

# How the printed number stands to a computed one, or to the ends of what it can be: list(verdict, note).
compare_printed <- function(claim, relation, low, high) {
  if (!length(low) || anyNA(low) || anyNA(high)) return(list(verdict = "not checkable", note = "it is not defined"))
  printed <- printed_interval(claim$value, claim$decimals, is_exact(claim))
  eps <- slack(claim$value)
  holds <- switch(relation,
    "=" = return(compare_equal(claim$value, claim$decimals, printed, low, high, eps)),
    "in" = {
      found <- any(low >= printed$low - eps & high <= printed$high + eps)
      return(list(verdict = if (found) "reproduced" else "contradicted", note = ""))
    },
    "<=" = printed$low <= high + eps,
    ">=" = printed$high >= low - eps,
    "<" = printed$low < high - eps,
    ">" = printed$high > low + eps
  )
  list(verdict = if (holds) "consistent" else "contradicted", note = "")
}

compare_equal <- function(value, decimals, printed, low, high, eps) {
  if (length(low) != 1) return(list(verdict = "not checkable", note = "it is more than one number"))
  rounded <- printed$high > printed$low
  if (low >= printed$low - eps && high <= printed$high + eps) {
    tie <- rounded && low == high && abs(abs(low - value) - 0.5 * 10^-decimals) <= eps
    return(list(verdict = "reproduced", note = if (tie) "a tie: printed so under one of half-up and half-even" else ""))
  }
  if (low <= printed$high + eps && high >= printed$low - eps) {
    return(list(verdict = "consistent", note = "the numbers it comes from are rounded"))
  }
  # Cut off toward zero, what is printed is nearer to zero by less than a unit.
  cut <- sort(c(value, value + (if (value < 0) -1 else 1) * 10^-decimals))
  if (rounded && low < cut[2] - eps && high >= cut[1] - eps) {
    return(list(verdict = "consistent", note = "only if cut off, not rounded"))
  }
  list(verdict = "contradicted", note = "")
}

# The ledger --------------------------------------------------------------------------------------------------------

# A row is a list of strings: there may be many, and a data frame each would take most of the time.
ledger_row <- function(claim, check, verdict, arithmetic, needed = "", basis = "arithmetic") {
  if (!is.na(claim$needs)) needed <- paste0(needed, if (nzchar(needed)) "; ", claim$needs)
  list(
    id = claim$id, where = claim$where, claim = claim$claim, printed = printed_text(claim$value, claim$decimals),
    check = check, basis = basis, verdict = verdict, arithmetic = arithmetic,
    needed = if (verdict == "contradicted") needed else ""
  )
}

new_ledger <- function(rows, claims, ...) {
  columns <- lapply(stats::setNames(ledger_columns, ledger_columns), function(name) vapply(rows, `[[`, "", name))
  out <- as.data.frame(columns, stringsAsFactors = FALSE)
  out <- out[order(match(out$id, claims$id)), ]
  rownames(out) <- NULL
  structure(out, class = c("audit_ledger", "data.frame"), n_claims = nrow(claims), ...)
}

# One verdict a claim: a contradiction weighs most, then what is reproduced.
claim_verdicts <- function(x) {
  rank <- match(x$verdict, verdicts)
  best <- tapply(rank, factor(x$id, unique(x$id)), min)
  stats::setNames(verdicts[best], names(best))
}

check_ledger <- function(x, call) {
  if (!inherits(x, "audit_ledger") || !all(ledger_columns %in% names(x))) {
    abort_rule("object", "the object is not a whole audit_ledger.", "Audit the claims again.", call = call)
  }
}

#' Print, tidy and count an audit ledger
#'
#' @param x,object An `audit_ledger`: the result of [audit_claims()], [audit_counts()] or [audit_rates()].
#' @param most Contradicted checks to print; `as.data.frame()` has all.
#' @param row.names,optional,... Not used.
#' @return `print()`: `x`, invisibly. `tidy()` and `as.data.frame()`: a plain data frame with a row for each check:
#'   `id`, `where`, `claim`, `printed` (text), `check`, `basis` (what it is checked against: the paper's `records`,
#'   its `curves`, `arithmetic` with its other numbers, `repetition` of the same number, or `none`), `verdict`,
#'   `arithmetic`, `needed` (what would have to be true).
#'   `summary()`: a data frame with a row for each claim, its `verdict` and the number of `checks`. `glance()`: one
#'   row, the number of claims under each verdict.
#' @section Definition: A claim with several checks counts as contradicted if one of them contradicts it, else as
#'   reproduced if one reproduces it, else as consistent if one is, else as not checkable.
#' @section Errors: `cryonodes_error_object`, `_count`.
#' @examples
#' ledger <- audit_counts(data.frame(
#'   id = c("men", "age"), claim = c("share of men", "mean age"), kind = c("percent", "mean"),
#'   value = c(45, 61.27), decimals = c(0, 2), n = c(20, 12), whole = TRUE
#' ))
#' ledger
#' summary(ledger)
#' generics::glance(ledger)
#' @export
print.audit_ledger <- function(x, most = 20, ...) {
  if (!all(ledger_columns %in% names(x))) return(NextMethod())
  check_count(most, "most", quote(print()))
  by_claim <- claim_verdicts(x)
  counts <- table(factor(by_claim, verdicts))
  cat(plural(length(by_claim), "claim"), ", ", plural(nrow(x), "check"), ": ",
    paste(counts, names(counts), collapse = ", "), "\n",
    sep = ""
  )
  against <- which(x$verdict == "contradicted")
  for (i in utils::head(against, most)) {
    # Labels are the reader's: they print as they are, on one line.
    label <- gsub("[[:cntrl:]]", " ", paste0(x$claim[i], if (!is.na(x$where[i])) paste0(" (", x$where[i], ")")))
    cat("\n", label, ": printed ", x$printed[i], "\n", sep = "")
    cat(paste0("  ", c(x$arithmetic[i], if (nzchar(x$needed[i])) paste0("it would need: ", x$needed[i]))), sep = "\n")
  }
  if (length(against) > most) cat("\nand ", length(against) - most, " more: as.data.frame() has them all\n", sep = "")
  invisible(x)
}

#' @rdname print.audit_ledger
#' @export
summary.audit_ledger <- function(object, ...) {
  check_ledger(object, quote(summary()))
  by_claim <- claim_verdicts(object)
  first <- match(names(by_claim), object$id)
  data.frame(
    id = names(by_claim), where = object$where[first], claim = object$claim[first], printed = object$printed[first],
    verdict = unname(by_claim), checks = as.vector(table(factor(object$id, names(by_claim)))), stringsAsFactors = FALSE
  )
}

#' @rdname print.audit_ledger
#' @method tidy audit_ledger
#' @export
tidy.audit_ledger <- function(x, ...) {
  check_ledger(x, quote(tidy()))
  as.data.frame(x)
}

#' @rdname print.audit_ledger
#' @export
as.data.frame.audit_ledger <- function(x, row.names = NULL, optional = FALSE, ...) {
  attributes(x)[setdiff(names(attributes(x)), c("names", "row.names"))] <- NULL
  structure(x, class = "data.frame")
}

#' @rdname print.audit_ledger
#' @method glance audit_ledger
#' @export
glance.audit_ledger <- function(x, ...) {
  check_ledger(x, quote(glance()))
  counts <- table(factor(claim_verdicts(x), verdicts))
  out <- data.frame(n.claims = sum(counts), n.checks = nrow(x), t(as.vector(counts)))
  names(out)[-(1:2)] <- c("contradicted", "reproduced", "consistent", "not.checkable")
  out
}
