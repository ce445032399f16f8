#include "host/data/join.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using namespace moonlab::data;

static Dataset set(const std::string& name, std::vector<int64_t> pixels, std::vector<int64_t> labels,
                   std::vector<std::string> classes) {
  auto n = static_cast<int64_t>(pixels.size());
  return Dataset(
      make_samples(name, at::tensor(pixels).to(at::kByte).reshape({n, 1, 1, 1}), at::tensor(labels), classes, ""));
}
static const std::vector<std::string> kNodes{"animal", "cat", "dog", "corgi"};

TEST_CASE("classes bind to the nodes of their names") {
  auto a = set("a", {1, 2, 3}, {0, 1, 0}, {"corgi", "cat"}), b = set("b", {4, 5}, {0, 1}, {"dog", "cat"});
  auto ta = bind_classes(a, kNodes), tb = bind_classes(b, kNodes);
  CHECK(ta == std::vector<int64_t>{3, 1});
  auto labels = count_labels({a, b}, {ta, tb}, kNodes);
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].name == "cat");
  CHECK(labels[0].samples == std::vector<int64_t>{1, 1});
  CHECK(labels[1].samples == std::vector<int64_t>{0, 1});
  CHECK(labels[2].samples == std::vector<int64_t>{2, 0});
}

TEST_CASE("every class without a node is named with the nearest one") {
  auto a = set("a", {1, 2}, {0, 1}, {"corgy", "dgo"});
  CHECK_THROWS_WITH(bind_classes(a, kNodes),
                    "a: no node carries the class 'corgy'; did you mean 'corgi'?\n"
                    "a: no node carries the class 'dgo'; did you mean 'dog'?");
}

TEST_CASE("overlap counts rows of one origin, and equal images of two") {
  auto a = set("a", {1, 2, 3, 3}, {0, 0, 0, 0}, {"x"}), b = set("b", {3, 9}, {0, 0}, {"x"});
  CHECK(overlap(a.subset(at::tensor({0, 1, 2}, at::kLong)), a.subset(at::tensor({1, 3}, at::kLong))) == 1);
  CHECK(overlap(a, b) == 2);
  CHECK(overlap(b, a) == 1);
}
