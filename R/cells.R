# Data that are not in memory (a table of a database, a file read piece by piece) come as cells: the distinct rows of
# the columns that the call names, and how many rows each stands for. What the user wrote is then evaluated on the
# cells, by the same reader and the same checks as rows in memory are. So no expression is translated into another
# language, where a quotient of whole numbers or a difference of texts would mean something else; and the price is that
# it must work value by value.

is_far <- function(data) inherits(data, c("tbl_lazy", "row_chunks", "DBIConnection"))

# Of data in memory nothing is known but the rows themselves; of cells, how many rows each stands for. Messages speak
# of these (`at_rows()`, `count_rows()`, `abort_rule()` in R/conditions.R).
cell_state <- new.env(parent = emptyenv())

with_cell_counts <- function(counts, expr) {
  before <- cell_state$counts
  on.exit(cell_state$counts <- before)
  cell_state$counts <- counts
  expr
}

# The frame of a formula whose data are elsewhere: counts; rows, where clusters ask whose they are.
far_frame <- function(formula, data, subset, weights, na.action, status, allow, call, env, cluster, coarse = NULL,
                      shard = null_quosure, timefix = TRUE) {
  timefix <- check_flag(timefix, "timefix", call)
  if (inherits(data, "row_chunks")) on.exit(data$close())
  asked <- read_far_call(formula, data, subset, weights, cluster, coarse, shard, env, call)
  cells <- fetch_cells(data, asked, call)
  if (!nrow(cells$values)) abort_rule("empty", "no rows to analyse.", call = call)
  if (!quo_is_null(asked$subset)) {
    keep <- evaluate_user(quo_get_expr(asked$subset), eval_tidy(asked$subset, cells$values), call)
    if (!is.logical(keep) || length(keep) != nrow(cells$values)) {
      abort_rule("type", "`subset` must be a logical condition on the columns: rows elsewhere have no numbers.",
        arg = "subset", call = call
      )
    }
  }
  # What is drawn by a seed must not depend on the order in which a database answers.
  if (!quo_is_null(asked$cluster)) {
    sorted <- do.call(order, c(unname(as.list(cells$values)), method = "radix"))
    cells <- list(values = cells$values[sorted, , drop = FALSE], n = cells$n[sorted], weight = cells$weight[sorted])
  }
  # The reader takes a column of the cells for the weights, under a name that no column has.
  values <- cells$values
  name <- free_name("weights", names(values))
  values[[name]] <- cells$weight %||% cells$n
  with_cell_counts(cells$n, {
    frame <- frame_from_formula(asked$formula, values, asked$subset, rlang::new_quosure(as.name(name), env), na.action,
      status, allow, call, env, cluster = asked$cluster, coarse = coarse
    )
    counted <- cells$n[frame$rows]
    if (length(frame$rows_dropped)) {
      frame$notes <- c(frame$notes, paste0(plural(count_rows(frame$rows_dropped), "row"),
        " left out for missing values"
      ))
      frame$rows_dropped <- integer()
    }
    frame$n_rows <- whole_number(sum(counted))
    frame$n_input <- whole_number(sum(cells$n))
    if (is.null(frame$cluster)) {
      frame$timefix <- timefix
      counts <- count_frame(frame, counted, call)
      return(c(frame_from_counts(counts, call, strata = TRUE), list(counts = counts)))
    }
    repeat_rows(frame, counted, is.null(cells$weight), call)
  })
}

