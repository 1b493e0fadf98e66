sessions <- data.frame(
  patient = c(1, 1, 2, 3, 4), sex = c("F", "F", "M", "F", "M"), size = c(12, 15, 9, 22, NA),
  nodes = c(1, 3, 2, 1, 1), group = c("regional", "regional", "distant", "regional", "distant")
)

row_of <- function(table, variable, group, level = NULL) {
  numbers <- as.data.frame(table)
  numbers[numbers$variable == variable & numbers$group == group & (is.null(level) | numbers$level %in% level), ]
}

cells_of <- function(table, label) {
  cells <- table$cells[trimws(table$cells[, 1]) == label, -1, drop = FALSE]
  as.vector(cells)
}

# Characteristics ----------------------------------------------------------------------------------------

test_that("the numbers of a small table are those worked out by hand", {
  table <- table_characteristics(sessions, c("sex", "size"), by = "group", unit = "session", id = "patient")
  # 12, 15, 9, 22: sum 58; squares about 14.5: 6.25 + 0.25 + 30.25 + 56.25 = 93, over 3
  size <- row_of(table, "size", "All")
  expect_equal(size$mean, 58 / 4, tolerance = 1e-14)
  expect_equal(size$sd, sqrt(93 / 3), tolerance = 1e-14)
  # type 7 on 9, 12, 15, 22: positions 1.75, 2.5, 3.25
  expect_equal(c(size$q1, size$median, size$q3), c(9 + 0.75 * 3, 13.5, 15 + 0.25 * 7), tolerance = 1e-14)
  expect_identical(c(size$min, size$max), c(9, 22))
  expect_identical(c(size$n, size$missing, size$total), c(4L, 1L, 5L))
  expect_identical(row_of(table, "sex", "regional", "F")$n, 3L)
  expect_identical(row_of(table, "sex", "distant", "F")$percent, 0)
  expect_identical(cells_of(table, "Mean \u00b1 SD")[1], "14.5 \u00b1 5.6")
  expect_identical(cells_of(table, "Median [IQR; range]")[1], "13.5 [11.3\u201316.8; 9\u201322]")
  expect_identical(cells_of(table, "F"), c("3 (60.0%)", "0 (0.0%)", "3 (100.0%)"))
})

test_that("the caption says the unit and its number", {
  expect_identical(table_characteristics(sessions, "sex", unit = "session")$caption, "Sessions, n = 5")
  with_id <- table_characteristics(sessions, "sex", unit = "session", id = "patient")
  expect_identical(with_id$caption, "Sessions, n = 5 (4 patients)")
  expect_identical(table_characteristics(sessions, "sex", unit = "patient", id = "patient")$caption, "Patients, n = 4")
  lesions <- table_characteristics(sessions, "sex",
    unit = "lesion", weights = "nodes", id = "patient", caption = "What was treated."
  )
  expect_identical(lesions$caption, "What was treated. Lesions, n = 8 (5 rows, 4 patients)")
  expect_identical(table_characteristics(sessions, "sex")$caption, "Rows, n = 5")
  headings <- table_characteristics(sessions, "sex", by = "group", unit = "patient", id = "patient")$header$text
  expect_identical(headings, c("", "All, n = 4", "distant, n = 2", "regional, n = 2"))
})

test_that("a row of several lesions counts as often as it has lesions", {
  size <- row_of(table_characteristics(sessions, "size", unit = "lesion", weights = "nodes"), "size", "All")
  # 12, 15, 15, 15, 9, 9, 22 and one unknown
  expect_equal(size$mean, 97 / 7, tolerance = 1e-14)
  expect_identical(c(size$q1, size$median, size$q3), c(10.5, 15, 15))
  expect_identical(c(size$n, size$missing, size$total), c(7L, 1L, 8L))
  for (bad in list(c(1, 3, 2, 1, NA), c(1, 3, 2, 1, -1), c(1, 3, 2, 1, 0.5), letters[1:5], rep(0, 5), rep(1e9, 5))) {
    expect_error(
      table_characteristics(cbind(sessions, k = bad), "size", unit = "lesion", weights = "k"),
      class = "cryonodes_error_weights"
    )
  }
  expect_error(
    table_characteristics(sessions, "size", unit = "session", weights = "nodes"),
    class = "cryonodes_error_choice"
  )
})

