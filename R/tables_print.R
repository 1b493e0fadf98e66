# Writers of a cryonodes_table: console, HTML, LaTeX, Markdown, Word. They escape and align, nothing else.
# Labels are data: each writer escapes all of them, and none is ever a format string or markup.

#' Print a table, or write it into a document
#'
#' On the console a table is aligned text. In a knitr document it becomes HTML (in a box that scrolls sideways on a
#' narrow screen), LaTeX (with booktabs), a Word table (through flextable) or a Markdown table, as the output
#' format asks. The object holds its cells as text: no form computes.
#'
#' @param x A `cryonodes_table`, from [table_characteristics()], [table_rates()] or [table_compare()].
#' @param output `"text"`, `"html"`, `"latex"` or `"markdown"`.
#' @param row.names,optional,... Not used.
#' @param cells For `as.data.frame()`: the cells as printed (`TRUE`) instead of the numbers?
#' @return `print()`: `x`, invisibly. `format()`: the lines of the table in the form asked for.
#'   `as.data.frame()`: the unrounded numbers, or the cells as text. `knit_print()`: what knitr puts into the
#'   document. `as_flextable()`: a flextable.
#' @section Definition: In labels, line breaks, tabs and other control characters become a blank (on the console
#'   `\\n`, `\\t`), and whatever a format would take for markup is escaped: a label prints as it was typed.
#' @section Errors: `cryonodes_error_object` for an object that is not whole, `_choice`, `_package`.
#' @examples
#' table <- table_characteristics(data.frame(sex = c("F", "M", "F")), "sex")
#' print(table)
#' cat(format(table, "latex"), sep = "\n")
#' as.data.frame(table)
#' @export
print.cryonodes_table <- function(x, ...) {
  check_table(x, quote(print()))
  cat(write_text(x), sep = "\n")
  invisible(x)
}

#' @rdname print.cryonodes_table
#' @export
format.cryonodes_table <- function(x, output = "text", ...) {
  call <- quote(format())
  check_table(x, call)
  check_choice(output, c("text", "html", "latex", "markdown"), "output", call)
  switch(output,
    text = write_text(x),
    html = write_html(x),
    latex = write_latex(x),
    markdown = write_markdown(x)
  )
}

#' @rdname print.cryonodes_table
#' @export
as.data.frame.cryonodes_table <- function(x, row.names = NULL, optional = FALSE, cells = FALSE, ...) {
  call <- quote(as.data.frame())
  check_table(x, call)
  if (!check_flag(cells, "cells", call)) return(x$numbers)
  out <- as.data.frame(x$cells, stringsAsFactors = FALSE)
  names(out) <- x$header$text
  out
}

#' @rdname print.cryonodes_table
#' @exportS3Method knitr::knit_print
knit_print.cryonodes_table <- function(x, ...) {
  check_table(x, quote(knit_print()))
  in_pandoc <- identical(knitr::opts_knit$get("out.format"), "markdown")
  if (knitr::is_latex_output()) {
    packages <- c("booktabs", "longtable", "array", "graphicx")
    needs <- if (requireNamespace("rmarkdown", quietly = TRUE)) lapply(packages, rmarkdown::latex_dependency)
    text <- one_string(write_latex(x))
    return(knitr::asis_output(if (in_pandoc) fenced(text, "latex") else text, meta = needs))
  }
  if (knitr::is_html_output(excludes = c("markdown", "gfm")) || identical(knitr::opts_knit$get("out.format"), "html")) {
    text <- one_string(write_html(x))
    return(knitr::asis_output(if (in_pandoc) fenced(text, "html") else text))
  }
  if (isTRUE(knitr::pandoc_to(c("docx", "pptx"))) && requireNamespace("flextable", quietly = TRUE)) {
    return(knitr::knit_print(flextable::as_flextable(x), ...))
  }
  knitr::asis_output(paste0("\n\n", one_string(write_markdown(x)), "\n\n"))
}

