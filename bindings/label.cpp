// The path decoder and block softmax for Lua: require "host.label".
//
// path_decoder(graph, { features, hidden, embed, cell, feed_feature, normalizer, end_rule, limit }) -> a module with
//   nll(features, labels, { teacher_forcing, pool, alpha, max_paths, weights, generator }) -> loss; weights [B] on the CPU
//       labels: tokens of the graph, long [B], or [B, K] filled up with -1 where samples have several
//   reinforce(features, labels, { reward, baseline, decay, samples, weights, generator }) -> loss
//   losses(features, labels, { of nll }, { of reinforce }) -> both losses, in one walk; nll's generator
//   greedy(features) -> tokens [B, L], log_p [B]; beam(features, width) -> the same
//   log_prob(features, paths, policy) -> [B]        paths: a list of lists of nodes below the root
//   class_log_prob(features, nodes, sum) -> [B, K]  of each node's likeliest path, or of all together
//   likeliest(features, nodes) -> tokens [B, L], log_p [B], log p of each node [B, K]: the likeliest of all their paths
//   classes(tokens, nodes) -> long [B]              index into nodes (from 0), -1 for none
//   paths(tokens) -> list of { path = names, kind = "det" | "nondet" | nil where it is no path of a label }
//   decisions(features) -> for each sample a list of { node, choices = list of { node, block, p, taken } }
#include "bindings/all.hpp"
#include "bindings/graph.hpp"
#include "bindings/module.hpp"
#include "bindings/tensor.hpp"
#include "host/label/block_softmax.hpp"
#include "host/label/decoded_paths.hpp"
#include "host/label/path_decoder.hpp"

namespace moonlab::lua {

using graph::Token;
using label::PathDecoder;

namespace {

template <class T>
T choice(const std::string& option, const std::string& word, const std::vector<std::pair<std::string, T>>& known) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + name;
  }
  fail("path_decoder: unknown ", option, " '", word, "'", did_you_mean(word, names), " (", list, ")");
}

/// Fields of the options table at `index`, which may be absent; unknown ones raise.
class Fields {
 public:
  Fields(lua_State* L, int index, std::vector<std::string> known) : L_(L), index_(index), known_(std::move(known)) {
    if (lua_isnoneornil(L, index)) {
      index_ = 0;
      return;
    }
    if (!lua_istable(L, index)) argument_error(L, index, "a table of options");
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
      std::string key = check_string(L, -2);
      bool found = false;
      for (const auto& k : known_) found |= k == key;
      if (!found) fail("path_decoder: unknown option '", key, "'", did_you_mean(key, known_));
    }
  }
  template <class F>
  auto get(const char* key, F&& read) {
    if (index_) lua_getfield(L_, index_, key);
    else lua_pushnil(L_);
    auto value = read(lua_gettop(L_));
    lua_pop(L_, 1);
    return value;
  }
  double number(const char* key, double d) {
    return get(key, [&](int i) { return optional_number(L_, i, d); });
  }
  int64_t integer(const char* key, int64_t d) {
    return get(key, [&](int i) { return optional_integer(L_, i, d); });
  }
  bool flag(const char* key, bool d) {
    return get(key, [&](int i) { return optional_boolean(L_, i, d); });
  }
  std::string word(const char* key, const char* d) {
    return get(key, [&](int i) { return optional_string(L_, i, d); });
  }
  at::Tensor tensor(const char* key) {
    return get(key, [&](int i) { return optional_tensor(L_, i); });
  }
  at::Generator generator() {
    return get("generator", [&](int i) { return optional_generator(L_, i); });
  }

 private:
  lua_State* L_;
  int index_;
  std::vector<std::string> known_;
};