test_that("one row a patient: what changes within a patient is refused unless the first row is asked for", {
  error <- expect_error(
    table_characteristics(sessions, c("sex", "size"), unit = "patient", id = "patient"),
    class = "cryonodes_error_group"
  )
  expect_identical(error$arg, "size")
  expect_identical(error$rows, 2L)
  table <- table_characteristics(sessions, "size", unit = "patient", id = "patient", pick = "first")
  expect_identical(row_of(table, "size", "All")$mean, (12 + 9 + 22) / 3)
  expect_match(table$notes$text[1], "First row of each patient.*`size`")
  expect_error(table_characteristics(sessions, "sex", unit = "patient"), class = "cryonodes_error_choice")
  # A value known in one row of a patient and missing in the next is a change.
  unknown <- data.frame(id = c(1, 1), x = c("a", NA))
  expect_error(table_characteristics(unknown, "x", unit = "patient", id = "id"), class = "cryonodes_error_group")
})

test_that("missing values have a row, and percentages are of the known values", {
  d <- data.frame(x = factor(c("a", "a", "b", NA), levels = c("b", "a", "never")), y = NA_real_, z = NA_character_)
  table <- table_characteristics(d)
  expect_identical(cells_of(table, "Missing"), c("1", "4", "4"))
  expect_identical(cells_of(table, "a"), "2 (66.7%)")
  expect_identical(cells_of(table, "never"), "0 (0.0%)")
  expect_identical(cells_of(table, "Mean \u00b1 SD"), "\u2014")
  expect_true("no known value" %in% table$notes$text)
  expect_error(table_characteristics(d, "y", by = "x"), class = "cryonodes_error_missing")
})

test_that("one value has no standard deviation, and the table says why", {
  table <- table_characteristics(data.frame(x = 3), "x")
  expect_identical(cells_of(table, "Mean \u00b1 SD"), "3.0 \u00b1 \u2014")
  expect_identical(table$marks[2, 2], "1")
  expect_identical(table$notes$text[table$notes$mark == "1"], "one value: no standard deviation")
})

test_that("a range below zero is not written with a dash", {
  table <- table_characteristics(data.frame(x = c(-2, -1, 3)), "x")
  expect_identical(cells_of(table, "Median [IQR; range]"), "-1 [-1.5 to 1; -2 to 3]")
})

test_that("row order changes nothing and relabelling a group only its heading", {
  a <- table_characteristics(sessions, c("sex", "size"), by = "group")
  expect_identical(table_characteristics(sessions[c(3, 5, 1, 4, 2), ], c("sex", "size"), by = "group")$cells, a$cells)
  other <- transform(sessions, group = ifelse(group == "distant", "far", "near"))
  expect_identical(table_characteristics(other, c("sex", "size"), by = "group")$cells, a$cells)
})

test_that("digits and labels are taken per column", {
  table <- table_characteristics(sessions, c("size", "nodes"),
    digits = c(2, nodes = 0), labels = c(size = "Long axis, mm")
  )
  expect_identical(cells_of(table, "Mean \u00b1 SD"), c("14.50 \u00b1 5.57", "2 \u00b1 1"))
  expect_identical(table$cells[table$rows$kind == "block", 1], c("Long axis, mm", "nodes"))
})

test_that("what cannot be described is refused by name", {
  d <- data.frame(when = as.Date("2020-01-01"), x = Inf)
  expect_error(table_characteristics(d, "when"), class = "cryonodes_error_type")
  expect_identical(expect_error(table_characteristics(d, "x"), class = "cryonodes_error_type")$rows, 1L)
  expect_error(table_characteristics(d, "wen"), class = "cryonodes_error_column")
  expect_error(table_characteristics(d[0, ], "x"), class = "cryonodes_error_empty")
  expect_error(table_characteristics(1:3), class = "cryonodes_error_type")
  expect_error(table_characteristics(sessions, "sex", labels = "Sex"), class = "cryonodes_error_type")
  expect_error(
    table_characteristics(sessions, "sex", by = "group", overall = "distant"),
    class = "cryonodes_error_group"
  )
})

