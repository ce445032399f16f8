#include "host/metric/classification.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/error.hpp"

namespace moonlab::metric {

namespace {

double ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

}  // namespace

std::vector<int64_t> confusion(std::span<const int64_t> truth, std::span<const int64_t> predicted, int64_t k) {
  if (truth.size() != predicted.size())
    fail("confusion: ", truth.size(), " true classes and ", predicted.size(), " predicted ones");
  if (k < 0) fail("confusion: ", k, " classes");
  std::vector<int64_t> counts(k * k, 0);
  for (size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || truth[i] >= k) fail("confusion: sample ", i, " has class ", truth[i], ", there are ", k);
    if (predicted[i] >= 0 && predicted[i] < k) ++counts[truth[i] * k + predicted[i]];
  }
  return counts;
}

std::vector<int64_t> class_sizes(std::span<const int64_t> truth, int64_t k) {
  std::vector<int64_t> sizes(k, 0);
  for (size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || truth[i] >= k) fail("class_sizes: sample ", i, " has class ", truth[i], ", there are ", k);
    ++sizes[truth[i]];
  }
  return sizes;
}

ClassReport class_report(std::span<const int64_t> confusion, std::span<const int64_t> truth, int64_t k) {
  if (k < 0 || static_cast<int64_t>(confusion.size()) != k * k || static_cast<int64_t>(truth.size()) != k)
    fail("class_report: ", k, " classes need ", k, " x ", k, " counts and ", k, " sizes, got ", confusion.size(),
         " and ", truth.size());
  ClassReport report;
  for (int64_t c = 0; c < k; ++c) {
    const int64_t right = confusion[c * k + c];
    int64_t predicted = 0;
    for (int64_t t = 0; t < k; ++t) predicted += confusion[t * k + c];
    report.precision.push_back(ratio(right, predicted));
    report.recall.push_back(ratio(right, truth[c]));
    report.f1.push_back(ratio(2 * right, predicted + truth[c]));
    report.support.push_back(truth[c]);
    report.predicted.push_back(predicted);
  }
  return report;
}

Reliability reliability(std::span<const double> confidence, const std::vector<bool>& hit, int64_t bins) {
  if (confidence.size() != hit.size())
    fail("reliability: ", confidence.size(), " confidences, but ", hit.size(), " hits and misses");
  if (bins < 1) fail("reliability: at least one bin is needed, got ", bins);
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  Reliability r;
  r.count.assign(bins, 0);
  r.confidence.assign(bins, 0);
  r.accuracy.assign(bins, 0);
  for (size_t i = 0; i < confidence.size(); ++i) {
    const double p = confidence[i];
    if (!(p >= -1e-6 && p <= 1 + 1e-6)) fail("reliability: the confidence of sample ", i, " is ", p, ", not in [0, 1]");
    const auto bin =
        std::clamp(static_cast<int64_t>(std::ceil(p * static_cast<double>(bins))) - 1, int64_t{0}, bins - 1);
    ++r.count[bin];
    r.confidence[bin] += p;
    r.accuracy[bin] += hit[i] ? 1 : 0;
  }
  if (confidence.empty()) r.ece = r.mce = kUndefined;
  for (int64_t b = 0; b < bins; ++b) {
    if (r.count[b] == 0) {
      r.confidence[b] = r.accuracy[b] = kUndefined;
      continue;
    }
    const auto n = static_cast<double>(r.count[b]);
    const double gap = std::abs(r.accuracy[b] - r.confidence[b]);
    r.ece += gap / static_cast<double>(confidence.size());
    r.mce = std::max(r.mce, gap / n);
    r.confidence[b] /= n;
    r.accuracy[b] /= n;
  }
  return r;
}

}  // namespace moonlab::metric
