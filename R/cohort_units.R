# The units of a cohort as one data frame each, for table_characteristics(): what is known of them before follow-up.

# Outcomes and what only names a row are not characteristics.
not_described <- c("vital_status", "cause_of_death", "technical_success")

# A column of free text with more different values than this is no category.
most_levels <- 20

described_units <- function(x, unit, by, call) {
  check_cohort_object(x, call)
  unit <- check_choice(unit, c("patient", "session", "lesion"), "unit", call)
  tables <- x$tables
  sessions <- tables$sessions[order(tables$sessions$date), ]
  ablations <- tables$ablations
  owner <- tables$sessions$patient[match(ablations$session, tables$sessions$session)]
  group <- group_of_patients(tables)
  group_of <- function(patient) group[match(patient, tables$patients$patient)]
  number_of <- function(values, of) as.vector(table(factor(values, of)))
  lesions_of <- unique(data.frame(patient = owner, session = ablations$session, lesion = ablations$lesion))
  data <- switch(unit,
    patient = {
      out <- as.data.frame(x, table = "patients")
      first <- sessions$date[match(out$patient, sessions$patient)]
      age <- as.numeric(first - out$birth_date) / 365.25
      out$age <- ifelse(is.na(age), out$age, age)
      out$n_sessions <- number_of(sessions$patient, out$patient)
      out$n_lesions <- number_of(unique(lesions_of[c("patient", "lesion")])$patient, out$patient)
      out
    },
    session = {
      out <- as.data.frame(x, table = "sessions")
      out$n_lesions <- number_of(lesions_of$session, out$session)
      out
    },
    lesion = {
      out <- as.data.frame(x, table = "lesions")
      at <- match(out$lesion, ablations$lesion)
      out$margin_mm <- ablations$margin_mm[at]
      session <- match(ablations$session[at], tables$sessions$session)
      for (column in c("modality", "guidance")) out[[column]] <- tables$sessions[[column]][session]
      out$n_sessions <- number_of(lesions_of$lesion, out$lesion)
      out
    }
  )
  data$group <- group_of(data$patient)
  # Sessions and lesions are grouped by what is known of their patients, too.
  if (rlang::is_string(by) && !by %in% names(data)) {
    data[[by]] <- tables$patients[[by]][match(data$patient, tables$patients$patient)]
  }
  schema <- read_rules("columns")
  labels <- stats::setNames(schema$label, schema$column)
  own <- unlist(lapply(tables, function(table) {
    lapply(table, function(column) {
      label <- attr(column, "label", exact = TRUE)
      if (is.character(label) && length(label) == 1 && !is.na(label)) label
    })
  }), use.names = TRUE)
  if (length(own)) names(own) <- sub("^[^.]*[.]", "", names(own))
  labels <- c(own, labels, n_sessions = "Sessions", n_lesions = "Lesions treated")
  labels <- labels[!duplicated(names(labels)) & names(labels) %in% names(data)]
  type <- schema$type[match(names(data), schema$column)]
  described <- vapply(names(data), function(name) {
    values <- data[[name]]
    kind <- type[match(name, names(data))]
    if (name %in% not_described || all(is.na(values)) || kind %in% c("id", "date")) return(FALSE)
    is.numeric(values) || length(unique(values[!is.na(values)])) <= most_levels
  }, TRUE)
  front <- c("group", "sex", "age")
  variables <- names(data)[described]
  list(data = data, labels = labels, variables = c(intersect(front, variables), setdiff(variables, front)))
}

# What stands beneath a table of those who are in no group.
without_group <- function(n, unit, by, overall) {
  if (!n) return(NULL)
  what <- if (by == "group") " without a group" else paste0(" without a value of `", by, "`")
  paste0(plural(n, unit), what, ": ", if (is.null(overall)) "not shown" else paste0("in the column ", overall, " only"))
}