# Rates --------------------------------------------------------------------------------------------------

five <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
# Two of the five in group a: dies at 5, censored at 8.
five_by_group <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0), c("a", "a", "b", "b", "b"))

test_that("rates and standard errors are those of five patients worked by hand", {
  table <- table_rates(list(OS = list(five, five_by_group)), times = c(2, 12, 40), unit.time = "months")
  numbers <- as.data.frame(table)
  # All: S(12) = 4/5 * 2/3, Greenwood sum 1/(5*4) + 1/(3*2). Group a: 1/2; sum 1/(2*1). Group b: 2/3; sum 1/(3*2).
  at12 <- numbers[numbers$time == 12, ]
  expect_identical(at12$group, c("Whole cohort", "a", "b"))
  expect_equal(at12$estimate, c(8 / 15, NA, 2 / 3), tolerance = 1e-14)
  expect_equal(at12$std.error, c(8 / 15 * sqrt(13 / 60), NA, 2 / 3 * sqrt(1 / 6)), tolerance = 1e-14)
  expect_identical(cells_of(table, "12 months"), c("53.3% (24.8)", "\u2014", "66.7% (27.2)"))
  expect_identical(table$header$text, c("", "Whole cohort, n = 5", "a, n = 2", "b, n = 3"))
  expect_identical(cells_of(table, "2 months"), rep("100.0% (0.0)", 3))
  expect_identical(cells_of(table, "40 months"), rep("\u2014", 3))
})

test_that("a dash has its reason as a footnote, and 100% (0) its warning", {
  table <- table_rates(list(OS = list(five, five_by_group)), times = c(2, 12, 40))
  reason <- function(row, column) table$notes$text[match(table$marks[row, column], table$notes$mark)]
  expect_match(reason(2, 2), "no event yet")
  expect_identical(reason(3, 3), "beyond follow-up (last at 8)")
  expect_identical(reason(4, 2), "beyond follow-up (last at 33)")
  expect_identical(table$marks[3, 2], "")
  extended <- table_rates(five, times = 40, extend = TRUE)
  expect_identical(extended$cells[1, 2], "53.3% (24.8)")
  expect_match(extended$notes$text[extended$notes$mark == extended$marks[1, 2]], "carried forward")
})

test_that("intervals, numbers at risk and events are shown on request", {
  table <- table_rates(five, times = c(2, 12), show = c("ci", "n.risk", "events"))
  bounds <- (8 / 15)^exp(c(1, -1) * qnorm(0.975) * sqrt(13 / 60) / abs(log(8 / 15)))
  expect_identical(
    cells_of(table, "Time 12"),
    paste0("53.3% (", paste(sprintf("%.1f", 100 * bounds), collapse = "\u2013"), ")")
  )
  # Nobody of five has had the event: 0.025^(1/5) = 0.478.
  expect_identical(cells_of(table, "Time 2"), "100.0% (47.8\u2013100.0)")
  expect_true("no event yet; beta-product limits" %in% table$notes$text)
  expect_identical(cells_of(table, "at risk"), c("5", "3"))
  expect_identical(cells_of(table, "events so far"), c("0", "2"))
  expect_match(table$notes$text[1], "95% log-log confidence interval")
})

printed <- data.frame(
  endpoint = rep(c("OS", "LTP"), each = 2), group = rep(c("All", "a"), 2), n = c(29, 20, 36, 25), time = 1,
  estimate = c(96.2, 100, 94.3, NA), std.error = c(3.7, 0, 3.9, NA), p = c(0.31, 0.31, 1, 1)
)

test_that("a printed table is shown in the same layout, sizes in rows where endpoints differ", {
  table <- table_rates(printed, percent = TRUE, p.label = "Fisher's exact test", unit.time = "years")
  expect_identical(cells_of(table, "1 year"), c("96.2% (3.7)", "94.3% (3.9)", "100.0% (0.0)", "\u2014", "0.31", "1"))
  expect_identical(cells_of(table, "n"), c("29", "36", "20", "25", "", ""))
  expect_identical(table$header$text, c("", "All", "a", "p"))
  expect_identical(table$notes$text[table$notes$mark == table$header$mark[4]], "Fisher's exact test")
})

