#include "decoder.hpp"
#include "host/error.hpp"
#include "host/rng.hpp"

using namespace moonlab::label;

namespace {

double number(const at::Tensor& t) { return t.item<double>(); }

/// Every path that sampling can take: from the root to a leaf, or with the gate to an inner label.
std::vector<std::vector<Token>> all_paths(const PathDecoder& d) {
  const LabelGraph& g = *d.graph();
  std::vector<std::vector<Token>> all;
  for (Token t = 1; t <= g.size(); ++t)
    if (g.leaf(t) || d.compiled().gated(t))
      for (const auto& p : g.paths(t)) all.push_back(p.tokens);
  return all;
}

double reward(PathDecoder& d, const std::vector<Token>& path, Token label, graph::Reward kind) {
  at::Tensor set = at::zeros({d.compiled().vocabulary()});
  for (Token t : d.compiled().reward_set(label, kind)) set[t] = 1;
  double hit = 0;
  for (Token t : path) hit += set[t].item<float>();
  return hit / set.sum().item<float>();
}

std::vector<DecoderOptions> variants() {
  std::vector<DecoderOptions> list(5);
  list[1].normalizer = list[4].normalizer = Normalizer::children;
  list[2].feed_feature = true;
  list[3].cell = Cell::lstm;
  list[3].end = list[4].end = End::gate;
  return list;
}

}  // namespace

TEST_CASE("known answer 000-12: the reward is the share of the set that the path visits") {
  Json c = known_answer("000-12");
  if (c.is_null()) return;
  auto g = graph_of(Json::parse(R"({"root": "Animal", "labels": ["Cat", "British", "Beagle", "EgyptianMau"],
    "edges": [["Animal", "Cat"], ["Animal", "Dog"], ["Cat", "Tabby"], ["Tabby", "British"], ["Tabby", "EgyptianMau"],
              ["Dog", "Drop-Ear"], ["Drop-Ear", "Beagle"]]})"));
  auto d = decoder(g);
  for (size_t i = 0; i < c["input"]["paths"].size(); ++i) {
    auto names = c["input"]["paths"][i].get<std::vector<std::string>>();
    names.erase(names.begin());
    CHECK(near(reward(*d, tokens(*g, names), g->at("British"), graph::Reward::label_nodes), c["expected"]["A"][i]));
    CHECK(near(reward(*d, tokens(*g, names), g->at("British"), graph::Reward::label_only), c["expected"]["B"][i]));
  }
}

TEST_CASE("known answer 000-15: the mean of all earlier rewards") {
  Json c = known_answer("000-15");
  if (c.is_null()) return;
  at::Tensor state = RewardBaseline::start();
  RewardBaseline baseline(state);
  for (size_t i = 0; i < c["input"]["reward_batches"].size(); ++i) {
    at::Tensor r = at::tensor(c["input"]["reward_batches"][i].get<std::vector<double>>(), at::kDouble);
    CHECK(near(number(baseline.value(Baseline::mean, r)), c["expected"]["baseline_used"][i]));
    CHECK(near(number(baseline.value(Baseline::batch, r)), number(r.mean())));
    CHECK(number(baseline.value(Baseline::none, r)) == 0);
    baseline.add(r, 0.9);
  }
  CHECK(near(number(baseline.value(Baseline::mean, state)), c["expected"]["after"]));
  // moving: 0.75, then 0.9 * 0.75 + 0.1 / 3, then 0.9 of that + 0.1 * 0.5
  CHECK(near(number(baseline.value(Baseline::ema, state)), 0.9 * (0.9 * 0.75 + 0.1 / 3) + 0.05));
}

TEST_CASE("the surrogate's gradient agrees with differences for fixed samples") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    const auto labels = tokens(*d->graph(), {"british", "mau", "mix", "british"});
    ReinforceOptions r;
    r.baseline = Baseline::none, r.samples = 3;
    check_gradients(*d, features(4),
                    [&](const at::Tensor& x) { return d->reinforce(x, labels, r, stream(4, "samples")); });
  }
}

TEST_CASE("sampling follows the policy, and the surrogate's mean gradient is that of the expected reward") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    const Token label = d->graph()->at("british");
    at::Tensor x = (features(1) * 0.3).requires_grad_();
    const auto paths = all_paths(*d);
    at::Tensor log_pi = d->log_prob(x.expand({static_cast<int64_t>(paths.size()), 4}), paths, true);
    std::vector<double> rewards;
    for (const auto& p : paths) rewards.push_back(reward(*d, p, label, graph::Reward::label_nodes));
    at::Tensor r = at::tensor(rewards, at::kDouble), expected = (log_pi.exp() * r).sum();
    (-expected).backward();
    at::Tensor exact = x.grad().clone();
    x.mutable_grad() = at::Tensor();
    // the spread of one sample's gradient, from the enumeration too
    at::Tensor bias = d->find("baseline")->value;
    ReinforceOptions many;
    many.samples = 40000, many.baseline = Baseline::none;
    bias.zero_();
    d->reinforce(x, {label}, many, stream(9, "samples")).backward();
    at::Tensor p = log_pi.detach().exp();
    const double spread = std::sqrt(number((p * r * r).sum() - (p * r).sum().pow(2)) / 40000);
    CHECK(std::abs(number(bias[0] / bias[1]) - number(expected)) < 5 * spread);
    CHECK(bias[1].item<double>() == 40000);
    const double scale = std::max(1.0, exact.abs().max().item<double>());
    CHECK((x.grad() - exact).abs().max().item<double>() < 0.05 * scale);
  }
}

