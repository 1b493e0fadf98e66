# formula + data -> cohort_frame: the only reader of user data.
#
# A cohort_frame is a list; an element that is not there is NULL:
#   time, entry (NULL without delayed entry), event (0/1 or logical), weights (NULL: one each),
#   group (codes from group_first, which is 0 if NULL; read by frame_groups(); NULL: all rows are of one),
#   stratum (0-based, NULL without strata()), cluster (0-based, NULL: rows are independent)
#   group_names   as survfit names its strata: "g=a, h=1"; NULL without groups
#   group_labels  the levels alone: "a, 1"
#   group_title   "g, h"
#   stratum_labels, cluster_title, n_cluster, causes (labels of competing events, NULL: one kind), unit, rows_dropped,
#   n_rows, n_input, rows, notes, read_rows (very many rows as their reader left them: a pointer for src/glue.h)
# Rows with missing values are refused, or on request left out and listed in rows_dropped. A verb adds `timefix` and
# hands the frame to the core, where glue::Frame (src/glue.h) reads it.
#
# `status` reads the status column: read_event(event) or read_causes(censor); NULL: it is logical or 0/1. `allow` names
# the specials that the caller's formula may use: "strata", "cluster".

# `coarse` and `shard`: see event_counts(). `timefix` matters where the rows are counted here, because they are
# elsewhere.
frame_from_formula <- function(formula, data, subset, weights, na.action, status, allow, call, env,
                               cluster = null_quosure, coarse = NULL, shard = null_quosure, timefix = TRUE) {
  if (is_far(data)) {
    return(far_frame(
      formula, data, subset, weights, na.action, status, allow, call, env, cluster, coarse, shard, timefix
    ))
  }
  if (reads_plain(status) && is.null(coarse) && quo_is_null(weights) && quo_is_null(cluster) && quo_is_null(subset)) {
    frame <- plain_formula_cpp(formula, data, max_groups, !is.null(status))
    if (!is.null(frame)) return(with_label_notes(frame))
  }
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
    # The name of a column needs no data mask.
    if (is.name(expr) && (name <- as.character(expr)) %in% names(data)) return(.subset2(data, name))
    check_columns(expr, data, env, call)
    evaluate_user(expr, eval_tidy(expr, data, env), call)
  }
  if ("." %in% all.vars(rlang::f_rhs(formula))) {
    abort_rule("formula", "`.` is not allowed in `formula`: name the groups.", arg = "formula", call = call)
  }

  response <- read_response(rlang::f_lhs(formula), evaluate, status %||% stated_event, call)
  if (!is.null(coarse)) response <- coarse_response(response, coarse, call)
  n <- length(response$time)
  rhs <- rlang::f_rhs(formula)
  variables <- if (is.name(rhs)) {
    list(group = setNames(list(read_label(evaluate(rhs), as.character(rhs), n, call)), as.character(rhs)))
  } else if (!identical(rhs, 1)) {
    terms <- stats::terms(formula,
      specials = c("strata", "cluster", "frailty"), data = if (!is.null(data)) as.data.frame(data[0])
    )
    read_terms(terms, evaluate, n, allow, call)
  } else {
    list()
  }
  weights <- if (!quo_is_null(weights)) {
    check_columns(quo_get_expr(weights), data, env, call)
    check_weights(evaluate_user(quo_get_expr(weights), eval_tidy(weights, data), call), n, call)
  }
  if (!quo_is_null(cluster)) {
    if (!is.null(variables$cluster)) {
      abort_rule("formula", "clusters are given twice: in `formula` and as `cluster`.", arg = "cluster", call = call)
    }
    expr <- quo_get_expr(cluster)
    check_columns(expr, data, env, call)
    value <- read_label(evaluate_user(expr, eval_tidy(cluster, data), call), "cluster", n, call)
    variables$cluster <- setNames(list(value), plain_name(expr))
  }
  keep <- NULL # all rows
  if (!quo_is_null(subset)) {
    check_columns(quo_get_expr(subset), data, env, call)
    keep <- read_subset(evaluate_user(quo_get_expr(subset), eval_tidy(subset, data), call), n, call)
  }
  make_frame(response, variables, weights, keep, na.action, call)
}

