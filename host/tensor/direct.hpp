// Calls without boxing, by the form of a schema.
//
// Boxing arguments for the dispatcher costs a small operator a tenth of its time. Half of all calls have one of a few
// forms, such as (Tensor, Tensor) -> Tensor; for these the dispatcher's typed entry is called. Nothing here knows an
// operator by name.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <variant>

#include "host/tensor/operator.hpp"
#include "host/tensor/value.hpp"

namespace moonlab {

/// t: tensor, o: tensor or none, s: number, i: integer, d: a dtype that is left at none.
enum class Form : uint8_t { none, t, tt, tto, tts, ts, tss, td, ti, tii, tid, t_sizes, t_int_size };

/// The typed entry of one overload, resolved once: asking the dispatcher for it compares C++ signatures each time, which
/// is a twentieth of a small operator.
class DirectCall {
 public:
  DirectCall() = default;
  /// With form() none where the overload's form is not among those here or its C++ signature does not agree.
  explicit DirectCall(const Overload& overload);

  Form form() const { return form_; }
  void disable() { form_ = Form::none; }

  /// arguments[i] is the value of the i-th argument, nullptr for its default; `sizes` are the integers of t_sizes.
  at::Tensor operator()(const Overload& overload, const Value* const* arguments, const Values& values, const Value* sizes,
                        size_t count) const;

  using T = at::Tensor(const at::Tensor&);
  using TT = at::Tensor(const at::Tensor&, const at::Tensor&);
  using TTO = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&);
  using TTS = at::Tensor(const at::Tensor&, const at::Tensor&, const c10::Scalar&);
  using TS = at::Tensor(const at::Tensor&, const c10::Scalar&);
  using TSS = at::Tensor(const at::Tensor&, const c10::Scalar&, const c10::Scalar&);
  using TD = at::Tensor(const at::Tensor&, std::optional<at::ScalarType>);
  using TI = at::Tensor(const at::Tensor&, int64_t);
  using TII = at::Tensor(const at::Tensor&, int64_t, int64_t);
  using TID = at::Tensor(const at::Tensor&, int64_t, std::optional<at::ScalarType>);
  using TSizes = at::Tensor(const at::Tensor&, c10::SymIntArrayRef);
  using TIntSize = at::Tensor(const at::Tensor&, int64_t, c10::SymInt);

 private:
  template <class Signature>
  void resolve(const Overload& overload, Form form);

  template <class... Signatures>
  using AnyOf = std::variant<std::monostate, c10::TypedOperatorHandle<Signatures>...>;

  Form form_ = Form::none;
  AnyOf<T, TT, TTO, TTS, TS, TSS, TD, TI, TII, TID, TSizes, TIntSize> handle_;
};

}  // namespace moonlab
