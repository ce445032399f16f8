#include "host/balance/metabalance.hpp"

#include <limits>

#include "gradients.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::balance;

namespace {

/// The steps of a case through one balance, against what is expected of each.
void check_steps(const Json& c, const Json& expected, Strategy strategy) {
  MetaBalance joint(c["input"]["r"], c["input"]["beta"], strategy, Part::tensor);
  MetaBalance summed(c["input"]["r"], c["input"]["beta"], strategy, Part::tensor);
  for (size_t s = 0; s < expected.size(); ++s) {
    const auto gradients = rows_of(c["input"]["steps"][s]);
    auto balanced = joint.balance(TaskGradients(gradients));
    for (size_t i = 0; i < balanced.size(); ++i) check(balanced[i][0], expected[s]["balanced"][i]);
    check(summed.combine(TaskGradients(gradients))[0], expected[s]["sum"]);
    check(joint.norms(), expected[s]["norms"]);
    for (size_t i = 0; i < gradients.size(); ++i) check(gradients[i][0], c["input"]["steps"][s][i], 0);  // untouched
  }
}

Tensors combined(MetaBalance& m, std::vector<Tensors> by_task) { return m.combine(TaskGradients(std::move(by_task))); }

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

// 003-02: relax from 0 (the plain sum) to 1 (every gradient as long as the main one).
TEST_CASE("relax between its ends") {
  const std::vector<std::vector<double>> first{{0.2, -0.5, 1.5},
                                               {0.253083601255, -0.353607488524, 1.346556836361},
                                               {0.332709003138, -0.134018721311, 1.116392090902}};
  const std::vector<std::vector<double>> second{{1.2, 0.2, 1.25},
                                                {1.129951194894, 0.045947743411, 1.034437070065},
                                                {1.024877987235, -0.185130641471, 0.711092675163}};
  const double relax[] = {0, 0.4, 1};
  for (int i = 0; i < 3; ++i) {
    MetaBalance m(relax[i], 0.5, Strategy::both, Part::whole);
    check(combined(m, rows(kFirst))[0], first[i], 1e-10);
    check(combined(m, rows(kSecond))[0], second[i], 1e-10);
  }
}

// 003-05: parts; 003-04: the second task has no gradient in the second tensor at the first step.
TEST_CASE("each tensor by its own norm, a layer's together, or the whole by one") {
  MetaBalance tensor(0.4, 0.5, Strategy::both, Part::tensor), whole(0.4, 0.5, Strategy::both, Part::whole);
  MetaBalance layer(0.4, 0.5, Strategy::both, Part::layer), one(0.4, 0.5, Strategy::both, Part::layer);
  layer.set_layers({0, 1});
  one.set_layers({0, 0});
  const auto first = split_rows(kFirst), second = split_rows(kSecond);
  for (MetaBalance* m : {&tensor, &layer}) {
    auto a = combined(*m, first);
    check(a[0], {0.290022775562, -0.413648447798}, 1e-10);
    check(a[1], {1.3}, 1e-10);
    auto b = combined(*m, second);
    check(b[0], {1.051302963756, 0.140963715556}, 1e-10);
    check(b[1], {0.81}, 1e-10);
  }
  for (MetaBalance* m : {&whole, &one}) {
    auto a = combined(*m, first);
    check(a[0], {0.253083601255, -0.353607488524}, 1e-10);
    check(a[1], {1.346556836361}, 1e-10);
  }
  CHECK(tensor.norms().sizes() == at::IntArrayRef({3, 2}));
  CHECK(whole.norms().sizes() == at::IntArrayRef({3, 1}));
  MetaBalance without(0.4, 0.5, Strategy::both, Part::layer);
  CHECK_THROWS_WITH(combined(without, first), Catch::Contains("2 parameters, but the layers of 0"));
}

TEST_CASE("gradients without a norm, or without a finite one, are left alone") {
  const double inf = std::numeric_limits<double>::infinity();
  MetaBalance m(0.7, 0.9, Strategy::both, Part::tensor);
  auto balanced = m.balance(TaskGradients(rows({{3, 4}, {0, 0}})));
  check(balanced[1][0], {0, 0});
  balanced = m.balance(TaskGradients(rows({{3, 4}, {inf, 1}})));
  CHECK(balanced[1][0][1].item<double>() == 1);
  CHECK(std::isinf(balanced[1][0][0].item<double>()));
  CHECK(m.norms().isfinite().all().item<bool>());
  // a parameter that the main task does not reach
  MetaBalance own(0.7, 0.9, Strategy::both, Part::tensor);
  check(own.combine(TaskGradients({{at::Tensor()}, {vector({2, 1})}}))[0], {2, 1});
  // a main gradient that vanishes for a while does not take the others with it
  MetaBalance zero(1, 0, Strategy::both, Part::tensor);
  check(combined(zero, rows({{0, 0}, {2, 1}}))[0], {2, 1});
}

TEST_CASE("norms continue where a state left off") {
  Json c = known_answer("003-01");
  if (c.is_null()) return;
  auto step = [&](int s) { return rows_of(c["input"]["steps"][s]); };
  MetaBalance first(0.7, 0.9, Strategy::both, Part::tensor), second(0.7, 0.9, Strategy::both, Part::tensor);
  CHECK(first.state().empty());
  combined(first, step(0)), combined(first, step(1));
  second.set_state({{"norms", first.norms().to(at::kFloat)}});
  check(combined(second, step(2))[0], c["expected"]["steps"][2]["sum"]);
  CHECK_THROWS_WITH(second.balance(TaskGradients({{vector({1}), vector({1})}, {vector({1}), vector({1})}})),
                    Catch::Contains("do not continue"));
}

TEST_CASE("float32 gradients stay float32, and what cannot be balanced is refused") {
  MetaBalance m(0.7, 0.9, Strategy::both, Part::tensor);
  auto balanced = m.balance(TaskGradients({{vector({3, 4}).to(at::kFloat)}, {vector({1, 1}).to(at::kFloat)}}));
  CHECK(balanced[1][0].scalar_type() == at::kFloat);
  CHECK_THROWS_WITH(TaskGradients(std::vector<Tensors>{}), "balance: no gradients");
  CHECK_THROWS_WITH(TaskGradients({{vector({1})}, {}}), "balance: tasks with 1 and 0 gradients");
  CHECK_THROWS_WITH(TaskGradients({{at::Tensor()}, {at::Tensor()}}), "balance: no task reaches parameter 1");
  CHECK_THROWS_WITH(TaskGradients({{vector({1})}, {vector({1, 2})}}), Catch::Contains("gradients of shapes"));
  CHECK_THROWS_WITH(MetaBalance(1.5, 0.9, Strategy::both, Part::tensor),
                    "metabalance: relax must be in [0, 1], got 1.5");
  CHECK_THROWS_WITH(MetaBalance(0.5, 1, Strategy::both, Part::tensor), "metabalance: beta must be in [0, 1), got 1");
}
