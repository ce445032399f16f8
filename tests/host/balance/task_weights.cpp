#include "host/balance/task_weights.hpp"

#include "gradients.hpp"

using namespace moonlab;
using namespace moonlab::balance;

TEST_CASE("known answer 003-14: declared weights are scaled to sum to 1") {
  Json c = known_answer("003-14");
  if (c.is_null()) return;
  const auto weights = normalised(c["input"]["declared"].get<std::vector<double>>());
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    CHECK(near(weights[i], c["expected"]["weights"][i], 1e-12));
    const double weighted = weights[i] * c["input"]["losses"][i].get<double>();
    CHECK(near(weighted, c["expected"]["weighted"][i], 1e-12));
    sum += weighted;
  }
  CHECK(near(sum, c["expected"]["sum"], 1e-12));
}

TEST_CASE("weights that mean nothing are refused") {
  CHECK_THROWS_WITH(normalised({}), "task weights: there are none");
  CHECK_THROWS_WITH(normalised({1, -1}), "task weights: weight 2 must be a number >= 0, got -1");
  CHECK_THROWS_WITH(normalised({0, 0}), "task weights: all are 0");
}

TEST_CASE("known answer 003-10: two weight updates of GradNorm") {
  Json c = known_answer("003-10");
  if (c.is_null()) return;
  const Json& in = c["input"];
  auto list = [&](const Json& j) { return vector(j.get<std::vector<double>>()); };
  GradNorm g(in["alpha"], in["lr"]);
  g.set_state({{"weights", list(in["w"])}, {"initial", list(in["initial"])}});
  check(g.step(list(in["norms"][0]), list(in["losses"][0])), c["expected"]["step1"]["w"]);
  check(g.step(list(in["norms"][1]), list(in["losses"][1])), c["expected"]["step2"]["w"]);
}

TEST_CASE("GradNorm starts at ones, keeps the first losses, and stands still where a value is not finite") {
  GradNorm g(1.5, 0.1);
  CHECK(!g.weights().defined());
  // all losses are at their start: every target is the mean norm 2, so that w = (1 - 0.1 * 3, 1 + 0.1 * 1) scaled
  check(g.step(vector({3, 1}), vector({5, 7})), {2 * 0.7 / 1.8, 2 * 1.1 / 1.8});
  const at::Tensor before = g.weights();
  check(g.step(vector({NAN, 1}), vector({5, 7})), {2 * 0.7 / 1.8, 2 * 1.1 / 1.8});
  check(g.step(vector({3, 1}), vector({0, 0})), {2 * 0.7 / 1.8, 2 * 1.1 / 1.8});
  // a large step does not turn a weight negative
  GradNorm large(1.5, 10);
  const at::Tensor w = large.step(vector({3, 1}), vector({5, 7}));
  CHECK((w > 0).all().item<bool>());
  check(w.sum(), {2});
}

TEST_CASE("DWA weighs by how the losses of the last two epochs fell") {
  Dwa d(2);
  const std::vector<std::vector<double>> epochs{{1, 2, 0.5}, {0.8, 1.9, 0.45}, {0.7, 1.2, 0.44}};
  auto epoch = [](Dwa& dwa, const std::vector<double>& losses) {
    dwa.add(vector(losses) * 0.5);  // two steps, whose mean counts
    dwa.add(vector(losses) * 1.5);
    dwa.epoch();
  };
  epoch(d, epochs[0]);
  CHECK(!d.weights().defined());
  Dwa other(2);
  other.set_state(d.state());
  for (Dwa* x : {&d, &other}) {
    epoch(*x, epochs[1]);
    check(x->weights(), {0.958725203112, 1.033394701488, 1.007880095399}, 1e-10);
    epoch(*x, epochs[2]);
    check(x->weights(), {1.021055233647, 0.904047034166, 1.074897732188}, 1e-10);
    x->epoch();  // an epoch without a step changes nothing
    check(x->weights(), {1.021055233647, 0.904047034166, 1.074897732188}, 1e-10);
  }
  epoch(d, {0, 0, 0});
  epoch(d, {1, 1, 1});  // an infinite ratio
  check(d.weights(), {1, 1, 1});
  CHECK_THROWS_WITH(Dwa(0), "dwa: temperature must be a number > 0, got 0");
}
