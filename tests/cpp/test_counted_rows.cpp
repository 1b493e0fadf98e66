#include "cryonodes/counted_rows.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/risk_table.hpp"
#include "plain_table.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

struct Columns {
  explicit Columns(const CountedRows& rows)
      : time(rows.rows()), n_risk(rows.rows()), n_event(rows.rows()), n_censor(rows.rows()) {
    rows.write({time.data(), n_risk.data(), n_event.data(), n_censor.data()});
  }
  Doubles time, n_risk, n_event, n_censor;
};

// The reference orders by comparison.
void check_against_timeline(const Doubles& time, const Codes& event, const Codes& group, std::size_t n_group,
                            Ties ties) {
  const auto timeline = plain_timeline(time, ties);
  const auto table = plain_risk_table(timeline, event, group, n_group, {}, 1);
  const auto found = count_rows(time, event, group, n_group, ties);
  REQUIRE(found);
  const auto& counted = *found;
  const Columns columns(counted);
  REQUIRE(counted.first == table.first);
  REQUIRE(same_bits(counted.n, table.n));
  REQUIRE(counted.n_time_merged == timeline.n_time_merged);
  REQUIRE(same_bits(columns.time, table.time));
  REQUIRE(same_bits(columns.n_risk, table.n_risk));
  REQUIRE(same_bits(columns.n_event, table.n_event));
  REQUIRE(same_bits(columns.n_censor, table.n_censor));
}

// The curve by its plain recurrence: every row computed anew, the interval where it is used.
KaplanMeierResult plain_curve(const RiskTable& table, const KaplanMeierOptions& options) {
  const double nan = std::nan(""), z = normal_quantile(0.5 + 0.5 * options.conf_level);
  KaplanMeierResult out;
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    CompensatedProduct survival;
    CompensatedSum greenwood, hazard, hazard_variance;
    bool any_event = false;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const double d = table.n_event[i], n = table.n_risk[i];
      if (d > 0.0) {
        any_event = true;
        survival.multiply(n - d, n);
        greenwood.add(d / (n * (n - d)));
        hazard.add(d / n);
        hazard_variance.add(d / (n * n));
      }
      const double s = survival.value(), se = std::sqrt(greenwood.value());
      double low = nan, high = nan;
      if (any_event && s > 0.0 && options.conf_type == ConfType::plain) {
        low = std::max(0.0, s - z * s * se);
        high = std::min(1.0, s + z * s * se);
      } else if (any_event && s > 0.0 && options.conf_type == ConfType::log) {
        low = s * std::exp(-z * se);
        high = std::min(1.0, s * std::exp(z * se));
      } else if (any_event && s > 0.0) {
        const double log_s = std::log(s), half = z * se / log_s;
        low = std::exp(log_s * std::exp(-half));
        high = std::exp(log_s * std::exp(half));
      }
      out.estimate.push_back(s);
      out.std_error_log.push_back(se);
      out.std_error.push_back(s > 0.0 ? s * se : nan);
      out.cumhaz.push_back(hazard.value());
      out.std_chaz.push_back(std::sqrt(hazard_variance.value()));
      out.conf_low.push_back(low);
      out.conf_high.push_back(high);
    }
  }
  return out;
}

} // namespace

TEST_CASE("counted rows of tied, lone and censored deaths, by hand") {
  // Two deaths at 2, a death and a censoring at 3, a lone censoring at 5.5; the second group leaves at 3 and at 8.
  const Doubles time{5.5, 2, 3, 2, 3, 8, 3};
  const Codes event{0, 1, 1, 1, 0, 0, 1}, group{0, 0, 0, 0, 0, 1, 1};
  const auto found = count_rows(time, event, group, 2, Ties::exact);
  REQUIRE(found);
  const auto& counted = *found;
  const Columns columns(counted);
  CHECK(counted.first == (std::vector<std::size_t>{0, 3, 5}));
  CHECK(counted.n == (Doubles{5, 2}));
  CHECK(columns.time == (Doubles{2, 3, 5.5, 3, 8}));
  CHECK(columns.n_risk == (Doubles{5, 3, 1, 2, 1}));
  CHECK(columns.n_event == (Doubles{2, 1, 0, 1, 0}));
  CHECK(columns.n_censor == (Doubles{0, 1, 1, 0, 1}));
}

