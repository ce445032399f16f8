#include "host/tensor/properties.hpp"

#include <torch/csrc/autograd/function.h>

#include "host/error.hpp"

namespace moonlab {

at::Tensor transposed(const at::Tensor& x) { return x.numpy_T(); }
at::Tensor matrix_transposed(const at::Tensor& x) { return x.mT(); }

std::string layout_name(c10::Layout layout) {
  switch (layout) {
    case c10::Layout::Strided: return "strided";
    case c10::Layout::Sparse: return "sparse_coo";
    case c10::Layout::SparseCsr: return "sparse_csr";
    case c10::Layout::SparseCsc: return "sparse_csc";
    case c10::Layout::SparseBsr: return "sparse_bsr";
    case c10::Layout::SparseBsc: return "sparse_bsc";
    case c10::Layout::Mkldnn: return "mkldnn";
    case c10::Layout::Jagged: return "jagged";
    default: return "unknown";
  }
}


void set_grad(const at::Tensor& x, const at::Tensor& grad) {
  if (grad.defined()) {
    if (grad.sizes() != x.sizes()) fail("the gradient has shape ", grad.sizes(), ", its tensor ", x.sizes());
    if (grad.scalar_type() != x.scalar_type()) fail("the gradient is ", grad.scalar_type(), ", its tensor ", x.scalar_type());
    if (grad.device() != x.device()) fail("the gradient is on ", grad.device(), ", its tensor on ", x.device());
  }
  x.mutable_grad() = grad;
}

c10::Scalar item_of(const at::Tensor& x) { return x.item(); }

at::indexing::TensorIndex slice(int64_t from, int64_t to, int64_t step) {
  if (step <= 0) fail("a range needs a positive step, got ", step);
  return at::indexing::Slice(from, to, step);
}

}  // namespace moonlab
