#include <torch/csrc/autograd/autograd.h>

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

void compare(const TaskGradients& a, const TaskGradients& b, double tolerance = 1e-9) {
  CHECK(at::allclose(a.gram(), b.gram(), tolerance, tolerance));
  auto c = at::tensor({0.5, -1.5, 2.0}, at::kDouble).slice(0, 0, a.tasks()).expand({a.size(), a.tasks()});
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
