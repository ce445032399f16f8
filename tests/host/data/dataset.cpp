#include "host/data/dataset.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using namespace moonlab::data;

static Dataset toy() {
  auto images = at::arange(6, at::kByte).reshape({6, 1, 1, 1});
  return Dataset(
      make_samples("toy", images, at::tensor({0, 1, 2, 0, 1, 2}, at::kLong), {"cat", "dog", "owl"}, "toy.gz"));
}
static at::Tensor longs(std::vector<int64_t> v) { return at::tensor(v); }

TEST_CASE("a view chooses rows and shares the images") {
  auto d = toy().subset(longs({5, 0, 1}));
  CHECK(d.size() == 3);
  CHECK(d.describe() == "toy: 3 images [1, 1, 1] of 3 classes");
  CHECK(d.labels().equal(longs({2, 0, 1})));
  CHECK(d.images().flatten().equal(at::tensor({5, 0, 1}, at::kByte)));
  auto of_view = d.subset(longs({0, 0}));  // positions count in the view
  CHECK(of_view.rows().equal(longs({5, 5})));
  CHECK(of_view.counts() == std::vector<int64_t>{0, 0, 2});
  CHECK_THROWS_WITH(d.subset(longs({3})), "toy: subset: index 3 is out of range: 3 samples");
  CHECK_THROWS_WITH(d.subset(at::zeros({2})), Contains("expected a long tensor"));
}

TEST_CASE("labels become coarser, in the order of the first old class") {
  auto d = toy().relabel({{"bird", {"owl"}}, {"pet", {"dog", "cat"}}});
  CHECK(d.class_names() == std::vector<std::string>{"pet", "bird"});
  CHECK(d.labels().equal(longs({0, 0, 1, 0, 0, 1})));
  CHECK_THROWS_WITH(toy().relabel({{"pet", {"dgo", "cat"}}}), "toy: no class 'dgo'; did you mean 'dog'?");
  CHECK_THROWS_WITH(toy().relabel({{"pet", {"dog", "cat"}}}), "toy: class 'owl' is in none of the labels");
  CHECK_THROWS_WITH(toy().relabel({{"a", {"dog"}}, {"b", {"dog"}}}), "toy: class 'dog' is in two labels, 'a' and 'b'");
}

TEST_CASE("only keeps some classes and numbers them anew") {
  auto d = toy().only({"owl", "cat"});
  CHECK(d.rows().equal(longs({0, 2, 3, 5})));
  CHECK(d.labels().equal(longs({1, 0, 1, 0})));
  CHECK(d.class_names() == std::vector<std::string>{"owl", "cat"});
  CHECK_THROWS_WITH(toy().only({"cow"}), Contains("no class 'cow'"));
  CHECK_THROWS_WITH(toy().only({"cat", "cat"}), "toy: class 'cat' is given twice");
}

TEST_CASE("a fingerprint tells content, choice and labels apart, and only these") {
  auto d = toy();
  CHECK(d.fingerprint() == toy().fingerprint());
  CHECK(d.fingerprint().size() == 64);
  CHECK(d.renamed("other").fingerprint() == d.fingerprint());
  CHECK(d.subset(longs({0, 1})).fingerprint() != d.subset(longs({1, 0})).fingerprint());
  CHECK(d.relabel({{"pet", {"cat", "dog"}}, {"owl", {"owl"}}}).fingerprint() != d.fingerprint());
  auto images = d.images();
  images[0].fill_(9);
  CHECK(Dataset(make_samples("toy", images, d.labels(), d.class_names(), "")).fingerprint() != d.fingerprint());
}
