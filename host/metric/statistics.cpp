#include "host/metric/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/error.hpp"

namespace moonlab::metric {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

std::vector<double> differences(std::span<const double> a, std::span<const double> b, const char* test) {
  if (a.size() != b.size()) fail(test, ": ", a.size(), " values and ", b.size(), " values are no pairs");
  std::vector<double> d(a.size());
  for (size_t i = 0; i < d.size(); ++i) d[i] = a[i] - b[i];
  return d;
}

/// The continued fraction of I_x(a, b), which converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return value;
}

/// log B(a, b). Next to 1/2, as Student's distribution has it, from the series of log(Gamma(a + 1/2) / Gamma(a)), since
/// of many degrees of freedom the difference of two logarithms of Gamma keeps few digits.
double log_beta(double a, double b) {
  if (a < b) std::swap(a, b);
  if (b != 0.5 || a < 30) return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  const double r = 1 / a, square = r * r;
  const double ratio =
      std::log(a) / 2 - r * (1.0 / 8 - square * (1.0 / 192 - square * (1.0 / 640 - square * (17.0 / 14336))));
  return std::lgamma(0.5) - ratio;
}

void check_level(double level) {
  if (!(level > 0 && level < 1)) fail("a level of confidence lies between 0 and 1, got ", level);
}

/// Twice the ranks of |d| (ties share their mean rank, so that twice of it is whole), and the sum of t^3 - t over ties.
std::vector<int64_t> doubled_ranks(const std::vector<double>& d, double& tie_term) {
  std::vector<size_t> order(d.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return std::abs(d[i]) < std::abs(d[j]); });
  std::vector<int64_t> ranks(d.size());
  tie_term = 0;
  for (size_t i = 0; i < order.size();) {
    size_t end = i + 1;
    while (end < order.size() && std::abs(d[order[end]]) == std::abs(d[order[i]])) ++end;
    for (size_t k = i; k < end; ++k) ranks[order[k]] = static_cast<int64_t>(i + 1 + end);
    const auto ties = static_cast<double>(end - i);
    tie_term += ties * ties * ties - ties;
    i = end;
  }
  return ranks;
}

/// P(W <= w) over all signs of ranks that sum to W, twice of which is whole.
double share_of_signs_up_to(const std::vector<int64_t>& doubled, int64_t doubled_w) {
  const int64_t total = std::accumulate(doubled.begin(), doubled.end(), int64_t{0});
  std::vector<double> chance(total + 1, 0);
  chance[0] = 1;
  for (int64_t rank : doubled)
    for (int64_t sum = total; sum >= 0; --sum) chance[sum] = (chance[sum] + (sum >= rank ? chance[sum - rank] : 0)) / 2;
  double share = 0;
  for (int64_t sum = 0; sum <= std::min(doubled_w, total); ++sum) share += chance[sum];
  return share;
}

}  // namespace

Spread spread(std::span<const double> values) {
  Spread s{kUndefined, kUndefined, static_cast<int64_t>(values.size())};
  if (values.empty()) return s;
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(s.n);
  double squares = 0;
  for (double v : values) squares += (v - s.mean) * (v - s.mean);
  if (s.n > 1) s.deviation = std::sqrt(squares / static_cast<double>(s.n - 1));
  return s;
}

double incomplete_beta(double a, double b, double x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return kUndefined;
  if (x == 0 || x == 1) return x;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_two_sided(double t, double df) {
  if (!(df > 0) || std::isnan(t)) return kUndefined;
  if (std::isinf(t)) return 0;
  const double square = t * t;
  // of x and 1 - x the one that is computed without loss
  if (square < df) return 1 - incomplete_beta(0.5, df / 2, square / (df + square));
  return incomplete_beta(df / 2, 0.5, df / (df + square));
}

double student_quantile(double level, double df) {
  check_level(level);
  if (!(df > 0)) return kUndefined;
  const double outside = 1 - level;
  double low = 0, high = 1;
  while (student_two_sided(high, df) > outside) high *= 2;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (student_two_sided(middle, df) > outside ? low : high) = middle;
  }
  return (low + high) / 2;
}

Interval confidence_interval(std::span<const double> values, double level) {
  check_level(level);
  const Spread s = spread(values);
  if (s.n < 2) return {s.mean, kUndefined, kUndefined};
  const auto n = static_cast<double>(s.n);
  const double half = student_quantile(level, n - 1) * s.deviation / std::sqrt(n);
  return {s.mean, s.mean - half, s.mean + half};
}

PairedTest paired_t(std::span<const double> a, std::span<const double> b) {
  const Spread s = spread(differences(a, b, "paired_t"));
  PairedTest test{kUndefined, kUndefined, static_cast<double>(s.n - 1), s.mean};
  if (s.n < 2) return test;
  test.statistic = s.mean / (s.deviation / std::sqrt(static_cast<double>(s.n)));
  test.p = student_two_sided(test.statistic, test.df);
  return test;
}

PairedTest wilcoxon(std::span<const double> a, std::span<const double> b) {
  std::vector<double> d = differences(a, b, "wilcoxon");
  const Spread s = spread(d);
  PairedTest test{kUndefined, kUndefined, 0, s.mean};
  if (std::any_of(d.begin(), d.end(), [](double v) { return std::isnan(v); })) return test;
  std::erase(d, 0.0);
  const auto n = static_cast<double>(d.size());
  test.df = n;
  if (s.n == 0) return test;
  double tie_term = 0;
  const auto ranks = doubled_ranks(d, tie_term);
  int64_t above = 0, all = 0;
  for (size_t i = 0; i < d.size(); ++i) {
    all += ranks[i];
    if (d[i] > 0) above += ranks[i];
  }
  const int64_t smaller = std::min(above, all - above);
  test.statistic = static_cast<double>(smaller) / 2;
  const bool plain = tie_term == 0 && static_cast<int64_t>(d.size()) == s.n;
  if (s.n <= 13 || (plain && s.n <= 50)) {
    test.p = std::min(1.0, 2 * share_of_signs_up_to(ranks, smaller));
    return test;
  }
  const double deviation = std::sqrt((n * (n + 1) * (2 * n + 1) - tie_term / 2) / 24);
  const double z = (static_cast<double>(above) / 2 - n * (n + 1) / 4) / deviation;
  test.p = std::erfc(std::abs(z) / std::sqrt(2.0));
  return test;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  std::vector<double> corrected(p.size(), kUndefined);
  double least = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    least = std::max(least, std::min(1.0, p[order[k]] * static_cast<double>(order.size() - k)));
    corrected[order[k]] = least;
  }
  return corrected;
}

}  // namespace moonlab::metric
