#include "host/label/path_decoder.hpp"

#include <torch/csrc/autograd/autograd.h>

#include "decoder.hpp"
#include "host/error.hpp"
#include "host/label/decoded_paths.hpp"
#include "host/rng.hpp"

using namespace moonlab::label;

namespace {

double number(const at::Tensor& t) { return t.item<double>(); }

at::Tensor matrix(const Json& rows, int64_t count) {
  std::vector<double> flat;
  for (int64_t i = 0; i < count; ++i)
    for (double v : rows[i]) flat.push_back(v);
  return at::tensor(flat, at::kDouble).view({count, -1});
}

/// The decoder of case 000-09 on a graph of its vocabulary with these edges.
std::shared_ptr<PathDecoder> given(const Json& d, const std::vector<std::vector<std::string>>& edges) {
  Json description{{"root", "root"},
                   {"edges", edges},
                   {"nodes", Json::array()},
                   {"blocks", Json::array()},
                   {"labels", {"EgyptianMau"}}};
  const auto vocabulary = d["vocab"].get<std::vector<std::string>>();
  for (size_t i = 1; i + 1 < vocabulary.size(); ++i) {
    description["nodes"].push_back(vocabulary[i]);
    description["blocks"].push_back({vocabulary[i], "block " + std::to_string(d["block"][i].get<int>())});
    bool linked = false;
    for (const auto& e : edges) linked |= e[1] == vocabulary[i];
    if (!linked) description["edges"].push_back({"root", vocabulary[i]});
  }
  DecoderOptions o;
  o.features = 5, o.hidden = 4, o.embed = 3;
  auto made = std::make_shared<PathDecoder>(graph_of(description), o);
  made->to(std::nullopt, at::kDouble);
  auto vector = [](const Json& v, size_t n) {
    return at::tensor(v.get<std::vector<double>>(), at::kDouble).slice(0, 0, n);
  };
  made->load_state_dict({{"embed.weight", matrix(d["embed"], 17)},
                         {"cell.weight_ih", matrix(d["W_ih"], 12)},
                         {"cell.weight_hh", matrix(d["W_hh"], 12)},
                         {"cell.bias_ih", vector(d["b_ih"], 12)},
                         {"cell.bias_hh", vector(d["b_hh"], 12)},
                         {"init.weight", matrix(d["W_init"], 4)},
                         {"init.bias", vector(d["b_init"], 4)},
                         {"out.weight", matrix(d["W_out"], 16)},
                         {"out.bias", vector(d["b_out"], 16)}},
                        false);
  for (int64_t i = 0; i < 16; ++i) REQUIRE(made->compiled().block[i].item<int64_t>() == d["block"][i].get<int64_t>());
  return made;
}

/// L_d by the plain loop over samples and paths, each path from its start.
at::Tensor by_paths(PathDecoder& d, const at::Tensor& x, const std::vector<Token>& labels, Pool pool) {
  at::Tensor total = at::zeros({}, at::kDouble);
  int64_t counted = 0;
  for (size_t s = 0; s < labels.size(); ++s) {
    at::Tensor sum = at::zeros({}, at::kDouble);
    int64_t n = 0;
    for (const auto& p : d.compiled().paths(labels[s])) {
      if (!p.deterministic) continue;
      sum = sum - d.log_prob(x.slice(0, s, s + 1), {p.tokens})[0];
      ++n;
    }
    if (n == 0) continue;
    total = total + (pool == Pool::mean ? sum / n : sum);
    ++counted;
  }
  return total / counted;
}

std::vector<DecoderOptions> variants() {
  std::vector<DecoderOptions> list(8);
  list[1].normalizer = list[3].normalizer = list[6].normalizer = list[7].normalizer = Normalizer::children;
  list[2].feed_feature = list[3].feed_feature = list[7].feed_feature = true;
  list[4].cell = list[7].cell = Cell::lstm;
  list[5].end = list[6].end = list[7].end = End::gate;
  return list;
}

const std::vector<std::string> kBatch{"british", "mau", "cat", "mix", "coon", "mau", "dog"};

}  // namespace

