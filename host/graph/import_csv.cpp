#include <array>
#include <fstream>
#include <map>

#include "host/error.hpp"
#include "host/graph/import.hpp"

namespace moonlab::graph {

namespace {

std::vector<std::string> fields_of(const std::string& line, char separator, const std::string& where) {
  std::vector<std::string> fields(1);
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == separator) {
      fields.emplace_back();
    } else if (line[i] == '"' && fields.back().empty()) {
      for (++i;; ++i) {
        if (i >= line.size()) fail(where, ": a quote is not closed");
        if (line[i] == '"' && (i + 1 >= line.size() || line[i + 1] != '"')) break;
        if (line[i] == '"') ++i;
        fields.back() += line[i];
      }
    } else {
      fields.back() += line[i];
    }
  }
  for (auto& f : fields) {
    const size_t first = f.find_first_not_of(" \r"), last = f.find_last_not_of(" \r");
    f = first == f.npos ? "" : f.substr(first, last - first + 1);
  }
  return fields;
}

}  // namespace

Description import_csv(const std::string& path, const ImportOptions& o) {
  std::ifstream file(path);
  if (!file) fail("graph.csv: cannot read ", path);
  Description d;
  std::map<std::pair<std::string, std::string>, int> edges;   // and the line that each stands in
  std::map<std::string, std::pair<std::string, int>> blocks;  // of nodes
  std::string line;
  char separator = 0;
  int columns[3] = {0, 1, 2};
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string where = path + ":" + std::to_string(number);
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (line.find_first_not_of(" \t\r") == line.npos || line[0] == '#') continue;
    const bool first = separator == 0;
    if (first) separator = line.find('\t') != line.npos ? '\t' : line.find(';') != line.npos ? ';' : ',';
    const auto fields = fields_of(line, separator, where);
    if (first) {
      int header[3] = {-1, -1, -1};
      for (size_t i = 0; i < fields.size(); ++i)
        for (int k = 0; k < 3; ++k)
          if (fields[i] == std::array{"parent", "child", "block"}[k]) header[k] = static_cast<int>(i);
      if (header[0] >= 0 && header[1] >= 0) {
        std::copy(header, header + 3, columns);
        continue;
      }
    }
    auto field = [&](int k) {
      return columns[k] >= 0 && columns[k] < static_cast<int>(fields.size()) ? fields[columns[k]] : "";
    };
    const std::string parent = field(0), child = field(1), block = field(2);
    if (parent.empty() || child.empty())
      fail(where, ": an edge is parent", separator == '\t' ? "<tab>" : std::string(1, separator), "child, got '", line,
           "'");
    if (fields.size() > 3 && columns[2] == 2)
      fail(where, ": ", fields.size(), " fields, expected parent, child and at most a block");
    const auto [edge, fresh] = edges.try_emplace({parent, child}, number);
    if (!fresh) fail(where, ": edge ", parent, "->", child, " stands in line ", edge->second, " already");
    d.edges.emplace_back(parent, child);
    if (block.empty()) continue;
    const auto [in, first_block] = blocks.try_emplace(child, block, number);
    if (first_block) d.blocks.emplace_back(child, block);
    else if (in->second.first != block)
      fail(where, ": node '", child, "' stands in block '", in->second.first, "' by line ", in->second.second,
           ", not in '", block, "'");
  }
  return completed(std::move(d), o, path);
}

}  // namespace moonlab::graph
