#include "host/graph/path_table.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "host/error.hpp"
#include "host/interrupt.hpp"

namespace moonlab::graph {

namespace {

constexpr int64_t kPollEvery = 1 << 16;  // a few milliseconds of a walk that may take minutes

// Number of tokens that all paths of each node have together, in 128 bits: products of saturated counts stay ordered.
std::vector<__int128> token_counts(const LabelGraph& g) {
  std::vector<__int128> tokens(g.start() + 1, 0);
  for (Token t : g.topological())
    for (Token c : g.children(t)) tokens[c] += tokens[t] + (t == g.start() ? 1 : g.path_count(t));
  return tokens;
}

}  // namespace

PathTable::PathTable(const LabelGraph& g, const std::vector<Token>& labels, int64_t limit, int64_t most)
    : first_(g.start() + 1, 0), count_(g.start() + 1, 0) {
  std::vector<Token> wanted;
  for (Token t : labels) {
    if (t < 1 || t > g.size()) fail("no node has the number ", t, " (1 to ", g.size(), ")");
    if (g.path_count(t) > limit) skipped_.push_back(t);
    else if (count_[t] == 0) wanted.push_back(t), count_[t] = g.path_count(t);
  }
  const auto tokens_of = token_counts(g);
  __int128 total = 0;
  int64_t paths = 0;
  for (Token t : wanted) total += tokens_of[t], paths += count_[t];
  if (total > most)
    fail("the paths of ", wanted.size(), " labels have ", total > (__int128{1} << 62) ? "more than 2^62" : std::to_string(static_cast<int64_t>(total)),
         " nodes together, more than ", most, "; trim the graph or lower the limit of paths a label");

  // each label's paths have their place; the walk fills them in
  std::sort(wanted.begin(), wanted.end());
  std::vector<int64_t> next_path(first_.size()), next_token(first_.size());
  int64_t path = 0, token = 0;
  for (Token t : wanted) {
    first_[t] = next_path[t] = path, next_token[t] = token;
    path += count_[t], token += static_cast<int64_t>(tokens_of[t]);
  }
  tokens_.resize(token);
  begin_.resize(path + 1);
  begin_[path] = token;

  std::vector<uint8_t> above(first_.size(), 0);  // nodes below which a wanted one lies
  const auto& order = g.topological();
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    above[*at] |= count_[*at] > 0;
    if (above[*at])
      for (Token p : g.parents(*at)) above[p] = 1;
  }
  std::vector<Token> prefix;
  struct Place {
    const Token *next, *end;
  };
  std::vector<Place> stack;
  auto enter = [&](Token t) {
    const auto& children = g.children(t);
    stack.push_back({children.data(), children.data() + children.size()});
  };
  enter(g.start());
  for (int64_t steps = 0; !stack.empty();) {
    Place& place = stack.back();
    if (place.next == place.end) {
      stack.pop_back();
      if (!prefix.empty()) prefix.pop_back();
      continue;
    }
    const Token t = *place.next++;
    if (++steps % kPollEvery == 0) poll_interrupt();
    if (!above[t]) continue;
    prefix.push_back(t);
    if (count_[t]) {
      begin_[next_path[t]++] = next_token[t];
      std::copy(prefix.begin(), prefix.end(), tokens_.begin() + next_token[t]);
      next_token[t] += static_cast<int64_t>(prefix.size());
    }
    enter(t);
  }
  judge(g);
}

// A path is nondeterministic where one of its nodes competes with a node of another path to the same label
// (Definition 3.2).
void PathTable::judge(const LabelGraph& g) {
  deterministic_.assign(size(), 1);
  if (!g.has_blocks()) return;
  std::vector<Token> met(g.blocks(), 0), by(g.blocks(), 0);  // a block's first node on the label's paths, and the label
  std::vector<std::pair<Token, int64_t>> rivals;              // node and path, of blocks with several nodes
  std::vector<int64_t> held;                                  // nodes of a block on each path
  std::vector<uint8_t> contested(g.blocks(), 0);
  for (Token label = 1; label <= g.size(); ++label) {
    if (count_[label] < 2) continue;
    const auto [first, last] = of(label);
    std::vector<int32_t> blocks;
    for (int64_t i = begin_[first]; i < begin_[last]; ++i) {
      const int32_t b = g.block(tokens_[i]);
      if (by[b] != label) by[b] = label, met[b] = tokens_[i];
      else if (met[b] != tokens_[i] && !contested[b]) contested[b] = 1, blocks.push_back(b);
    }
    if (blocks.empty()) continue;
    rivals.clear();
    held.assign(last - first, 0);
    for (int64_t p = first; p < last; ++p)
      for (Token t : tokens(p))
        if (contested[g.block(t)]) rivals.emplace_back(t, p);
    std::sort(rivals.begin(), rivals.end(), [&](const auto& a, const auto& b) {
      return std::pair(g.block(a.first), a) < std::pair(g.block(b.first), b);
    });
    for (auto from = rivals.begin(); from != rivals.end();) {
      const int32_t block = g.block(from->first);
      auto to = from;
      for (; to != rivals.end() && g.block(to->first) == block; ++to) ++held[to->second - first];
      // u on P has a rival unless all of the block's other nodes lie on P alone
      for (auto u = from; u != to;) {
        const auto next = std::find_if(u, to, [&](const auto& r) { return r.first != u->first; });
        const int64_t others = (to - from) - (next - u);
        for (; u != next; ++u)
          if (others > held[u->second - first] - 1) deterministic_[u->second] = 0;
      }
      for (; from != to; ++from) held[from->second - first] = 0;
    }
    for (int32_t b : blocks) contested[b] = 0;
  }
}

PathTable::Tensors PathTable::tensors() const {
  std::vector<Token> label(size());
  for (Token t = 1; t < static_cast<Token>(first_.size()); ++t)
    std::fill_n(label.begin() + first_[t], count_[t], t);
  auto copy = [](const auto& values, at::ScalarType dtype) {
    at::Tensor t = at::empty({static_cast<int64_t>(values.size())}, dtype);
    if (!values.empty()) std::memcpy(t.mutable_data_ptr(), values.data(), t.nbytes());
    return t;
  };
  return {copy(tokens_, at::kInt), copy(begin_, at::kLong), copy(label, at::kInt), copy(deterministic_, at::kByte).to(at::kBool)};
}

}  // namespace moonlab::graph