TEST_CASE("known answer 000-09: the teacher-forced loss of a path through given parameters") {
  Json c = known_answer("000-09");
  if (c.is_null()) return;
  auto d = given(c["input"]["decoder"], {{"root", "Cat"}, {"Cat", "Tabby"}, {"Tabby", "EgyptianMau"}});
  at::Tensor f = at::tensor(c["input"]["decoder"]["feature"].get<std::vector<double>>(), at::kDouble).unsqueeze(0);
  const Token label = d->graph()->at("EgyptianMau");
  CHECK(near(number(d->nll(f, {label}, {}, {})), c["expected"]["loss"]));
  std::vector<Token> path;
  double sum = 0;
  for (const auto& step : c["expected"]["steps"]) {
    sum += step["logp"].get<double>();
    if (step["target"] == "<eop>") continue;
    path.push_back(d->graph()->at(step["target"].get<std::string>()));
    CHECK(near(number(d->log_prob(f, {path})), sum));
  }
}

TEST_CASE("shared prefixes give what the plain loop over paths gives, in value and gradient") {
  for (const auto& o : variants()) {
    for (Pool pool : {Pool::mean, Pool::sum}) {
      auto d = decoder(cats(), o);
      at::Tensor x = features(7).requires_grad_();
      const auto labels = tokens(*d->graph(), kBatch);
      at::Tensor fast = d->nll(x, labels, {1.0, pool}, {}), plain = by_paths(*d, x, labels, pool);
      CHECK(near(number(fast), number(plain), 1e-12));
      fast.backward();
      std::vector<at::Tensor> gradients{x.grad().clone()};
      for (auto& [name, p] : d->named_parameters())
        gradients.push_back(p.grad().clone()), p.mutable_grad() = at::Tensor();
      x.mutable_grad() = at::Tensor();
      plain.backward();
      CHECK(at::allclose(gradients[0], x.grad(), 1e-9, 1e-12));
      size_t i = 1;
      for (auto& [name, p] : d->named_parameters()) CHECK(at::allclose(gradients[i++], p.grad(), 1e-9, 1e-12));
    }
  }
}

TEST_CASE("gradients of L_d agree with differences: all pools, both normalisers, forced and free") {
  for (const auto& o : variants()) {
    for (Pool pool : {Pool::mean, Pool::sum, Pool::random}) {
      for (double forcing : {1.0, 0.0}) {
        auto d = decoder(cats(), o);
        const auto labels = tokens(*d->graph(), kBatch);
        check_gradients(*d, features(7), [&](const at::Tensor& x) {
          return d->nll(x, labels, {forcing, pool}, stream(5, "test"));
        });
      }
    }
  }
}

