#include "cryonodes/reconstruct.hpp"

#include "catch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace cryonodes;
using Sequence = std::vector<std::array<int, 4>>; // interval, group, a, b
using Marks = std::vector<std::array<int, 2>>;    // a, b

namespace {

PrintedCell between(double low, double high) {
  return {true, low, high};
}
PrintedCell about(double value, double half) {
  return between(value - half, value + half);
}

PrintedCurve open_curve(int n, std::size_t landmarks) {
  PrintedCurve c;
  c.n = n;
  c.estimate.resize(landmarks);
  c.std_error.resize(landmarks);
  return c;
}

ReconstructProblem one_group(int n, std::size_t landmarks) {
  ReconstructProblem p;
  p.groups = {open_curve(n, landmarks)};
  return p;
}

ReconstructProblem two_groups(int a, int b, std::size_t landmarks, bool pooled) {
  ReconstructProblem p;
  p.groups = {open_curve(a, landmarks), open_curve(b, landmarks)};
  p.has_pooled = pooled;
  if (pooled)
    p.pooled = open_curve(a + b, landmarks);
  return p;
}

Sequence plain(const std::vector<StructureEvent>& events) {
  Sequence out;
  for (const StructureEvent& e : events)
    out.push_back({e.interval, e.group, e.a, e.b});
  return out;
}

std::set<Sequence> listed(const ReconstructResult& found) {
  std::set<Sequence> out;
  for (const auto& events : found.solutions)
    out.insert(plain(events));
  return out;
}

// The product-limit estimate and Greenwood's variance from numbers at risk, the variance by its recursion
// V' = V (1 - 1/r)^2 + S^2 (r - 1) / r^3, which stays defined where S falls to 0.
struct Rate {
  long double s = 1.0L, v = 0.0L;
  void event_at(int r) {
    const long double k = r;
    v = v * (1 - 1 / k) * (1 - 1 / k) + s * s * (k - 1) / (k * k * k);
    s = r == 1 ? 0.0L : s * (1 - 1 / k);
  }
  double estimate() const { return static_cast<double>(s); }
  double std_error() const { return static_cast<double>(std::sqrt(v)); }
};

bool prints(const Rate& rate, const PrintedCurve& curve, std::size_t j, int events) {
  const long double slack = 1e-11L; // the header accepts what lies this near to a limit
  const PrintedCell &e = curve.estimate[j], &se = curve.std_error[j];
  if (e.given && (rate.s < e.low - slack || rate.s > e.high + slack))
    return false;
  if (se.given && rate.s > 0 && (std::sqrt(rate.v) < se.low - slack || std::sqrt(rate.v) > se.high + slack))
    return false;
  if (se.given && !(rate.s > 0) && se.low > 0) // undefined at S = 0; some print 0
    return false;
  if (!curve.events.empty() && curve.events[j] >= 0 && events != curve.events[j])
    return false;
  return curve.total_events < 0 || events <= curve.total_events;
}

// Every event sequence there is, one after the other, tried against the cells at the end of each interval and
// against the known numbers at risk when it is complete. Nothing is shared, nothing bounded.
class Brute {
public:
  explicit Brute(const ReconstructProblem& p) : p_(p), landmarks_(p.groups[0].estimate.size()) {
    events.resize(landmarks_);
    n_risk.resize(landmarks_);
    estimate.resize(landmarks_);
    std_error.resize(landmarks_);
    n_ = {p.groups[0].n, p.groups.size() > 1 ? p.groups[1].n : 0};
    Sequence path;
    std::vector<std::array<Rate, 3>> rates;
    interval(0, n_, path, {}, rates);
  }

