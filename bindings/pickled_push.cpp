#include <unordered_map>

#include "bindings/pickled.hpp"
#include "bindings/tensor.hpp"
#include "host/weights/torch_rebuild.hpp"

namespace moonlab::lua {

namespace {

using namespace weights;
using PickledValue = weights::Value;

constexpr int64_t kExact = int64_t{1} << 53;

class Pusher {
 public:
  Pusher(lua_State* L, int int64) : L_(L), int64_(int64) {
    luaL_checkstack(L_, 16, "a weights file");
    lua_newtable(L_);
    made_ = lua_gettop(L_);
    lua_newtable(L_);
    marks_ = lua_gettop(L_);
  }

  /// First a table for each container that the root reaches, then their contents: no recursion, whatever the nesting.
  void run(Ref root) {
    reach(root);
    for (size_t i = 0; i < reached_.size(); ++i) children(*reached_[i]);
    for (Ref value : reached_) fill(*value);
    push_value(*root);
    lua_replace(L_, made_);
    lua_settop(L_, made_);
  }

 private:
  static bool is_container(const PickledValue& v) {
    return v.as<Sequence>() || v.as<Mapping>() || v.as<Call>() || v.as<at::Tensor>() ||
           v.as<std::unique_ptr<StorageValue>>();
  }

  void reach(Ref value) {
    if (!value || !is_container(*value) || !index_.try_emplace(value, static_cast<int>(reached_.size()) + 1).second)
      return;
    reached_.push_back(value);
    if (const auto* t = value->as<at::Tensor>()) push(L_, *t);
    else if (const auto* s = value->as<std::unique_ptr<StorageValue>>()) push(L_, whole(**s));
    else lua_newtable(L_);
    lua_rawseti(L_, made_, static_cast<int>(reached_.size()));
  }

  static at::Tensor whole(const StorageValue& s) {
    return view_of(s.storage, s.type, 0, {static_cast<int64_t>(s.storage.nbytes() / c10::elementSize(s.type))}, {1});
  }

  void children(PickledValue& value) {
    if (auto* s = value.as<Sequence>()) {
      for (Ref item : s->items) reach(item);
    } else if (auto* m = value.as<Mapping>()) {
      for (auto [k, v] : m->items) reach(k), reach(v);
      reach(m->attributes);
    } else if (auto* call = value.as<Call>()) {
      reach(call->arguments);
      if (!call->more) return;
      reach(call->more->state);
      for (Ref item : call->more->list) reach(item);
      for (auto [k, v] : call->more->pairs) reach(k), reach(v);
    }
  }

  // ---- contents -----------------------------------------------------------------------------------------------------

  void fill(PickledValue& value) {
    if (value.as<at::Tensor>() || value.as<std::unique_ptr<StorageValue>>()) return;
    lua_rawgeti(L_, made_, index_.at(&value));
    const int table = lua_gettop(L_);
    if (auto* s = value.as<Sequence>()) fill_sequence(*s, table);
    else if (auto* m = value.as<Mapping>()) fill_mapping(*m, table);
    else fill_object(*value.as<Call>(), table);
    lua_settop(L_, table - 1);
  }

  void fill_sequence(const Sequence& s, int table) {
    static const char* kNames[] = {"list", "tuple", "set", "Size"};
    int i = 0;
    for (Ref item : s.items) {
      if (s.kind == Sequence::set) {
        push_key(*item);
        lua_pushboolean(L_, true);
        lua_rawset(L_, table);
      } else {
        push_value(*item);
        lua_rawseti(L_, table, ++i);
      }
    }
    if (s.kind == Sequence::list && !s.items.empty()) return;
    lua_getfield(L_, marks_, kNames[s.kind]);  // one metatable for all of a kind
    if (lua_isnil(L_, -1)) {
      lua_pop(L_, 1);
      lua_createtable(L_, 0, 1);
      push(L_, kNames[s.kind]), lua_setfield(L_, -2, "__python");
      lua_pushvalue(L_, -1);
      lua_setfield(L_, marks_, kNames[s.kind]);
    }
    lua_setmetatable(L_, table);
  }

  /// Puts key and value; where the value is None, the key among `none`.
  void put(const PickledValue& key, const PickledValue& value, int table, int none) {
    push_key(key);
    if (value.is_none()) {
      lua_pushvalue(L_, -1), lua_pushnil(L_), lua_rawset(L_, table);
      lua_pushboolean(L_, true);
      lua_rawset(L_, none);
      return;
    }
    lua_pushvalue(L_, -1), lua_pushnil(L_), lua_rawset(L_, none);
    push_value(value);
    lua_rawset(L_, table);
  }

  bool has(const PickledValue& key, int table) {
    push_key(key);
    lua_rawget(L_, table);
    const bool found = !lua_isnil(L_, -1);
    lua_pop(L_, 1);
    return found;
  }

