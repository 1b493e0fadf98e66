// Cohorts to try permutation tails on.
#ifndef CRYONODES_TESTS_PERMUTATION_COHORTS_HPP
#define CRYONODES_TESTS_PERMUTATION_COHORTS_HPP

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "cryonodes/permutation.hpp"

struct Cohort {
  std::vector<double> score;
  std::vector<int> group;
  cryonodes::DealtScores dealt() const { return {score, group, 2, {}, 1}; }
};

// Log-rank scores of censored times, `times` of them apart (0: all), groups at random.
inline Cohort random_cohort(std::mt19937& random, std::size_t n, std::size_t times) {
  Cohort out;
  double hazard = 0.0;
  std::vector<int> event(n);
  for (int& e : event)
    e = random() % 10 < 7 ? 1 : 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t last = i, d = 0;
    while (last < n && (last == i || (times > 0 && last * times / n == i * times / n)))
      d += static_cast<std::size_t>(event[last++]);
    hazard += static_cast<double>(d) / static_cast<double>(n - i);
    for (; i < last; ++i)
      out.score.push_back(event[i] - hazard);
  }
  for (std::size_t i = 0; i < n; ++i)
    out.group.push_back(static_cast<int>(random() % 2));
  return out;
}

inline void centre_and_scale(std::vector<double>& score, std::size_t m) {
  double mean = 0.0, squares = 0.0;
  const auto n = static_cast<double>(score.size());
  for (double a : score)
    mean += a / n;
  for (double& a : score) {
    a -= mean;
    squares += a * a;
  }
  const auto in = static_cast<double>(m);
  for (double& a : score)
    a /= std::sqrt(squares * in * (n - in) / n / (n - 1.0));
}

#endif
