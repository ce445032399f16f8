#include <unordered_map>

#include "bindings/module.hpp"
#include "bindings/pickled.hpp"
#include "bindings/tensor.hpp"

namespace moonlab::lua {

namespace {

using namespace weights;

constexpr int kDepth = 900;
constexpr double kExact = 9007199254740992.0;  // 2^53

bool is_utf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const size_t more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 9;
    if (more == 9 || i + more >= s.size() + (more == 0)) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return false;
    }
    const auto second = more ? static_cast<unsigned char>(s[i + 1]) : 0;
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f))
      return false;
    i += more + 1;
  }
  return true;
}

/// The mark in a table's metatable, "" where it has none.
std::string mark_of(lua_State* L, int table) {
  std::string kind;
  if (!lua_getmetatable(L, table)) return kind;
  lua_pushliteral(L, "__python");
  lua_rawget(L, -2);
  if (lua_type(L, -1) == LUA_TSTRING) kind = lua_tostring(L, -1);
  lua_pop(L, 2);
  return kind;
}

/// Whether the keys are 1 to n and no others.
bool is_array(lua_State* L, int table) {
  const size_t length = lua_objlen(L, table);
  size_t keys = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (++keys > length) {
      lua_pop(L, 2);
      return false;
    }
  }
  return keys == length;
}

class Reader {
 public:
  Reader(lua_State* L, Arena& arena) : L_(L), arena_(arena) {}

  Ref read(int index, const std::string& path) {
    luaL_checkstack(L_, 12, "a value nested too deep");
    switch (lua_type(L_, index)) {
      case LUA_TNIL:
        return arena_.make(None{});
      case LUA_TBOOLEAN:
        return arena_.make(lua_toboolean(L_, index) != 0);
      case LUA_TNUMBER:
        return number(lua_tonumber(L_, index));
      case LUA_TSTRING: {
        std::string s = check_string(L_, index);
        return is_utf8(s) ? arena_.text(std::move(s)) : arena_.make(Bytes{std::move(s)});
      }
      case LUA_TTABLE:
        return table(index, path);
      case LUA_TUSERDATA:
        return object(index, path);
      case 10:
        return cdata(index, path);  // LUA_TCDATA, which lua.h does not name
      default:
        refuse(index, path);
    }
  }

 private:
  [[noreturn]] void refuse(int index, const std::string& path) {
    fail(lua::describe(L_, index), path.empty() ? "" : " at " + path,
         " cannot be written: values are tensors, tables, numbers, texts, booleans and torch.None");
  }

  Ref number(double d) {
    const bool integral = d >= -kExact && d <= kExact && static_cast<double>(static_cast<int64_t>(d)) == d;
    const bool negative_zero = d == 0 && 1 / d < 0;
    return integral && !negative_zero ? arena_.integer(static_cast<int64_t>(d)) : arena_.make(d);
  }

  Ref object(int index, const std::string& path) {
    if (lua_touserdata(L_, index) == State::of(L_).none) return arena_.make(None{});
    if (test_object<nn::Module>(L_, index)) {
      fail("a model", path.empty() ? "" : " at " + path,
           " cannot be written whole; write its weights: torch.save(model:state_dict(), path)");
    }
    const at::Tensor* t = test_tensor(L_, index);
    if (!t) refuse(index, path);
    if (t->unsafeGetTensorImpl()->is_wrapped_number())
      return arena_.make(*static_cast<const double*>(t->const_data_ptr()));
    auto [found, fresh] = seen_.try_emplace(lua_touserdata(L_, index));
    if (fresh) found->second = arena_.make(at::Tensor(*t));
    return found->second;
  }

  Ref cdata(int index, const std::string& path) {
    Values values;
    const auto v = read_value(L_, index, values);
    if (v.kind == Kind::integer) return arena_.integer(v.integer);
    if (v.kind == Kind::complex) return arena_.make(std::make_unique<std::complex<double>>(v.real, v.imaginary));
    refuse(index, path);
  }

  /// Pushes a field of the metatable; nil where there is none.
  void push_meta(int table, const char* field) {
    if (!lua_getmetatable(L_, table)) return lua_pushnil(L_);
    push(L_, field);
    lua_rawget(L_, -2);
    lua_remove(L_, -2);
  }

