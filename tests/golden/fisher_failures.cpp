// Freeman-Halton p of a table of two rows with large counts: reads "ncol first_row second_row", writes p and the share of
// the probability that lies within 1e-9, but not within 1e-12, of the observed table's (so that ties are not in doubt).
// All half tables of the columns on either side of a split are listed by their total in the second row, with probabilities
// as long double; each left half looks up, among the sorted right halves that complete it, the sum of those that are small
// enough. Equal within 1e-12 counts as a tie. Used by fisher_failures.py. g++ -O2 -std=c++17
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <vector>

using Real = long double;

void halves(const std::vector<int>& size, std::size_t i, int left, int sum, Real log_w, std::vector<std::vector<Real>>& out) {
  if (i == size.size()) {
    out[std::size_t(sum)].push_back(log_w);
    return;
  }
  const Real top = lgammal(size[i] + 1.0L);
  for (int x = 0; x <= std::min(size[i], left); ++x)
    halves(size, i + 1, left - x, sum + x, log_w + top - lgammal(x + 1.0L) - lgammal(size[i] - x + 1.0L), out);
}

int main() {
  std::size_t k;
  std::cin >> k;
  std::vector<int> a(k), b(k);
  for (int& v : a) std::cin >> v;
  for (int& v : b) std::cin >> v;
  int total = 0;
  for (int v : b) total += v;
  std::vector<int> size(k);
  Real observed = 0;
  for (std::size_t j = 0; j < k; ++j) {
    size[j] = a[j] + b[j];
    observed += lgammal(size[j] + 1.0L) - lgammal(a[j] + 1.0L) - lgammal(b[j] + 1.0L);
  }
  // The larger product of column sizes decides how long a side gets.
  std::sort(size.begin(), size.end());
  std::vector<int> side[2];
  Real product[2] = {0, 0};
  for (auto it = size.rbegin(); it != size.rend(); ++it) {
    const int s = product[0] <= product[1] ? 0 : 1;
    side[s].push_back(*it);
    product[s] += logl(std::min(*it, total) + 1.0L);
  }
  std::vector<std::vector<Real>> list[2];
  for (int s = 0; s < 2; ++s) {
    list[s].resize(std::size_t(total) + 1);
    halves(side[s], 0, total, 0, 0, list[s]);
  }
  Real all = 0, small = 0, doubt = 0, centre = 0;  // centre keeps the exponentials in range
  for (const auto& l : list[0])
    for (Real w : l) centre = std::max(centre, w);
  for (int t = 0; t <= total; ++t) {
    auto& left = list[0][std::size_t(t)];
    auto& right = list[1][std::size_t(total - t)];
    if (left.empty() || right.empty()) continue;
    std::sort(right.begin(), right.end());
    std::vector<Real> sums(right.size() + 1, 0);
    for (std::size_t i = 0; i < right.size(); ++i) sums[i + 1] = sums[i] + expl(right[i] - observed + centre);
    auto up_to = [&](Real bound) {
      return sums[std::size_t(std::upper_bound(right.begin(), right.end(), bound) - right.begin())];
    };
    for (Real w : left) {
      const Real f = expl(w - centre), tie = up_to(observed - w + 1e-12L);
      all += f * sums.back();
      small += f * tie;
      doubt += f * (up_to(observed - w + 1e-9L) - tie + up_to(observed - w - 1e-12L) - up_to(observed - w - 1e-9L));
    }
  }
  std::printf("%.18Lg %.3Lg\n", small / all, doubt / all);
}