int make(lua_State* L) {
  auto g = check_object<graph::LabelGraph>(L, 1);
  Fields f(L, 2, {"features", "hidden", "embed", "cell", "feed_feature", "normalizer", "end_rule", "limit"});
  label::DecoderOptions o;
  o.features = f.integer("features", 0);
  o.hidden = f.integer("hidden", o.hidden);
  o.embed = f.integer("embed", o.embed);
  o.feed_feature = f.flag("feed_feature", false);
  o.limit = f.integer("limit", o.limit);
  o.cell = choice<label::Cell>("cell", f.word("cell", "gru"), {{"gru", label::Cell::gru}, {"lstm", label::Cell::lstm}});
  o.end = choice<graph::End>("end_rule", f.word("end_rule", "leaf"), {{"leaf", graph::End::leaf}, {"gate", graph::End::gate}});
  o.normalizer =
      choice<label::Normalizer>("normalizer", f.word("normalizer", "group"),
                                {{"group", label::Normalizer::group}, {"children", label::Normalizer::children}});
  push_module(L, std::make_shared<PathDecoder>(g, o));
  return 1;
}

label::Labels labels_at(lua_State* L, int index) { return label::host_labels(check_tensor(L, index)); }

std::vector<Token> nodes_at(lua_State* L, int index, const graph::LabelGraph& g) {
  std::vector<Token> nodes;
  if (!lua_istable(L, index)) argument_error(L, index, "a list of nodes");
  for (int i = 1, n = static_cast<int>(lua_objlen(L, index)); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    nodes.push_back(check_node(L, lua_gettop(L), g));
    lua_pop(L, 1);
  }
  return nodes;
}

const std::vector<std::string> kNllOptions{"teacher_forcing", "pool", "alpha", "max_paths", "weights", "generator"};
const std::vector<std::string> kReinforceOptions{"reward", "baseline", "decay", "samples", "weights", "generator"};

label::NllOptions nll_options(Fields& f) {
  label::NllOptions o;
  o.teacher_forcing = f.number("teacher_forcing", 1.0);
  o.alpha = f.number("alpha", 1.0);
  o.max_paths = f.integer("max_paths", 0);
  o.weights = f.tensor("weights");
  o.pool =
      choice<label::Pool>("pool", f.word("pool", "mean"),
                          {{"mean", label::Pool::mean}, {"sum", label::Pool::sum}, {"random", label::Pool::random}});
  return o;
}

label::ReinforceOptions reinforce_options(Fields& f) {
  label::ReinforceOptions o;
  o.reward = choice<graph::Reward>("reward", f.word("reward", "label_nodes"),
                                   {{"label_nodes", graph::Reward::label_nodes},
                                    {"label_only", graph::Reward::label_only},
                                    {"det_nodes", graph::Reward::det_nodes}});
  o.baseline = choice<label::Baseline>("baseline", f.word("baseline", "mean"),
                                       {{"mean", label::Baseline::mean},
                                        {"ema", label::Baseline::ema},
                                        {"batch", label::Baseline::batch},
                                        {"none", label::Baseline::none}});
  o.decay = f.number("decay", 0.9);
  o.samples = f.integer("samples", 1);
  o.weights = f.tensor("weights");
  return o;
}

int nll(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  Fields f(L, 4, kNllOptions);
  push(L, d->nll(check_tensor(L, 2), labels_at(L, 3), nll_options(f), f.generator()));
  return 1;
}

int reinforce(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  Fields f(L, 4, kReinforceOptions);
  push(L, d->reinforce(check_tensor(L, 2), labels_at(L, 3), reinforce_options(f), f.generator()));
  return 1;
}

int losses(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  Fields n(L, 4, kNllOptions), r(L, 5, kReinforceOptions);
  auto [nll, reinforce] = d->losses(check_tensor(L, 2), labels_at(L, 3), nll_options(n), reinforce_options(r), n.generator());
  push(L, std::move(nll));
  push(L, std::move(reinforce));
  return 2;
}

int greedy(lua_State* L) {
  auto [tokens, log_p] = check_module<PathDecoder>(L, 1)->greedy(check_tensor(L, 2));
  push(L, std::move(tokens));
  push(L, std::move(log_p));
  return 2;
}

int beam(lua_State* L) {
  auto [tokens, log_p] = check_module<PathDecoder>(L, 1)->beam(check_tensor(L, 2), check_integer(L, 3));
  push(L, std::move(tokens));
  push(L, std::move(log_p));
  return 2;
}

