#include "host/data/loader.hpp"

#include <catch2/catch.hpp>
#include <map>

using Catch::Contains;
using namespace moonlab::data;

// `n` images of 2 x 2 x 2 whose pixels tell the row, two classes by turns
static Dataset toy(const std::string& name, int64_t n, bool normalised = false) {
  auto images = at::arange(n, at::kByte).reshape({n, 1, 1, 1}).expand({n, 2, 2, 2}).contiguous();
  return Dataset(make_samples(name, images, at::arange(n, at::kLong).remainder(2), {"even", "odd"}, "",
                              normalised ? std::vector<float>{0.5f, 0.25f} : std::vector<float>{},
                              normalised ? std::vector<float>{0.5f, 0.125f} : std::vector<float>{}));
}

static std::vector<Batch> epoch(Loader& loader, int64_t number, int64_t batch = 0) {
  std::vector<Batch> batches;
  loader.begin(number, batch);
  while (auto b = loader.next()) batches.push_back(*b);
  return batches;
}

// how often each (dataset, sample) occurs
static std::map<std::pair<int64_t, int64_t>, int> seen(const std::vector<Batch>& batches) {
  std::map<std::pair<int64_t, int64_t>, int> times;
  for (const auto& b : batches)
    for (int64_t i = 0; i < b.idx.numel(); ++i) ++times[{b.domain[i].item<int64_t>(), b.idx[i].item<int64_t>()}];
  return times;
}

TEST_CASE("a batch holds scaled and normalised images with their labels and indices") {
  Loader loader({{toy("toy", 5, true), {}}}, {2, false});
  auto batches = epoch(loader, 0);
  REQUIRE(batches.size() == 3);
  CHECK(batches[2].idx.equal(at::tensor({4}, at::kLong)));
  CHECK(batches[1].y.equal(at::tensor({0, 1}, at::kLong)));
  CHECK(batches[1].x.sizes() == at::IntArrayRef{2, 2, 2, 2});
  for (const auto& b : batches)
    for (int64_t i = 0; i < b.idx.numel(); ++i) {
      double unit = b.idx[i].item<double>() / 255.0;
      CHECK(b.x[i][0].sub((unit - 0.5) / 0.5).abs().max().item<double>() < 1e-6);
      CHECK(b.x[i][1].sub((unit - 0.25) / 0.125).abs().max().item<double>() < 1e-6);
    }
  Loader plain({{toy("toy", 5, true), {}, false}}, {2, false});
  CHECK(epoch(plain, 0)[2].x.sub(4 / 255.0).abs().max().item<double>() < 1e-7);
  CHECK(load_images(toy("toy", 5, true).subset(std::vector<int64_t>{4})).equal(batches[2].x));
}

TEST_CASE("each epoch goes through every sample once, in an order of its own") {
  Loader loader({{toy("toy", 101), {}}}, {10, true, false, Mix::kProportional, 12});
  auto first = epoch(loader, 0), second = epoch(loader, 1);
  CHECK(loader.batches() == 11);
  CHECK(first.size() == 11);
  CHECK(first.back().idx.numel() == 1);
  CHECK(seen(first).size() == 101);
  CHECK_FALSE(first[0].idx.equal(second[0].idx));
  CHECK(epoch(loader, 0)[3].idx.equal(first[3].idx));
  Loader other({{toy("toy", 101), {}}}, {10, true, false, Mix::kProportional, 13});
  CHECK_FALSE(epoch(other, 0)[0].idx.equal(first[0].idx));
  Loader dropping({{toy("toy", 101), {}}}, {10, true, true});
  CHECK(epoch(dropping, 0).size() == 10);
  CHECK(dropping.batches() == 10);
}

