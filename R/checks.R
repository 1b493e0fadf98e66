# One rule per check_*(). Each returns the checked value in the form the core wants, or stops.

check_vector <- function(x, arg, call) {
  if (is.atomic(x) && is.null(attributes(x))) return(invisible(x))
  if (is.matrix(x) || is.array(x)) {
    abort_rule("type", paste0("`", arg, "` must be a vector, not a ", paste(dim(x), collapse = " x "), " matrix."),
      arg = arg, call = call
    )
  }
  if (is.data.frame(x)) {
    abort_rule("type", paste0("`", arg, "` must be a vector, not a data frame."), arg = arg, call = call)
  }
  if (is.list(x)) {
    abort_rule("type", paste0("`", arg, "` must be numeric, not a list."), arg = arg, call = call)
  }
  if (!is.atomic(x)) {
    abort_rule("type", paste0("`", arg, "` must be a vector, not a ", class(x)[1], "."), arg = arg, call = call)
  }
  invisible(x)
}

# Times of follow-up: numeric or difftime, finite, >= 0. NA passes (na.action is decided later, over
# all columns at once). Returns the plain numbers with attribute "unit" when the input carries one.
check_time <- function(x, arg, call) {
  # A column without fault is looked at once, and not copied.
  if (is.double(x) && is.null(attributes(x)) && all_countable_cpp(x)) return(x)
  check_vector(x, arg, call)
  if (inherits(x, c("Date", "POSIXt"))) {
    abort_rule("type", paste0("`", arg, "` is a ", class(x)[1], ", not a length of time."),
      "Give the difference of two dates, e.g. `as.numeric(end - start)`, in days.",
      arg = arg, call = call
    )
  }
  # Beside difftime, which knows no months, a plain column may say its unit in an attribute: those of endpoint() do.
  unit <- if (inherits(x, "difftime")) attr(x, "units") else if (rlang::is_string(own <- attr(x, "unit"))) own
  if (is.character(x) || is.factor(x) || is.logical(x) && !all(is.na(x)) || !is.numeric(unclass(x)) && !is.logical(x) ||
    inherits(x, "integer64")) {
    abort_rule("type", paste0("`", arg, "` must be numeric, not ", class(x)[1], "."), arg = arg, call = call)
  }
  x <- as.double(unclass(x))
  if (all_countable_cpp(x)) return(if (is.null(unit)) x else structure(x, unit = unit))
  bad <- which(!is.na(x) & !is.finite(x))
  if (length(bad)) {
    abort_rule("time", paste0("`", arg, "` must be finite, not ", x[bad[1]], " in ", at_rows(bad), "."),
      arg = arg, rows = bad, call = call
    )
  }
  bad <- which(x < 0)
  if (length(bad)) {
    abort_rule("time", paste0("`", arg, "` must be >= 0, not ", number_text(x[bad[1]]), " in ", at_rows(bad), "."),
      "Correct or exclude these rows; nothing is dropped silently.",
      arg = arg, rows = bad, call = call
    )
  }
  attr(x, "unit") <- unit
  x
}

# Two lengths of time that both know their unit must agree in it.
check_same_unit <- function(x, arg, unit, call) {
  own <- attr(x, "unit")
  if (is.null(own) || is.null(unit) || own == unit) return(invisible(x))
  abort_rule("time", paste0("`", arg, "` is in ", own, ", the times are in ", unit, "."),
    "Bring them to one unit with `units()`.",
    arg = arg, call = call
  )
}

