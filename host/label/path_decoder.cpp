#include "host/label/path_decoder.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <deque>
#include <limits>

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
    : Module("PathDecoder"),
      graph_(std::move(g)),
      compiled_(graph_, o.max_paths),
      options_(o),
      baseline_(register_buffer("baseline", RewardBaseline::start())) {
  if (o.features < 1 || o.hidden < 1 || o.embed < 1) fail("path_decoder: features, hidden and embed must be positive");
  const int64_t v = compiled_.vocabulary(), input = o.embed * (o.feed_feature ? 2 : 1);
  embed_ = add("embed", nn::build("Embedding", {{"num_embeddings", compiled_.tokens()}, {"embedding_dim", o.embed}}));
  cell_ = add("cell", nn::build("GRUCell", {{"input_size", input}, {"hidden_size", o.hidden}}));
  init_ = add("init", nn::build("Linear", {{"in_features", o.features}, {"out_features", o.hidden}}));
  out_ = add("out", nn::build("Linear", {{"in_features", o.hidden}, {"out_features", v}}));
  if (o.feed_feature)
    feed_ = add("feed", nn::build("Linear", {{"in_features", o.features}, {"out_features", o.embed}}));
  block_ = compiled_.block;
  candidates_ = compiled_.candidates;
}

std::string PathDecoder::describe() const {
  return std::to_string(graph_->size()) + " nodes, features=" + std::to_string(options_.features) +
         ", hidden=" + std::to_string(options_.hidden) + ", embed=" + std::to_string(options_.embed) +
         (options_.feed_feature ? ", feed_feature" : "") +
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
  const at::Tensor &w = cell_->find("weight_ih")->value, &b = cell_->find("bias_ih")->value,
                   &e = embed_->find("weight")->value;
  step.inputs = at::linear(e, feed_ ? w.slice(1, 0, options_.embed) : w, b);
  if (feed_) step.extra = at::linear((*feed_)(features), w.slice(1, options_.embed));
  step.h0 = (*init_)(features);
  return step;
}

// One GRU step (Eq. 1) for rows that feed `tokens` [R]; `samples` [R] says whose feature a row feeds.
at::Tensor PathDecoder::advance(const Step& step, const at::Tensor& tokens, const at::Tensor& h,
                                const at::Tensor& samples) {
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

at::Tensor PathDecoder::teacher_forced(const at::Tensor& features, const TrieBatch& batch) {
  Step step = begin(features);
  std::vector<at::Tensor> hidden;
  for (const auto& level : batch.levels) {
    auto part = [&](const at::Tensor& t) { return t.narrow(0, level.row, level.rows); };
    const at::Tensor& before = hidden.empty() ? step.h0 : hidden.back();
    hidden.push_back(advance(step, part(batch.token), before.index_select(0, part(batch.parent)), part(batch.sample)));
  }
  at::Tensor log_p = log_block(logits(hidden.size() == 1 ? hidden[0] : at::cat(hidden)), batch.token);
  at::Tensor chosen = log_p.reshape(-1).index_select(0, batch.edge_row * compiled_.vocabulary() + batch.edge_target);
  return -(chosen * batch.edge_weight).sum();
}

// The network is fed its own likeliest candidates; the targets stay the ground truth.
at::Tensor PathDecoder::free_running(const at::Tensor& features, const TrieBatch& batch) {
  Step step = begin(features);
  at::Tensor h = step.h0;
  at::Tensor fed =
      at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong).requires_grad(false));
  at::Tensor loss = features.new_zeros({});
  for (size_t i = 0; i < batch.levels.size(); ++i) {
    const auto& level = batch.levels[i];
    h = advance(step, fed, h, {});
    at::Tensor z = logits(h);
    at::Tensor row = batch.edge_row.narrow(0, level.edge, level.edges),
               target = batch.edge_target.narrow(0, level.edge, level.edges);
    // the children normaliser needs the true prefix, which differs between paths of one sample: a row for each edge
    at::Tensor log_p =
        log_block(z.index_select(0, batch.sample.index_select(0, row)), batch.token.index_select(0, row));
    at::Tensor chosen = log_p.gather(1, target.unsqueeze(1)).squeeze(1);
    loss = loss - (chosen * batch.edge_weight.narrow(0, level.edge, level.edges)).sum();
    if (i + 1 < batch.levels.size()) {
      at::NoGradGuard guard;
      fed = candidate_log_softmax(log_block(z, fed), candidates_.index_select(0, fed)).argmax(1);
    }
  }
  return loss;
}

void PathDecoder::check_labels(const at::Tensor& features, const std::vector<Token>& labels) const {
  if (static_cast<int64_t>(labels.size()) != features.size(0))
    fail("path_decoder: ", features.size(0), " features, ", labels.size(), " labels");
  for (Token label : labels) {
    if (label < 1 || label > graph_->size())
      fail("path_decoder: label ", label, " is no node of the graph (1 to ", graph_->size(), ")");
    if (compiled_.paths(label).empty())
      fail("path_decoder: node '", graph_->name(label), "' was no label of the graph when the decoder was made");
  }
}