TEST_CASE("counted in one go or by definition: the same bits") {
  std::mt19937_64 random(16);
  std::exponential_distribution<double> spread(0.03);
  const double smallest = std::numeric_limits<double>::denorm_min();
  for (int round = 0; round < 6000; ++round) {
    // Most cohorts small; each size at which the ordering changes its way is met.
    const std::size_t n = round % 1500 == 0 ? 99000 + random() % 3000
                          : round % 500 == 0 ? 31000 + random() % 3000
                          : round % 50 == 0  ? 250 + random() % 3000
                                             : random() % 60;
    const std::size_t n_group = 1 + random() % 5, kind = random() % 9;
    Doubles time(n);
    Codes event(n), group(n);
    double walk = 1.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = spread(random);
      switch (kind) {
      case 0: time[i] = x; break;
      case 1: time[i] = std::floor(x); break;
      case 2: time[i] = std::floor(10.0 * x) / 10.0 + (random() % 3 == 0 ? 1e-15 : 0.0); break; // rounding error
      case 3: time[i] = 1e9 + std::floor(x) * 7.0; break;                // near-ties by the mean alone
      case 4: time[i] = x * 2e-9; break;                                 // all one chain, nearly
      case 5: time[i] = static_cast<double>(random() % 50) * smallest; break;
      case 6: time[i] = random() % 4 == 0 ? -0.0 : std::ldexp(1.0 + x, static_cast<int>(random() % 30) - 15); break;
      case 7: time[i] = walk += random() % 2 == 0 ? 1e-8 : 3e-8; break;  // sorted, gaps beside the tolerance
      default: time[i] = i == 0 ? 1.0 : 1e6 + x * 1e-7;                  // agree in all their leading bits
      }
      event[i] = static_cast<int>(random() % 2);
      group[i] = static_cast<int>(random() % n_group);
    }
    INFO("round " << round << ", kind " << kind << ", n = " << n << ", groups " << n_group);
    check_against_timeline(time, event, group, n_group, random() % 2 == 0 ? Ties::near : Ties::exact);
  }
}

TEST_CASE("events of several causes are counted beside each other: the same bits as by definition") {
  std::mt19937_64 random(17);
  std::exponential_distribution<double> spread(0.03);
  for (int round = 0; round < 1500; ++round) {
    const std::size_t n = round % 100 == 0 ? 2500 + random() % 3000 : random() % 60;
    const std::size_t n_group = 1 + random() % 3, n_cause = 1 + random() % 4;
    Doubles time(n);
    Codes event(n), group(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double x = spread(random);
      time[i] = round % 3 == 0 ? x : round % 3 == 1 ? std::floor(x) : std::floor(10.0 * x) / 10.0;
      event[i] = static_cast<int>(random() % (n_cause + 1));
      group[i] = static_cast<int>(random() % n_group);
    }
    const auto table = plain_risk_table(plain_timeline(time, Ties::near), event, group, n_group, {}, n_cause);
    const auto counted = count_rows(time, event, group, n_group, Ties::near, {}, n_cause);
    REQUIRE(counted);
    const std::size_t rows = counted->rows();
    REQUIRE(rows == table.time.size());
    Doubles t(rows), n_risk(rows), n_event(rows), n_censor(rows), by_cause(rows * n_cause);
    counted->write({t.data(), n_risk.data(), n_event.data(), n_censor.data(), by_cause.data()});
    REQUIRE(same_bits(t, table.time));
    REQUIRE(same_bits(n_risk, table.n_risk));
    REQUIRE(same_bits(n_event, table.n_event));
    REQUIRE(same_bits(n_censor, table.n_censor));
    if (n_cause > 1)
      REQUIRE(same_bits(by_cause, table.cause_events));
    if (n > 0) {
      Codes wrong = event;
      wrong[n / 2] = static_cast<int>(n_cause) + 1;
      CHECK_THROWS_AS(count_rows(time, wrong, group, n_group, Ties::near, {}, n_cause), input_error);
    }
  }
}

TEST_CASE("any number of threads orders to the same bits") {
  std::mt19937_64 random(20);
  std::exponential_distribution<double> spread(0.03);
  const std::size_t n = 210000;
  Doubles time(n);
  Codes event(n), group(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = random() % 3 == 0 ? std::floor(spread(random)) : spread(random);
    event[i] = static_cast<int>(random() % 2);
    group[i] = static_cast<int>(random() % 4);
  }
  const auto one = count_rows(time, event, group, 4, Ties::near);
  REQUIRE(one);
  const Columns expected(*one);
  for (const std::size_t threads : std::vector<std::size_t>{2, 3, 8}) {
    const auto several = count_rows(time, event, group, 4, Ties::near, {}, 1, threads);
    REQUIRE(several);
    const Columns columns(*several);
    CHECK(several->first == one->first);
    CHECK(same_bits(columns.time, expected.time));
    CHECK(same_bits(columns.n_event, expected.n_event));
    CHECK(same_bits(columns.n_censor, expected.n_censor));
  }
}

