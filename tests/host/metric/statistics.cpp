#include "host/metric/statistics.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

// Expected values: scipy.stats 1.17 (ttest_rel, wilcoxon, t.ppf, t.sf, t.interval) and scipy.special.betainc.
using namespace moonlab::metric;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using List = std::vector<double>;

Approx digits(double value) { return Approx(value).epsilon(1e-12); }

const List kA{0.912, 0.905, 0.921, 0.917, 0.909}, kB{0.904, 0.901, 0.915, 0.918, 0.900};

}  // namespace

TEST_CASE("mean, spread and interval") {
  const Spread s = spread(kA);
  CHECK(s.mean == digits(0.9128));
  CHECK(s.deviation == digits(0.006340346993658949));
  CHECK(s.n == 5);
  const Interval i = confidence_interval(kA);
  CHECK(i.low == digits(0.9049274194018543));
  CHECK(i.high == digits(0.9206725805981458));
  CHECK(confidence_interval(kA, 0.99).low == digits(0.8997451379073349));
  CHECK(std::isnan(spread(List{}).mean));
  CHECK(spread(List{3}).mean == 3);
  CHECK(std::isnan(spread(List{3}).deviation));
  CHECK(std::isnan(confidence_interval(List{3}).low));
  CHECK(std::isnan(spread(List{1, kNan}).mean));
  CHECK_THROWS_WITH(confidence_interval(kA, 1), "a level of confidence lies between 0 and 1, got 1");
}

TEST_CASE("incomplete beta function and Student's distribution") {
  CHECK(incomplete_beta(2, 3, 0.4) == digits(0.5248));
  CHECK(incomplete_beta(0.5, 0.5, 0.1) == digits(0.20483276469913345));
  CHECK(incomplete_beta(20, 0.5, 0.99) == digits(0.5286300645149844));
  CHECK(incomplete_beta(0.5, 50, 0.001) == digits(0.24763098003462314));
  CHECK(incomplete_beta(2, 3, 0) == 0);
  CHECK(incomplete_beta(2, 3, 1) == 1);
  CHECK(std::isnan(incomplete_beta(2, 3, 1.5)));
  CHECK(student_two_sided(1e-3, 3) == digits(0.9992648949694609));
  CHECK(student_two_sided(-2.5, 4) == digits(0.06676654481198814));
  CHECK(student_two_sided(30, 7) == digits(1.1788468880733144e-08));
  CHECK(student_two_sided(1e3, 2) == digits(9.999985000025e-07));
  CHECK(std::isnan(student_two_sided(1, 0)));
  CHECK(student_quantile(0.95, 1) == digits(12.706204736174694));
  CHECK(student_quantile(0.99, 2) == digits(9.924843200918287));
  CHECK(student_quantile(0.95, 4) == digits(2.7764451051977934));
  CHECK(student_quantile(0.9, 29) == digits(1.6991270265334972));
  CHECK(student_quantile(0.95, 1e5) == digits(1.9599877075346095));
}

TEST_CASE("paired t test") {
  const PairedTest test = paired_t(kA, kB);
  CHECK(test.statistic == digits(2.9345297695121224));
  CHECK(test.p == digits(0.04262083042147964));
  CHECK(test.df == 4);
  CHECK(test.difference == digits(0.0052));
  CHECK(paired_t(kB, kA).statistic == digits(-2.9345297695121224));
  CHECK(std::isnan(paired_t(kA, kA).p));
  const PairedTest shifted = paired_t(List{2, 3, 4}, List{1, 2, 3});
  CHECK(std::isinf(shifted.statistic));
  CHECK(shifted.p == 0);
  CHECK(std::isnan(paired_t(List{1}, List{2}).p));
  CHECK(std::isnan(paired_t(List{1, kNan}, List{2, 3}).p));
  CHECK_THROWS_WITH(paired_t(List{1, 2}, List{1}), "paired_t: 2 values and 1 values are no pairs");
}

TEST_CASE("Wilcoxon's test: exact, with ties and zeros, and by approximation") {
  const PairedTest test = wilcoxon(kA, kB);
  CHECK(test.statistic == 1);
  CHECK(test.p == digits(0.125));
  const PairedTest tied = wilcoxon(List{1, 2, 3, 4, 5, 6, 7}, List{1, 1, 1, 5, 2, 8, 2});
  CHECK(tied.statistic == 5);
  CHECK(tied.p == digits(0.34375));
  CHECK(tied.df == 6);
  List x, y;
  for (int i = 1; i <= 60; ++i) x.push_back(std::sin(7 * i)), y.push_back(0.3 * std::cos(3 * i) - 0.2);
  CHECK(wilcoxon(x, y).statistic == 644);
  CHECK(wilcoxon(x, y).p == digits(0.04604348917027671));
  CHECK(paired_t(x, y).p == digits(0.03648931081197358));
  List rounded;
  for (int i = 1; i <= 20; ++i) rounded.push_back(std::nearbyint(std::pow(i, 1.5)));
  const List other{15, 5, 20, 5, 25, 45, 10, 30, 25, 15, 25, 40, 45, 35, 45, 15, 10, 15, 40, 20};
  CHECK(wilcoxon(rounded, other).statistic == 56.5);
  CHECK(wilcoxon(rounded, other).p == digits(0.0699043273824553));
  CHECK(wilcoxon(List{1, 2, 3}, List{1, 2, 3}).p == 1);
  CHECK(std::isnan(wilcoxon(List(20, 1.0), List(20, 1.0)).p));
  CHECK(std::isnan(wilcoxon(List{}, List{}).p));
  CHECK(std::isnan(wilcoxon(List{1, kNan}, List{2, 3}).p));
}

TEST_CASE("Holm's correction") {
  // by hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, then never less than before
  CHECK(holm(List{0.01, 0.04, 0.03, 0.005}) == List{0.03, 0.06, 0.06, 0.02});
  CHECK(holm(List{0.9, 0.8}) == List{1, 1});
  CHECK(holm(List{}).empty());
  const auto with_nan = holm(List{0.01, kNan, 0.02});
  CHECK(with_nan[0] == 0.02);
  CHECK(std::isnan(with_nan[1]));
  CHECK(with_nan[2] == 0.02);
}
