// Tables of texts: CSV, TSV, JSON Lines.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "host/data/byte_source.hpp"
#include "host/data/texts_file.hpp"
#include "host/error.hpp"
#include "host/text/unicode.hpp"

namespace moonlab::data {

namespace {

std::string format_of(const std::filesystem::path& file, const std::string& wish) {
  const std::vector<std::string> known{"csv", "tsv", "jsonl"};
  std::string format = wish;
  if (format.empty()) {
    std::filesystem::path bare = file.extension() == ".gz" ? file.stem() : file;
    format = bare.extension().string();
    if (!format.empty()) format.erase(0, 1);
    if (format == "txt" || format == "tab") format = "tsv";
    if (std::find(known.begin(), known.end(), format) == known.end())
      fail(file.string(), ": its ending does not tell the format; give format = \"csv\", \"tsv\" or \"jsonl\"");
  }
  if (std::find(known.begin(), known.end(), format) == known.end())
    fail("unknown format '", format, "'", did_you_mean(format, known), " (csv, tsv, jsonl)");
  return format;
}

class Table {
 public:
  Table(const std::filesystem::path& file, const TableOptions& options)
      : in_(file), options_(options), format_(format_of(file, options.format)) {
    if (options.text.empty()) fail(in_.name(), ": name at least one column of text");
    result_.file = in_.name();
  }

  LabelledTexts read() {
    if (format_ == "jsonl") read_objects();
    else read_rows();
    if (result_.texts.size() == 0) fail(in_.name(), ": holds no texts");
    return std::move(result_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail(in_.name(), ": line ", line_, ": ", parts...);
  }

  // The next line that is not empty, checked.
  bool next_line(std::string_view& line) {
    do {
      if (!in_.read_line(line)) return false;
      line_ = in_.line_number();
      if (line_ == 1 && line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);
    } while (line.empty());
    check(line);
    return true;
  }
  void check(std::string_view line) const {
    const size_t broken = text::find_invalid(line);
    if (broken != std::string_view::npos)
      fail(in_.name(), ": line ", in_.line_number(), ": byte ", broken + 1, " is no UTF-8");
  }

  bool next_row(std::vector<std::string>& row) {
    std::string_view line;
    if (!next_line(line)) return false;
    row.assign(1, {});
    if (format_ == "tsv") {
      for (char c : line)
        if (c == '\t') row.emplace_back();
        else row.back() += c;
      return true;
    }
    bool quoted = false, closed = false;
    for (size_t i = 0;; ++i) {
      if (i == line.size()) {
        if (!quoted) return true;
        if (!in_.read_line(line)) wrong("a quote is opened and never closed");
        check(line);
        row.back() += '\n';
        i = static_cast<size_t>(-1);
        continue;
      }
      const char c = line[i];
      if (quoted) {
        if (c != '"') row.back() += c;
        else if (i + 1 < line.size() && line[i + 1] == '"') row.back() += line[i++];
        else quoted = false, closed = true;
      } else if (c == ',') {
        row.emplace_back();
        closed = false;
      } else if (c == '"' && row.back().empty() && !closed) {
        quoted = true;
      } else if (closed) {
        wrong("column ", row.size(), ": text after a closing quote");
      } else {
        row.back() += c;
      }
    }
  }

  size_t column(const std::string& name, const std::vector<std::string>& header, size_t columns) const {
    auto found = std::find(header.begin(), header.end(), name);
    if (options_.header && found != header.end()) return found - header.begin();
    size_t number = 0;
    auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = code == std::errc() && end == name.data() + name.size();
    if (is_number && number >= 1 && number <= columns) return number - 1;
    if (is_number) fail(in_.name(), ": there is no column ", number, ": it has ", columns);
    if (!options_.header) fail(in_.name(), ": column '", name, "': without a header columns are numbers from 1");
    std::string list;
    for (const auto& h : header) list += (list.empty() ? "" : ", ") + h;
    fail(in_.name(), ": no column '", name, "'", did_you_mean(name, header), " (", list, ")");
  }

  void read_rows() {
    std::vector<std::string> header, row;
    if (!next_row(header)) return;
    const size_t columns = header.size();
    std::vector<size_t> of_text;
    for (const auto& name : options_.text) of_text.push_back(column(name, header, columns));
    const size_t of_label = column(options_.label, header, columns);
    bool first = !options_.header;
    while (first || next_row(row)) {
      if (first) row = header;
      first = false;
      if (row.size() != columns) wrong("expected ", columns, " columns, got ", row.size());
      result_.texts.add(row[of_text[0]]);
      for (size_t i = 1; i < of_text.size(); ++i) {
        result_.texts.extend(" ");
        result_.texts.extend(row[of_text[i]]);
      }
      put_labels(row[of_label]);
    }
  }

  void read_objects() {
    for (std::string_view line; next_line(line);) {
      const auto row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (row.is_discarded()) wrong("no JSON, or cut short");
      if (!row.is_object()) wrong("expected a JSON object");
      auto value = [&](const std::string& key) -> const nlohmann::json& {
        auto found = row.find(key);
        if (found != row.end()) return *found;
        std::vector<std::string> keys;
        for (const auto& [k, v] : row.items()) keys.push_back(k);
        wrong("no key '", key, "'", did_you_mean(key, keys));
      };
      for (size_t i = 0; i < options_.text.size(); ++i) {
        const auto& text = value(options_.text[i]);
        if (!text.is_string()) wrong("'", options_.text[i], "' is no text");
        if (i == 0) {
          result_.texts.add(text.get_ref<const std::string&>());
        } else {
          result_.texts.extend(" ");
          result_.texts.extend(text.get_ref<const std::string&>());
        }
      }
      const auto& label = value(options_.label);
      if (label.is_array()) {
        std::vector<std::string> labels;
        for (const auto& item : label) labels.push_back(one_label(item));
        if (labels.empty()) wrong("has no label");
        result_.labels.push_back(std::move(labels));
        result_.lines.push_back(line_);
      } else {
        put_labels(one_label(label));
      }
    }
  }
  std::string one_label(const nlohmann::json& value) const {
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value.get<std::string>();
    if (value.is_number_integer() || value.is_boolean()) return value.dump();
    wrong("'", options_.label, "' is no label: a text, a whole number, or a list of them");
  }

  void put_labels(const std::string& cell) {
    std::vector<std::string> labels;
    size_t from = 0;
    while (true) {
      size_t end = options_.separator.empty() ? std::string::npos : cell.find(options_.separator, from);
      std::string label = cell.substr(from, end == std::string::npos ? end : end - from);
      const size_t a = label.find_first_not_of(" \t"), b = label.find_last_not_of(" \t");
      if (a == std::string::npos) wrong(cell.empty() ? "has no label" : "an empty label in '" + cell + "'");
      labels.push_back(label.substr(a, b - a + 1));
      if (end == std::string::npos) break;
      from = end + options_.separator.size();
    }
    result_.labels.push_back(std::move(labels));
    result_.lines.push_back(line_);
  }

  ByteSource in_;
  const TableOptions& options_;
  std::string format_;
  LabelledTexts result_;
  int64_t line_ = 0;
};

}  // namespace

LabelledTexts read_text_table(const std::filesystem::path& file, const TableOptions& options) {
  return Table(file, options).read();
}

}  // namespace moonlab::data