# Between fences pandoc leaves the text alone; without them it would read Markdown in the labels.
# Tildes: with knitr's `collapse = TRUE` a fence of backticks would be joined to the code that follows.
fenced <- function(text, format) paste0("\n\n~~~~~~{=", format, "}\n", text, "\n~~~~~~\n\n")

#' @rdname print.cryonodes_table
#' @exportS3Method flextable::as_flextable
as_flextable.cryonodes_table <- function(x, ...) {
  call <- quote(as_flextable())
  check_table(x, call)
  need_package("flextable", "write a table for Word", call)
  cells <- matrix(one_row(x$cells), nrow(x$cells))
  columns <- paste0("c", seq_len(ncol(cells)))
  out <- flextable::flextable(setNames(as.data.frame(cells, stringsAsFactors = FALSE), columns))
  text_and_mark <- function(text, mark) {
    if (!nzchar(mark)) return(flextable::as_paragraph(text))
    flextable::as_paragraph(text, flextable::as_sup(mark))
  }
  for (j in seq_along(columns)) {
    out <- flextable::compose(out,
      i = 1, j = j, part = "header", value = text_and_mark(one_row(x$header$text[j]), x$header$mark[j])
    )
    for (i in which(nzchar(x$marks[, j]))) {
      out <- flextable::compose(out, i = i, j = j, value = text_and_mark(cells[i, j], x$marks[i, j]))
    }
  }
  block <- which(x$rows$kind == "block")
  for (i in block[empty_beside_label(x)[block]]) out <- flextable::merge_at(out, i = i, j = seq_along(columns))
  out <- flextable::bold(out, part = "header")
  if (length(block)) out <- flextable::bold(out, i = block)
  for (depth in setdiff(unique(x$rows$indent), 0)) {
    out <- flextable::padding(out, i = which(x$rows$indent == depth), j = 1, padding.left = 5 + 12 * depth)
  }
  if (is.null(x$wrap)) out <- flextable::align(out, j = seq_along(columns)[-1], align = "right", part = "all")
  for (k in seq_len(nrow(x$notes))) {
    note <- paste0(one_row(x$notes$text[k]), ".")
    mark <- x$notes$mark[k]
    out <- flextable::add_footer_lines(out, values = if (nzchar(mark)) {
      flextable::as_paragraph(flextable::as_sup(mark), " ", note)
    } else {
      flextable::as_paragraph(note)
    })
  }
  if (nzchar(x$caption)) out <- flextable::set_caption(out, caption = one_row(x$caption))
  # A4 and letter paper leave 6.3 inches between usual margins.
  if (!is.null(x$wrap)) {
    out <- flextable::fontsize(out, size = 9, part = "all")
    out <- flextable::padding(out, padding.top = 2, padding.bottom = 2, part = "all")
    out <- flextable::valign(out, valign = "top", part = "body")
    return(flextable::width(out, j = seq_along(columns), width = 6.3 * x$wrap / sum(x$wrap)))
  }
  out <- flextable::autofit(flextable::padding(out, padding.top = 2, padding.bottom = 2, part = "all"))
  if (sum(dim(out)$widths) <= 6.3) return(out)
  # Smaller letters first; what is still too wide wraps.
  out <- flextable::autofit(flextable::fontsize(out, size = 8, part = "all"))
  widths <- dim(out)$widths
  flextable::width(out, j = seq_along(columns), width = narrowed(widths, 6.29))
}

# Widths that add up to `total` or less: the widest columns give way, the narrow ones keep their own.
narrowed <- function(widths, total) {
  if (sum(widths) <= total) return(widths)
  widest <- sort(widths, decreasing = TRUE)
  k <- seq_along(widest)
  # With the k widest columns equal to one limit, the largest limit that leaves the others as they are.
  limit <- (total - (sum(widest) - cumsum(widest))) / k
  pmin(widths, limit[which(limit >= c(widest[-1], 0))[1]])
}

