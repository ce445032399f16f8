// REINFORCE against the enumeration of all paths; both losses in one walk; gradients through an encoder.
#include "decoder.hpp"
#include "host/rng.hpp"

using namespace moonlab::label;

namespace {

double number(const at::Tensor& t) { return t.item<double>(); }

std::vector<DecoderOptions> variants() {
  std::vector<DecoderOptions> list;
  for (Cell cell : {Cell::gru, Cell::lstm})
    for (Normalizer normalizer : {Normalizer::group, Normalizer::children})
      for (End end : {End::leaf, End::gate}) {
        DecoderOptions o;
        o.cell = cell, o.normalizer = normalizer, o.end = end;
        o.feed_feature = (cell == Cell::lstm) != (end == End::gate);
        list.push_back(o);
      }
  return list;
}

/// What sampling can do with a label: log pi [P] of every path (with a derivative) and its reward [P].
struct Enumerated {
  at::Tensor log_pi, reward;
};

Enumerated enumerate(PathDecoder& d, const at::Tensor& x, Token label) {
  const LabelGraph& g = *d.graph();
  std::vector<std::vector<Token>> paths;
  std::vector<double> rewards;
  const auto& set = d.compiled().reward_set(label, graph::Reward::label_nodes);
  for (Token t = 1; t <= g.size(); ++t)
    if (g.leaf(t) || d.compiled().gated(t))
      for (const auto& p : g.paths(t)) {
        paths.push_back(p.tokens);
        double hit = 0;
        for (Token node : p.tokens) hit += std::count(set.begin(), set.end(), node);
        rewards.push_back(hit / static_cast<double>(set.size()));
      }
  return {d.log_prob(x.expand({static_cast<int64_t>(paths.size()), x.size(1)}), paths, true),
          at::tensor(rewards, at::kDouble)};
}

/// Gradient of a number in x alone.
at::Tensor gradient(const at::Tensor& value, at::Tensor& x) {
  x.mutable_grad() = at::Tensor();
  value.backward({}, /*retain_graph=*/true);
  return x.grad().clone();
}

void set_mean(at::Tensor state, double mean) { state.zero_(), state[0].fill_(mean), state[1].fill_(1); }

}  // namespace

TEST_CASE("the expectation of REINFORCE's gradient over all paths is that of -E[r], whatever the baseline") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    at::Tensor x = (features(1) * 0.3).requires_grad_();
    const auto [log_pi, r] = enumerate(*d, x, d->graph()->at("british"));
    const at::Tensor pi = log_pi.exp().detach();
    CHECK(near(number(pi.sum()), 1, 1e-12));
    const at::Tensor exact = gradient(-(log_pi.exp() * r).sum(), x);
    REQUIRE(exact.abs().max().item<double>() > 1e-4);
    for (double b : {0.0, 0.37, -2.0})
      CHECK(at::allclose(gradient(-(pi * (r - b) * log_pi).sum(), x), exact, 1e-9, 1e-12));
    // the mean of the batch's own n rewards holds the sample's own: (n - 1) / n of the gradient
    at::Tensor pairs = at::zeros({}, at::kDouble);
    for (int64_t p = 0; p < r.size(0); ++p)
      for (int64_t q = 0; q < r.size(0); ++q) {
        const double half = number(r[p] - r[q]) / 2;  // r - (r + r') / 2
        pairs = pairs - pi[p] * pi[q] * (half * log_pi[p] - half * log_pi[q]) / 2;
      }
    CHECK(at::allclose(gradient(pairs, x), 0.5 * exact, 1e-9, 1e-12));
  }
}

TEST_CASE("a sampled loss is that of an enumerated path in value and gradient, and each comes as often as pi says") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    const Token label = d->graph()->at("british");
    at::Tensor x = (features(1) * 0.3).requires_grad_(), state = d->find("baseline")->value;
    const double b = 0.31;
    const auto [log_pi, r] = enumerate(*d, x, label);
    const int64_t n = r.size(0), runs = 500;
    std::vector<at::Tensor> gradients;
    std::vector<double> losses;
    for (int64_t p = 0; p < n; ++p) {
      const at::Tensor surrogate = -(r[p] - b) * log_pi[p];
      losses.push_back(number(surrogate)), gradients.push_back(gradient(surrogate, x));
    }
    std::vector<int64_t> seen(n, 0);
    for (int64_t i = 0; i < runs; ++i) {
      set_mean(state, b);
      at::Tensor loss = d->reinforce(x, {label}, {}, stream(i, "samples"));
      int64_t which = 0;
      for (int64_t p = 1; p < n; ++p)
        if (std::abs(losses[p] - number(loss)) < std::abs(losses[which] - number(loss))) which = p;
      CHECK(near(number(loss), losses[which], 1e-10));
      CHECK(at::allclose(gradient(loss, x), gradients[which], 1e-9, 1e-12));
      ++seen[which];
    }
    for (int64_t p = 0; p < n; ++p) {
      const double pi = std::exp(number(log_pi[p])), spread = std::sqrt(runs * pi * (1 - pi));
      CHECK(std::abs(static_cast<double>(seen[p]) - static_cast<double>(runs) * pi) < 5 * spread + 1);
    }
  }
}

