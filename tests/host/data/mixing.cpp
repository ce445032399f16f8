#include "host/data/mixing.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "host/data/loader.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
using Json = nlohmann::ordered_json;

namespace {

Batch batch_of(int64_t size) {
  Batch b;
  b.x = at::arange(size * 3 * 8 * 10, at::kFloat).reshape({size, 3, 8, 10});
  b.y = at::arange(size, at::kLong).remainder(4);
  return b;
}

Batch mixed(const char* list, uint64_t seed, int64_t size = 6, at::Tensor w = {}) {
  Batch b = batch_of(size);
  b.w = w;
  Mixing(Json::parse(list)).apply(b, 4, seed);
  return b;
}

at::Tensor rows_of(const at::Tensor& y) { return at::eye(4).index_select(0, y); }

}  // namespace

TEST_CASE("numbers of Beta(alpha, alpha) have its mean and variance") {
  for (const double alpha : {0.01, 0.2, 1.0, 4.0}) {
    Draw draw(7);
    const int n = 20000;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; ++i) {
      const double x = draw_beta(alpha, draw);
      REQUIRE((x >= 0 && x <= 1));
      sum += x;
      squares += (x - 0.5) * (x - 0.5);
    }
    CHECK(sum / n == Approx(0.5).margin(0.018));
    CHECK(squares / n == Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.05));
  }
}

TEST_CASE("mixup adds the partner's picture and label by the same share") {
  const Batch own = batch_of(6), b = mixed(R"([{"kind": "mixup", "alpha": 0.4}])", 5);
  REQUIRE(b.mix);
  const double lambda = b.mix->lambda;
  CHECK((lambda > 0 && lambda < 1));
  CHECK_FALSE(b.mix->mask.defined());
  CHECK(at::equal(std::get<0>(b.mix->permutation.sort()), at::arange(6)));
  const at::Tensor partner = own.x.index_select(0, b.mix->permutation);
  CHECK(at::allclose(b.x, own.x * lambda + partner * (1 - lambda)));
  CHECK(at::allclose(b.t, rows_of(own.y) * lambda + rows_of(own.y.index_select(0, b.mix->permutation)) * (1 - lambda)));
  CHECK(at::equal(b.y, own.y));
  CHECK(b.t.sizes() == at::IntArrayRef({6, 4}));
}

TEST_CASE("cutmix puts one box of the partner there; lambda is what is left") {
  const Batch own = batch_of(6);
  int64_t cut = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Batch b = mixed(R"([{"kind": "cutmix"}])", seed);
    REQUIRE(b.mix);
    const at::Tensor mask = b.mix->mask;
    REQUIRE(mask.sizes() == at::IntArrayRef({8, 10}));
    const auto pixels = mask.sum().item<int64_t>();
    REQUIRE(mask.any(1).sum().item<int64_t>() * mask.any(0).sum().item<int64_t>() == pixels);
    REQUIRE(b.mix->lambda == Approx(1 - static_cast<double>(pixels) / 80));
    REQUIRE(at::equal(b.x, at::where(mask, own.x.index_select(0, b.mix->permutation), own.x)));
    REQUIRE(at::allclose(b.t.sum(1), at::ones({6})));
    cut += pixels > 0;
  }
  CHECK(cut > 70);
}

TEST_CASE("a share of the batches, one of several ways, and the same for the same seed") {
  int64_t some = 0, cuts = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Batch b = mixed(R"([{"kind": "mixup", "p": 0.3}])", seed, 2);
    if (!b.mix) REQUIRE(at::equal(b.t, rows_of(b.y)));
    some += b.mix.has_value();
    cuts += mixed(R"([{"kind": "mixup"}, {"kind": "cutmix"}])", seed, 2).mix->mask.defined();
  }
  CHECK(std::abs(some - 300) < 75);
  CHECK(std::abs(cuts - 500) < 80);
  const Batch a = mixed(R"([{"kind": "mixup"}])", 9), b = mixed(R"([{"kind": "mixup"}])", 9);
  CHECK(at::equal(a.x, b.x));
  CHECK(at::equal(a.t, b.t));
  CHECK_FALSE(at::equal(a.x, mixed(R"([{"kind": "mixup"}])", 10).x));
}

