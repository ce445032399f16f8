#include "host/thread/parcel.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::thread {

at::Tensor to_send(const at::Tensor& tensor) {
  for (auto key : {c10::DispatchKey::FuncTorchBatched, c10::DispatchKey::FuncTorchGradWrapper})
    if (tensor.unsafeGetTensorImpl()->key_set().has(key))
      fail("a tensor inside vmap or another transform of functions cannot leave its thread; send what the transform returns");
  const bool gradient = tensor.requires_grad();
  if (gradient && !tensor.is_leaf())
    fail("a tensor that is part of a graph cannot be sent to another thread, because no backward crosses threads; send "
         "x:detach() where the numbers alone are meant");
  at::Tensor sent = tensor.tensor_data();
  if (gradient) sent.set_requires_grad(true);
  return sent;
}

}  // namespace moonlab::thread
