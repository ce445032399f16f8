#include "host/tensor/overload.hpp"

#include "host/error.hpp"

namespace moonlab {

namespace {

constexpr size_t kMaxCached = 8;  // positional arguments that fit a key, 8 bits each
constexpr uint64_t kUncached = ~uint64_t{0};

/// One attempt to lay a call over an overload: which value goes to which argument.
struct Fit {
  std::vector<const Value*> slots;  // by argument; nullptr: not given
  bool gathers = false;             // trailing integers are one list
  int coerced = 0, defaults = 0;
  std::string reason;  // why it does not fit
};

bool is_integers(const Values& v, size_t from) {
  for (size_t i = from; i < v.positional.size(); ++i)
    if (v.positional[i].kind != Kind::integer) return false;
  return from < v.positional.size();
}

/// Position of the argument that the i-th positional value fills.
size_t place(const Overload& o, size_t i, bool method) {
  if (!method || o.self <= 0) return i;
  if (i == 0) return o.self;
  return i <= static_cast<size_t>(o.self) ? i - 1 : i;
}

/// nil means "not given" where there is a default; torch.None stands for it where None is no value.
bool is_absent(const Value& v, const Argument& a) {
  if (v.kind == Kind::nil) return a.fallback || a.optional;
  return v.kind == Kind::none && !a.optional && a.fallback;
}

/// Lays positional values over the overload. Returns false, with a reason where wanted, when they do not fit.
bool lay_positional(const Overload& o, const Values& v, bool method, bool explain, Fit& fit) {
  fit.slots.assign(o.arguments.size(), nullptr);
  size_t n = v.positional.size();
  if (o.gathers >= 0) {
    // all trailing integers are one list: x:view(2, -1), but not x:view({2, -1})
    size_t first = 0;
    while (first < n && place(o, first, method) != static_cast<size_t>(o.gathers)) ++first;
    if (first < n && is_integers(v, first)) fit.gathers = true, n = first;
  }
  while (n > o.positional && v.positional[n - 1].kind == Kind::nil) --n;  // f(a, b, nil, nil) gives a and b
  if (n > o.positional) {
    if (explain) fit.reason = "takes " + std::to_string(o.positional) + " positional arguments, got " + std::to_string(n);
    return false;
  }
  for (size_t i = 0; i < n; ++i) fit.slots[place(o, i, method)] = &v.positional[i];
  return true;
}

/// Position of the argument of this name, also by the names that PyTorch's Python layer accepts beside the schema's.
size_t named_place(const Overload& o, std::string_view name) {
  auto find = [&](std::string_view wanted) {
    size_t i = 0;
    while (i < o.arguments.size() && o.arguments[i].name != wanted) ++i;
    return i;
  };
  size_t i = find(name);
  if (i < o.arguments.size()) return i;
  if (name == "input" || name == "x") return find("self");
  if (name == "axis") return find("dim");
  if (name == "x2") return find("other");
  return i;
}

bool lay_named(const Overload& o, const Values& v, bool explain, Fit& fit) {
  for (const auto& [name, value] : v.named) {
    size_t i = named_place(o, name);
    const bool several = name == "out" && value.kind == Kind::tensor_list && i < o.arguments.size() && o.arguments[i].want == Want::tensor;
    if (i == o.arguments.size() || several) {
      if (name == "out") {  // the schema may call it otherwise, or call the first of several so
        size_t outs = 0, last = 0;
        for (size_t k = 0; k < o.arguments.size(); ++k)
          if (o.arguments[k].is_out) ++outs, last = k;
        if (outs == 1 && value.kind != Kind::tensor_list) { fit.slots[last] = &value; continue; }
        if (outs > 1 && value.kind == Kind::tensor_list && value.size == outs) {
          const Value* item = v.begin(value);
          for (size_t k = 0; k < o.arguments.size(); ++k)
            if (o.arguments[k].is_out) fit.slots[k] = item++;
          continue;
        }
      }
      if (explain) {
        std::vector<std::string> names;
        for (const auto& a : o.arguments) names.push_back(a.name);
        fit.reason = "has no argument '" + std::string(name) + "'" + did_you_mean(name, names);
      }
      return false;
    }
    if (fit.slots[i] || (fit.gathers && static_cast<int>(i) == o.gathers)) {
      if (explain) fit.reason = "'" + std::string(name) + "' is given by position and by name";
      return false;
    }
    fit.slots[i] = &value;
  }
  return true;
}

std::string expected(const Argument& a) {
  switch (a.want) {
    case Want::tensor: return "a tensor";
    case Want::scalar: return "a number";
    case Want::integer: return "an integer";
    case Want::real: return "a number";
    case Want::boolean: return "true or false";
    case Want::text: return "a string";
    case Want::dtype: return "a dtype such as 'float32'";
    case Want::layout: return "a layout such as 'strided'";
    case Want::memory_format: return "a memory format such as 'channels_last'";
    case Want::device: return "a device such as 'cpu' or 'cuda:0'";
    case Want::generator: return "a generator";
    case Want::object: return "an object that an operator returned";
    case Want::integer_list: return a.length ? "an integer or a list of integers" : "a list of integers";
    case Want::real_list: return "a list of numbers";
    case Want::boolean_list: return "a list of booleans";
    case Want::scalar_list: return "a list of numbers";
    case Want::optional_scalar_list: return "a list of numbers or torch.None";
    case Want::text_list: return "a list of strings";
    case Want::tensor_list: return "a list of tensors";
    case Want::optional_tensor_list: return "a list of tensors or torch.None";
    case Want::tensor_list_list: return "a list of lists of tensors";
    case Want::text_list_list: return "a list of lists of strings";
    case Want::unsupported: return "a value that scripts cannot make";
  }
  return "";
}

/// Compares every argument's kind with what the schema accepts; counts coercions and defaults.
bool check(const Overload& o, const Values& v, bool explain, Fit& fit) {
  for (size_t i = 0; i < o.arguments.size(); ++i) {
    const Argument& a = o.arguments[i];
    if (fit.gathers && static_cast<int>(i) == o.gathers) {
      ++fit.coerced;  // hsplit(x, 2): a number where an overload wants one, before a list of one
      continue;
    }
    const Value* value = fit.slots[i];
    if (!value || is_absent(*value, a)) {
      // an optional argument without a default (clamp's min) must be written, nil will do
      if (!a.fallback && !(value && a.optional)) {
        if (explain) fit.reason = "'" + a.name + "' is missing";
        return false;
      }
      if (!value) ++fit.defaults;
      continue;
    }
    if (a.accepts & bit(value->kind)) continue;
    if (a.coerces & bit(value->kind)) {
      ++fit.coerced;
      continue;
    }
    if (explain) fit.reason = "'" + a.name + "' must be " + expected(a) + (a.optional ? " or nil" : "") + ", got " + describe(*value, v);
    return false;
  }
  return true;
}

bool fits(const Overload& o, const Values& v, bool method, bool explain, Fit& fit) {
  return lay_positional(o, v, method, explain, fit) && lay_named(o, v, explain, fit) && check(o, v, explain, fit);
}

[[noreturn]] void no_match(const Operator& op, const Values& v, bool method) {
  if (op.overloads.size() == 1) {
    Fit fit;
    fits(op.overloads[0], v, method, true, fit);
    fail(op.spelling, ": ", fit.reason, op.overloads[0].signature_lines());
  }
  std::string text = op.spelling + ": no signature fits (";
  for (size_t i = 0; i < v.positional.size(); ++i) text += (i ? ", " : "") + describe(v.positional[i], v);
  for (size_t i = 0; i < v.named.size(); ++i)
    text += (i || !v.positional.empty() ? ", " : "") + std::string(v.named[i].first) + "=" + describe(v.named[i].second, v);
  text += ")";
  bool out_named = false;
  for (const auto& [name, value] : v.named) out_named |= name.substr(0, 3) == "out";
  for (const auto& o : op.overloads) {
    bool has_out = false;
    for (const auto& a : o.arguments) has_out |= a.is_out;
    if (has_out && !out_named) continue;
    Fit fit;
    fits(o, v, method, true, fit);
    text += o.signature_lines() + "\n      " + fit.reason;
  }
  throw Error(text);
}

/// Pushes one argument; what its value itself does wrong is told with the operator's name and signature.
void push_argument(const Overload& o, const Argument& a, const Value& value, const Values& v, std::vector<c10::IValue>& stack) {
  if (a.want == Want::tensor && value.kind == Kind::tensor) {
    stack.emplace_back(*value.tensor);
    return;
  }
  try {
    stack.push_back(convert(value, v, a));
  } catch (const Error& e) {
    const std::string& name = o.handle.schema().name();
    const std::string start = name.substr(name.find("::") + 2) + ": ";
    if (a.want == Want::device) fail(start, e.what());
    fail(start, "'", a.name, "' ", e.what(), o.signature_lines());
  }
}

void push_default(const Argument& a, std::vector<c10::IValue>& stack) {
  if (a.fallback) stack.push_back(*a.fallback);
  else stack.emplace_back();
}

void push_gathered(const Values& v, size_t first, std::vector<c10::IValue>& stack) {
  c10::List<int64_t> list;
  list.reserve(v.positional.size() - first);
  for (size_t i = first; i < v.positional.size(); ++i) list.push_back(v.positional[i].integer);
  stack.emplace_back(std::move(list));
}

uint64_t key_of(const Values& v, bool method) {
  if (!v.named.empty() || v.positional.size() >= kMaxCached) return kUncached;
  uint64_t key = method ? 2 : 1;
  for (const auto& value : v.positional) key = key << 7 | (static_cast<uint64_t>(value.kind) + 1);
  return key;
}

}  // namespace

void Chooser::fill(const Choice& choice, const Values& v, std::vector<c10::IValue>& stack) const {
  const auto& arguments = choice.overload->arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const int16_t source = choice.sources[i];
    if (source >= 0) push_argument(*choice.overload, arguments[i], v.positional[source], v, stack);
    else if (source == kDefault) push_default(arguments[i], stack);
    else push_gathered(v, choice.first, stack);
  }
}

