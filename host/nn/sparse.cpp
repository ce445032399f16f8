// Embeddings: rows of a table by index, and sums, means or maxima of bags of rows.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

/// What both have: the table, drawn from a normal with a row of zeros, and the rule for rows that grew too long.
struct Table : Module {
  at::Tensor& weight;
  std::optional<int64_t> padding;
  std::optional<double> max_norm;
  double norm_type;
  bool by_frequency, sparse;

  Table(const char* kind, const Options& o)
      : Module(kind),
        weight(register_parameter("weight", at::empty({o["num_embeddings"].get<int64_t>(), o["embedding_dim"].get<int64_t>()}, factory()))),
        max_norm(number(o["max_norm"])), norm_type(o["norm_type"]), by_frequency(o["scale_grad_by_freq"]), sparse(o["sparse"]) {
    if (!none(o["padding_idx"])) padding = row(o["padding_idx"]);
    init::normal(weight, 0, 1);
    if (padding) {
      at::NoGradGuard guard;
      weight.select(0, *padding).zero_();
    }
  }
  int64_t row(int64_t index) const {
    const int64_t rows = weight.size(0);
    if (index < -rows || index >= rows) fail(kind(), ": padding_idx must lie in [", -rows, ", ", rows - 1, "], got ", index);
    return index < 0 ? index + rows : index;
  }
  void shorten(const at::Tensor& indices) {
    if (!max_norm) return;
    at::NoGradGuard guard;
    at::Tensor rows = weight.detach();
    at::embedding_renorm_(rows, indices.contiguous(), *max_norm, norm_type);
  }
  std::string sizes() const { return std::to_string(weight.size(0)) + ", " + std::to_string(weight.size(1)); }
  std::string norms() const {
    return (max_norm ? ", max_norm=" + repr(*max_norm) : "") + (norm_type != 2 ? ", norm_type=" + repr(norm_type) : "") +
           (by_frequency ? ", scale_grad_by_freq=True" : "");
  }
};

struct Embedding : Table {
  explicit Embedding(const Options& o) : Table("Embedding", o) {}
  Tensors forward(const Tensors& x) override {
    shorten(x.at(0));
    return {at::embedding(weight, x[0], padding.value_or(-1), by_frequency, sparse)};
  }
  std::string describe() const override {
    return sizes() + (padding ? ", padding_idx=" + std::to_string(*padding) : "") + norms() + (sparse ? ", sparse=True" : "");
  }
};

/// Inputs: indices [B, L]; or [N] with offsets [B]; then per_sample_weights of the indices' shape.
struct EmbeddingBag : Table {
  int64_t mode;
  bool last_offset;

  explicit EmbeddingBag(const Options& o) : Table("EmbeddingBag", o), mode(code(o["mode"])), last_offset(o["include_last_offset"]) {}
  static int64_t code(const std::string& word) {
    const std::vector<std::string> words{"sum", "mean", "max"};
    for (size_t i = 0; i < words.size(); ++i)
      if (words[i] == word) return static_cast<int64_t>(i);
    fail("EmbeddingBag: mode must be 'sum', 'mean' or 'max', got '", word, "'", did_you_mean(word, words));
  }
  Tensors forward(const Tensors& x) override {
    at::Tensor input = x.at(0), offsets = x.size() > 1 ? x[1] : at::Tensor(), shares = x.size() > 2 ? x[2] : at::Tensor();
    if (shares.defined() && shares.sizes() != input.sizes())
      fail(kind(), ": per_sample_weights ", shares.sizes(), " must have the shape of the input ", input.sizes());
    if (shares.defined() && mode != 0) fail(kind(), ": per_sample_weights go with mode 'sum' alone");
    bool with_end = last_offset;
    if (input.dim() == 2) {
      if (offsets.defined()) fail(kind(), ": the rows of a 2-dim input are the bags; offsets go with a 1-dim input");
      offsets = at::arange(0, input.numel(), input.size(1), input.options());
      with_end = false;
      input = input.reshape(-1);
      if (shares.defined()) shares = shares.reshape(-1);
    } else if (input.dim() != 1 || !offsets.defined() || offsets.dim() != 1) {
      fail(kind(), ": takes a 2-dim input, or a 1-dim one with 1-dim offsets");
    }
    shorten(input);
    return {std::get<0>(at::embedding_bag(weight, input, offsets, by_frequency, mode, sparse, shares, with_end, padding))};
  }
  std::string describe() const override {
    const char* words[] = {"sum", "mean", "max"};
    return sizes() + norms() + ", mode='" + words[mode] + "'" + (padding ? ", padding_idx=" + std::to_string(*padding) : "");
  }
};

const Register embedding("Embedding",
                         {{"num_embeddings", nullptr}, {"embedding_dim", nullptr}, {"padding_idx", kNone}, {"max_norm", kNone},
                          {"norm_type", 2.0}, {"scale_grad_by_freq", false}, {"sparse", false}},
                         [](const Options& o) { return std::make_shared<Embedding>(o); });
const Register bag("EmbeddingBag",
                   {{"num_embeddings", nullptr}, {"embedding_dim", nullptr}, {"max_norm", kNone}, {"norm_type", 2.0},
                    {"scale_grad_by_freq", false}, {"mode", "mean"}, {"sparse", false}, {"_weight", kNone},
                    {"include_last_offset", false}, {"padding_idx", kNone}},
                   [](const Options& o) { return std::make_shared<EmbeddingBag>(o); });

}  // namespace

}  // namespace moonlab::nn