TEST_CASE("only labels with nondeterministic paths are sampled") {
  auto d = decoder(cats());
  at::Tensor x = features(3).requires_grad_();
  at::Tensor loss = d->reinforce(x, tokens(*d->graph(), {"mau", "british", "dog"}), {}, stream(1, "samples"));
  loss.backward();
  CHECK(x.grad()[0].abs().max().item<double>() == 0);
  CHECK(x.grad()[2].abs().max().item<double>() == 0);
  CHECK(d->find("baseline")->value[1].item<double>() == 1);
  at::Tensor none = d->reinforce(x, tokens(*d->graph(), {"mau", "dog", "cat"}), {}, stream(1, "samples"));
  CHECK(number(none) == 0);
  CHECK(d->find("baseline")->value[1].item<double>() == 1);
  CHECK_THROWS_AS(d->reinforce(x, tokens(*d->graph(), {"mau", "dog", "cat"}),
                               {graph::Reward::label_nodes, Baseline::mean, 0.9, 0}, {}),
                  Error);
}

TEST_CASE("the baseline in use is that of earlier batches") {
  auto d = decoder(cats());
  const auto label = tokens(*d->graph(), {"british"});
  at::Tensor x = features(1), state = d->find("baseline")->value;
  ReinforceOptions plain;
  plain.baseline = Baseline::none;
  double r = 0, without = 0;  // of the first sample that is rewarded
  uint64_t seed = 0;
  while (r == 0) {
    state.zero_();
    without = number(d->reinforce(x, label, plain, stream(++seed, "samples")));
    r = number(state[0]);
  }
  state.zero_(), state[0].fill_(3.0), state[1].fill_(4.0);  // a mean of 0.75
  const double with = number(d->reinforce(x, label, {}, stream(seed, "samples")));
  CHECK(near(with, without * (r - 0.75) / r, 1e-9));
}

TEST_CASE("REINFORCE alone learns to reach the label on a fixed feature") {
  auto d = decoder(cats());
  const auto label = tokens(*d->graph(), {"mix"});
  at::Tensor x = features(1);
  at::Generator generator = stream(6, "samples");
  int updates = 0;
  auto reached = [&] {
    at::Tensor path = d->greedy(x).tokens[0];
    return path[2].item<int64_t>() == label[0] && number(d->greedy(x).log_p) > std::log(0.25);
  };
  REQUIRE_FALSE(reached());
  while (!reached() && updates < 500) {
    for (auto& [name, p] : d->named_parameters()) p.mutable_grad() = at::Tensor();
    d->reinforce(x, label, {}, generator).backward();
    at::NoGradGuard guard;
    for (auto& [name, p] : d->named_parameters())
      if (p.grad().defined()) p.sub_(p.grad(), 0.3);
    ++updates;
  }
  CHECK(updates > 0);
  CHECK(updates < 500);
}

TEST_CASE("coarse data raise fine accuracy: labels of an inner node train what its children share") {
  // Two kinds of animal with two breeds each. What tells the kinds lies in a direction that few fine samples show.
  auto g = graph_of(Json::parse(
      R"({"root": "r", "edges": [["r", "a"], ["r", "b"], ["a", "a1"], ["a", "a2"], ["b", "b1"], ["b", "b2"]],
    "blocks": {"a": "kind", "b": "kind", "a1": "leaf", "a2": "leaf", "b1": "leaf", "b2": "leaf"},
    "labels": ["a", "b", "a1", "a2", "b1", "b2"]})"));
  const auto fine = tokens(*g, {"a1", "a2", "b1", "b2"}), coarse = tokens(*g, {"a", "b"});
  auto sample = [&](int64_t n, uint64_t seed, std::vector<int64_t>& leaf) {
    at::manual_seed(seed);
    at::Tensor x = at::randn({n, 4}, at::kDouble);
    for (int64_t i = 0; i < n; ++i) {
      leaf.push_back(i % 4);
      x[i][0] += i % 4 < 2 ? 1.0 : -1.0;  // the kind, noisy in one direction
      x[i][1] += i % 2 == 0 ? 3 : -3;     // the breed, clear
    }
    return x;
  };
  auto accuracy = [&](bool fused, uint64_t seed) {
    std::vector<int64_t> few, more, held;
    at::Tensor x = sample(8, 100 + seed, few), y = sample(200, 200 + seed, more), test = sample(400, 300 + seed, held);
    std::vector<Token> labels;
    for (int64_t leaf : few) labels.push_back(fine[leaf]);
    if (fused) {
      for (int64_t leaf : more) labels.push_back(coarse[leaf / 2]);
      x = at::cat({x, y});
      for (int i = 0; i < 10; ++i) {  // both sets count, as in a balanced mix
        for (int64_t leaf : few) labels.push_back(fine[leaf]);
        x = at::cat({x, x.slice(0, 0, 8)});
      }
    }
    auto d = decoder(g, {}, seed);
    {
      at::NoGradGuard guard;
      for (auto& [name, p] : d->named_parameters()) p.mul_(0.3);
    }
    for (int i = 0; i < 300; ++i) {
      for (auto& [name, p] : d->named_parameters()) p.mutable_grad() = at::Tensor();
      d->nll(x, labels, {}, {}).backward();
      at::NoGradGuard guard;
      for (auto& [name, p] : d->named_parameters())
        if (p.grad().defined()) p.sub_(p.grad(), 0.3);
    }
    at::Tensor found = PathDecoder::classes(d->greedy(test).tokens, fine, g->size() + 1);
    return found.eq(at::tensor(held, at::kLong)).to(at::kDouble).mean().item<double>();
  };
  double alone = 0, fused = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) alone += accuracy(false, seed) / 3, fused += accuracy(true, seed) / 3;
  INFO(alone << " alone, " << fused << " fused");
  CHECK(fused > alone + 0.03);
}
