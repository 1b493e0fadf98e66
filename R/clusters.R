# Rows that share a patient: which variance is asked for and what the result says of it. Curves that delayed entry pins.

# The variance to compute: "greenwood", "ij" (infinitesimal jackknife over clusters) or "ying-wei". NULL: Greenwood's
# for independent rows, the infinitesimal jackknife for clusters.
check_variance <- function(x, frame, conf.type, conf.lower, call) {
  clustered <- !is.null(frame$cluster)
  if (is.null(x) && !clustered && conf.type != "beta-cluster") return("greenwood")
  if (is.null(x)) x <- if (clustered) "ij" else "greenwood"
  check_choice(x, c("greenwood", "ij", "ying-wei"), "variance", call)
  if (x == "greenwood" && clustered) {
    abort_rule("choice", "Greenwood's `variance` takes rows for independent; it has no place for clusters.",
      "Leave the clusters out, or say `variance = \"ij\"`.",
      arg = "variance", call = call
    )
  }
  if (x != "greenwood" && !is.null(frame$n_censor)) {
    abort_rule("choice", paste0("`variance = \"", x, "\"` needs rows; counts do not tell whose they are."),
      "Start from the rows.",
      arg = "variance", call = call
    )
  }
  # These are made for counts of independent subjects, or from Greenwood's variance.
  counts_rows <- x != "greenwood" && !conf.type %in% c(transformed_types, "rothman", "beta-cluster")
  if (x != "greenwood" && (counts_rows || conf.lower != "usual")) {
    abort_rule("conf_type", paste0(
      if (counts_rows) paste0("`conf.type = \"", conf.type, "\"`") else paste0("`conf.lower = \"", conf.lower, "\"`"),
      " takes rows for independent: it has no place for `variance = \"", x, "\"`."
    ), "For clusters \"log-log\", \"rothman\" or \"beta-cluster\" will do.",
    arg = if (counts_rows) "conf.type" else "conf.lower", call = call
    )
  }
  if (conf.type == "beta-cluster" && (!clustered || !is.null(frame$n_censor))) {
    abort_rule("conf_type", "`conf.type = \"beta-cluster\"` is for clustered rows: no cluster is given.",
      arg = "conf.type", call = call
    )
  }
  x
}

# What the core reads for a clustered variance: without clusters, each row is one of its own.
with_clusters <- function(frame) {
  if (is.null(frame$cluster)) {
    frame$n_cluster <- length(frame$time)
    frame$cluster <- seq_len(frame$n_cluster) - 1L
  }
  frame
}

refuse_clusters_of_counts <- function(..., call) {
  if (...length() && "cluster" %in% ...names()) {
    abort_rule("choice", "`cluster` needs rows: the counts of an event_counts do not tell whose events they are.",
      "Give the rows to the formula or vector method.",
      arg = "cluster", call = call
    )
  }
}

# The record of the clusters in a result.
cluster_meta <- function(frame, clusters) {
  title <- sub("^(survival::)?cluster\\((.*)\\)$", "\\2", frame$cluster_title)
  list(title = title, n = frame$n_cluster, by_group = as.integer(clusters), rows = frame$n_rows)
}

note_lone_cluster <- function(clusters, labels) {
  if (!any(clusters == 1)) return(NULL)
  alone <- labels[clusters == 1]
  paste0(
    "group ", quoted(alone), if (length(alone) > 1) " have" else " has",
    " one cluster only: no robust standard error"
  )
}

variance_line <- function(x) {
  meta <- x$meta$cluster
  name <- c("ij" = "infinitesimal jackknife", "ying-wei" = "Ying-Wei")[x$meta$variance %||% "greenwood"]
  if (is.na(name)) return("Greenwood variance")
  if (is.null(meta)) return(paste0("robust variance (", name, ")"))
  paste0(
    "variance: clustered by ", meta$title, " (", number_text(meta$n), " cluster", if (meta$n != 1) "s", "; ", name, ")"
  )
}

# The standard error of S itself: a survfit with a robust variance holds that in `std.err`, others that of log S.
survival_se <- function(x) na_plain(if (isFALSE(x$logse)) x$std.err else x$surv * x$std.err)

# With delayed entry the few first at risk can pin the whole curve: once it is 0 it stays 0, whoever enters later.
warn_early_risk_sets <- function(fit, rows, call) {
  if (is.null(fit$meta$entries)) return(invisible())
  slack <- sqrt(.Machine$double.eps)
  found <- unlist(Map(function(i, entries, label) {
    if (length(i) < 2) return(NULL)
    where <- if (length(rows) > 1) paste0(" in group '", encodeString(label), "'")
    early <- i[-length(i)]
    zero <- early[fit$surv[early] == 0]
    emptied <- early[fit$n.risk[early] <= fit$n.event[early] + fit$n.censor[early]]
    # Split follow-up ends a row and begins the next at one time: nobody is away in between.
    emptied <- Filter(function(k) !any(abs(entries$time - fit$time[k]) <= slack * max(1, fit$time[k])), emptied)
    c(
      if (length(zero)) {
        paste0(
          "the curve falls to 0 at time ", number_text(fit$time[zero[1]]), where, ", where ",
          number_text(fit$n.risk[zero[1]]), if (fit$n.risk[zero[1]] == 1) " is" else " are",
          " at risk, and stays there although others enter later"
        )
      },
      if (length(emptied) && !length(zero)) {
        paste0("nobody is at risk for a while after time ", number_text(fit$time[emptied[1]]), where)
      }
    )
  }, rows, fit$meta$entries, names(rows)))
  if (length(found)) {
    warn_rule("entry", c(
      paste0("With delayed entry, ", paste(found, collapse = "; "), "."),
      i = "Begin later, where enough are at risk: the curve from there on is conditional on reaching that time."
    ), call)
  }
}

# What each row counts for when clusters count alike.
inverse_sizes <- function(frame, call) {
  if (is.null(frame$cluster)) {
    abort_rule("choice", "`inverse.size` is for clusters: none are given.", arg = "inverse.size", call = call)
  }
  1 / tabulate(frame$cluster + 1L, frame$n_cluster)[frame$cluster + 1L]
}