at::Tensor PathDecoder::nll(const at::Tensor& features, const std::vector<Token>& labels, const NllOptions& o,
                            at::Generator generator) {
  place(features);
  check_labels(features, labels);
  generator = or_default(generator);
  const bool forced = o.teacher_forcing >= 1 || uniform(generator) <= o.teacher_forcing;
  std::vector<const LabelTrie*> tries(labels.size());
  std::vector<double> scale(labels.size(), 0);
  std::deque<LabelTrie> drawn;  // grows without moving what `tries` points at
  static const LabelTrie nothing;
  int64_t counted = 0;
  bool any_nondeterministic = false;
  for (size_t s = 0; s < labels.size(); ++s) {
    any_nondeterministic |= compiled_.has_nondeterministic(labels[s]);
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
      drawn.push_back(
          graph::Compiled::trie_of(*graph_, {&compiled_.paths(labels[s])[compiled_.deterministic(labels[s])[pick]]}));
      tries[s] = &drawn.back();
    }
  }
  if (counted == 0) return (features * 0).sum();
  for (double& s : scale) s *= (any_nondeterministic ? o.alpha : 1.0) / static_cast<double>(counted);
  const TrieBatch batch = merge(tries, scale, features.device(), features.scalar_type());
  return forced ? teacher_forced(features, batch) : free_running(features, batch);
}

// Rows of the table of all labels' sets, which is moved to the features' device and dtype once.
at::Tensor PathDecoder::reward_sets(const std::vector<Token>& labels, graph::Reward kind, const at::Tensor& like) {
  at::Tensor& table = reward_sets_[static_cast<int>(kind)];
  if (!table.defined()) table = compiled_.reward_sets(kind);
  if (table.device() != like.device() || table.scalar_type() != like.scalar_type())
    table = table.to(like.device(), like.scalar_type());
  return table.index_select(0, longs({labels.begin(), labels.end()}, like.device()));
}

at::Tensor PathDecoder::reinforce(const at::Tensor& features, const std::vector<Token>& labels,
                                  const ReinforceOptions& o, at::Generator generator) {
  place(features);
  check_labels(features, labels);
  if (o.samples < 1) fail("path_decoder: reinforce needs at least one sample a label, got ", o.samples);
  generator = or_default(generator);
  std::vector<int64_t> rows;
  std::vector<Token> wanted;
  for (size_t s = 0; s < labels.size(); ++s) {
    if (!compiled_.has_nondeterministic(labels[s])) continue;
    rows.insert(rows.end(), o.samples, static_cast<int64_t>(s));
    wanted.insert(wanted.end(), o.samples, labels[s]);
  }
  if (rows.empty()) return (features * 0).sum();
  at::Tensor chosen = features.index_select(0, longs(rows, features.device()));
  Step step = begin(chosen);
  at::Tensor h = step.h0, sum = chosen.new_zeros({chosen.size(0)});
  at::Tensor fed = at::full({chosen.size(0)}, graph_->start(), chosen.options().dtype(at::kLong).requires_grad(false));
  at::Tensor visited = at::zeros({chosen.size(0), compiled_.vocabulary()}, chosen.options().requires_grad(false));
  for (int64_t t = 0; t + 1 < compiled_.max_length(); ++t) {  // the last step could only be <eop>
    h = advance(step, fed, h, {});
    at::Tensor open = candidates_.index_select(0, fed);
    at::Tensor log_pi = candidate_log_softmax(log_block(logits(h), fed), open);
    {
      // a sample by racing exponentials: argmax of log pi - log q, on the device. q may round to 0, whose logarithm
      // would make a node that is no candidate nan.
      at::NoGradGuard guard;
      at::Tensor q = at::empty_like(log_pi, at::kCPU).exponential_(1, generator).to(log_pi.device(), true);
      fed = (log_pi - q.log()).masked_fill(open.logical_not(), -std::numeric_limits<double>::infinity()).argmax(1);
      visited.scatter_(1, fed.unsqueeze(1), 1);
    }
    sum = sum + log_pi.gather(1, fed.unsqueeze(1)).squeeze(1);
  }
  at::Tensor advantage;
  {
    at::NoGradGuard guard;
    at::Tensor sets = reward_sets(wanted, o.reward, chosen);
    at::Tensor r = (visited * sets).sum(1) / sets.sum(1);
    RewardBaseline baseline(baseline_);
    advantage = r - baseline.value(o.baseline, r);
    baseline.add(r, o.decay);
  }
  return -(advantage * sum).mean();
}

