# formula + data -> cohort_frame: the only reader of user data.
#
# A cohort_frame is a list:
#   time, entry (NULL without delayed entry), event (0/1), group (0-based), weights (NULL: one each),
#   stratum (0-based, all 0 without strata())
#   group_names   as survfit names its strata: "g=a, h=1"; NULL without groups
#   group_labels  the levels alone: "a, 1"
#   group_title   "g, h"
#   stratum_labels, unit, rows_dropped, n_rows, notes, call
# Rows with missing values are refused, or on request left out and listed in rows_dropped.

frame_from_formula <- function(formula, data, subset, weights, na.action, event, allow_strata, call, env) {
  if (!rlang::is_formula(formula, lhs = TRUE)) {
    abort_rule("formula", "`formula` must look like `Surv(time, status) ~ group`.", arg = "formula", call = call)
  }
  if (!is.null(data) && !is.data.frame(data) && !is.list(data)) {
    abort_rule("type", paste0("`data` must be a data frame, not ", class(data)[1], "."), arg = "data", call = call)
  }
  if (is.list(data) && (is.pairlist(data) && length(data) || anyNA(names(data)) ||
    length(data) != sum(nzchar(names(data))) || anyDuplicated(names(data)))) {
    twice <- unique(names(data)[duplicated(names(data))])
    abort_rule("column", if (length(twice)) {
      paste0("`data` has several columns called ", quoted(twice), ".")
    } else {
      "`data` must be a data frame or a list in which each column has a name."
    }, arg = "data", call = call)
  }
  env <- rlang::f_env(formula) %||% env
  evaluate <- function(expr) {
    check_columns(expr, data, env, call)
    evaluate_user(expr, rlang::eval_tidy(expr, data, env), call)
  }
  if ("." %in% all.vars(rlang::f_rhs(formula))) {
    abort_rule("formula", "`.` is not allowed in `formula`: name the groups.", arg = "formula", call = call)
  }

  response <- read_response(rlang::f_lhs(formula), evaluate, event, call)
  n <- length(response$time)
  terms <- stats::terms(formula,
    specials = c("strata", "cluster", "frailty"), data = if (!is.null(data)) as.data.frame(data[0])
  )
  variables <- read_terms(terms, evaluate, n, allow_strata, call)
  weights <- if (!rlang::quo_is_null(weights)) {
    check_columns(rlang::quo_get_expr(weights), data, env, call)
    check_weights(evaluate_user(rlang::quo_get_expr(weights), rlang::eval_tidy(weights, data), call), n, call)
  }
  keep <- rep(TRUE, n)
  if (!rlang::quo_is_null(subset)) {
    check_columns(rlang::quo_get_expr(subset), data, env, call)
    keep <- read_subset(evaluate_user(rlang::quo_get_expr(subset), rlang::eval_tidy(subset, data), call), n, call)
  }
  make_frame(response, variables$group, variables$stratum, weights, keep, na.action, call)
}

frame_from_vectors <- function(time, event, group, weights, na.action, call,
                               names = c("time", "event", "group", "strata"), stratum = NULL) {
  time <- check_time(time, names[1], call)
  event <- check_status(event, names[2], NULL, call)
  n <- length(time)
  check_length(event, n, names[2], call)
  response <- list(time = time, entry = NULL, event = event, names = names, unit = attr(time, "unit"))
  labels_of <- function(x, name) {
    if (is.null(x)) return(NULL)
    check_vector(x, name, call)
    check_group_type(x, name, call)
    check_length(x, n, name, call)
    stats::setNames(list(x), name)
  }
  group <- labels_of(group, names[3])
  stratum <- labels_of(stratum, names[4])
  if (!is.null(weights)) weights <- check_weights(weights, n, call)
  make_frame(response, group, stratum, weights, rep(TRUE, n), na.action, call)
}

# What the user wrote may fail on its own.
evaluate_user <- function(expr, value, call) {
  tryCatch(value,
    cryonodes_error = function(e) rlang::cnd_signal(e),
    error = function(e) {
      abort_rule("formula", paste0("`", one_line(expr), "` cannot be evaluated: ", conditionMessage(e)),
        arg = one_line(expr), call = call
      )
    }
  )
}

