#include "host/metric/classification.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace moonlab::metric;

namespace {

using Counts = std::vector<int64_t>;

ClassReport report(const Counts& truth, const Counts& predicted, int64_t k) {
  return class_report(confusion(truth, predicted, k), class_sizes(truth, k), k);
}

}  // namespace

TEST_CASE("a confusion matrix has a row for each true class") {
  CHECK(confusion(Counts{0, 0, 1, 2, 2, 2}, Counts{0, 1, 1, 0, 2, 2}, 3) == Counts{1, 1, 0, 0, 1, 0, 1, 0, 2});
  CHECK(confusion(Counts{0, 1}, Counts{-1, 1}, 2) == Counts{0, 0, 0, 1});  // -1: no class
  CHECK(confusion(Counts{}, Counts{}, 2) == Counts{0, 0, 0, 0});
  CHECK_THROWS_WITH(confusion(Counts{0, 3}, Counts{0, 0}, 3), "confusion: sample 1 has class 3, there are 3");
  CHECK_THROWS_WITH(confusion(Counts{0}, Counts{0, 0}, 3), "confusion: 1 true classes and 2 predicted ones");
}

TEST_CASE("precision, recall and F1 of each class, as scikit-learn has them with zero_division = 0") {
  // class 3 is never true, class 4 neither true nor predicted; the last sample is predicted as no class
  const auto r = report({0, 0, 1, 2, 2, 2, 1}, {0, 1, 1, 0, 2, 3, -1}, 5);
  CHECK(r.precision == std::vector<double>{0.5, 0.5, 1, 0, 0});
  CHECK(r.recall == std::vector<double>{0.5, 0.5, 1.0 / 3, 0, 0});
  CHECK(r.f1 == std::vector<double>{0.5, 0.5, 0.5, 0, 0});
  CHECK(r.support == Counts{2, 2, 3, 0, 0});
  CHECK(r.predicted == Counts{2, 2, 1, 1, 0});
  CHECK(report({0, 0}, {0, 0}, 1).f1 == std::vector<double>{1});
}

TEST_CASE("reliability: bins are open below and closed above") {
  const auto r = reliability(std::vector<double>{0.95, 0.55, 0.55, 0.5, 0.1}, {true, true, false, false, true}, 10);
  CHECK(r.count == Counts{1, 0, 0, 0, 1, 2, 0, 0, 0, 1});
  CHECK(r.accuracy[5] == 0.5);
  CHECK(r.confidence[5] == Approx(0.55));
  CHECK(std::isnan(r.accuracy[1]));
  CHECK(r.ece == Approx((0.05 + 0.1 + 0.5 + 0.9) / 5));
  CHECK(r.mce == Approx(0.9));
  const auto one = reliability(std::vector<double>{0, 1, 1}, {false, true, true}, 15);
  CHECK(one.count.front() == 1);
  CHECK(one.count.back() == 2);
  CHECK(one.ece == 0);
}

TEST_CASE("reliability: no samples, no bins, no probabilities") {
  CHECK(std::isnan(reliability({}, {}, 5).ece));
  CHECK_THROWS_WITH(reliability({}, {}, 0), "reliability: at least one bin is needed, got 0");
  CHECK_THROWS_WITH(reliability(std::vector<double>{1.5}, {true}, 5),
                    "reliability: the confidence of sample 0 is 1.5, not in [0, 1]");
  CHECK_THROWS_WITH(reliability(std::vector<double>{std::nan("")}, {true}, 5), Catch::Contains("is nan"));
  CHECK_THROWS_WITH(reliability(std::vector<double>{0.5}, {}, 5), "reliability: 1 confidences, but 0 hits and misses");
}