TEST_CASE("a gap of just the tolerance is none, the next larger one is") {
  const double tolerance = 0x1p-26; // sqrt(2^-52)
  const Codes event{1, 1};
  const auto merged = [&](const Doubles& time) {
    const auto counted = count_rows(time, event, {}, 1, Ties::near);
    REQUIRE(counted);
    CHECK(counted->n_time_merged == make_timeline(time, Ties::near).n_time_merged);
    return counted->n_time_merged;
  };
  CHECK(merged({0.0, tolerance}) == 1);
  CHECK(merged({0.0, std::nextafter(tolerance, 1.0)}) == 0);
  // Relative to a mean of 2^27 + 1, whose tolerance is 2 + 2^-26: gaps are whole multiples of 2^-25 here.
  CHECK(merged({0x1p27, 0x1p27 + 2.0}) == 1);
  CHECK(merged({0x1p27, 0x1p27 + 2.0 + 0x1p-25}) == 0);
}

TEST_CASE("whole times told in pieces are those told at once") {
  std::mt19937_64 random(19);
  Doubles time(5000);
  Codes event(time.size()), group(time.size());
  for (std::size_t i = 0; i < time.size(); ++i) {
    time[i] = static_cast<double>(random() % (i < 2500 ? 20 : 700)); // the range grows on the way
    event[i] = static_cast<int>(random() % 2);
    group[i] = static_cast<int>(random() % 3);
  }
  WholeCells cells(time.size(), 3, 1);
  for (std::size_t start = 0; start < time.size(); start += 700) {
    const std::size_t rows = std::min<std::size_t>(700, time.size() - start);
    REQUIRE(cells.count({&time[start], rows}, {&event[start], rows}, {&group[start], rows}));
  }
  const auto pieces = cells.rows();
  const auto whole = count_rows(time, event, group, 3, Ties::near);
  REQUIRE(whole);
  CHECK(pieces.first == whole->first);
  CHECK(same_bits(pieces.n, whole->n));
  CHECK(same_bits(Columns(pieces).n_event, Columns(*whole).n_event));
  CHECK(same_bits(Columns(pieces).time, Columns(*whole).time));
  const Doubles broken{1.0, 2.5};
  CHECK_FALSE(cells.count(broken, Codes{0, 1}, Codes{0, 1}));
}

TEST_CASE("whole times: codes out of range are errors wherever they stand, those in range are not") {
  constexpr int least = std::numeric_limits<int>::min(), greatest = std::numeric_limits<int>::max();
  for (std::size_t n : {1U, 511U, 512U, 513U, 1500U}) // whole blocks and the rest of one
    for (std::size_t n_group : {1U, 2U, 3U, 4U, 5U})
      for (std::size_t n_cause : {1U, 2U, 3U, 4U})
        for (std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
          const int groups = static_cast<int>(n_group), causes = static_cast<int>(n_cause);
          const auto count = [&](int event, int group, int first_group) {
            Codes events(n, 0), of(n, first_group);
            events[at] = event;
            of[at] = group;
            WholeCells cells(n, n_group, n_cause);
            const bool counted = cells.count(Doubles(n, 3.0), events, of, first_group);
            REQUIRE(counted);
            return cells.rows();
          };
          for (int first : {0, 1, -7}) {
            const auto rows = count(causes, first + groups - 1, first);
            REQUIRE(rows.n.back() == (n_group == 1 ? static_cast<double>(n) : 1.0));
            for (int event : {-1, causes + 1, least, greatest})
              REQUIRE_THROWS_AS(count(event, first, first), input_error);
            for (int group : {first - 1, first + groups, least, greatest})
              REQUIRE_THROWS_AS(count(0, group, first), input_error);
          }
        }
}

TEST_CASE("times to be ordered: codes out of range are errors wherever they stand, those in range are not") {
  constexpr int least = std::numeric_limits<int>::min(), greatest = std::numeric_limits<int>::max();
  for (std::size_t n : {1U, 63U, 64U, 65U, 200U}) // whole blocks and the rest of one
    for (std::size_t n_group : {1U, 2U, 3U})
      for (std::size_t n_cause : {1U, 3U})
        for (std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
          const int groups = static_cast<int>(n_group), causes = static_cast<int>(n_cause);
          const auto order = [&](int event, int group, int first_group) {
            Codes events(n, 0), of(n, first_group);
            events[at] = event;
            of[at] = group;
            return order_rows(Doubles(n, 2.5), events, of, n_group, Ties::near, {}, n_cause, 1, first_group);
          };
          for (int first : {0, 1, -7}) {
            const auto rows = order(causes, first + groups - 1, first);
            REQUIRE(rows.ordered);
            REQUIRE(rows.ordered->n_event() == 1);
            REQUIRE(rows.ordered->in_group(n_group - 1) == (n_group == 1 ? static_cast<double>(n) : 1.0));
            for (int event : {-1, causes + 1, least, greatest})
              REQUIRE_THROWS_AS(order(event, first, first), input_error);
            for (int group : {first - 1, first + groups, least, greatest})
              REQUIRE_THROWS_AS(order(0, group, first), input_error);
          }
        }
}