# Event indicator as 0/1 integers, or as the logical column it was (NA passes). Only coding that is stated is taken:
# logical, 0/1, or any codes together with `event`, the value(s) that mean an event.
check_status <- function(x, arg, event = NULL, call) {
  check_vector(x, arg, call)
  if (is.null(event) && is.null(attributes(x)) && all_zero_one_cpp(x)) {
    return(if (is.logical(x)) x else as.integer(x))
  }
  if (is.factor(x)) x <- without_na_level(check_factor(x, arg, call))
  if (!is.null(event)) {
    if (!is.atomic(event) || length(event) == 0 || length(dim(event)) > 1) {
      abort_rule("status", paste0("`event` must be the value or values of `", arg, "` that mean an event, not ",
        one_line(event), "."), arg = "event", call = call)
    }
    known <- if (is.factor(x)) levels(x) else unique(x[!is.na(x)])
    absent <- event[!as.character(event) %in% as.character(known)]
    if (length(absent)) {
      abort_rule("status",
        paste0("`event` = ", quoted(absent), " does not occur in `", arg, "` (it has ", quoted(known), ")."),
        arg = arg, call = call
      )
    }
    out <- as.integer(as.character(x) %in% as.character(event))
    out[is.na(x)] <- NA_integer_
    return(out)
  }
  if (is.logical(x)) {
    return(as.integer(x))
  }
  if (is.factor(x) || is.character(x)) {
    known <- if (is.factor(x)) levels(droplevels(x)) else sort(unique(x))
    if (is.factor(x) && all(known %in% c("0", "1"))) {
      unused <- setdiff(levels(x), known)
      out <- as.integer(as.character(x))
      if (length(unused)) attr(out, "note") <- paste0("unused status level ", quoted(unused), " ignored")
      return(out)
    }
    last <- deparse(known[length(known)])
    abort_rule("status",
      paste0("`", arg, "` has labels ", quoted(known), "; which of them is the event is not stated."),
      paste0("Say `event = ", last, "`, or write `", arg, " == ", last, "`."),
      arg = arg, call = call
    )
  }
  if (!is.numeric(x) || inherits(x, c("Date", "POSIXt", "difftime", "integer64"))) {
    abort_rule("type", paste0("`", arg, "` must be logical or 0/1, not ", class(x)[1], "."), arg = arg, call = call)
  }
  codes <- sort(unique(x[!is.na(x)]))
  if (length(codes) && !all(codes %in% c(0, 1))) {
    bad <- which(!is.na(x) & !x %in% c(0, 1))
    if (all(codes %in% c(1, 2))) {
      abort_rule("status", paste0(
        "`", arg, "` has codes ", paste(number_labels(codes), collapse = ", "),
        "; which of them is the event is not stated."
      ),
        paste0("Say `event = 2`, or write `", arg, " == 2`."),
        arg = arg, rows = bad, call = call
      )
    }
    abort_rule("status", paste0("`", arg, "` must be 0 or 1, not ", number_text(x[bad[1]]), " in ", at_rows(bad), "."),
      "For other codes say which is the event, e.g. `event = 2`.",
      arg = arg, rows = bad, call = call
    )
  }
  as.integer(x)
}

# A missing status stays missing where a factor has made a level of it.
without_na_level <- function(x) if (anyNA(levels(x))) factor(x, levels(x)[!is.na(levels(x))]) else x