TEST_CASE("a saved position continues the epoch exactly") {
  for (Mix mix : {Mix::kProportional, Mix::kBalanced, Mix::kRoundRobin}) {
    std::vector<Source> sources{{toy("a", 23), {}}, {toy("b", 50), {}}};
    Loader loader(sources, {8, true, false, mix, 5});
    auto whole = epoch(loader, 4);
    loader.begin(4);
    for (int i = 0; i < 3; ++i) loader.next();
    Loader resumed(sources, {8, true, false, mix, 5});
    auto rest = epoch(resumed, loader.epoch(), loader.batch());
    REQUIRE(rest.size() == whole.size() - 3);
    for (size_t i = 0; i < rest.size(); ++i) {
      CHECK(rest[i].x.equal(whole[i + 3].x));
      CHECK(rest[i].domain.equal(whole[i + 3].domain));
      CHECK(rest[i].idx.equal(whole[i + 3].idx));
    }
    CHECK(epoch(resumed, 4, resumed.batches()).empty());
    CHECK_THROWS_WITH(resumed.begin(4, resumed.batches() + 1), Contains("is not in an epoch of"));
  }
}

TEST_CASE("proportional mixing sees every sample of every dataset once") {
  Loader loader({{toy("a", 30), {}}, {toy("b", 90), {}}}, {10, true, false, Mix::kProportional, 1});
  auto batches = epoch(loader, 0);
  auto times = seen(batches);
  CHECK(times.size() == 120);
  int64_t mixed = 0;
  for (const auto& b : batches) mixed += b.domain.max().item<int64_t>() != b.domain.min().item<int64_t>();
  CHECK(mixed > 8);  // of 12; a batch from one dataset alone has a chance of 6 %
}

TEST_CASE("balanced mixing sees every dataset equally often, at the same cost") {
  Loader loader({{toy("a", 30), {}}, {toy("b", 90), {}}}, {10, true, false, Mix::kBalanced, 1});
  auto times = seen(epoch(loader, 0));
  int64_t of_a = 0, of_b = 0;
  for (const auto& [sample, n] : times) {
    (sample.first == 0 ? of_a : of_b) += n;
    if (sample.first == 0) CHECK(n == 2);  // 60 = two passes through 30
    if (sample.first == 1) CHECK(n == 1);
  }
  CHECK(of_a == 60);
  CHECK(of_b == 60);
}

TEST_CASE("round-robin mixing gives batches of one dataset by turns") {
  Loader loader({{toy("a", 12), {}}, {toy("b", 31), {}}}, {10, true, false, Mix::kRoundRobin, 1});
  auto batches = epoch(loader, 0);
  std::vector<int64_t> domains, sizes;
  for (const auto& b : batches) {
    CHECK(b.domain.max().equal(b.domain.min()));
    domains.push_back(b.domain[0].item<int64_t>());
    sizes.push_back(b.idx.numel());
  }
  CHECK(domains == std::vector<int64_t>{0, 1, 0, 1, 1, 1});
  CHECK(sizes == std::vector<int64_t>{10, 10, 2, 10, 10, 1});
  CHECK(loader.batches() == 6);
  CHECK(seen(batches).size() == 43);
}

// how many samples an epoch has of each of two datasets
static std::pair<int64_t, int64_t> shares(Loader& loader, int64_t number = 0) {
  std::pair<int64_t, int64_t> n;
  for (const auto& [sample, times] : seen(epoch(loader, number))) (sample.first == 0 ? n.first : n.second) += times;
  return n;
}

