// Plain data of scripts as tables whose keys are known: what pictures and plots are described by.
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error.hpp"

namespace moonlab::run {

using InputJson = nlohmann::ordered_json;

/// A table with known keys, for messages that say where.
class InputTable {
 public:
  InputTable(const InputJson& data, std::string where, const std::vector<std::string>& keys)
      : data_(data), where_(std::move(where)) {
    if (!data.is_object()) fail(where_, ": expected a table with keys");
    for (const auto& [key, value] : data.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(where_, ": unknown key '", key, "'", did_you_mean(key, keys));
  }
  std::string text(const char* key) const {
    const InputJson* v = find(key);
    if (v && !v->is_string()) fail(where_, ": '", key, "' must be a string");
    return v ? v->get<std::string>() : "";
  }
  // a list: an empty Lua table may arrive as an empty object
  const InputJson& list(const char* key) const {
    static const InputJson none = InputJson::array();
    const InputJson* v = find(key);
    if (!v || (v->is_object() && v->empty())) return none;
    if (!v->is_array()) fail(where_, ": '", key, "' must be a list");
    return *v;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    for (const auto& v : list(key)) {
      if (!v.is_string()) fail(where_, ": '", key, "' must be a list of strings");
      out.push_back(v);
    }
    return out;
  }
  std::vector<double> numbers(const char* key) const {
    std::vector<double> out;
    for (const auto& v : list(key)) {
      if (!v.is_number() && !v.is_null()) fail(where_, ": '", key, "' must be a list of numbers");
      out.push_back(v.is_null() ? NAN : v.get<double>());
    }
    return out;
  }
  double number(const char* key, double otherwise) const {
    const InputJson* v = find(key);
    if (v && !v->is_number()) fail(where_, ": '", key, "' must be a number");
    return v ? v->get<double>() : otherwise;
  }
  bool flag(const char* key) const {
    const InputJson* v = find(key);
    if (v && !v->is_boolean()) fail(where_, ": '", key, "' must be true or false");
    return v && v->get<bool>();
  }
  const InputJson* find(const char* key) const {
    auto found = data_.find(key);
    return found == data_.end() || found->is_null() ? nullptr : &*found;
  }
  const std::string& where() const { return where_; }

 private:
  const InputJson& data_;
  std::string where_;
};

/// "node 3": where something stands in a list, from 1.
inline std::string numbered(const char* what, size_t number) {
  return std::string(what) + " " + std::to_string(number);
}

}  // namespace moonlab::run