# Competing events: 0 for censored, 1, 2, ... for the causes, whose labels are the attribute "causes" (NA passes). What
# means censored is stated by `censor`, or by the two conventions of the field: the first level of a factor, as in
# survival::Surv(); 0 in numbers, as in cmprsk.
check_causes <- function(x, arg, censor = NULL, call) {
  check_vector(x, arg, call)
  if (is.factor(x)) x <- without_na_level(check_factor(x, arg, call))
  if (!is.factor(x) && (!is.atomic(x) || inherits(x, c("Date", "POSIXt", "difftime", "integer64")))) {
    abort_rule("type", paste0("`", arg, "` must be a factor, text or numbers, not ", class(x)[1], "."),
      arg = arg, call = call
    )
  }
  # Small whole numbers, as they are with most, are told apart without comparing them.
  few <- if (is.numeric(x)) small_numbers_cpp(x, max_groups)
  small <- !is.null(few)
  known <- if (is.factor(x)) {
    levels(x)
  } else if (small) {
    few
  } else {
    sort(unique(x[!is.na(x)]))
  }
  labels <- if (is.numeric(known)) number_labels(known) else as.character(known)
  if (is.null(censor)) {
    if (is.factor(x)) censor <- known[1] else if (is.numeric(x)) censor <- 0 else if (is.logical(x)) censor <- FALSE
    if (is.null(censor)) {
      abort_rule("status", paste0(
        "`", arg, "` has labels ", quoted(known), "; which of them is censored is not stated."
      ),
        "Say `censor = \"...\"`, or make a factor whose first level is censored.",
        arg = arg, call = call
      )
    }
  } else if (!is.atomic(censor) || !length(censor) || !all(as.character(censor) %in% c(labels, "0"))) {
    abort_rule("status", paste0("`censor` = ", one_line(censor), " does not occur in `", arg, "` (it has ",
      quoted(labels), ")."
    ), arg = "censor", call = call)
  }
  if (is.numeric(x) && any(known < 0 | known != round(known))) {
    bad <- which(!is.na(x) & (x < 0 | x != round(x)))
    abort_rule("status", paste0("`", arg, "` must be whole numbers >= 0, not ", number_text(x[bad[1]]), " in ",
      at_rows(bad), "."
    ), arg = arg, rows = bad, call = call)
  }
  if ("(s0)" %in% labels) {
    abort_rule("status", paste0("`", arg, "` has the label '(s0)', which stands for those without event."),
      arg = arg, call = call
    )
  }
  is_cause <- !labels %in% as.character(censor)
  code <- cumsum(is_cause) * is_cause
  code <- if (is.factor(x)) {
    code[as.integer(x)]
  } else if (small) {
    recoded_cpp(x, code[match(seq_len(max(few) + 1) - 1, known)])
  } else {
    code[match(x, known)]
  }
  attr(code, "causes") <- if (any(is_cause)) labels[is_cause] else "event"
  code
}

# A plain vector of numbers: is.numeric() also takes a Surv object, a matrix and the bits of an integer64.
is_number <- function(x) {
  is.numeric(x) && (is.null(attributes(x)) || length(dim(x)) < 2 && !inherits(x, c("Surv", "integer64")))
}

# For an argument without default, as R's own message comes without class and names no function.
check_given <- function(is_missing, arg, call) {
  if (is_missing) abort_rule("missing", paste0("`", arg, "` is missing, with no default."), arg = arg, call = call)
}

# Digits to print.
check_digits <- function(x, call) {
  if (!is_number(x) || length(x) != 1 || is.na(x) || x < 0 || x > 15 || x != round(x)) {
    abort_rule("type", paste0("`digits` must be a whole number from 0 to 15, not ", one_line(x), "."),
      arg = "digits", call = call
    )
  }
  max(1, x)
}

# What survival's own methods refuse.
call_survival <- function(expr, method, call) {
  tryCatch(expr, error = function(e) {
    abort_rule("choice", paste0("survival's `", method, "()` refuses: ", conditionMessage(e)), call = call)
  })
}

check_weights <- function(x, n, call) {
  check_vector(x, "weights", call)
  if (!is_number(x)) {
    abort_rule("type", paste0("`weights` must be numeric, not ", class(x)[1], "."), arg = "weights", call = call)
  }
  check_length(x, n, "weights", call)
  x <- as.double(x)
  bad <- which(!is.na(x) & !is.finite(x))
  if (length(bad)) {
    abort_rule("weights", paste0("`weights` must be finite, not ", x[bad[1]], " in ", at_rows(bad), "."),
      arg = "weights", rows = bad, call = call
    )
  }
  bad <- which(x < 0)
  if (length(bad)) {
    abort_rule("weights", paste0("`weights` must be >= 0, not ", number_text(x[bad[1]]), " in ", at_rows(bad), "."),
      arg = "weights", rows = bad, call = call
    )
  }
  if (!is.finite(sum(x, na.rm = TRUE)) || !is.finite(sum(x, na.rm = TRUE)^2)) {
    abort_rule("weights", "the sum of `weights` overflows.", arg = "weights", call = call)
  }
  x
}

check_length <- function(x, n, arg, call) {
  if (length(x) != n) {
    abort_rule("length",
      paste0(
        "`", arg, "` must have ", n, if (n == 1) " value" else " values, one for each row", ", not ", length(x), "."
      ),
      arg = arg, call = call
    )
  }
  invisible(x)
}