  std::set<Sequence> solutions;
  std::vector<std::array<Range, 3>> events, n_risk;
  std::vector<std::array<std::set<double>, 3>> estimate, std_error;

private:
  void interval(std::size_t j, std::array<int, 2> at, Sequence& path, const std::array<Rate, 3>& now,
                std::vector<std::array<Rate, 3>>& rates) {
    if (j == landmarks_) {
      keep(path, rates);
      return;
    }
    if (fits(j, path, now)) {
      rates.push_back(now);
      interval(j + 1, at, path, now, rates);
      rates.pop_back();
    }
    for (int group = 0; group < 2; ++group)
      for (int a = at[0]; a >= 0; --a)
        for (int b = at[1]; b >= 0; --b) {
          if ((group == 0 ? a : b) == 0)
            continue;
          auto next = now;
          next[group == 0 ? 0 : 1].event_at(group == 0 ? a : b);
          next[2].event_at(a + b);
          path.push_back({static_cast<int>(j), group, a, b});
          interval(j, {a - (group == 0), b - (group == 1)}, path, next, rates);
          path.pop_back();
        }
  }

  static std::array<int, 3> count(const Sequence& path, int last) {
    std::array<int, 3> out = {0, 0, 0};
    for (const auto& e : path)
      if (e[0] <= last) {
        ++out[e[1] == 0 ? 0 : 1];
        ++out[2];
      }
    return out;
  }

  bool fits(std::size_t j, const Sequence& path, const std::array<Rate, 3>& now) const {
    const auto d = count(path, static_cast<int>(j));
    if (!prints(now[0], p_.groups[0], j, d[0]))
      return false;
    if (p_.groups.size() > 1 && !prints(now[1], p_.groups[1], j, d[1]))
      return false;
    if (p_.has_pooled && !prints(now[2], p_.pooled, j, d[2]))
      return false;
    return p_.allowed_events.empty() || p_.allowed_events[j].empty() ||
           p_.allowed_events[j][static_cast<std::size_t>(d[0] * (n_[1] + 1) + d[1])];
  }

  // Numbers at risk at each landmark that the events before and after it and the known numbers leave.
  void at_risk(const Sequence& path, std::size_t j, std::array<int, 2> at, Marks& marks, std::set<Marks>& out) const {
    if (j == landmarks_) {
      out.insert(marks);
      return;
    }
    for (const auto& e : path)
      if (e[0] == static_cast<int>(j)) {
        if (e[2] > at[0] || e[3] > at[1])
          return;
        at = {e[2] - (e[1] == 0), e[3] - (e[1] == 1)};
      }
    const auto known = [j](const PrintedCurve& c, int x) {
      return c.n_risk.empty() || c.n_risk[j] < 0 || c.n_risk[j] == x;
    };
    for (int a = 0; a <= at[0]; ++a)
      for (int b = 0; b <= at[1]; ++b) {
        if (!known(p_.groups[0], a) || (p_.groups.size() > 1 && !known(p_.groups[1], b)) ||
            (p_.has_pooled && !known(p_.pooled, a + b)))
          continue;
        marks.push_back({a, b});
        at_risk(path, j + 1, {a, b}, marks, out);
        marks.pop_back();
      }
  }

  void keep(const Sequence& path, const std::vector<std::array<Rate, 3>>& rates) {
    std::set<Marks> all;
    Marks marks;
    at_risk(path, 0, n_, marks, all);
    if (all.empty())
      return;
    solutions.insert(path);
    for (const Marks& m : all)
      for (std::size_t j = 0; j < landmarks_; ++j) {
        n_risk[j][0].add(m[j][0]);
        n_risk[j][1].add(m[j][1]);
        n_risk[j][2].add(m[j][0] + m[j][1]);
      }
    for (std::size_t j = 0; j < landmarks_; ++j)
      for (std::size_t c = 0; c < 3; ++c) {
        events[j][c].add(count(path, static_cast<int>(j))[c]);
        estimate[j][c].insert(rates[j][c].estimate());
        if (rates[j][c].s > 0)
          std_error[j][c].insert(rates[j][c].std_error());
      }
  }

