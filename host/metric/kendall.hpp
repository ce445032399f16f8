// Rank correlation of two lists, and of two matrices of distances row by row (the semantic score of LwAL, Eq. 4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace moonlab::metric {

/// Kendall's tau-b, (C - D) / sqrt((n0 - t_x)(n0 - t_y)): C and D count the concordant and discordant pairs, n0 all
/// pairs, t_x and t_y the pairs tied in x and in y (Kendall 1945). In O(n log n) (Knight 1966), exact in the counts.
/// nan where it is undefined: fewer than two values, one side all ties, any nan. Errors: lists of different lengths.
double kendall_tau_b(std::span<const double> x, std::span<const double> y);

struct SemanticScore {
  std::vector<double> per_class;  // tau-b of each row without its own entry; nan where undefined
  double mean = 0;                // over the defined ones; nan where there is none
  int64_t undefined = 0;          // rows without a tau-b
};

/// Agreement of learnt distances between k classes with given ones, such as WordNet's: tau-b row by row.
/// @param learned, given k * k numbers, row by row
SemanticScore semantic_score(std::span<const double> learned, std::span<const double> given, int64_t k);

}  // namespace moonlab::metric