test_that("a p-value is not shown without the name of its method, nor for an endpoint that is not there", {
  p <- data.frame(endpoint = "OS", time = 1, p = 0.04999)
  rates <- printed[names(printed) != "p"]
  with_p <- function(p) table_rates(rates, percent = TRUE, p = p, p.label = "x")
  expect_error(table_rates(rates, percent = TRUE, p = p), class = "cryonodes_error_choice")
  expect_error(with_p(transform(p, endpoint = "PFS")), class = "cryonodes_error_table")
  expect_error(with_p(transform(p, p = 2)), class = "cryonodes_error_table")
  expect_error(with_p(rbind(p, p)), class = "cryonodes_error_table")
  two <- rbind(cbind(p, method = "Fisher"), data.frame(endpoint = "OS", time = NA, p = 0.2, method = "log-rank"))
  table <- table_rates(rates, percent = TRUE, p = two)
  expect_identical(table$header$text[4:5], c("p", "p"))
  expect_identical(table$cells[table$cells[, 1] == "OS", 4:5], c("", "0.2"))
  expect_identical(cells_of(table, "Time 1")[c(5, 7)], c("0.04999", ""))
})

test_that("numbers that are no rates, cells given twice and nameless endpoints are refused", {
  expect_error(table_rates(printed), class = "cryonodes_error_table")
  expect_error(table_rates(rbind(printed, printed), percent = TRUE, p.label = "x"), class = "cryonodes_error_table")
  expect_error(table_rates(printed["group"]), class = "cryonodes_error_column")
  expect_error(table_rates(list(five), times = 1), class = "cryonodes_error_group")
  expect_error(table_rates(list(OS = list(five, five)), times = 1), class = "cryonodes_error_group")
  expect_error(table_rates(list(OS = 1), times = 1), class = "cryonodes_error_object")
  expect_error(table_rates(list(OS = list(lm)), times = 1), class = "cryonodes_error_object")
  expect_error(table_rates(five), class = "cryonodes_error_times")
  expect_error(table_rates(five, times = 1, show = "sd"), class = "cryonodes_error_choice")
  expect_error(table_rates(five, times = 1, time.labels = c("a", "b")), class = "cryonodes_error_length")
})

# Rebuilt beside printed ---------------------------------------------------------------------------------

test_that("a difference at the printed decimals is marked and listed, agreement is not", {
  rebuilt <- data.frame(
    group = c("All", "All", "b"), time = c(1, 2, 1),
    estimate = c(0.96153, 0.90547, 0.5), std.error = c(0.0377, 0.0645, 0.1), p = c(0.3136, 1, 0.3136)
  )
  print <- data.frame(
    group = "All", time = 1:3, estimate = c(96.2, 90.6, 70), std.error = c(3.8, 6.5, 11.6), p = c(0.31, 0.53, 0.29)
  )
  table <- table_compare(rebuilt, print, percent = TRUE, unit.time = "years")
  numbers <- as.data.frame(table)
  expect_identical(numbers$estimate.differs, c(FALSE, TRUE, NA, NA))
  # 6.45 is rounded half up to 6.5
  expect_identical(numbers$std.error.differs, c(FALSE, FALSE, NA, NA))
  expect_identical(cells_of(table, "1 year"), c("96.2% (3.8) | 96.2% (3.8)", "50.0% (10.0) | \u2014", "0.31 | 0.31"))
  expect_identical(table$marks[, 2], c("", "\u2020", "\u2020"))
  expect_identical(table$marks[, 4], c("", "\u2020", "\u2020"))
  expect_true("2 years, All: rate 90.5 rebuilt, 90.6 printed" %in% table$notes$text)
  expect_true("3 years, All: rate 70.0 not rebuilt; standard error 11.6 not rebuilt" %in% table$notes$text)
  expect_true("2 years: p 1.00 rebuilt, 0.53 printed" %in% table$notes$text)
  expect_error(table_compare(rebuilt, transform(print, group = "x"), percent = TRUE), class = "cryonodes_error_table")
})

