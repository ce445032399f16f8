#include "host/label/path_decoder.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "host/error.hpp"
#include "host/label/block_softmax.hpp"

namespace moonlab::label {

using graph::kEnd;
using graph::LabelTrie;
using graph::Token;

namespace {

at::Tensor longs(const std::vector<int64_t>& values, at::Device device) {
  return at::tensor(values, at::kLong).to(device, /*non_blocking=*/true);
}

double uniform(at::Generator& generator) { return at::rand({}, generator, at::kDouble).item<double>(); }  // on the CPU

at::Generator or_default(at::Generator g) { return g.defined() ? g : at::detail::getDefaultCPUGenerator(); }

}  // namespace

PathDecoder::PathDecoder(std::shared_ptr<const graph::LabelGraph> g, const DecoderOptions& o)
    : Module("PathDecoder"), graph_(std::move(g)), compiled_(graph_, o.max_paths), options_(o),
      baseline_(register_buffer("baseline", at::zeros({3}, at::kDouble))) {
  if (o.features < 1 || o.hidden < 1 || o.embed < 1) fail("path_decoder: features, hidden and embed must be positive");
  const int64_t v = compiled_.vocabulary(), input = o.embed * (o.feed_feature ? 2 : 1);
  embed_ = add("embed", nn::build("Embedding", {{"num_embeddings", compiled_.tokens()}, {"embedding_dim", o.embed}}));
  cell_ = add("cell", nn::build("GRUCell", {{"input_size", input}, {"hidden_size", o.hidden}}));
  init_ = add("init", nn::build("Linear", {{"in_features", o.features}, {"out_features", o.hidden}}));
  out_ = add("out", nn::build("Linear", {{"in_features", o.hidden}, {"out_features", v}}));
  if (o.feed_feature) feed_ = add("feed", nn::build("Linear", {{"in_features", o.features}, {"out_features", o.embed}}));
  block_ = compiled_.block;
  candidates_ = compiled_.candidates;
}

std::string PathDecoder::describe() const {
  return std::to_string(graph_->size()) + " nodes, features=" + std::to_string(options_.features) + ", hidden=" + std::to_string(options_.hidden) +
         ", embed=" + std::to_string(options_.embed) + (options_.feed_feature ? ", feed_feature" : "") +
         (options_.normalizer == Normalizer::children ? ", normalizer=children" : "");
}

// The constant tables follow the features' device; they move once.
void PathDecoder::place(const at::Tensor& features) {
  if (features.dim() != 2 || features.size(1) != options_.features)
    fail("path_decoder: features must be [B, ", options_.features, "], got ", features.sizes());
  if (block_.device() == features.device()) return;
  block_ = block_.to(features.device());
  candidates_ = candidates_.to(features.device());
}

PathDecoder::Step PathDecoder::begin(const at::Tensor& features) {
  place(features);
  Step step;
  const at::Tensor &w = cell_->find("weight_ih")->value, &b = cell_->find("bias_ih")->value, &e = embed_->find("weight")->value;
  step.inputs = at::linear(e, feed_ ? w.slice(1, 0, options_.embed) : w, b);
  if (feed_) step.extra = at::linear((*feed_)(features), w.slice(1, options_.embed));
  step.h0 = (*init_)(features);
  return step;
}

// One GRU step (Eq. 1) for rows that feed `tokens` [R]; `samples` [R] says whose feature a row feeds.
at::Tensor PathDecoder::advance(const Step& step, const at::Tensor& tokens, const at::Tensor& h, const at::Tensor& samples) {
  at::Tensor gi = step.inputs.index_select(0, tokens);
  if (step.extra.defined()) gi = gi + (samples.defined() ? step.extra.index_select(0, samples) : step.extra);
  at::Tensor gh = at::linear(h, cell_->find("weight_hh")->value, cell_->find("bias_hh")->value);
  const int64_t n = options_.hidden;
  at::Tensor rz = (gi.slice(1, 0, 2 * n) + gh.slice(1, 0, 2 * n)).sigmoid();
  at::Tensor r = rz.slice(1, 0, n), z = rz.slice(1, n);
  at::Tensor candidate = (gi.slice(1, 2 * n) + r * gh.slice(1, 2 * n)).tanh();
  return candidate + z * (h - candidate);
}

at::Tensor PathDecoder::logits(const at::Tensor& h) { return (*out_)(h); }

/// Block log probabilities after `fed` tokens: over whole blocks, or over the fed node's children in them.
at::Tensor PathDecoder::log_block(const at::Tensor& z, const at::Tensor& fed) {
  if (options_.normalizer == Normalizer::group) return block_log_softmax(z, block_);
  return block_log_softmax(z, block_, candidates_.index_select(0, fed));
}

at::Tensor PathDecoder::teacher_forced(const at::Tensor& features, const std::vector<const LabelTrie*>& tries, const std::vector<double>& scale) {
  Step step = begin(features);
  const at::Device device = features.device();
  size_t depth = 0;
  for (const auto* t : tries) depth = std::max(depth, t->levels.size());
  std::vector<int64_t> base(tries.size(), 0);  // where a sample's nodes of the level before begin
  std::vector<int64_t> fed, target, row;       // of all levels: fed token by row, then an edge each
  std::vector<double> weight;
  std::vector<at::Tensor> hidden;
  int64_t rows = 0;
  for (size_t level = 0; level < depth; ++level) {
    std::vector<int64_t> tokens, parents, samples, next(tries.size(), 0);
    for (size_t s = 0; s < tries.size(); ++s) {
      if (level >= tries[s]->levels.size()) continue;
      const auto& l = tries[s]->levels[level];
      next[s] = static_cast<int64_t>(tokens.size());
      for (const auto& e : l.edges) {
        row.push_back(rows + next[s] + e.node);
        target.push_back(e.target);
        weight.push_back(scale[s] * e.paths);
      }
      for (const auto& n : l.nodes) {
        tokens.push_back(n.token);
        parents.push_back(level == 0 ? static_cast<int64_t>(s) : base[s] + n.parent);
        samples.push_back(static_cast<int64_t>(s));
      }
    }
    at::Tensor before = level == 0 ? step.h0 : hidden.back();
    hidden.push_back(advance(step, longs(tokens, device), before.index_select(0, longs(parents, device)),
                             step.extra.defined() ? longs(samples, device) : at::Tensor()));
    fed.insert(fed.end(), tokens.begin(), tokens.end());
    rows += static_cast<int64_t>(tokens.size());
    base = next;
  }
  at::Tensor z = logits(hidden.size() == 1 ? hidden[0] : at::cat(hidden));
  at::Tensor log_p = log_block(z, longs(fed, device));
  at::Tensor flat = log_p.view(-1).index_select(0, longs([&] {
    std::vector<int64_t> at(row.size());
    for (size_t i = 0; i < row.size(); ++i) at[i] = row[i] * compiled_.vocabulary() + target[i];
    return at;
  }(), device));
  return -(flat * at::tensor(weight, at::kDouble).to(device, flat.scalar_type(), true)).sum();
}

// The network is fed its own likeliest candidates; the targets stay the ground truth.
at::Tensor PathDecoder::free_running(const at::Tensor& features, const std::vector<const LabelTrie*>& tries, const std::vector<double>& scale) {
  Step step = begin(features);
  const at::Device device = features.device();
  size_t depth = 0;
  for (const auto* t : tries) depth = std::max(depth, t->levels.size());
  at::Tensor h = step.h0;
  at::Tensor fed = at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong));
  at::Tensor loss = features.new_zeros({});
  for (size_t level = 0; level < depth; ++level) {
    h = advance(step, fed, h, {});
    at::Tensor z = logits(h);
    // the children normaliser needs the true prefix, which differs between paths of one sample: a row for each edge
    std::vector<int64_t> row, target, prefix;
    std::vector<double> weight;
    for (size_t s = 0; s < tries.size(); ++s) {
      if (level >= tries[s]->levels.size()) continue;
      for (const auto& e : tries[s]->levels[level].edges) {
        row.push_back(static_cast<int64_t>(s));
        target.push_back(e.target);
        prefix.push_back(tries[s]->levels[level].nodes[e.node].token);
        weight.push_back(scale[s] * e.paths);
      }
    }
    at::Tensor rows = longs(row, device);
    at::Tensor log_p = options_.normalizer == Normalizer::group ? block_log_softmax(z, block_).index_select(0, rows)
                                                                : log_block(z.index_select(0, rows), longs(prefix, device));
    at::Tensor chosen = log_p.gather(1, longs(target, device).unsqueeze(1)).squeeze(1);
    loss = loss - (chosen * at::tensor(weight, at::kDouble).to(device, chosen.scalar_type(), true)).sum();
    if (level + 1 < depth) {
      at::NoGradGuard guard;
      at::Tensor open = candidates_.index_select(0, fed);
      fed = candidate_log_softmax(log_block(z, fed), open).argmax(1);
    }
  }
  return loss;
}