/// How the choice's calls can go without boxing: every tensor and integer is given as such.
DirectCall Chooser::direct_call(const Choice& choice, const Values& v) {
  DirectCall call(*choice.overload);
  for (size_t i = 0; call.form() != Form::none && i < choice.sources.size(); ++i) {
    const int16_t source = choice.sources[i];
    const Argument& argument = choice.overload->arguments[i];
    const Want want = argument.want;
    const Kind kind = source >= 0 ? v.positional[source].kind : Kind::nil;
    const bool left_out = source == kDefault && argument.optional && (!argument.fallback || argument.fallback->isNone());
    if (want == Want::tensor && kind != Kind::tensor && !left_out) call.disable();
    if (want == Want::dtype && !left_out) call.disable();
    if (want == Want::integer && kind != Kind::integer) call.disable();
    if (want == Want::scalar && (source < 0 ? !argument.fallback.has_value() : kind == Kind::tensor)) call.disable();
    if (want == Want::integer_list && source != kGathered && kind != Kind::integer_list) call.disable();
  }
  return call;
}

at::Tensor Chooser::direct(const Values& v, bool method, const Overload*& used) const {
  const uint64_t key = key_of(v, method);
  if (key == kUncached) return {};
  for (const auto& c : choices_) {
    if (c.key != key) continue;
    if (c.direct.form() == Form::none) return {};
    used = c.overload;
    const Value* arguments[3] = {nullptr, nullptr, nullptr};  // no form has more
    const Value* sizes = nullptr;
    size_t count = 0;
    for (size_t i = 0; i < c.sources.size(); ++i) {
      if (c.sources[i] == kGathered) sizes = &v.positional[c.first], count = v.positional.size() - c.first;
      else if (c.sources[i] >= 0) arguments[i] = &v.positional[c.sources[i]];
    }
    if (c.direct.form() == Form::t_sizes && !sizes) sizes = v.begin(*arguments[1]), count = arguments[1]->size;
    return c.direct(*c.overload, arguments, v, sizes, count);
  }
  return {};
}

