// What all forms of text files share, and the small ones.
#include "host/data/texts_file.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "host/data/byte_source.hpp"
#include "host/error.hpp"
#include "host/text/unicode.hpp"

namespace moonlab::data {

namespace {

std::string place(const LabelledTexts& texts, size_t i) {
  if (texts.lines.empty()) return texts.file + ": text " + std::to_string(i);
  return texts.file + ": line " + std::to_string(texts.lines[i]);
}

}  // namespace

LabelledTexts read_trec(const std::filesystem::path& file, bool fine) {
  ByteSource in(file);
  LabelledTexts result;
  result.file = in.name();
  for (std::string_view line; in.read_line(line);) {
    if (line.empty()) continue;
    const size_t blank = line.find(' '), colon = line.find(':');
    if (blank == std::string_view::npos || colon == std::string_view::npos || colon == 0 || colon + 1 >= blank ||
        blank + 1 >= line.size())
      fail(in.name(), ": line ", in.line_number(), ": expected \"COARSE:fine question\"");
    const size_t broken = text::find_invalid(line);
    if (broken != std::string_view::npos)
      fail(in.name(), ": line ", in.line_number(), ": byte ", broken + 1, " is no UTF-8");
    result.texts.add(line.substr(blank + 1));
    result.labels.push_back({std::string(line.substr(0, fine ? blank : colon))});
    result.lines.push_back(in.line_number());
  }
  if (result.texts.size() == 0) fail(in.name(), ": holds no texts");
  return result;
}

std::map<std::string, LabelledTexts> read_text_splits(const std::filesystem::path& file) {
  ByteSource in(file);
  std::string content;
  for (std::string_view line; in.read_line(line);) content.append(line).push_back('\n');
  const auto lines_before = [&](size_t byte) {
    return 1 +
           std::count(content.begin(), content.begin() + static_cast<int64_t>(std::min(byte, content.size())), '\n');
  };
  nlohmann::json all;
  try {
    all = nlohmann::json::parse(content);
  } catch (const nlohmann::json::parse_error& e) {
    fail(in.name(), ": line ", lines_before(e.byte > 0 ? e.byte - 1 : 0), ": ",
         e.byte >= content.size() ? "the JSON is cut short" : "no JSON");
  }
  std::map<std::string, LabelledTexts> splits;
  if (!all.is_object()) fail(in.name(), ": expected an object of splits");
  for (const auto& [name, rows] : all.items()) {
    if (!rows.is_array()) fail(in.name(), ": '", name, "' is no list of [text, label]");
    LabelledTexts& split = splits[name];
    split.file = in.name() + ": " + name;
    for (const auto& row : rows) {
      if (!row.is_array() || row.size() != 2 || !row[0].is_string() || !row[1].is_string())
        fail(split.file, ": entry ", split.texts.size() + 1, " is no [text, label]");
      split.texts.add(row[0].get_ref<const std::string&>());
      split.labels.push_back({row[1].get<std::string>()});
    }
  }
  return splits;
}

std::vector<std::string> label_names(const std::vector<const LabelledTexts*>& files) {
  std::set<std::string> names;
  for (const auto* file : files)
    for (const auto& labels : file->labels) names.insert(labels.begin(), labels.end());
  return {names.begin(), names.end()};
}

Dataset text_dataset(const std::string& name, LabelledTexts texts, std::vector<std::string> class_names) {
  if (class_names.empty()) class_names = label_names({&texts});
  std::unordered_map<std::string_view, int64_t> number;
  for (size_t c = 0; c < class_names.size(); ++c) number.emplace(class_names[c], static_cast<int64_t>(c));
  size_t width = 1;
  for (const auto& labels : texts.labels) width = std::max(width, labels.size());
  const auto n = texts.texts.size();
  at::Tensor labels = at::full({n, static_cast<int64_t>(width)}, -1, at::kLong);
  auto* to = labels.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i < texts.labels.size(); ++i, to += width)
    for (size_t k = 0; k < texts.labels[i].size(); ++k) {
      const auto& label = texts.labels[i][k];
      auto found = number.find(label);
      if (found == number.end())
        fail(place(texts, i), ": unknown label '", label, "'", did_you_mean(label, class_names));
      if (std::find(to, to + k, found->second) != to + k) fail(place(texts, i), ": label '", label, "' is given twice");
      to[k] = found->second;
    }
  if (width == 1) labels = labels.flatten();
  return Dataset(make_text_samples(name, std::move(texts.texts), labels, std::move(class_names), texts.file));
}

}  // namespace moonlab::data
