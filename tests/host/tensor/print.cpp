// The texts are what repr() of PyTorch 2.13 gives for the same tensors.
#include "host/tensor/print.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using moonlab::summary;

namespace {

const double kNan = std::nan(""), kInf = INFINITY;

at::Tensor floats(std::vector<double> values) { return at::tensor(values, at::kFloat); }
at::Tensor leaf() { return floats({1, 2}).set_requires_grad(true); }

// at::print would be found too
std::string text(const at::Tensor& x, const moonlab::PrintOptions& options = {}) { return moonlab::print(x, options); }

long lines(const std::string& shown) { return 1 + std::count(shown.begin(), shown.end(), '\n'); }

}  // namespace

TEST_CASE("floats share one notation") {
  CHECK(text(floats({1.5, -2.25, 0.125, 100}).view({2, 2})) == R"(tensor([[  1.5000,  -2.2500],
        [  0.1250, 100.0000]]))");
  CHECK(text(floats({1, 2, 3, -4}).view({2, 2})) == R"(tensor([[ 1.,  2.],
        [ 3., -4.]]))");
  CHECK(text(floats({1e-5, 1, 2e3})) == "tensor([1.0000e-05, 1.0000e+00, 2.0000e+03])");
  CHECK(text(floats({1.5e9, -3})) == "tensor([ 1.5000e+09, -3.0000e+00])");
  CHECK(text(floats({1.2e-4, 9e-5})) == "tensor([1.2000e-04, 9.0000e-05])");
  // a factor of 1000 is still plain
  CHECK(text(floats({1, 1000})) == "tensor([   1., 1000.])");
  CHECK(text(floats({1, 1000.5})) == "tensor([1.0000e+00, 1.0005e+03])");
}

TEST_CASE("nan, infinities and negative zero do not set the width") {
  CHECK(text(floats({kNan, kInf, -kInf, -0.0, 2})) == "tensor([nan, inf, -inf, -0., 2.])");
  CHECK(text(floats({kNan, -kInf, 1.5})) == "tensor([   nan,   -inf, 1.5000])");
  CHECK(text(floats({std::copysign(kNan, -1), kInf})) == "tensor([nan, inf])");
}

TEST_CASE("the dtype is told where it is not a default one") {
  CHECK(text(at::tensor({1.0 / 3}, at::kDouble)) == "tensor([0.3333], dtype=torch.float64)");
  CHECK(text(floats({1.0 / 3, 65504}).to(at::kHalf)) == "tensor([3.3325e-01, 6.5504e+04], dtype=torch.float16)");
  CHECK(text(floats({1.0 / 3}).to(at::kBFloat16)) == "tensor([0.3340], dtype=torch.bfloat16)");
  CHECK(text(floats({0.3, 448}).to(at::kFloat8_e4m3fn)) ==
        "tensor([3.1250e-01, 4.4800e+02], dtype=torch.float8_e4m3fn)");
  CHECK(text(at::tensor({-128, 7}, at::kChar)) == "tensor([-128,    7], dtype=torch.int8)");
  CHECK(text(at::tensor({1, -20, 300, 4}, at::kLong).view({2, 2})) == R"(tensor([[  1, -20],
        [300,   4]]))");
  CHECK(text(at::tensor({-1, 0}, at::kLong).view(at::kUInt64)) ==
        "tensor([18446744073709551615,                    0], dtype=torch.uint64)");
  CHECK(text(floats({1, 0}).to(at::kBool).view({1, 2})) == "tensor([[ True, False]])");
}

TEST_CASE("complex parts have their own notations") {
  CHECK(text(at::complex(floats({1, -1.5}), floats({2, -0.25}))) == "tensor([ 1.0000+2.0000j, -1.5000-0.2500j])");
  auto wide = at::complex(floats({1, 1000.5, -3}).to(at::kDouble), at::tensor({-0.0, kNan, 2e-5}, at::kDouble));
  CHECK(text(wide) == R"(tensor([ 1.0000e+00-0.0000e+00j,  1.0005e+03+nanj, -3.0000e+00+2.0000e-05j],
       dtype=torch.complex128))");
  CHECK(text(at::complex(floats({1}), floats({2})).conj()) == "tensor([1.-2.j])");
  CHECK(text(at::complex(floats({1}), floats({-2}))[0]) == "tensor(1.-2.j)");
}

TEST_CASE("0-dim and empty tensors") {
  CHECK(text(at::scalar_tensor(2.5)) == "tensor(2.5000)");
  CHECK(text(at::scalar_tensor(-7, at::kLong)) == "tensor(-7)");
  CHECK(text(at::zeros({0})) == "tensor([])");
  CHECK(text(at::zeros({0, 3})) == "tensor([], size=(0, 3))");
  CHECK(text(at::zeros({0}, at::kLong)) == "tensor([], dtype=torch.int64)");
  CHECK(text(at::zeros({2, 0}, at::kBool)) == "tensor([], size=(2, 0), dtype=torch.bool)");
  CHECK(text(at::Tensor()) == "undefined tensor");
}

