#include "host/run/run_facts.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

namespace moonlab::run {

namespace {

namespace fs = std::filesystem;
using Json = RunFacts::Json;
using Pairs = RunFacts::Pairs;

constexpr std::streamoff kTail = 64 * 1024;  // bytes of a history that are looked at

// A folder or a pipe of this name is no file to read.
bool is_file(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

std::string whole_file(const fs::path& file) {
  if (!is_file(file)) return "";
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The last lines of a file, without a first one that begins before them and a last one that a crash tore.
std::vector<std::string> last_lines(const fs::path& file) {
  if (!is_file(file)) return {};
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg(), start = std::max<std::streamoff>(0, size - kTail);
  in.seekg(start);
  std::string text(static_cast<size_t>(size - start), '\0');
  in.read(text.data(), size - start);
  text.resize(static_cast<size_t>(in.gcount()));
  std::vector<std::string> lines;
  size_t begin = start > 0 ? text.find('\n') + 1 : 0;
  for (size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

Json parsed(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

bool is_metric(const std::string& key, const Json& value) {
  static const std::set<std::string> bookkeeping{"epoch", "step", "seconds", "samples"};
  return (value.is_number() || value.is_null()) && !bookkeeping.contains(key);
}

void read_metrics(const fs::path& file, RunFacts& facts) {
  const auto lines = last_lines(file);
  Pairs others;
  std::set<std::string> seen;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const Json record = parsed(*line);
    if (!record.is_object()) continue;
    if (line == lines.rbegin()) {
      facts.final = record.value("final", Json()) == Json(true);
      for (auto [key, place] : {std::pair{"epoch", &facts.epoch}, {"step", &facts.step}, {"seconds", &facts.seconds}})
        if (auto found = record.find(key); found != record.end() && found->is_number()) *place = *found;
      for (const auto& key : record.value("final_keys", Json::array()))
        if (key.is_string() && record.contains(key) && is_metric(key, record[key.get<std::string>()]) &&
            seen.insert(key).second)
          facts.metrics.emplace_back(key, record[key.get<std::string>()]);
    }
    for (const auto& [key, value] : record.items())
      if (is_metric(key, value) && seen.insert(key).second) others.emplace_back(key, value);
  }
  // what is measured on data that was not trained on says more
  std::sort(others.begin(), others.end());
  std::stable_partition(others.begin(), others.end(), [](const auto& pair) { return !pair.first.starts_with("train."); });
  facts.metrics.insert(facts.metrics.end(), others.begin(), others.end());
}

// "0.5", "true", "text" of an override as values.
Json typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(number)) {
    if (std::trunc(number) == number && std::abs(number) < 9e15) return static_cast<int64_t>(number);
    return number;
  }
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

void read_params(RunFacts& facts) {
  if (const auto params = facts.meta.find("params"); params != facts.meta.end() && params->is_object())
    for (const auto& [key, value] : params->items()) facts.params.emplace_back(key, value);
  for (const auto& override : facts.meta.value("overrides", Json::array())) {
    if (!override.is_string()) continue;
    const auto text = override.get<std::string>();
    const size_t equals = text.find('=');
    if (equals == text.npos || text.starts_with("seed=") || text.starts_with("device=")) continue;
    const std::string key = text.substr(0, equals);
    const auto known = std::find_if(facts.params.begin(), facts.params.end(), [&](const auto& p) { return p.first == key; });
    if (known == facts.params.end()) facts.params.emplace_back(key, typed(text.substr(equals + 1)));
  }
}

// Maps whose order has a meaning are written as [[name, value], ...].
bool is_named_list(const Json& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const Json& entry) {
    return entry.is_array() && entry.size() == 2 && entry[0].is_string();
  });
}

void flatten(const std::string& path, const Json& value, Pairs& found) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items())
      if (key == "kind" && !path.empty()) found.emplace_back(path, inner);
      else flatten(prefix + key, inner, found);
  } else if (value.is_array() && is_named_list(value)) {
    for (const auto& entry : value) flatten(prefix + entry[0].get<std::string>(), entry[1], found);
  } else if (value.is_array() && std::any_of(value.begin(), value.end(), [](const Json& v) { return v.is_structured(); })) {
    for (size_t i = 0; i < value.size(); ++i) flatten(path + "[" + std::to_string(i + 1) + "]", value[i], found);
  } else {
    found.emplace_back(path, value);
  }
}

}  // namespace

RunFacts read_facts(const fs::path& run) {
  RunFacts facts;
  facts.status = whole_file(run / "status");
  facts.status.resize(std::min(facts.status.find('\n'), facts.status.size()));
  const auto letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  if (facts.status.empty() || !std::all_of(facts.status.begin(), facts.status.end(), letter)) facts.status = "unknown";
  facts.meta = parsed(whole_file(run / "meta.json"));
  if (!facts.meta.is_object()) facts.meta = Json::object();
  facts.config = whole_file(run / "config.json");
  read_metrics(run / "metrics.jsonl", facts);
  if (!facts.meta.contains("overrides") || !facts.meta["overrides"].is_array()) facts.meta["overrides"] = Json::array();
  read_params(facts);
  return facts;
}

Pairs flattened(const Json& config) {
  Pairs found;
  flatten("", config, found);
  return found;
}

}  // namespace moonlab::run
