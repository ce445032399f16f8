#include "host/balance/mtadam.hpp"

#include "gradients.hpp"

using namespace moonlab;
using namespace moonlab::balance;

TEST_CASE("known answer 003-11: three steps of MTAdam") {
  Json c = known_answer("003-11");
  if (c.is_null()) return;
  const Json& in = c["input"];
  const auto betas = in["betas"].get<std::vector<double>>();
  MtAdam m(in["ranks"].get<std::vector<double>>(), betas[2]);
  at::Tensor p = vector(in["p"].get<std::vector<double>>());
  for (size_t s = 0; s < 3; ++s) {
    m.step({p}, TaskGradients(rows_of(in["grads"][s])),
           {{in["lr"].get<double>(), betas[0], betas[1], in["eps"].get<double>(), 0}});
    check(p, c["expected"]["p"][s], 1e-9);
  }
  check(m.norms(), c["expected"]["norms"]);
}

TEST_CASE("ranks, two tensors, a loss that does not reach one of them, and a state in between") {
  const std::vector<std::vector<double>> expected{{0.490892259595, -0.491783411255, 0.9900000002},
                                                  {0.482614680265, -0.485024735661, 0.99524812303},
                                                  {0.473886916278, -0.477565956923, 0.997959393516}};
  auto gradients = [](int s) {
    auto lists = split_rows(s == 1 ? kSecond : kFirst);
    lists[2][1] = at::Tensor();
    return TaskGradients(lists);
  };
  MtAdam first({1, 0.5, 2}, 0.9), second({1, 0.5, 2}, 0.9);
  CHECK(first.state().empty());
  Tensors p{vector({0.5, -0.5}), vector({1})};
  for (int s = 0; s < 3; ++s) {
    MtAdam& m = s < 2 ? first : second;
    if (s == 2) second.set_state(first.state());
    m.step(p, gradients(s), {{0.01, 0.9, 0.999, 1e-8, 0}});
    check(at::cat(p), expected[s], 1e-9);
  }
}

TEST_CASE("one loss is Adam, decay is decoupled, rates may differ") {
  MtAdam m({}, 0.9);
  at::Tensor a = vector({1}), b = vector({1});
  m.step({a, b}, TaskGradients({{vector({3}), vector({-3})}}), {{0.1, 0.9, 0.999, 0, 0.5}, {0.2, 0.9, 0.999, 0, 0}});
  check(a, {1 * (1 - 0.1 * 0.5) - 0.1});  // Adam's first step is lr long
  check(b, {1.2});
}

TEST_CASE("parameters that do not lie in one piece step alike") {
  MtAdam whole({}, 0.9), strided({}, 0.9);
  at::manual_seed(1);
  at::Tensor a = at::randn({5, 4}, at::kDouble), b = a.t().contiguous().t();
  for (int s = 0; s < 3; ++s) {
    at::Tensor g = at::randn({5, 4}, at::kDouble), h = at::randn({5, 4}, at::kDouble);
    whole.step({a}, TaskGradients({{g}, {h}}), {{0.1, 0.9, 0.999, 1e-8, 0.1}});
    strided.step({b}, TaskGradients({{g}, {h}}), {{0.1, 0.9, 0.999, 1e-8, 0.1}});
    CHECK(at::allclose(a, b, 1e-12, 1e-12));
  }
}

TEST_CASE("MTAdam refuses what does not fit") {
  at::Tensor p = vector({1});
  MtAdam ranks({1, 2, 3}, 0.9), plain({}, 0.9);
  CHECK_THROWS_WITH(ranks.step({p}, TaskGradients(rows({{1}, {2}})), {{}}), "mtadam: 3 ranks for 2 losses");
  CHECK_THROWS_WITH(plain.step({p, p}, TaskGradients(rows({{1}, {2}})), {{}}), "mtadam: 1 gradients for 2 parameters");
  CHECK_THROWS_WITH(MtAdam({-1}, 0.9), "mtadam: a rank must be a number >= 0, got -1");
  CHECK_THROWS_WITH(MtAdam({}, 1), "mtadam: norm_beta must be in [0, 1), got 1");
}
