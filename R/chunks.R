# Rows that come piece by piece, more of them than the memory holds.

#' Rows that come in pieces
#'
#' A file or any other source that gives its rows in pieces, as `data` for the functions of this package. Each piece is
#' counted and forgotten, so that memory depends on how many different times and groups there are, not on rows.
#'
#' @param read A function of one number: the piece of that number, from 1, as a data frame; `NULL` after the last. It is
#'   asked in order, and from 1 again by each call that uses the data.
#' @param progress Whether to show how many rows have been counted.
#' @return `chunks()` and `csv_chunks()`: an object of class `row_chunks`, to be given as `data`. It holds no rows.
#' @details
#' All pieces must have the columns that the call names, of one type each (levels of factors are put together); other
#' columns are left aside. What the [databases] page says of expressions, of the number of combinations and of
#' `cluster` holds here as well. Readers that hand each piece to a function of yours (as readr's `read_csv_chunked()`)
#' need none of this: count each piece by [event_counts()] and put the counts together with `c()`.
#' @section Errors: `cryonodes_error_type` (`read` is no function, or gives no data frame), `_column` (a piece lacks a
#'   column), `_csv` (no file, or it cannot be read), `_memory` (more combinations than allowed), `_package`
#'   (data.table); further those of the function called, with numbers of rows for row numbers.
#' @seealso [databases], [event_counts()]
#' @examples
#' # Simulated: a piece of 1000 patients at a time
#' simulated <- chunks(function(i) {
#'   if (i > 3) return(NULL)
#'   set.seed(i)
#'   data.frame(days = ceiling(rexp(1000, 1 / 900)), dead = rbinom(1000, 1, 0.6), arm = rep(1:2, 500))
#' })
#' kaplan_meier(Surv(days, dead) ~ arm, data = simulated)
#' logrank_test(Surv(days, dead) ~ arm, data = simulated)
#' @export
chunks <- function(read, progress = interactive()) {
  call <- quote(chunks())
  check_given(missing(read), "read", call)
  if (!is.function(read)) {
    abort_rule("type", paste0("`read` must be a function of the number of the piece, not ", class(read)[1], "."),
      arg = "read", call = call
    )
  }
  new_chunks(read, "function", check_flag(progress, "progress", call))
}

new_chunks <- function(read, source, progress, close = function() NULL) {
  structure(list(read = read, source = source, progress = progress, close = close), class = "row_chunks")
}

#' @rdname chunks
#' @param path A csv file, its first line the names of the columns. It is read by data.table.
#' @param rows How many lines make a piece.
#' @param ... Further arguments of [data.table::fread()], such as `sep`, `dec`, `na.strings`, `colClasses` (columns
#'   that should be read as text although they look like numbers).
#' @export
csv_chunks <- function(path, rows = 1e6, ..., progress = interactive()) {
  call <- quote(csv_chunks())
  check_given(missing(path), "path", call)
  need_package("data.table", "read a file in pieces", call)
  if (!rlang::is_string(path)) abort_rule("type", "`path` must be the name of a file.", arg = "path", call = call)
  if (!file.exists(path) || dir.exists(path)) {
    abort_rule("csv", paste0("there is no file ", quoted(path), "."), arg = "path", call = call)
  }
  rows <- check_whole(rows, "rows", 1, 1e9, call)
  progress <- check_flag(progress, "progress", call)
  reader <- csv_reader(path, rows, list(...), call)
  new_chunks(reader$read, path, progress, reader$close)
}

# Most lines have none: only those that have are looked at closely.
n_quotes <- function(lines) {
  quoting <- grep("\"", lines, fixed = TRUE, value = TRUE)
  sum(lengths(regmatches(quoting, gregexpr("\"", quoting, fixed = TRUE))))
}

