#include "host/weights/unpickler.hpp"

#include <stdexcept>
#include <unordered_map>

#include "host/weights/pickle_stream.hpp"

namespace moonlab::weights {

namespace {

/// Names that moved between Python 2 and 3, and a few of NumPy's.
std::string modern(std::string module, const std::string& name) {
  if (module == "__builtin__") module = "builtins";
  else if (module == "copy_reg") module = "copyreg";
  if (module == "builtins" && name == "unicode") return "builtins.str";
  if (module == "builtins" && name == "long") return "builtins.int";
  return module + "." + name;
}

/// How much memory a copy of a value takes, in items.
size_t cost(const Value& value) {
  if (const auto* s = value.as<Sequence>()) return s->items.size();
  if (const auto* m = value.as<Mapping>()) return m->items.size();
  if (const auto* t = value.as<std::string>()) return t->size();
  if (const auto* b = value.as<Bytes>()) return b->data.size();
  return 1;
}

class Machine : PickleStream {
 public:
  Machine(std::span<const std::byte> bytes, Arena& arena, const std::string& where,
          const std::function<void(const std::string&)>& allow)
      : PickleStream(bytes, where),
        arena_(arena),
        allow_(allow),
        none_(arena.make(None{})),
        true_(arena.make(true)),
        false_(arena.make(false)) {}

  Unpickled run() {
    for (;;) {
      const unsigned char op = next_code();
      if (op == '.') {
        Ref root = pop();
        if (!stack_.empty() || !marks_.empty()) offence("ends with ", stack_.size(), " values too many");
        return {root, position()};
      }
      step(op);
    }
  }