  const ReconstructProblem& p_;
  std::size_t landmarks_;
  std::array<int, 2> n_{};
};

bool same(const Range& x, const Range& y) {
  return x.low == y.low && x.high == y.high;
}

// Equal as sets, each number to within the billionth that the header collects them by.
bool same(const Values& found, const std::set<double>& truth) {
  if (!found.all || found.billionths.empty() != truth.empty())
    return false;
  const double billionth = 1.0001e-9;
  for (const double x : truth) {
    const auto at = found.billionths.lower_bound(std::llround(x * 1e9) - 1);
    if (at == found.billionths.end() || std::fabs(static_cast<double>(*at) * 1e-9 - x) > billionth)
      return false;
  }
  for (const std::int64_t b : found.billionths) {
    const auto at = truth.lower_bound(static_cast<double>(b) * 1e-9 - billionth);
    if (at == truth.end() || *at > static_cast<double>(b) * 1e-9 + billionth)
      return false;
  }
  return truth.empty() || (std::fabs(found.low - *truth.begin()) < 1e-12 && // doubles against long doubles
                           std::fabs(found.high - *truth.rbegin()) < 1e-12);
}

class Draw {
public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}
  int from(int low, int high) { return low + static_cast<int>(random_() % static_cast<std::uint32_t>(high - low + 1)); }
  bool one_in(int k) { return from(1, k) == 1; }

private:
  std::mt19937 random_;
};

// What a paper would print of a random course of events: some cells, now and then a wrong one, and facts.
ReconstructProblem random_problem(Draw& draw, bool two, bool n_risk_facts) {
  const int landmarks = draw.from(1, 3);
  int na = draw.from(1, 8), nb = 0;
  if (two) {
    na = draw.from(1, 4);
    nb = draw.from(0, 3);
  }
  const std::size_t marks = static_cast<std::size_t>(landmarks);
  ReconstructProblem p = two ? two_groups(na, nb, marks, !draw.one_in(5)) : one_group(na, marks);

  // The course: at every landmark the rates, events and numbers at risk of the three curves.
  std::array<int, 2> at = {na, nb};
  std::array<Rate, 3> rate;
  std::array<int, 3> d = {0, 0, 0};
  const auto cell = [&](double truth, double half) {
    if (draw.one_in(3))
      return PrintedCell{};
    const double step = 2 * half, printed = step * std::floor(truth / step + 0.5);
    return about(draw.one_in(20) ? printed + step * draw.from(-3, 3) : printed, half);
  };
  const int digits = draw.from(0, 3), certain = draw.from(1, 3), busy = draw.from(1, 4);
  const double half = digits == 0 ? 0.25 : digits == 1 ? 0.05 : digits == 2 ? 0.005 : 0.0005;
  for (std::size_t j = 0; j < marks; ++j) {
    while (at[0] + at[1] > 0 && draw.from(0, busy) > 0) {
      if (draw.one_in(3)) // somebody leaves
        at[0] > 0 && (at[1] == 0 || draw.one_in(2)) ? --at[0] : --at[1];
      if (at[0] + at[1] == 0)
        break;
      const std::size_t group = at[0] > 0 && (at[1] == 0 || draw.one_in(2)) ? 0 : 1;
      rate[group].event_at(at[group]);
      rate[2].event_at(at[0] + at[1]);
      --at[group];
      ++d[group];
      ++d[2];
    }
    for (std::size_t c = 0; c < 3; ++c) {
      if (c == 1 ? !two : c == 2 ? !p.has_pooled : false)
        continue;
      PrintedCurve& curve = c == 2 ? p.pooled : p.groups[c];
      curve.estimate[j] = cell(rate[c].estimate(), half);
      if (rate[c].s > 0)
        curve.std_error[j] = cell(rate[c].std_error(), half);
      else if (draw.one_in(4))
        curve.std_error[j] = between(0, half);
      if (draw.one_in(8) || !curve.events.empty()) {
        curve.events.resize(marks, -1);
        curve.events[j] = draw.one_in(3) ? -1 : d[c] + (draw.one_in(15) ? draw.from(-1, 1) : 0);
      }
      if (n_risk_facts && (draw.one_in(certain) || !curve.n_risk.empty())) {
        curve.n_risk.resize(marks, -1);
        curve.n_risk[j] =
            draw.one_in(3) ? -1
                           : std::max(0, (c == 2 ? at[0] + at[1] : at[c]) + (draw.one_in(12) ? draw.from(-1, 1) : 0));
      }
      if (j + 1 == marks && draw.one_in(6))
        curve.total_events = d[c] + draw.from(-1, 2) < 0 ? 0 : d[c] + draw.from(0, 2) - (draw.one_in(4) ? 1 : 0);
    }
    if (draw.one_in(8) || !p.allowed_events.empty()) {
      p.allowed_events.resize(marks);
      auto& allowed = p.allowed_events[j];
      for (int i = 0; i < (na + 1) * (nb + 1); ++i)
        allowed.push_back(static_cast<char>(draw.from(0, 2) > 0));
      if (!draw.one_in(10))
        allowed[static_cast<std::size_t>(d[0] * (nb + 1) + d[1])] = 1;
    }
  }
  return p;
}

