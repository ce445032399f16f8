#include "host/label/path_decoder.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "host/error.hpp"
#include "host/label/block_softmax.hpp"

namespace moonlab::label {

namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

const DecoderOptions& checked(const DecoderOptions& o) {
  if (o.features < 1 || o.hidden < 1 || o.embed < 1) fail("path_decoder: features, hidden and embed must be positive");
  return o;
}

std::shared_ptr<nn::Module> linear(int64_t in, int64_t out) {
  return nn::build("Linear", {{"in_features", in}, {"out_features", out}});
}

/// A child's parameter in the dtype of what it is computed with (autocast makes another of the features').
at::Tensor parameter(const nn::Part& part, const char* name, at::ScalarType dtype) {
  const auto* entry = part->find(name);
  if (!entry || !entry->value.defined())
    fail("path_decoder: ", part.name, " (", part->kind(), ") has no parameter '", name, "'");
  return entry->value.scalar_type() == dtype ? entry->value : entry->value.to(dtype);
}

}  // namespace

Labels::Labels(const std::vector<Token>& one_each) : tokens_(one_each) {
  for (size_t i = 1; i <= one_each.size(); ++i) first_.push_back(static_cast<int64_t>(i));
}

Labels::Labels(const std::vector<std::vector<Token>>& several) {
  for (const auto& of : several) {
    tokens_.insert(tokens_.end(), of.begin(), of.end());
    first_.push_back(static_cast<int64_t>(tokens_.size()));
  }
}

PathDecoder::PathDecoder(std::shared_ptr<const graph::LabelGraph> g, const DecoderOptions& o)
    : Module("PathDecoder"),
      graph_(std::move(g)),
      compiled_(graph_, o.end, o.limit),
      options_(checked(o)),
      embed_(this, "embed",
             nn::build("Embedding", {{"num_embeddings", compiled_.tokens()}, {"embedding_dim", o.embed}})),
      cell_(this, "cell",
            nn::build(o.cell == Cell::gru ? "GRUCell" : "LSTMCell",
                      {{"input_size", o.embed * (o.feed_feature ? 2 : 1)}, {"hidden_size", o.hidden}})),
      init_(this, "init", linear(o.features, o.hidden)),
      out_(this, "out", linear(o.hidden, compiled_.logits())),
      baseline_(register_buffer("baseline", RewardBaseline::start())) {
  if (o.feed_feature) feed_.emplace(this, "feed", linear(o.features, o.embed));
  block_ = compiled_.block, gate_ = compiled_.gate, candidates_ = compiled_.candidates;
  edge_from_ = compiled_.edge_from, edge_to_ = compiled_.edge_to;
  std::vector<int64_t> inner{graph_->start()}, place(compiled_.tokens(), 0);
  for (Token t = 1; t <= graph_->size(); ++t)
    if (!graph_->leaf(t)) place[t] = static_cast<int64_t>(inner.size()), inner.push_back(t);
  inner_ = at::tensor(inner, at::kLong), input_ = at::tensor(place, at::kLong);
}

std::string PathDecoder::describe() const {
  return std::to_string(graph_->size()) + " nodes, features=" + std::to_string(options_.features) +
         ", hidden=" + std::to_string(options_.hidden) + ", embed=" + std::to_string(options_.embed) +
         (options_.cell == Cell::lstm ? ", cell=lstm" : "") + (options_.feed_feature ? ", feed_feature" : "") +
         (options_.normalizer == Normalizer::children ? ", normalizer=children" : "") +
         (options_.end == End::gate ? ", end=gate" : "");
}

// The constant tables follow the features' device; they move once.
void PathDecoder::place(const at::Tensor& features) {
  if (features.dim() != 2 || features.size(1) != options_.features)
    fail("path_decoder: features must be [B, ", options_.features, "], got ", features.sizes());
  if (block_.device() == features.device()) return;
  for (at::Tensor* t : {&block_, &gate_, &candidates_, &edge_from_, &edge_to_, &inner_, &input_})
    if (t->defined()) *t = t->to(features.device());
}