frame_from_vectors <- function(time, event, group, weights, na.action, call, stratum = NULL, cluster = NULL,
                               status = NULL, entry = NULL, event_name = "event") {
  if (reads_plain(status) && is.null(weights) && is.null(entry) && is.null(stratum) && is.null(cluster)) {
    frame <- plain_frame_cpp(time, event, group, max_groups, !is.null(status))
    if (!is.null(frame)) return(with_label_notes(frame))
  }
  time <- check_time(time, "time", call)
  event <- (status %||% stated_event)(event, event_name, call)
  n <- length(time)
  check_length(event, n, event_name, call)
  if (!is.null(entry)) check_length(entry <- check_time(entry, "entry", call), n, "entry", call)
  if (!is.null(entry)) check_same_unit(entry, "entry", attr(time, "unit"), call)
  response <- list(
    time = time, entry = entry, event = event, names = c("time", event_name, "entry"), unit = attr(time, "unit"),
    note = attr(event, "note"), causes = attr(event, "causes")
  )
  labels_of <- function(x, name) if (!is.null(x)) setNames(list(read_label(x, name, n, call)), name)
  variables <- list(
    group = labels_of(group, "group"), stratum = labels_of(stratum, "strata"), cluster = labels_of(cluster, "cluster")
  )
  if (!is.null(weights)) weights <- check_weights(weights, n, call)
  make_frame(response, variables, weights, NULL, na.action, call)
}

# Columns without fault, which most are, become a frame at once (src/plain_frame.cpp): one look at each; of very many
# rows whose times are whole numbers one look in all, which counts them as well. Others go the long way, on which
# missing values are found and faults told.
with_label_notes <- function(frame) {
  if (!is.null(frame$group_title)) frame$notes <- look_alikes(frame$group_labels, frame$group_title)
  frame
}

# A column of labels, as it was given.
read_label <- function(x, name, n, call) {
  check_vector(x, name, call)
  check_group_type(x, name, call)
  check_length(x, n, name, call)
  x
}

# The readers of a status column: events and censorings, or censorings and several causes.
read_event <- function(event) if (!is.null(event)) function(x, arg, call) check_status(x, arg, event, call)
stated_event <- function(x, arg, call) check_status(x, arg, NULL, call)
read_causes <- function(censor = NULL) {
  structure(function(x, arg, call) check_causes(x, arg, censor, call), plain = is.null(censor))
}
# Whether columns without fault may be read at once: the reader of causes knows by itself what is censored.
reads_plain <- function(status) is.null(status) || isTRUE(attr(status, "plain"))

# What the user wrote may fail on its own.
evaluate_user <- function(expr, value, call) {
  tryCatch(value,
    error = errors_of_others(function(e) {
      abort_rule("formula", paste0("`", one_line(expr), "` cannot be evaluated: ", conditionMessage(e)),
        arg = one_line(expr), call = call
      )
    })
  )
}