test_that("a table compared with its own printed cells differs nowhere, whole percentages included", {
  table <- table_rates(list(OS = list(five, five_by_group)), times = c(5, 12, 20))
  numbers <- as.data.frame(table)
  for (decimals in 0:3) {
    print <- transform(numbers, estimate = as.numeric(format_fixed(100 * estimate, decimals)),
      std.error = as.numeric(format_fixed(100 * std.error, decimals))) |> suppressWarnings()
    found <- as.data.frame(table_compare(table, print, decimals = decimals, percent = TRUE))
    expect_false(any(found$estimate.differs, found$std.error.differs, na.rm = TRUE))
    print$estimate <- print$estimate - 10^-decimals
    found <- as.data.frame(table_compare(table, print, decimals = decimals, percent = TRUE))
    expect_true(all(found$estimate.differs[!is.na(numbers$estimate)]))
  }
})

# Output -------------------------------------------------------------------------------------------------

hostile <- function(label) {
  table_characteristics(data.frame(g = label, by = label), "g", by = "by", labels = c(g = label), caption = label)
}

test_that("B210 LaTeX: all ten specials are escaped, the backslash and braces too", {
  lines <- format(hostile("a & b_c % $x$ #1 ~ ^ \\input{/etc/passwd} {"), "latex")
  escaped <- paste(
    "a \\& b\\_c \\% \\$x\\$ \\#1 \\textasciitilde{} \\textasciicircum{}",
    "\\textbackslash{}input\\{/etc/passwd\\} \\{"
  )
  expect_true(any(grepl(escaped, lines, fixed = TRUE)))
  expect_false(any(grepl("\\input", lines, fixed = TRUE)))
  # Braces balance once the escaped ones are set aside.
  bare <- gsub("\\\\[{}]", "", paste(lines, collapse = "\n"))
  count <- function(sign) lengths(regmatches(bare, gregexpr(sign, bare, fixed = TRUE)))
  expect_identical(count("{"), count("}"))
})

test_that("a LaTeX row that begins with a bracket or a star is not an argument of the line break before it", {
  lines <- format(table_characteristics(data.frame(g = c("[5pt]", "*")), "g"), "latex")
  expect_false(any(grepl("^ *[[*]", lines)))
})

test_that("B211 Markdown: bars, backticks, brackets and angle brackets are escaped", {
  lines <- format(hostile("a|b `c` [x](javascript:1) <b>"), "markdown")
  expect_true(any(grepl("a\\|b \\`c\\` &#91;x&#93;(javascript\\:1) \\<b\\>", lines, fixed = TRUE)))
  rows <- grep("^\\|", lines, value = TRUE)
  bars <- lengths(regmatches(rows, gregexpr("(?<!\\\\)\\|", rows, perl = TRUE)))
  expect_identical(unique(bars), 4L)
})

test_that("HTML: markup in labels is text, and no backtick can end the fence around the table", {
  lines <- format(hostile("<script>alert('x')</script> & \"```\""), "html")
  expect_false(any(grepl("<script", lines, fixed = TRUE)))
  expect_false(any(grepl("`", lines, fixed = TRUE)))
  expect_true(any(grepl("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;", lines, fixed = TRUE)))
})

test_that("B215 a label is never a format string", {
  for (output in c("text", "html", "markdown")) {
    expect_true(any(grepl("100%s %d", gsub("\\\\", "", format(hostile("100%s %d"), output)), fixed = TRUE)))
  }
  expect_true(any(grepl("100\\%s \\%d", format(hostile("100%s %d"), "latex"), fixed = TRUE)))
  error <- expect_error(table_characteristics(data.frame(a = 1), "{100%s}"), class = "cryonodes_error_column")
  expect_match(conditionMessage(error), "{100%s}", fixed = TRUE)
})