// Compares everything reconstruct() says with the brute force; the number of solutions.
std::size_t compare(const ReconstructProblem& p, std::uint32_t seed) {
  ReconstructOptions options;
  options.max_solutions = 100000;
  options.values = true;
  const Brute truth(p);
  const ReconstructResult found = reconstruct(p, options);
  INFO("seed " << seed);
  CHECK(found.n_solutions == truth.solutions.size());
  CHECK(reconstructible(p) == !truth.solutions.empty());
  CHECK_FALSE(found.drawn);
  CHECK(found.solutions.size() == truth.solutions.size()); // with the next line: none is listed twice
  CHECK(listed(found) == truth.solutions);
  for (std::size_t j = 0; j < truth.events.size(); ++j)
    for (std::size_t c = 0; c < 3; ++c) {
      INFO("landmark " << j << ", curve " << c);
      CHECK(same(found.events[j][c], truth.events[j][c]));
      INFO("n_risk " << found.n_risk[j][c].low << "-" << found.n_risk[j][c].high << " instead of "
                     << truth.n_risk[j][c].low << "-" << truth.n_risk[j][c].high);
      CHECK(same(found.n_risk[j][c], truth.n_risk[j][c]));
      CHECK(same(found.estimate[j][c], truth.estimate[j][c]));
      CHECK(same(found.std_error[j][c], truth.std_error[j][c]));
    }
  return truth.solutions.size();
}

struct Tally {
  int none = 0, one = 0, many = 0;
  void add(std::size_t solutions) { ++(solutions == 0 ? none : solutions == 1 ? one : many); }
};

// Overall survival as printed in percent for 29 patients, 20 with loco-regional and 9 with oligo-metastatic disease.
// What is printed as v may be anything from v - 0.05 to v + above.
ReconstructProblem overall_survival(double above) {
  ReconstructProblem p = two_groups(20, 9, 3, true);
  const auto fill = [above](PrintedCurve& c, const std::array<double, 3>& s, const std::array<double, 3>& se) {
    for (std::size_t j = 0; j < 3; ++j) {
      c.estimate[j] = between((s[j] - 0.05) / 100, (s[j] + above) / 100);
      c.std_error[j] = between((se[j] - 0.05) / 100, (se[j] + above) / 100);
    }
  };
  fill(p.groups[0], {100, 90.9, 80.8}, {0, 8.7, 12.2});
  fill(p.groups[1], {88.9, 88.9, 44.4}, {10.5, 10.5, 22.8});
  fill(p.pooled, {96.2, 90.5, 70}, {3.7, 6.5, 11.6});
  return p;
}

// Nothing is printed but the sizes: everything is a solution, and too much to visit.
ReconstructProblem heavy() {
  return two_groups(200, 100, 2, true);
}

bool refused(const ReconstructProblem& p) {
  int times = 0;
  for (const bool all : {true, false})
    try {
      all ? (void)reconstruct(p) : (void)reconstructible(p);
    } catch (const input_error&) {
      ++times;
    }
  return times == 2;
}

} // namespace

TEST_CASE("one group: count, list, ranges and values are those of a search over every sequence") {
  Tally tally;
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    Draw draw(seed);
    tally.add(compare(random_problem(draw, false, false), seed));
  }
  CHECK(std::min({tally.none, tally.one, tally.many}) >= 100); // all three kinds were tried
}

