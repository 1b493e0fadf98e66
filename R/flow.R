# Who came into the analysis and who did not, and why: STROBE's flow of participants.

#' Flow of participants
#'
#' Screened, excluded with reasons, included, left out for errors in the records, analysed: by group, and for each
#' endpoint with the units that its rule does not count.
#'
#' @param x A [cohort()].
#' @param endpoints An [endpoint()], a list of them or [outcomes()]; `NULL`: the flow ends with the cohort.
#' @param ... For `autoplot()`: not used.
#' @return A list of class `flow`: `steps`, a data frame in reading order with `step` (`"screened"`, `"excluded"`,
#'   `"included"`, `"left out"`, `"analysed"`, `"group"`, `"endpoint"`, `"not counted"`), `label`, `unit`, `n`,
#'   `patients`; `notes`. `as.data.frame()` gives `steps`; `autoplot()` draws it
#'   (ggplot2); the height that it needs, in inches, is the attribute `"height"` of the drawing.
#' @section Definition: Candidates are the rows of the table `screening`; who has no patient there was excluded for the
#'   reason of the row. A patient left out by `cohort(policy = "exclude")` was a candidate as well. `n` of a reason
#'   adds up to the number excluded. Without a table of screening the flow starts with the patients of the cohort, and
#'   a note says so, for STROBE asks for those before.
#' @section Errors: `cryonodes_error_object`, `_package` (ggplot2 absent).
#' @references von Elm E et al. (2007). The Strengthening the Reporting of Observational Studies in Epidemiology
#'   (STROBE) statement. *PLoS Medicine* 4:e296, item 13.
#' @examples
#' flow(ablation_cohort, endpoint(ablation_cohort, "LTPFS", unit = "lesion"))
#' @export
flow <- function(x, endpoints = NULL) {
  call <- quote(flow())
  check_given(missing(x), "x", call)
  check_cohort_object(x, call)
  if (inherits(endpoints, "outcomes")) endpoints <- endpoints$endpoints
  if (inherits(endpoints, "endpoint")) endpoints <- list(endpoints)
  if (length(endpoints)) names(endpoints) <- endpoint_names(endpoints, call)
  tables <- x$tables
  step <- function(step, label, unit, n, patients = NA_integer_) {
    data.frame(step = step, label = label, unit = unit, n = as.integer(n), patients = as.integer(patients))
  }
  patients <- nrow(tables$patients)
  left_out <- nrow(x$excluded)
  screening <- tables$screening
  notes <- character()
  steps <- list()
  add <- function(...) steps[[length(steps) + 1]] <<- step(...)
  if (is.null(screening)) {
    notes <- "no table of screening: how many were eligible and excluded is not known"
  } else {
    lost <- is.na(screening$patient)
    without <- sum(!tables$patients$patient %in% screening$patient)
    add("screened", "Screened", "candidate", nrow(screening) + without + left_out)
    reason <- ifelse(is.na(screening$reason[lost]), "no reason stated", screening$reason[lost])
    if (length(reason)) {
      count <- sort(table(reason), decreasing = TRUE)
      add("excluded", names(count), "candidate", as.vector(count))
    }
    if (without) {
      notes <- paste0(plural(without, "patient"), " of the cohort not in the table of screening, counted as screened")
    }
  }
  add("included", "Included", "patient", patients + left_out)
  if (left_out) {
    count <- sort(table(x$excluded$reason), decreasing = TRUE)
    add("left out", names(count), "patient", as.vector(count))
  }
  add("analysed", "Analysed", c("patient", "session", "lesion"),
    c(patients, nrow(tables$sessions), nrow(tables$lesions)), patients
  )
  groups <- group_of_patients(tables)
  if (any(!is.na(groups))) {
    of <- function(patient) groups[match(patient, tables$patients$patient)]
    for (g in unique(c(sort(groups), if (anyNA(groups)) NA))) {
      own <- function(patient) sum(of(patient) %in% g)
      add("group", if (is.na(g)) "group not stated" else g, c("patient", "session", "lesion"),
        c(own(tables$patients$patient), own(tables$sessions$patient), own(tables$lesions$patient)),
        own(tables$patients$patient)
      )
    }
  }
  for (name in names(endpoints)) {
    e <- endpoints[[name]]
    unit <- attr(e, "meta")$unit
    known <- !is.na(e$status)
    gone <- attr(e, "left_out")
    add("endpoint", name, unit, sum(known), length(unique(e$patient[known])))
    reasons <- c(gone$reason, rep("not recorded", sum(!known)))
    who <- c(gone$patient, e$patient[!known])
    for (r in names(sort(table(reasons), decreasing = TRUE))) {
      add("not counted", r, unit, sum(reasons == r), length(unique(who[reasons == r])))
    }
  }
  structure(
    list(steps = do.call(rbind, steps), notes = notes, meta = list(format = result_format)),
    class = "flow"
  )
}

