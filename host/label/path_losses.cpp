// L_d and L_nd of the path decoder.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "host/error.hpp"
#include "host/label/path_decoder.hpp"

namespace moonlab::label {

using graph::LabelTrie;

namespace {

double uniform(at::Generator& generator) { return at::rand({}, generator, at::kDouble).item<double>(); }  // on the CPU

/// A column of each row of probabilities exp(log_p) [R, V], by a number u in [0, 1) for each row (double, as are the
/// sums, so that u times the whole stays below it): the first whose cumulated probability exceeds that.
at::Tensor sample(const at::Tensor& log_p, const at::Tensor& u) {
  const at::Tensor cumulated = log_p.exp().cumsum(1, at::kDouble);
  return (cumulated <= u.unsqueeze(1) * cumulated.slice(1, -1)).sum(1);
}

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

// The weights of a batch's samples as doubles; empty where they all weigh 1.
std::vector<double> weights_of(const at::Tensor& weights, int64_t samples) {
  if (!weights.defined()) return {};
  if (weights.dim() != 1 || weights.size(0) != samples)
    fail("path_decoder: weights of ", samples, " samples are [", samples, "], got ", weights.sizes());
  const at::Tensor w = weights.to(at::kCPU, at::kDouble).contiguous();
  return {w.const_data_ptr<double>(), w.const_data_ptr<double>() + samples};
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

std::optional<PathDecoder::Strand> PathDecoder::nll_strand(const at::Tensor& features, const Labels& labels,
                                                           const NllOptions& o, at::Generator generator) {
  if (o.max_paths < 0) fail("path_decoder: max_paths must not be negative, got ", o.max_paths);
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
    for (Token label : of)
      numbers.insert(numbers.end(), compiled_.deterministic(label).begin(), compiled_.deterministic(label).end());
    std::vector<graph::WeightedPath> paths;
    for (int64_t i : draw(all, used, generator)) paths.push_back({compiled_.target(numbers[i]), 1});
    drawn.push_back(graph::Compiled::trie_of(*graph_, paths));
    tries[s] = &drawn.back();
  }
  if (counted == 0) return std::nullopt;
  for (double& s : scale) s *= (any_nondeterministic ? o.alpha : 1.0) / static_cast<double>(counted);
  const auto weights = weights_of(o.weights, labels.samples());
  for (size_t s = 0; s < weights.size(); ++s) scale[s] *= weights[s];
  const TrieBatch batch = merge(tries, scale, features.device(), features.scalar_type());
  return forced ? teacher_forced(features, batch) : free_running(features, batch);
}

PathDecoder::Strand PathDecoder::teacher_forced(const at::Tensor& features, const TrieBatch& batch) {
  Strand s;
  const int64_t first = batch.levels[0].rows;
  if (first != features.size(0)) s.root = batch.sample.narrow(0, 0, first);
  s.most_rows = batch.token.size(0) - first;
  s.next = [batch](size_t i, const at::Tensor&) -> Rows {
    if (i == batch.levels.size()) return {};
    auto part = [&](const at::Tensor& t) { return t.narrow(0, batch.levels[i].row, batch.levels[i].rows); };
    return {part(batch.token), part(batch.parent), part(batch.sample)};
  };
  s.loss = [this, batch](const at::Tensor& z) {
    const at::Tensor log_p = log_block(z, batch.token);
    const at::Tensor chosen =
        log_p.reshape(-1).index_select(0, batch.edge_row * compiled_.vocabulary() + batch.edge_target);
    return -(chosen * batch.edge_weight).sum();
  };
  return s;
}

// The network is fed its own likeliest candidates; the targets stay the ground truth.
PathDecoder::Strand PathDecoder::free_running(const at::Tensor& features, const TrieBatch& batch) {
  const int64_t b = features.size(0), levels = static_cast<int64_t>(batch.levels.size());
  Strand s;
  s.most_rows = b * (levels - 1);
  s.any_token = true;  // its own choice may be a leaf where the truth goes on
  s.next = [this, levels, fed = start(features)](size_t i, const at::Tensor& h) mutable -> Rows {
    if (static_cast<int64_t>(i) == levels) return {};
    fed = closed(log_block(logits(h), fed), fed).argmax(1);
    return {fed, {}, {}};
  };
  s.loss = [this, b, batch](const at::Tensor& all) {
    // an edge's row: its sample's in the level. The children normaliser (and the gate) need the true prefix, which
    // differs between paths of one sample: logits by edge
    std::vector<at::Tensor> rows;
    for (size_t i = 0; i < batch.levels.size(); ++i) {
      const auto& level = batch.levels[i];
      rows.push_back(batch.sample.index_select(0, batch.edge_row.narrow(0, level.edge, level.edges)) +
                     static_cast<int64_t>(i) * b);
    }
    const at::Tensor z = all.index_select(0, at::cat(rows));
    const at::Tensor log_p = log_block(z, batch.token.index_select(0, batch.edge_row));
    return -(log_p.gather(1, batch.edge_target.unsqueeze(1)).squeeze(1) * batch.edge_weight).sum();
  };
  return s;
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

std::vector<int64_t> PathDecoder::sampled(const Labels& labels, int64_t samples) const {
  if (samples < 1) fail("path_decoder: reinforce needs at least one sample a label, got ", samples);
  std::vector<int64_t> rows;
  for (int64_t s = 0; s < labels.samples(); ++s) {
    const auto of = labels.of(s);
    if (std::any_of(of.begin(), of.end(), [&](Token t) { return compiled_.has_nondeterministic(t); }))
      rows.insert(rows.end(), samples, s);
  }
  return rows;
}

PathDecoder::Strand PathDecoder::reinforce_strand(const at::Tensor& features, const at::Tensor& rewarded,
                                                  at::Tensor root, const at::Tensor& weights, const ReinforceOptions& o,
                                                  at::Generator generator) {
  struct Walk {
    at::Tensor uniform, fed, visited;
    std::vector<at::Tensor> tokens;
  };
  const int64_t n = rewarded.size(0), steps = compiled_.max_length() - 1;  // one more could only be <eop>
  auto walk = std::make_shared<Walk>();
  walk->uniform = at::rand({steps, n}, generator, at::kDouble).to(features.device(), /*non_blocking=*/true);
  walk->fed = start(rewarded);
  walk->visited = at::zeros_like(rewarded);
  walk->tokens.push_back(walk->fed);
  auto take = [this, walk](size_t step, const at::Tensor& h) {
    walk->fed = sample(log_policy(logits(h), walk->fed), walk->uniform.select(0, static_cast<int64_t>(step)));
    walk->visited.scatter_(1, walk->fed.unsqueeze(1), 1);
    walk->tokens.push_back(walk->fed);
  };
  Strand s;
  s.root = std::move(root);
  s.most_rows = n * (steps - 1);
  s.next = [walk, take, steps](size_t i, const at::Tensor& h) -> Rows {
    take(i - 1, h);
    return static_cast<int64_t>(i) < steps ? Rows{walk->fed, {}, {}} : Rows{};
  };
  s.loss = [this, walk, rewarded, weights, o, steps](const at::Tensor& z) {
    const at::TensorList all(walk->tokens);
    const at::Tensor before = at::cat(all.slice(0, steps)), after = at::cat(all.slice(1));
    const at::Tensor log_pi = log_policy(z, before).gather(1, after.unsqueeze(1)).view({steps, -1}).sum(0);
    at::Tensor advantage;
    {
      at::NoGradGuard guard;
      const at::Tensor r = (walk->visited * rewarded).sum(1) / rewarded.sum(1);
      RewardBaseline baseline(baseline_);
      advantage = r - baseline.value(o.baseline, r);
      baseline.add(r, o.decay);
      if (weights.defined()) advantage = advantage * weights;
    }
    return -(advantage * log_pi).mean();
  };
  return s;
}

namespace {

at::Tensor nothing(const at::Tensor& features) { return (features * 0).sum(); }  // a zero that has a gradient

at::Tensor numbers(const std::vector<int64_t>& values, const at::Tensor& like) {
  return at::tensor(values, at::kLong).to(like.device(), /*non_blocking=*/true);
}

// Of each row its sample's weight, on the device of the features; undefined where all weigh 1.
at::Tensor weights_at(const std::vector<int64_t>& rows, const Labels& labels, const at::Tensor& weights,
                      const at::Tensor& like) {
  const auto all = weights_of(weights, labels.samples());
  if (all.empty()) return {};
  std::vector<double> chosen;
  for (int64_t s : rows) chosen.push_back(all[s]);
  return at::tensor(chosen, at::kDouble).to(like.scalar_type()).to(like.device(), /*non_blocking=*/true);
}

}  // namespace

at::Tensor PathDecoder::nll(const at::Tensor& features, const Labels& labels, const NllOptions& o,
                            at::Generator generator) {
  place(features);
  check_labels(features, labels);
  const auto strand = nll_strand(features, labels, o, or_default(generator));
  return strand ? walk(features, {*strand})[0] : nothing(features);
}

at::Tensor PathDecoder::reinforce(const at::Tensor& features, const Labels& labels, const ReinforceOptions& o,
                                  at::Generator generator) {
  place(features);
  check_labels(features, labels);
  const auto rows = sampled(labels, o.samples);
  if (rows.empty()) return nothing(features);
  // the samples that are walked, once each, and which of them a row is
  std::vector<int64_t> chosen, place_of;
  for (int64_t s : rows) {
    if (chosen.empty() || chosen.back() != s) chosen.push_back(s);
    place_of.push_back(static_cast<int64_t>(chosen.size()) - 1);
  }
  const bool all = static_cast<int64_t>(chosen.size()) == features.size(0);
  const at::Tensor walked = all ? features : features.index_select(0, numbers(chosen, features));
  const at::Tensor root = o.samples == 1 ? at::Tensor() : numbers(place_of, features);
  return walk(walked, {reinforce_strand(walked, reward_rows(labels, rows, o.reward, features), root,
                                        weights_at(rows, labels, o.weights, features), o, or_default(generator))})[0];
}

std::pair<at::Tensor, at::Tensor> PathDecoder::losses(const at::Tensor& features, const Labels& labels,
                                                      const NllOptions& n, const ReinforceOptions& r,
                                                      at::Generator generator) {
  generator = or_default(generator);
  const auto rows = sampled(labels, r.samples);
  if (rows.empty()) return {nll(features, labels, n, generator), nothing(features)};
  place(features);
  check_labels(features, labels);
  const auto forced = nll_strand(features, labels, n, generator);
  if (!forced) return {nothing(features), reinforce(features, labels, r, generator)};
  const at::Tensor rewarded = reward_rows(labels, rows, r.reward, features);
  const auto both =
      walk(features, {*forced, reinforce_strand(features, rewarded, numbers(rows, features),
                                                weights_at(rows, labels, r.weights, features), r, generator)});
  return {both[0], both[1]};
}

}  // namespace moonlab::label
