// Answers worked out by hand from the equations of 000, through a whole decoder: its weights are zero, so that the
// logits of every step are the output's biases.
#include "decoder.hpp"
#include "host/rng.hpp"

using namespace moonlab::label;

namespace {

double number(const at::Tensor& t) { return t.item<double>(); }

/// `y` has two nondeterministic paths (a1, a2) and two deterministic ones (b1, c1); a block of three lies below m in
/// part.
Json description() {
  return Json::parse(R"({"root": "r", "labels": ["y", "z", "b2", "c2"],
    "edges": [["r", "m"], ["r", "n"], ["m", "a1"], ["m", "a2"], ["n", "a3"], ["m", "b1"], ["m", "b2"], ["m", "c1"],
              ["m", "c2"], ["a1", "y"], ["a2", "y"], ["b1", "y"], ["c1", "y"], ["a3", "z"]],
    "blocks": {"m": "K", "n": "K", "a1": "A", "a2": "A", "a3": "A", "b1": "B", "b2": "B", "c1": "C", "c2": "C",
               "y": "leaf", "z": "leaf"}})");
}

/// exp(ln 3) : 1 at the root; 1, 0, 2 in A, of which n has the last; 0.4 and -0.4 in B; all others alike.
const std::map<std::string, double> kLogits{{"m", std::log(3.0)}, {"a1", 1}, {"a3", 2}, {"b1", 0.4}, {"b2", -0.4}};

std::shared_ptr<PathDecoder> constant(const Json& json, DecoderOptions o = {}, double stop = 0, double go = 0) {
  auto d = decoder(graph_of(json), o);
  at::NoGradGuard guard;
  for (auto& [name, p] : d->named_parameters()) {
    p.zero_();
    if (name != "out.bias") continue;
    for (const auto& [node, value] : kLogits) p[d->graph()->at(node)] = value;
    if (o.end == End::gate) p[0] = stop, p[-1] = go;
  }
  return d;
}

at::Tensor bias_gradient(PathDecoder& d) {
  for (auto& [name, p] : d.named_parameters())
    if (name == "out.bias") return p.grad();
  return {};
}

