#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "gradients.hpp"
#include "host/balance/metabalance.hpp"

using namespace moonlab;
using namespace moonlab::balance;

namespace {

/// A small network in float64: linear, ReLU, linear without bias, tanh; 6 -> 40 -> 30. `again` uses the first weight a
/// second time.
struct Net {
  Tensors parameters;
  at::Tensor features;
  Tensors at_features;

  Net(int64_t batch, int64_t tasks, bool again = false) {
    at::manual_seed(4);
    const auto options = at::TensorOptions(at::kDouble);
    parameters = {at::randn({40, 60}, options), at::randn({40}, options), at::randn({30, 40}, options)};
    for (auto& p : parameters) p.mul_(0.3).requires_grad_();
    at::Tensor x = at::randn({batch, 60}, options);
    at::Tensor hidden = at::linear(x, parameters[0], parameters[1]).relu();
    if (again) hidden = hidden + at::linear(x.flip(0), parameters[0], parameters[1]);
    features = at::linear(hidden, parameters[2]).tanh();
    for (int64_t t = 0; t < tasks; ++t) at_features.push_back(at::randn(features.sizes(), options));
  }

  /// Every task's gradients by autograd alone.
  TaskGradients plain() {
    std::vector<Tensors> lists;
    for (const auto& g : at_features)
      lists.push_back(torch::autograd::grad({features}, parameters, {g}, true, false, true));
    return TaskGradients(lists);
  }
};

/// Three linear layers with ReLU over a flattened input, the second without bias: 4 x 15 -> 40 -> 30 -> 20.
struct Chain {
  Tensors trained;
  at::Tensor hidden, features;
  Tensors at_features;

  Chain(int64_t batch, int64_t tasks, at::ScalarType dtype, int frozen) {
    at::manual_seed(5);
    Tensors all = {at::randn({40, 60}, dtype), at::randn({40}, dtype), at::randn({30, 40}, dtype),
                   at::randn({20, 30}, dtype), at::randn({20}, dtype)};
    for (size_t i = 0; i < all.size(); ++i) {
      all[i].mul_(0.2).requires_grad_(static_cast<int>(i) != frozen);
      if (static_cast<int>(i) != frozen) trained.push_back(all[i]);
    }
    at::Tensor x = at::randn({batch, 4, 15}, dtype).flatten(1);
    hidden = at::linear(at::linear(x, all[0], all[1]).relu(), all[2]).relu();
    features = at::linear(hidden, all[3], all[4]).relu();
    for (int64_t t = 0; t < tasks; ++t) at_features.push_back(at::randn(features.sizes(), dtype));
  }

  TaskGradients plain() {
    std::vector<Tensors> lists;
    for (const auto& g : at_features)
      lists.push_back(torch::autograd::grad({features}, trained, {g}, true, false, true));
    return TaskGradients(lists);
  }
};

void compare(const TaskGradients& a, const TaskGradients& b, double tolerance = 1e-9) {
  CHECK(at::allclose(a.gram(), b.gram(), tolerance, tolerance));
  auto c = at::tensor({0.5, -1.5, 2.0}, at::kDouble).slice(0, 0, a.tasks()).expand({a.size(), a.tasks()}).to(a.gram().scalar_type());
  auto x = a.combine(c), y = b.combine(c);
  auto lists = a.lists(), others = b.lists();
  for (size_t p = 0; p < x.size(); ++p) {
    CHECK(at::allclose(x[p], y[p], tolerance, tolerance));
    for (size_t t = 0; t < lists.size(); ++t) CHECK(at::allclose(lists[t][p], others[t][p], tolerance, tolerance));
  }
}

}  // namespace

TEST_CASE("gradients kept as factors of linear layers are those of autograd, whatever the batch") {
  for (const int64_t batch : {3, 8, 200})  // few samples: factors; many: gradients
    for (const int64_t tasks : {1, 2, 3}) {
      Net net(batch, tasks);
      auto expected = net.plain();
      compare(TaskGradients::through(net.features, net.at_features, net.parameters), expected);
    }
}

TEST_CASE("a chain of linear layers and ReLUs is taken down for all tasks at once") {
  for (const auto dtype : {at::kDouble, at::kFloat})
    for (const int64_t batch : {3, 200})      // factors, gradients
      for (const int64_t tasks : {1, 3})
        for (const int frozen : {-1, 0, 1, 4}) {  // a weight or bias that is not trained
          Chain net(batch, tasks, dtype, frozen);
          auto expected = net.plain();
          const double tolerance = dtype == at::kDouble ? 1e-9 : 1e-3;
          auto got = TaskGradients::through(net.features, net.at_features, net.trained, true);
          compare(got, expected, tolerance);
          at::Tensor norms = got.norms();
          CHECK(at::allclose(norms, expected.gram() * at::eye(tasks, norms.options()), tolerance, tolerance));
          // some of the parameters alone, and one that has no part in the features
          at::Tensor other = at::ones({2}, dtype).requires_grad_();
          auto some = TaskGradients::through(net.features, net.at_features, {net.trained.back(), other}).lists();
          CHECK(at::allclose(some[tasks - 1][0], expected.lists()[tasks - 1].back(), tolerance, tolerance));
          CHECK(some[0][1].equal(at::zeros({2}, dtype)));
          CHECK_THROWS(TaskGradients::through(net.features, net.at_features, net.trained));  // the graph is freed
        }
}