Recurrence PathDecoder::recurrence(const at::Tensor& features, bool all_tokens) {
  place(features);
  Recurrence r;
  r.cell = options_.cell;
  r.h0 = init_(features);
  const auto dtype = r.h0.scalar_type();
  const at::Tensor w = parameter(cell_, "weight_ih", dtype);
  r.embedding = parameter(embed_, "weight", dtype);
  if (!all_tokens) r.embedding = r.embedding.index_select(0, inner_);
  r.weight_ih = feed_ ? w.slice(1, 0, options_.embed) : w, r.bias_ih = parameter(cell_, "bias_ih", dtype);
  r.weight_hh = parameter(cell_, "weight_hh", dtype), r.bias_hh = parameter(cell_, "bias_hh", dtype);
  if (feed_) r.extra = at::linear((*feed_)(features), w.slice(1, options_.embed));
  return r;
}

std::vector<at::Tensor> PathDecoder::walk(const at::Tensor& features, const std::vector<Strand>& strands) {
  const int64_t b = features.size(0);
  const auto long_options = features.options().dtype(at::kLong).requires_grad(false);
  struct Place {
    int64_t first = 0, count = 0;  // its rows in the level before
    std::vector<at::Tensor> rows;  // which it has had, over all levels
    bool over = false;
  };
  std::vector<Place> places(strands.size());
  int64_t most_rows = b;
  bool all_tokens = false;
  for (const auto& s : strands) most_rows += s.most_rows, all_tokens |= s.any_token;
  const at::Tensor every = at::arange(b, long_options);
  auto root = [&](const Strand& s) { return s.root.defined() ? s.root : every; };
  const bool alone = strands.size() == 1 && !strands[0].root.defined();  // its rows are the walk's
  auto fed = [&](const at::Tensor& tokens) { return all_tokens ? tokens : input(tokens); };
  int64_t used = b;
  const NextRows next = [&](size_t level, const at::Tensor& hidden) -> Rows {
    if (level == 0) {
      for (size_t k = 0; k < strands.size(); ++k) places[k].rows.push_back(root(strands[k]));
      return {fed(start(features)), {}, {}};
    }
    if (alone) {
      const Rows r = strands[0].next(level, hidden);
      return r.token.defined() ? Rows{fed(r.token), r.parent, r.sample} : r;
    }
    std::vector<at::Tensor> token, parent, sample;
    int64_t first = 0;
    for (size_t k = 0; k < strands.size(); ++k) {
      const Strand& s = strands[k];
      Place& p = places[k];
      if (p.over) continue;
      const bool top = level == 1;  // its rows of the level before are those of its samples
      const Rows r = s.next(level, top ? (s.root.defined() ? hidden.index_select(0, s.root) : hidden)
                                       : hidden.narrow(0, p.first, p.count));
      p.over = !r.token.defined();
      if (p.over) continue;
      const int64_t n = r.token.size(0);
      token.push_back(r.token);
      parent.push_back(
          top ? (r.parent.defined() ? root(s).index_select(0, r.parent) : root(s))
              : (r.parent.defined() ? r.parent + p.first : at::arange(p.first, p.first + n, long_options)));
      sample.push_back(r.sample.defined() ? r.sample : root(s));
      p.first = first, p.count = n;
      p.rows.push_back(at::arange(used + first, used + first + n, long_options));
      first += n;
    }
    used += first;
    if (token.empty()) return {};
    return {fed(at::cat(token)), at::cat(parent), at::cat(sample)};
  };
  const at::Tensor z = logits(unroll(recurrence(features, all_tokens), next, most_rows));
  std::vector<at::Tensor> losses;
  for (size_t k = 0; k < strands.size(); ++k)
    losses.push_back(strands[k].loss(alone ? z : z.index_select(0, at::cat(places[k].rows))));
  return losses;
}

