// Decoding and the probabilities of paths.
#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>

#include "host/error.hpp"
#include "host/interrupt.hpp"
#include "host/label/path_decoder.hpp"

namespace moonlab::label {

using graph::kEnd;

namespace {

at::Tensor longs(const std::vector<int64_t>& values, at::Device device) {
  return at::tensor(values, at::kLong).to(device, /*non_blocking=*/true);
}

}  // namespace

Decoded PathDecoder::greedy(const at::Tensor& features) {
  at::NoGradGuard guard;
  const int64_t steps = compiled_.max_length() - 1;
  const CellWalk walk(recurrence(features), features.size(0) * steps);
  CellState state = walk.start();
  at::Tensor fed = start(features), sum = features.new_zeros({features.size(0)});
  std::vector<at::Tensor> tokens;
  for (int64_t t = 0; t < steps; ++t) {
    state = walk.step({input(fed), {}, {}}, state);
    auto [best, next] = closed(log_block(logits(state.h), fed), fed).max(1);
    // after a leaf only <eop> is left, with probability 1
    sum = sum + (options_.end == End::gate ? best.masked_fill(fed == static_cast<int64_t>(kEnd), 0)
                                           : best.masked_fill(next == static_cast<int64_t>(kEnd), 0));
    fed = next;
    tokens.push_back(next);
  }
  return {at::stack(tokens, 1), sum};
}

Decoded PathDecoder::beam(const at::Tensor& features, int64_t width) {
  if (width < 1) fail("path_decoder: a beam needs a width of at least 1, got ", width);
  at::NoGradGuard guard;
  const int64_t b = features.size(0), v = compiled_.vocabulary(), steps = compiled_.max_length() - 1;
  const CellWalk walk(recurrence(features), b * steps * width);
  CellState state = walk.start();
  const auto long_options = features.options().dtype(at::kLong).requires_grad(false);
  const at::Tensor sample = at::arange(b, long_options).unsqueeze(1);  // [B, 1]
  at::Tensor parent = sample, fed = start(features);
  at::Tensor score = features.new_zeros({b, 1}), tokens = at::empty({b, 1, 0}, long_options);
  for (int64_t t = 0; t < steps; ++t) {
    const int64_t kept = score.size(1), next = std::min(width, kept * v);
    state = walk.step({input(fed), parent.reshape(-1), sample.expand({b, kept}).reshape(-1)}, state);
    // a path that is over goes on with <eop>, whose probability is 1; where there are fewer paths than the beam is
    // wide, the rest of it is -inf
    const at::Tensor log_p = closed(log_block(logits(state.h), fed), fed);
    auto [best, index] = (score.reshape({-1, 1}) + log_p).view({b, kept * v}).topk(next, 1);
    const at::Tensor from = index.floor_divide(v);
    score = best;
    fed = index.remainder(v).reshape(-1);
    parent = sample * kept + from;
    const at::Tensor before = tokens.gather(1, from.unsqueeze(2).expand({b, next, t}));
    tokens = at::cat({before, fed.view({b, next, 1})}, 2);
  }
  return {tokens.select(1, 0), score.select(1, 0)};
}

std::vector<std::vector<Decision>> PathDecoder::decisions(const at::Tensor& features) {
  at::NoGradGuard guard;
  const int64_t b = features.size(0), steps = compiled_.max_length() - 1;
  const CellWalk walk(recurrence(features), b * steps);
  CellState state = walk.start();
  at::Tensor fed = start(features);
  std::vector<std::vector<Decision>> all(b);
  for (int64_t t = 0; t < steps; ++t) {
    poll_interrupt();
    state = walk.step({input(fed), {}, {}}, state);
    const at::Tensor log_p = closed(log_block(logits(state.h), fed), fed), next = log_p.argmax(1);
    const at::Tensor p = log_p.exp().to(at::kCPU, at::kDouble).contiguous();
    const at::Tensor taken = next.cpu(), before = fed.cpu();
    for (int64_t s = 0; s < b; ++s) {
      const auto at = static_cast<Token>(before.const_data_ptr<int64_t>()[s]);
      if (at == kEnd || graph_->leaf(at)) continue;
      Decision d{at, {}};
      auto choice = [&](Token c) {
        d.choices.push_back(
            {c, p.const_data_ptr<double>()[s * p.size(1) + c], c == taken.const_data_ptr<int64_t>()[s]});
      };
      for (Token c : graph_->children(at)) choice(c);
      if (compiled_.gated(at)) choice(kEnd);
      all[s].push_back(std::move(d));
    }
    fed = next;
  }
  return all;
}

at::Tensor PathDecoder::log_prob(const at::Tensor& features, const std::vector<std::vector<Token>>& paths,
                                 bool policy) {
  const Recurrence r = recurrence(features);
  if (static_cast<int64_t>(paths.size()) != features.size(0))
    fail("path_decoder: ", features.size(0), " features, ", paths.size(), " paths");
  size_t longest = 0;
  for (const auto& p : paths) {
    Token at = graph_->start();
    for (Token t : p) {
      const auto children = graph_->children(at);
      if (std::find(children.begin(), children.end(), t) == children.end())
        fail("path_decoder: no edge leads from '", graph_->name(at), "' to ",
             t < 0 || t > graph_->start() ? std::to_string(t) : "'" + graph_->name(t) + "'");
      at = t;
    }
    longest = std::max(longest, p.size() + (compiled_.gated(at) ? 1 : 0));
  }
  if (longest == 0) return features.new_zeros({features.size(0)});
  // where a path is over (its target is <eop>) nothing is added, but where the gate has it decided
  const auto b = static_cast<int64_t>(paths.size()), steps = static_cast<int64_t>(longest);
  std::vector<int64_t> fed, target;
  std::vector<double> counts;
  for (int64_t t = 0; t < steps; ++t)
    for (const auto& p : paths) {
      const auto n = static_cast<int64_t>(p.size());
      fed.push_back(t == 0 ? graph_->start() : t <= n ? p[t - 1] : kEnd);
      target.push_back(t < n ? p[t] : kEnd);
      counts.push_back(t < n || (t == n && n > 0 && compiled_.gated(p[n - 1])) ? 1 : 0);
    }
  const at::Tensor before = longs(fed, features.device()), fed_rows = input(before),
                   after = longs(target, features.device());
  const at::Tensor hidden = unroll(
      r,
      [&](size_t i, const at::Tensor&) {
        return static_cast<int64_t>(i) < steps ? Rows{fed_rows.narrow(0, static_cast<int64_t>(i) * b, b), {}, {}}
                                               : Rows{};
      },
      b * steps);
  const at::Tensor z = logits(hidden), log_p = policy ? log_policy(z, before) : log_block(z, before);
  const at::Tensor taken = log_p.gather(1, after.unsqueeze(1)).squeeze(1);
  const at::Tensor over = at::tensor(counts, at::kDouble).to(features.device(), true) == 0;
  return taken.masked_fill(over, 0).view({steps, b}).sum(0);
}

at::Tensor PathDecoder::class_log_prob(const at::Tensor& features, const std::vector<Token>& classes, bool sum) {
  return class_paths(features, classes, sum).log_p;
}

Likeliest PathDecoder::likeliest(const at::Tensor& features, const std::vector<Token>& classes) {
  at::NoGradGuard guard;
  if (classes.empty()) fail("path_decoder: no classes to choose from");
  const ClassPaths found = class_paths(features, classes, /*sum=*/false);
  const auto [log_p, best] = found.log_p.max(1);
  const at::Tensor path = found.path.gather(1, best.unsqueeze(1)).squeeze(1);
  return {{found.tokens.index_select(0, path), log_p}, found.log_p};
}

PathDecoder::ClassPaths PathDecoder::class_paths(const at::Tensor& features, const std::vector<Token>& classes,
                                                 bool sum) {
  at::NoGradGuard guard;
  // all paths of all classes as one trie; where they end
  std::vector<graph::WeightedPath> paths;
  std::vector<size_t> owner;
  for (size_t k = 0; k < classes.size(); ++k) {
    if (classes[k] < 1 || classes[k] > graph_->size() || !compiled_.has_paths(classes[k]))
      fail("path_decoder: class ", classes[k], " is no label of the graph");
    const auto [first, last] = compiled_.paths().of(classes[k]);
    for (int64_t p = first; p < last; ++p) paths.push_back({compiled_.target(p), 1}), owner.push_back(k);
  }
  const auto device = features.device();
  const graph::LabelTrie trie = graph::Compiled::trie_of(*graph_, paths);
  struct Level {
    at::Tensor token, parent, entered;  // of nodes: fed token, node and edge in the level before
    at::Tensor edge_node, edge_target;
    std::vector<int64_t> path, edge;  // numbers of the paths that end in this level, and by which edge
  };
  std::vector<Level> levels;
  int64_t widest = 1;
  using Step = std::pair<int32_t, Token>;  // a node of a level and what follows it
  std::map<Step, int64_t> edge_of;         // of the level before, then of this one
  std::vector<int32_t> at(paths.size(), 0);
  for (size_t i = 0; i < trie.levels.size(); ++i) {
    const auto& l = trie.levels[i];
    Level level;
    std::vector<int64_t> token, parent, entered, node, target;
    for (const auto& n : l.nodes) {
      token.push_back(n.token), parent.push_back(n.parent);
      if (i > 0) entered.push_back(edge_of.at({n.parent, n.token}));
    }
    edge_of.clear();
    for (const auto& e : l.edges) {
      edge_of.emplace(Step(e.node, e.target), static_cast<int64_t>(node.size()));
      node.push_back(e.node), target.push_back(e.target);
    }
    std::map<Step, int32_t> next;
    if (i + 1 < trie.levels.size())
      for (const auto& n : trie.levels[i + 1].nodes)
        next.emplace(Step(n.parent, n.token), static_cast<int32_t>(next.size()));
    for (size_t p = 0; p < paths.size(); ++p) {
      if (i >= paths[p].tokens.size()) continue;
      const Step taken(at[p], paths[p].tokens[i]);
      if (i + 1 == paths[p].tokens.size()) {
        level.path.push_back(static_cast<int64_t>(p));
        level.edge.push_back(edge_of.at(taken));
      } else {
        at[p] = next.at(taken);
      }
    }
    widest = std::max(widest, static_cast<int64_t>(token.size()));
    level.token = longs(token, device), level.parent = longs(parent, device), level.entered = longs(entered, device);
    level.edge_node = longs(node, device), level.edge_target = longs(target, device);
    levels.push_back(std::move(level));
  }
  const int64_t v = compiled_.vocabulary(), chunk = std::max<int64_t>(1, (int64_t{1} << 23) / (widest * v));
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::vector<at::Tensor> results, numbers;
  for (int64_t from = 0; from < features.size(0); from += chunk) {
    poll_interrupt();
    const at::Tensor part = features.slice(0, from, std::min(features.size(0), from + chunk));
    const int64_t b = part.size(0);
    const CellWalk walk(recurrence(part), b * widest * static_cast<int64_t>(levels.size()));
    CellState state = walk.start();
    at::Tensor result = at::full({b, static_cast<int64_t>(classes.size())}, kNone, part.options()), value;
    at::Tensor number = at::zeros(result.sizes(), part.options().dtype(at::kLong));
    const at::Tensor sample = at::arange(b, part.options().dtype(at::kLong)).unsqueeze(1);
    int64_t above = 1;
    for (size_t i = 0; i < levels.size(); ++i) {
      const Level& l = levels[i];
      const int64_t n = l.token.size(0);
      const at::Tensor fed = l.token.repeat({b});
      state =
          walk.step({input(fed), (sample * above + l.parent).reshape(-1), sample.expand({b, n}).reshape(-1)}, state);
      const at::Tensor base = i == 0 ? part.new_zeros({b, 1}) : value.index_select(1, l.entered);  // [B, nodes]
      const at::Tensor log_p = log_block(logits(state.h), fed).view({b, n * v});
      value = base.index_select(1, l.edge_node) + log_p.index_select(1, l.edge_node * v + l.edge_target);  // [B, edges]
      above = n;
      for (size_t k = 0; k < l.path.size(); ++k) {
        const auto of = static_cast<int64_t>(owner[l.path[k]]);
        at::Tensor column = result.select(1, of), which = number.select(1, of);
        const at::Tensor here = value.select(1, l.edge[k]);
        which.masked_fill_(here > column, l.path[k]);
        column.copy_(sum ? at::logaddexp(column, here) : at::maximum(column, here));
      }
    }
    results.push_back(result), numbers.push_back(number);
  }
  const int64_t length = compiled_.max_length() - 1;
  std::vector<int64_t> tokens(paths.size() * length, kEnd);
  for (size_t p = 0; p < paths.size(); ++p)
    std::copy(paths[p].tokens.begin(), paths[p].tokens.end(), tokens.begin() + static_cast<int64_t>(p) * length);
  return {at::cat(results), at::cat(numbers), longs(tokens, device).view({-1, length})};
}

at::Tensor PathDecoder::classes(const at::Tensor& tokens, const std::vector<Token>& classes, int64_t vocabulary) {
  at::NoGradGuard guard;
  std::vector<int64_t> number(vocabulary, -1);
  for (size_t k = 0; k < classes.size(); ++k) {
    if (classes[k] < 1 || classes[k] >= vocabulary)
      fail("path_decoder: class ", classes[k], " is no node of the graph (1 to ", vocabulary - 1, ")");
    number[classes[k]] = static_cast<int64_t>(k);
  }
  const at::Tensor table = longs(number, tokens.device());
  at::Tensor found = at::full({tokens.size(0)}, -1, tokens.options());
  for (int64_t t = 0; t < tokens.size(1); ++t) {
    const at::Tensor here = table.index_select(0, tokens.select(1, t));
    found = at::where(here >= 0, here, found);
  }
  return found;
}

}  // namespace moonlab::label
