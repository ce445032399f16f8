#include "host/label/block_softmax.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>

#include "host/error.hpp"

namespace moonlab::label {

namespace {

using at::Tensor;
constexpr double kNone = -std::numeric_limits<double>::infinity();

// Any device, by operators. One column for each block; a block's number never exceeds that of its nodes, so V columns
// suffice without a look at the values, which would wait for the device.
Tensor by_operators(const Tensor& z, const Tensor& block, const Tensor& candidates) {
  const Tensor open = candidates.defined() ? z.masked_fill(candidates.logical_not(), kNone) : z;
  Tensor peak = at::full_like(z, kNone).scatter_reduce_(1, block.unsqueeze(0).expand_as(z), open, "amax");
  peak = peak.masked_fill(peak.isinf(), 0).index_select(1, block);
  const Tensor sum = at::zeros_like(z).index_add_(1, block, (open - peak).exp());
  // blocks without members (or without candidates) are never read where it matters
  return z - peak - sum.masked_fill(sum == 0, 1).log().index_select(1, block);
}

// One pass over each row.
Tensor on_cpu(const Tensor& logits, const Tensor& block_numbers, const Tensor& candidates) {
  const Tensor z = logits.contiguous(), blocks = block_numbers.contiguous();
  const Tensor open = candidates.defined() ? candidates.contiguous() : Tensor();
  Tensor out = at::empty_like(z);
  const int64_t rows = z.size(0), v = z.size(1);
  const auto* block = blocks.const_data_ptr<int64_t>();
  const bool* mask = open.defined() ? open.const_data_ptr<bool>() : nullptr;
  AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "block_log_softmax", [&] {
    const auto* in = z.const_data_ptr<scalar_t>();
    auto* result = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(v, 1)), [&](int64_t from, int64_t to) {
      std::vector<scalar_t> peak(v), sum(v);
      for (int64_t r = from; r < to; ++r) {
        const scalar_t* row = in + r * v;
        const bool* counts = mask ? mask + r * v : nullptr;
        std::fill(peak.begin(), peak.end(), -std::numeric_limits<scalar_t>::infinity());
        std::fill(sum.begin(), sum.end(), scalar_t(0));
        for (int64_t i = 0; i < v; ++i)
          if (!counts || counts[i]) peak[block[i]] = std::max(peak[block[i]], row[i]);
        for (int64_t i = 0; i < v; ++i)
          if (!counts || counts[i]) sum[block[i]] += std::exp(row[i] - peak[block[i]]);
        for (int64_t b = 0; b < v; ++b) peak[b] = sum[b] > 0 ? peak[b] + std::log(sum[b]) : scalar_t(0);
        for (int64_t i = 0; i < v; ++i) result[r * v + i] = row[i] - peak[block[i]];
      }
    });
  });
  return out;
}

// d z_v = g_v - p_v * (sum of g over v's block), the second term at candidates alone.
Tensor gradient(const Tensor& g, const Tensor& log_p, const Tensor& block, const Tensor& candidates) {
  Tensor share = at::zeros_like(g).index_add(1, block, g).index_select(1, block) * log_p.exp();
  return g - (candidates.defined() ? share.masked_fill(candidates.logical_not(), 0) : share);
}

Tensor gradient_on_cpu(const Tensor& grad, const Tensor& log_p, const Tensor& block_numbers, const Tensor& candidates) {
  const Tensor g = grad.contiguous(), lp = log_p.contiguous(), blocks = block_numbers.contiguous();
  const Tensor open = candidates.defined() ? candidates.contiguous() : Tensor();
  Tensor out = at::empty_like(g);
  const int64_t rows = g.size(0), v = g.size(1);
  const auto* block = blocks.const_data_ptr<int64_t>();
  const bool* mask = open.defined() ? open.const_data_ptr<bool>() : nullptr;
  AT_DISPATCH_FLOATING_TYPES(g.scalar_type(), "block_log_softmax_backward", [&] {
    const auto *in = g.const_data_ptr<scalar_t>(), *log_share = lp.const_data_ptr<scalar_t>();
    auto* result = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(v, 1)), [&](int64_t from, int64_t to) {
      std::vector<scalar_t> sum(v);
      for (int64_t r = from; r < to; ++r) {
        const scalar_t *row = in + r * v, *share = log_share + r * v;
        std::fill(sum.begin(), sum.end(), scalar_t(0));
        for (int64_t i = 0; i < v; ++i) sum[block[i]] += row[i];
        for (int64_t i = 0; i < v; ++i) {
          const scalar_t all = sum[block[i]];  // most blocks of a row carry no gradient
          result[r * v + i] =
              row[i] - (all != 0 && (!mask || mask[r * v + i]) ? std::exp(share[i]) * all : scalar_t(0));
        }
      }
    });
  });
  return out;
}

bool has_kernel(const Tensor& z) {
  return z.is_cpu() && (z.scalar_type() == at::kFloat || z.scalar_type() == at::kDouble);
}

struct BlockLogSoftmax : torch::autograd::Function<BlockLogSoftmax> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z, const Tensor& block,
                        const std::optional<Tensor>& open) {
    const Tensor candidates = open.value_or(Tensor());
    Tensor out = has_kernel(z) ? on_cpu(z, block, candidates) : by_operators(z, block, candidates);
    context->save_for_backward({out, block, candidates});
    return out;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const bool plain =
        at::GradMode::is_enabled() || !has_kernel(grads[0]);  // with create_graph operators have a history
    return {plain ? gradient(grads[0], saved[0], saved[1], saved[2])
                  : gradient_on_cpu(grads[0], saved[0], saved[1], saved[2]),
            {},
            {}};
  }
};

}  // namespace

Tensor block_log_softmax(const Tensor& logits, const Tensor& block, const Tensor& candidates, bool checked) {
  if (logits.dim() != 2 || block.dim() != 1 || logits.size(1) != block.size(0))
    fail("block softmax: logits ", logits.sizes(), " do not fit ", block.sizes(),
         " block numbers; wanted [R, V] and [V]");
  if (!checked && block.is_cpu() && block.numel() > 0) {
    const auto [low, high] = block.aminmax();
    if (low.item<int64_t>() < 0 || high.item<int64_t>() >= block.size(0))
      fail("block softmax: block numbers must lie in [0, ", block.size(0) - 1, "], got ", low.item<int64_t>(), " to ",
           high.item<int64_t>());
  }
  return BlockLogSoftmax::apply(logits, block, candidates.defined() ? std::optional(candidates) : std::nullopt);
}

Tensor candidate_log_softmax(const Tensor& log_p, const Tensor& candidates) {
  return at::log_softmax(log_p.masked_fill(candidates.logical_not(), kNone), 1);
}

}  // namespace moonlab::label