TEST_CASE("keys come in order however far they have to pass others") {
  std::mt19937_64 random(23);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t n = 2 + random() % (round % 20 == 0 ? 3000 : 80);
    const unsigned top = 1 + static_cast<unsigned>(random() % 64), kind = static_cast<unsigned>(random() % 4);
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - top);
    std::vector<std::uint64_t> keys(n), spare(n), sorted;
    for (std::size_t i = 0; i < n; ++i)
      keys[i] = all & (kind == 0   ? random()                               // even
                       : kind == 1 ? random() >> (random() % 64)            // thinning out
                       : kind == 2 ? (random() % 3 << 62) + random() % 1000 // crowds
                                   : 1000 * n - i);                         // from behind
    sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    if (kind == 3) {
      detail::settle_keys(keys.data(), spare.data(), n);
      REQUIRE(spare == sorted);
    }
    std::vector<std::uint32_t> room;
    detail::sort_bucket(keys.data(), spare.data(), n, top, room);
    REQUIRE(keys == sorted);
  }
}

TEST_CASE("whole times are counted as they are when sorted, shuffled or alone") {
  check_against_timeline({}, {}, {}, 1, Ties::near);
  check_against_timeline({0}, {1}, {0}, 1, Ties::near);
  check_against_timeline({0, 0, 0}, {1, 0, 1}, {2, 0, 2}, 3, Ties::near);
  check_against_timeline({7, 7, 9, 9}, {1, 0, 1, 0}, {0, 0, 0, 0}, 1, Ties::exact);
  // The longest range that few rows are counted over, and one more.
  check_against_timeline({1023, 3, 3}, {1, 0, 1}, {0, 0, 0}, 1, Ties::near);
  check_against_timeline({1024, 3, 3}, {1, 0, 1}, {0, 0, 0}, 1, Ties::near);
  // Few rows over a long range, and a range too long to count.
  check_against_timeline({9999999, 3}, {1, 0}, {0, 0}, 1, Ties::near);
  check_against_timeline({9e15, 9e15 + 2, 3}, {1, 0, 1}, {0, 0, 0}, 1, Ties::near);
}

TEST_CASE("the curve from columns is the curve from the table, bit for bit, and its limits those of a plain loop") {
  std::mt19937_64 random(17);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t n = 1 + random() % 40;
    Doubles time(n), weight(n);
    Codes event(n), group(n);
    for (std::size_t i = 0; i < n; ++i) {
      group[i] = static_cast<int>(random() % 2);
      time[i] = static_cast<double>(random() % 20);
      event[i] = static_cast<int>(random() % 2);
      weight[i] = static_cast<double>(random() % 3);
    }
    const auto table = make_risk_table(make_timeline(time, Ties::near), event, group, 2, weight);
    KaplanMeierOptions options;
    options.conf_type = static_cast<ConfType>(round % 3);
    const auto plain = plain_curve(table, options), fit = kaplan_meier(table, options);
    const std::size_t rows = table.rows();
    Doubles s(rows), se_log(rows), cumhaz(rows), chaz(rows), low(rows), high(rows);
    kaplan_meier(RiskRows(table), options,
                 {s.data(), se_log.data(), nullptr, cumhaz.data(), chaz.data(), low.data(), high.data()}, {}, {}, -9.0);
    for (auto column : {&KaplanMeierResult::estimate, &KaplanMeierResult::std_error_log, &KaplanMeierResult::cumhaz,
                        &KaplanMeierResult::std_chaz, &KaplanMeierResult::std_error})
      for (std::size_t i = 0; i < rows; ++i)
        CHECK(((fit.*column)[i] == (plain.*column)[i] ||
               (std::isnan((fit.*column)[i]) && std::isnan((plain.*column)[i]))));
    for (auto column : {&KaplanMeierResult::conf_low, &KaplanMeierResult::conf_high})
      for (std::size_t i = 0; i < rows; ++i)
        // Where the plain curve has no interval the beta product stands in. Its steps are in another order: 1e-14.
        CHECK((std::isnan((plain.*column)[i]) ? fit.conf_low[i] < fit.conf_high[i]
                                              : std::fabs((fit.*column)[i] - (plain.*column)[i]) < 1e-14));
    CHECK(same_bits(s, fit.estimate));
    CHECK(same_bits(se_log, fit.std_error_log));
    CHECK(same_bits(cumhaz, fit.cumhaz));
    CHECK(same_bits(chaz, fit.std_chaz));
    for (std::size_t i = 0; i < rows; ++i) {
      // What is undefined is written as asked.
      CHECK((std::isnan(fit.conf_low[i]) ? low[i] == -9.0 : low[i] == fit.conf_low[i]));
      CHECK((std::isnan(fit.conf_high[i]) ? high[i] == -9.0 : high[i] == fit.conf_high[i]));
    }
  }
}

