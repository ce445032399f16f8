#include "bindings/parcel.hpp"

#include <cstring>
#include <map>

#include "bindings/channel.hpp"
#include "bindings/state.hpp"

namespace moonlab::lua {

namespace {

using thread::Item;
using thread::Parcel;

constexpr int kCdata = 10;  // LUA_TCDATA, which lua.h does not name

std::string key_path(lua_State* L, int key, const std::string& path) {
  if (lua_type(L, key) != LUA_TSTRING) return path + "[" + describe(L, key) + "]";
  return path + "." + check_string(L, key);
}

// ffi.istype(name, value) and ffi.typeof(name)(...) by Lua: the C API knows no cdata.
bool is_ctype(lua_State* L, const char* name, int index) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "ffi");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "istype");
  lua_pushstring(L, name);
  lua_pushvalue(L, index);
  lua_call(L, 2, 1);
  const bool is = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return is;
}

// A new cdata number of this type on the stack, and where its bytes are.
void* push_ctype(lua_State* L, const char* name) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "ffi");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "new");
  lua_remove(L, -2);
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
  return const_cast<void*>(lua_topointer(L, -1));
}

class Packer {
 public:
  explicit Packer(lua_State* state) : L(state) {}
  Parcel parcel;

  Item item(int index, const std::string& path) {
    switch (lua_type(L, index)) {
      case LUA_TNIL: return std::monostate();
      case LUA_TBOOLEAN: return static_cast<bool>(lua_toboolean(L, index));
      case LUA_TNUMBER: return lua_tonumber(L, index);
      case LUA_TSTRING: return check_string(L, index);
      case LUA_TTABLE: return table(index, path);
      case LUA_TUSERDATA: return userdata(index, path);
      case LUA_TFUNCTION:
        fail("a function at ", path,
             " cannot be sent: it belongs to this Lua state. Send the name of a module, or source text, and what it needs as "
             "plain data");
      case kCdata: return cdata(index, path);
      default: fail(describe(L, index), " at ", path, " cannot be sent: only plain data, tensors and channels can");
    }
  }

 private:
  lua_State* L;
  std::map<const void*, std::pair<size_t, bool>> tables_;  // number, and whether all of it is packed

  Item table(int index, const std::string& path) {
    const void* identity = lua_topointer(L, index);
    if (auto known = tables_.find(identity); known != tables_.end()) {
      if (!known->second.second) fail("a table that holds itself at ", path, " cannot be sent");
      return thread::TableAt{known->second.first};
    }
    refuse_object(index, path);
    luaL_checkstack(L, 8, "tables nested too deep");
    const size_t number = parcel.tables.size();
    parcel.tables.emplace_back();
    tables_[identity] = {number, false};
    std::vector<std::pair<Item, Item>> entries;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
      const int top = lua_gettop(L);
      if (lua_type(L, top - 1) > LUA_TSTRING || lua_type(L, top - 1) < LUA_TBOOLEAN)
        fail("a key that is ", describe(L, top - 1), " at ", path, " cannot be sent: keys are strings, numbers, booleans");
      Item key = item(top - 1, path);
      entries.emplace_back(std::move(key), item(top, lua_type(L, top) < LUA_TTABLE ? path : key_path(L, top - 1, path)));
    }
    parcel.tables[number] = std::move(entries);
    tables_[identity].second = true;
    return thread::TableAt{number};
  }

  // A class's instance would arrive without its methods. A list such as x.shape, whose metatable only guards it, is
  // plain data.
  void refuse_object(int index, const std::string& path) {
    if (!lua_getmetatable(L, index)) return;
    for (const char* field : {"__index", "__call"}) {
      lua_pushstring(L, field);
      lua_rawget(L, -2);
      const bool object = lua_istable(L, -1) || (field[2] == 'c' && !lua_isnil(L, -1));
      lua_pop(L, 1);
      if (object)
        fail("an object (a table with methods) at ", path,
             " cannot be sent; send the plain data it is made from, such as a module's state_dict()");
    }
    lua_pop(L, 1);
  }

  Item userdata(int index, const std::string& path) {
    if (const at::Tensor* tensor = test_tensor(L, index)) {
      try {
        return thread::to_send(*tensor);
      } catch (const Error& e) {
        fail(path, ": ", e.what());
      }
    }
    if (lua_touserdata(L, index) == lua::State::of(L).none) return thread::None();
    if (auto channel = test_object<thread::Channel>(L, index)) return channel;
    fail(describe(L, index), " at ", path, " cannot be sent: it belongs to this Lua state. Plain data, tensors and channels can");
  }

  Item cdata(int index, const std::string& path) {
    const void* bytes = lua_topointer(L, index);
    if (is_ctype(L, "int64_t", index)) return *static_cast<const int64_t*>(bytes);
    if (is_ctype(L, "uint64_t", index)) return *static_cast<const uint64_t*>(bytes);
    if (is_ctype(L, "complex", index)) {
      const auto* parts = static_cast<const double*>(bytes);
      return c10::complex<double>(parts[0], parts[1]);
    }
    fail("a cdata at ", path, " cannot be sent; of cdata, 64-bit integers and complex numbers can");
  }
};

