# A column of any source (text of a csv, cells of a workbook, a vector of R) as the type that the schema wants. What
# cannot be read becomes a finding, never a silent NA. Each reader returns the typed values and its findings: a data
# frame of `check`, `at` (position) and `finding`.

found <- function(check, at, finding) {
  data.frame(check = rep(check, length(at)), at = as.integer(at), finding = as.character(finding)[seq_along(at)])
}
nothing_found <- found(character(), integer(), character())

read_column <- function(x, column, options) {
  if (is.list(x) && !is.data.frame(x)) {
    # Cells of a workbook: each has its own type.
    return(read_cells(x, column, options))
  }
  if (is.factor(x)) x <- as.character(x)
  if (is.character(x)) {
    x <- trimws(enc2utf8(x), whitespace = "[ \t\r\n\u00a0]")
    x[!nzchar(x)] <- NA
  }
  if (!is.atomic(x)) {
    return(list(value = rep(NA_character_, NROW(x)), findings = found("value_type", 1, "is not a plain column")))
  }
  switch(column$type,
    date = read_dates(x, options), number = read_numbers(x, column, options), flag = read_flags(x),
    choice = read_choices(x, allowed_values(column$allowed)), read_text_column(x, column$type)
  )
}

read_cells <- function(cells, column, options) {
  kind <- vapply(cells, function(cell) {
    if (length(cell) != 1 || is.na(cell)) "blank" else if (inherits(cell, "POSIXt")) "time" else typeof(cell)
  }, "")
  wanted <- if (column$type == "date") as.Date(rep(NA, length(cells))) else NULL
  findings <- nothing_found
  value <- wanted
  for (one in setdiff(unique(kind), "blank")) {
    at <- which(kind == one)
    part <- read_column(do.call(c, cells[at]), column, options)
    if (is.null(value)) value <- rep(part$value[NA_integer_], length(cells))
    value[at] <- part$value
    part$findings$at <- at[part$findings$at]
    findings <- rbind(findings, part$findings)
  }
  if (is.null(value)) value <- read_column(rep(NA_character_, length(cells)), column, options)$value
  list(value = value, findings = findings)
}

# Ids and texts: numbers are written out in full, 1e5 and 123456789012 included.
read_text_column <- function(x, type) {
  findings <- nothing_found
  if (inherits(x, "POSIXt")) x <- format(x)
  if (is.numeric(x)) {
    odd <- type == "id" & !is.na(x) & (x != round(x) | abs(x) >= 2^53)
    findings <- found("value_type", which(odd), paste0(number_text(x[odd]), " is no whole number that can name a row"))
    text <- format(x, scientific = FALSE, trim = TRUE, digits = 15)
    text[is.na(x)] <- NA
    x <- if (type == "id") text else ifelse(is.na(x), NA, vapply(x, format, "", digits = 15, trim = TRUE))
  } else {
    x <- as.character(x)
  }
  list(value = x, findings = findings)
}

read_choices <- function(x, allowed) {
  x <- as.character(x)
  bad <- which(!is.na(x) & !x %in% allowed)
  near <- allowed[match(tolower(x[bad]), tolower(allowed))]
  list(value = x, findings = found("value_allowed", bad, paste0(
    quote_each(x[bad]), ifelse(is.na(near), paste0(" is none of ", paste(allowed, collapse = ", ")),
      paste0(" is written '", near, "'")
    )
  )))
}

read_flags <- function(x) {
  if (is.logical(x)) return(list(value = x, findings = nothing_found))
  text <- tolower(as.character(x))
  value <- ifelse(text %in% c("yes", "true", "1"), TRUE, ifelse(text %in% c("no", "false", "0"), FALSE, NA))
  bad <- which(!is.na(text) & is.na(value))
  list(value = value, findings = found("value_type", bad, paste0(
    quote_each(as.character(x)[bad]), " is not yes or no"
  )))
}

read_numbers <- function(x, column, options) {
  findings <- nothing_found
  if (is.character(x)) {
    mark <- if (options$dec == ",") "," else "."
    good <- grepl(paste0("^[-+]?([0-9]+[", mark, "]?[0-9]*|[", mark, "][0-9]+)([eE][-+]?[0-9]+)?$"), x)
    bad <- which(!is.na(x) & !good)
    comma <- grepl("^[-+]?[0-9]+,[0-9]+$", x[bad]) & mark == "."
    findings <- found("value_type", bad, paste0(quote_each(x[bad]), " is no number", ifelse(comma,
      "; with a decimal comma, say dec = \",\"", ""
    )))
    value <- rep(NA_real_, length(x))
    value[which(good)] <- as.numeric(sub(",", ".", x[which(good)], fixed = TRUE))
    x <- value
  } else if (is.logical(x) && all(is.na(x))) {
    x <- as.numeric(x)
  } else if (!is.numeric(x) || is.object(x)) {
    return(list(
      value = rep(NA_real_, length(x)),
      findings = found("value_type", which(!is.na(x)), paste0("is of class ", class(x)[1], ", not a number"))
    ))
  }
  x <- as.double(x)
  low <- as.numeric(column$low)
  high <- as.numeric(column$high)
  out <- which(is.infinite(x) | !is.na(low) & x < low | !is.na(high) & x > high)
  list(value = x, findings = rbind(findings, found("value_range", out, paste0(
    number_text(x[out]), " lies outside ", number_text(low), " to ", number_text(high),
    if (!is.na(column$unit)) paste0(" ", column$unit)
  ))))
}