TEST_CASE("a random path is one of the label's paths") {
  auto d = decoder(cats());
  const auto label = tokens(*d->graph(), {"mau"});
  at::Tensor x = features(1);
  std::set<int> seen;
  std::vector<double> wanted;
  for (const auto& p : d->compiled().paths(label[0])) wanted.push_back(-number(d->log_prob(x, {p.tokens})));
  REQUIRE(wanted.size() == 2);
  at::Generator generator = stream(1, "test");
  for (int i = 0; i < 30; ++i) {
    const double loss = number(d->nll(x, label, {1.0, Pool::random}, generator));
    const int which = near(loss, wanted[0], 1e-12) ? 0 : 1;
    CHECK(near(loss, wanted[which], 1e-12));
    seen.insert(which);
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("free running feeds its own likeliest children and keeps the targets") {
  for (Normalizer normalizer : {Normalizer::group, Normalizer::children}) {
    DecoderOptions o;
    o.normalizer = normalizer;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      auto d = decoder(cats(), o, seed);
      at::Tensor x = features(6, seed + 10);
      at::Tensor walked = d->greedy(x).tokens;
      for (int64_t s = 0; s < 6; ++s) {
        // where greedy takes the label's only path, what is fed is the truth
        std::vector<Token> path = tokens(*d->graph(), {"cat", "long", "coon"});
        bool taken = true;
        for (int64_t t = 0; t < 3; ++t) taken &= walked[s][t].item<int64_t>() == path[t];
        at::Tensor row = x.slice(0, s, s + 1);
        const double free = number(d->nll(row, {path.back()}, {0.0}, {})),
                     forced = number(d->nll(row, {path.back()}, {1.0}, {}));
        if (taken) CHECK(near(free, forced, 1e-12));
        // the first step has nothing fed yet: a label below the root costs the same
        CHECK(near(number(d->nll(row, tokens(*d->graph(), {"dog"}), {0.0}, {})),
                   number(d->nll(row, tokens(*d->graph(), {"dog"}), {1.0}, {})), 1e-12));
        // and where its first choice is wrong, the rest is judged after that choice
        if (!taken && walked[s][0].item<int64_t>() != path[0]) CHECK_FALSE(near(free, forced, 1e-9));
      }
    }
  }
}

TEST_CASE("the coin of teacher forcing falls as often as it should") {
  auto d = decoder(cats());
  at::Tensor x = features(3);
  const auto labels = tokens(*d->graph(), {"coon", "coon", "coon"});
  const double forced = number(d->nll(x, labels, {1.0}, {})), free = number(d->nll(x, labels, {0.0}, {}));
  REQUIRE(std::abs(forced - free) > 1e-6);
  at::Generator generator = stream(3, "coin");
  int heads = 0;
  for (int i = 0; i < 400; ++i) heads += near(number(d->nll(x, labels, {0.75}, generator)), forced, 1e-12);
  CHECK(heads > 260);  // 300 expected, 8.7 a standard deviation
  CHECK(heads < 340);
}

TEST_CASE("rule 000-16: alpha weighs only batches in which some label has a nondeterministic path") {
  auto d = decoder(cats());
  at::Tensor x = features(2);
  auto loss = [&](std::vector<std::string> labels, double alpha) {
    return number(d->nll(x, tokens(*d->graph(), labels), {1.0, Pool::mean, alpha}, {}));
  };
  CHECK(near(loss({"mau", "dog"}, 0.25), loss({"mau", "dog"}, 1), 1e-12));
  CHECK(near(loss({"mau", "british"}, 0.25), 0.25 * loss({"mau", "british"}, 1), 1e-12));
  CHECK(near(loss({"mau", "mix"}, 0.25), 0.25 * loss({"mau", "mix"}, 1), 1e-12));
}

TEST_CASE("samples without a deterministic path do not count; a batch of them is a zero with a gradient") {
  auto d = decoder(cats());
  at::Tensor x = features(2).requires_grad_();
  const auto both = tokens(*d->graph(), {"mau", "mix"}), none = tokens(*d->graph(), {"mix", "mix"});
  CHECK(near(number(d->nll(x, both, {}, {})), number(d->nll(x.slice(0, 0, 1), {both[0]}, {}, {})), 1e-12));
  at::Tensor zero = d->nll(x, none, {}, {});
  CHECK(number(zero) == 0);
  zero.backward();
  CHECK(x.grad().abs().max().item<double>() == 0);
}

TEST_CASE("max_paths draws some of the deterministic paths, each as likely") {
  auto d = decoder(cats());
  const auto mau = tokens(*d->graph(), {"mau"});
  at::Tensor x = features(1);
  NllOptions o;
  o.max_paths = 1;
  const double one = -number(d->log_prob(x, {tokens(*d->graph(), {"cat", "short", "mau"})})),
               other = -number(d->log_prob(x, {tokens(*d->graph(), {"cat", "tabby", "mau"})}));
  auto generator = stream(3, "test");
  int first = 0;
  for (int i = 0; i < 100; ++i) {
    const double loss = number(d->nll(x, mau, o, generator));
    const bool is_first = near(loss, one, 1e-12);
    CHECK((is_first || near(loss, other, 1e-12)));
    first += is_first;
  }
  CHECK((first > 30 && first < 70));
  o.max_paths = 2;
  CHECK(near(number(d->nll(x, mau, o, generator)), (one + other) / 2, 1e-12));
}

TEST_CASE("a sample of several labels learns the paths of all, a sample of none counts for nothing") {
  for (const auto& v : variants()) {
    auto d = decoder(cats(), v);
    const auto mau = d->graph()->at("mau"), dog = d->graph()->at("dog");
    at::Tensor x = features(3);
    auto loss = [&](int64_t row, Token label) { return number(d->nll(x.slice(0, row, row + 1), std::vector<Token>{label}, {}, {})); };
    const double both = number(d->nll(x, Labels({{mau, dog}, {}, {dog}}), {}, {}));
    // mau has two paths, dog one: the mean over the three
    CHECK(near(both, ((2 * loss(0, mau) + loss(0, dog)) / 3 + loss(2, dog)) / 2, 1e-12));
  }
}

TEST_CASE("the gate: to stop at an inner label is learnt, and the probabilities of all endings sum to 1") {
  DecoderOptions o;
  o.end = End::gate;
  auto d = decoder(cats(), o);
  const auto& g = *d->graph();
  at::Tensor x = features(6);
  // with the leaf rule nothing after "cat" is learnt from it; with the gate its stop is
  const double stopped = number(d->nll(x.slice(0, 0, 1), tokens(g, {"cat"}), {}, {}));
  CHECK(near(stopped, -number(d->log_prob(x.slice(0, 0, 1), {tokens(g, {"cat"})})), 1e-12));
  for (const auto& steps : d->decisions(x)) {
    double at_cat = 0, species = 0, hair = 0, stop = -1;
    for (const auto& step : steps)
      for (const auto& c : step.choices) {
        if (step.fed == g.start()) species += c.p;
        if (step.fed == g.at("cat")) {
          if (c.token == graph::kEnd) stop = c.p;
          else at_cat += c.p;
          if (g.block_name(c.token) == "hair") hair += c.p;
        }
      }
    CHECK(near(species, 1, 1e-12));
    if (stop >= 0) CHECK(near(2 * (1 - stop), at_cat, 1e-12));  // two blocks, each with the probability of going on
    if (stop >= 0) CHECK(near(1 - stop, hair, 1e-12));
  }
  // greedy decoding can end at "cat" once the gate is open
  {
    at::NoGradGuard guard;
    for (auto& [name, p] : d->named_parameters())
      if (name == "out.bias") p[0] = 100.0;
  }
  auto tokens_of = d->greedy(x).tokens;
  for (int64_t s = 0; s < 6; ++s) {
    if (tokens_of[s][0].item<int64_t>() == g.at("cat")) CHECK(tokens_of[s][1].item<int64_t>() == graph::kEnd);
    else CHECK(tokens_of[s][0].item<int64_t>() == g.at("dog"));
  }
}

TEST_CASE("class probabilities are those of the class's paths") {
  for (const auto& v : variants()) {
    auto d = decoder(cats(), v);
    const auto& g = *d->graph();
    const auto classes = tokens(g, {"mau", "cat", "british", "dog", "mix"});
    at::Tensor x = features(5), best = d->class_log_prob(x, classes), sum = d->class_log_prob(x, classes, true);
    REQUIRE(best.sizes() == at::IntArrayRef{5, 5});
    for (int64_t s = 0; s < 5; ++s)
      for (size_t k = 0; k < classes.size(); ++k) {
        double top = -1e300, all = 0;
        for (const auto& p : g.paths(classes[k])) {
          const double log_p = number(d->log_prob(x.slice(0, s, s + 1), {p.tokens}));
          top = std::max(top, log_p), all += std::exp(log_p);
        }
        CHECK(near(number(best[s][k]), top, 1e-12));
        CHECK(near(number(sum[s][k]), std::log(all), 1e-12));
      }
  }
}

TEST_CASE("the losses have second derivatives, and refuse parameters changed before the backward pass") {
  for (const auto& v : variants()) {
    auto d = decoder(cats(), v);
    const auto labels = tokens(*d->graph(), kBatch);
    at::Tensor x = features(7).requires_grad_();
    auto squared = [&](const at::Tensor& at) {
      at::AutoGradMode enabled(true);
      at::Tensor loss = d->nll(at, labels, {}, {});
      at::Tensor g = torch::autograd::grad({loss}, {at}, {}, true, true)[0];
      return g.square().sum();
    };
    check_gradients(*d, features(7), squared, 1e-7);
    at::Tensor loss = d->nll(x, labels, {}, {});
    {
      at::NoGradGuard guard;
      for (auto& [name, p] : d->named_parameters())
        if (name == "cell.weight_hh") p.add_(1);
    }
    CHECK_THROWS_WITH(loss.backward(), Catch::Contains("changed in place"));
  }
}

TEST_CASE("a graph too large for a table of candidates decodes by its edges") {
  Json json = {{"root", "r"}, {"edges", Json::array()}, {"labels", Json::array()}};
  const int kMiddle = 90, kLeaves = 95;
  for (int i = 0; i < kMiddle; ++i) {
    json["edges"].push_back({"r", "m" + std::to_string(i)});
    for (int k = 0; k < kLeaves; ++k) {
      const std::string leaf = std::to_string(i) + "." + std::to_string(k);
      json["edges"].push_back({"m" + std::to_string(i), leaf});
      if (k == 0) json["labels"].push_back(leaf);
    }
  }
  auto d = decoder(graph_of(json));
  CHECK_FALSE(d->compiled().candidates.defined());
  at::Tensor x = features(3);
  auto decoded = d->greedy(x);
  for (int64_t s = 0; s < 3; ++s) {
    const auto middle = d->graph()->at(d->graph()->name(static_cast<Token>(decoded.tokens[s][0].item<int64_t>())));
    const auto children = d->graph()->children(middle);
    CHECK(std::find(children.begin(), children.end(), decoded.tokens[s][1].item<int64_t>()) != children.end());
  }
  x.requires_grad_();
  d->nll(x, tokens(*d->graph(), {"0.0", "1.0", "2.0"}), {}, {}).backward();
  CHECK(x.grad().defined());
}

TEST_CASE("greedy decoding is the likeliest child at every step") {
  for (const auto& o : variants()) {
    if (o.end == End::gate) continue;  // log_prob of a path that ends at an inner label holds its stop
    auto d = decoder(cats(), o);
    at::Tensor x = features(20);
    auto decoded = d->greedy(x);
    REQUIRE(decoded.tokens.sizes() == at::IntArrayRef{20, d->graph()->depth()});
    for (int64_t s = 0; s < 20; ++s) {
      std::vector<Token> path;
      for (Token at = d->graph()->start(); !d->graph()->leaf(at); at = path.back()) {
        double best = -1e300;
        Token chosen = 0;
        for (Token child : d->graph()->children(at)) {
          auto longer = path;
          longer.push_back(child);
          const double p = number(d->log_prob(x.slice(0, s, s + 1), {longer}));
          if (p > best) best = p, chosen = child;
        }
        path.push_back(chosen);
      }
      for (int64_t t = 0; t < d->graph()->depth(); ++t)
        CHECK(decoded.tokens[s][t].item<int64_t>() == (t < static_cast<int64_t>(path.size()) ? path[t] : graph::kEnd));
      CHECK(near(number(decoded.log_p[s]), number(d->log_prob(x.slice(0, s, s + 1), {path})), 1e-12));
    }
  }
}

TEST_CASE("a beam of one is greedy, a wide one finds the likeliest of all paths") {
  int better = 0;
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    at::Tensor x = features(20);
    auto greedy = d->greedy(x), one = d->beam(x, 1), two = d->beam(x, 2), wide = d->beam(x, 50);
    CHECK(at::equal(one.tokens, greedy.tokens));
    CHECK(at::allclose(one.log_p, greedy.log_p));
    CHECK((two.log_p >= greedy.log_p - 1e-12).all().item<bool>());
    better += (wide.log_p > greedy.log_p + 1e-9).sum().item<int>();
    std::vector<std::vector<Token>> all;
    for (Token t = 1; t <= d->graph()->size(); ++t)
      if (d->graph()->leaf(t) || d->compiled().gated(t))
        for (const auto& p : d->graph()->paths(t)) all.push_back(p.tokens);
    for (int64_t s = 0; s < 20; ++s) {
      at::Tensor row = x.slice(0, s, s + 1).expand({static_cast<int64_t>(all.size()), 4});
      auto [best, which] = d->log_prob(row, all).max(0);
      CHECK(near(number(wide.log_p[s]), number(best), 1e-12));
      const auto& path = all[which.item<int64_t>()];
      for (size_t t = 0; t < path.size(); ++t) CHECK(wide.tokens[s][t].item<int64_t>() == path[t]);
      for (int64_t t = path.size(); t < d->graph()->depth(); ++t)
        CHECK(wide.tokens[s][t].item<int64_t>() == graph::kEnd);
    }
  }
  CHECK(better > 0);  // greedy is not always best
  CHECK_THROWS_WITH(decoder(cats())->beam(features(1), 0), "path_decoder: a beam needs a width of at least 1, got 0");
}

