#include "host/nn/init.hpp"

#include <catch2/catch.hpp>

#include "fingerprint.hpp"
#include "host/error.hpp"

using namespace moonlab;
namespace init = moonlab::nn::init;

TEST_CASE("initialisers draw PyTorch's numbers for a seed, in float32 and float64") {
  struct Golden {
    const char* name;
    std::function<void(at::Tensor&)> fill;
    double single, twice;  // torch 2.13: manual_seed(3), a [4, 6] tensor
  };
  const std::vector<Golden> list{
      {"kaiming_uniform", [](at::Tensor& t) { init::kaiming_uniform(t, 1); }, 5.5125599652528763, -30.324800221572634},
      {"kaiming_normal", [](at::Tensor& t) { init::kaiming_normal(t, 0, "relu", true); }, 40.723025290295482, 18.048025582243728},
      {"xavier_uniform", [](at::Tensor& t) { init::xavier_uniform(t, 2); }, 12.07741329818964, -66.438308532771956},
      {"xavier_normal", [](at::Tensor& t) { init::xavier_normal(t); }, 25.755503198131919, 11.414573621775347},
      {"trunc_normal", [](at::Tensor& t) { init::trunc_normal(t, 0, 0.1, -0.2, 0.2); }, 5.7591058118268847, 2.5523762552465654},
      {"trunc_normal, far window", [](at::Tensor& t) { init::trunc_normal(t, 0, 1, 1, 2); }, 431.12404584884644, 389.10127465013875},
      {"orthogonal", [](at::Tensor& t) { init::orthogonal(t); }, 44.99543446674943, 17.209240998472296}};
  for (const auto& g : list) {
    CAPTURE(g.name);
    for (bool wide : {false, true}) {
      at::manual_seed(3);
      at::Tensor t = at::empty({4, 6}, wide ? at::kDouble : at::kFloat);
      g.fill(t);
      // orthogonal goes through a factorisation, whose last bits depend on the processor
      const double epsilon = std::string(g.name) != "orthogonal" ? 1e-13 : wide ? 1e-12 : 1e-5;
      CHECK(fingerprint(t) == Approx(wide ? g.twice : g.single).epsilon(epsilon));
    }
  }
}

TEST_CASE("orthogonal rows, also of a tall matrix") {
  at::Tensor wide = at::empty({3, 5}, at::kDouble), tall = at::empty({5, 3}, at::kDouble);
  init::orthogonal(wide), init::orthogonal(tall, 2);
  CHECK(at::allclose(wide.matmul(wide.t()), at::eye(3, at::kDouble), 0, 1e-12));
  CHECK(at::allclose(tall.t().matmul(tall), 4 * at::eye(3, at::kDouble), 0, 1e-12));
}

TEST_CASE("an initialiser says what it cannot do") {
  at::Tensor vector = at::empty({3});
  CHECK_THROWS_WITH(init::xavier_normal(vector), Catch::Contains("at least 2 dims"));
  CHECK_THROWS_WITH(init::gain("rellu"), Catch::Contains("did you mean 'relu'?"));
  CHECK(init::gain("leaky_relu", 1) == Approx(1));
}

TEST_CASE("a cut normal stays in its window and keeps its mean") {
  at::manual_seed(0);
  at::Tensor t = at::empty({20000}, at::kDouble);
  init::trunc_normal(t, 1, 2, 0, 4);
  CHECK(t.min().item<double>() >= 0);
  CHECK(t.max().item<double>() <= 4);
  CHECK(t.mean().item<double>() == Approx(1.7125).margin(0.03));  // 1 + 2 (phi(-0.5) - phi(1.5)) / (Phi(1.5) - Phi(-0.5))
  CHECK_THROWS_WITH(init::trunc_normal(t, 0, 1, 2, 1), Catch::Contains("low < high"));
}
