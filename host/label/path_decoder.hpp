// The path decoder of 000: a recurrent network that walks from the root to a label, one block softmax a step.
//
// Parameters: embed.weight [V + 1, d_e] (tokens, <start> last), cell.{weight_ih, weight_hh, bias_ih, bias_hh} (GRU,
// gate order r, z, n), init.{weight, bias} (feature -> first hidden state), out.{weight, bias} (hidden -> V logits),
// and with feed_feature also feed.{weight, bias} (feature -> d_e, added to the input of every step by concatenation).
//
// Labels of a batch are tokens of the graph, given on the CPU: which prefixes a batch needs is worked out there, so
// that a training step never waits for a device.
#pragma once

#include <ATen/core/Generator.h>

#include "host/graph/compile.hpp"
#include "host/label/reward_baseline.hpp"
#include "host/label/trie_batch.hpp"
#include "host/nn/module.hpp"

namespace moonlab::label {

enum class Normalizer { group, children };
enum class Pool { mean, sum, random };

struct DecoderOptions {
  int64_t features = 0, hidden = 512, embed = 256;
  bool feed_feature = false;
  Normalizer normalizer = Normalizer::group;
  int64_t max_paths = 0;  // deterministic paths used for a label, 0: all
};

struct NllOptions {
  double teacher_forcing = 1.0;  // probability that a batch is fed the ground truth; else its own argmax
  Pool pool = Pool::mean;
  double alpha = 1.0;  // weight in batches where some label has a nondeterministic path (Algorithm 1); else 1
};

struct ReinforceOptions {
  graph::Reward reward = graph::Reward::label_nodes;
  Baseline baseline = Baseline::mean;
  double decay = 0.9;  // of the EMA baseline
  int64_t samples = 1;
};

/// Decoded paths. tokens [B, L] long, filled up with <eop>; log_p [B]: sum of log p along the path, as log_prob gives
/// it.
struct Decoded {
  at::Tensor tokens, log_p;
};

class PathDecoder : public nn::Module {
 public:
  PathDecoder(std::shared_ptr<const graph::LabelGraph> graph, const DecoderOptions& options);

  /// L_d (Eq. 2): for each sample the pooled sum of -log p over its label's deterministic paths, averaged over the
  /// samples that have one. features [B, F]; labels: B tokens. A zero that still has a gradient where none has one.
  at::Tensor nll(const at::Tensor& features, const std::vector<graph::Token>& labels, const NllOptions& options,
                 at::Generator generator);

  /// L_nd (Eqs. 3 to 5): -(r - b) log pi of sampled paths, averaged over the samples whose label has a
  /// nondeterministic path. The baseline is updated after use.
  at::Tensor reinforce(const at::Tensor& features, const std::vector<graph::Token>& labels,
                       const ReinforceOptions& options, at::Generator generator);

  /// Algorithm 2: the likeliest candidate at every step.
  Decoded greedy(const at::Tensor& features);

  /// The likeliest of the paths that a beam of `width` keeps, by log p of the whole path. Width 1 is greedy decoding.
  Decoded beam(const at::Tensor& features, int64_t width);

  /// log p of given paths under teacher forcing, without <eop>: [B] for one path a sample. With `policy` log pi, the
  /// probability that sampling takes the path: each step renormalised over the fed node's children.
  at::Tensor log_prob(const at::Tensor& features, const std::vector<std::vector<graph::Token>>& paths,
                      bool policy = false);

  /// The class of each decoded path: the last of its nodes that is a class of `classes` (tokens), else -1. long [B].
  static at::Tensor classes(const at::Tensor& tokens, const std::vector<graph::Token>& classes, int64_t vocabulary);

  const graph::Compiled& compiled() const { return compiled_; }
  std::shared_ptr<const graph::LabelGraph> graph() const { return graph_; }
  const DecoderOptions& options() const { return options_; }
  std::string describe() const override;
  int64_t features() const override { return 0; }

 private:
  struct Step {
    at::Tensor inputs;  // embedding (and recurrent input weights) of every token, computed once: [V + 1, 3 hidden]
    at::Tensor extra;   // the fed feature's share [B, 3 hidden], undefined without feed_feature
    at::Tensor h0;      // [B, hidden]
  };
  Step begin(const at::Tensor& features);
  at::Tensor advance(const Step& step, const at::Tensor& tokens, const at::Tensor& h, const at::Tensor& samples);
  at::Tensor log_block(const at::Tensor& logits, const at::Tensor& fed);
  at::Tensor logits(const at::Tensor& h);
  void place(const at::Tensor& features);
  at::Tensor teacher_forced(const at::Tensor& features, const TrieBatch& batch);
  at::Tensor free_running(const at::Tensor& features, const TrieBatch& batch);
  void check_labels(const at::Tensor& features, const std::vector<graph::Token>& labels) const;
  at::Tensor reward_sets(const std::vector<graph::Token>& labels, graph::Reward kind, const at::Tensor& like);

  std::shared_ptr<const graph::LabelGraph> graph_;
  graph::Compiled compiled_;
  DecoderOptions options_;
  std::shared_ptr<nn::Module> embed_, cell_, init_, out_, feed_;
  at::Tensor block_, candidates_;  // on the parameters' device
  at::Tensor reward_sets_[3];      // by kind of reward, made when first used
  at::Tensor& baseline_;           // buffer: the state of RewardBaseline
};

}  // namespace moonlab::label