 private:
  // ---- the stack ----------------------------------------------------------------------------------------------------

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(Ref value) { stack_.push_back(value); }
  Ref& top() {
    if (stack_.size() <= floor()) offence("takes a value from an empty stack");
    return stack_.back();
  }
  Ref pop() {
    Ref value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<Ref> pop_marked() {
    if (marks_.empty()) offence("takes values up to a mark that was not set");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Ref> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_tuple(size_t n) {
    std::vector<Ref> items(n);
    for (size_t i = n; i-- > 0;) items[i] = pop();
    push(arena_.tuple(std::move(items)));
  }
  Ref integer_value(PickleStream::Integer value) {
    return value.big.empty() ? arena_.integer(value.small) : arena_.make(BigInteger{std::move(value.big)});
  }
  void remember(uint32_t key) { memo_[key] = top(); }
  void recall(uint32_t key) {
    auto found = memo_.find(key);
    if (found == memo_.end()) offence("recalls value ", key, ", which was not remembered");
    push(found->second);
  }

  // ---- containers ---------------------------------------------------------------------------------------------------

  void extend(const std::vector<Ref>& items, bool set) {
    Ref target = top();
    std::vector<Ref>* list = nullptr;
    if (auto* s = target->as<Sequence>(); s && s->kind == (set ? Sequence::set : Sequence::list)) list = &s->items;
    else if (auto* call = target->as<Call>()) list = &call->extra().list;
    else offence("adds items to ", describe(*target));
    list->insert(list->end(), items.begin(), items.end());
  }

  void assign(const std::vector<Ref>& items) {
    if (items.size() % 2) offence("a key without a value");
    Ref target = top();
    Pairs* pairs = nullptr;
    if (auto* mapping = target->as<Mapping>()) pairs = &mapping->items;
    else if (auto* call = target->as<Call>()) pairs = &call->extra().pairs;
    else offence("sets an item of ", describe(*target));
    for (size_t i = 0; i < items.size(); i += 2) pairs->emplace_back(items[i], items[i + 1]);
  }

  void build() {
    Ref state = pop();
    Ref target = top();
    if (auto* mapping = target->as<Mapping>()) mapping->attributes = state;
    else if (auto* call = target->as<Call>()) call->extra().state = state;
    else offence("gives a state to ", describe(*target));
  }

  // ---- calls --------------------------------------------------------------------------------------------------------

  void global(const std::string& module, const std::string& name) {
    std::string full = modern(module, name);
    allow_(full);
    push(arena_.make(Global{std::move(full)}));
  }

  void charge(size_t items) {
    copied_ += items;
    if (copied_ > 4 * size() + 4096) offence("copies the same values over and over");
  }

  void call(Ref function, Ref arguments) {
    const auto* list = arguments->as<Sequence>();
    if (!list || list->kind != Sequence::tuple) offence("calls with ", describe(*arguments), ", expected a tuple");
    const auto* callee = function->as<Global>();
    if (!callee) offence("calls ", describe(*function), ", expected a global");
    try {
      Ref made = builtin_call(arena_, callee->name, list->items);
      // such a call copies what it is given: one large list, recalled a million times, must not become a million lists
      for (Ref argument : list->items) charge(made ? cost(*argument) : 0);
      push(made ? made : arena_.make(Call{function, arguments, nullptr}));
    } catch (const std::invalid_argument& e) {
      offence(e.what());
    }
  }

  void step(unsigned char op) {
    switch (op) {
      case 0x80:  // PROTO
        if (auto protocol = number<uint8_t>(); protocol < 2 || protocol > 5)
          offence("protocol ", int{protocol}, ", expected 2 to 5");
        return;
      case 0x95:
        number<uint64_t>();
        return;  // FRAME: a hint for buffered reading
      case '(':
        marks_.push_back(stack_.size());
        return;
      case '0':  // POP
        if (!marks_.empty() && stack_.size() == marks_.back()) marks_.pop_back();
        else pop();
        return;
      case '1':
        pop_marked();
        return;
      case '2':
        push(top());
        return;
      case 'N':
        return push(none_);
      case 0x88:
        return push(true_);
      case 0x89:
        return push(false_);
      case 'J':
        return push(arena_.integer(number<int32_t>()));
      case 'K':
        return push(arena_.integer(number<uint8_t>()));
      case 'M':
        return push(arena_.integer(number<uint16_t>()));
      case 0x8a:
        return push(integer_value(integer(take(number<uint8_t>()))));
      case 0x8b: {  // LONG4
        const auto length = number<int32_t>();
        if (length < 0) offence("an integer of ", length, " bytes");
        return push(integer_value(integer(take(static_cast<uint64_t>(length)))));
      }
      case 'G':
        return push(arena_.make(big_endian_double()));
      case 'X':
        return push(arena_.text(std::string(take(number<uint32_t>()))));
      case 0x8c:
        return push(arena_.text(std::string(take(number<uint8_t>()))));
      case 0x8d:
        return push(arena_.text(std::string(take(number<uint64_t>()))));
      case 'U':
        return push(arena_.text(std::string(take(number<uint8_t>()))));  // Python 2's str
      case 'T':
        return push(arena_.text(std::string(take(number<uint32_t>()))));
      case 'C':
        return push(arena_.make(Bytes{std::string(take(number<uint8_t>()))}));
      case 'B':
        return push(arena_.make(Bytes{std::string(take(number<uint32_t>()))}));
      case 0x8e:
      case 0x96:
        return push(arena_.make(Bytes{std::string(take(number<uint64_t>()))}));
      case ']':
        return push(arena_.make(Sequence{Sequence::list, {}}));
      case ')':
        return push(arena_.tuple({}));
      case '}':
        return push(arena_.make(Mapping{}));
      case 0x8f:
        return push(arena_.make(Sequence{Sequence::set, {}}));
      case 'l':
        return push(arena_.make(Sequence{Sequence::list, pop_marked()}));
      case 't':
        return push(arena_.tuple(pop_marked()));
      case 0x91:
        return push(arena_.make(Sequence{Sequence::set, pop_marked()}));
      case 'd': {
        auto items = pop_marked();
        push(arena_.make(Mapping{}));
        return assign(items);
      }
      case 0x85:
        return push_tuple(1);
      case 0x86:
        return push_tuple(2);
      case 0x87:
        return push_tuple(3);
      case 'a': {
        Ref item = pop();
        return extend({item}, false);
      }
      case 'e':
        return extend(pop_marked(), false);
      case 0x90:
        return extend(pop_marked(), true);
      case 's': {
        Ref value = pop();
        Ref key = pop();
        return assign({key, value});
      }
      case 'u':
        return assign(pop_marked());
      case 'c': {
        std::string module = line();
        return global(module, line());
      }
      case 0x93: {  // STACK_GLOBAL
        Ref name = pop();
        Ref module = pop();
        if (!name->as<std::string>() || !module->as<std::string>()) offence("a global whose name is no text");
        return global(*module->as<std::string>(), *name->as<std::string>());
      }
      case 'R':
      case 0x81: {  // REDUCE, NEWOBJ
        Ref arguments = pop();
        return call(pop(), arguments);
      }
      case 0x92: {  // NEWOBJ_EX: keyword arguments are part of the object's state
        Ref keywords = pop();
        Ref arguments = pop();
        charge(cost(*keywords));
        call(pop(), arguments);
        if (auto* made = top()->as<Call>(); made && keywords->as<Mapping>())
          made->extra().pairs = keywords->as<Mapping>()->items;
        return;
      }
      case 'b':
        return build();
      case 'Q':
        return push(arena_.make(Persistent{pop()}));
      case 'h':
        return recall(number<uint8_t>());
      case 'j':
        return recall(number<uint32_t>());
      case 'q':
        return remember(number<uint8_t>());
      case 'r':
        return remember(number<uint32_t>());
      case 0x94:
        return remember(static_cast<uint32_t>(memo_.size()));
      default:
        offence("code ", int{op}, " is none of protocols 2 to 5 that weights are written with");
    }
  }

  Arena& arena_;
  const std::function<void(const std::string&)>& allow_;
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Ref> memo_;
  size_t copied_ = 0;
  Ref none_, true_, false_;
};

}  // namespace

Unpickled unpickle(std::span<const std::byte> bytes, Arena& arena, const std::string& where,
                   const std::function<void(const std::string&)>& allow) {
  return Machine(bytes, arena, where, allow).run();
}

}  // namespace moonlab::weights
