// Small published tables with hostile numbers in their cells and facts through both searches of reconstruct.hpp. Only
// two endings are allowed: a result that keeps the invariants below, or a cryonodes::error.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "cryonodes/reconstruct.hpp"
#include "fuzz_bytes.hpp"

namespace {

using namespace cryonodes;

// Most cells must be of the kind that small tables print, or every input would end without a solution.
PrintedCell cell(Reader& options, Reader& numbers, bool hostile) {
  const int kind = options.byte() % 8;
  const double printed = static_cast<double>(options.byte() % 21) / 20.0;
  if (kind < 3)
    return {};
  if (hostile && kind == 7) {
    const double low = numbers.number();
    return {true, low, numbers.number()};
  }
  return {true, printed - 0.025 * kind, printed + 0.025 * kind};
}

PrintedCurve curve(Reader& options, Reader& numbers, bool hostile, int n, std::size_t landmarks) {
  PrintedCurve out;
  out.n = n;
  for (std::size_t j = 0; j < landmarks; ++j) {
    out.estimate.push_back(cell(options, numbers, hostile));
    out.std_error.push_back(cell(options, numbers, hostile));
  }
  for (auto* facts : {&out.n_risk, &out.events}) {
    if (options.byte() % 4 != 0)
      continue;
    for (std::size_t j = 0; j < landmarks; ++j)
      facts->push_back(options.byte() % 6 - 1);
    if (hostile && options.byte() % 8 == 0)
      facts->back() = options.byte() % 2 ? 2147483647 : -2147483647 - 1;
    if (hostile && options.byte() % 32 == 0)
      facts->pop_back(); // refused
  }
  if (options.byte() % 8 == 0)
    out.total_events = options.byte() % 8;
  return out;
}

// S and Greenwood's variance by the recursion V' = V (1 - 1/r)^2 + S^2 (r - 1) / r^3.
struct Rate {
  double s = 1.0, v = 0.0;
  void event_at(int r) {
    const double k = r;
    v = v * (1 - 1 / k) * (1 - 1 / k) + s * s * (k - 1) / (k * k * k);
    s = r == 1 ? 0.0 : s * (1 - 1 / k);
  }
};

int fact(const std::vector<int>& v, std::size_t j) {
  return v.empty() ? -1 : v[j];
}

void must_print(const PrintedCurve& curve, std::size_t j, const Rate& rate, int events, int least, int most) {
  const double slack = 2e-11; // that of the header, and rounding
  const PrintedCell &s = curve.estimate[j], &se = curve.std_error[j];
  must(!s.given || (rate.s >= s.low - slack && rate.s <= s.high + slack), "a listed solution prints its estimates");
  if (se.given && rate.s > 0.0)
    must(std::sqrt(rate.v) >= se.low - slack && std::sqrt(rate.v) <= se.high + slack,
         "a listed solution prints its standard errors");
  must(!se.given || rate.s > 0.0 || se.low <= 0.0, "a standard error > 0 needs an estimate > 0");
  must(fact(curve.events, j) < 0 || events == curve.events[j], "a listed solution has the known events");
  must(curve.total_events < 0 || events <= curve.total_events, "a listed solution has no more events than there were");
  const int known = fact(curve.n_risk, j);
  must(known < 0 || (least <= known && known <= most), "a known number at risk lies between the events beside it");
}

void must_be_solution(const ReconstructProblem& p, const ReconstructResult& found,
                      const std::vector<StructureEvent>& events) {
  const std::size_t landmarks = p.groups[0].estimate.size();
  int a = p.groups[0].n, b = p.groups.size() > 1 ? p.groups[1].n : 0;
  const int width = b + 1;
  std::array<Rate, 3> rate;
  std::array<int, 3> d = {0, 0, 0};
  std::size_t i = 0;
  for (std::size_t j = 0; j < landmarks; ++j) {
    for (; i < events.size() && events[i].interval == static_cast<int>(j); ++i) {
      const StructureEvent& e = events[i];
      must(e.group == 0 || e.group == 1, "an event is of one of the groups");
      const std::size_t g = e.group == 0 ? 0 : 1;
      must(e.a >= 0 && e.b >= 0 && e.a <= a && e.b <= b, "numbers at risk do not rise");
      must((g == 0 ? e.a : e.b) >= 1, "who has the event was at risk");
      rate[g].event_at(g == 0 ? e.a : e.b);
      rate[2].event_at(e.a + e.b);
      a = e.a - (g == 0);
      b = e.b - (g == 1);
      ++d[g];
      ++d[2];
    }
    const bool more = i < events.size();
    const std::array<int, 3> most = {a, b, a + b};
    const std::array<int, 3> least =
        more ? std::array<int, 3>{events[i].a, events[i].b, events[i].a + events[i].b} : std::array<int, 3>{0, 0, 0};
    for (std::size_t c = 0; c < 3; ++c) {
      if (c < p.groups.size() || (c == 2 && p.has_pooled))
        must_print(c == 2 ? p.pooled : p.groups[c], j, rate[c], d[c], least[c], most[c]);
      must(found.events[j][c].low <= d[c] && d[c] <= found.events[j][c].high,
           "the ranges hold every solution's events");
      must(found.n_risk[j][c].low <= most[c] && found.n_risk[j][c].high >= least[c],
           "the ranges leave every solution a number at risk");
      must(found.n_risk[j][c].low >= 0 && found.n_risk[j][c].low <= found.n_risk[j][c].high, "a range is not empty");
    }
    must(p.allowed_events.empty() || p.allowed_events[j].empty() ||
             p.allowed_events[j][static_cast<std::size_t>(d[0] * width + d[1])],
         "a listed solution has allowed numbers of events");
  }
  must(i == events.size(), "events run by interval");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The last third decides what there is; the doubles before it stay where the driver put them.
  if (size < 30)
    return 0;
  const std::size_t cut = size - size / 3;
  Reader numbers{data, cut}, options{data + cut, size - cut};
  ReconstructProblem p;
  const bool two = options.byte() % 4 != 0, hostile = options.byte() % 2 == 0;
  const std::size_t landmarks = 1 + options.byte() % 3U;
  const int na = options.byte() % (two ? 4 : 7), nb = two ? options.byte() % 4 : 0;
  p.groups.push_back(curve(options, numbers, hostile, na, landmarks));
  if (two)
    p.groups.push_back(curve(options, numbers, hostile, nb, landmarks));
  p.has_pooled = two && options.byte() % 4 != 0;
  if (p.has_pooled)
    p.pooled = curve(options, numbers, hostile, 0, landmarks);
  if (options.byte() % 4 == 0) {
    p.allowed_events.resize(landmarks);
    for (auto& allowed : p.allowed_events)
      for (int i = options.byte() % 2 ? (na + 1) * (nb + 1) : 0; i > 0; --i)
        allowed.push_back(static_cast<char>(options.byte() % 4 != 0));
  }
  ReconstructOptions o;
  o.max_solutions = options.byte() % 40U;
  o.max_states = hostile ? 1 + options.byte() * 16U : 100000;
  o.max_steps = 16384;
  o.values = options.byte() % 2 == 0;
  o.seed = options.byte();

  // Each search may give up; if neither does, they agree.
  ReconstructResult found;
  int counted = -1, first = -1;
  try {
    found = reconstruct(p, o);
    counted = found.n_solutions > 0;
  } catch (const error&) {
  }
  try {
    first = reconstructible(p, o);
  } catch (const error&) {
  }
  must(counted < 0 || first < 0 || counted == first, "there is a first solution where there are any");
  if (counted < 0)
    return 0;

  must(found.drawn == (found.n_solutions > o.max_solutions), "what is not listed whole is drawn");
  must(found.solutions.size() == (found.drawn ? o.max_solutions : found.n_solutions), "as many are listed as said");
  must(found.events.size() == landmarks && found.n_risk.size() == landmarks, "one range per landmark");
  std::set<std::vector<std::array<int, 4>>> different;
  for (const auto& events : found.solutions) {
    must_be_solution(p, found, events);
    std::vector<std::array<int, 4>> plain;
    for (const StructureEvent& e : events)
      plain.push_back({e.interval, e.group, e.a, e.b});
    different.insert(plain);
  }
  must(found.drawn || different.size() == found.n_solutions, "no solution is listed twice");
  return 0;
}
