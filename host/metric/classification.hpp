// What a classifier confuses, class by class, and how far its confidence can be trusted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace moonlab::metric {

/// counts[truth * k + predicted], k * k numbers. A prediction of none of the classes (outside [0, k)) is in no column.
/// Errors: lists of different lengths, a truth outside [0, k).
std::vector<int64_t> confusion(std::span<const int64_t> truth, std::span<const int64_t> predicted, int64_t k);

/// How many samples each of k classes has. Errors: a class outside [0, k).
std::vector<int64_t> class_sizes(std::span<const int64_t> truth, int64_t k);

struct ClassReport {
  std::vector<double> precision, recall, f1;  // 0 where there is nothing to divide by
  std::vector<int64_t> support, predicted;    // samples of the class, and those taken for it
};

/// Precision TP / predicted, recall TP / support and F1 = 2 TP / (predicted + support) of each class.
/// @param truth how many samples each class has, k numbers: more than its row where some are predicted as no class
ClassReport class_report(std::span<const int64_t> confusion, std::span<const int64_t> truth, int64_t k);

struct Reliability {
  std::vector<int64_t> count;                // samples in a bin
  std::vector<double> confidence, accuracy;  // their means; nan where the bin is empty
  double ece = 0;                            // sum over bins of count / n |accuracy - confidence|
  double mce = 0;                            // the largest of these gaps
};

/// Equally wide bins ((m - 1) / M, m / M] of confidence (Guo et al. 2017, Eq. 2, 3 and 5); confidence 0 is in the
/// first. ECE and MCE of no sample are nan. Errors: lists of different lengths, bins < 1, a confidence outside [0, 1]
/// or nan (up to rounding: 1 + 1e-6 counts as 1).
Reliability reliability(std::span<const double> confidence, const std::vector<bool>& hit, int64_t bins);

}  // namespace moonlab::metric