test_that("B216 line breaks and tabs in labels do not break rows", {
  broken <- hostile("a\nb\tc\r\u2028d")
  whole <- hostile("a b c d")
  for (output in c("html", "latex", "markdown")) expect_identical(format(broken, output), format(whole, output))
  text <- format(broken)
  expect_length(text, length(format(whole)))
  expect_true(any(grepl("a\\nb\\tc\\r", text, fixed = TRUE)))
})

test_that("B217 p-values are never rounded across 0.05 or 0.01", {
  expect_identical(
    format_p(c(0.0499999999, 0.05, 0.0499999, 0.04996, 0.00999, 0.01)),
    c("0.0499999999", "0.05", "0.0499999", "0.04996", "0.00999", "0.01")
  )
  expect_identical(format_p(0.05 * (1 - .Machine$double.eps)), "<0.05")
  expect_identical(format_p(c(0.3142, 0.00004, 1, 0.999, NA)), c("0.31", "<0.001", "1", ">0.99", "NA"))
  expect_identical(format_p(0.9999, digits = 3), ">0.999")
  expect_identical(format_p(c(0.00099999, 0.001)), c("<0.001", "0.001"))
  expect_identical(format_p(1e-9, eps = 1e-8), "<0.00000001")
  expect_identical(format_p(numeric()), character())
  old <- options(OutDec = ",", scipen = -10, digits = 3)
  on.exit(options(old))
  expect_identical(format_p(c(0.3142, 0.00004)), c("0.31", "<0.001"))
  expect_error(format_p(1.2), class = "cryonodes_error_type")
  expect_error(format_p("0.05"), class = "cryonodes_error_type")
})

test_that("a number that rounds to zero has no minus sign", {
  expect_identical(format_fixed(c(-0.04, -0.05, 0)), c("0.0", "-0.1", "0.0"))
})

test_that("the HTML table has a caption, scopes and row groups that a reader can follow, and it scrolls", {
  skip_if_not_installed("xml2")
  both <- list(five, five_by_group)
  table <- table_rates(list(OS = both, DFS = both), times = c(5, 40), caption = "Rates")
  html <- xml2::read_xml(paste0("<r>", paste(format(table, "html"), collapse = ""), "</r>"))
  find <- function(path) xml2::xml_find_all(html, path)
  expect_identical(xml2::xml_text(find("//table/caption")), "Rates")
  expect_length(find("//thead//th[@scope='col']"), 3)
  expect_length(find("//tbody"), 2)
  expect_identical(xml2::xml_text(find("//th[@scope='rowgroup']")), c("OS", "DFS"))
  expect_length(find("//tbody//th[@scope='row']"), 4)
  expect_match(xml2::xml_attr(find("//div[contains(@class, 'cryonodes-table')]"), "style"), "overflow-x: auto")
  columns <- vapply(find("//tr[td and ancestor::tbody]"), function(row) length(xml2::xml_children(row)), 0L)
  expect_identical(unique(columns), 4L)
})

test_that("knitr gets raw HTML, LaTeX or Markdown as the output asks", {
  skip_if_not_installed("knitr")
  old <- knitr::opts_knit$get(c("out.format", "rmarkdown.pandoc.to"))
  on.exit(knitr::opts_knit$set(out.format = old[[1]], rmarkdown.pandoc.to = old[[2]]))
  in_format <- function(to) {
    knitr::opts_knit$set(out.format = "markdown", rmarkdown.pandoc.to = to)
    paste(knitr::knit_print(table_rates(five, times = 12)), collapse = "\n")
  }
  expect_match(in_format("html"), "~~~{=html}\n<div class=\"cryonodes-table\"", fixed = TRUE)
  expect_match(in_format("latex"), "~~~{=latex}\n\\begin{table}", fixed = TRUE)
  expect_match(in_format("gfm"), "| :--- | ---: |", fixed = TRUE)
  knitr::opts_knit$set(out.format = "latex", rmarkdown.pandoc.to = NULL)
  expect_match(paste(knitr::knit_print(table_rates(five, times = 12)), collapse = "\n"), "^\\\\begin\\{table\\}")
})