at::Tensor PathDecoder::nll(const at::Tensor& features, const std::vector<Token>& labels, const NllOptions& o, at::Generator generator) {
  place(features);
  if (static_cast<int64_t>(labels.size()) != features.size(0)) fail("path_decoder: ", features.size(0), " features, ", labels.size(), " labels");
  generator = or_default(generator);
  const bool forced = o.teacher_forcing >= 1 || uniform(generator) <= o.teacher_forcing;
  std::vector<const LabelTrie*> tries(labels.size());
  std::vector<double> scale(labels.size(), 0);
  std::vector<LabelTrie> drawn;
  drawn.reserve(labels.size());
  static const LabelTrie nothing;
  int64_t counted = 0;
  for (size_t s = 0; s < labels.size(); ++s) {
    if (labels[s] < 1 || labels[s] > graph_->size()) fail("path_decoder: label ", labels[s], " is no node of the graph (1 to ", graph_->size(), ")");
    tries[s] = &compiled_.trie(labels[s]);
    const int64_t n = tries[s]->paths;
    if (n == 0) {
      tries[s] = &nothing;
      continue;
    }
    ++counted;
    scale[s] = o.pool == Pool::mean ? 1.0 / static_cast<double>(n) : 1.0;
    if (o.pool == Pool::random && n > 1) {
      const auto pick = std::min<int64_t>(static_cast<int64_t>(uniform(generator) * static_cast<double>(n)), n - 1);
      drawn.push_back(graph::Compiled::trie_of(*graph_, {&compiled_.paths(labels[s])[compiled_.deterministic(labels[s])[pick]]}));
      tries[s] = &drawn.back();
    }
  }
  if (counted == 0) return (features * 0).sum();
  for (double& s : scale) s /= static_cast<double>(counted);
  return forced ? teacher_forced(features, tries, scale) : free_running(features, tries, scale);
}

