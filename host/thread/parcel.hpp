// Plain data on its way from one thread to another: no part of it belongs to a Lua state.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/complex.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace moonlab::thread {

class Channel;

/// torch.None, which is not nil.
struct None {
  bool operator==(const None&) const = default;
};

/// Which of a parcel's tables.
struct TableAt {
  size_t index;
};

/// int64_t and uint64_t are 64-bit cdata; a Lua number is a double.
using Item = std::variant<std::monostate, None, bool, double, int64_t, uint64_t, c10::complex<double>, std::string,
                          at::Tensor, TableAt, std::shared_ptr<Channel>>;

/// Several values. Tables are numbered, so that one reached twice stays one table on the other side.
struct Parcel {
  std::vector<Item> values;
  std::vector<std::vector<std::pair<Item, Item>>> tables;
};

/// The tensor as another thread may hold it: a tensor of its own (identity, gradient and graph are not shared) on the
/// same storage, with the same count of changes in place, so that a backward notices what a worker overwrote. As
/// PyTorch's between processes: a leaf that requires grad arrives as such a leaf, without its .grad.
/// Errors: a tensor that is part of a graph (x:detach() is not), a tensor inside vmap or a transform.
at::Tensor to_send(const at::Tensor& tensor);

}  // namespace moonlab::thread
