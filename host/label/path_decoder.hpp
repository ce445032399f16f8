// The path decoder of 000: a recurrent network that walks from the root to a label, one block softmax a step.
//
// Parameters: embed.weight [V + 1, d_e] (tokens, <start> last), cell.{weight_ih, weight_hh, bias_ih, bias_hh} (GRU,
// gates r, z, n; or LSTM, gates i, f, g, o), init.{weight, bias} (feature -> first hidden state), out.{weight, bias}
// (hidden -> V logits, and one for "go on" with the end rule `gate`), and with feed_feature also feed.{weight, bias}
// (feature -> d_e, added to the input of every step by concatenation).
//
// Labels of a batch are tokens of the graph, given on the CPU: which prefixes a batch needs is worked out there, so
// that a training step never waits for a device.
#pragma once

#include <ATen/core/Generator.h>

#include <map>
#include <optional>

#include "host/graph/compile.hpp"
#include "host/label/reward_baseline.hpp"
#include "host/label/trie_batch.hpp"
#include "host/label/unroll.hpp"
#include "host/nn/module.hpp"

namespace moonlab::label {

using graph::End;
using graph::Token;

enum class Normalizer { group, children };
enum class Pool { mean, sum, random };

struct DecoderOptions {
  int64_t features = 0, hidden = 512, embed = 256;
  Cell cell = Cell::gru;
  bool feed_feature = false;
  Normalizer normalizer = Normalizer::group;
  End end = End::leaf;
  int64_t limit = 100000;  // most paths of a label
};

struct NllOptions {
  double teacher_forcing = 1.0;  // probability that a batch is fed the ground truth; else its own argmax
  Pool pool = Pool::mean;
  double alpha = 1.0;     // weight in batches where some label has a nondeterministic path (Algorithm 1); else 1
  int64_t max_paths = 0;  // deterministic paths of a sample that are used, drawn anew each time; 0: all
  at::Tensor weights{};   // [B] on the CPU: a factor on each sample's loss before the mean; undefined: 1
};

struct ReinforceOptions {
  graph::Reward reward = graph::Reward::label_nodes;
  Baseline baseline = Baseline::mean;
  double decay = 0.9;  // of the EMA baseline
  int64_t samples = 1;
  at::Tensor weights{};  // as of NllOptions
};

/// The labels of a batch: one token a sample, or several (a document of several categories), or none.
class Labels {
 public:
  Labels(const std::vector<Token>& one_each);
  Labels(std::initializer_list<Token> one_each) : Labels(std::vector<Token>(one_each)) {}
  Labels(const std::vector<std::vector<Token>>& several);
  int64_t samples() const { return static_cast<int64_t>(first_.size()) - 1; }
  std::span<const Token> of(int64_t sample) const {
    return {tokens_.data() + first_[sample], static_cast<size_t>(first_[sample + 1] - first_[sample])};
  }

 private:
  std::vector<Token> tokens_;
  std::vector<int64_t> first_{0};
};

/// Decoded paths. tokens [B, L] long, filled up with <eop>; log_p [B]: sum of log p along the path, as log_prob gives
/// it.
struct Decoded {
  at::Tensor tokens, log_p;
};

/// The likeliest path of each sample among those of some classes, and log p of the likeliest path of every class [B,
/// K].
struct Likeliest {
  Decoded path;
  at::Tensor class_log_p;
};

/// One step of a decoding, for people: what stood to choose after the nodes so far, and how likely each was.
struct Decision {
  struct Choice {
    Token token;  // kEnd: to stop
    double p;     // within its block (times the probability of going on, with `gate`)
    bool taken;
  };
  Token fed;
  std::vector<Choice> choices;
};

class PathDecoder : public nn::Module {
 public:
  PathDecoder(std::shared_ptr<const graph::LabelGraph> graph, const DecoderOptions& options);

  /// L_d (Eq. 2): for each sample the pooled sum of -log p over its labels' deterministic paths, averaged over the
  /// samples that have one. features [B, F]. A zero that still has a gradient where none has one.
  at::Tensor nll(const at::Tensor& features, const Labels& labels, const NllOptions& options, at::Generator generator);

  /// L_nd (Eqs. 3 to 5): -(r - b) log pi of sampled paths, averaged over the samples with a label that has a
  /// nondeterministic path. The baseline is updated after use.
  at::Tensor reinforce(const at::Tensor& features, const Labels& labels, const ReinforceOptions& options,
                       at::Generator generator);

  /// Both, L_d and L_nd, from one walk whose levels hold the rows of both: the same numbers as nll() and then
  /// reinforce() with the same generator give, sooner.
  std::pair<at::Tensor, at::Tensor> losses(const at::Tensor& features, const Labels& labels, const NllOptions& nll,
                                           const ReinforceOptions& reinforce, at::Generator generator);

  /// Algorithm 2: the likeliest candidate at every step.
  Decoded greedy(const at::Tensor& features);
  /// The likeliest of the paths that a beam of `width` keeps, by log p of the whole path. Width 1 is greedy decoding.
  Decoded beam(const at::Tensor& features, int64_t width);
  /// Greedy decoding of few samples with every choice: [B] lists of steps.
  std::vector<std::vector<Decision>> decisions(const at::Tensor& features);

