// L_d and L_nd of the path decoder.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "host/error.hpp"
#include "host/label/path_decoder.hpp"

namespace moonlab::label {

using graph::LabelTrie;

namespace {

double uniform(at::Generator& generator) { return at::rand({}, generator, at::kDouble).item<double>(); }  // on the CPU

/// `count` of n numbers, ascending, every choice equally likely.
std::vector<int64_t> draw(int64_t n, int64_t count, at::Generator& generator) {
  std::vector<int64_t> all(n);
  for (int64_t i = 0; i < n; ++i) all[i] = i;
  for (int64_t i = 0; i < count; ++i)
    std::swap(all[i], all[std::min(n - 1, i + static_cast<int64_t>(uniform(generator) * static_cast<double>(n - i)))]);
  all.resize(count);
  std::sort(all.begin(), all.end());
  return all;
}

at::Generator or_default(at::Generator g) { return g.defined() ? g : at::detail::getDefaultCPUGenerator(); }

}  // namespace

// The trie of the deterministic paths of all labels of a sample.
const LabelTrie& PathDecoder::trie_of(std::span<const Token> labels) {
  if (labels.size() == 1) return compiled_.trie(labels[0]);
  if (tries_.size() > 10000) tries_.clear();  // combinations of labels have no end
  auto [at, fresh] = tries_.try_emplace({labels.begin(), labels.end()});
  if (fresh) {
    std::vector<graph::WeightedPath> paths;
    for (Token label : labels)
      for (int64_t p : compiled_.deterministic(label)) paths.push_back({compiled_.target(p), 1});
    at->second = graph::Compiled::trie_of(*graph_, paths);
  }
  return at->second;
}

at::Tensor PathDecoder::nll(const at::Tensor& features, const Labels& labels, const NllOptions& o, at::Generator generator) {
  place(features);
  check_labels(features, labels);
  if (o.max_paths < 0) fail("path_decoder: max_paths must not be negative, got ", o.max_paths);
  generator = or_default(generator);
  const bool forced = o.teacher_forcing >= 1 || uniform(generator) <= o.teacher_forcing;
  const auto n_samples = static_cast<size_t>(labels.samples());
  std::vector<const LabelTrie*> tries(n_samples);
  std::vector<double> scale(n_samples, 0);
  std::deque<LabelTrie> drawn;  // grows without moving what `tries` points at
  int64_t counted = 0;
  bool any_nondeterministic = false;
  for (size_t s = 0; s < n_samples; ++s) {
    const auto of = labels.of(static_cast<int64_t>(s));
    for (Token label : of) any_nondeterministic |= compiled_.has_nondeterministic(label);
    static const LabelTrie nothing;
    tries[s] = of.empty() ? &nothing : &trie_of(of);
    const int64_t all = tries[s]->paths;
    if (all == 0) continue;
    ++counted;
    const int64_t used = o.pool == Pool::random ? 1 : o.max_paths > 0 ? std::min(all, o.max_paths) : all;
    scale[s] = o.pool == Pool::mean ? 1.0 / static_cast<double>(used) : 1.0;
    if (used == all) continue;
    std::vector<int64_t> numbers;
    for (Token label : of) numbers.insert(numbers.end(), compiled_.deterministic(label).begin(), compiled_.deterministic(label).end());
    std::vector<graph::WeightedPath> paths;
    for (int64_t i : draw(all, used, generator)) paths.push_back({compiled_.target(numbers[i]), 1});
    drawn.push_back(graph::Compiled::trie_of(*graph_, paths));
    tries[s] = &drawn.back();
  }
  if (counted == 0) return (features * 0).sum();
  for (double& s : scale) s *= (any_nondeterministic ? o.alpha : 1.0) / static_cast<double>(counted);
  const TrieBatch batch = merge(tries, scale, features.device(), features.scalar_type());
  return forced ? teacher_forced(features, batch) : free_running(features, batch);
}

at::Tensor PathDecoder::teacher_forced(const at::Tensor& features, const TrieBatch& batch) {
  const Recurrence r = recurrence(features);
  const at::Tensor fed = input(batch.token);
  const at::Tensor hidden = unroll(
      r,
      [&](size_t i, const at::Tensor&) -> Rows {
        if (i == batch.levels.size()) return {};
        auto part = [&](const at::Tensor& t) { return t.narrow(0, batch.levels[i].row, batch.levels[i].rows); };
        return {part(fed), part(batch.parent), part(batch.sample)};
      },
      batch.token.size(0));
  const at::Tensor log_p = log_block(logits(hidden), batch.token);
  const at::Tensor chosen = log_p.reshape(-1).index_select(0, batch.edge_row * compiled_.vocabulary() + batch.edge_target);
  return -(chosen * batch.edge_weight).sum();
}

// The network is fed its own likeliest candidates; the targets stay the ground truth.
at::Tensor PathDecoder::free_running(const at::Tensor& features, const TrieBatch& batch) {
  const int64_t b = features.size(0), levels = static_cast<int64_t>(batch.levels.size());
  at::Tensor fed = start(features);
  const at::Tensor hidden = unroll(
      recurrence(features, /*all_tokens=*/true),  // its own choice may be a leaf where the truth goes on
      [&](size_t i, const at::Tensor& h) -> Rows {
        if (static_cast<int64_t>(i) == levels) return {};
        if (i > 0) fed = closed(log_block(logits(h), fed), fed).argmax(1);
        return {fed, {}, {}};
      },
      b * levels);
  // an edge's row: its sample's in the level. The children normaliser (and the gate) need the true prefix, which differs
  // between paths of one sample: logits by edge
  std::vector<at::Tensor> rows;
  for (int64_t i = 0; i < levels; ++i) {
    const auto& level = batch.levels[i];
    rows.push_back(batch.sample.index_select(0, batch.edge_row.narrow(0, level.edge, level.edges)) + i * b);
  }
  const at::Tensor z = logits(hidden).index_select(0, at::cat(rows));
  const at::Tensor log_p = log_block(z, batch.token.index_select(0, batch.edge_row));
  return -(log_p.gather(1, batch.edge_target.unsqueeze(1)).squeeze(1) * batch.edge_weight).sum();
}

// Row s is 1 at the nodes that are rewarded for the labels of samples[s].
at::Tensor PathDecoder::reward_rows(const Labels& labels, const std::vector<int64_t>& samples, graph::Reward kind,
                                    const at::Tensor& like) {
  at::Tensor rows = at::zeros({static_cast<int64_t>(samples.size()), compiled_.vocabulary()}, at::kByte);
  auto* data = rows.mutable_data_ptr<uint8_t>();
  for (size_t i = 0; i < samples.size(); ++i)
    for (Token label : labels.of(samples[i]))
      for (Token t : compiled_.reward_set(label, kind)) data[static_cast<int64_t>(i) * compiled_.vocabulary() + t] = 1;
  return rows.to(like.device(), /*non_blocking=*/true).to(like.scalar_type());
}

at::Tensor PathDecoder::reinforce(const at::Tensor& features, const Labels& labels, const ReinforceOptions& o,
                                  at::Generator generator) {
  place(features);
  check_labels(features, labels);
  if (o.samples < 1) fail("path_decoder: reinforce needs at least one sample a label, got ", o.samples);
  generator = or_default(generator);
  std::vector<int64_t> rows;
  for (int64_t s = 0; s < labels.samples(); ++s) {
    const auto of = labels.of(s);
    if (std::any_of(of.begin(), of.end(), [&](Token t) { return compiled_.has_nondeterministic(t); }))
      rows.insert(rows.end(), o.samples, s);
  }
  if (rows.empty()) return (features * 0).sum();
  const at::Tensor chosen =
      features.index_select(0, at::tensor(rows, at::kLong).to(features.device(), /*non_blocking=*/true));
  const int64_t steps = compiled_.max_length() - 1;  // one more could only be <eop>
  at::Tensor fed = start(chosen);
  at::Tensor visited = at::zeros({chosen.size(0), compiled_.vocabulary()}, chosen.options().requires_grad(false));
  std::vector<at::Tensor> tokens;
  const at::Tensor hidden = unroll(
      recurrence(chosen),
      [&](size_t i, const at::Tensor& h) -> Rows {
        if (i > 0) {
          // a sample by racing exponentials: argmax of log pi - log q, on the device. q may round to 0, whose logarithm
          // would make a node that is no candidate nan.
          const at::Tensor log_pi = log_policy(logits(h), fed);
          const at::Tensor q = at::empty_like(log_pi, at::kCPU).exponential_(1, generator).to(log_pi.device(), true);
          constexpr double kNone = -std::numeric_limits<double>::infinity();
          fed = (log_pi - q.log()).masked_fill(log_pi == kNone, kNone).argmax(1);
          visited.scatter_(1, fed.unsqueeze(1), 1);
        }
        tokens.push_back(fed);
        return static_cast<int64_t>(i) < steps ? Rows{input(fed), {}, {}} : Rows{};
      },
      chosen.size(0) * steps);
  const at::Tensor before = at::cat(at::TensorList(tokens).slice(0, steps)), after = at::cat(at::TensorList(tokens).slice(1));
  const at::Tensor log_pi = log_policy(logits(hidden), before).gather(1, after.unsqueeze(1)).view({steps, -1}).sum(0);
  at::Tensor advantage;
  {
    at::NoGradGuard guard;
    at::Tensor sets = reward_rows(labels, rows, o.reward, chosen);
    at::Tensor r = (visited * sets).sum(1) / sets.sum(1);
    RewardBaseline baseline(baseline_);
    advantage = r - baseline.value(o.baseline, r);
    baseline.add(r, o.decay);
  }
  return -(advantage * log_pi).mean();
}

}  // namespace moonlab::label