check_conf_level <- function(x, call) {
  if (!is_number(x) || length(x) != 1 || is.na(x) || x <= 0 || x >= 1) {
    abort_rule("conf_level", paste0("`conf.level` must be a number in (0, 1), not ", one_line(x), "."),
      arg = "conf.level", call = call
    )
  }
  # Nearer to 1 the tails are lost to rounding.
  if ((1 + x) / 2 == 1) {
    abort_rule("conf_level", "`conf.level` differs from 1 by rounding only.", arg = "conf.level", call = call)
  }
  as.double(x)
}

check_conf_type <- function(x, call) {
  if (!is.character(x) || length(x) != 1 || is.na(match(x, conf_types))) {
    abort_rule("conf_type", paste0("`conf.type` must be one of ", quoted(conf_types, 10), ", not ", one_line(x), "."),
      arg = "conf.type", call = call
    )
  }
  x
}

# Intervals that are normal on a scale.
transformed_types <- c("log-log", "log", "plain", "logit", "arcsin")
conf_types <- c(transformed_types, "bpcp", "bpcp mid-p", "likelihood", "rothman", "beta-cluster")

check_conf_lower <- function(x, conf.type, call) {
  if (identical(x, "usual")) return(x)
  x <- check_choice(x, c("usual", "peto", "modified"), "conf.lower", call)
  if (x != "usual" && !conf.type %in% transformed_types) {
    abort_rule("choice", paste0("`conf.lower = \"", x, "\"` needs a standard error, which `conf.type = \"", conf.type,
      "\"` has none of."
    ), paste0("Choose `conf.type` among ", quoted(transformed_types), "."), arg = "conf.lower", call = call)
  }
  x
}

check_choice <- function(x, allowed, arg, call) {
  if (!is.character(x) || length(x) != 1 || is.na(match(x, allowed))) {
    abort_rule("choice", paste0("`", arg, "` must be one of ", quoted(allowed), ", not ", one_line(x), "."),
      arg = arg, call = call
    )
  }
  x
}

check_flag <- function(x, arg, call) {
  if (!is.logical(x) || length(x) != 1 || is.na(x)) {
    abort_rule("type", paste0("`", arg, "` must be TRUE or FALSE, not ", one_line(x), "."), arg = arg, call = call)
  }
  x
}

# Times at which something is asked for; a difftime is brought to the `unit` of the follow-up, where that is known.
check_times <- function(x, call, unit = NULL) {
  if (inherits(x, "difftime")) {
    if (is.null(unit)) {
      abort_rule("times", paste0("`times` is in ", attr(x, "units"), ", but the follow-up has no unit."),
        "Give plain numbers, in the unit of the follow-up.",
        arg = "times", call = call
      )
    }
    units(x) <- unit
    x <- as.double(x)
  }
  if (!is_number(x) || length(x) == 0 || anyNA(x)) {
    abort_rule("times", paste0("`times` must be numbers without missing values, not ", one_line(x), "."),
      arg = "times", call = call
    )
  }
  bad <- which(x < 0 | !is.finite(x))
  if (length(bad)) {
    abort_rule("times", paste0("`times` must be finite and >= 0, not ", number_text(x[bad[1]]), "."),
      arg = "times", call = call
    )
  }
  as.double(x)
}

# "error" (default), "omit", or base R's functions of that meaning; options(na.action) plays no part.
check_na_action <- function(x, call) {
  if (identical(x, "error")) return(x)
  if (is.function(x)) {
    if (identical(x, stats::na.fail)) return("error")
    if (identical(x, stats::na.omit) || identical(x, stats::na.exclude)) return("omit")
  }
  if (is.character(x) && length(x) == 1) {
    x <- sub("^na\\.", "", x)
    if (x %in% c("error", "fail")) return("error")
    if (x %in% c("omit", "exclude")) return("omit")
  }
  abort_rule("choice", "`na.action` must be \"error\" or \"omit\".", arg = "na.action", call = call)
}

