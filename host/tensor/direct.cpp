#include "host/tensor/direct.hpp"

#include <c10/util/SmallVector.h>

#include "host/tensor/overload.hpp"

namespace moonlab {

namespace {

using at::Tensor;
using c10::Scalar;

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

template <class Signature>
void DirectCall::resolve(const Overload& o, Form form) {
  try {
    handle_ = o.handle.typed<Signature>();  // raises where the C++ signature differs
    form_ = form;
  } catch (const c10::Error&) {
  }
}

DirectCall::DirectCall(const Overload& o) {
  const auto& returns = o.handle.schema().returns();
  if (returns.size() != 1 || returns[0].type()->kind() != c10::TypeKind::TensorType) return;
  std::string code;
  for (const auto& a : o.arguments) {
    if (a.written || (a.optional && a.want != Want::tensor && a.want != Want::dtype)) return;
    switch (a.want) {
      case Want::tensor: code += a.optional ? 'o' : 't'; break;
      case Want::dtype: code += a.optional ? 'd' : '?'; break;
      case Want::scalar: code += 's'; break;
      case Want::integer_list: code += 'l'; break;
      case Want::integer: code += 'i'; break;
      default: return;
    }
  }
  if (code == "t") resolve<T>(o, Form::t);
  else if (code == "tt") resolve<TT>(o, Form::tt);
  else if (code == "tto") resolve<TTO>(o, Form::tto);
  else if (code == "tts") resolve<TTS>(o, Form::tts);
  else if (code == "ts") resolve<TS>(o, Form::ts);
  else if (code == "tss") resolve<TSS>(o, Form::tss);
  else if (code == "tl") resolve<TSizes>(o, Form::t_sizes);
  else if (code == "td") resolve<TD>(o, Form::td);
  else if (code == "ti") resolve<TI>(o, Form::ti);
  else if (code == "tid") resolve<TID>(o, Form::tid);
  else if (code == "tii") {
    resolve<TIntSize>(o, Form::t_int_size);
    if (form_ == Form::none) resolve<TII>(o, Form::tii);
  }
}

at::Tensor DirectCall::operator()(const Overload& o, const Value* const* args, const Values& values, const Value* sizes,
                                  size_t count) const {
  const auto& a = o.arguments;
  auto call = [&]<class Signature>(auto&&... arguments) {
    return std::get_if<c10::TypedOperatorHandle<Signature>>(&handle_)->call(std::forward<decltype(arguments)>(arguments)...);
  };
  switch (form_) {
    case Form::t: return call.operator()<T>(tensor(args[0]));
    case Form::tt: return call.operator()<TT>(tensor(args[0]), tensor(args[1]));
    case Form::tto: return call.operator()<TTO>(tensor(args[0]), tensor(args[1]),
                                                args[2] ? std::optional(tensor(args[2])) : std::nullopt);
    case Form::tts: return call.operator()<TTS>(tensor(args[0]), tensor(args[1]), scalar(args[2], a[2], values));
    case Form::ts: return call.operator()<TS>(tensor(args[0]), scalar(args[1], a[1], values));
    case Form::tss: return call.operator()<TSS>(tensor(args[0]), scalar(args[1], a[1], values), scalar(args[2], a[2], values));
    case Form::td: return call.operator()<TD>(tensor(args[0]), std::nullopt);
    case Form::ti: return call.operator()<TI>(tensor(args[0]), args[1]->integer);
    case Form::tii: return call.operator()<TII>(tensor(args[0]), args[1]->integer, args[2]->integer);
    case Form::tid: return call.operator()<TID>(tensor(args[0]), args[1]->integer, std::nullopt);
    case Form::t_sizes: {
      c10::SmallVector<c10::SymInt, 6> list;
      for (size_t i = 0; i < count; ++i) list.emplace_back(sizes[i].integer);
      return call.operator()<TSizes>(tensor(args[0]), c10::SymIntArrayRef(list));
    }
    case Form::t_int_size: return call.operator()<TIntSize>(tensor(args[0]), args[1]->integer, c10::SymInt(args[2]->integer));
    case Form::none: break;
  }
  return {};
}

}  // namespace moonlab