TEST_CASE("gradients that are not finite stay with their task, and stop where a ReLU is closed") {
  Chain net(4, 3, at::kDouble, -1);
  net.at_features[1].fill_(std::numeric_limits<double>::quiet_NaN());
  auto expected = net.plain();
  auto got = TaskGradients::through(net.features, net.at_features, net.trained);
  at::Tensor diagonal = got.norms().diagonal(0, 1, 2);
  CHECK(diagonal.select(1, 1).isnan().all().item<bool>());
  CHECK(at::allclose(diagonal.select(1, 0), expected.gram().diagonal(0, 1, 2).select(1, 0)));
  CHECK(at::allclose(diagonal.select(1, 2), expected.gram().diagonal(0, 1, 2).select(1, 2)));
  auto lists = got.lists(), others = expected.lists();
  for (size_t p = 0; p < lists[1].size(); ++p) CHECK(lists[1][p].isnan().equal(others[1][p].isnan()));
}

TEST_CASE("who listens to a gradient in a chain hears of every task") {
  Chain net(4, 3, at::kDouble, -1);
  int heard = 0;
  net.hidden.register_hook([&](const at::Tensor& g) { ++heard; return g * 2; });
  auto expected = net.plain();
  heard = 0;
  compare(TaskGradients::through(net.features, net.at_features, net.trained), expected);
  CHECK(heard == 3);
}

TEST_CASE("a weight used twice, one with a hook, and one that is not reached") {
  Net twice(4, 3, true);
  auto expected = twice.plain();
  compare(TaskGradients::through(twice.features, twice.at_features, twice.parameters), expected);

  Net hooked(4, 3);
  hooked.parameters[0].register_hook([](const at::Tensor& g) { return g * 2; });
  expected = hooked.plain();
  compare(TaskGradients::through(hooked.features, hooked.at_features, hooked.parameters), expected);

  Net apart(4, 2);
  at::Tensor other = at::ones({3}, at::kDouble).requires_grad_();
  auto got = TaskGradients::through(apart.features, apart.at_features, {apart.parameters[0], other});
  check(got.combine(at::ones({2, 2}, at::kDouble))[1], {0, 0, 0});
}

TEST_CASE("the graph lives on where it is kept, and is freed where not") {
  Net net(4, 3);
  auto first = TaskGradients::through(net.features, net.at_features, net.parameters, true);
  auto second = TaskGradients::through(net.features, net.at_features, net.parameters);
  compare(first, second, 0);
  CHECK_THROWS(TaskGradients::through(net.features, net.at_features, net.parameters));
}

TEST_CASE("batches add up, heads are appended, a scale goes through") {
  Net a(4, 2), b(5, 2);
  auto total = TaskGradients::through(a.features, a.at_features, a.parameters, true);
  auto more = TaskGradients::through(b.features, b.at_features, b.parameters, true);
  auto expected = a.plain();
  expected.add(b.plain());
  total.add(more);
  total.scale(at::scalar_tensor(1.0, at::kDouble));
  compare(total, expected);
  auto scaled = TaskGradients::through(a.features, a.at_features, a.parameters);
  auto before = scaled.gram();
  scaled.scale(at::scalar_tensor(0.5, at::kDouble));
  CHECK(at::allclose(scaled.gram(), before * 0.25));
  scaled.append(TaskGradients({{vector({1, 2})}, {at::Tensor()}}));
  CHECK(scaled.size() == 4);
  check(scaled.gram()[3], {5, 0, 0, 0});
  CHECK_THROWS_WITH(scaled.append(TaskGradients(rows({{1}}))), Catch::Contains("gradients of 1 tasks beside"));
}

TEST_CASE("what cannot be taken through a graph is refused") {
  Net net(4, 2);
  CHECK_THROWS_WITH(TaskGradients::through(net.features.detach(), net.at_features, net.parameters),
                    Catch::Contains("the features have no history"));
  CHECK_THROWS_WITH(TaskGradients::through(net.features, {vector({1})}, net.parameters),
                    Catch::Contains("a gradient of shape [1] at features of shape [4, 30]"));
  CHECK_THROWS_WITH(TaskGradients::through(net.features, net.at_features, {}), "balance: no gradients");
}

TEST_CASE("large gradients side by side and one by one give the same products") {
  at::manual_seed(2);
  at::Tensor a = at::randn({70000}, at::kDouble), b = at::randn({70000}, at::kDouble);
  TaskGradients whole({{a}, {b}}),
      parts({{a.slice(0, 0, 35000), a.slice(0, 35000)}, {b.slice(0, 0, 35000), b.slice(0, 35000)}});
  CHECK(at::allclose(whole.gram().sum(0), parts.gram().sum(0)));
  TaskGradients half({{a.to(at::kHalf)}, {b.to(at::kHalf)}});
  CHECK(half.gram().scalar_type() == at::kFloat);
  CHECK(at::allclose(half.gram().to(at::kDouble), whole.gram(), 1e-2, 10));
}