# Surv() is read, not called: its own guess of 1/2 coding would go unseen.
read_response <- function(lhs, evaluate, read_status, call) {
  if (is_call_of(lhs, "Surv")) {
    plain <- length(lhs) == 3 && is.null(names(lhs)) && !rlang::is_missing(lhs[[3]])
    args <- if (plain) {
      list(time = lhs[[2]], time2 = lhs[[3]])
    } else {
      tryCatch(as.list(match.call(survival::Surv, lhs))[-1], error = function(e) {
        abort_rule("formula", paste0("`", one_line(lhs), "` is not a call of `Surv()`: ", conditionMessage(e)),
          arg = "formula", call = call
        )
      })
    }
    extra <- if (!plain) setdiff(names(args), c("time", "time2", "event"))
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
    if (is.null(args$time) || rlang::is_missing(args$time)) {
      abort_rule("formula", "`Surv()` has no time.", "Write `Surv(time, status)`.", arg = "formula", call = call)
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
    status <- read_status(evaluate(args$event), one_line(args$event), call)
    names <- c(one_line(exit_expr), one_line(args$event), if (!is.null(entry)) one_line(args$time))
    check_length(status, length(time), names[2], call)
    if (!is.null(entry)) check_length(entry, length(time), names[3], call)
    if (!is.null(entry)) check_same_unit(entry, names[3], attr(time, "unit"), call)
    return(list(
      time = time, entry = entry, event = status, names = names, unit = attr(time, "unit"),
      note = attr(status, "note"), causes = attr(status, "causes")
    ))
  }
  value <- evaluate(lhs)
  if (!survival::is.Surv(value)) {
    abort_rule("formula", "the left side of `formula` must be `Surv(time, status)`.", arg = "formula", call = call)
  }
  type <- attr(value, "type")
  name <- one_line(lhs)
  several <- type %in% c("mright", "mcounting")
  states <- attr(value, "states")
  value <- unclass(value)
  # A Surv object of several states codes them 1, 2, ...; only a reader of causes takes those.
  status <- if (several) factor(value[, "status"], 0:length(states), c("censored", states)) else value[, "status"]
  status <- if (type %in% c("right", "counting", "mright", "mcounting")) read_status(status, name, call)
  if (is.null(status)) {
    abort_rule("formula", paste0("a Surv object of type '", type, "' is not supported here."),
      arg = "formula", call = call
    )
  }
  late <- type %in% c("counting", "mcounting")
  list(
    time = check_time(value[, if (late) "stop" else "time"], name, call),
    entry = if (late) check_time(value[, "start"], name, call),
    event = status, names = c(name, name, name), unit = NULL, note = attr(status, "note"),
    causes = attr(status, "causes")
  )
}

read_terms <- function(terms, evaluate, n, allow, call) {
  if (any(attr(terms, "order") > 1)) {
    abort_rule("formula", "interaction terms are not allowed in `formula`.",
      "Write `a + b` for the combinations of two groups.",
      arg = "formula", call = call
    )
  }
  if (length(attr(terms, "offset"))) {
    abort_rule("formula", "`offset()` is not used by this function.", arg = "formula", call = call)
  }
  # `variables` also lists what `- b` took out again; only terms that are left make groups.
  factors <- attr(terms, "factors")
  left <- if (length(factors)) rowSums(factors > 0) > 0 else FALSE
  expressions <- as.list(attr(terms, "variables"))[-1][left]
  role <- vapply(expressions, function(expr) {
    special <- Filter(function(name) is_call_of(expr, name), c("cluster", "frailty", "strata"))
    if (length(special)) special else "group"
  }, "")
  refused <- setdiff(role, c("group", "strata", allow))
  if (length(refused)) {
    abort_rule("formula", paste0("`", refused[1], "()` is not used by this function and would be read as a group."),
      "Leave it out, or analyse one row per patient.",
      arg = "formula", call = call
    )
  }
  values <- Map(function(expr, role) {
    value <- if (role == "group") evaluate(expr) else special_value(expr, evaluate, n, call)
    read_label(value, plain_name(expr), n, call)
  }, expressions, role)
  names(values) <- vapply(expressions, plain_name, "")
  if (!"strata" %in% allow) role[role == "strata"] <- "group"
  if (sum(role == "cluster") > 1) {
    abort_rule("formula", "`cluster()` stands in `formula` twice.", arg = "formula", call = call)
  }
  of_role <- function(r) if (any(role == r)) values[role == r]
  list(group = of_role("group"), stratum = of_role("strata"), cluster = of_role("cluster"))
}

# strata(a, b) or cluster(id): their columns, combined.
special_value <- function(expr, evaluate, n, call) {
  if (!is.null(names(expr))) {
    abort_rule("formula", paste0("`", one_line(expr), "`: `", as.character(expr[[1]]),
      "()` takes columns only, no named arguments."
    ), arg = "formula", call = call)
  }
  parts <- lapply(as.list(expr)[-1], evaluate)
  if (!length(parts)) {
    abort_rule("formula", paste0("`", one_line(expr), "` names no column."), arg = "formula", call = call)
  }
  names(parts) <- vapply(as.list(expr)[-1], one_line, "")
  parts <- Map(function(x, name) read_label(x, name, n, call), parts, names(parts))
  if (length(parts) == 1) return(parts[[1]])
  factors <- Map(function(x, name) without_na_level(as_group(x, name, call)), parts, names(parts))
  combined <- combine_codes(factors)
  if (is_call_of(expr, "cluster")) return(combined$code)
  labels <- do.call(paste, c(lapply(combined$labels, unname), sep = ", "))
  check_distinct(labels, one_line(expr), call)
  factor(combined$code, seq_along(labels), labels)
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

make_frame <- function(response, variables, weights, keep, na.action, call) {
  n <- length(response$time)
  if (n == 0 || !is.null(keep) && !any(keep)) {
    abort_rule("empty", if (n == 0) "no rows to analyse." else "`subset` leaves no rows to analyse.", call = call)
  }
  columns <- c(
    list(response$time, response$event, response$entry), variables$group, variables$stratum, variables$cluster,
    list(weights = weights)
  )
  rows_dropped <- integer()
  holes <- vapply(columns, has_missing, TRUE)
  if (any(holes)) {
    names(columns)[1:3] <- c(response$names, "")[1:3]
    columns <- columns[holes]
    missing_rows <- lapply(columns, function(x) {
      which(is.na(if (is.factor(x)) levels(x)[x] else x) & (keep %||% TRUE))
    })
    rows_dropped <- sort(unique(unlist(missing_rows)))
  }
  if (length(rows_dropped) && na.action == "error") {
    arg <- names(columns)[lengths(missing_rows) > 0][1]
    rows <- missing_rows[lengths(missing_rows) > 0][[1]]
    is_nan <- is.numeric(columns[[arg]]) && any(is.nan(columns[[arg]]))
    abort_rule("missing", paste0(
      "`", arg, "` has ", plural(count_rows(rows), "missing value"), " (", at_rows(rows), if (is_nan) "; NaN", ")."
    ), "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
    arg = arg, rows = rows, call = call
    )
  }
  if (length(rows_dropped)) keep <- replace(keep %||% rep(TRUE, n), rows_dropped, FALSE)
  # All rows are kept as a rule: then no column is copied.
  rows <- if (is.null(keep)) seq_len(n) else which(keep)
  if (!length(rows)) {
    abort_rule("empty", "no rows without missing values to analyse.", call = call)
  }
  # A row of weight 0 is as if absent: a group of such rows would be a group of nobody.
  weightless <- if (!is.null(weights)) count_rows(rows[weights[rows] == 0]) else 0
  if (weightless) {
    rows <- rows[weights[rows] > 0]
    if (!length(rows)) {
      abort_rule("empty", "no rows of positive weight to analyse.", arg = "weights", call = call)
    }
  }
  note_weightless <- if (weightless) paste0(plural(weightless, "row"), " of weight 0 left out")
  chosen <- if (length(rows) == n) identity else function(x) x[rows]
  time <- chosen(response$time)
  entry <- chosen(response$entry)
  if (!is.null(entry)) {
    bad <- which(entry >= time)
    if (length(bad)) {
      abort_rule("entry", paste0(
        "entry must be < exit; ", at_rows(rows[bad]), if (length(bad) == 1) " has " else ", first ",
        number_text(entry[bad[1]]), " >= ", number_text(time[bad[1]]), "."
      ), arg = response$names[3], rows = rows[bad], call = call)
    }
  }
  grouping <- if (length(variables$group)) code_groups(lapply(variables$group, chosen), call)
  strata <- if (length(variables$stratum)) code_groups(lapply(variables$stratum, chosen), call)
  # Clusters are as many as they like, and need no labels.
  cluster <- if (!is.null(variables$cluster)) chosen(variables$cluster[[1]])
  cluster <- if (!is.null(cluster)) number_clusters(cluster)
  list(
    time = as_plain(time), entry = as_plain(entry), event = as_plain(chosen(response$event)),
    group = grouping$group, group_names = grouping$group_names, group_labels = grouping$group_labels,
    group_title = grouping$group_title,
    stratum = strata$group, stratum_labels = strata$group_labels, stratum_names = strata$group_names,
    stratum_title = strata$group_title,
    cluster = cluster, cluster_title = names(variables$cluster), n_cluster = if (!is.null(cluster)) max(cluster) + 1L,
    causes = response$causes,
    weights = chosen(weights), unit = response$unit, rows_dropped = rows_dropped, n_rows = length(rows),
    n_input = n, rows = rows, notes = c(response$note, note_weightless, grouping$notes, strata$notes)
  )
}

# A factor can hide its missing values in a level NA. What other classes have of methods plays no part.
has_missing <- function(x) anyNA(if (is.object(x) && !is.factor(x)) unclass(x) else x) || anyNA(levels(x))

# Without attributes, as `[` leaves a column.
as_plain <- function(x) if (is.null(attributes(x))) x else as.vector(unclass(x))

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

# Clusters numbered from 0 in the order of the rows. Whole numbers, as most identifiers are, need no search.
number_clusters <- function(x) number_codes_cpp(x) %||% (match(x, unique(x)) - 1L)

# The codes of the groups, from 0; NULL when all rows are of one.
frame_groups <- function(frame) {
  first <- frame$group_first %||% 0L
  if (first == 0L) frame$group else as.integer(frame$group) - first
}
