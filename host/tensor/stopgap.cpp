#include <ATen/ATen.h>
#include <sstream>
#include "host/tensor/print.hpp"
#include "host/tensor/index.hpp"
#include "host/tensor/dtype.hpp"
namespace moonlab {
__attribute__((weak)) std::string summary(const at::Tensor& t) { std::ostringstream s; s << dtype_name(t.scalar_type()) << t.sizes() << " " << t.device(); return s.str(); }
__attribute__((weak)) std::string print(const at::Tensor& t, const PrintOptions&) { std::ostringstream s; s << t; return s.str(); }
__attribute__((weak)) std::vector<at::indexing::TensorIndex> parse_slice(std::string_view) { return {}; }
__attribute__((weak)) at::Tensor get(const at::Tensor& x, const std::vector<at::indexing::TensorIndex>& t) { return x.index(t); }
__attribute__((weak)) at::Tensor get(const at::Tensor& x, int64_t i) { return x.select(0, i); }
__attribute__((weak)) void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& t, const at::Tensor& v) { x.index_put_(t, v); }
__attribute__((weak)) void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& t, const c10::Scalar& v) { x.index_put_(t, v); }
}
