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

TEST_CASE("of many classes without a node the first are named and the others counted") {
  std::vector<std::string> classes;
  for (int i = 0; i < 30; ++i) classes.push_back("class " + std::to_string(i));
  CHECK_THROWS_WITH(bind_classes(set("a", {1}, {0}, classes), kNodes),
                    Contains("'class 7'") && !Contains("'class 8'") &&
                        Contains("a: nor do nodes carry 22 more of its 30 classes"));
}

TEST_CASE("samples are shared where they are equal, whatever row or set they come from") {
  auto a = set("a", {1, 2, 3, 3}, {0, 0, 0, 0}, {"x"}), b = set("b", {3, 9}, {0, 0}, {"x"});
  CHECK(shared(a, b) == std::vector<int64_t>{2, 3});
  CHECK(shared(b, a) == std::vector<int64_t>{0});
  // rows of one origin: 1 by its row, 3 by its content
  auto rows = [&](std::vector<int64_t> index) { return a.subset(index); };
  CHECK(shared(rows({0, 1, 2}), rows({1, 3})) == std::vector<int64_t>{1, 2});
  CHECK(shared(rows({0}), rows({1})).empty());
}

TEST_CASE("what others hold too can be left out") {
  auto a = set("a", {1, 2, 3, 3, 5}, {0, 1, 0, 0, 1}, {"x", "y"}), b = set("b", {3, 9}, {0, 0}, {"x"});
  auto rest = without(a, {b, set("c", {1}, {0}, {"x"})});
  CHECK(rest.images().flatten().equal(at::tensor({2, 5}).to(at::kByte)));
  CHECK(rest.class_names() == a.class_names());
  CHECK(rest.labels().equal(at::tensor({1, 1}, at::kLong)));
  CHECK_THROWS_WITH(without(b.subset(std::vector<int64_t>{0}), {a, b}),
                    "b: no sample is left without those that a holds too");
}
