#include "host/metric/kendall.hpp"

#include <limits>

#include "host/error.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::metric;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double tau(const std::vector<double>& x, const std::vector<double>& y) { return kendall_tau_b(x, y); }

/// By counting pairs one by one, as the definition says.
double counted(const std::vector<double>& x, const std::vector<double>& y) {
  double difference = 0, untied_x = 0, untied_y = 0;
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = i + 1; j < x.size(); ++j) {
      const double a = x[i] - x[j], b = y[i] - y[j];
      untied_x += a != 0, untied_y += b != 0;
      difference += (a * b > 0) - (a * b < 0);
    }
  return difference / std::sqrt(untied_x * untied_y);
}

std::vector<double> flat(const Json& rows) {
  std::vector<double> values;
  for (const auto& row : rows)
    for (const auto& v : row) values.push_back(v);
  return values;
}

/// Euclidean distances of label vectors.
std::vector<double> distances(const Json& vectors) {
  std::vector<double> d;
  for (const auto& a : vectors)
    for (const auto& b : vectors) {
      double sum = 0;
      for (size_t k = 0; k < a.size(); ++k) sum += std::pow(a[k].get<double>() - b[k].get<double>(), 2);
      d.push_back(std::sqrt(sum));
    }
  return d;
}

}  // namespace

TEST_CASE("known answer 001-14: tau-b with ties on both sides") {
  Json c = known_answer("001-14");
  if (c.is_null()) return;
  CHECK(near(tau(c["input"]["x"], c["input"]["y"]), c["expected"]["tau_b"], c["tolerance"]));
}

TEST_CASE("known answers 001-16 and 001-18: agreement of label vectors with WordNet, class by class") {
  for (const char* id : {"001-16", "001-18"}) {
    Json c = known_answer(id);
    if (c.is_null()) return;
    const auto k = static_cast<int64_t>(c["input"]["classes"].size());
    const auto given = flat(c["expected"]["wordnet_distance"]);
    const auto score = semantic_score(distances(c["input"]["label_vectors"]), given, k);
    for (int64_t i = 0; i < k; ++i) CHECK(near(score.per_class[i], c["expected"]["per_class"][i], c["tolerance"]));
    CHECK(near(score.mean, c["expected"]["corr"], c["tolerance"]));
    CHECK(score.undefined == 0);
    CHECK(semantic_score(given, given, k).mean == Approx(c["expected"]["corr_of_self"].get<double>()));
  }
}

TEST_CASE("tau-b is the count over pairs, as scipy has it") {
  std::vector<double> x, y;
  for (int i = 0; i < 1000; ++i) x.push_back(i * 7919 % 101), y.push_back(i * 104729 % 37);
  CHECK(tau(x, y) == Approx(0.016825375757022486).epsilon(1e-13));
  CHECK(tau(x, y) == Approx(counted(x, y)).epsilon(1e-12));
  CHECK(tau({1, 2, 3}, {1, 2, 3}) == 1);
  CHECK(tau({1, 2, 3}, {3, 2, 1}) == -1);
  CHECK(tau({1, 1, 2, 2}, {1, 2, 1, 2}) == 0);
  for (size_t n : {2, 3, 5, 17, 64, 65})
    CHECK(tau({x.begin(), x.begin() + n}, {y.begin(), y.begin() + n}) ==
          Approx(counted({x.begin(), x.begin() + n}, {y.begin(), y.begin() + n})));
}

TEST_CASE("tau-b is undefined where nothing can agree") {
  CHECK(std::isnan(tau({}, {})));
  CHECK(std::isnan(tau({1}, {1})));
  CHECK(std::isnan(tau({1, 1, 1}, {1, 2, 3})));
  CHECK(std::isnan(tau({1, 2, 3}, {4, 4, 4})));
  CHECK(std::isnan(tau({1, kNan, 3}, {1, 2, 3})));
  CHECK(tau({1, 2, std::numeric_limits<double>::infinity()}, {1, 2, 3}) == 1);
  CHECK_THROWS_WITH(tau({1, 2}, {1}), "kendall_tau_b: 2 values and 1 values; as many are needed");
}

TEST_CASE("classes without a tau-b are in no mean and counted") {
  // the first label is as far from all others: its row is all ties
  const std::vector<double> learned{0, 1, 1, 1, 1, 0, 2, 3, 1, 2, 0, 1, 1, 3, 1, 0};
  const std::vector<double> given{0, 1, 2, 3, 1, 0, 2, 3, 2, 2, 0, 1, 3, 3, 1, 0};
  const auto score = semantic_score(learned, given, 4);
  CHECK(std::isnan(score.per_class[0]));
  CHECK(score.undefined == 1);
  CHECK(score.mean == Approx((score.per_class[1] + score.per_class[2] + score.per_class[3]) / 3));
  // of one or two classes there is nothing to rank
  CHECK(std::isnan(semantic_score(std::vector<double>{0}, std::vector<double>{0}, 1).mean));
  CHECK(semantic_score(std::vector<double>(4), std::vector<double>(4), 2).undefined == 2);
  CHECK(std::isnan(semantic_score({}, {}, 0).mean));
  CHECK_THROWS_WITH(semantic_score(learned, given, 3), Catch::Contains("two matrices of 3 x 3 distances"));
}