  Ref table(int index, const std::string& path) {
    index = index < 0 ? lua_gettop(L_) + index + 1 : index;
    auto [found, fresh] = seen_.try_emplace(lua_topointer(L_, index), nullptr);
    if (!fresh) return found->second;
    if (++depth_ > kDepth)
      fail("tables nested deeper than ", kDepth, " levels cannot be written, at ", path.substr(0, 60), "...");
    const std::string mark = mark_of(L_, index);
    Ref made;
    if (Ref big = big_integer(index)) made = found->second = big;
    else if (mark == "tuple" || mark == "Size" || mark == "set" || mark == "list") made = sequence(index, path, mark);
    else if (mark.empty() && is_array(L_, index)) made = sequence(index, path, "list");
    else made = mapping(index, path, mark);
    --depth_;
    return made;
  }

  /// {__class = "int", value = "0x..."}: what reading gives for an integer beyond 64 bits.
  Ref big_integer(int index) {
    lua_pushliteral(L_, "__class"), lua_rawget(L_, index);
    lua_pushliteral(L_, "value"), lua_rawget(L_, index);
    const bool is_int = lua_type(L_, -2) == LUA_TSTRING && std::string_view(lua_tostring(L_, -2)) == "int";
    std::string hex = is_int && lua_type(L_, -1) == LUA_TSTRING ? lua_tostring(L_, -1) : "";
    lua_pop(L_, 2);
    const size_t sign = hex.starts_with("-") ? 1 : 0;
    if (hex.size() < sign + 3 || hex.substr(sign, 2) != "0x" ||
        hex.find_first_not_of("0123456789abcdef", sign + 2) != hex.npos)
      return nullptr;
    return arena_.make(BigInteger{hex});
  }

  Ref sequence(int index, const std::string& path, const std::string& mark) {
    const auto kind = mark == "tuple"  ? Sequence::tuple
                      : mark == "Size" ? Sequence::size
                      : mark == "set"  ? Sequence::set
                                       : Sequence::list;
    Ref made = arena_.make(Sequence{kind, {}});
    seen_[lua_topointer(L_, index)] = made;
    std::vector<Ref> items;
    if (kind == Sequence::set) {
      push_keys(L_, index);
      const int keys = lua_gettop(L_);
      for (int i = 1, n = static_cast<int>(lua_objlen(L_, keys)); i <= n; ++i) {
        lua_rawgeti(L_, keys, i);
        items.push_back(read(lua_gettop(L_), path));
        lua_pop(L_, 1);
      }
      lua_pop(L_, 1);
    } else {
      for (int i = 1, n = static_cast<int>(lua_objlen(L_, index)); i <= n; ++i) {
        lua_rawgeti(L_, index, i);
        items.push_back(read(lua_gettop(L_), path + "[" + std::to_string(i) + "]"));
        lua_pop(L_, 1);
      }
    }
    made->as<Sequence>()->items = std::move(items);
    return made;
  }

  Ref mapping(int index, const std::string& path, const std::string& mark) {
    const auto kind = mark == "OrderedDict" ? Mapping::ordered : mark == "Counter" ? Mapping::counter : Mapping::dict;
    Ref made = arena_.make(Mapping{kind, {}});
    seen_[lua_topointer(L_, index)] = made;
    Pairs pairs;
    push_keys(L_, index);
    const int keys = lua_gettop(L_);
    for (int i = 1, n = static_cast<int>(lua_objlen(L_, keys)); i <= n; ++i) {
      lua_rawgeti(L_, keys, i);
      const int key = lua_gettop(L_);
      std::string name =
          lua_type(L_, key) == LUA_TSTRING ? std::string(lua_tostring(L_, key)) : "[" + lua::describe(L_, key) + "]";
      std::string place = path.empty() || name[0] == '[' ? path + name : path + "." + name;
      lua_pushvalue(L_, key);
      lua_rawget(L_, index);
      Ref k = read(key, "a key of " + (path.empty() ? "the value" : path));
      pairs.emplace_back(k, read(key + 1, place));
      lua_settop(L_, keys);
    }
    lua_pop(L_, 1);
    push_meta(index, "__attributes");
    Ref attributes = lua_istable(L_, -1) ? read(lua_gettop(L_), path) : nullptr;
    lua_pop(L_, 1);
    *made->as<Mapping>() = Mapping{kind, std::move(pairs), attributes};
    return made;
  }

  lua_State* L_;
  Arena& arena_;
  int depth_ = 0;
  std::unordered_map<const void*, Ref> seen_;
};

}  // namespace

weights::Ref read_pickled(lua_State* L, int index, weights::Arena& arena) { return Reader(L, arena).read(index, ""); }

}  // namespace moonlab::lua
