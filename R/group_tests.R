# What tests that compare groups over their whole follow-up have in common.

# The labels of the groups, of which there must be two at least.
groups_to_compare <- function(frame, call) {
  labels <- frame$group_labels
  if (is.null(labels)) {
    abort_rule("group", "there is no group to compare.", "Write `Surv(time, status) ~ group`.",
      arg = "group", call = call
    )
  }
  if (length(labels) < 2) {
    abort_rule("group", paste0(
      "`", frame$group_title, "` has one group only, ", quoted(labels), ": nothing to compare."
    ),
    arg = frame$group_title, call = call
    )
  }
  labels
}

# The risk table knows groups only: those of one stratum stand together.
cells_of_strata <- function(frame) {
  if (is.null(frame$stratum)) return(frame)
  k <- max(1L, length(frame$group_labels))
  frame$group <- (frame_groups(frame) %||% 0L) + k * frame$stratum
  frame$group_first <- NULL
  frame$n_group <- k * length(frame$stratum_labels)
  frame
}

# "Clustered stratified log-rank test, exact permutation": names of people keep their capitals.
test_title <- function(test, frame, scores, dealt, wanted = NULL) {
  kind <- c(if (!is.null(frame$cluster)) "clustered", if (!is.null(frame$stratum)) "stratified")
  title <- paste0(test$label, " test", if (!is.null(scores)) " for trend")
  if (length(kind)) {
    title <- paste(c(kind, sub("^(Log|Mod|Max|Wei)", "\\L\\1", title, perl = TRUE)), collapse = " ")
    title <- paste0(toupper(substr(title, 1, 1)), substring(title, 2))
  }
  if (isTRUE(wanted$inverse.size)) title <- paste0(title, ", inverse cluster size weights")
  if (is.null(dealt)) return(title)
  paste0(title, if (dealt$distribution == "exact") ", exact permutation" else if (isTRUE(dealt$studentised)) {
    ", studentised permutation"
  } else {
    ", permutation"
  })
}

# A formula on one line.
formula_text <- function(formula) {
  lines <- deparse(formula, width.cutoff = 500L)
  if (length(lines) == 1) lines else paste(trimws(lines), collapse = " ")
}

print_test_head <- function(x, null) {
  cat(x$method, " of the null hypothesis that ", null, "\n", sep = "")
  nested <- if (!is.null(x$meta$n_cluster)) {
    paste0(" in ", number_text(x$meta$n_cluster), " cluster", if (x$meta$n_cluster != 1) "s", " (",
      encodeString(x$meta$cluster_title), ")"
    )
  }
  cat(encodeString(x$data.name), "; ", count_line(x$meta), nested, "\n\n", sep = "")
}

print_test_answer <- function(x, digits) {
  cat("\n")
  if (!is.null(x$permutation)) {
    cat(permutation_line(x$permutation, x$meta$cluster_title), "\n", sep = "")
  } else {
    answer <- test_answer(x, digits)
    cat(toupper(substr(answer, 1, 1)), substring(answer, 2), "\n", sep = "")
  }
}

test_answer <- function(x, digits) {
  if (is.na(x$statistic)) return("chi-square undefined")
  paste0("chi-square ", format_number(x$statistic, digits), " on ", number_text(x$parameter), " df, p ",
    p_sign(x$p.value)
  )
}

# "= 0.27", "< 0.001"
p_sign <- function(p) {
  text <- format_p(p)
  if (grepl("^[<>]", text)) sub("^([<>])", "\\1 ", text) else paste("=", text)
}

note_sets <- function(sets) {
  paste0(
    "groups were compared only within sets that were at risk together, df reduced: ",
    paste0("{", vapply(sets, quoted, "", most = max_groups), "}", collapse = ", ")
  )
}