int log_prob(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  if (!lua_istable(L, 3)) argument_error(L, 3, "a list of paths");
  std::vector<std::vector<Token>> paths;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, 3)); i <= n; ++i) {
    lua_rawgeti(L, 3, i);
    const int path = lua_gettop(L);
    if (!lua_istable(L, path)) argument_error(L, 3, "a list of paths, each a list of nodes");
    paths.emplace_back();
    for (int k = 1, m = static_cast<int>(lua_objlen(L, path)); k <= m; ++k) {
      lua_rawgeti(L, path, k);
      paths.back().push_back(check_node(L, lua_gettop(L), *d->graph()));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  push(L, d->log_prob(check_tensor(L, 2), paths, optional_boolean(L, 4, false)));
  return 1;
}

int classes(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  push(L, PathDecoder::classes(check_tensor(L, 2), nodes_at(L, 3, *d->graph()), d->compiled().vocabulary()));
  return 1;
}

int class_log_prob(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  push(L, d->class_log_prob(check_tensor(L, 2), nodes_at(L, 3, *d->graph()), optional_boolean(L, 4, false)));
  return 1;
}

int likeliest(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  auto [path, class_log_p] = d->likeliest(check_tensor(L, 2), nodes_at(L, 3, *d->graph()));
  push(L, std::move(path.tokens));
  push(L, std::move(path.log_p));
  push(L, std::move(class_log_p));
  return 3;
}

int decisions(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  const auto& g = *d->graph();
  auto set = [&](const char* key, std::string_view text) { push(L, text), lua_setfield(L, -2, key); };
  lua_newtable(L);
  int sample = 0;
  for (const auto& steps : d->decisions(check_tensor(L, 2))) {
    lua_newtable(L);
    int step = 0;
    for (const auto& s : steps) {
      lua_newtable(L);
      set("node", g.name(s.fed));
      lua_newtable(L);
      int choice = 0;
      for (const auto& c : s.choices) {
        lua_newtable(L);
        set("node", g.name(c.token));
        if (c.token != graph::kEnd && !g.block_name(c.token).empty()) set("block", g.block_name(c.token));
        lua_pushnumber(L, c.p), lua_setfield(L, -2, "p");
        lua_pushboolean(L, c.taken), lua_setfield(L, -2, "taken");
        lua_rawseti(L, -2, ++choice);
      }
      lua_setfield(L, -2, "choices");
      lua_rawseti(L, -2, ++step);
    }
    lua_rawseti(L, -2, ++sample);
  }
  return 1;
}

int paths(lua_State* L) {
  auto d = check_module<PathDecoder>(L, 1);
  lua_newtable(L);
  int row = 0;
  for (const auto& p : label::decoded_paths(*d->graph(), d->compiled(), check_tensor(L, 2))) {
    lua_newtable(L);
    std::vector<std::string> names;
    for (Token t : p.tokens) names.push_back(d->graph()->name(t));
    push(L, names), lua_setfield(L, -2, "path");
    if (p.known) push(L, std::string_view(p.deterministic ? "det" : "nondet")), lua_setfield(L, -2, "kind");
    lua_rawseti(L, -2, ++row);
  }
  return 1;
}

int graph_of(lua_State* L) {
  push_object(L, std::const_pointer_cast<graph::LabelGraph>(check_module<PathDecoder>(L, 1)->graph()));
  return 1;
}

/// block_log_softmax(logits [R, V], block long [V], candidates bool [R, V] | nil) -> [R, V]
int block_log_softmax(lua_State* L) {
  push(L, label::block_log_softmax(check_tensor(L, 1), check_tensor(L, 2), optional_tensor(L, 3)));
  return 1;
}

}  // namespace

int open_label(lua_State* L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "nn");  // the decoder is a module, with the methods that all have
  lua_call(L, 1, 0);
  const luaL_Reg methods[] = {{"nll", nll},     {"reinforce", reinforce}, {"greedy", greedy},
                              {"losses", losses}, {"likeliest", likeliest},
                              {"beam", beam},   {"log_prob", log_prob},   {"classes", classes},
                              {"paths", paths}, {"graph", graph_of},      {"class_log_prob", class_log_prob},
                              {"decisions", decisions},               {nullptr, nullptr}};
  add_module_methods(L, "PathDecoder", methods);
  const luaL_Reg functions[] = {{"path_decoder", make}, {"block_log_softmax", block_log_softmax}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
