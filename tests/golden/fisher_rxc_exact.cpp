// Exact Freeman-Halton p of r x c tables of small counts; reads lines "nrow ncol counts by column", writes for each the
// fraction "numerator denominator" (hexadecimal) of p. Used by fisher_rxc_exact.py, which checks it against
// its own arithmetic. Nothing here is shared with the package. g++ -O2 -std=c++17 fisher_rxc_exact.cpp
//
// A table's weight is W = prod_j c_j! / prod_ij x_ij!, an integer; the sum of all weights is n! / prod r_i!, and p is the
// share of the tables whose product of factorials D = prod x_ij! is at least the observed one. D is kept as its vector of
// prime exponents packed in one index, so ties are equalities of integers and counts of tables are added, nothing rounded.
// States: sorted remaining row totals. Columns are taken from both ends; the two halves meet in the middle.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

using u64 = std::uint64_t;
using u128 = unsigned __int128;
using State = std::vector<int>;

// Unsigned integers of 512 bits: sums and products by small factors, enough for n up to about 150.
struct Big {
  u64 w[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  void mul(u64 f) {
    u128 carry = 0;
    for (auto& x : w) {
      carry += u128(x) * f;
      x = u64(carry);
      carry >>= 64;
    }
    if (carry) std::abort();
  }
  void add(const Big& o) {
    u128 carry = 0;
    for (int i = 0; i < 8; ++i) {
      carry += u128(w[i]) + o.w[i];
      w[i] = u64(carry);
      carry >>= 64;
    }
    if (carry) std::abort();
  }
  void divide(u64 f) {  // exact
    u128 rest = 0;
    for (int i = 7; i >= 0; --i) {
      rest = (rest << 64) | w[i];
      w[i] = u64(rest / f);
      rest %= f;
    }
    if (rest) std::abort();
  }
  std::string hex() const {
    std::string s;
    char b[20];
    for (int i = 7; i >= 0; --i) {
      std::snprintf(b, sizeof b, "%016llx", static_cast<unsigned long long>(w[i]));
      s += b;
    }
    s.erase(0, std::min(s.find_first_not_of('0'), s.size() - 1));
    return s;
  }
};

const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
const int n_primes = sizeof primes / sizeof *primes;

struct Packing {  // exponents of D in mixed radix; radices exceed every exponent that can occur, so indices add
  std::vector<u64> step;
  std::vector<u64> of_factorial;  // of_factorial[k] = index of k!
  std::vector<std::vector<int>> exponents;
  explicit Packing(const std::vector<int>& bound, int largest) {
    step.assign(n_primes, 0);
    u64 s = 1;
    for (int q = 0; q < n_primes; ++q) {
      step[q] = s;
      if (primes[q] <= largest && u128(s) * u128(bound[q] + 1) >> 63) std::abort();
      s *= u64(bound[q] + 1);
    }
    of_factorial.assign(largest + 1, 0);
    exponents.assign(largest + 1, std::vector<int>(n_primes, 0));
    for (int k = 1; k <= largest; ++k) {
      exponents[k] = exponents[k - 1];
      int rest = k;
      for (int q = 0; q < n_primes; ++q)
        while (rest % primes[q] == 0) {
          rest /= primes[q];
          ++exponents[k][q];
        }
      if (rest != 1) std::abort();
      for (int q = 0; q < n_primes; ++q) of_factorial[k] += u64(exponents[k][q]) * step[q];
    }
  }
};

struct Transition {
  std::size_t to;
  u64 shift, times;
};
using List = std::vector<std::pair<u64, u64>>;  // index of D, number of (half) tables

struct HashState {
  std::size_t operator()(const State& s) const {
    u64 h = 1469598103934665603ULL;
    for (int x : s) h = (h ^ u64(x)) * 1099511628211ULL;
    return std::size_t(h);
  }
};

void columns(const State& rows, std::size_t i, int left, State& now, int room, u64 shift, const Packing& pack,
             std::map<std::pair<State, u64>, u64>& out) {
  if (i + 1 == rows.size()) {
    if (left > rows[i]) return;
    State next = now;
    next.push_back(rows[i] - left);
    std::sort(next.begin(), next.end());
    ++out[{next, shift + pack.of_factorial[left]}];
    return;
  }
  room -= rows[i];
  for (int x = std::max(0, left - room); x <= std::min(rows[i], left); ++x) {
    now.push_back(rows[i] - x);
    columns(rows, i + 1, left - x, now, room, shift + pack.of_factorial[x], pack, out);
    now.pop_back();
  }
}

List sorted(std::unordered_map<u64, u64>& m) {
  List l(m.begin(), m.end());
  std::sort(l.begin(), l.end());
  return l;
}

void solve(int nr, int nc, std::vector<int> x) {
  std::vector<int> r(nr, 0), c(nc, 0);
  for (int j = 0; j < nc; ++j)
    for (int i = 0; i < nr; ++i) {
      r[i] += x[j * nr + i];
      c[j] += x[j * nr + i];
    }
  if (nr > nc) {  // the shorter side makes the states
    std::swap(r, c);
    std::swap(nr, nc);
  }
  r.erase(std::remove(r.begin(), r.end(), 0), r.end());
  c.erase(std::remove(c.begin(), c.end(), 0), c.end());
  nc = int(c.size());
  std::sort(r.begin(), r.end());
  std::sort(c.begin(), c.end(), std::greater<int>());
  const int n = std::accumulate(r.begin(), r.end(), 0);
  const int largest = std::min(r.back(), c.front());
  // No exponent of prod x_ij! exceeds that of prod_j c_j! or of prod_i r_i!.
  std::vector<int> bound(n_primes, 0);
  {
    for (int q = 0; q < n_primes; ++q) {
      int a = 0, b = 0;
      auto exponent = [&](int k) {
        int e = 0;
        while (k) e += (k /= primes[q]);
        return e;
      };
      for (int k : c) a += exponent(k);
      for (int k : r) b += exponent(k);
      bound[q] = std::min(a, b);
    }
  }
  const Packing pack(bound, std::max(largest, *std::max_element(x.begin(), x.end())));

  // Reachable states of every layer and the transitions between them, alike ones counted.
  std::vector<std::vector<State>> layers{{r}};
  std::vector<std::vector<std::vector<Transition>>> arcs;
  for (int j = 0; j < nc; ++j) {
    std::unordered_map<State, std::size_t, HashState> seen;
    std::vector<State> next;
    arcs.emplace_back();
    for (const State& s : layers[j]) {
      std::map<std::pair<State, u64>, u64> out;
      State now;
      columns(s, 0, c[j], now, std::accumulate(s.begin(), s.end(), 0), 0, pack, out);
      std::vector<Transition> list;
      for (const auto& [key, times] : out) {
        auto [it, is_new] = seen.try_emplace(key.first, next.size());
        if (is_new) next.push_back(key.first);
        list.push_back({it->second, key.second, times});
      }
      arcs[j].push_back(std::move(list));
    }
    layers.push_back(std::move(next));
  }
  // Lists grow from both ends; always the shorter side goes on.
  std::vector<List> past{{{0, 1}}}, future{{{0, 1}}};
  int left = 0, right = nc;
  auto size = [](const std::vector<List>& v) {
    std::size_t s = 0;
    for (const auto& l : v) s += l.size();
    return s;
  };
  while (left < right) {
    if (size(past) * arcs[left].size() <= size(future) * arcs[right - 1].size()) {
      std::vector<std::unordered_map<u64, u64>> to(layers[left + 1].size());
      for (std::size_t s = 0; s < past.size(); ++s)
        for (const Transition& t : arcs[left][s])
          for (const auto& [d, count] : past[s]) {
            u64& place = to[t.to][d + t.shift];
            u64 more;
            if (__builtin_mul_overflow(count, t.times, &more) || __builtin_add_overflow(place, more, &place)) std::abort();
          }
      past.clear();
      for (auto& m : to) past.push_back(sorted(m));
      ++left;
    } else {
      std::vector<List> from(layers[right - 1].size());
      for (std::size_t s = 0; s < from.size(); ++s) {
        std::unordered_map<u64, u64> m;
        for (const Transition& t : arcs[right - 1][s])
          for (const auto& [d, count] : future[t.to]) {
            u64& place = m[d + t.shift];
            u64 more;
            if (__builtin_mul_overflow(count, t.times, &more) || __builtin_add_overflow(place, more, &place)) std::abort();
          }
        from[s] = sorted(m);
      }
      future = std::move(from);
      --right;
    }
  }
  // Tables by D, then by size of D: the weight of D is prod c_j! / D.
  std::unordered_map<u64, u128> total;
  for (std::size_t s = 0; s < past.size(); ++s)
    for (const auto& [d, count] : past[s])
      for (const auto& [e, more] : future[s]) total[d + e] += u128(count) * more;
  auto weight = [&](u64 index) {
    std::vector<int> e(n_primes, 0);
    for (int q = n_primes - 1; q >= 0; --q) {
      e[q] = int(index / pack.step[q]);
      index %= pack.step[q];
    }
    for (int k : c)
      for (int q = 0; q < n_primes; ++q)
        for (int m = k; m; m /= primes[q]) e[q] -= m / primes[q];
    Big w;
    w.w[0] = 1;
    for (int q = 0; q < n_primes; ++q) {
      if (e[q] > 0) std::abort();
      for (; e[q] < 0; ++e[q]) w.mul(primes[q]);
    }
    return w;
  };
  auto leq = [](const Big& a, const Big& b) {
    for (int i = 7; i >= 0; --i)
      if (a.w[i] != b.w[i]) return a.w[i] < b.w[i];
    return true;
  };
  u64 obs = 0;
  for (int k : x) obs += pack.of_factorial[k];
  const Big w_obs = weight(obs);
  Big all, extreme;
  for (const auto& [index, count] : total) {
    const Big w = weight(index);
    Big low = w, high = w;
    low.mul(u64(count));
    high.mul(u64(count >> 64));
    for (int i = 7; i > 0; --i) high.w[i] = high.w[i - 1];
    high.w[0] = 0;
    low.add(high);
    all.add(low);
    if (leq(w, w_obs)) extreme.add(low);
  }
  // The sum of all weights is known: n! / prod r_i!.
  Big known;
  known.w[0] = 1;
  {
    std::vector<int> e(n_primes, 0);
    std::vector<u64> top(n);
    std::iota(top.begin(), top.end(), 1);
    std::vector<u64> down;
    for (int k : r)
      for (int m = 2; m <= k; ++m) down.push_back(u64(m));
    for (u64 d : down) {
      for (u64& t : top) {
        u64 g = std::gcd(d, t);
        d /= g;
        t /= g;
      }
      if (d != 1) std::abort();
    }
    for (u64 t : top) known.mul(t);
  }
  if (!leq(known, all) || !leq(all, known)) std::abort();
  std::cout << extreme.hex() << ' ' << all.hex() << std::endl;
}

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    int nr, nc;
    in >> nr >> nc;
    std::vector<int> x(std::size_t(nr) * std::size_t(nc));
    for (int& v : x) in >> v;
    solve(nr, nc, x);
  }
}