std::vector<std::string> walked(const PathDecoder& d, const at::Tensor& tokens) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < tokens.size(0) && tokens[i].item<int64_t>() != graph::kEnd; ++i)
    names.push_back(d.graph()->name(static_cast<Token>(tokens[i].item<int64_t>())));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("by hand, 000-10: the losses of two paths are summed, averaged, or one of them is taken") {
  auto d = constant(description());
  const std::vector<Token> y{d->graph()->at("y")};
  at::Tensor x = features(1);
  // ln 4/3 for m, -ln sigmoid(0.8) for b1 or ln 2 for c1, ln 2 for y
  const double first = 0.2876820725 + 0.3711006659 + 0.6931471806, second = 0.2876820725 + 2 * 0.6931471806;
  CHECK(near(number(d->nll(x, y, {1.0, Pool::sum}, {})), first + second, 1e-9));
  CHECK(near(number(d->nll(x, y, {1.0, Pool::mean}, {})), 1.5129531764, 1e-9));
  auto generator = stream(1, "test");
  std::set<bool> seen;
  for (int i = 0; i < 20; ++i) {
    const double loss = number(d->nll(x, y, {1.0, Pool::random}, generator));
    const bool is_first = near(loss, first, 1e-9);
    CHECK((is_first || near(loss, second, 1e-9)));
    seen.insert(is_first);
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("by hand, 000-11: greedy decoding under both normalisers parts where a block lies below the node in part") {
  at::Tensor x = features(1);
  auto group = constant(description());
  auto by_group = group->greedy(x);
  CHECK(walked(*group, by_group.tokens[0]) ==
        Names{"m", "b1", "y"});  // sigmoid(0.8) = 0.69 against e / (e + 1 + e^2) = 0.24
  CHECK(near(number(by_group.log_p[0]), std::log(0.75 * 0.6899744811 * 0.5), 1e-9));
  DecoderOptions o;
  o.normalizer = Normalizer::children;
  auto children = constant(description(), o);
  auto by_children = children->greedy(x);
  CHECK(walked(*children, by_children.tokens[0]) == Names{"m", "a1", "y"});  // sigmoid(1) = 0.73; y is alone below a1
  CHECK(near(number(by_children.log_p[0]), std::log(0.75 * 0.7310585786), 1e-9));
}

TEST_CASE("by hand: the policy over blocks of which one lies below the node in part, and its gradient") {
  auto d = constant(description());
  const auto& g = *d->graph();
  at::Tensor x = features(1);
  auto log_pi = [&](const Names& names) { return d->log_prob(x, {tokens(g, names)}, true)[0]; };
  // p of a1, a2 is 0.2447, 0.0900 of their block of three, B and C sum to 1: all candidates to 2.3348
  CHECK(near(number(log_pi({"m", "a1", "y"}).exp()), 0.75 * 0.2447284711 / 2.3347590448, 1e-9));
  CHECK(near(number(log_pi({"m", "a2", "y"}).exp()), 0.75 * 0.0900305732 / 2.3347590443, 1e-9));
  CHECK(near(number(log_pi({"m", "b1", "y"}).exp()), 0.75 * 0.6899744811 / 2.3347590443, 1e-9));
  CHECK(near(number(log_pi({"m", "c2"}).exp()), 0.75 * 0.5 / 2.3347590443, 1e-9));
  // of log pi(m, a1, y): 1 - 3/4 at the root; a1, a2, a3 as below; nothing of blocks that lie below m as a whole, nor
  // of y
  const std::map<std::string, double> wanted{
      {"m", 0.25}, {"n", -0.25}, {"a1", 0.685541}, {"a2", -0.115683}, {"a3", -0.569858}};
  auto check = [&](const at::Tensor& gradient, double factor) {
    for (Token t = 0; t <= g.size(); ++t) {
      const auto at = wanted.find(g.name(t));
      INFO(g.name(t));
      CHECK(gradient[t].item<double>() == Approx(factor * (at == wanted.end() ? 0 : at->second)).margin(1e-6));
    }
  };
  log_pi({"m", "a1", "y"}).backward();
  check(bias_gradient(*d), 1);
  // 000-13: the same sampled, with a baseline of 0.4: -(1 - 0.4) times it. The reward is 1 where y is reached.
  at::Tensor state = d->find("baseline")->value;
  const double sampled = -0.6 * std::log(0.75 * 0.2447284711 / 2.3347590448);
  double loss = 0;
  for (uint64_t seed = 1; seed < 200 && !near(loss, sampled, 1e-9); ++seed) {
    state.zero_(), state[0].fill_(0.4), state[1].fill_(1);
    for (auto& [name, p] : d->named_parameters()) p.mutable_grad() = at::Tensor();
    at::Tensor l = d->reinforce(x, {g.at("y")}, {}, stream(seed, "samples"));
    l.backward();
    loss = number(l);
  }
  REQUIRE(near(loss, sampled, 1e-9));
  check(bias_gradient(*d), -0.6);
}

TEST_CASE("by hand: with the children normaliser each of three blocks has a third of the policy") {
  DecoderOptions o;
  o.normalizer = Normalizer::children;
  auto d = constant(description(), o);
  const auto& g = *d->graph();
  at::Tensor x = features(1);
  auto pi = [&](const Names& names) { return std::exp(number(d->log_prob(x, {tokens(g, names)}, true)[0])); };
  CHECK(near(pi({"m", "a1", "y"}), 0.75 * 0.7310585786 / 3, 1e-9));
  CHECK(near(pi({"m", "a2", "y"}), 0.75 * 0.2689414214 / 3, 1e-9));
  CHECK(near(pi({"m", "b2"}), 0.75 * 0.3100255189 / 3, 1e-9));
  CHECK(near(pi({"n", "a3", "z"}), 0.25, 1e-9));
}

TEST_CASE("by hand: the gate's stop is learnt and decoded; among classes that lie below it no path ends there") {
  Json json = description();
  json["labels"].push_back("m");
  DecoderOptions o;
  o.end = End::gate;
  at::Tensor x = features(1);
  auto going = constant(json, o, -1, 1), stopping = constant(json, o, 1, -1);  // sigmoid(2) = 0.8808 goes on, or stops
  const auto& g = *going->graph();
  CHECK(near(number(going->nll(x, {g.at("m")}, {}, {})), 0.2876820725 + 2.1269280110, 1e-9));
  auto on = going->greedy(x);
  CHECK(walked(*going, on.tokens[0]) == Names{"m", "b1", "y"});
  CHECK(near(number(on.log_p[0]), std::log(0.75 * 0.8807970780 * 0.6899744811 * 0.5), 1e-9));
  auto off = stopping->greedy(x);
  CHECK(walked(*stopping, off.tokens[0]) == Names{"m"});
  CHECK(near(number(off.log_p[0]), std::log(0.75 * 0.8807970780), 1e-9));
  // 000-22: m is no class of a data set of leaves
  const auto leaves = tokens(g, {"y", "b2", "c2"});
  CHECK(number(PathDecoder::classes(off.tokens, leaves, g.size() + 1)[0]) == -1);
  // y by b1: 0.75 * 0.1192 * 0.69 * 0.5 = 0.0308, b2: 0.0277, c2: 0.75 * 0.1192 * 0.5 = 0.0447
  auto best = stopping->likeliest(x, leaves);
  CHECK(walked(*stopping, best.path.tokens[0]) == Names{"m", "c2"});
  CHECK(number(PathDecoder::classes(best.path.tokens, leaves, g.size() + 1)[0]) == 2);
  const double p[] = {0.75 * 0.1192029220 * 0.6899744811 * 0.5, 0.75 * 0.1192029220 * 0.3100255189,
                      0.75 * 0.1192029220 * 0.5};
  for (int k = 0; k < 3; ++k) CHECK(near(number(best.class_log_p[0][k]), std::log(p[k]), 1e-9));
  CHECK(near(number(best.path.log_p[0]), std::log(p[2]), 1e-9));
}

TEST_CASE("by hand, 000-16: alpha * L_d + beta * L_nd where a label has a nondeterministic path, else L_d alone") {
  auto d = constant(description());
  const auto& g = *d->graph();
  at::Tensor x = features(2), state = d->find("baseline")->value;
  const std::vector<Token> mixed{g.at("y"), g.at("z")}, plain{g.at("z"), g.at("b2")};
  NllOptions n;
  n.alpha = 0.5;
  // y: 1.51295; z: ln 4 + ln(e + 1 + e^2) - 2 + ln 2; b2: ln 4/3 - ln sigmoid(-0.8)
  const double y = 1.5129531764, z = 1.3862943611 + 0.4076059644 + 0.6931471806, b2 = 0.2876820725 + 1.1711006659;
  auto [a, b] = d->losses(x, mixed, n, {}, stream(1, "samples"));
  CHECK(near(number(a), 0.5 * (y + z) / 2, 1e-9));
  CHECK(number(state[1]) == 1);  // one sampled path, of y
  const double beta = 0.1, total = number(a + beta * b);
  CHECK(near(total, 0.5 * (y + z) / 2 + beta * number(b), 1e-9));
  auto [c, nothing] = d->losses(x, plain, n, {}, stream(1, "samples"));
  CHECK(near(number(c), (z + b2) / 2, 1e-9));
  CHECK(number(nothing) == 0);
}