TEST_CASE("probabilities: the policy of all leaves sums to 1, log_prob batches paths of different length") {
  for (const auto& o : variants()) {
    auto d = decoder(cats(), o);
    at::Tensor x = features(1);
    std::vector<std::vector<Token>> all;
    for (Token t = 1; t <= d->graph()->size(); ++t)
      if (d->graph()->leaf(t) || d->compiled().gated(t))
        for (const auto& p : d->graph()->paths(t)) all.push_back(p.tokens);
    at::Tensor many = x.expand({static_cast<int64_t>(all.size()), 4});
    CHECK(near(number(d->log_prob(many, all, true).exp().sum()), 1, 1e-12));
    at::Tensor together = d->log_prob(many, all);
    for (size_t i = 0; i < all.size(); ++i) CHECK(near(number(together[i]), number(d->log_prob(x, {all[i]})), 1e-12));
  }
}

TEST_CASE("a class is the last node of the path that is one of the classes") {
  auto d = decoder(cats());
  const auto& g = *d->graph();
  auto t = [&](const char* name) { return static_cast<int64_t>(g.at(name)); };
  at::Tensor paths =
      at::tensor({t("cat"), t("short"), t("mau"), t("cat"), t("long"), t("coon"), t("dog"), int64_t{0}, int64_t{0}},
                 at::kLong)
          .view({3, 3});
  auto classes = [&](std::vector<std::string> names) {
    at::Tensor c = PathDecoder::classes(paths, tokens(g, names), g.size() + 1);
    return std::vector<int64_t>(c.const_data_ptr<int64_t>(), c.const_data_ptr<int64_t>() + 3);
  };
  CHECK(classes({"mau", "coon"}) == std::vector<int64_t>{0, 1, -1});
  CHECK(classes({"dog", "cat"}) == std::vector<int64_t>{1, 1, 0});
  CHECK(classes({"cat", "mau"}) == std::vector<int64_t>{1, 0, -1});
  CHECK_THROWS_AS(PathDecoder::classes(paths, {g.start()}, g.size() + 1), Error);
}

