#include <ATen/ScalarOps.h>

#include "host/device.hpp"
#include "host/error.hpp"
#include "host/tensor/overload.hpp"

namespace moonlab {

namespace {

c10::Scalar scalar_of(const Value& v) {
  switch (v.kind) {
    case Kind::boolean: return c10::Scalar(v.integer != 0);
    case Kind::integer: return c10::Scalar(v.integer);
    case Kind::real: return c10::Scalar(v.real);
    case Kind::complex: return c10::Scalar(c10::complex<double>(v.real, v.imaginary));
    case Kind::tensor:
      if (v.tensor->numel() != 1) fail("must be a number, got a tensor of ", v.tensor->numel(), " elements");
      return v.tensor->item();
    default: fail("must be a number, got ", words(v.kind));
  }
}

int64_t integer_of(const Value& v) {
  if (v.kind == Kind::integer || v.kind == Kind::boolean) return v.integer;
  if (v.kind == Kind::tensor) {
    auto s = scalar_of(v);
    if (!s.isIntegral(true)) fail("must be an integer, got a tensor of ", v.tensor->scalar_type());
    return s.toLong();
  }
  fail("must be an integer, got ", words(v.kind));
}

double real_of(const Value& v) {
  if (v.kind == Kind::integer) return static_cast<double>(v.integer);
  if (v.kind == Kind::real) return v.real;
  return scalar_of(v).toDouble();
}

// at::Reduction
int64_t reduction_of(std::string_view word) {
  if (word == "none") return 0;
  if (word == "mean") return 1;
  if (word == "sum") return 2;
  fail("must be 'none', 'mean' or 'sum', got '", word, "'", did_you_mean(word, {"none", "mean", "sum"}));
}

template <class T, class F>
c10::IValue list_of(const Value& v, const Values& values, const Argument& a, F&& item) {
  c10::List<T> list;
  if (v.kind == Kind::empty_list) return list;
  const bool single = v.kind < Kind::empty_list;
  const size_t n = single ? a.length.value_or(1) : v.size;
  // a list of one stands for all of int[2], as a single int does
  const size_t length = a.length && !single && v.size == 1 ? static_cast<size_t>(*a.length) : n;
  list.reserve(length);
  for (size_t i = 0; i < length; ++i) list.push_back(item(single ? v : values.begin(v)[v.size == 1 ? 0 : i]));
  return list;
}

c10::IValue tensors_of(const Value& v, const Values& values) {
  c10::List<at::Tensor> list;
  list.reserve(v.size);
  if (v.kind != Kind::empty_list)
    for (size_t i = 0; i < v.size; ++i) list.push_back(*values.begin(v)[i].tensor);
  return list;
}

}  // namespace

c10::IValue convert(const Value& v, const Values& values, const Argument& a) {
  if (v.kind == Kind::none || v.kind == Kind::nil) return {};
  switch (a.want) {
    case Want::tensor:
      if (v.kind == Kind::tensor) return *v.tensor;
      return at::native::wrapped_scalar_tensor(scalar_of(v));  // a number does not widen the dtype of the result
    case Want::scalar: return scalar_of(v);
    case Want::integer: return v.kind == Kind::text ? reduction_of(v.view()) : integer_of(v);
    case Want::real: return real_of(v);
    case Want::boolean: return v.integer != 0;
    case Want::text: return std::string(v.view());
    case Want::dtype: return c10::IValue(static_cast<int64_t>(v.code));
    case Want::layout: return c10::IValue(static_cast<int64_t>(v.code));
    case Want::memory_format: return c10::IValue(static_cast<int64_t>(v.code));
    case Want::device:
      if (v.kind == Kind::integer) return open_device("cuda:" + std::to_string(v.integer));
      return open_device(v.view());
    case Want::generator:
    case Want::object: return *v.object;
    case Want::integer_list: return list_of<int64_t>(v, values, a, integer_of);
    case Want::real_list: return list_of<double>(v, values, a, real_of);
    case Want::boolean_list: return list_of<bool>(v, values, a, [](const Value& x) { return x.integer != 0; });
    case Want::scalar_list: {
      c10::List<c10::Scalar> list;  // at::Scalar lists are generic lists of numbers
      if (v.kind != Kind::empty_list)
        for (size_t i = 0; i < v.size; ++i) list.push_back(scalar_of(values.begin(v)[i]));
      return list;
    }
    case Want::optional_scalar_list: {
      c10::List<std::optional<c10::Scalar>> list;
      if (v.kind != Kind::empty_list)
        for (size_t i = 0; i < v.size; ++i) {
          const Value& x = values.begin(v)[i];
          list.push_back(x.kind == Kind::none ? std::nullopt : std::optional(scalar_of(x)));
        }
      return list;
    }
    case Want::text_list: return list_of<std::string>(v, values, a, [](const Value& x) { return std::string(x.view()); });
    case Want::tensor_list: return tensors_of(v, values);
    case Want::optional_tensor_list: {
      c10::List<std::optional<at::Tensor>> list;
      if (v.kind != Kind::empty_list)
        for (size_t i = 0; i < v.size; ++i) {
          const Value& x = values.begin(v)[i];
          list.push_back(x.kind == Kind::tensor ? std::optional(*x.tensor) : std::nullopt);
        }
      return list;
    }
    case Want::tensor_list_list: {
      c10::List<c10::List<at::Tensor>> list;
      if (v.kind != Kind::empty_list)
        for (size_t i = 0; i < v.size; ++i) list.push_back(tensors_of(values.begin(v)[i], values).toTensorList());
      return list;
    }
    case Want::text_list_list: {
      c10::List<c10::List<std::string>> list;
      if (v.kind != Kind::empty_list)
        for (size_t i = 0; i < v.size; ++i) {
          c10::List<std::string> inner;
          const Value& row = values.begin(v)[i];
          for (size_t k = 0; k < row.size; ++k) inner.push_back(std::string(values.begin(row)[k].view()));
          list.push_back(inner);
        }
      return list;
    }
    case Want::unsupported: fail("cannot be given from a script");
  }
  fail("cannot be converted");
}

}  // namespace moonlab