TEST_CASE("two groups: count, list, ranges and values are those of a search over every sequence") {
  Tally tally;
  for (std::uint32_t seed = 1001; seed <= 2500; ++seed) {
    Draw draw(seed);
    tally.add(compare(random_problem(draw, true, false), seed));
  }
  CHECK(std::min({tally.none, tally.one, tally.many}) >= 100);
}

TEST_CASE("known numbers at risk keep the sequences for which somebody can have left in between") {
  Tally one, two;
  for (std::uint32_t seed = 3001; seed <= 3500; ++seed) {
    Draw draw(seed);
    one.add(compare(random_problem(draw, false, true), seed));
  }
  for (std::uint32_t seed = 4001; seed <= 5500; ++seed) {
    Draw draw(seed);
    two.add(compare(random_problem(draw, true, true), seed));
  }
  CHECK(std::min({one.none, one.one, one.many, two.none, two.one, two.many}) >= 40);
}

TEST_CASE("overall survival, rounded or cut: three structures by hand") {
  // 25/26 for the cohort, 8/9 for B; then 16/17 and 10/11 for A; then 13/14 11/12 10/11, where A has 8/9 and B
  // 3/4 2/3, in any order of A's event.
  const std::set<Sequence> by_hand = {
      {{0, 1, 17, 9}, {1, 0, 11, 6}, {2, 0, 9, 5}, {2, 1, 8, 4}, {2, 1, 8, 3}},
      {{0, 1, 17, 9}, {1, 0, 11, 6}, {2, 1, 10, 4}, {2, 0, 9, 3}, {2, 1, 8, 3}},
      {{0, 1, 17, 9}, {1, 0, 11, 6}, {2, 1, 10, 4}, {2, 1, 9, 3}, {2, 0, 9, 2}},
  };
  const auto p = overall_survival(0.1);
  const auto found = reconstruct(p);
  CHECK(found.n_solutions == 3);
  CHECK(listed(found) == by_hand);
  CHECK(reconstructible(p));
  const std::array<std::array<int, 3>, 3> events = {{{0, 1, 1}, {1, 1, 2}, {2, 3, 5}}};
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(found.events[j][c].low == events[j][c]);
      CHECK(found.events[j][c].high == events[j][c]);
    }
  // At 24 months: 10 and 6 after the event before; 14 at the event after, 9 and 5 or 10 and 4 of them.
  CHECK(found.n_risk[1][0].low == 9);
  CHECK(found.n_risk[1][0].high == 10);
  CHECK(found.n_risk[1][1].low == 4);
  CHECK(found.n_risk[1][1].high == 6);
  CHECK(found.n_risk[1][2].low == 14);
  CHECK(found.n_risk[1][2].high == 16);
}

TEST_CASE("overall survival, rounded half up: impossible, because the first standard error is 3.77") {
  auto p = overall_survival(0.05);
  CHECK(reconstruct(p).n_solutions == 0);
  CHECK(reconstruct(p).solutions.empty());
  CHECK_FALSE(reconstructible(p));
  p.pooled.std_error[0] = about(std::sqrt(25.0 / (26.0 * 26 * 26)), 1e-6); // S = 25/26, S^2 / (26 * 25)
  CHECK(reconstruct(p).n_solutions == 3);
  CHECK(reconstructible(p));
}

TEST_CASE("a tie of d at r is found as d events at r, r - 1, ...") {
  // Three of ten at once: S = 7/10, Greenwood's sum 3 / (10 * 7).
  auto p = one_group(10, 1);
  p.groups[0].estimate[0] = about(0.7, 1e-9);
  p.groups[0].std_error[0] = about(0.7 * std::sqrt(3.0 / 70), 1e-9);
  const Sequence tie = {{0, 0, 10, 0}, {0, 0, 9, 0}, {0, 0, 8, 0}};
  CHECK(listed(reconstruct(p)).count(tie) == 1);
  // Two of each group of 3 + 5 at once: pooled 4/8, 4 / (8 * 4).
  auto two = two_groups(3, 5, 1, true);
  two.groups[0].estimate[0] = about(1.0 / 3, 1e-9);
  two.groups[0].std_error[0] = about(std::sqrt(2.0 / 3) / 3, 1e-9);
  two.groups[1].estimate[0] = about(3.0 / 5, 1e-9);
  two.groups[1].std_error[0] = about(0.6 * std::sqrt(2.0 / 15), 1e-9);
  two.pooled.estimate[0] = about(0.5, 1e-9);
  two.pooled.std_error[0] = about(0.5 * std::sqrt(0.125), 1e-9);
  // Nobody can leave: the order of four events, two of each group.
  CHECK(reconstruct(two).n_solutions == 6);
}