# Lines are taken from an open connection, so that no piece is looked for from the start of the file. A piece ends where
# no quoted text is open.
csv_reader <- function(path, rows, options, call) {
  open <- NULL
  header <- NULL
  names <- NULL
  close <- function() {
    if (!is.null(open)) base::close(open)
    open <<- NULL
  }
  next_lines <- function() {
    lines <- readLines(open, rows, warn = FALSE)
    while (length(lines) && n_quotes(lines) %% 2 == 1) {
      more <- readLines(open, 1L, warn = FALSE)
      if (!length(more)) {
        abort_rule("csv", paste0(quoted(path), " ends within quoted text."), arg = "path", call = call)
      }
      lines <- c(lines, more)
    }
    lines
  }
  read <- function(i) {
    if (i == 1) {
      close()
      open <<- file(path, "rt")
      header <<- sub("^\xef\xbb\xbf", "", readLines(open, 1L, warn = FALSE), useBytes = TRUE) # a byte order mark
      if (!length(header)) abort_rule("csv", paste0(quoted(path), " is empty."), arg = "path", call = call)
    }
    lines <- next_lines()
    if (!length(lines) && i > 1) return(NULL)
    failed <- function(e) {
      abort_rule("csv", paste0(quoted(path), " cannot be read in piece ", i, ": ", conditionMessage(e)),
        arg = "path", call = call
      )
    }
    piece <- tryCatch(
      do.call(data.table::fread, c(list(
        text = c(header, if (length(lines)) lines else ""), header = TRUE, encoding = "UTF-8", data.table = FALSE,
        showProgress = FALSE
      ), options)),
      error = failed, warning = failed
    )
    # Where no line has as many cells as the first one has names, the reader makes up others.
    if (i == 1) names <<- base::names(piece)
    if (!identical(base::names(piece), names)) {
      abort_rule("csv", paste0(quoted(path), " cannot be read in piece ", i, ": its lines do not have ",
        plural(length(names), "cell"), " as the first line."
      ), arg = "path", call = call)
    }
    # A quote within quoted text is written twice, and left so by the reader.
    for (name in names[vapply(piece, is.character, TRUE)]) {
      piece[[name]] <- gsub("\"\"", "\"", piece[[name]], fixed = TRUE)
    }
    piece
  }
  list(read = read, close = close)
}

#' @export
print.row_chunks <- function(x, ...) {
  cat("Rows in pieces, from ", if (x$source == "function") "a function" else quoted(x$source), "\n", sep = "")
  invisible(x)
}

read_chunk <- function(data, i, call) {
  piece <- tryCatch(data$read(i),
    error = errors_of_others(function(e) {
      abort_rule("csv", paste0("piece ", i, " of the data cannot be read: ", conditionMessage(e)),
        arg = "data", call = call
      )
    })
  )
  if (!is.null(piece) && !is.data.frame(piece)) {
    abort_rule("type", paste0("piece ", i, " of the data must be a data frame or NULL, not ", class(piece)[1], "."),
      arg = "data", call = call
    )
  }
  piece
}

#' @export
far_names.row_chunks <- function(data, call) {
  first <- read_chunk(data, 1, call)
  if (is.null(first)) abort_rule("empty", "no rows to analyse.", call = call)
  names(first)
}

#' @export
fetch_cells.row_chunks <- function(data, asked, call) {
  cells <- NULL
  rows <- 0
  i <- 0
  if (data$progress) {
    bar <- cli::cli_progress_bar(format = "{cli::pb_spin} {format(rows, big.mark = ' ')} rows counted", clear = TRUE)
  }
  repeat {
    i <- i + 1
    piece <- read_chunk(data, i, call)
    if (is.null(piece)) break
    # Rows are told by how many they are: a number within a piece would mislead.
    counted <- with_cell_counts(rep(1, nrow(piece)), chunk_cells(piece, asked, i, call))
    cells <- if (is.null(cells)) counted else add_cells(cells, counted, i, call)
    if (length(cells$n) > most_cells()) abort_cells(names(cells$values), call)
    rows <- rows + nrow(piece)
    if (data$progress) cli::cli_progress_update(id = bar)
  }
  if (!is.null(asked$weight)) cells$weight <- ifelse(cells$values[[weight_kind]] == 0L, NA_real_, cells$weight)
  cells$values <- as_rows(in_days(cells$values[setdiff(names(cells$values), weight_kind)], asked))
  cells
}