TEST_CASE("draw says how often a dataset is drawn from, under every mix") {
  std::vector<Source> sources{{toy("a", 30), {}}, {toy("b", 90), {}}};
  auto options = [](Mix mix, std::vector<double> draw) {
    return SamplerOptions{10, true, false, mix, 1, std::move(draw)};
  };
  Loader twice(sources, options(Mix::kProportional, {2, 0.5}));
  CHECK(shares(twice) == std::pair<int64_t, int64_t>{60, 45});
  auto first = seen(epoch(twice, 0)), second = seen(epoch(twice, 1));
  CHECK(first.size() == 30 + 45);  // every sample of a twice, 45 different ones of b
  CHECK(first != second);          // others in the next epoch
  CHECK(twice.batches() == 11);
  CHECK(static_cast<int64_t>(epoch(twice, 0).size()) == 11);

  Loader balanced(sources, options(Mix::kBalanced, {3, 1}));  // 120 samples as 3 : 1
  CHECK(shares(balanced) == std::pair<int64_t, int64_t>{90, 30});
  Loader thirds({{toy("a", 4), {}}, {toy("b", 4), {}}, {toy("c", 2), {}}}, options(Mix::kBalanced, {0.1, 0.1, 0.1}));
  std::map<int64_t, int> of;
  for (const auto& [sample, times] : seen(epoch(thirds, 0))) of[sample.first] += times;
  CHECK(of == std::map<int64_t, int>{{0, 4}, {1, 3}, {2, 3}});

  Loader turns(sources, options(Mix::kRoundRobin, {2, 0.5}));
  CHECK(shares(turns) == std::pair<int64_t, int64_t>{60, 45});
  auto batches = epoch(turns, 0);
  CHECK(turns.batches() == 11);
  REQUIRE(batches.size() == 11);
  for (const auto& b : batches) CHECK(b.domain.max().equal(b.domain.min()));

  Loader alone({sources[0]}, options(Mix::kProportional, {1.5}));
  CHECK(alone.batches() == 5);
  CHECK(seen(epoch(alone, 0)).size() == 30);
  CHECK_THROWS_WITH(Loader(sources, options(Mix::kProportional, {1, 0})), Contains("draw must be above 0, got 0"));
  CHECK_THROWS_WITH(Loader(sources, options(Mix::kProportional, {0.01, 1})), Contains("leaves no sample of its 30"));
  CHECK_THROWS_WITH(Loader(sources, options(Mix::kProportional, {1})), Contains("2 datasets, but 1 values of draw"));
}

TEST_CASE("samples carry the weight of their dataset where any weighs other than 1") {
  std::vector<Source> sources{{toy("a", 3), {}}, {toy("b", 3), {}}};
  Loader plain(sources, {6, false});
  CHECK_FALSE(epoch(plain, 0)[0].w.defined());
  sources[1].weight = 2.5;
  Loader weighted(sources, {6, false});
  CHECK(epoch(weighted, 0)[0].w.equal(at::tensor({1.0f, 1.0f, 1.0f, 2.5f, 2.5f, 2.5f})));
  sources[1].weight = 0;
  CHECK_THROWS_WITH(Loader(sources, {6, false}), Contains("'b': weight must be above 0, got 0"));
}

TEST_CASE("targets replace class numbers") {
  Loader loader({{toy("a", 2), {7, 9}}, {toy("b", 2), {}}}, {4, false});
  CHECK(epoch(loader, 0)[0].y.equal(at::tensor({7, 9, 0, 1}, at::kLong)));
  CHECK_THROWS_WITH(Loader({{toy("a", 2), {7}}}, {}), Contains("2 classes, but 1 targets"));
}

TEST_CASE("what a loader cannot do is said when it is made") {
  auto wide = Dataset(make_samples("wide", at::zeros({2, 2, 2, 3}, at::kByte), at::zeros({2}, at::kLong), {"x"}, ""));
  CHECK_THROWS_WITH(Loader({{toy("a", 2), {}}, {wide, {}}}, {}),
                    Contains("'a' are [2, 2, 2]") && Contains("'wide' [2, 2, 3]"));
  CHECK_THROWS_WITH(Loader({{toy("a", 2), {}}}, {0}), Contains("batch must be at least 1, got 0"));
  CHECK_THROWS_WITH(Loader({{toy("a", 2).subset(at::empty({0}, at::kLong)), {}}}, {}),
                    Contains("'a' holds no samples"));
  CHECK_THROWS_WITH(parse_mix("balancd"), Contains("did you mean 'balanced'?"));
}
