# When nothing fits: the smallest sets of printed cells whose release lets the rest stand.

# A set of released cells can only do if, within each curve, the cells that stay can stand alone; so
# sets are put together from such parts, in order of size, and only those go to the joint search.
smallest_releases <- function(problem, most, search) {
  names <- curve_names(problem)
  cells <- expand.grid(
    j = seq_along(problem$times), cell = c("estimate", "std.error"), group = names, stringsAsFactors = FALSE
  )
  given <- function(j, cell, group) {
    !is.na(problem$curves[[group]][[paste0(sub(".", "_", cell, fixed = TRUE), "_low")]][j])
  }
  cells <- cells[mapply(given, cells$j, cells$cell, cells$group), ]
  most <- min(most, nrow(cells))
  undecided <- 0
  parts <- lapply(setNames(names, names), function(g) part_releases(problem, cells, g, search))
  # No set can be smaller than what the curves need one by one.
  least <- vapply(parts, function(part) smallest_size(part, most), 0)
  for (size in seq(sum(least), length.out = max(0, most - sum(least) + 1))) {
    found <- list()
    for (more in compositions(size - sum(least), length(names))) {
      by_curve <- Map(function(part, k) part(k), parts, least + more)
      for (choice in seq_len(prod(lengths(by_curve)))) {
        picks <- arrayInd(choice, lengths(by_curve))
        set <- unlist(Map(function(p, k) p[[k]], by_curve, picks), use.names = FALSE)
        answer <- works(problem, cells[set, ], search)
        if (is.na(answer)) undecided <- undecided + 1
        if (isTRUE(answer)) found <- c(found, list(set))
      }
    }
    if (length(found)) {
      out <- lapply(seq_along(found), function(k) describe_release(problem, cells[found[[k]], ], k, search))
      return(structure(do.call(rbind, out), at_least = sum(least), undecided = undecided))
    }
  }
  none <- data.frame(
    set = integer(), group = character(), time = numeric(), cell = character(), printed = numeric(),
    reads = character(), n_solutions = numeric()
  )
  structure(none, at_least = sum(least), undecided = undecided)
}

smallest_size <- function(part, most) {
  for (size in 0:most) if (length(part(size))) return(size)
  most + 1
}

# The ways to write `total` as an ordered sum of `k` whole numbers >= 0.
compositions <- function(total, k) {
  if (k == 1) return(list(total))
  starting_with <- function(first) lapply(compositions(total - first, k - 1), function(rest) c(first, rest))
  unlist(lapply(0:total, starting_with), recursive = FALSE)
}

# For one curve, a function of size: the sets of so many of its cells without which it can stand
# alone. Sizes below the smallest possible have none; each size is worked out when asked for.
part_releases <- function(problem, cells, g, search) {
  own <- which(cells$group == g)
  known <- list()
  function(size) {
    if (size > length(own)) return(list())
    name <- as.character(size)
    if (is.null(known[[name]])) {
      sets <- lapply(utils::combn(length(own), size, simplify = FALSE), function(s) own[s])
      known[[name]] <<- list(Filter(function(set) {
        alone <- release_cells(problem, cells[set, ])$curves[[g]]
        !isFALSE(stands_alone(alone, search))
      }, sets))
    }
    known[[name]][[1]]
  }
}

release_cells <- function(problem, cells) {
  for (i in seq_len(nrow(cells))) {
    name <- sub(".", "_", cells$cell[i], fixed = TRUE)
    for (edge in c("_low", "_high")) problem$curves[[cells$group[i]]][[paste0(name, edge)]][cells$j[i]] <- NA_real_
  }
  problem$groups <- problem$curves[names(problem$groups)]
  if (!is.null(problem$pooled_name)) problem$pooled <- problem$curves[[problem$pooled_name]]
  problem
}

works <- function(problem, cells, search) decide(release_cells(problem, cells), search)

# What released cells should have read: their values over all solutions of the rest. Where those are
# too many to visit within `value_steps`, that is said instead.
value_steps <- 5e7

describe_release <- function(problem, cells, set, search) {
  freed <- release_cells(problem, cells)
  core <- tryCatch(
    run_search(freed, utils::modifyList(search, list(solutions = 0)), value_steps, TRUE),
    cryonodes_error_work = function(e) NULL, cryonodes_error_memory = function(e) NULL
  )
  names <- curve_names(problem)
  printed <- function(i, what) {
    row <- problem$table[problem$table$group == cells$group[i] & problem$table$time == problem$times[cells$j[i]], ]
    row[[what]]
  }
  top <- if (max(problem$table$estimate, na.rm = TRUE) > 1) 100 else 1
  reads <- vapply(seq_len(nrow(cells)), function(i) {
    if (is.null(core)) return("not determined: too many solutions to visit")
    field <- sub(".", "_", cells$cell[i], fixed = TRUE)
    v <- core[[field]][[3 * (cells$j[i] - 1) + match(cells$group[i], names)]]
    read_values(v, top, printed(i, "decimals"))
  }, "")
  data.frame(
    set = set, group = cells$group, time = problem$times[cells$j], cell = cells$cell,
    printed = vapply(seq_len(nrow(cells)), function(i) printed(i, cells$cell[i]), 0), reads = reads,
    n_solutions = if (is.null(core)) NA_real_ else core$n_solutions, row.names = NULL, stringsAsFactors = FALSE
  )
}

read_values <- function(v, top, decimals) {
  if (!is.finite(v$low)) return("undefined (rate 0)")
  if (!v$all) return(paste0(format_fixed(top * v$low, decimals), " to ", format_fixed(top * v$high, decimals)))
  values <- unique(format_fixed(sort(top * v$values), decimals))
  if (length(values) <= 8) return(paste(values, collapse = " or "))
  paste0(values[1], " to ", values[length(values)], " (", length(values), " values)")
}