check_flow <- function(x, call) check_result(x, "flow", c("steps", "notes"), call)

#' @rdname flow
#' @param row.names,optional Not used.
#' @export
as.data.frame.flow <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_flow(x, quote(as.data.frame()))
  x$steps
}

counted_text <- function(steps, lang) paste(mapply(count_in, lang, steps$n, steps$unit), collapse = ", ")

# One entry a box: its text, and whether it stands beside the way down (who was left out) or on it.
flow_boxes <- function(x, width = Inf, lang = "en") {
  text <- function(key) report_text(paste0("flow.", key), lang)
  steps <- x$steps
  wrap <- function(line) if (is.finite(width)) strwrap(line, width, exdent = 2) else line
  boxes <- list()
  put <- function(kind, lines) boxes[[length(boxes) + 1]] <<- list(kind = kind, lines = unlist(lapply(lines, wrap)))
  of <- function(step) steps[steps$step == step, ]
  # Other labels of groups and reasons are the user's, whatever word they are.
  ours <- function(x) ifelse(x %in% c("group not stated", "no reason stated"), word_in(lang, x), x)
  beside <- function(step, key) {
    own <- of(step)
    if (nrow(own)) put("aside", c(paste0(text(key), ": ", sum(own$n)), paste0(own$n, "  ", one_row(ours(own$label)))))
  }
  if (nrow(of("screened"))) put("main", paste0(text("screened"), ": ", of("screened")$n))
  beside("excluded", "excluded")
  put("main", paste0(text("included"), ": ", counted_text(of("included"), lang)))
  beside("left out", "left.out")
  put("main", paste0(text("analysed"), ": ", counted_text(of("analysed"), lang)))
  group <- of("group")
  for (g in unique(group$label)) {
    put("group", paste0(one_row(ours(g)), ": ", counted_text(group[group$label == g, ], lang)))
  }
  rows <- which(steps$step %in% c("endpoint", "not counted"))
  for (i in rows[steps$step[rows] == "endpoint"]) {
    below <- rows[rows > i & steps$step[rows] == "not counted"]
    nearest <- c(rows[rows > i & steps$step[rows] == "endpoint"], Inf)[1]
    below <- below[below < nearest]
    patients <- count_in(lang, steps$patients[i], "patient")
    put("endpoint", c(
      paste0(one_row(steps$label[i]), ": ", if (steps$unit[i] != "patient") {
        say(lang, "flow.of", units = count_in(lang, steps$n[i], steps$unit[i]), patients = patients)
      } else {
        patients
      }),
      if (length(below)) {
        paste0(text("not.counted"), " ", steps$n[below], ": ", one_row(word_in(lang, steps$label[below])))
      }
    ))
  }
  boxes
}

#' @export
print.flow <- function(x, ...) {
  check_flow(x, quote(print()))
  cat("Flow of participants\n")
  for (box in flow_boxes(x)) {
    lines <- encodeString(box$lines)
    indent <- c(main = "", aside = "    ", group = "    ", endpoint = "  ")[[box$kind]]
    cat(paste0(indent, c("", rep("  ", length(lines) - 1)), lines, "\n"), sep = "")
  }
  print_notes(x$notes)
  invisible(x)
}

