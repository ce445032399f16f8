#include "host/metric/distances.hpp"

#include <ATen/ATen.h>

#include <filesystem>
#include <limits>

#include "host/error.hpp"
#include "host/metric/numbers.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::metric;

namespace {

at::Tensor tensor(const std::vector<std::vector<double>>& rows) {
  std::vector<double> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  return matrix(values, static_cast<int64_t>(rows.size()), rows.empty() ? 0 : static_cast<int64_t>(rows[0].size()));
}

bool close(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && at::allclose(a, b, 1e-9, 1e-9);
}

}  // namespace

TEST_CASE("distances between vectors, in double whatever they are") {
  const at::Tensor d = vector_distances(tensor({{0, 0}, {3, 4}, {0, 1}}).to(at::kFloat));
  CHECK(d.dtype() == at::kDouble);
  CHECK(close(d, tensor({{0, 5, 1}, {5, 0, std::sqrt(18.0)}, {1, std::sqrt(18.0), 0}})));
  CHECK(d.diagonal().abs().sum().item<double>() == 0);
  CHECK_THROWS_WITH(vector_distances(at::zeros({3})), "distances: vectors are [K, d], got a tensor of 1 dimensions");
}

TEST_CASE("distances from similarities: the decomposition, its negative part left out") {
  // numpy: S = minmax((E + E^T) / 2), eigh, rows of U sqrt(max(l, 0))
  const at::Tensor e = tensor(
      {{1.183, .149, -.061, -.199}, {-.102, 1.116, .196, .045}, {-.16, -.175, 1.017, .189}, {.137, -.076, -.2, .913}});
  const at::Tensor d = similarity_distances(e);
  CHECK(d[0][1].item<double>() == Approx(1.319474424188712));
  CHECK(d[0][2].item<double>() == Approx(1.3680884556269717));
  CHECK(d[1][3].item<double>() == Approx(1.2619739601098598));
  const at::Tensor negative = similarity_distances(tensor({{0, 1, .9}, {1, 0, .1}, {.9, .1, 0}}));
  CHECK(negative[0][1].item<double>() == Approx(0.19150616948771182));
  CHECK(negative[1][2].item<double>() == Approx(0.054803287728167));
  // the identity: all labels are as far from each other
  CHECK(close(similarity_distances(at::eye(3, at::kDouble)), std::sqrt(2.0) * (1 - at::eye(3, at::kDouble))));
  CHECK(similarity_distances(at::ones({1, 1})).item<double>() == 0);
  CHECK_THROWS_WITH(similarity_distances(at::zeros({2, 3})), Catch::Contains("similarities are [K, K]"));
  CHECK_THROWS_WITH(similarity_distances(at::full({2, 2}, std::numeric_limits<double>::quiet_NaN())),
                    "distances: a similarity is not finite");
}

TEST_CASE("distances over a common ancestor take the shortest way up") {
  graph::Description g;
  g.root = "thing";
  g.nodes = {"animal", "pet", "dog", "wolf", "car"};
  g.edges = {{"thing", "animal"}, {"thing", "car"},  {"animal", "dog"},
             {"animal", "wolf"},  {"animal", "pet"}, {"pet", "dog"}};
  g.labels = {"dog", "wolf", "car", "pet"};
  const graph::LabelGraph built(g);
  const at::Tensor d = ancestor_distances(built, {built.at("dog"), built.at("wolf"), built.at("car"), built.at("pet")});
  CHECK(close(d, tensor({{0, 2, 3, 1}, {2, 0, 3, 2}, {3, 3, 0, 3}, {1, 2, 3, 0}})));
}

TEST_CASE("known answers 001-16 and 001-18: distances in WordNet") {
  if (!std::filesystem::exists("/usr/share/wordnet/data.noun")) {
    std::cout << "SKIPPED: distances in WordNet: no /usr/share/wordnet/data.noun (Debian's wordnet-base)\n";
    return;
  }
  // what each class is called there, where it is not the class's own name
  const std::map<std::string, std::string> first_words{{"automobile", "car"}};
  for (const char* id : {"001-16", "001-18"}) {
    Json c = known_answer(id);
    if (c.is_null()) return;
    std::vector<std::string> synsets;
    std::vector<std::vector<double>> expected = c["expected"]["wordnet_distance"];
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string word = c["input"]["classes"][i];
      const auto known = first_words.find(word);
      synsets.push_back((known == first_words.end() ? word : known->second) + ".n.0" +
                        std::to_string(c["input"]["senses"][i].get<int>()));
    }
    CHECK(at::equal(wordnet_distances(synsets, ""), tensor(expected)));
  }
  CHECK_THROWS_WITH(wordnet_distances({"dog", "cat", "dog.n.01"}, ""), Catch::Contains("3 classes are only 2 synsets"));
  CHECK_THROWS_WITH(wordnet_distances({}, ""), "wordnet: name the synsets");
}

TEST_CASE("tensors as plain numbers") {
  CHECK(numbers(at::arange(6).view({2, 3}).t()) == std::vector<double>{0, 3, 1, 4, 2, 5});
  CHECK(integers(at::tensor({1, 0}).to(at::kBool)) == std::vector<int64_t>{1, 0});
  CHECK_THROWS_WITH(integers(at::zeros({2})), Catch::Contains("numbers of classes are integers"));
  CHECK_THROWS_WITH(matrix({1, 2, 3}, 2, 2), "2 x 2 numbers are needed, got 3");
}
