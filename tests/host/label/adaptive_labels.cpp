// What the specs of head.lwal cannot see: rounding in float, large batches, and that no [B, B] is made.
#include "host/label/adaptive_labels.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "host/error.hpp"
#include "host/label/retrospection.hpp"

using namespace moonlab::label;

namespace {

Membership members(const at::Tensor& y, int64_t classes) {
  Membership of;
  of.y = y, of.classes = classes;
  return of;
}

}  // namespace

TEST_CASE("adaptive labels: distances of near points far from the origin keep their digits in float") {
  const at::Tensor labels = at::full({2, 100}, 1000.0, at::kFloat);
  at::Tensor z = labels.narrow(0, 0, 1).clone();
  z[0][0] += 0.25;
  CHECK(label_logits(z, labels)[0][1].item<float>() == -0.25f);  // the expanded square would have lost it
  z.requires_grad_();
  label_logits(z, labels).sum().backward();
  CHECK(z.grad()[0][0].item<float>() == Approx(-2));
  CHECK(z.grad()[0].narrow(0, 1, 99).abs().max().item<float>() < 1e-3);
}

TEST_CASE("adaptive labels: many long rows, some of them near a label, have the distances of double") {
  at::manual_seed(5);
  const at::Tensor labels = at::randn({40, 500}, at::kDouble) + 3, y = at::randint(40, {200}, at::kLong);
  at::Tensor z = labels.index_select(0, y) + at::randn({200, 500}, at::kDouble) * 1e-3;
  z.narrow(0, 0, 100).copy_(at::randn({100, 500}, at::kDouble));
  z[150].copy_(labels[y[150].item<int64_t>()]);
  const at::Tensor exact = at::cdist(z, labels).clamp_min(1e-6).neg();
  CHECK(at::allclose(label_logits(z, labels), exact, 1e-9, 1e-9));
  const at::Tensor rough = label_logits(z.to(at::kFloat), labels.to(at::kFloat)).to(at::kDouble);
  CHECK(at::allclose(rough, exact, 1e-4, 1e-5));
  CHECK(rough[150].max().item<double>() == Approx(-1e-6));
  z.set_requires_grad(true);
  label_logits(z, labels).sum().backward();
  CHECK(at::isfinite(z.grad()).all().item<bool>());
}

TEST_CASE("adaptive labels: repulsion of a batch of 20,000 in float is that in double") {
  at::manual_seed(3);
  const at::Tensor z = at::randn({20000, 64}, at::kDouble), y = at::randint(100, {20000}, at::kLong);
  for (auto reduction : {Pairs::sum, Pairs::mean_all, Pairs::mean_pairs}) {
    const double exact = repel(z, members(y, 100), reduction).item<double>();
    const double rough = repel(z.to(at::kFloat), members(y, 100), reduction).item<double>();
    CHECK(rough == Approx(exact).epsilon(1e-3));
  }
}

TEST_CASE("adaptive labels: one sample of another class among many is not lost to rounding") {
  at::Tensor z = at::zeros({4096, 2}, at::kFloat);
  z.select(1, 0).fill_(1);
  at::Tensor y = at::zeros({4096}, at::kLong);
  y[4095] = 1, z[4095][0] = 0.6, z[4095][1] = 0.8;
  CHECK(repel(z, members(y, 2), Pairs::mean_pairs).item<double>() == Approx(0.6).epsilon(1e-6));
}

TEST_CASE("adaptive labels: half precision is computed in float, also its gradients") {
  at::manual_seed(1);
  for (auto type : {at::kBFloat16, at::kHalf}) {
    at::Tensor z = at::randn({6, 5}).to(type).requires_grad_();
    const at::Tensor y = at::tensor({0, 1, 2, 0, 1, 1}, at::kLong);
    const auto [sums, counts] = class_sums(z, members(y, 3));
    const at::Tensor labels = class_means(sums, counts, at::eye(3, 5)), logits = label_logits(z, labels);
    CHECK((labels.scalar_type() == at::kFloat && logits.scalar_type() == at::kFloat));
    (logits.sum() + repel(z, members(y, 3), Pairs::mean_all)).backward();
    CHECK(z.grad().scalar_type() == type);
    CHECK(at::isfinite(z.grad()).all().item<bool>());
  }
}

TEST_CASE("adaptive labels: empty batches, and what does not fit") {
  const at::Tensor none = at::zeros({0, 3}), old = at::eye(2, 3);
  const Membership of = members(at::zeros({0}, at::kLong), 2);
  const auto [sums, counts] = class_sums(none, of);
  CHECK(at::equal(class_means(sums, counts, old), old));
  CHECK(repel(none, of, Pairs::mean_all).item<double>() == 0);
  CHECK(label_logits(none, old).sizes() == at::IntArrayRef({0, 2}));
  CHECK_THROWS_AS(class_means(sums, counts, at::eye(3)), moonlab::Error);
  CHECK_THROWS_AS(class_sums(at::zeros({3}), of), moonlab::Error);
  CHECK_THROWS_AS(class_sums(at::zeros({1, 3}), members(at::tensor({-1}, at::kLong), 2)), moonlab::Error);
  Membership weighted = members(at::tensor({-1, 1}, at::kLong), 2);
  weighted.w = at::tensor({0.0, 2.0});
  CHECK(class_sums(at::ones({2, 3}), weighted).second.sum().item<double>() == 2);
  weighted.w = at::ones({3});
  CHECK_THROWS_AS(repel(at::ones({2, 3}), weighted, Pairs::sum), moonlab::Error);
}

TEST_CASE("retrospection: the gradient is tau (softmax(z / tau) - s), or softmax(z) - s") {
  at::manual_seed(2);
  const at::Tensor s = soft_labels(at::randn({4, 6}, at::kDouble), 5);
  for (bool tempered : {true, false}) {
    at::Tensor z = at::randn({4, 6}, at::kDouble).requires_grad_();
    retrospection_loss(z, s, {5, tempered}).sum().backward();
    const at::Tensor expected = tempered ? ((z.detach() / 5).softmax(1) - s) * 5 : z.detach().softmax(1) - s;
    CHECK(at::allclose(z.grad(), expected, 1e-10, 1e-12));
  }
}