  void fill_mapping(const Mapping& m, int table) {
    static const char* kNames[] = {"dict", "OrderedDict", "Counter"};
    lua_createtable(L_, 0, 3);
    const int meta = lua_gettop(L_);
    push(L_, kNames[m.kind]), lua_setfield(L_, meta, "__python");
    lua_newtable(L_);
    const int keys = lua_gettop(L_);
    lua_newtable(L_);
    const int none = lua_gettop(L_);
    int i = 0;
    for (auto [key, value] : m.items) {
      if (!has(*key, table) && !has(*key, none)) {  // given twice: the first place, the last value
        push_key(*key);
        lua_rawseti(L_, keys, ++i);
      }
      put(*key, *value, table, none);
    }
    lua_setfield(L_, meta, "__none");
    lua_setfield(L_, meta, "__keys");
    if (m.attributes && !m.attributes->is_none()) push_value(*m.attributes), lua_setfield(L_, meta, "__attributes");
    lua_setmetatable(L_, table);
  }

  /// An object of an unknown class: its class, what it was made from, and the fields of its state.
  void fill_object(const Call& call, int table) {
    const auto& arguments = call.arguments->as<Sequence>()->items;
    std::string name = call.function->as<Global>()->name;
    const bool reconstructed = name == "copyreg._reconstructor" && !arguments.empty() && arguments[0]->as<Global>();
    if (reconstructed) name = arguments[0]->as<Global>()->name;
    else if (!arguments.empty()) push_value(*call.arguments), lua_setfield(L_, table, "__arguments");
    lua_newtable(L_);
    const int none = lua_gettop(L_);
    if (call.more) {
      int i = 0;
      for (Ref item : call.more->list) push_value(*item), lua_rawseti(L_, table, ++i);
      for (auto [k, v] : call.more->pairs) put(*k, *v, table, none);
      if (Ref state = call.more->state) {
        const auto* fields = state->as<Mapping>();
        if (!fields) push_value(*state), lua_setfield(L_, table, "__state");
        else
          for (auto [k, v] : fields->items) put(*k, *v, table, none);
      }
    }
    push(L_, name), lua_setfield(L_, table, "__class");
  }

  // ---- single values ------------------------------------------------------------------------------------------------

  void push_value(const PickledValue& v) {
    if (auto found = index_.find(const_cast<Ref>(&v)); found != index_.end()) lua_rawgeti(L_, made_, found->second);
    else if (v.is_none()) lua_rawgeti(L_, LUA_REGISTRYINDEX, State::of(L_).none_ref);
    else if (const auto* b = v.as<bool>()) lua_pushboolean(L_, *b);
    else if (const auto* i = v.as<int64_t>()) push_integer(*i);
    else if (const auto* d = v.as<double>()) lua_pushnumber(L_, *d);
    else if (const auto* s = v.as<std::string>()) push(L_, *s);
    else if (const auto* data = v.as<Bytes>()) push(L_, data->data);
    else if (const auto* global = v.as<Global>()) push(L_, global->name);
    else if (const auto* big = v.as<BigInteger>()) {
      lua_createtable(L_, 0, 2);
      push(L_, "int"), lua_setfield(L_, -2, "__class");
      push(L_, big->hex), lua_setfield(L_, -2, "value");
    } else if (const auto* c = v.as<std::unique_ptr<std::complex<double>>>()) {
      lua_rawgeti(L_, LUA_REGISTRYINDEX, State::of(L_).cdata_ref);
      push(L_, "complex"), lua_pushnumber(L_, (*c)->real()), lua_pushnumber(L_, (*c)->imag());
      lua_call(L_, 3, 1);
    } else {
      fail(weights::describe(v), " has no form in Lua");
    }
  }

  void push_integer(int64_t i) {
    if (i >= -kExact && i <= kExact) return lua_pushnumber(L_, static_cast<double>(i));
    lua_pushvalue(L_, int64_);
    lua_pushnumber(L_, static_cast<double>(i >> 32));
    lua_pushnumber(L_, static_cast<double>(i & 0xffffffff));
    lua_call(L_, 2, 1);
  }

  /// A key must be equal to itself when it is looked up again: integers that a number cannot hold are texts.
  void push_key(const PickledValue& v) {
    if (const auto* d = v.as<double>(); d && *d != *d) fail("nan as a key has no form in Lua");
    if (v.as<std::unique_ptr<std::complex<double>>>()) fail("a complex number as a key has no form in Lua");
    const auto* i = v.as<int64_t>();
    if (i && (*i < -kExact || *i > kExact)) push(L_, std::to_string(*i));
    else if (const auto* big = v.as<BigInteger>()) push(L_, big->hex);
    else push_value(v);
  }

  lua_State* L_;
  int int64_, made_ = 0, marks_ = 0;
  std::vector<Ref> reached_;
  std::unordered_map<Ref, int> index_;
};

}  // namespace

void push_pickled(lua_State* L, weights::Ref root, int int64) { Pusher(L, int64).run(root); }

}  // namespace moonlab::lua