at::Tensor PathDecoder::reinforce(const at::Tensor& features, const std::vector<Token>& labels, const ReinforceOptions& o, at::Generator generator) {
  place(features);
  generator = or_default(generator);
  std::vector<int64_t> rows;
  std::vector<Token> wanted;
  for (size_t s = 0; s < labels.size(); ++s) {
    if (labels[s] < 1 || labels[s] > graph_->size()) fail("path_decoder: label ", labels[s], " is no node of the graph (1 to ", graph_->size(), ")");
    if (!compiled_.has_nondeterministic(labels[s])) continue;
    for (int64_t k = 0; k < std::max<int64_t>(1, o.samples); ++k) rows.push_back(static_cast<int64_t>(s)), wanted.push_back(labels[s]);
  }
  if (rows.empty()) return (features * 0).sum();
  at::Tensor chosen = features.index_select(0, longs(rows, features.device()));
  Step step = begin(chosen);
  at::Tensor h = step.h0, sum = chosen.new_zeros({chosen.size(0)});
  at::Tensor fed = at::full({chosen.size(0)}, graph_->start(), chosen.options().dtype(at::kLong));
  at::Tensor visited = at::zeros({chosen.size(0), compiled_.vocabulary()}, chosen.options());
  for (int64_t t = 0; t + 1 < compiled_.max_length(); ++t) {  // the last step could only be <eop>
    h = advance(step, fed, h, {});
    at::Tensor log_pi = candidate_log_softmax(log_block(logits(h), fed), candidates_.index_select(0, fed));
    {
      // a sample by racing exponentials: argmax of log pi - log q, on the device
      at::NoGradGuard guard;
      at::Tensor q = at::empty_like(log_pi, at::kCPU).exponential_(1, generator).to(log_pi.device(), true);
      fed = (log_pi - q.log()).argmax(1);
      visited.scatter_(1, fed.unsqueeze(1), 1);
    }
    sum = sum + log_pi.gather(1, fed.unsqueeze(1)).squeeze(1);
  }
  at::Tensor advantage;
  {
    at::NoGradGuard guard;
    at::Tensor sets = compiled_.reward_sets(wanted, o.reward, chosen.options().requires_grad(false));
    at::Tensor r = (visited * sets).sum(1) / sets.sum(1);
    at::Tensor b = baseline_.to(r.options());
    at::Tensor none = (baseline_[1] == 0).to(r.device());
    switch (o.baseline) {
      case Baseline::mean: b = b[0] / b[1].clamp_min(1); break;
      case Baseline::ema: b = b[2]; break;
      case Baseline::batch: b = r.mean(); break;
      case Baseline::none: b = r.new_zeros({}); break;
    }
    advantage = r - b;
    at::Tensor total = r.sum().to(baseline_.options()), mean = r.mean().to(baseline_.options());
    at::Tensor ema = at::where(none.to(baseline_.device()), mean, o.decay * baseline_[2] + (1 - o.decay) * mean);
    baseline_.copy_(at::stack({baseline_[0] + total, baseline_[1] + static_cast<double>(r.numel()), ema}));
  }
  return -(advantage * sum).mean();
}