# What the call asks of the data: the columns, the columns to be computed where the data are, and the call itself with
# the names of these in their place.
read_far_call <- function(formula, data, subset, weights, cluster, coarse, shard, env, call) {
  if (!rlang::is_formula(formula, lhs = TRUE)) {
    abort_rule("formula", "`formula` must look like `Surv(time, status) ~ group`.", arg = "formula", call = call)
  }
  there <- far_names(data, call)
  stub <- setNames(vector("list", length(there)), there)
  env <- rlang::f_env(formula) %||% env
  computed <- list()
  # days_between(a, b) becomes a column of that name.
  replace_days <- function(expr) {
    if (is_call_of(expr, "days_between")) {
      ends <- days_ends(expr, call)
      check_columns(expr, stub, env, call)
      strange <- Filter(function(end) !(is.name(end) && as.character(end) %in% there), ends)
      if (length(strange)) {
        abort_rule("formula", paste0("`days_between()` takes two columns, not `", one_line(strange[[1]]), "`."),
          arg = "formula", call = call
        )
      }
      name <- free_name(one_line(expr), there)
      computed[[name]] <<- list(from = as.character(ends[[1]]), to = as.character(ends[[2]]))
      return(as.name(name))
    }
    if (is.call(expr)) expr[] <- lapply(as.list(expr), replace_days)
    expr
  }
  wanted <- character()
  take <- function(expr, env) {
    expr <- replace_days(expr)
    columns <- setNames(vector("list", length(there) + length(computed)), c(there, names(computed)))
    check_columns(expr, columns, env, call)
    check_by_value(expr, names(columns), env, call)
    wanted <<- union(wanted, intersect(all_columns(expr), there))
    expr
  }
  take_quosure <- function(quosure) {
    if (quo_is_null(quosure)) return(quosure)
    rlang::quo_set_expr(quosure, take(quo_get_expr(quosure), rlang::quo_get_env(quosure)))
  }
  formula[[2]] <- take(formula[[2]], env)
  if ("." %in% all.vars(formula[[3]])) {
    abort_rule("formula", "`.` is not allowed in `formula`: name the groups.", arg = "formula", call = call)
  }
  formula[[3]] <- take(formula[[3]], env)
  subset <- take_quosure(subset)
  cluster <- take_quosure(cluster)
  list(
    formula = formula, subset = subset, cluster = cluster, columns = wanted, computed = computed,
    weight = lone_column(weights, "weights", there, call), shard = lone_column(shard, "shard", there, call),
    coarse = coarse,
    coarse_in = if (!is.null(coarse)) {
      time <- lone_time(formula[[2]], c(there, names(computed)))
      if (length(time)) setdiff(time, other_columns(formula, subset, cluster))
    }
  )
}

# The columns that the call names beside the time of `Surv(time, status)`: to them a time must be what it was.
other_columns <- function(formula, subset, cluster) {
  unlist(lapply(list(formula[[2]][[3]], formula[[3]], quo_get_expr(subset), quo_get_expr(cluster)), all_columns))
}

# Columns by name only: those that the database adds up, or counts apart.
lone_column <- function(quosure, arg, there, call) {
  if (quo_is_null(quosure)) return(NULL)
  expr <- quo_get_expr(quosure)
  if (!is.name(expr) || !as.character(expr) %in% there) {
    abort_rule("column", paste0("`", arg, "` must name a column of data that are not in memory, not ",
      one_line(expr), "."
    ), "Compute it before, with `dplyr::mutate()`.", arg = arg, call = call)
  }
  as.character(expr)
}

# The time of `Surv(time, status)`, if it is a column as it stands: it can be made coarser where the data are.
lone_time <- function(lhs, there) {
  if (!is_call_of(lhs, "Surv") || length(lhs) != 3 || !is.null(names(lhs)) || !is.name(lhs[[2]])) return(character())
  intersect(as.character(lhs[[2]]), there)
}

free_name <- function(name, taken) utils::tail(make.unique(c(taken, name)), 1)

# `.data$x` names a column too.
all_columns <- function(expr) {
  if (is.name(expr)) return(as.character(expr))
  if (!is.call(expr)) return(character())
  if (is_call_of(expr, "$") || is_call_of(expr, "[[")) {
    if (identical(expr[[2]], quote(.data))) return(as.character(expr[[3]]))
    if (identical(expr[[2]], quote(.env))) return(character())
    if (is_call_of(expr, "$")) return(all_columns(expr[[2]]))
  }
  parts <- as.list(expr)
  unique(unlist(lapply(if (is.call(parts[[1]])) parts else parts[-1], all_columns)))
}