test_that("the Word table has heading, blocks, marks and footnotes", {
  skip_if_not_installed("flextable")
  skip_if_not_installed("officer")
  skip_if_not_installed("xml2")
  table <- table_rates(list("a & <b>" = list(five, five_by_group)), times = c(5, 40))
  word <- flextable::as_flextable(table)
  expect_s3_class(word, "flextable")
  table$caption <- "Rates \\ %s"
  expect_true("Rates \\ %s" %in% unlist(flextable::as_flextable(table)$caption))
  file <- tempfile(fileext = ".docx")
  on.exit(unlink(file))
  document <- flextable::body_add_flextable(officer::read_docx(), word)
  print(document, target = file)
  text <- officer::docx_summary(officer::read_docx(file))$text
  expect_true("a & <b>" %in% text)
  expect_true("Whole cohort, n = 5" %in% text)
  expect_true(any(grepl("beyond follow-up (last at 33)", text, fixed = TRUE)))
  expect_true(any(grepl("80.0% (17.9)", text, fixed = TRUE)))
})

test_that("printing and converting a table compute nothing: they read the object", {
  table <- table_rates(five, times = 12)
  table$numbers$estimate <- 0.123
  expect_true(any(grepl("53.3% (24.8)", format(table), fixed = TRUE)))
  expect_identical(as.data.frame(table, cells = TRUE)[[2]], "53.3% (24.8)")
  expect_identical(as.data.frame(table)$estimate, 0.123)
})

test_that("a table that is not whole is refused", {
  table <- table_rates(five, times = 12)
  table$cells <- NULL
  expect_error(print(table), class = "cryonodes_error_object")
  expect_error(format(table_rates(five, times = 12), "pdf"), class = "cryonodes_error_choice")
})

test_that("the words of printed tables", {
  expect_snapshot(table_characteristics(sessions, c("sex", "size"), by = "group", unit = "session", id = "patient"))
  expect_snapshot(table_rates(list("Overall survival" = list(five, five_by_group)),
    times = c(2, 12, 40), unit.time = "months",
    p = data.frame(time = 12, p = 0.6), p.label = "Fisher's exact test on deaths by that time, two-sided"
  ))
  expect_snapshot(table_characteristics(sessions, "size", unit = "patient", id = "patient"), error = TRUE)
})

test_that("a table for Word is no wider than a page", {
  skip_if_not_installed("flextable")
  printed <- expand.grid(time = c(12, 24, 36), group = paste("A group with quite a long name, number", 1:4))
  printed$estimate <- 90
  printed$std.error <- 5
  printed$n <- 20
  table <- table_rates(printed, percent = TRUE)
  expect_lte(sum(dim(flextable::as_flextable(table))$widths), 6.3)
})

test_that("a table longer than a page may break over pages in LaTeX", {
  long <- table_characteristics(data.frame(g = sprintf("level %02d", 1:60)), "g")
  expect_true("\\begin{longtable}{@{}lr@{}}" %in% format(long, "latex"))
  expect_false(any(grepl("longtable", format(table_characteristics(data.frame(g = 1:3), "g"), "latex"))))
})

test_that("a test that has no p-value says why in the table", {
  time <- c(5, 8, 12, 20, 33, 35)
  event <- c(1, 0, 1, 1, 1, 0)
  group <- rep(1:2, each = 3)
  test <- compare_at(time, event, group, times = c(6, 40))
  table <- table_rates(kaplan_meier(time, event, group), c(6, 40), p = test)
  expect_true("'2' beyond follow-up (last at 35)" %in% table$notes$text)
  expect_false("not given" %in% table$notes$text)
})

# Proportions --------------------------------------------------------------------------------------------

two_arms <- proportion(c(3, 0), c(52, 41), group = c("Cryo & <heat>", "Surgery"))