TEST_CASE("known answer 000-20: decoded paths through a node and their kinds") {
  Json c = known_answer("000-20");
  if (c.is_null()) return;
  auto g = graph_of(c["input"]["graph"]);
  graph::Compiled compiled(g);
  std::vector<int64_t> rows;
  for (const auto& image : c["input"]["decoded"])
    for (const auto& n : image["path"]) rows.push_back(g->at(n.get<std::string>()));
  auto paths = decoded_paths(*g, compiled, at::tensor(rows, at::kLong).view({-1, 3}));
  Json traversals = Json::array();
  double agreed = 0, nondeterministic = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto& [nodes, known, deterministic] = paths[i];
    CHECK(known);
    if (std::find(nodes.begin(), nodes.end(), g->at(c["input"]["node"].get<std::string>())) == nodes.end()) continue;
    traversals.push_back({{"id", c["input"]["decoded"][i]["id"]},
                          {"label", g->name(nodes.back())},
                          {"kind", deterministic ? "det" : "nondet"}});
    if (!deterministic) ++nondeterministic, agreed += c["input"]["decoded"][i]["human_mark"].get<bool>();
  }
  CHECK(traversals == c["expected"]["traversals"]);
  CHECK(near(agreed / nondeterministic, c["expected"]["nondet_agreement"]));
}

TEST_CASE("what does not fit is refused by name") {
  auto d = decoder(cats());
  at::Tensor x = features(1);
  const auto& g = *d->graph();
  CHECK_THROWS_WITH(d->nll(x, {g.at("cat"), g.at("cat")}, {}, {}), "path_decoder: 1 features, 2 labels");
  CHECK_THROWS_WITH(d->reinforce(x, {}, {}, {}), "path_decoder: 1 features, 0 labels");
  CHECK_THROWS_WITH(d->nll(x, {99}, {}, {}), "path_decoder: label 99 is no node of the graph (1 to 10)");
  CHECK_THROWS_WITH(d->nll(x, {g.at("short")}, {}, {}),
                    "path_decoder: node 'short' was no label of the graph when the decoder was made");
  CHECK_THROWS_WITH(d->nll(at::zeros({1, 3}, at::kDouble), {1}, {}, {}),
                    "path_decoder: features must be [B, 4], got [1, 3]");
  CHECK_THROWS_WITH(d->log_prob(x, {tokens(g, {"cat", "coon"})}), "path_decoder: no edge leads from 'cat' to 'coon'");
  CHECK_THROWS_WITH(PathDecoder(cats(), DecoderOptions{}), "path_decoder: features, hidden and embed must be positive");
}