# Surv() is read, not called: its own guess of 1/2 coding would go unseen.
read_response <- function(lhs, evaluate, event, call) {
  if (is_call_of(lhs, "Surv")) {
    args <- tryCatch(as.list(match.call(survival::Surv, lhs))[-1], error = function(e) {
      abort_rule("formula", paste0("`", one_line(lhs), "` is not a call of `Surv()`: ", conditionMessage(e)),
        arg = "formula", call = call
      )
    })
    extra <- setdiff(names(args), c("time", "time2", "event"))
    if (length(extra)) {
      abort_rule("formula",
        paste0("`Surv()` with `", extra[1], "` is not supported: give time and status, or entry, exit and status."),
        arg = "formula", call = call
      )
    }
    # Surv(a, b): b is the status although it is matched to `time2`.
    if (is.null(args$event)) {
      args$event <- args$time2
      args$time2 <- NULL
    }
    if (is.null(args$event)) {
      abort_rule("status", "`Surv()` has no status: whether a time is an event or a censoring must be stated.",
        "Write `Surv(time, status)`; when every row is an event, `Surv(time, rep(1, n))`.",
        arg = "formula", call = call
      )
    }
    entry <- NULL
    exit_expr <- args$time
    if (!is.null(args$time2)) {
      entry <- check_time(evaluate(args$time), one_line(args$time), call)
      exit_expr <- args$time2
    }
    time <- check_time(evaluate(exit_expr), one_line(exit_expr), call)
    status_value <- evaluate(args$event)
    status <- check_status(status_value, one_line(args$event), event, call)
    names <- c(one_line(exit_expr), one_line(args$event), if (!is.null(entry)) one_line(args$time))
    check_length(status, length(time), names[2], call)
    if (!is.null(entry)) check_length(entry, length(time), names[3], call)
    return(list(
      time = time, entry = entry, event = status, names = names, unit = attr(time, "unit"),
      note = attr(status, "note")
    ))
  }
  value <- evaluate(lhs)
  if (!survival::is.Surv(value)) {
    abort_rule("formula", "the left side of `formula` must be `Surv(time, status)`.", arg = "formula", call = call)
  }
  type <- attr(value, "type")
  if (!type %in% c("right", "counting")) {
    abort_rule("formula", paste0("a Surv object of type '", type, "' is not supported here."),
      arg = "formula", call = call
    )
  }
  value <- unclass(value)
  name <- one_line(lhs)
  list(
    time = check_time(value[, if (type == "right") "time" else "stop"], name, call),
    entry = if (type == "counting") check_time(value[, "start"], name, call),
    event = as.integer(value[, "status"]), names = c(name, name, name), unit = NULL
  )
}

read_terms <- function(terms, evaluate, n, allow_strata, call) {
  if (any(attr(terms, "order") > 1)) {
    abort_rule("formula", "interaction terms are not allowed in `formula`.",
      "Write `a + b` for the combinations of two groups.",
      arg = "formula", call = call
    )
  }
  specials <- attr(terms, "specials")
  for (special in c("cluster", "frailty")) {
    if (length(specials[[special]])) {
      abort_rule("formula", paste0("`", special, "()` is not used by this function and would be read as a group."),
        "Leave it out, or analyse one row per patient.",
        arg = "formula", call = call
      )
    }
  }
  if (length(attr(terms, "offset"))) {
    abort_rule("formula", "`offset()` is not used by this function.", arg = "formula", call = call)
  }
  # `variables` also lists what `- b` took out again; only terms that are left make groups.
  factors <- attr(terms, "factors")
  left <- if (length(factors)) rowSums(factors > 0) > 0 else FALSE
  expressions <- as.list(attr(terms, "variables"))[-1][left]
  values <- lapply(expressions, function(expr) {
    value <- if (is_call_of(expr, "strata")) {
      if (!is.null(names(expr))) {
        abort_rule("formula", paste0("`", one_line(expr), "`: `strata()` takes columns only, no named arguments."),
          arg = "formula", call = call
        )
      }
      parts <- lapply(as.list(expr)[-1], evaluate)
      combined_label(stats::setNames(parts, vapply(as.list(expr)[-1], one_line, "")))
    } else {
      evaluate(expr)
    }
    name <- plain_name(expr)
    check_vector(value, name, call)
    check_group_type(value, name, call)
    check_length(value, n, name, call)
    value
  })
  names(values) <- vapply(expressions, plain_name, "")
  is_strata <- vapply(expressions, is_call_of, TRUE, name = "strata")
  if (!allow_strata) is_strata[] <- FALSE
  list(
    group = if (any(!is_strata)) values[!is_strata],
    stratum = if (any(is_strata)) values[is_strata]
  )
}

