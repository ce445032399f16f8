#include "host/balance/metabalance.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <limits>

#include "host/error.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::balance;

namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor vector(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

void check(const at::Tensor& got, const std::vector<double>& wanted, double tolerance = 1e-6) {
  at::Tensor flat = got.to(at::kDouble).reshape(-1);
  REQUIRE(flat.numel() == static_cast<int64_t>(wanted.size()));
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(near(flat[i].item<double>(), wanted[i], tolerance));
}

/// The steps of a case through one balancer, against what is expected of each.
void check_steps(const Json& c, const Json& expected, Strategy strategy) {
  MetaBalance m(c["input"]["r"], c["input"]["beta"], strategy, Part::tensor);
  for (size_t s = 0; s < expected.size(); ++s) {
    std::vector<Tensors> gradients;
    for (const auto& g : c["input"]["steps"][s]) gradients.push_back({vector(g)});
    auto balanced = m.balance(gradients);
    for (size_t i = 0; i < balanced.size(); ++i) check(balanced[i][0], expected[s]["balanced"][i]);
    check(MetaBalance::sum(balanced)[0], expected[s]["sum"]);
    check(m.norms(), expected[s]["norms"]);
    for (size_t i = 0; i < gradients.size(); ++i) check(gradients[i][0], c["input"]["steps"][s][i], 0);  // untouched
  }
}

}  // namespace

TEST_CASE("known answer 003-01: three steps of a main task and two auxiliaries") {
  Json c = known_answer("003-01");
  if (!c.is_null()) check_steps(c, c["expected"]["steps"], Strategy::both);
}

TEST_CASE("known answer 003-03: strategies that only shrink or only enlarge") {
  Json c = known_answer("003-03");
  if (c.is_null()) return;
  check_steps(c, c["expected"]["A"], Strategy::shrink);
  check_steps(c, c["expected"]["B"], Strategy::enlarge);
}

TEST_CASE("each tensor by its own norm, or the whole by one") {
  std::vector<Tensors> g{{vector({3, 4}), vector({12})}, {vector({1, 0}), vector({24})}};
  MetaBalance by_tensor(1, 0.5, Strategy::both, Part::tensor), whole(1, 0.5, Strategy::both, Part::whole);
  auto a = by_tensor.balance(g), b = whole.balance(g);
  check(a[1][0], {5, 0});
  check(a[1][1], {12});
  const double factor = 13 / std::sqrt(577.0);  // |(3, 4, 12)| / |(1, 0, 24)|
  check(b[1][0], {factor, 0});
  check(b[1][1], {24 * factor});
  check(b[0][1], {12});
}

TEST_CASE("gradients without a norm, or without a finite one, are left alone") {
  MetaBalance m(0.7, 0.9, Strategy::both, Part::tensor);
  auto balanced = m.balance({{vector({3, 4})}, {vector({0, 0})}});
  check(balanced[1][0], {0, 0});
  balanced = m.balance({{vector({3, 4})}, {vector({std::numeric_limits<double>::infinity(), 1})}});
  CHECK(balanced[1][0][1].item<double>() == 1);
  CHECK(std::isinf(balanced[1][0][0].item<double>()));
}

TEST_CASE("norms continue where a state left off") {
  Json c = known_answer("003-01");
  if (c.is_null()) return;
  auto step = [&](int s) {
    std::vector<Tensors> gradients;
    for (const auto& g : c["input"]["steps"][s]) gradients.push_back({vector(g)});
    return gradients;
  };
  MetaBalance first(0.7, 0.9, Strategy::both, Part::tensor), second(0.7, 0.9, Strategy::both, Part::tensor);
  first.balance(step(0)), first.balance(step(1));
  second.set_norms(first.norms().to(at::kFloat));
  check(MetaBalance::sum(second.balance(step(2)))[0], c["expected"]["steps"][2]["sum"]);
  CHECK_THROWS_WITH(second.balance({{vector({1}), vector({1})}, {vector({1}), vector({1})}}),
                    Catch::Contains("do not continue"));
}

TEST_CASE("float32 gradients stay float32, and what cannot be balanced is refused") {
  MetaBalance m(0.7, 0.9, Strategy::both, Part::tensor);
  auto balanced = m.balance({{vector({3, 4}).to(at::kFloat)}, {vector({1, 1}).to(at::kFloat)}});
  CHECK(balanced[1][0].scalar_type() == at::kFloat);
  CHECK_THROWS_WITH(m.balance({}), "metabalance: no gradients");
  CHECK_THROWS_WITH(m.balance({{vector({1})}, {}}), "metabalance: tasks with 1 and 0 gradients");
  CHECK_THROWS_WITH(MetaBalance(1.5, 0.9, Strategy::both, Part::tensor),
                    "metabalance: relax must be in [0, 1], got 1.5");
  CHECK_THROWS_WITH(MetaBalance(0.5, 1, Strategy::both, Part::tensor), "metabalance: beta must be in [0, 1), got 1");
}