Decoded PathDecoder::greedy(const at::Tensor& features) {
  at::NoGradGuard guard;
  Step step = begin(features);
  at::Tensor h = step.h0;
  at::Tensor fed =
      at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong).requires_grad(false));
  std::vector<at::Tensor> tokens;
  at::Tensor sum = features.new_zeros({features.size(0)});
  for (int64_t t = 0; t + 1 < compiled_.max_length(); ++t) {
    h = advance(step, fed, h, {});
    at::Tensor open = candidates_.index_select(0, fed);
    at::Tensor log_p =
        log_block(logits(h), fed).masked_fill(open.logical_not(), -std::numeric_limits<double>::infinity());
    auto [best, next] = log_p.max(1);
    // after a leaf only <eop> is left, with probability 1
    sum = sum + best.masked_fill(next == static_cast<int64_t>(kEnd), 0);
    fed = next;
    tokens.push_back(next);
  }
  return {at::stack(tokens, 1), sum};
}

Decoded PathDecoder::beam(const at::Tensor& features, int64_t width) {
  if (width < 1) fail("path_decoder: a beam needs a width of at least 1, got ", width);
  at::NoGradGuard guard;
  Step step = begin(features);
  const int64_t b = features.size(0), v = compiled_.vocabulary();
  const auto long_options = features.options().dtype(at::kLong).requires_grad(false);
  at::Tensor sample = at::arange(b, long_options).unsqueeze(1);  // [B, 1]
  at::Tensor h = step.h0, fed = at::full({b}, graph_->start(), long_options);
  at::Tensor score = features.new_zeros({b, 1}), tokens = at::empty({b, 1, 0}, long_options);
  for (int64_t t = 0; t + 1 < compiled_.max_length(); ++t) {
    const int64_t kept = score.size(1), next = std::min(width, kept * v);
    h = advance(step, fed, h, sample.expand({b, kept}).reshape(-1));
    // a path that is over goes on with <eop>, whose probability is 1; where there are fewer paths than the beam is
    // wide, the rest of it is -inf
    at::Tensor log_p =
        log_block(logits(h), fed)
            .masked_fill(candidates_.index_select(0, fed).logical_not(), -std::numeric_limits<double>::infinity());
    auto [best, index] = (score.reshape({-1, 1}) + log_p).view({b, kept * v}).topk(next, 1);
    at::Tensor parent = index.floor_divide(v);
    score = best;
    fed = index.remainder(v).reshape(-1);
    h = h.index_select(0, (sample * kept + parent).reshape(-1));
    at::Tensor before = tokens.gather(1, parent.unsqueeze(2).expand({b, next, t}));
    tokens = at::cat({before, fed.view({b, next, 1})}, 2);
  }
  return {tokens.select(1, 0), score.select(1, 0)};
}

at::Tensor PathDecoder::log_prob(const at::Tensor& features, const std::vector<std::vector<Token>>& paths,
                                 bool policy) {
  Step step = begin(features);
  if (static_cast<int64_t>(paths.size()) != features.size(0))
    fail("path_decoder: ", features.size(0), " features, ", paths.size(), " paths");
  size_t longest = 0;
  for (const auto& p : paths) {
    longest = std::max(longest, p.size());
    Token at = graph_->start();
    for (Token t : p) {
      const auto& children = graph_->children(at);
      if (std::find(children.begin(), children.end(), t) == children.end())
        fail("path_decoder: no edge leads from '", graph_->name(at), "' to ",
             t < 0 || t > graph_->start() ? std::to_string(t) : "'" + graph_->name(t) + "'");
      at = t;
    }
  }
  at::Tensor h = step.h0, sum = features.new_zeros({features.size(0)});
  at::Tensor fed =
      at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong).requires_grad(false));
  for (size_t t = 0; t < longest; ++t) {
    h = advance(step, fed, h, {});
    std::vector<int64_t> target(paths.size());
    for (size_t s = 0; s < paths.size(); ++s) target[s] = t < paths[s].size() ? paths[s][t] : kEnd;
    at::Tensor next = longs(target, features.device());
    at::Tensor log_p = log_block(logits(h), fed);
    // where a path is over (its target is <eop>) nothing is added; <eop> need not be a candidate there
    if (policy) log_p = candidate_log_softmax(log_p, candidates_.index_select(0, fed));
    sum = sum + log_p.gather(1, next.unsqueeze(1)).squeeze(1).masked_fill(next == static_cast<int64_t>(kEnd), 0);
    fed = next;
  }
  return sum;
}

at::Tensor PathDecoder::classes(const at::Tensor& tokens, const std::vector<Token>& classes, int64_t vocabulary) {
  at::NoGradGuard guard;
  std::vector<int64_t> number(vocabulary, -1);
  for (size_t k = 0; k < classes.size(); ++k) {
    if (classes[k] < 1 || classes[k] >= vocabulary)
      fail("path_decoder: class ", classes[k], " is no node of the graph (1 to ", vocabulary - 1, ")");
    number[classes[k]] = static_cast<int64_t>(k);
  }
  at::Tensor table = longs(number, tokens.device());
  at::Tensor found = at::full({tokens.size(0)}, -1, tokens.options());
  for (int64_t t = 0; t < tokens.size(1); ++t) {
    at::Tensor here = table.index_select(0, tokens.select(1, t));
    found = at::where(here >= 0, here, found);
  }
  return found;
}

}  // namespace moonlab::label
