# Complications counted per session and per patient, one block a grading system.

#' Table of complications
#'
#' How many sessions, and how many patients, had a complication: with intervals, by the worst grade, and each grading
#' system apart. A complication graded by two systems stands in the block of each; nothing is added up over systems.
#'
#' @param x A [cohort()] with a table of complications.
#' @param by Name of a column of the patients or of the sessions (`"group"`, `"sex"`, `"modality"`, ...): a column of
#'   the table for each of its values, beside that of all. `NULL`: all only.
#' @param system Grading systems to show, in this order; `NULL`: those recorded.
#' @param conf.level Level of the intervals.
#' @param digits Decimals of percentages.
#' @param overall Heading of the column of all.
#' @param caption Caption.
#' @return A `cryonodes_table`; see [print.cryonodes_table()]. `as.data.frame()` gives the numbers: `system`, `group`,
#'   `measure` (`"any"`, `"major"`, `"worst grade"`, `"resolved"`), `grade`, `unit` (`"session"`, `"patient"`,
#'   `"complication"`), `n`, `total`, `estimate`, `conf.low`, `conf.high`.
#' @section Definition: Denominators are all sessions and all patients of the cohort: who has no record had no
#'   complication. A rate per patient has Clopper-Pearson limits. Sessions of one patient are not independent: a rate
#'   per session has the limits of Korn and Graubard, patients as clusters (Clopper-Pearson's where nobody had two
#'   sessions); see [proportion()]. Of a session with several complications the worst grade counts. Major are grades C
#'   to F of SIR 2003; the other systems do not define it.
#' @section Edge cases: Who has no value of `by` is in the column of all only, and beneath the table it says how many
#'   they are. By a column of the sessions, a patient who had sessions of several values is a patient of each. A
#'   complication without a date of resolution is not counted as resolved; beneath the table it
#'   says so.
#' @section Errors: `cryonodes_error_empty` (no table of complications: nothing recorded is not the same as none),
#'   `_choice` (a system that is not recorded), `_column` (no such `by`), `_missing` (nobody has a value of `by`),
#'   `_type`.
#' @references Khalilzadeh O et al. (2017). Proposal of a new adverse event classification by the Society of
#'   Interventional Radiology Standards of Practice Committee. *J Vasc Interv Radiol* 28:1432-1437.
#'
#'   Sacks D et al. (2003). Society of Interventional Radiology clinical practice guidelines. *J Vasc Interv Radiol*
#'   14:S199-S202.
#' @seealso [proportion()], [report()]
#' @examples
#' table_complications(ablation_cohort, by = "group")
#' table_complications(ablation_cohort, by = "modality")
#' as.data.frame(table_complications(ablation_cohort))[1:2, ]
#' @export
table_complications <- function(x, by = NULL, system = NULL, conf.level = 0.95, digits = 1, overall = "All",
                                caption = NULL) {
  call <- quote(table_complications())
  check_given(missing(x), "x", call)
  check_cohort_object(x, call)
  check_text(overall, "overall", call, null = FALSE)
  check_text(caption, "caption", call)
  check_decimals(digits, "digits", call)
  conf.level <- check_conf_level(conf.level, call)
  complications <- x$tables$complications
  if (is.null(complications)) {
    abort_rule("empty", "the cohort has no table of complications.",
      "That nothing was recorded does not say that there was none.",
      arg = "x", call = call
    )
  }
  grades <- read_rules("grades")
  recorded <- intersect(unique(grades$system), complications$system)
  for (name in system) check_choice(name, recorded, "system", call)
  tables <- x$tables
  sessions <- tables$sessions
  complications$patient <- sessions$patient[match(complications$session, sessions$session)]
  grouped <- complication_groups(tables, by, overall, call)
  groups <- grouped$groups
  numbers <- lapply(system %||% recorded, function(name) {
    lapply(names(groups), function(g) {
      own <- sessions[sessions$session %in% groups[[g]]$sessions, ]
      count_complications(
        complications[complications$system == name & complications$session %in% own$session, ], own,
        groups[[g]]$patients, grades[grades$system == name, ], conf.level
      ) |> cbind(system = name, group = g)
    })
  })
  numbers <- do.call(rbind, unlist(numbers, recursive = FALSE))
  front <- c("system", "group", "measure", "grade", "unit", "n", "total", "estimate", "conf.low", "conf.high", "method")
  numbers <- numbers[front]
  rownames(numbers) <- NULL
  lay_out_complications(numbers, names(groups), grades, digits, conf.level, caption %||% "Complications", grouped$notes)
}

# The sessions and the patients of each column of the table. A column of the sessions puts a patient wherever one of his
# sessions is.
complication_groups <- function(tables, by, overall, call) {
  sessions <- tables$sessions
  patients <- tables$patients$patient
  out <- stats::setNames(list(list(sessions = sessions$session, patients = patients)), overall)
  if (is.null(by)) return(list(groups = out))
  check_text(by, "by", call)
  of_patients <- by %in% names(tables$patients)
  from <- if (of_patients) tables$patients else sessions
  if (!by %in% names(from)) {
    columns <- setdiff(c(names(tables$patients), names(sessions)), c("patient", "session"))
    abort_rule("column", paste0("`by`: neither patients nor sessions have a column ", quoted(by), "."),
      paste0("There are ", quoted(columns, 30), "."),
      arg = "by", call = call
    )
  }
  group <- if (by == "group") group_of_patients(tables) else from[[by]]
  group <- read_groups(group, by, overall, call, refuse = FALSE)
  for (level in levels(group)) {
    own <- from[group %in% level, ]
    out[[level]] <- list(
      sessions = if (of_patients) sessions$session[sessions$patient %in% own$patient] else own$session,
      patients = unique(own$patient)
    )
  }
  several <- tapply(group, from$patient, function(g) length(unique(g[!is.na(g)])) > 1)
  list(groups = out, notes = c(
    without_group(sum(is.na(group)), if (of_patients) "patient" else "session", by, overall),
    if (any(several)) paste0(plural(sum(several), "patient"), " with sessions of several columns, counted in each")
  ))
}