# The name of a column that no data have: weights that are missing, or below 0, are counted apart, to be found.
weight_kind <- "\u0001kind of weight"

chunk_cells <- function(piece, asked, i, call) {
  lost <- setdiff(c(asked$columns, asked$weight, unlist(asked$computed)), names(piece))
  if (length(lost)) {
    abort_rule("column", paste0("piece ", i, " of the data has no column ", quoted(lost), "."),
      arg = lost[1], call = call
    )
  }
  twice <- unique(names(piece)[duplicated(names(piece))])
  if (length(twice)) {
    abort_rule("column", paste0("piece ", i, " of the data has several columns called ", quoted(twice), "."),
      arg = "data", call = call
    )
  }
  values <- lapply(setNames(nm = asked$columns), function(name) chunk_column(.subset2(piece, name), name, i, call))
  for (name in names(asked$computed)) {
    ends <- asked$computed[[name]]
    values[[name]] <- as.double(days_between(.subset2(piece, ends$from), .subset2(piece, ends$to)))
  }
  for (name in asked$coarse_in) values[[name]] <- coarse_chunk(values[[name]], asked$coarse, name, call)
  weight <- double()
  if (!is.null(asked$weight)) {
    weight <- chunk_column(.subset2(piece, asked$weight), "weights", i, call)
    if (!is_number(weight)) {
      abort_rule("type", paste0("`weights` must be numeric, not ", class(weight)[1], "."), arg = "weights", call = call)
    }
    weight <- as.double(weight)
    values[[weight_kind]] <- ifelse(is.na(weight), 0L, sign(weight) + 2L)
    weight[is.na(weight)] <- 0
  }
  distinct_cells(list(values = values, n = double(), weight = weight), nrow(piece), call)
}

chunk_column <- function(x, name, i, call) {
  if (inherits(x, "integer64")) {
    abort_rule("type", paste0("`", name, "` is integer64 in piece ", i, "."),
      "Read it as text or as numbers (`colClasses`).",
      arg = name, call = call
    )
  }
  if (!is.atomic(x) || !is.null(dim(x)) || is.complex(x) || is.raw(x)) {
    abort_rule("type", paste0("`", name, "` must be numbers, text, dates or a factor, not ", class(x)[1], ", in piece ",
      i, "."
    ), arg = name, call = call)
  }
  if (is.factor(x)) check_factor(x, name, call)
  x
}

distinct_cells <- function(cells, rows, call) {
  found <- call_core(count_cells_cpp(unname(cells$values), rows, cells$n, cells$weight), call)
  list(
    values = lapply(cells$values, function(x) x[found$first]), n = found$n,
    weight = if (length(cells$weight)) found$weight
  )
}

add_cells <- function(cells, more, i, call) {
  values <- Map(function(x, y, name) join_columns(x, y, name, i, call), cells$values, more$values, names(cells$values))
  both <- list(values = values, n = c(cells$n, more$n), weight = c(cells$weight, more$weight) %||% double())
  distinct_cells(both, length(both$n), call)
}

# Columns of two pieces, which must be of one type; a column without any value may be of another.
join_columns <- function(x, y, name, i, call) {
  if (is.factor(x) && is.factor(y)) {
    levels <- union(levels(x), levels(y))
    return(factor(c(levels(x)[x], levels(y)[y]), levels = levels))
  }
  if (is.logical(y) && all(is.na(y))) return(x[c(seq_along(x), rep(NA, length(y)))])
  if (is.logical(x) && all(is.na(x))) return(y[c(rep(NA, length(x)), seq_along(y))])
  numbers <- is_number(x) && is_number(y)
  if (!numbers && !identical(attributes(x)[c("class", "units")], attributes(y)[c("class", "units")]) ||
    !numbers && typeof(x) != typeof(y)) {
    abort_rule("type", paste0("`", name, "` is ", class(y)[1], " in piece ", i, " of the data, and was ", class(x)[1],
      " before."
    ), "Let each piece be read with the same types (`colClasses`).", arg = name, call = call)
  }
  c(x, y)
}
