// Statistics of a few results, such as those of five seeds: spread, intervals, paired tests, corrected p values.
// Where a formula has no answer (one value alone, differences that are all alike) it gives nan or infinity as the
// formula does; a nan among the values gives nan, never a statistic of the rest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace moonlab::metric {

struct Spread {
  double mean = 0, deviation = 0;  // of a sample: squares divided by n - 1; nan for one value
  int64_t n = 0;
};

/// Mean, sample standard deviation and count. nan and nan for none.
Spread spread(std::span<const double> values);

struct Interval {
  double mean = 0, low = 0, high = 0;
};

/// The mean and Student's interval of confidence around it: mean -+ t(level, n - 1) deviation / sqrt(n).
/// Errors: a level that is not in (0, 1).
Interval confidence_interval(std::span<const double> values, double level = 0.95);

/// I_x(a, b), the regularised incomplete beta function, by Lentz's continued fraction; a, b > 0, x in [0, 1].
double incomplete_beta(double a, double b, double x);

/// P(|T| >= |t|) of Student's distribution; nan for df <= 0.
double student_two_sided(double t, double df);

/// t with P(|T| <= t) = level. Errors: a level that is not in (0, 1); nan for df <= 0.
double student_quantile(double level, double df);

struct PairedTest {
  double statistic = 0, p = 0;  // p of both sides
  double df = 0;                // of the t test; how many differences are not 0, of Wilcoxon's
  double difference = 0;        // mean of a - b
};

/// Student's paired test of equal means, as scipy.stats.ttest_rel(a, b). Errors: lists of different lengths.
PairedTest paired_t(std::span<const double> a, std::span<const double> b);

/// Wilcoxon's signed-rank test, as scipy.stats.wilcoxon(a, b): differences of 0 are left out; statistic is the smaller
/// sum of ranks. The p value is that of all signs where there are up to 50 differences, or up to 13 with ties or zeros;
/// else the normal approximation with its correction for ties. Errors: lists of different lengths.
PairedTest wilcoxon(std::span<const double> a, std::span<const double> b);

/// Holm's step-down correction (1979): the p values at which each test alone would be rejected while the chance of any
/// false rejection stays below the level. In the order given; nan stays nan and is no test.
std::vector<double> holm(std::span<const double> p);

}  // namespace moonlab::metric