# Results carry a format number; methods refuse an object that is not whole or not of this format.
result_format <- 1L

check_result <- function(x, class, fields, call, meta_fields = character()) {
  if (!inherits(x, class)) {
    abort_rule("object", paste0("the object is of class ", class(x)[1], ", not ", class, "."), call = call)
  }
  meta <- if (is.list(x)) unclass(x)[["meta", exact = TRUE]]
  format <- if (is.list(meta)) meta[["format", exact = TRUE]]
  if (!is.numeric(format) || length(format) != 1 || !identical(as.integer(format), result_format)) {
    abort_rule("object", paste0(
      "the object has format ", if (is.null(format)) "none" else one_line(format),
      ", this version needs ", result_format, "."
    ), "Compute it again from the data.", call = call)
  }
  lost <- c(setdiff(fields, names(x)), setdiff(meta_fields, names(meta)))
  if (length(lost)) {
    abort_rule("object", paste0("the object has lost its field ", quoted(lost), "."),
      "Compute it again from the data.",
      call = call
    )
  }
  for (kind in names(kinds_of_fields)) {
    of_kind <- match.fun(paste0("is.", kind))
    wrong <- Filter(
      function(name) !is.null(x[[name]]) && !of_kind(x[[name]]), intersect(kinds_of_fields[[kind]], names(x))
    )
    if (length(wrong)) {
      abort_rule("object", paste0("the object's field ", quoted(wrong[1]), " is of type ", typeof(x[[wrong[1]]]),
        ", not ", kind, "."
      ), "Compute it again from the data.", call = call)
    }
  }
  invisible(x)
}

# What stands in a result under these names, whichever result it is. Times and counts are looked at by each itself.
kinds_of_fields <- list(
  numeric = c(
    "statistic", "parameter", "p.value", "log_p_value", "estimate", "std.error", "conf.low", "conf.high", "conf.level",
    "observed", "expected", "score", "covariance", "tau", "tau.max"
  ),
  character = c("method", "alternative", "data.name", "cause"),
  list = c(
    "hazard_ratio", "components", "permutation", "lost", "difference", "ratio", "lost_ratio", "curve", "rates",
    "contrasts", "tests"
  )
)

# A file to be written: in a directory that is there, and not in the place of another unless that is asked for
# (`overwrite`; NULL where it cannot be).
check_new_file <- function(path, arg, overwrite, call) {
  if (!dir.exists(dirname(path))) {
    abort_rule("value", paste0("`", arg, "`: there is no directory ", one_line(dirname(path)), "."),
      "Make it first: nothing is created beside the file itself.",
      arg = arg, call = call
    )
  }
  if (file.exists(path) && !isTRUE(overwrite)) {
    abort_rule("value", paste0("`", arg, "`: ", one_line(path), " exists."),
      if (is.null(overwrite)) "It is kept: choose another path." else "Say `overwrite = TRUE` to replace it.",
      arg = arg, call = call
    )
  }
  invisible(path)
}

# Runs what writes a file; that it could not be written is an error of ours, also where the writer only warns.
write_or_abort <- function(expr, path, arg, call) {
  failed <- function(e) {
    abort_rule("value", paste0("`", arg, "`: ", one_line(path), " could not be written: ", conditionMessage(e), "."),
      "Is it open in another program, or the directory not yours?",
      arg = arg, call = call
    )
  }
  tryCatch(expr, error = failed, warning = failed)
}

need_package <- function(package, purpose, call = NULL) {
  if (!requireNamespace(package, quietly = TRUE)) {
    abort_rule("package", paste0("package '", package, "' is needed to ", purpose, "."),
      paste0("Install it with install.packages(\"", package, "\")."),
      call = call
    )
  }
}

one_line <- function(x) {
  if (is.name(x) && nchar(x) <= 60) return(as.character(x))
  text <- paste(deparse(x, nlines = 1L, width.cutoff = 60L), collapse = " ")
  if (nchar(text) > 60) paste0(substr(text, 1, 57), "...") else text
}