TEST_CASE("dims are parted by empty lines and long rows wrapped at 80 columns") {
  CHECK(text(at::arange(12, at::kLong).view({2, 3, 2})) == R"(tensor([[[ 0,  1],
         [ 2,  3],
         [ 4,  5]],

        [[ 6,  7],
         [ 8,  9],
         [10, 11]]]))");
  CHECK(text(at::arange(4).to(at::kFloat).view({1, 2, 1, 1, 2})) == R"(tensor([[[[[0., 1.]]],


         [[[2., 3.]]]]]))");
  CHECK(text(at::arange(6, at::kLong).view({2, 3}).t()) == R"(tensor([[0, 3],
        [1, 4],
        [2, 5]]))");
  CHECK(text(at::arange(20).to(at::kFloat) / 8) ==
        R"(tensor([0.0000, 0.1250, 0.2500, 0.3750, 0.5000, 0.6250, 0.7500, 0.8750, 1.0000,
        1.1250, 1.2500, 1.3750, 1.5000, 1.6250, 1.7500, 1.8750, 2.0000, 2.1250,
        2.2500, 2.3750]))");
  CHECK(text(at::tensor({1234567, 2, 3, 4, 5, 6, 7}, at::kInt).view({1, 7})) ==
        R"(tensor([[1234567,       2,       3,       4,       5,       6,       7]],
       dtype=torch.int32))");
}

TEST_CASE("more than 1000 elements are summarised") {
  CHECK(text(at::arange(1001, at::kLong)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  CHECK(text(at::arange(1000, at::kLong)).find("...") == std::string::npos);
  const auto table = at::arange(1200, at::kLong).view({30, 40});
  CHECK(text(table) == R"(tensor([[   0,    1,    2,  ...,   37,   38,   39],
        [  40,   41,   42,  ...,   77,   78,   79],
        [  80,   81,   82,  ...,  117,  118,  119],
        ...,
        [1080, 1081, 1082,  ..., 1117, 1118, 1119],
        [1120, 1121, 1122,  ..., 1157, 1158, 1159],
        [1160, 1161, 1162,  ..., 1197, 1198, 1199]]))");
  const std::string full = text(table, {.full = true});
  CHECK(full.find("...") == std::string::npos);
  CHECK(lines(full) == 30 * 4);  // 13 of width 4 to a line of 80
  // only what is shown is touched
  CHECK(text(at::zeros({1}).expand({2000, 1000000})).starts_with("tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"));
}

TEST_CASE("history, device and storage kinds") {
  CHECK(text(leaf()) == "tensor([1., 2.], requires_grad=True)");
  CHECK(text(leaf() + at::ones({2})) == "tensor([2., 3.], grad_fn=<AddBackward0>)");
  CHECK(text(leaf().to(at::kDouble).sum()) == "tensor(3., dtype=torch.float64, grad_fn=<SumBackward0>)");
  CHECK(text(at::empty({2, 3}, at::kMeta)) == "tensor(..., device='meta', size=(2, 3))");
  CHECK(text(at::empty({2}, at::TensorOptions(at::kMeta).dtype(at::kLong))) ==
        "tensor(..., device='meta', size=(2,), dtype=torch.int64)");
  const auto matrix = floats({0, 2, 3, 0}).view({2, 2});
  CHECK(text(matrix.to_sparse()) == R"(tensor(indices=tensor([[0, 1],
                       [1, 0]]),
       values=tensor([2., 3.]),
       size=(2, 2), nnz=2, layout=torch.sparse_coo))");
  CHECK(text(matrix.to(at::kInt).to_sparse_csc()) == R"(tensor(ccol_indices=tensor([0, 1, 2]),
       row_indices=tensor([1, 0]),
       values=tensor([3, 2]), size=(2, 2), nnz=2, dtype=torch.int32,
       layout=torch.sparse_csc))");
  CHECK(text(at::quantize_per_tensor(floats({1, 2}), 0.1, 10, at::kQUInt8)) ==
        R"(tensor([1., 2.], size=(2,), dtype=torch.quint8,
       quantization_scheme=torch.per_tensor_affine, scale=0.1, zero_point=10))");
}

TEST_CASE("max_lines shows fewer elements first, then leaves out the middle") {
  const auto tall = at::arange(200, at::kLong).view({100, 2});
  CHECK(text(tall, {.max_lines = 5}) == R"(tensor([[  0,   1],
        [  2,   3],
        ...,
        [196, 197],
        [198, 199]]))");
  CHECK(text(at::ones({2, 2}), {.max_lines = 2}) == text(at::ones({2, 2})));
  const auto deep = at::ones({9, 9, 9, 9, 9});
  for (int limit : {1, 2, 3, 10, 25}) CHECK(lines(text(deep, {.max_lines = limit, .header = true})) <= limit);
  const std::string cut = text(deep, {.max_lines = 10});
  CHECK(cut.starts_with("tensor([[[[[1.,"));
  CHECK(cut.ends_with("]]]]])"));
  CHECK(cut.find("lines left out)") != std::string::npos);
}

TEST_CASE("the header and the summary name dtype, shape and device") {
  CHECK(text(floats({1, 2}), {.header = true}) == "[float32 2 cpu]\ntensor([1., 2.])");
  CHECK(text(at::scalar_tensor(1, at::kLong), {.header = true}) == "[int64 0-dim cpu]\ntensor(1)");
  CHECK(text(leaf().view({1, 2}), {.header = true}).starts_with("[float32 1x2 cpu, grad_fn=<ViewBackward0>]\n"));
  CHECK(summary(at::zeros({2, 3})) == "float32[2, 3] cpu");
  CHECK(summary(at::zeros({}, at::kBFloat16)) == "bfloat16[] cpu");
  CHECK(summary(at::empty({4}, at::kMeta)) == "float32[4] meta");
}