test_that("a proportion is a row of percentages with the interval it has", {
  all <- proportion(3, 93)
  table <- table_rates(list("Major complications" = list(all, two_arms)))
  expect_identical(table$header$text, c("", "Whole cohort, n = 93", "Cryo & <heat>, n = 52", "Surgery, n = 41"))
  # Limits of binom.test(), which are Clopper and Pearson's.
  by_hand <- vapply(list(c(3, 93), c(3, 52), c(0, 41)), function(x) {
    limits <- 100 * stats::binom.test(x[1], x[2])$conf.int
    sprintf("%.1f%% (%.1f\u2013%.1f)", 100 * x[1] / x[2], limits[1], limits[2])
  }, "")
  expect_identical(cells_of(table, "Proportion"), by_hand)
  expect_identical(table$notes$text, "Proportion (95% Clopper-Pearson confidence interval), in percent")
  numbers <- as.data.frame(table)
  expect_identical(numbers$conf.high, c(all$conf.high, two_arms$conf.high))
  expect_identical(numbers$cum.event, c(3, 3, 0))
  expect_identical(cells_of(table_rates(two_arms, show = c("ci", "events")), "events"), c("3", "0"))
  expect_identical(cells_of(table_rates(two_arms, show = character(), digits = 0), "Proportion"), c("6%", "0%"))
  expect_identical(table_rates(two_arms, show = character())$notes$text, "Proportion, in percent")
})

test_that("the footnote names every method, and its side", {
  text <- function(...) table_rates(...)$notes$text[1]
  expect_match(text(proportion(3, 52, conf.type = "wilson", conf.level = 0.9)), "90% Wilson confidence interval", fixed = TRUE)
  expect_match(text(proportion(3, 52, alternative = "less")), "95% Clopper-Pearson upper confidence limit", fixed = TRUE)
  lesions <- data.frame(`a|b` = c(1, 1, 2, 2, 3), y = c(1, 0, 1, 1, 0), check.names = FALSE)
  clustered <- proportion(y ~ 1, lesions, cluster = `a|b`)
  expect_match(text(list(a = clustered, b = proportion(3, 52, conf.type = "blaker"))),
    "95% Korn-Graubard confidence interval clustered by a|b or 95% Blaker confidence interval", fixed = TRUE
  )
  expect_match(format(table_rates(clustered), "markdown"), "clustered by a\\|b", fixed = TRUE, all = FALSE)
})

test_that("what a proportion does not know is a dash with its reason", {
  table <- table_rates(proportion(c(0, 1), c(0, 3)))
  expect_identical(cells_of(table, "Proportion")[1], "\u2014")
  expect_true("nobody was observed" %in% table$notes$text)
  one <- table_rates(proportion(c(1, 2), c(3, 4), group = c("a", "a"), cluster = c("x", "x")))
  expect_identical(cells_of(one, "Proportion"), "42.9% (0.0\u2013100.0)")
  expect_true("one cluster: nothing is known of the variation between clusters" %in% one$notes$text)
})

test_that("proportions and times do not mix, and names are escaped", {
  expect_error(table_rates(two_arms, times = 12), class = "cryonodes_error_times")
  expect_error(table_rates(two_arms, show = "se"), class = "cryonodes_error_choice")
  expect_error(table_rates(list(a = two_arms, b = five), times = 12), class = "cryonodes_error")
  expect_error(table_rates(list(two_arms)), class = "cryonodes_error_group")
  expect_error(table_rates(list(a = list(two_arms, two_arms))), class = "cryonodes_error_group")
  lost <- two_arms
  lost$conf.low <- NULL
  expect_error(table_rates(lost), class = "cryonodes_error_object")
  table <- table_rates(list("Pain \\& <i>" = two_arms), p = data.frame(p = 0.25), p.label = "Fisher's exact test")
  expect_identical(cells_of(table, "Proportion")[3], "0.25")
  html <- paste(format(table, "html"), collapse = "")
  expect_match(html, "Cryo &amp; &lt;heat&gt;", fixed = TRUE)
  expect_match(html, "Pain \\&amp; &lt;i&gt;", fixed = TRUE)
  expect_false(grepl("<i>", html, fixed = TRUE))
  expect_match(paste(format(table, "latex"), collapse = ""), "Cryo \\& ", fixed = TRUE)
})

test_that("the words of a table of proportions", {
  expect_snapshot(table_rates(list("Major complications" = two_arms), show = c("ci", "events"),
    p = data.frame(p = 0.25), p.label = "Fisher's exact test, two-sided"
  ))
  expect_snapshot(table_rates(two_arms, times = 12), error = TRUE)
})
