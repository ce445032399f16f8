#include "host/tensor/direct.hpp"

#include <c10/util/SmallVector.h>

#include "host/tensor/overload.hpp"

namespace moonlab {

namespace {

using at::Tensor;
using c10::Scalar;
using T = Tensor(const Tensor&);
using TT = Tensor(const Tensor&, const Tensor&);
using TTS = Tensor(const Tensor&, const Tensor&, const Scalar&);
using TS = Tensor(const Tensor&, const Scalar&);
using TSS = Tensor(const Tensor&, const Scalar&, const Scalar&);
using TSizes = Tensor(const Tensor&, c10::SymIntArrayRef);
using TIntSize = Tensor(const Tensor&, int64_t, c10::SymInt);

// The typed entry checks the C++ signature and raises where it differs.
template <class Signature>
bool agrees(const Overload& o) {
  try {
    o.handle.typed<Signature>();
    return true;
  } catch (const c10::Error&) {
    return false;
  }
}

Scalar scalar(const Value* value, const Argument& a, const Values& values) {
  if (!value) return a.fallback->toScalar();
  switch (value->kind) {
    case Kind::integer: return Scalar(value->integer);
    case Kind::real: return Scalar(value->real);
    default: return convert(*value, values, a).toScalar();
  }
}

const Tensor& tensor(const Value* value) { return *value->tensor; }

}  // namespace

Form form_of(const Overload& o) {
  const auto& returns = o.handle.schema().returns();
  if (returns.size() != 1 || returns[0].type()->kind() != c10::TypeKind::TensorType) return Form::none;
  std::string code;
  for (const auto& a : o.arguments) {
    if (a.optional || a.written) return Form::none;
    switch (a.want) {
      case Want::tensor: code += 't'; break;
      case Want::scalar: code += 's'; break;
      case Want::integer_list: code += 'l'; break;
      case Want::integer: code += 'i'; break;
      default: return Form::none;
    }
  }
  if (code == "t" && agrees<T>(o)) return Form::t;
  if (code == "tt" && agrees<TT>(o)) return Form::tt;
  if (code == "tts" && agrees<TTS>(o)) return Form::tts;
  if (code == "ts" && agrees<TS>(o)) return Form::ts;
  if (code == "tss" && agrees<TSS>(o)) return Form::tss;
  if (code == "tl" && agrees<TSizes>(o)) return Form::t_sizes;
  if (code == "tii" && agrees<TIntSize>(o)) return Form::t_int_size;
  return Form::none;
}

at::Tensor call_direct(const Overload& o, Form form, const Value* const* args, const Values& values, const Value* sizes, size_t count) {
  const auto& a = o.arguments;
  switch (form) {
    case Form::t: return o.handle.typed<T>().call(tensor(args[0]));
    case Form::tt: return o.handle.typed<TT>().call(tensor(args[0]), tensor(args[1]));
    case Form::tts: return o.handle.typed<TTS>().call(tensor(args[0]), tensor(args[1]), scalar(args[2], a[2], values));
    case Form::ts: return o.handle.typed<TS>().call(tensor(args[0]), scalar(args[1], a[1], values));
    case Form::tss: return o.handle.typed<TSS>().call(tensor(args[0]), scalar(args[1], a[1], values), scalar(args[2], a[2], values));
    case Form::t_sizes: {
      c10::SmallVector<c10::SymInt, 6> list;
      for (size_t i = 0; i < count; ++i) list.emplace_back(sizes[i].integer);
      return o.handle.typed<TSizes>().call(tensor(args[0]), list);
    }
    case Form::t_int_size: return o.handle.typed<TIntSize>().call(tensor(args[0]), args[1]->integer, c10::SymInt(args[2]->integer));
    case Form::none: break;
  }
  return {};
}

}  // namespace moonlab