#' @rdname flow
#' @param object A `flow`.
#' @param base_size Size of the text, in points.
#' @param lang Language of the words in the boxes, `"en"` or `"fr"`.
#' @exportS3Method ggplot2::autoplot
autoplot.flow <- function(object, base_size = 9, lang = "en", ...) {
  call <- quote(autoplot())
  check_dots(..., call = call)
  check_flow(object, call)
  need_package("ggplot2", "draw figures", call)
  frame <- flow_frame(object, check_choice(lang, languages(), "lang", call))
  .data <- rlang::.data
  aes <- ggplot2::aes
  segments <- function(data, arrow = NULL) {
    ggplot2::geom_segment(aes(x = .data$x, xend = .data$xend, y = -.data$y, yend = -.data$yend),
      data = data, linewidth = 0.4, colour = "grey30", arrow = arrow
    )
  }
  out <- ggplot2::ggplot(frame$boxes) +
    segments(frame$lines) +
    segments(frame$arrows, ggplot2::arrow(length = ggplot2::unit(4, "pt"), type = "closed")) +
    ggplot2::geom_rect(aes(xmin = .data$left, xmax = .data$right, ymin = -.data$bottom, ymax = -.data$top),
      fill = "white", colour = "grey30", linewidth = 0.4
    ) +
    ggplot2::geom_text(aes(x = .data$left + 0.012, y = -(.data$top + .data$bottom) / 2, label = .data$text),
      hjust = 0, size = base_size / ggplot2::.pt, lineheight = 1.05
    ) +
    ggplot2::coord_cartesian(xlim = c(0, 1), ylim = c(-frame$height - 0.1, 0.1), expand = FALSE) +
    ggplot2::theme_void(base_size = base_size)
  structure(out, height = frame$height * 1.3 * base_size / 72)
}

# Boxes and arrows as plain data; heights in lines of text.
flow_frame <- function(x, lang = "en") {
  boxes <- flow_boxes(x, 42, lang)
  kind <- vapply(boxes, `[[`, "", "kind")
  lines <- vapply(boxes, function(box) length(box$lines), 0L)
  # Groups stand side by side, two in a row, and so do endpoints; all else one below the other.
  second <- kind %in% c("group", "endpoint") & stats::ave(seq_along(kind), kind, FUN = seq_along) %% 2 == 0
  row <- cumsum(!second)
  side <- ifelse(kind == "aside" | second, 0.54, 0.02)
  height <- as.vector(tapply(lines, row, max)) + 0.8
  # More room where groups and endpoints begin.
  begins <- tapply(kind %in% c("group", "endpoint") & !duplicated(kind), row, any)
  gap <- ifelse(as.vector(begins), 1.6, 0.9)
  top <- cumsum(c(0, (height + c(gap[-1], 0))[-length(height)]))[row]
  out <- data.frame(
    kind = kind, text = vapply(boxes, function(box) paste(box$lines, collapse = "\n"), ""), left = side,
    right = side + 0.44, top = top, bottom = top + height[row], stringsAsFactors = FALSE
  )
  line <- function(x, y, xend, yend) data.frame(x = x, y = y, xend = xend, yend = yend)
  way <- which(kind == "main")
  aside <- which(kind == "aside")
  last <- way[length(way)]
  middle <- (out$top + out$bottom) / 2
  arrows <- rbind(
    line(0.24, out$bottom[way[-length(way)]], 0.24, out$top[way[-1]]),
    if (length(aside)) line(0.24, middle[aside], 0.54, middle[aside])
  )
  lines <- line(0, 0, 0, 0)[0, ]
  first <- which(kind == "group" & row == c(row[kind == "group"], 0)[1])
  if (length(first)) {
    fork <- out$bottom[last] + 0.8
    at <- out$left[first] + 0.22
    lines <- rbind(line(0.24, out$bottom[last], 0.24, fork), line(0.24, fork, max(at), fork))
    arrows <- rbind(arrows, line(at, fork, at, out$top[first]))
  }
  list(boxes = out, arrows = arrows, lines = lines, height = max(out$bottom))
}
