# Sentences in the language of a report. All words stand in inst/rules/texts.csv; here they are put together.

# The sentence of a key; {name} in it is replaced by the value of that name, which may be a vector. Numbers get the
# decimal mark of tables, NULL is nothing. Values are not read again: braces in a label stay braces.
say <- function(lang, key, ...) {
  texts <- read_rules("texts")
  text <- texts[[lang]][texts$key == key]
  stopifnot(length(text) == 1)
  values <- lapply(list(...), function(x) if (is.numeric(x)) in_mark(vapply(x, number_text, "")) else x %||% "")
  at <- gregexpr("[{][a-z]+[}]", text)
  between <- regmatches(text, at, invert = TRUE)[[1]]
  names <- gsub("[{}]", "", regmatches(text, at)[[1]])
  stopifnot(setequal(names, names(values)))
  parts <- rbind(as.list(between), c(unname(values[names]), list("")))
  do.call(paste0, as.vector(parts))
}

# A word of the rules, the records or a method, by its English. What has no translation stays: the user's own labels.
word_in <- function(lang, x) {
  words <- read_rules("texts")
  words <- words[startsWith(words$key, "word."), ]
  k <- match(x, words$en)
  ifelse(is.na(k), x, words[[lang]][k])
}

# "3 lesions"; in French nothing and one are singular.
count_in <- function(lang, n, unit) {
  one <- if (lang == "fr") n < 2 else n == 1
  ifelse(one, say(lang, paste0("count.", unit, ".one"), n = n), say(lang, paste0("count.", unit, ".many"), n = n))
}

list_in <- function(lang, x, last = "and") {
  if (length(x) < 2) return(x)
  paste0(paste(x[-length(x)], collapse = ", "), say(lang, paste0("list.", last)), x[length(x)])
}

lower_first <- function(x) paste0(tolower(substr(x, 1, 1)), substring(x, 2))

# Events of a rule: "LTP or death".
events_in <- function(lang, events) paste(word_in(lang, allowed_values(events)), collapse = say(lang, "list.or"))