read_subset <- function(value, n, call) {
  if (is.logical(value)) {
    if (length(value) != n) {
      abort_rule("length", paste0("`subset` must have ", n, " values, not ", length(value), "."),
        arg = "subset", call = call
      )
    }
    # As in base R's subset(), a condition that cannot be decided does not select the row.
    return(value & !is.na(value))
  }
  if (is_number(value) && !anyNA(value) && all(value == round(value)) && all(abs(value) >= 1 & abs(value) <= n)) {
    if (any(value < 0) && any(value > 0)) {
      abort_rule("type", "`subset` has row numbers to use and to leave out, not both.", arg = "subset", call = call)
    }
    twice <- unique(value[duplicated(value)])
    if (length(twice)) {
      abort_rule("type", paste0("`subset` names ", at_rows(twice), " more than once."), "A row is used once.",
        arg = "subset", rows = twice, call = call
      )
    }
    return(seq_len(n) %in% seq_len(n)[value])
  }
  abort_rule("type", "`subset` must be a logical condition or row numbers.", arg = "subset", call = call)
}

make_frame <- function(response, group, stratum, weights, keep, na.action, call) {
  n <- length(response$time)
  if (n == 0 || !any(keep)) {
    abort_rule("empty", if (n == 0) "no rows to analyse." else "`subset` leaves no rows to analyse.", call = call)
  }
  columns <- c(
    stats::setNames(list(response$time, response$event), response$names[1:2]),
    if (!is.null(response$entry)) stats::setNames(list(response$entry), response$names[3]),
    group, stratum, if (!is.null(weights)) list(weights = weights)
  )
  # A factor can hide its missing values in a level NA.
  missing_rows <- lapply(columns, function(x) which(is.na(if (is.factor(x)) levels(x)[x] else x) & keep))
  rows_dropped <- sort(unique(unlist(missing_rows)))
  if (length(rows_dropped) && na.action == "error") {
    arg <- names(columns)[lengths(missing_rows) > 0][1]
    rows <- missing_rows[lengths(missing_rows) > 0][[1]]
    is_nan <- is.numeric(columns[[arg]]) && any(is.nan(columns[[arg]]))
    abort_rule("missing", paste0(
      "`", arg, "` has ", length(rows), " missing value", if (length(rows) > 1) "s", " (", at_rows(rows),
      if (is_nan) "; NaN", ")."
    ), "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
    arg = arg, rows = rows, call = call
    )
  }
  keep[rows_dropped] <- FALSE
  rows <- which(keep)
  if (!length(rows)) {
    abort_rule("empty", "no rows without missing values to analyse.", call = call)
  }
  # A row of weight 0 is as if absent: a group of such rows would be a group of nobody.
  weightless <- if (!is.null(weights)) sum(weights[rows] == 0) else 0L
  if (weightless) {
    rows <- rows[weights[rows] > 0]
    if (!length(rows)) {
      abort_rule("empty", "no rows of positive weight to analyse.", arg = "weights", call = call)
    }
  }
  note_weightless <- if (weightless) paste0(weightless, " row", if (weightless > 1) "s", " of weight 0 left out")
  time <- response$time[rows]
  entry <- response$entry[rows]
  if (!is.null(entry)) {
    bad <- which(entry >= time)
    if (length(bad)) {
      abort_rule("entry", paste0(
        "entry must be < exit; ", at_rows(rows[bad]), if (length(bad) == 1) " has " else ", first ",
        number_text(entry[bad[1]]), " >= ", number_text(time[bad[1]]), "."
      ), arg = response$names[3], rows = rows[bad], call = call)
    }
  }
  grouping <- code_groups(lapply(group, `[`, rows), call)
  strata <- code_groups(lapply(stratum, `[`, rows), call)
  list(
    time = as.double(time), entry = if (!is.null(entry)) as.double(entry), event = as.integer(response$event[rows]),
    group = grouping$code, group_names = grouping$names, group_labels = grouping$labels, group_title = grouping$title,
    stratum = strata$code, stratum_labels = strata$labels,
    weights = weights[rows], unit = response$unit, rows_dropped = rows_dropped, n_rows = length(rows),
    rows = rows, notes = c(response$note, note_weightless, grouping$notes), call = call
  )
}