at::Tensor PathDecoder::start(const at::Tensor& features) const {
  return at::full({features.size(0)}, graph_->start(), features.options().dtype(at::kLong).requires_grad(false));
}

at::Tensor PathDecoder::logits(const at::Tensor& h) { return out_(h); }

at::Tensor PathDecoder::open(const at::Tensor& fed) {
  if (candidates_.defined()) return candidates_.index_select(0, fed);
  // a large graph: the edges that leave the fed node, found by comparison so that nothing waits for a device
  at::Tensor rows = at::zeros({fed.size(0), compiled_.vocabulary()}, fed.options().dtype(at::kByte));
  at::Tensor leaves = fed.unsqueeze(1).eq(edge_from_.unsqueeze(0)).to(at::kByte);
  return rows.index_add_(1, edge_to_, leaves).to(at::kBool);
}

at::Tensor PathDecoder::closed(const at::Tensor& log_p, const at::Tensor& fed) {
  return log_p.masked_fill(open(fed).logical_not(), kNone);
}

at::Tensor PathDecoder::log_children(const at::Tensor& z, const at::Tensor& rows) {
  const at::Tensor of_nodes = options_.end == End::gate ? z.slice(1, 0, compiled_.vocabulary()) : z;
  return block_log_softmax(of_nodes, block_, rows, /*checked=*/true);
}

namespace {

/// The gate over the logits [R, V + 1]: column 0 is to stop, the last to go on. log p of the children [R, V] becomes
/// that of all candidates; rows that are not gated stay, but that <eop>, alone in its block, has probability 1.
at::Tensor with_gate(const at::Tensor& z, const at::Tensor& log_p, const at::Tensor& gated) {
  const at::Tensor difference = z.select(1, 0) - z.select(1, z.size(1) - 1);
  const at::Tensor stop = at::log_sigmoid(difference).masked_fill(gated.logical_not(), 0);
  const at::Tensor go = at::log_sigmoid(-difference).masked_fill(gated.logical_not(), 0);
  return at::cat({stop.unsqueeze(1), log_p.slice(1, 1) + go.unsqueeze(1)}, 1);
}

}  // namespace

at::Tensor PathDecoder::log_block(const at::Tensor& z, const at::Tensor& fed) {
  const at::Tensor log_p = log_children(z, options_.normalizer == Normalizer::children ? open(fed) : at::Tensor());
  return options_.end == End::gate ? with_gate(z, log_p, gate_.index_select(0, fed)) : log_p;
}

at::Tensor PathDecoder::log_policy(const at::Tensor& z, const at::Tensor& fed) {
  const at::Tensor candidates = open(fed);
  const at::Tensor log_p = log_children(z, options_.normalizer == Normalizer::children ? candidates : at::Tensor());
  if (options_.end == End::leaf) return candidate_log_softmax(log_p, candidates);
  const at::Tensor gated = gate_.index_select(0, fed);
  const at::Tensor children = candidates.clone();
  children.select(1, 0).logical_and_(gated.logical_not());  // to stop is the gate's, not the children's
  return with_gate(z, candidate_log_softmax(log_p, children), gated).masked_fill(candidates.logical_not(), kNone);
}

void PathDecoder::check_labels(const at::Tensor& features, const Labels& labels) const {
  if (labels.samples() != features.size(0))
    fail("path_decoder: ", features.size(0), " features, ", labels.samples(), " labels");
  for (int64_t s = 0; s < labels.samples(); ++s)
    for (Token label : labels.of(s)) {
      if (label < 1 || label > graph_->size())
        fail("path_decoder: label ", label, " is no node of the graph (1 to ", graph_->size(), ")");
      if (!compiled_.has_paths(label))
        fail("path_decoder: node '", graph_->name(label), "' was no label of the graph when the decoder was made");
    }
}

}  // namespace moonlab::label