iso_date <- "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00(:00([.]0+)?)?Z?)?$"
other_date <- "^([0-9]{1,2})([./-])([0-9]{1,2})\\2([0-9]{4})$"

# Dates count days of the calendar: a time of day, a time zone or daylight saving does not move them.
read_dates <- function(x, options) {
  n <- length(x)
  if (inherits(x, "Date")) {
    return(list(value = as.Date(floor(as.numeric(x)), origin = "1970-01-01"), findings = nothing_found))
  }
  if (inherits(x, "POSIXt")) {
    zone <- attr(x, "tzone")[1]
    return(list(value = as.Date(format(x, "%Y-%m-%d", tz = zone %||% "")), findings = nothing_found))
  }
  value <- as.Date(rep(NA, n))
  if (is.logical(x) && all(is.na(x))) return(list(value = value, findings = nothing_found))
  if (is.numeric(x)) return(read_serial(x, options))
  x <- as.character(x)
  serial <- grepl("^[0-9]{4,6}([.]0+)?$", x)
  iso <- grepl(iso_date, x)
  other <- grepl(other_date, x)
  findings <- nothing_found
  if (any(serial)) {
    part <- read_serial(as.numeric(x[serial]), options)
    value[serial] <- part$value
    part$findings$at <- which(serial)[part$findings$at]
    findings <- part$findings
  }
  value[iso] <- real_date(substr(x[iso], 1, 4), substr(x[iso], 6, 7), substr(x[iso], 9, 10))
  order <- options$date.order
  if (any(other)) {
    pieces <- regmatches(x[other], regexec(other_date, x[other]))
    first <- vapply(pieces, `[`, "", 2)
    second <- vapply(pieces, `[`, "", 4)
    year <- vapply(pieces, `[`, "", 5)
    if (identical(order, "dmy")) value[other] <- real_date(year, second, first)
    if (identical(order, "mdy")) value[other] <- real_date(year, first, second)
    if (!isTRUE(order %in% c("dmy", "mdy"))) {
      findings <- rbind(findings, found("date_order", which(other), paste0(
        quote_each(x[other]), ": say date.order = \"dmy\" or \"mdy\""
      )))
    }
  }
  stated <- isTRUE(order %in% c("dmy", "mdy"))
  bad <- which(!is.na(x) & is.na(value) & !serial & !(other & !stated))
  findings <- rbind(findings, found("date_format", bad, paste0(quote_each(x[bad]), ifelse(
    iso[bad] | other[bad], " is no day of the calendar", " is no date"
  ))))
  forms <- c(iso = sum(iso), other = sum(other), serial = sum(serial))
  if (sum(forms > 0) > 1) {
    most <- names(which.max(forms))
    odd <- which(!is.na(x) & (iso | other | serial) & !list(iso = iso, other = other, serial = serial)[[most]])
    findings <- rbind(findings, found("date_mixed", odd, paste0(
      quote_each(x[odd]), " is written in another way than most of the column"
    )))
  }
  list(value = value, findings = findings)
}

real_date <- function(year, month, day) {
  text <- sprintf("%04d-%02d-%02d", as.integer(year), as.integer(month), as.integer(day))
  value <- as.Date(text, format = "%Y-%m-%d", optional = TRUE)
  # Some systems carry 31 June over into July.
  value[!is.na(value) & format(value) != text] <- NA
  value
}

# The two ways in which spreadsheets number days (the first counts 29 February 1900, which never was: from March 1900 on
# it agrees with the calendar when counted from 30 December 1899).
read_serial <- function(x, options) {
  origin <- options$date.origin
  if (is.null(origin)) {
    at <- which(!is.na(x))
    return(list(value = as.Date(rep(NA, length(x))), findings = found("date_serial", at, paste0(
      number_text(x[at]), " is a number; if a spreadsheet wrote it, say date.origin = \"1900\" or \"1904\""
    ))))
  }
  start <- c("1900" = "1899-12-30", "1904" = "1904-01-01")[[origin]]
  bad <- !is.na(x) & (!is.finite(x) | x < 61 | x > 2958465)
  value <- as.Date(ifelse(bad, NA_real_, floor(x)), origin = start)
  list(value = value, findings = found("date_serial", which(bad), paste0(number_text(x[bad]), " is no day")))
}

quote_each <- function(x) if (length(x)) vapply(x, quoted, "", USE.NAMES = FALSE) else character()