TEST_CASE("a curve that falls to 0 has no standard error, or one printed as 0") {
  auto p = one_group(3, 1);
  p.groups[0].estimate[0] = between(0, 0);
  CHECK(reconstruct(p).n_solutions == 4); // any of 3 and 2, then 1
  p.groups[0].std_error[0] = between(0, 0);
  CHECK(reconstruct(p).n_solutions == 4);
  CHECK(reconstructible(p));
  p.groups[0].std_error[0] = between(0.04, 0.06);
  CHECK(reconstruct(p).n_solutions == 0);
  CHECK_FALSE(reconstructible(p));

  // Nothing can follow in the group, everything in the other.
  auto two = two_groups(1, 2, 2, true);
  two.groups[0].estimate[0] = between(0, 0);
  two.groups[1].estimate[0] = between(1, 1);
  two.groups[1].estimate[1] = between(0, 0);
  // The one of A dies while 0, 1 or 2 of B are there; then B's 2 and 1, or 1 alone.
  const std::set<Sequence> by_hand = {
      {{0, 0, 1, 2}, {1, 1, 0, 2}, {1, 1, 0, 1}}, {{0, 0, 1, 2}, {1, 1, 0, 1}}, {{0, 0, 1, 1}, {1, 1, 0, 1}}};
  CHECK(listed(reconstruct(two)) == by_hand);
  two.pooled.estimate[1] = between(0.001, 1);
  CHECK(reconstruct(two).n_solutions == 0); // the last of all died, so the pooled curve is at 0 too
  CHECK_FALSE(reconstructible(two));
}

TEST_CASE("no subjects, no events: the one structure is the empty one") {
  const auto found = reconstruct(one_group(0, 2));
  CHECK(found.n_solutions == 1);
  REQUIRE(found.solutions.size() == 1);
  CHECK(found.solutions[0].empty());
  CHECK(reconstructible(one_group(0, 2)));
}

TEST_CASE("known numbers at risk of groups and cohort must add up") {
  for (const int pooled : {2, 3, 5}) {
    auto p = two_groups(4, 4, 1, true);
    p.groups[0].n_risk = {2};
    p.groups[1].n_risk = {1};
    p.pooled.n_risk = {pooled};
    CHECK((reconstruct(p).n_solutions > 0) == (pooled == 3));
    CHECK(reconstructible(p) == (pooled == 3));
  }
  // One known number and the sum are as good as the other one.
  auto p = two_groups(4, 4, 2, true);
  p.groups[0].n_risk = {3, -1};
  p.pooled.n_risk = {5, -1};
  p.groups[1].events = {0, 2};
  auto q = p;
  q.groups[1].n_risk = {2, -1};
  q.pooled.n_risk.clear();
  CHECK(reconstruct(p).n_solutions > 0);
  CHECK(listed(reconstruct(p)) == listed(reconstruct(q)));
  p.groups[1].events = {0, 3}; // of two
  CHECK(reconstruct(p).n_solutions == 0);
  CHECK_FALSE(reconstructible(p));
}

TEST_CASE("a known number at risk narrows the landmarks beside it") {
  // Nobody dies. Five of eight are left at the second landmark: at the first there were 5 to 8.
  auto p = one_group(8, 3);
  for (auto& cell : p.groups[0].estimate)
    cell = between(1, 1);
  p.groups[0].n_risk = {-1, 5, -1};
  const auto found = reconstruct(p);
  CHECK(found.n_solutions == 1);
  const std::array<std::array<int, 2>, 3> by_hand = {{{5, 8}, {5, 5}, {0, 5}}};
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(found.n_risk[j][0].low == by_hand[j][0]);
    CHECK(found.n_risk[j][0].high == by_hand[j][1]);
  }
}