class Unpacker {
 public:
  Unpacker(lua_State* state, const Parcel& parcel) : L(state), parcel_(parcel), refs_(parcel.tables.size(), 0) {}

  // Tables met twice are found in a list that stands at `list_` on the stack.
  int all() {
    luaL_checkstack(L, static_cast<int>(parcel_.values.size()) + 8, "too many values");
    lua_createtable(L, static_cast<int>(parcel_.tables.size()), 0);
    list_ = lua_gettop(L);
    for (const Item& value : parcel_.values) push_item(value);
    lua_remove(L, list_);
    return static_cast<int>(parcel_.values.size());
  }

 private:
  lua_State* L;
  const Parcel& parcel_;
  std::vector<char> refs_;
  int list_ = 0;

  void push_item(const Item& value) {
    struct Push {
      Unpacker& self;
      lua_State* L;
      void operator()(std::monostate) const { lua_pushnil(L); }
      void operator()(thread::None) const { lua_rawgeti(L, LUA_REGISTRYINDEX, lua::State::of(L).none_ref); }
      void operator()(bool b) const { lua_pushboolean(L, b); }
      void operator()(double d) const { lua_pushnumber(L, d); }
      void operator()(int64_t i) const { *static_cast<int64_t*>(push_ctype(L, "int64_t")) = i; }
      void operator()(uint64_t i) const { *static_cast<uint64_t*>(push_ctype(L, "uint64_t")) = i; }
      void operator()(c10::complex<double> c) const {
        const double parts[] = {c.real(), c.imag()};  // cdata is aligned to 8 bytes alone
        std::memcpy(push_ctype(L, "complex"), parts, sizeof parts);
      }
      void operator()(const std::string& text) const { push(L, text); }
      // made anew: the parcel may be unpacked in several states
      void operator()(const at::Tensor& tensor) const { push(L, thread::to_send(tensor)); }
      void operator()(thread::TableAt at) const { self.push_table(at.index); }
      void operator()(const std::shared_ptr<thread::Channel>& channel) const {
        lua_getglobal(L, "require");  // a fresh state knows no channels yet
        lua_pushliteral(L, "host.worker");
        lua_call(L, 1, 0);
        push_object(L, channel);
      }
    };
    std::visit(Push{*this, L}, value);
  }

  void push_table(size_t number) {
    const int slot = static_cast<int>(number) + 1;
    if (refs_[number]) return lua_rawgeti(L, list_, slot);
    luaL_checkstack(L, 8, "tables nested too deep");
    const auto& entries = parcel_.tables[number];
    const int size = static_cast<int>(entries.size());
    const bool list = size > 0 && std::holds_alternative<double>(entries[0].first);
    lua_createtable(L, list ? size : 0, list ? 0 : size);
    lua_pushvalue(L, -1);
    lua_rawseti(L, list_, slot);
    refs_[number] = 1;
    for (const auto& [key, value] : entries) {
      push_item(key);
      push_item(value);
      lua_rawset(L, -3);
    }
  }
};

}  // namespace

Parcel pack(lua_State* L, int first, int last, const std::string& name) {
  Packer packer(L);
  for (int i = first; i <= last; ++i) {
    Item item = packer.item(i, last > first ? name + " " + std::to_string(i - first + 1) : name);
    packer.parcel.values.push_back(std::move(item));
  }
  return std::move(packer.parcel);
}

int unpack(lua_State* L, const Parcel& parcel) { return Unpacker(L, parcel).all(); }

}  // namespace moonlab::lua
