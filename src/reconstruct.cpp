#include "glue.h"

#include <string>

namespace {

std::vector<cryonodes::PrintedCell> cells(Rcpp::NumericVector low, Rcpp::NumericVector high) {
  std::vector<cryonodes::PrintedCell> out(static_cast<std::size_t>(low.size()));
  for (R_xlen_t j = 0; j < low.size(); ++j)
    if (!Rcpp::NumericVector::is_na(low[j]))
      out[static_cast<std::size_t>(j)] = {true, low[j], high[j]};
  return out;
}

cryonodes::PrintedCurve curve(Rcpp::List x) {
  cryonodes::PrintedCurve out;
  out.n = Rcpp::as<int>(x["n"]);
  out.estimate = cells(x["estimate_low"], x["estimate_high"]);
  out.std_error = cells(x["std_error_low"], x["std_error_high"]);
  out.n_risk = Rcpp::as<std::vector<int>>(x["n_risk"]);
  out.events = Rcpp::as<std::vector<int>>(x["events"]);
  out.total_events = Rcpp::as<int>(x["total_events"]);
  return out;
}

cryonodes::ReconstructProblem problem(Rcpp::List groups, Rcpp::List pooled, Rcpp::List allowed) {
  cryonodes::ReconstructProblem out;
  for (R_xlen_t g = 0; g < groups.size(); ++g)
    out.groups.push_back(curve(groups[g]));
  out.has_pooled = pooled.size() > 0;
  if (out.has_pooled)
    out.pooled = curve(pooled);
  for (R_xlen_t j = 0; j < allowed.size(); ++j) {
    const Rcpp::LogicalVector here = allowed[j];
    std::vector<char> flags;
    for (int flag : here)
      flags.push_back(flag == TRUE);
    out.allowed_events.push_back(flags);
  }
  return out;
}

Rcpp::IntegerMatrix ranges(const std::vector<std::array<cryonodes::Range, 3>>& x, bool any) {
  Rcpp::IntegerMatrix out(static_cast<int>(x.size()), 6);
  for (std::size_t j = 0; j < x.size(); ++j)
    for (std::size_t c = 0; c < 3; ++c) {
      out(static_cast<int>(j), static_cast<int>(2 * c)) = any ? x[j][c].low : NA_INTEGER;
      out(static_cast<int>(j), static_cast<int>(2 * c + 1)) = any ? x[j][c].high : NA_INTEGER;
    }
  return out;
}

Rcpp::List values(const std::vector<std::array<cryonodes::Values, 3>>& x) {
  Rcpp::List out;
  for (const auto& landmark : x)
    for (const auto& v : landmark) {
      std::vector<double> all;
      for (std::int64_t b : v.billionths)
        all.push_back(static_cast<double>(b) * 1e-9);
      out.push_back(Rcpp::List::create(Rcpp::_["low"] = v.low, Rcpp::_["high"] = v.high, Rcpp::_["all"] = v.all,
                                       Rcpp::_["values"] = all));
    }
  return out;
}

} // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List reconstruct_cpp(Rcpp::List groups, Rcpp::List pooled, Rcpp::List allowed, double max_solutions,
                           double max_states, double max_steps, bool want_values, double seed,
                           Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::ReconstructOptions options;
  options.max_solutions = static_cast<std::size_t>(max_solutions);
  options.max_states = static_cast<std::size_t>(max_states);
  options.max_steps = static_cast<std::uint64_t>(max_steps);
  options.values = want_values;
  options.seed = static_cast<std::uint64_t>(seed);
  const auto found = cryonodes::reconstruct(problem(groups, pooled, allowed), options, glue::RPoll(progress));
  std::vector<int> solution, interval, group, a, b;
  for (std::size_t i = 0; i < found.solutions.size(); ++i)
    for (const auto& event : found.solutions[i]) {
      solution.push_back(static_cast<int>(i) + 1);
      interval.push_back(event.interval + 1);
      group.push_back(event.group + 1);
      a.push_back(event.a);
      b.push_back(event.b);
    }
  const bool any = found.n_solutions > 0;
  return Rcpp::List::create(
      Rcpp::_["n_solutions"] = static_cast<double>(found.n_solutions),
      Rcpp::_["n_solutions_text"] = std::to_string(found.n_solutions),
      Rcpp::_["saturated"] = found.n_solutions == std::numeric_limits<std::uint64_t>::max(),
      Rcpp::_["drawn"] = found.drawn, Rcpp::_["n_listed"] = static_cast<double>(found.solutions.size()),
      Rcpp::_["solution"] = solution, Rcpp::_["interval"] = interval, Rcpp::_["group"] = group, Rcpp::_["a"] = a,
      Rcpp::_["b"] = b, Rcpp::_["events"] = ranges(found.events, any), Rcpp::_["n_risk"] = ranges(found.n_risk, any),
      Rcpp::_["estimate"] = values(found.estimate), Rcpp::_["std_error"] = values(found.std_error),
      Rcpp::_["steps"] = static_cast<double>(found.steps));
}

// [[Rcpp::export(rng = false)]]
bool reconstructible_cpp(Rcpp::List groups, Rcpp::List pooled, Rcpp::List allowed, double max_states,
                         double max_steps, Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::ReconstructOptions options;
  options.max_states = static_cast<std::size_t>(max_states);
  options.max_steps = static_cast<std::uint64_t>(max_steps);
  return cryonodes::reconstructible(problem(groups, pooled, allowed), options, glue::RPoll(progress));
}