  /// log p of given paths under teacher forcing, [B] for one path a sample: without <eop>, but where `gate` has it
  /// decided. With `policy` log pi, the probability that sampling takes the path: each step renormalised over the fed
  /// node's children.
  at::Tensor log_prob(const at::Tensor& features, const std::vector<std::vector<Token>>& paths, bool policy = false);
  /// log p of each class [B, K]: of its likeliest path, or with `sum` of all its paths together. Without gradient. For
  /// open prediction: the classes whose probability reaches a threshold.
  at::Tensor class_log_prob(const at::Tensor& features, const std::vector<Token>& classes, bool sum = false);

  /// Which of `classes` a sample is, where it must be one of them: the end of the likeliest of all their paths. Unlike
  /// a walk from the root it can end in no other node: neither at a coarse label that the gate says to stop at, nor
  /// below a node that is alone in its block.
  Likeliest likeliest(const at::Tensor& features, const std::vector<Token>& classes);

  /// The class of each decoded path: the last of its nodes that is a class of `classes` (tokens), else -1. long [B].
  static at::Tensor classes(const at::Tensor& tokens, const std::vector<Token>& classes, int64_t vocabulary);

  const graph::Compiled& compiled() const { return compiled_; }
  std::shared_ptr<const graph::LabelGraph> graph() const { return graph_; }
  const DecoderOptions& options() const { return options_; }
  std::string describe() const override;
  int64_t features() const override { return 0; }

 private:
  /// The walk's parameters. Without `all_tokens` only nodes with children are embedded, the only ones after which
  /// anything is left to decide; rows are then fed what input() gives for a token.
  Recurrence recurrence(const at::Tensor& features, bool all_tokens = false);
  at::Tensor input(const at::Tensor& tokens) const { return input_.index_select(0, tokens); }
  /// Log p of what may follow the fed tokens [R], from logits [R, logits()]: [R, V].
  at::Tensor log_block(const at::Tensor& logits, const at::Tensor& fed);
  /// The policy: log p renormalised over the candidates; with `gate` to stop keeps its probability.
  at::Tensor log_policy(const at::Tensor& logits, const at::Tensor& fed);
  /// log p over children alone, without the gate; `rows` are the candidates or undefined.
  at::Tensor log_children(const at::Tensor& logits, const at::Tensor& rows);
  at::Tensor open(const at::Tensor& fed);  // bool [R, V]: the candidates after the fed tokens
  at::Tensor closed(const at::Tensor& log_p, const at::Tensor& fed);  // -inf where there is no candidate
  at::Tensor logits(const at::Tensor& h);
  at::Tensor start(const at::Tensor& features) const;  // <start> for every sample
  void place(const at::Tensor& features);

  /// What one loss wants of a walk: its rows, and what it makes of their logits. Level 0 is <start>, a row a sample,
  /// for all losses together.
  struct Strand {
    at::Tensor root;         // long [n]: the samples of its rows at level 0; undefined: all of them in order
    int64_t most_rows = 0;   // below level 0
    bool any_token = false;  // not only nodes with children are fed
    NextRows next;           // from level 1 on, from its own rows of the level before, which parents count; without a
                             // parent row by row, without a sample those of root
    std::function<at::Tensor(const at::Tensor& logits)> loss;  // of its own rows, level after level
  };
  /// log p of classes [B, K], their likeliest paths [B, K] as numbers of rows of tokens [P, L].
  struct ClassPaths {
    at::Tensor log_p, path, tokens;
  };
  ClassPaths class_paths(const at::Tensor& features, const std::vector<Token>& classes, bool sum);
  /// The losses of strands that walk together.
  std::vector<at::Tensor> walk(const at::Tensor& features, const std::vector<Strand>& strands);
  std::optional<Strand> nll_strand(const at::Tensor& features, const Labels& labels, const NllOptions& options,
                                   at::Generator generator);  // none where no sample has a deterministic path
  /// rewarded [n, V]: 1 at the nodes that are rewarded for each sampled path.
  Strand reinforce_strand(const at::Tensor& features, const at::Tensor& rewarded, at::Tensor root,
                          const at::Tensor& weights, const ReinforceOptions& options, at::Generator generator);
  Strand teacher_forced(const at::Tensor& features, const TrieBatch& batch);
  Strand free_running(const at::Tensor& features, const TrieBatch& batch);
  /// The samples of paths to sample: those of labels with nondeterministic paths, each `samples` times.
  std::vector<int64_t> sampled(const Labels& labels, int64_t samples) const;
  void check_labels(const at::Tensor& features, const Labels& labels) const;
  const graph::LabelTrie& trie_of(std::span<const Token> labels);
  at::Tensor reward_rows(const Labels& labels, const std::vector<int64_t>& samples, graph::Reward kind,
                         const at::Tensor& like);

  std::shared_ptr<const graph::LabelGraph> graph_;
  graph::Compiled compiled_;
  DecoderOptions options_;
  nn::Part embed_, cell_, init_, out_;
  std::optional<nn::Part> feed_;
  at::Tensor block_, gate_, candidates_, edge_from_, edge_to_;  // of compiled_, on the parameters' device
  at::Tensor inner_, input_;  // long: <start> and the nodes with children; of each token its place among them, else 0
  std::map<std::vector<Token>, graph::LabelTrie> tries_;  // of samples with several labels
  at::Tensor& baseline_;                                  // buffer: the state of RewardBaseline
};

}  // namespace moonlab::label