max_groups <- 1000L

# Groups as 0-based codes. Names are spelled as survival::survfit() spells its strata, padding
# included, so that its methods and those of other packages find what they expect.
code_groups <- function(columns, call) {
  if (!length(columns)) {
    return(list(code = NULL, names = NULL, labels = NULL, title = NULL, notes = NULL))
  }
  notes <- NULL
  factors <- Map(function(x, name) as_group(x, name, call), columns, names(columns))
  for (name in names(factors)) notes <- c(notes, look_alikes(levels(factors[[name]]), name))
  combined <- factors[[1]]
  if (length(factors) > 1) {
    code <- as.integer(factors[[1]])
    for (f in factors[-1]) code <- (code - 1) * nlevels(f) + as.integer(f)
    present <- sort(unique(code))
    example <- match(present, code)
    cells <- function(f) {
      used <- as.integer(f)[example]
      list(label = levels(f)[used], padded = format(levels(f))[used])
    }
    parts <- lapply(factors, cells)
    labels <- do.call(paste, c(lapply(parts, `[[`, "label"), sep = ", "))
    spelled <- c(list(parts[[1]]$label), lapply(parts[-1], `[[`, "padded"))
    names <- do.call(paste, c(Map(function(p, name) paste0(name, "=", p), spelled, names(parts)), sep = ", "))
    code <- match(code, present) - 1L
  } else {
    labels <- levels(combined)
    names <- paste0(names(factors), "=", labels)
    code <- as.integer(combined) - 1L
  }
  if (length(labels) > max_groups) {
    title <- paste(names(columns), collapse = ", ")
    abort_rule("group",
      paste0("`", title, "` has ", length(labels), " groups; the limit is ", max_groups, "."),
      "A column of identifiers is not a grouping.",
      arg = names(columns)[1], call = call
    )
  }
  list(code = code, names = names, labels = labels, title = paste(names(columns), collapse = ", "), notes = notes)
}

# Before rows are taken, which strips an integer64 of its class where its package is not loaded.
check_group_type <- function(x, name, call) {
  if (inherits(x, "integer64") || is.raw(x)) {
    abort_rule("type", paste0(
      "`", name, "` is ", if (is.raw(x)) "raw" else "integer64", "; labels must be text, numbers or a factor."
    ), "Convert it with `as.character()`.", arg = name, call = call)
  }
  if (is.factor(x)) check_factor(x, name, call)
}

as_group <- function(x, name, call) {
  refuse_twins <- function(labels) {
    twice <- unique(labels[duplicated(labels)])
    if (length(twice)) {
      abort_rule("group", paste0("`", name, "` has different values that all print as ", quoted(twice), "."),
        "Round the values, or make a factor of them.",
        arg = name, call = call
      )
    }
  }
  check_group_type(x, name, call)
  if (is.numeric(x) && !is.factor(x)) {
    values <- sort(unique(x))
    labels <- number_labels(values)
    refuse_twins(labels)
    return(factor(x, levels = values, labels = labels))
  }
  if (is.character(x)) x <- enc2utf8(x)
  if (is.factor(x)) levels(x) <- enc2utf8(levels(x))
  if (!is.factor(x)) {
    # Sorted by code point: the order of groups must not depend on the session's locale.
    if (is.character(x)) return(factor(x, levels = sort(unique(x), method = "radix")))
    values <- sort(unique(x))
    labels <- as.character(values)
    refuse_twins(labels)
    # By position: factor() compares the text of a date with the date, and finds nothing.
    return(factor(match(x, values), seq_along(values), labels))
  }
  droplevels(x)
}