const Overload& Chooser::prepare(const Values& v, bool method, std::vector<c10::IValue>& stack) {
  stack.clear();
  const uint64_t key = key_of(v, method);
  if (key != kUncached)
    for (const auto& c : choices_)
      if (c.key == key) {
        fill(c, v, stack);
        return *c.overload;
      }

  const Overload* chosen = nullptr;
  Fit best;
  for (const auto& o : op_->overloads) {
    Fit trial;
    if (!fits(o, v, method, false, trial)) continue;
    if (!chosen || std::pair(trial.coerced, trial.defaults) < std::pair(best.coerced, best.defaults)) chosen = &o, best = std::move(trial);
  }
  if (!chosen) no_match(*op_, v, method);

  size_t first = 0;
  if (best.gathers)
    while (place(*chosen, first, method) != static_cast<size_t>(chosen->gathers)) ++first;
  if (key != kUncached) {
    Choice choice{key, chosen, {}, first};
    for (size_t i = 0; i < chosen->arguments.size(); ++i) {
      const Value* value = best.slots[i];
      if (best.gathers && static_cast<int>(i) == chosen->gathers) choice.sources.push_back(kGathered);
      else if (!value || is_absent(*value, chosen->arguments[i])) choice.sources.push_back(kDefault);
      else choice.sources.push_back(static_cast<int16_t>(value - v.positional.data()));
    }
    choice.direct = direct_call(choice, v);
    choices_.push_back(std::move(choice));
    fill(choices_.back(), v, stack);
    return *chosen;
  }
  for (size_t i = 0; i < chosen->arguments.size(); ++i) {
    const Value* value = best.slots[i];
    if (best.gathers && static_cast<int>(i) == chosen->gathers) push_gathered(v, first, stack);
    else if (!value || is_absent(*value, chosen->arguments[i])) push_default(chosen->arguments[i], stack);
    else push_argument(*chosen, chosen->arguments[i], *value, v, stack);
  }
  return *chosen;
}

}  // namespace moonlab
