#include "host/metric/kendall.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "host/error.hpp"

namespace moonlab::metric {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

int64_t pairs(int64_t n) { return n * (n - 1) / 2; }

/// Pairs that stand in runs of neighbours that are alike.
template <class Alike>
int64_t tied_pairs(int64_t n, Alike&& alike) {
  int64_t tied = 0, run = 1;
  for (int64_t i = 1; i <= n; ++i) {
    if (i < n && alike(i - 1, i)) {
      ++run;
      continue;
    }
    tied += pairs(run);
    run = 1;
  }
  return tied;
}

/// Sorts and counts the exchanges that a bubble sort would make: the pairs whose order is reversed. Ties are no
/// reversal.
int64_t sort_counting(std::span<double> values, std::span<double> space) {
  const size_t n = values.size();
  if (n < 2) return 0;
  const size_t half = n / 2;
  int64_t count =
      sort_counting(values.first(half), space.first(half)) + sort_counting(values.subspan(half), space.subspan(half));
  size_t left = 0, right = half;
  for (size_t out = 0; out < n; ++out) {
    const bool from_right = left == half || (right < n && values[right] < values[left]);
    if (from_right) count += static_cast<int64_t>(half - left);
    space[out] = values[from_right ? right++ : left++];
  }
  std::copy(space.begin(), space.end(), values.begin());
  return count;
}

}  // namespace

double kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) fail("kendall_tau_b: ", x.size(), " values and ", y.size(), " values; as many are needed");
  const auto n = static_cast<int64_t>(x.size());
  const auto undefined = [](double v) { return std::isnan(v); };
  if (n < 2 || std::any_of(x.begin(), x.end(), undefined) || std::any_of(y.begin(), y.end(), undefined))
    return kUndefined;
  std::vector<std::pair<double, double>> sorted(n);
  for (int64_t i = 0; i < n; ++i) sorted[i] = {x[i], y[i]};
  std::sort(sorted.begin(), sorted.end());
  const int64_t tied_x = tied_pairs(n, [&](int64_t a, int64_t b) { return sorted[a].first == sorted[b].first; });
  const int64_t tied_both = tied_pairs(n, [&](int64_t a, int64_t b) { return sorted[a] == sorted[b]; });
  std::vector<double> by_x(n), space(n);
  for (int64_t i = 0; i < n; ++i) by_x[i] = sorted[i].second;
  const int64_t discordant = sort_counting(by_x, space);
  const int64_t tied_y = tied_pairs(n, [&](int64_t a, int64_t b) { return by_x[a] == by_x[b]; });
  const int64_t all = pairs(n);
  if (tied_x == all || tied_y == all) return kUndefined;
  const auto difference = static_cast<double>(all - tied_x - tied_y + tied_both - 2 * discordant);
  const double tau =
      difference / std::sqrt(static_cast<double>(all - tied_x)) / std::sqrt(static_cast<double>(all - tied_y));
  return std::clamp(tau, -1.0, 1.0);  // rounding may step over
}

SemanticScore semantic_score(std::span<const double> learned, std::span<const double> given, int64_t k) {
  if (static_cast<int64_t>(learned.size()) != k * k || static_cast<int64_t>(given.size()) != k * k)
    fail("semantic_score: two matrices of ", k, " x ", k, " distances are needed, got ", learned.size(), " and ",
         given.size(), " numbers");
  SemanticScore score;
  double sum = 0;
  std::vector<double> a, b;
  for (int64_t i = 0; i < k; ++i) {
    a.clear(), b.clear();
    for (int64_t j = 0; j < k; ++j) {
      if (j == i) continue;
      a.push_back(learned[i * k + j]);
      b.push_back(given[i * k + j]);
    }
    const double tau = kendall_tau_b(a, b);
    score.per_class.push_back(tau);
    if (std::isnan(tau)) ++score.undefined;
    else sum += tau;
  }
  const int64_t defined = k - score.undefined;
  score.mean = defined > 0 ? sum / static_cast<double>(defined) : kUndefined;
  return score;
}

}  // namespace moonlab::metric
