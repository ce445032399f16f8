#include "host/balance/balance.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::balance {

void Balance::set_layers(std::vector<int64_t> layers) { layers_ = std::move(layers); }

at::Tensor Balance::weigh(const at::Tensor& gram) {
  at::NoGradGuard guard;
  if (part_ == Part::tensor) return mix(gram);
  if (part_ == Part::whole) return mix(gram.sum(0, true)).expand_as(gram);
  if (static_cast<int64_t>(layers_.size()) != gram.size(0))
    fail("balance: ", gram.size(0), " parameters, but the layers of ", layers_.size(), " are known");
  const int64_t units = layers_.empty() ? 0 : *std::max_element(layers_.begin(), layers_.end()) + 1;
  at::Tensor unit = at::tensor(layers_, at::kLong).to(gram.device(), true);
  at::Tensor sums = at::zeros({units, gram.size(1), gram.size(2)}, gram.options()).index_add_(0, unit, gram);
  return mix(sums).index_select(0, unit);
}

Tensors Balance::combine(const TaskGradients& gradients, const at::Tensor& gram) {
  return gradients.combine(weigh(gram).sum(1));
}

std::vector<Tensors> Balance::balance(const TaskGradients& gradients) {
  at::Tensor weights = weigh(gradients.gram());
  std::vector<Tensors> all;
  for (int64_t t = 0; t < gradients.tasks(); ++t) all.push_back(gradients.combine(weights.select(1, t)));
  return all;
}

}  // namespace moonlab::balance