one_string <- function(lines) paste(lines, collapse = "\n")

# Line breaks, tabs and other control characters become blanks; bytes that are no text become visible.
one_row <- function(x) {
  x <- enc2utf8(as.character(x))
  bad <- !validUTF8(x)
  x[bad] <- iconv(x[bad], "UTF-8", "UTF-8", sub = "byte")
  gsub("[\u0001-\u001f\u007f-\u009f\u2028\u2029]+", " ", x)
}

# Block rows without cells of their own stretch over the table.
empty_beside_label <- function(x) rowSums(x$cells[, -1, drop = FALSE] != "") == 0

superscript <- function(mark) {
  chartr("0123456789,", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u02d2", mark)
}

# Console ------------------------------------------------------------------------------------------------

write_text <- function(x) {
  utf8 <- cli::is_utf8_output()
  plain <- function(text) {
    text <- enc2utf8(text)
    if (!utf8) {
      for (i in seq_along(typographic)) text <- gsub(typographic[i], ascii_signs[i], text, fixed = TRUE)
    }
    encodeString(text)
  }
  mark <- function(m) {
    m <- if (utf8) superscript(m) else ifelse(nzchar(m), paste0("[", plain(m), "]"), "")
    enc2utf8(m)
  }
  cells <- rbind(
    paste0(plain(x$header$text), mark(x$header$mark)),
    matrix(paste0(plain(x$cells), mark(x$marks)), nrow(x$cells))
  )
  cells[-1, 1] <- paste0(strrep("  ", x$rows$indent), cells[-1, 1])
  # A heading over a block does not set the width of the first column.
  wide <- c(FALSE, x$rows$kind == "block" & empty_beside_label(x))
  width <- apply(nchar(cells[!wide, , drop = FALSE], "width"), 2, max)
  pad <- function(text, width, left) {
    blanks <- strrep(" ", pmax(0, width - nchar(text, "width")))
    if (left) paste0(text, blanks) else paste0(blanks, text)
  }
  columns <- lapply(seq_along(width), function(j) pad(cells[, j], width[j], j == 1))
  lines <- do.call(paste, c(columns, sep = "  "))
  lines[wide] <- cells[wide, 1]
  lines <- sub(" +$", "", lines)
  rule <- strrep("-", max(nchar(lines, "width")))
  notes <- paste0(ifelse(nzchar(x$notes$mark), paste0(mark(x$notes$mark), " "), ""), plain(x$notes$text), ".")
  notes <- notes[nzchar(x$notes$text)]
  c(
    if (nzchar(x$caption)) plain(x$caption), rule, lines[1], rule, lines[-1], rule,
    strwrap_literal(notes, max(72, nchar(rule)))
  )
}

# Not as names of a vector: R keeps names given in code as symbols, in the encoding of the session.
typographic <- c(plus_minus, en_dash, em_dash, dagger)
ascii_signs <- c("+/-", "-", "-", "*")

strwrap_literal <- function(x, width) unlist(lapply(x, strwrap, width = width, exdent = 2))

# HTML ---------------------------------------------------------------------------------------------------

escape_html <- function(x) {
  x <- one_row(x)
  from <- c("&", "<", ">", "\"", "'", "`")
  to <- c("&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#96;")
  for (i in seq_along(from)) x <- gsub(from[i], to[i], x, fixed = TRUE)
  x
}

write_html <- function(x) {
  text <- function(t, m) {
    paste0(escape_html(t), ifelse(nzchar(m), paste0("<sup>", escape_html(m), "</sup>"), ""))
  }
  cells <- matrix(text(x$cells, x$marks), nrow(x$cells))
  n <- ncol(cells)
  column <- if (is.null(x$wrap)) {
    " style=\"text-align: right; white-space: nowrap; padding-left: 1em;\""
  } else {
    " style=\"text-align: left; padding-left: 1em;\""
  }
  head <- c(
    if (nzchar(x$header$text[1])) {
      paste0("<th scope=\"col\">", text(x$header$text[1], x$header$mark[1]), "</th>")
    } else {
      "<td></td>"
    },
    paste0("<th scope=\"col\"", column, ">", text(x$header$text[-1], x$header$mark[-1]), "</th>")
  )
  wide <- x$rows$kind == "block" & empty_beside_label(x)
  body <- vapply(seq_len(nrow(cells)), function(i) {
    if (wide[i]) {
      return(paste0(
        "<tr class=\"block\"><th scope=\"rowgroup\" colspan=\"", n, "\" style=\"text-align: left;\">", cells[i, 1],
        "</th></tr>"
      ))
    }
    is_block <- x$rows$kind[i] == "block"
    paste0(
      if (is_block) "<tr class=\"block\">" else "<tr>",
      "<th scope=\"", if (is_block) "rowgroup" else "row", "\" style=\"text-align: left;",
      if (!is_block) " font-weight: normal;", " padding-left: ", 0.3 + x$rows$indent[i], "em;\">", cells[i, 1], "</th>",
      paste0("<td", column, ">", cells[i, -1], "</td>", collapse = ""), "</tr>"
    )
  }, "")
  # A row group of its own for each block: the scope "rowgroup" ends there.
  part <- cumsum(x$rows$kind == "block")
  body <- unlist(lapply(split(body, part), function(rows) c("<tbody>", rows, "</tbody>")), use.names = FALSE)
  notes <- paste0(
    "<p>", ifelse(nzchar(x$notes$mark), paste0("<sup>", escape_html(x$notes$mark), "</sup> "), ""),
    escape_html(x$notes$text), ".</p>"
  )
  label <- if (nzchar(x$caption)) escape_html(x$caption) else "Table"
  c(
    paste0(
      "<div class=\"cryonodes-table\" style=\"overflow-x: auto;\" role=\"region\" aria-label=\"", label,
      "\" tabindex=\"0\">"
    ),
    "<table class=\"table\">",
    if (nzchar(x$caption)) paste0("<caption>", label, "</caption>"),
    "<thead>", paste0("<tr>", paste(head, collapse = ""), "</tr>"), "</thead>",
    body, "</table>", "</div>",
    if (nrow(x$notes)) c("<div class=\"cryonodes-notes\" style=\"font-size: 85%;\">", notes, "</div>")
  )
}

# LaTeX --------------------------------------------------------------------------------------------------

escape_latex <- function(x) {
  x <- one_row(x)
  written <- c(
    "\\" = "\\textbackslash{}", "{" = "\\{", "}" = "\\}", "$" = "\\$", "&" = "\\&", "#" = "\\#", "_" = "\\_",
    "%" = "\\%", "~" = "\\textasciitilde{}", "^" = "\\textasciicircum{}", "<" = "\\textless{}", ">" = "\\textgreater{}",
    "|" = "\\textbar{}", "`" = "\\textasciigrave{}", "\"" = "\\textquotedbl{}"
  )
  special <- c(names(written), typographic)
  written <- c(written, "$\\pm$", "--", "---", "\\dag{}")
  # Sign by sign, so that what one replacement writes is not replaced again.
  vapply(strsplit(x, ""), function(signs) {
    known <- match(signs, special)
    signs[!is.na(known)] <- written[known[!is.na(known)]]
    paste(signs, collapse = "")
  }, "")
}

write_latex <- function(x) {
  text <- function(t, m) {
    paste0(escape_latex(t), ifelse(nzchar(m), paste0("\\textsuperscript{", escape_latex(m), "}"), ""))
  }
  cells <- matrix(text(x$cells, x$marks), nrow(x$cells))
  n <- ncol(cells)
  block <- x$rows$kind == "block"
  cells[block, 1] <- paste0("\\textbf{", cells[block, 1], "}")
  # An empty group first: a label that starts with [ or * would be read as an argument of the line break.
  cells[, 1] <- paste0("{}", strrep("\\quad ", x$rows$indent), cells[, 1])
  lines <- paste0(apply(cells, 1, paste, collapse = " & "), " \\\\")
  wide <- block & empty_beside_label(x)
  lines[wide] <- paste0("\\multicolumn{", n, "}{@{}l}{", cells[wide, 1], "} \\\\")
  lines[block & seq_along(block) > 1] <- paste0("\\addlinespace\n", lines[block & seq_along(block) > 1])
  if (!is.null(x$wrap)) lines[-1] <- paste0("\\addlinespace\n", lines[-1])
  notes <- paste0(
    ifelse(nzchar(x$notes$mark), paste0("\\textsuperscript{", escape_latex(x$notes$mark), "} "), ""),
    escape_latex(x$notes$text), ".\\par"
  )
  caption <- if (nzchar(x$caption)) paste0("\\caption{", escape_latex(x$caption), "}")
  columns <- if (is.null(x$wrap)) {
    paste0("{@{}l", strrep("r", n - 1), "@{}}")
  } else {
    share <- format_plain_width(x$wrap)
    paste0("{@{}", paste0(">{\\raggedright\\arraybackslash}p{", share, "\\linewidth}", collapse = ""), "@{}}")
  }
  header <- paste0(paste(text(x$header$text, x$header$mark), collapse = " & "), " \\\\")
  below <- if (nrow(x$notes)) c("\\par\\medskip\\raggedright\\footnotesize", notes)
  # What is longer than a page must be able to break; a float cannot.
  if (length(lines) > 40 || !is.null(x$wrap)) {
    return(c(
      "\\begingroup\\small", paste0("\\begin{longtable}", columns), if (!is.null(caption)) paste0(caption, " \\\\"),
      "\\toprule", header, "\\midrule", "\\endhead", lines, "\\bottomrule", "\\end{longtable}", below, "\\endgroup"
    ))
  }
  # A table wider than the page is drawn smaller.
  c(
    "\\begin{table}", caption, "\\centering\\small",
    "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%", paste0("\\begin{tabular}", columns),
    "\\toprule", header, "\\midrule", lines, "\\bottomrule", "\\end{tabular}}", below, "\\end{table}"
  )
}

# Shares of the width, less the blanks between the columns.
format_plain_width <- function(wrap) {
  formatC(wrap / sum(wrap) - 0.03, digits = 3, format = "f", decimal.mark = ".")
}

# Markdown -----------------------------------------------------------------------------------------------

escape_markdown <- function(x) {
  x <- gsub("([\\\\`*_{}<>#|~^$&@:!\"'])", "\\\\\\1", one_row(x), perl = TRUE)
  # Brackets as entities: some dialects read \[ as the beginning of a formula.
  x <- gsub("]", "&#93;", gsub("[", "&#91;", x, fixed = TRUE), fixed = TRUE)
  gsub("--", "\\-\\-", x, fixed = TRUE)
}

write_markdown <- function(x) {
  text <- function(t, m) paste0(escape_markdown(t), superscript(m))
  cells <- matrix(text(x$cells, x$marks), nrow(x$cells))
  block <- x$rows$kind == "block"
  cells[block, 1] <- paste0("**", trimws(cells[block, 1]), "**")
  cells[, 1] <- paste0(strrep("&nbsp;&nbsp;", x$rows$indent), cells[, 1])
  row <- function(cells) paste0("| ", paste(cells, collapse = " | "), " |")
  notes <- paste0(
    ifelse(nzchar(x$notes$mark), paste0(superscript(x$notes$mark), " "), ""), escape_markdown(x$notes$text), "."
  )
  c(
    if (nzchar(x$caption)) c(escape_markdown(x$caption), ""),
    row(text(x$header$text, x$header$mark)), row(c(":---", rep("---:", ncol(cells) - 1))), apply(cells, 1, row),
    if (nrow(x$notes)) c("", as.vector(rbind(notes, "")))
  )
}