TEST_CASE("rows that cannot be counted are known beforehand; codes that do not fit are refused") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (double bad : {-1.0, inf, -inf, nan, -nan, -5e-324})
    CHECK_FALSE(count_rows(Doubles{1.0, bad, 2.0}, Codes{1, 1, 1}, Codes{}, 1, Ties::near));
  // The whole range of doubles and a thousand groups are more than 64 bits.
  CHECK_FALSE(count_rows(Doubles{5e-324, 1e308}, Codes{1, 1}, Codes{0, 999}, 1000, Ties::near));
  CHECK(count_rows(Doubles{0.0, 1e-6, 1e6}, Codes{1, 1, 1}, Codes{0, 1, 29}, 30, Ties::near));
  for (const Doubles& time : {Doubles{1, 2.5}, Doubles{1, 2}}) { // ordered, and counted without being ordered
    CHECK_THROWS_AS(count_rows(time, Codes{1}, Codes{}, 1, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 2}, Codes{}, 1, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, -1}, Codes{}, 1, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 1}, Codes{0, 1}, 1, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 1}, Codes{0, -1}, 1, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 1}, Codes{}, 2, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 1}, Codes{0, 2}, 2, Ties::near), input_error);
    CHECK_THROWS_AS(count_rows(time, Codes{1, 1}, Codes{0, -1}, 2, Ties::near), input_error);
  }
}

TEST_CASE("ordering and curve can be interrupted, and then leave no answer") {
  struct Interrupted {};
  std::mt19937_64 random(18);
  const std::size_t n = 100000;
  Doubles time(n);
  for (double& t : time)
    t = std::ldexp(static_cast<double>(random() >> 11), -53);
  int asked = 0, patience = 1;
  const Poll poll = [&](double) {
    if (++asked == patience)
      throw Interrupted();
  };
  CHECK_THROWS_AS(count_rows(time, Codes(n, 1), {}, 1, Ties::near, poll), Interrupted);
  asked = 0;
  patience = 1000000;
  CHECK_NOTHROW(count_rows(time, Codes(n, 1), {}, 1, Ties::near, poll));
  CHECK(asked >= 4);
}

TEST_CASE("a gap of just the tolerance is none, one step more is one") {
  const double gap = 0x1p-26; // of times below 1
  for (const bool wider : {false, true}) {
    const std::vector<double> time{0.5, 0.5 + gap + (wider ? 0x1p-53 : 0.0)};
    const auto counted = count_rows(time, std::vector<int>{1, 1}, std::vector<int>{}, 1, Ties::near);
    REQUIRE(counted);
    CHECK(counted->rows() == (wider ? 2 : 1));
    CHECK(counted->n_time_merged == (wider ? 0 : 1));
    // Of two groups, each with a row of its own.
    const auto apart = count_rows(time, std::vector<int>{1, 1}, std::vector<int>{0, 1}, 2, Ties::near);
    REQUIRE(apart);
    CHECK(apart->n_time_merged == (wider ? 0 : 1));
    CHECK(apart->time[0] == time[0]);
    CHECK(apart->time[1] == time[wider ? 1 : 0]);
  }
}

TEST_CASE("memory of a size that no machine has is refused, not rounded to a small one") {
  const std::size_t most = ~std::size_t{0};
  CHECK_THROWS_AS(make_memory<char>(most - (std::size_t{1} << 20) + 1), std::bad_alloc);
  CHECK_THROWS_AS(make_memory<double>(most / 4), std::bad_alloc);
  const std::size_t bytes = (std::size_t{1} << 22) + (std::size_t{1} << 20); // half of the last huge page is needed
  const auto memory = make_memory<char>(bytes);
  memory[bytes - 1] = 1;
  CHECK(memory[bytes - 1] == 1);
}