# A factor made by hand, or read from a damaged file, may have codes without a level.
check_factor <- function(x, name, call) {
  codes <- unclass(x)
  bad <- which(!is.na(codes) & !(codes >= 1 & codes <= length(levels(x))))
  if (length(bad)) {
    abort_rule("type", paste0("`", name, "` is a malformed factor: no level for its code in ", at_rows(bad), "."),
      arg = name, rows = bad, call = call
    )
  }
}

# as.character() for numbers, but deaf to options(scipen): a label must not depend on the session.
number_labels <- function(x) {
  if (is.integer(x)) return(sprintf("%d", x))
  # Too many to be groups: they will be refused, and need not be spelled well.
  if (length(x) > max_groups) return(as.character(x))
  vapply(x, format, "", digits = 15, scientific = 0, decimal.mark = ".", trim = TRUE)
}

# Labels that a reader would take for the same: equal but for case, blanks, accents or their encoding.
look_alikes <- function(labels, name) {
  fold <- gsub("[\u0300-\u036f]", "", labels, perl = TRUE)
  fold <- chartr(
    paste0(
      "\u00e0\u00e1\u00e2\u00e3\u00e4\u00e5\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef",
      "\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6\u00f9\u00fa\u00fb\u00fc"
    ),
    "aaaaaaceeeeiiiinooooouuuu", tolower(fold)
  )
  fold <- gsub("[[:space:]\u00a0]+", "", fold, perl = TRUE)
  same <- unique(fold[duplicated(fold)])
  vapply(same, function(f) {
    paste0("labels of `", name, "` look alike but are kept apart: ", quoted(labels[fold == f]))
  }, "", USE.NAMES = FALSE)
}

combined_label <- function(columns) {
  if (length(columns) == 1) return(columns[[1]])
  do.call(interaction, c(unname(columns), list(drop = TRUE, sep = ", ", lex.order = TRUE)))
}

is_call_of <- function(expr, name) {
  is.call(expr) && (identical(expr[[1]], as.name(name)) ||
    (is.call(expr[[1]]) && identical(as.character(expr[[1]][[1]]), "::") &&
      identical(as.character(expr[[1]][[3]]), name)))
}

plain_name <- function(expr) if (is.name(expr)) as.character(expr) else one_line(expr)

# The variables of an expression: in `d$status` that is `d` alone; a function has names of its own.
free_names <- function(expr) {
  if (is.name(expr)) return(setdiff(as.character(expr), ""))
  if (!is.call(expr) || is_call_of(expr, "function") || is_call_of(expr, "::") || is_call_of(expr, ":::")) {
    return(character())
  }
  if (is_call_of(expr, "$") || is_call_of(expr, "@")) return(free_names(expr[[2]]))
  parts <- as.list(expr)
  unique(unlist(lapply(if (is.call(parts[[1]])) parts else parts[-1], free_names)))
}

check_columns <- function(expr, data, env, call) {
  wanted <- setdiff(free_names(expr), c(".data", ".env"))
  absent <- wanted[!vapply(wanted, function(v) v %in% names(data) || exists(v, envir = env), TRUE)]
  if (length(absent)) {
    near <- names(data)[utils::adist(absent[1], names(data), ignore.case = TRUE) <= 2]
    abort_rule("column", paste0("column `", absent[1], "` not found."),
      if (length(near)) {
        paste0("Did you mean ", paste0("`", near, "`", collapse = " or "), "?")
      } else if (length(names(data))) {
        shown <- paste0("`", utils::head(names(data), 10), "`", collapse = ", ")
        paste0("The data have ", shown, if (length(names(data)) > 10) ", ...", ".")
      },
      arg = absent[1], call = call
    )
  }
}

`%||%` <- function(x, y) if (is.null(x)) y else x