TEST_CASE("known events of the whole follow-up bound the pooled curve too") {
  auto p = two_groups(3, 3, 2, true);
  p.groups[0].events = {1, 1};
  p.groups[1].events = {0, 1};
  for (const int total : {1, 2}) {
    p.pooled.total_events = total;
    CHECK((reconstruct(p).n_solutions > 0) == (total == 2));
    CHECK(reconstructible(p) == (total == 2));
  }
}

TEST_CASE("more solutions than are listed: a draw of them, the same for the same seed") {
  const auto p = two_groups(3, 2, 2, true);
  ReconstructOptions options;
  options.max_solutions = 100000;
  const auto all = reconstruct(p, options);
  const std::set<Sequence> everything = listed(all);
  REQUIRE_FALSE(all.drawn);
  options.max_solutions = 40;
  options.seed = 7;
  const auto one = reconstruct(p, options), again = reconstruct(p, options);
  options.seed = 8;
  const auto other = reconstruct(p, options);
  CHECK(one.drawn);
  CHECK(one.n_solutions == everything.size());
  REQUIRE(one.solutions.size() == 40);
  bool equal_again = true, equal_other = true;
  for (std::size_t i = 0; i < 40; ++i) {
    CHECK(everything.count(plain(one.solutions[i])) == 1);
    equal_again = equal_again && plain(one.solutions[i]) == plain(again.solutions[i]);
    equal_other = equal_other && plain(one.solutions[i]) == plain(other.solutions[i]);
  }
  CHECK(equal_again);
  CHECK_FALSE(equal_other);
  for (std::size_t j = 0; j < 2; ++j)
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(same(one.events[j][c], all.events[j][c]));
      CHECK(same(one.n_risk[j][c], all.n_risk[j][c]));
    }
  options.max_solutions = 0;
  CHECK(reconstruct(p, options).drawn);
  CHECK(reconstruct(p, options).solutions.empty());
}

TEST_CASE("every solution is drawn equally often") {
  const auto p = two_groups(1, 1, 2, true);
  ReconstructOptions options;
  const std::set<Sequence> everything = listed(reconstruct(p, options));
  options.max_solutions = everything.size() - 1;
  std::vector<int> times(everything.size());
  int draws = 0;
  for (options.seed = 1; options.seed <= 400; ++options.seed)
    for (const auto& solution : reconstruct(p, options).solutions) {
      const auto at = everything.find(plain(solution));
      REQUIRE(at != everything.end());
      ++times[static_cast<std::size_t>(std::distance(everything.begin(), at))];
      ++draws;
    }
  const double expected = static_cast<double>(draws) / static_cast<double>(everything.size());
  double chi_square = 0.0;
  for (const int t : times)
    chi_square += (t - expected) * (t - expected) / expected;
  // Mean and standard deviation of chi-square are df and sqrt(2 df).
  const double df = static_cast<double>(everything.size() - 1);
  CHECK(chi_square < df + 5 * std::sqrt(2 * df));
}

TEST_CASE("a search beyond its states or steps ends in an error, not in an answer") {
  ReconstructOptions options;
  options.max_states = 3;
  CHECK_THROWS_AS(reconstruct(overall_survival(0.1), options), memory_error);
  // Forgetting costs the search for a first solution time only.
  CHECK(reconstructible(overall_survival(0.1), options));
  CHECK_FALSE(reconstructible(overall_survival(0.05), options));
  options = {};
  options.max_steps = 1;
  CHECK_THROWS_AS(reconstruct(heavy(), options), work_error);
  // No numbers of events are allowed, which every sequence has to learn at its end.
  auto p = heavy();
  p.allowed_events.assign(2, std::vector<char>(201 * 101, 0));
  CHECK_THROWS_AS(reconstructible(p, options), work_error);
  // A short search does not ask.
  CHECK(reconstruct(overall_survival(0.1), options).n_solutions == 3);
}