TEST_CASE("weights go with the labels: the weighted loss is the mixed one of the pair") {
  const at::Tensor w = at::tensor({1.0f, 2.0f, 0.5f, 4.0f, 1.0f, 3.0f});
  const Batch own = batch_of(6), b = mixed(R"([{"kind": "mixup"}])", 3, 6, w);
  const at::Tensor of_classes = -at::tensor({0.1f, 0.2f, 0.3f, 0.4f}).log(), order = b.mix->permutation;
  const at::Tensor each = w * of_classes.index_select(0, own.y);
  CHECK(at::allclose(b.w * b.t.matmul(of_classes),
                     each * b.mix->lambda + each.index_select(0, order) * (1 - b.mix->lambda)));
  CHECK(at::equal(b.weights, b.w));
  CHECK(at::allclose(b.t.sum(1), at::ones({6})));
}

TEST_CASE("a loader's mixed batches depend on seed, epoch and number, not on workers or where it begins") {
  const at::Tensor images = at::arange(20 * 3 * 4 * 4).remainder(256).to(at::kByte).reshape({20, 3, 4, 4});
  const Dataset data(make_samples("d", images, at::arange(20).remainder(2), {"a", "b"}, "here"));
  auto loader = [&](uint64_t seed, int64_t workers) {
    SamplerOptions options;
    options.batch = 8;
    options.seed = seed;
    auto made = std::make_unique<Loader>(std::vector<Source>{{data}}, options, at::kCPU, TextInput{}, 5, workers > 0);
    if (workers) made->set_transform(augmentation({make_steps(Json::array({{{"kind", "flip"}, {"p", 0}}}))}), workers);
    made->set_mixing(Mixing(Json::parse(R"([{"kind": "mixup"}])")));
    return made;
  };
  auto batches = [](Loader& from, int64_t epoch, int64_t batch) {
    std::vector<Batch> list;
    from.begin(epoch, batch);
    while (auto next = from.next()) list.push_back(std::move(*next));
    return list;
  };
  const auto whole = batches(*loader(1, 0), 2, 0);
  REQUIRE(whole.size() == 3);
  CHECK(whole[2].t.sizes() == at::IntArrayRef({4, 5}));
  for (const int64_t workers : {1, 3}) {
    const auto same = batches(*loader(1, workers), 2, 1);
    REQUIRE(same.size() == 2);
    for (int i : {0, 1}) {
      CHECK(at::allclose(same[i].x, whole[i + 1].x));
      CHECK(at::equal(same[i].t, whole[i + 1].t));
      CHECK(same[i].mix->lambda == whole[i + 1].mix->lambda);
      CHECK(at::equal(same[i].mix->permutation, whole[i + 1].mix->permutation));
    }
  }
  CHECK(batches(*loader(1, 0), 3, 0)[0].mix->lambda != whole[0].mix->lambda);
  CHECK(batches(*loader(2, 0), 2, 0)[0].mix->lambda != whole[0].mix->lambda);
  CHECK(whole[0].mix->lambda != whole[1].mix->lambda);
}

TEST_CASE("what cannot be mixed, and mistakes, are named") {
  auto make = [](const char* list) { return Mixing(Json::parse(list)); };
  CHECK_THROWS_WITH(make(R"([{"kind": "mixpu"}])"), Catch::Contains("unknown kind 'mixpu'; did you mean 'mixup'?"));
  CHECK_THROWS_WITH(make(R"([{"kind": "mixup", "alpah": 1}])"), Catch::Contains("unknown option 'alpah'"));
  CHECK_THROWS_WITH(make(R"([{"kind": "mixup", "alpha": 0}])"), Catch::Contains("alpha = 0 is not above 0"));
  CHECK_THROWS_WITH(make(R"([{"kind": "cutmix", "p": 2}])"), Catch::Contains("p = 2 is not in [0, 1]"));
  CHECK_THROWS_WITH(make(R"([{"kind": "cutmix", "p": "x"}])"), Catch::Contains("p takes a number"));
  const Dataset texts(
      make_text_samples("t", text::Texts({"one", "two"}), at::tensor({0, 1}, at::kLong), {"a", "b"}, "here"));
  Loader features({Source{.data = texts, .features = at::rand({2, 3})}}, {});
  CHECK_THROWS_WITH(features.set_mixing(make(R"([{"kind": "mixup"}])")), Catch::Contains("'t' gives features"));
}