# Functions of which each value depends on the values of its own row only (or on which values there are, as levels and
# ranges do, not on how often they occur).
by_value <- c(
  "Surv", "strata", "cluster", "(", "+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", ">", "<=", ">=", "!", "&",
  "|", "xor", "%in%", "is.na", "ifelse", "pmin", "pmax", "abs", "sqrt", "exp", "log", "log2", "log10", "floor",
  "ceiling", "round", "signif", "trunc", "factor", "as.factor", "droplevels", "relevel", "cut", "findInterval",
  "interaction", "as.numeric", "as.double", "as.integer", "as.logical", "as.character", "as.Date", "difftime", "paste",
  "paste0", "substr", "substring", "nchar", "toupper", "tolower", "trimws", "grepl", "sub", "gsub", "startsWith",
  "endsWith", "format", "unclass", "$", "[[", "::", "days_between"
)

check_by_value <- function(expr, columns, env, call) {
  if (!any(all_columns(expr) %in% columns)) return(check_one_value(expr, env, call))
  if (!is.call(expr)) return(invisible())
  head <- expr[[1]]
  name <- if (is.name(head)) as.character(head) else if (is_call_of(head, "::")) as.character(head[[3]]) else ""
  if (!name %in% by_value) {
    abort_rule("formula", paste0(
      "`", if (nzchar(name)) paste0(name, "()") else one_line(head), "` cannot be used on data that are not in ",
      "memory, which are known by their distinct values and counts."
    ), paste0(
      "Compute the column where the data are, with `dplyr::mutate()`; or give the call the rows, with ",
      "`dplyr::collect()`."
    ), arg = one_line(expr), call = call)
  }
  for (part in as.list(expr)[-1]) {
    set <- name %in% with_sets && !any(all_columns(part) %in% columns)
    if (!rlang::is_missing(part) && !set) check_by_value(part, columns, env, call)
  }
}

# Of these, arguments may be sets of values: levels, breaks, what to look for.
with_sets <- c("%in%", "factor", "cut", "findInterval")

# What names no column is the same for all rows. Several values would be those of single rows, and cells are not in the
# order of the rows.
check_one_value <- function(expr, env, call) {
  value <- tryCatch(eval_tidy(expr, list(), env), error = function(e) NULL)
  if (length(value) > 1) {
    abort_rule("formula", paste0("`", one_line(expr), "` has ", length(value),
      " values and names no column of the data, which are not in memory: rows there have no order."
    ), "Compute the column where the data are, with `dplyr::mutate()`.", arg = one_line(expr), call = call)
  }
}

# Cells as the rows they stand for: where clusters ask whose they are.
repeat_rows <- function(frame, counted, unweighted, call) {
  if (!unweighted) {
    abort_rule("choice", "`cluster` needs the rows one by one, and `weights` were added up where the rows are.",
      "Give the call the rows, with `dplyr::collect()`.",
      arg = "weights", call = call
    )
  }
  if (frame$n_rows > most_cells()) {
    abort_rule("memory", paste0("`cluster` needs the rows one by one, and there are ", number_text(frame$n_rows),
      ": more than ", number_text(most_cells()), "."
    ), cells_hint, arg = "cluster", call = call)
  }
  rows <- rep.int(seq_along(counted), counted)
  for (column in c("time", "entry", "event", "group", "stratum", "cluster")) {
    if (!is.null(frame[[column]])) frame[[column]] <- frame[[column]][rows]
  }
  frame[c("weights", "rows")] <- list(NULL) # they are told by no number
  frame
}

# How many distinct rows are taken into memory: some hundred bytes each.
most_cells <- function() {
  most <- getOption("cryonodes.max_cells", 2e6)
  if (is_number(most) && length(most) == 1 && !is.na(most) && most >= 1) most else 2e6
}

cells_hint <- "`options(cryonodes.max_cells = )` sets the limit."

abort_cells <- function(columns, call) {
  abort_rule("memory", paste0("there are more than ", number_text(most_cells()), " different combinations of ",
    paste0("`", columns, "`", collapse = ", "), "."
  ), c(
    "`digits` or `breaks` of `event_counts()` make times coarser; columns of identifiers cannot be counted.",
    i = cells_hint
  ), call = call)
}

# What the columns are called, and the cells of the columns asked for: `values`, `n` and, with weights, `weight`.
far_names <- function(data, call) UseMethod("far_names")
fetch_cells <- function(data, asked, call) UseMethod("fetch_cells")

# The columns computed by days_between() say their unit, as its result does.
in_days <- function(values, asked) {
  for (name in names(asked$computed)) values[[name]] <- structure(as.double(values[[name]]), unit = "days")
  values
}