count_complications <- function(complications, sessions, patients, grades, conf.level) {
  rank <- match(complications$grade, grades$grade)
  row <- function(measure, unit, n, total, limits = NULL, grade = NA_character_) {
    data.frame(
      measure = measure, grade = grade, unit = unit, n = n, total = total,
      estimate = if (total > 0) n / total else NA_real_, conf.low = limits$conf.low %||% NA_real_,
      conf.high = limits$conf.high %||% NA_real_, method = limits$method %||% NA_character_
    )
  }
  # The rate of units among `ids` that are in `hit`.
  rate <- function(measure, unit, ids, hit, cluster = NULL) {
    had <- as.integer(ids %in% hit)
    limits <- if (length(ids)) {
      if (anyDuplicated(cluster)) {
        proportion(had, 1, cluster = cluster, conf.level = conf.level)
      } else {
        proportion(sum(had), length(had), conf.level = conf.level)
      }
    }
    row(measure, unit, sum(had), length(ids), limits)
  }
  both <- function(measure, rows) {
    rbind(
      rate(measure, "session", sessions$session, complications$session[rows], sessions$patient),
      rate(measure, "patient", patients, complications$patient[rows])
    )
  }
  worst <- function(unit, ids, of) {
    top <- vapply(split(rank, factor(of, unique(of))), max, 0L)
    do.call(rbind, lapply(seq_len(nrow(grades)), function(k) {
      row("worst grade", unit, sum(top == k), length(ids), grade = grades$grade[k])
    }))
  }
  major <- grades$grade[grades$major %in% "yes"]
  rbind(
    row("any", "complication", nrow(complications), nrow(complications)), both("any", seq_len(nrow(complications))),
    if (length(major)) both("major", which(complications$grade %in% major)),
    worst("session", sessions$session, complications$session), worst("patient", patients, complications$patient),
    row("resolved", "complication", sum(!is.na(complications$resolved)), nrow(complications))
  )
}

lay_out_complications <- function(numbers, groups, grades, digits, conf.level, caption, notes) {
  book <- footnotes()
  rows <- list()
  add <- function(label, numbers, show, indent = 1L) {
    cells <- lapply(groups, function(g) show(numbers[numbers$group == g, ]))
    rows[[length(rows) + 1]] <<- table_row(label, cells, indent = indent)
  }
  share <- function(row) {
    if (!row$total) return(cell(em_dash, book$mark("nobody was observed")))
    cell(paste0(row$n, "/", row$total, " (", table_number(100 * row$estimate, digits), "%)"))
  }
  with_limits <- function(row) {
    if (!row$total) return(share(row))
    cell(paste0(
      row$n, "/", row$total, ", ", table_number(100 * row$estimate, digits), "% (",
      table_number(100 * row$conf.low, digits), en_dash, table_number(100 * row$conf.high, digits), ")"
    ), book$mark(paste0(row$method, " limits", if (grepl("Korn", row$method)) ", patients as clusters")))
  }
  for (system in unique(numbers$system)) {
    own <- numbers[numbers$system == system, ]
    part <- function(measure, unit) own[own$measure == measure & own$unit == unit, ]
    rows <- c(rows, list(block_row(system, length(groups))))
    add("Complications", part("any", "complication"), function(row) cell(as.character(row$n)))
    for (measure in intersect(c("any", "major"), own$measure)) {
      major <- grades$grade[grades$system == system & grades$major %in% "yes"]
      what <- c(any = "any", major = paste0("a major one (", major[1], " to ", major[length(major)], ")"))[[measure]]
      for (unit in c("session", "patient")) {
        units <- c(session = "Sessions", patient = "Patients")[[unit]]
        add(paste0(units, " with ", what), part(measure, unit), with_limits)
      }
    }
    for (unit in c("session", "patient")) {
      blank <- rep(list(cell("")), length(groups))
      rows <- c(rows, list(table_row(paste0("Worst grade of the ", unit), blank, indent = 1L)))
      all <- part("worst grade", unit)
      of <- grades[grades$system == system, ]
      for (k in seq_len(nrow(of))) {
        add(paste0(of$grade[k], ", ", of$label[k]), all[all$grade == of$grade[k], ], share, 2L)
      }
    }
    add("Resolved, with a date", part("resolved", "complication"), function(row) {
      if (!row$total) return(cell("0"))
      if (!row$n) return(cell(em_dash, book$mark("no date of resolution is recorded: not known whether they resolved")))
      share(row)
    })
  }
  header <- data.frame(text = c("", groups), mark = "", stringsAsFactors = FALSE)
  general <- c(
    paste0(
      "Rates with ", in_mark(number_text(100 * conf.level)),
      "% confidence intervals; who has no record had no complication"
    ),
    if (length(unique(numbers$system)) > 1) "Each grading system apart: nothing is added up over systems", notes
  )
  new_table("complications", numbers, caption, header, bind_rows_of_table(rows), book$all(general))
}
