// Nodes of autograd's graph are held by intrusive pointers from LibTorch 2.13 on, by shared ones before.
#pragma once

#include <torch/csrc/autograd/function.h>

namespace moonlab {

using NodePtr = decltype(torch::autograd::Edge::function);

/// Takes a node that `new` just made.
template <class Node, class Pointer = NodePtr>
Pointer own(Node* node) {
  if constexpr (requires { Pointer::reclaim(node); })
    return Pointer(c10::intrusive_ptr<Node>::unsafe_steal_from_new(node));
  else return Pointer(node);
}

}  // namespace moonlab
