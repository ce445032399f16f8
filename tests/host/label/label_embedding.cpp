// What the specs of head.label_embedding cannot see: the two ways to compute the terms against each other.
#include "host/label/label_embedding.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "host/label/binary_codes.hpp"
#include "host/label/embedding_terms.hpp"

using namespace moonlab::label;

namespace {

struct Batch {
  at::Tensor z, table, row, y, w;
};

Batch batch_of(int64_t batch, int64_t m, bool compressed, at::ScalarType type, bool second = true) {
  at::manual_seed(static_cast<uint64_t>(batch + m));
  Batch b;
  b.y = at::randint(m, {batch}, at::kLong);
  b.z = at::randn({batch, second ? 2 * m : m}, type);
  if (second)  // right, and sure, for about half of the samples
    b.z.narrow(1, m, m).scatter_add_(1, b.y.unsqueeze(1), at::randn({batch, 1}, type) * 5 + 3);
  b.table = at::randn({compressed ? batch : m, m}, type);
  b.row = compressed ? at::arange(batch, at::kLong) : b.y;
  b.w = at::rand({batch}, type) * (at::rand({batch}, type) > 0.2);
  b.z.set_requires_grad(true), b.table.set_requires_grad(true);
  return b;
}

using Way = at::Tensor (*)(const Batch&, const EmbeddingLoss&);

std::vector<at::Tensor> with_gradients(const Batch& b, const EmbeddingLoss& o, Way way) {
  b.z.mutable_grad() = at::Tensor(), b.table.mutable_grad() = at::Tensor();
  const at::Tensor terms = way(b, o);
  (terms * at::tensor({1.0, 0.5, 2.0, 1.5, 3.0}, terms.options())).sum().backward();
  return {terms.detach(), b.z.grad(), b.table.grad()};
}

at::Tensor one_pass(const Batch& b, const EmbeddingLoss& o) {
  return terms_in_one_pass(b.z, b.table, b.row, b.y, b.w, o);
}
at::Tensor operators(const Batch& b, const EmbeddingLoss& o) {
  return terms_by_operators(b.z, b.table, b.row, b.y, b.w, o);
}

}  // namespace

TEST_CASE("label embeddings: one pass and operators agree, in terms and gradients") {
  EmbeddingLoss other;
  other.weights = {1, 2, 0.5, 3, 0.7}, other.tau = 3, other.alpha = 0.5, other.power = 2, other.two_sided = true;
  other.hinge = Reduce::mean, other.teaches = Teaches::first, other.counted = false;
  EmbeddingLoss always;
  always.teaches = Teaches::all, always.weights = {1, 0, 1, 0, 1};
  for (const auto& loss : {EmbeddingLoss(), other, always})
    for (bool compressed : {false, true})
      for (auto [batch, m] : {std::pair<int64_t, int64_t>{64, 7}, {9, 300}, {1, 5}, {40, 1}})
        for (bool second : {true, false}) {
          CAPTURE(compressed, batch, m, second);
          const Batch b = batch_of(batch, m, compressed, at::kDouble, second);
          const auto fast = with_gradients(b, loss, one_pass), plain = with_gradients(b, loss, operators);
          for (size_t i = 0; i < fast.size(); ++i) {
            if (i == 2 && !second) {  // nothing to learn: zeros, or no gradient at all
              CHECK((!fast[i].defined() || fast[i].abs().sum().item<double>() == 0));
              continue;
            }
            CAPTURE(i);
            CHECK(at::allclose(fast[i], plain[i], 1e-10, 1e-12));
          }
          Batch single = b;
          single.z = b.z.detach().to(at::kFloat).requires_grad_(),
          single.table = b.table.detach().to(at::kFloat).requires_grad_();
          single.w = b.w.to(at::kFloat);
          const auto rough = with_gradients(single, loss, one_pass);
          CHECK(at::allclose(rough[0].to(at::kDouble), fast[0], 1e-4, 1e-5));
          CHECK(at::allclose(rough[1].to(at::kDouble), fast[1], 1e-3, 1e-5));
        }
}

TEST_CASE("label embeddings: the same sums, to the last bit, with any number of threads") {
  const Batch b = batch_of(200, 300, false, at::kFloat);
  std::vector<at::Tensor> first;
  const int before = at::get_num_threads();
  for (int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const auto found = with_gradients(b, {}, one_pass);
    if (first.empty()) first = found;
    for (size_t i = 0; i < found.size(); ++i) CHECK(at::equal(found[i], first[i]));
  }
  at::set_num_threads(before);
}

TEST_CASE("label embeddings: rows of labels that do not occur get exact zeros") {
  const Batch b = batch_of(3, 50, false, at::kFloat);
  const at::Tensor gradient = with_gradients(b, {}, one_pass)[2];
  for (int64_t label = 0; label < 50; ++label)
    if (!(b.y == label).any().item<bool>()) CHECK(gradient[label].abs().sum().item<double>() == 0);
}

TEST_CASE("label embeddings: an empty batch costs nothing") {
  const at::Tensor none = at::empty({0}, at::kLong);
  const at::Tensor terms = embedding_terms(at::zeros({0, 8}), at::eye(4), none, none, {}, {});
  CHECK(terms.abs().sum().item<double>() == 0);
}

TEST_CASE("binary codes: words longer than 64 bits that fill no whole part, and all words of few bits") {
  const at::Tensor rows = random_codes(300, 100, 5, 0.3).to(at::kFloat);
  const at::Tensor agree = rows.mm(rows.t()) + (1 - rows).mm((1 - rows).t());
  CHECK((100 - agree).fill_diagonal_(100).min().item<double>() >= 30);
  CHECK(std::get<0>(at::unique_dim(random_codes(256, 8, 1), 0)).size(0) == 256);
  CHECK_THROWS_AS(random_codes(0, 8, 1), moonlab::Error);
  CHECK_THROWS_AS(hadamard_codes(3, 6), moonlab::Error);
}