Decoded PathDecoder::greedy(const at::Tensor& features) {
  at::NoGradGuard guard;
  Step step = begin(features);
  at::Tensor h = step.h0;
  at::Tensor fed = at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong));
  std::vector<at::Tensor> tokens;
  at::Tensor sum = features.new_zeros({features.size(0)});
  for (int64_t t = 0; t + 1 < compiled_.max_length(); ++t) {
    h = advance(step, fed, h, {});
    at::Tensor open = candidates_.index_select(0, fed);
    at::Tensor log_p = log_block(logits(h), fed).masked_fill(open.logical_not(), -std::numeric_limits<double>::infinity());
    auto [best, next] = log_p.max(1);
    // after a leaf only <eop> is left, with probability 1
    sum = sum + best.masked_fill(next == static_cast<int64_t>(kEnd), 0);
    fed = next;
    tokens.push_back(next);
  }
  return {at::stack(tokens, 1), sum};
}

at::Tensor PathDecoder::log_prob(const at::Tensor& features, const std::vector<std::vector<Token>>& paths) {
  if (static_cast<int64_t>(paths.size()) != features.size(0)) fail("path_decoder: ", features.size(0), " features, ", paths.size(), " paths");
  Step step = begin(features);
  size_t longest = 0;
  for (const auto& p : paths) longest = std::max(longest, p.size());
  at::Tensor h = step.h0, sum = features.new_zeros({features.size(0)});
  at::Tensor fed = at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong));
  for (size_t t = 0; t < longest; ++t) {
    h = advance(step, fed, h, {});
    std::vector<int64_t> target(paths.size());
    std::vector<uint8_t> live(paths.size());
    for (size_t s = 0; s < paths.size(); ++s) live[s] = t < paths[s].size(), target[s] = live[s] ? paths[s][t] : kEnd;
    at::Tensor next = longs(target, features.device());
    at::Tensor log_p = log_block(logits(h), fed).gather(1, next.unsqueeze(1)).squeeze(1);
    at::Tensor mask = at::tensor(std::vector<int64_t>(live.begin(), live.end()), at::kLong).to(features.device(), true) == 0;
    sum = sum + log_p.masked_fill(mask, 0);
    fed = next;
  }
  return sum;
}

at::Tensor PathDecoder::classes(const at::Tensor& tokens, const std::vector<Token>& classes, int64_t vocabulary) {
  at::NoGradGuard guard;
  std::vector<int64_t> number(vocabulary, -1);
  for (size_t k = 0; k < classes.size(); ++k) number.at(classes[k]) = static_cast<int64_t>(k);
  at::Tensor table = longs(number, tokens.device());
  at::Tensor found = at::full({tokens.size(0)}, -1, tokens.options());
  for (int64_t t = 0; t < tokens.size(1); ++t) {
    at::Tensor here = table.index_select(0, tokens.select(1, t));
    found = at::where(here >= 0, here, found);
  }
  return found;
}

}  // namespace moonlab::label