TEST_CASE("very long sequences end in an error before they exhaust the stack") {
  CHECK_THROWS_AS(reconstruct(one_group(1000000, 1)), memory_error);
  auto half = one_group(1000000, 1);
  half.groups[0].estimate[0] = about(0.5, 1e-9);
  CHECK_THROWS_AS(reconstruct(half), memory_error);
  auto pooled = two_groups(500000, 500000, 1, true);
  pooled.pooled.estimate[0] = about(0.5, 1e-9);
  CHECK_THROWS_AS(reconstructible(pooled), memory_error);
  // Nearly as long as may be: everybody dies, nobody leaves before.
  auto all = one_group(3000, 1);
  all.groups[0].events = {3000};
  ReconstructOptions options;
  options.max_steps = 1;
  CHECK_THROWS_AS(reconstruct(all, options), work_error);
}

TEST_CASE("what the poll throws ends the search, and it hears shares of the work") {
  struct stop : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  int calls = 0;
  const Poll third = [&calls](double) {
    if (++calls == 3)
      throw stop("enough");
  };
  CHECK_THROWS_AS(reconstruct(heavy(), {}, third), stop);
  CHECK(calls == 3);
  calls = 0;
  auto p = heavy();
  p.allowed_events.assign(2, std::vector<char>(201 * 101, 0));
  CHECK_THROWS_AS(reconstructible(p, {}, third), stop);
  CHECK(calls == 3);

  double last = -1.0;
  bool sound = true;
  const Poll listen = [&](double share) {
    ++calls;
    sound = sound && (share == -1.0 || (share >= 0.0 && share <= 1.0)) && share >= last;
    last = share;
  };
  ReconstructOptions options;
  options.max_solutions = 1;
  calls = 0;
  CHECK(reconstruct(two_groups(6, 4, 3, true), options, listen).n_solutions > 0);
  CHECK(calls > 3);
  CHECK(sound);
}

TEST_CASE("values are counted up to a limit, then only their ends are known") {
  Values v;
  for (int i = 0; i < 30000; ++i)
    v.add(i * 1e-5);
  v.add(std::numeric_limits<double>::quiet_NaN());
  CHECK_FALSE(v.all);
  CHECK(v.billionths.empty());
  CHECK(v.low == 0.0);
  CHECK(v.high == 29999 * 1e-5);
}

TEST_CASE("malformed problems are refused") {
  CHECK(refused({}));
  const auto good = two_groups(2, 3, 2, true);
  CHECK_FALSE(refused(good));
  auto bad = good;
  bad.groups.push_back(open_curve(1, 2));
  CHECK(refused(bad));
  bad = good;
  bad.groups.pop_back();
  CHECK(refused(bad)); // a pooled curve of one group
  CHECK(refused(one_group(4, 0)));
  for (const int n : {-1, 1 << 20, std::numeric_limits<int>::max()}) {
    bad = good;
    bad.groups[1].n = n;
    CHECK(refused(bad));
  }
  bad = good;
  bad.groups[1].estimate.pop_back();
  CHECK(refused(bad));
  bad = good;
  bad.groups[0].std_error.push_back({});
  CHECK(refused(bad));
  bad = good;
  bad.pooled.std_error.clear();
  CHECK(refused(bad));
  bad = good;
  bad.groups[0].n_risk = {1};
  CHECK(refused(bad));
  bad = good;
  bad.pooled.events = {1, 1, 1};
  CHECK(refused(bad));
  bad = good;
  bad.allowed_events.resize(1);
  CHECK(refused(bad));
  bad.allowed_events.resize(2);
  CHECK_FALSE(refused(bad)); // empty entries allow all
  bad.allowed_events[1].resize(11);
  CHECK(refused(bad)); // 3 x 4
  bad.allowed_events[1].assign(12, 1);
  CHECK_FALSE(refused(bad));
  for (const bool high : {false, true}) {
    bad = good;
    bad.pooled.std_error[1] = between(0, 1);
    (high ? bad.pooled.std_error[1].high : bad.pooled.std_error[1].low) = std::numeric_limits<double>::quiet_NaN();
    CHECK(refused(bad));
    bad.pooled.std_error[1].given = false; // then nobody reads it
    CHECK_FALSE(refused(bad));
  }
}
