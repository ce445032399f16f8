// Classes of modules by name: their arguments, defaults and builders.
#include <map>

#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

std::map<std::string, Kind>& registry() {
  static std::map<std::string, Kind> map;
  return map;
}

}  // namespace

Register::Register(std::string name, Options arguments, std::function<std::shared_ptr<Module>(const Options&)> build) {
  registry()[name] = {name, std::move(arguments), std::move(build)};
}

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const auto& [name, k] : registry()) names.push_back(name);
  return names;
}

const Kind& kind(const std::string& name) {
  auto found = registry().find(name);
  if (found == registry().end()) fail("unknown module '", name, "'", did_you_mean(name, kinds()));
  return found->second;
}

std::shared_ptr<Module> build(const std::string& name, const Options& options) {
  const Kind& k = kind(name);
  Options all = Options::object();
  std::vector<std::string> names;
  for (const auto& [key, fallback] : k.arguments.items()) {
    names.push_back(key);
    if (options.contains(key)) {
      // Lua has one kind of number: what is a fraction by default is one also where a whole number is given
      const bool whole = fallback.is_number_float() && options[key].is_number_integer();
      all[key] = whole ? Options(options[key].get<double>()) : options[key];
    }
    else if (fallback.is_null()) fail("nn.", name, ": '", key, "' must be given");
    else all[key] = fallback;
  }
  for (const auto& [key, value] : options.items())
    if (!k.arguments.contains(key)) fail("nn.", name, ": unknown option '", key, "'", did_you_mean(key, names));
  try {
    auto module = k.build(all);
    module->made_with_ = std::move(all);
    return module;
  } catch (const nlohmann::json::exception& e) {
    fail("nn.", name, ": an option has the wrong type in ", all.dump());
  }
}

std::vector<int64_t> integers(const Options& value, size_t n) {
  if (value.is_number_integer()) return std::vector<int64_t>(n, value.get<int64_t>());
  auto list = value.get<std::vector<int64_t>>();
  if (list.size() != n) fail("expected one integer or ", n, ", got ", value.dump());
  return list;
}

}  // namespace moonlab::nn