TEST_CASE("one walk gives what both losses give one after the other, in value, gradient and baseline") {
  const std::vector<std::vector<std::string>> batches{{"british", "mau", "cat", "mix", "coon", "mau", "dog"},
                                                      {"mau", "dog", "coon", "cat", "cat", "mau", "coon"},
                                                      {"mix", "mix", "mix", "mix", "mix", "mix", "mix"}};
  for (const auto& o : variants())
    for (const auto& names : batches)
      for (double forcing : {1.0, 0.0}) {
        auto d = decoder(cats(), o);
        const Labels labels = tokens(*d->graph(), names);
        NllOptions n;
        n.teacher_forcing = forcing, n.pool = Pool::random, n.alpha = 0.7;
        ReinforceOptions r;
        r.samples = 2;
        at::Tensor x = features(7).requires_grad_(), state = d->find("baseline")->value;
        auto run = [&](bool together) {
          set_mean(state, 0.25);
          x.mutable_grad() = at::Tensor();
          for (auto& [name, p] : d->named_parameters()) p.mutable_grad() = at::Tensor();
          auto generator = stream(3, "test");
          at::Tensor a, b;
          if (together) {
            std::tie(a, b) = d->losses(x, labels, n, r, generator);
          } else {
            a = d->nll(x, labels, n, generator), b = d->reinforce(x, labels, r, generator);
          }
          (a + 0.3 * b).backward();
          std::vector<at::Tensor> found{a.detach(), b.detach(), x.grad().clone(), state.clone()};
          for (auto& [name, p] : d->named_parameters())
            found.push_back(p.grad().defined() ? p.grad().clone() : at::Tensor());
          return found;
        };
        const auto apart = run(false), together = run(true);
        for (size_t i = 0; i < apart.size(); ++i) {
          REQUIRE(apart[i].defined() == together[i].defined());
          if (apart[i].defined()) CHECK(at::allclose(apart[i], together[i], 1e-10, 1e-13));
        }
      }
}

TEST_CASE("gradients of both losses through an encoder and the decoder agree with differences") {
  for (const auto& o : variants())
    for (Pool pool : {Pool::mean, Pool::sum, Pool::random}) {
      auto d = decoder(cats(), o);
      auto encoder = nn::build("Linear", {{"in_features", 3}, {"out_features", 4}});
      encoder->to(std::nullopt, at::kDouble);
      at::manual_seed(8);
      const at::Tensor x = at::randn({7, 3}, at::kDouble);
      const Labels labels = tokens(*d->graph(), {"british", "mau", "cat", "mix", "coon", "mau", "dog"});
      NllOptions n;
      n.pool = pool;
      ReinforceOptions r;
      r.baseline = Baseline::none;
      auto loss = [&] {
        auto [a, b] = d->losses((*encoder)(x).tanh(), labels, n, r, stream(4, "test"));
        return a + 0.5 * b;
      };
      auto named = encoder->named_parameters();
      for (auto& entry : d->named_parameters()) named.push_back(entry);
      for (auto& [name, p] : named) p.mutable_grad() = at::Tensor();
      loss().backward();
      for (auto& [name, p] : named) {
        at::NoGradGuard guard;
        at::Tensor flat = p.view(-1), grad = p.grad().reshape(-1);
        for (int64_t i = 0; i < flat.numel(); i += 1 + flat.numel() / 4) {
          const double value = flat[i].item<double>(), eps = 1e-5;
          flat[i].fill_(value + eps);
          const double above = number(loss());
          flat[i].fill_(value - eps);
          const double below = number(loss());
          flat[i].fill_(value);
          INFO(name << " " << i);
          CHECK(std::abs((above - below) / (2 * eps) - grad[i].item<double>()) < 1e-8);
        }
      }
    }
}

TEST_CASE("the likeliest class is the best of class_log_prob, with its path") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    const auto& g = *d->graph();
    const auto classes = tokens(g, {"mau", "cat", "british", "coon", "mix"});
    at::Tensor x = features(9), all = d->class_log_prob(x, classes);
    const auto best = d->likeliest(x, classes);
    CHECK(at::equal(best.class_log_p, all));
    auto [log_p, which] = all.max(1);
    CHECK(at::equal(best.path.log_p, log_p));
    CHECK(at::equal(PathDecoder::classes(best.path.tokens, classes, g.size() + 1), which));
    for (int64_t s = 0; s < 9; ++s) {
      std::vector<Token> path;
      for (int64_t i = 0; i < best.path.tokens.size(1) && best.path.tokens[s][i].item<int64_t>() != graph::kEnd; ++i)
        path.push_back(static_cast<Token>(best.path.tokens[s][i].item<int64_t>()));
      CHECK(near(number(d->log_prob(x.slice(0, s, s + 1), {path})[0]), number(log_p[s]), 1e-12));
    }
  }
  CHECK_THROWS_WITH(decoder(cats())->likeliest(features(1), {}), "path_decoder: no classes to choose from");
}
