#include "host/data/split.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace moonlab::data;

// 40 samples of class a, 30 of b, 10 of c, interleaved
static Dataset toy() {
  std::vector<int64_t> y;
  for (int i = 0; i < 40; ++i) {
    y.push_back(0);
    if (i < 30) y.push_back(1);
    if (i < 10) y.push_back(2);
  }
  return Dataset(make_samples("toy", at::zeros({80, 1, 1, 1}, at::kByte), at::tensor(y), {"a", "b", "c"}, ""));
}
static std::vector<int64_t> counts(const Dataset& data) { return data.counts(); }
static std::set<int64_t> rows_of(const Dataset& data) {
  const auto* r = data.rows().const_data_ptr<int64_t>();
  return {r, r + data.size()};
}

TEST_CASE("permutation holds every number once and is fixed by its seed") {
  auto p = permutation(1000, 1);
  CHECK(std::set<int64_t>(p.begin(), p.end()).size() == 1000);
  CHECK(p == permutation(1000, 1));
  CHECK(p != permutation(1000, 2));
  // written down: a change would silently change every split of every run
  CHECK(permutation(8, 0) == std::vector<int64_t>{4, 5, 2, 0, 7, 1, 3, 6});
  CHECK(permutation(0, 0).empty());
}

TEST_CASE("permutation prefers no position") {
  // the mean place of each of 5 numbers over 20,000 shuffles; its standard deviation is 0.01
  std::vector<double> place(5);
  for (uint64_t s = 0; s < 20000; ++s) {
    auto p = permutation(5, s);
    for (int i = 0; i < 5; ++i) place[p[i]] += i / 20000.0;
  }
  for (double mean : place) CHECK(std::abs(mean - 2.0) < 0.05);
}

TEST_CASE("parts of a partition are disjoint and stratified") {
  Partition parts(toy(), 7);
  auto test = parts.take_back({2, {}, {}}, "test");
  auto a = parts.take_front({3, {}, {}}, "A");
  auto b = parts.take_front({{}, 20, {}}, "B");
  auto rest = parts.take_front({}, "rest");
  CHECK(counts(test) == std::vector<int64_t>{2, 2, 2});
  CHECK(counts(a) == std::vector<int64_t>{3, 3, 3});
  CHECK(counts(b) == std::vector<int64_t>{8, 7, 5});  // class c has only 5 left
  std::set<int64_t> all;
  for (const auto* part : {&test, &a, &b, &rest})
    for (int64_t row : rows_of(*part)) all.insert(row);
  CHECK(all.size() == 80);
  CHECK(test.size() + a.size() + b.size() + rest.size() == 80);
}

TEST_CASE("a larger part from the front contains the smaller one; the back does not move") {
  auto front = [](int64_t n) {
    Partition p(toy(), 3);
    auto test = p.take_back({2, {}, {}}, "test");
    return std::make_pair(rows_of(p.take_front({n, {}, {}}, "train")), rows_of(test));
  };
  auto [small, test_small] = front(2);
  auto [large, test_large] = front(5);
  CHECK(std::includes(large.begin(), large.end(), small.begin(), small.end()));
  CHECK(test_small == test_large);
}

TEST_CASE("a share is of what each class has left") {
  Partition parts(toy(), 7);
  parts.take_back({{}, {}, 0.1}, "val");  // 4, 3, 1
  CHECK(counts(parts.take_front({{}, {}, 0.5}, "train")) == std::vector<int64_t>{18, 14, 5});
  CHECK(counts(parts.take_front({{}, {}, 1.0}, "more")) == std::vector<int64_t>{18, 13, 4});
}

TEST_CASE("wanting more than there is names the class and the purpose") {
  Partition parts(toy(), 7);
  parts.take_front({4, {}, {}}, "train");
  CHECK_THROWS_WITH(parts.take_front({7, {}, {}}, "test"),
                    "toy: class 'c' has 6 of 10 samples left, 7 wanted for test");
  CHECK_THROWS_WITH(parts.take_front({{}, 100, {}}, "test"), "toy: 68 samples are left, 100 wanted for test");
}

TEST_CASE("the split's seed changes it") {
  auto rows = [](uint64_t seed) { return rows_of(Partition(toy(), seed).take_front({5, {}, {}}, "train")); };
  CHECK(rows(0) == rows(0));
  CHECK(rows(0) != rows(1));
}

TEST_CASE("without strata the classes count as one") {
  Partition parts(toy(), 7, false);
  auto counts = parts.take_front({40, {}, {}}, "train").counts();
  CHECK(counts[0] + counts[1] + counts[2] == 40);
  CHECK(counts[0] > counts[2]);  // 40 of the 80 are of class a, 10 of class c
}

TEST_CASE("a class is in one order, alone and among others") {
  auto front = [](const Dataset& data, int64_t n) {
    return rows_of(Partition(data, 7).take_front({n, {}, {}}, "train"));
  };
  const auto all = front(toy(), 4), c = front(toy().only({"c"}), 4), cb = front(toy().only({"c", "b"}), 4);
  std::set<int64_t> together = all;
  together.insert(cb.begin(), cb.end());
  together.insert(c.begin(), c.end());
  CHECK(all.size() == 12);
  CHECK(together == all);
}
