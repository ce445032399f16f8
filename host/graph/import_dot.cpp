// The part of the DOT language that label graphs need.
#include <cctype>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "host/error.hpp"
#include "host/graph/import.hpp"

namespace moonlab::graph {

namespace {

/// An identifier, a quoted text or a sign; with the line it stands on.
struct Sign {
  std::string text;
  bool name = false;  // an identifier or quoted text
  int line = 0;
};

class Reader {
 public:
  Reader(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) { advance(); }

  Description read() {
    if (is_word("strict")) advance();
    if (is_word("graph")) bad("an undirected graph; a label graph is a digraph");
    if (!is_word("digraph")) bad("expected 'digraph'");
    advance();
    if (now_.name) advance();
    statements("");
    if (!now_.text.empty() || now_.name) bad("text after the graph");
    return std::move(d_);
  }

 private:
  [[noreturn]] void bad(const std::string& what) const {
    fail(path_, ":", now_.line, ": ", what, now_.name || !now_.text.empty() ? ", got '" + now_.text + "'" : ", got the end of the file");
  }
  bool is(const char* sign) const { return !now_.name && now_.text == sign; }
  bool is_word(const char* word) const {  // keywords do not care about case
    return now_.name && now_.text.size() == std::strlen(word) &&
           std::equal(now_.text.begin(), now_.text.end(), word, [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  }
  void expect(const char* sign) {
    if (!is(sign)) bad(std::string("expected '") + sign + "'");
    advance();
  }
  std::string name() {
    if (!now_.name) bad("expected a name");
    std::string text = now_.text;
    advance();
    return text;
  }

  void advance() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) line_ += text_[at_++] == '\n';
      if (text_.compare(at_, 2, "//") == 0 || (at_ < text_.size() && text_[at_] == '#')) {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_.compare(at_, 2, "/*") == 0) {
        const size_t end = text_.find("*/", at_);
        if (end == text_.npos) fail(path_, ":", line_, ": a comment is not closed");
        for (; at_ < end + 2; ++at_) line_ += text_[at_] == '\n';
      } else {
        break;
      }
    }
    now_ = {"", false, line_};
    if (at_ >= text_.size()) return;
    auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || static_cast<unsigned char>(c) >= 128; };
    if (text_[at_] == '"') {
      now_.name = true;
      for (++at_;; ++at_) {
        if (at_ >= text_.size()) fail(path_, ":", now_.line, ": a quote is not closed");
        if (text_[at_] == '"') break;
        if (text_[at_] == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) ++at_;
        line_ += text_[at_] == '\n';
        now_.text += text_[at_];
      }
      ++at_;
    } else if (letter(text_[at_]) || (text_[at_] == '-' && at_ + 1 < text_.size() && letter(text_[at_ + 1]))) {
      now_.name = true;
      do now_.text += text_[at_++];
      while (at_ < text_.size() && letter(text_[at_]));
    } else if (text_.compare(at_, 2, "->") == 0 || text_.compare(at_, 2, "--") == 0) {
      now_.text = text_.substr(at_, 2);
      at_ += 2;
    } else {
      now_.text = text_[at_++];
    }
  }

  using Attributes = std::vector<std::pair<std::string, std::string>>;
  Attributes attributes() {
    Attributes all;
    while (is("[")) {
      advance();
      while (!is("]")) {
        const std::string key = name();
        std::string value = "true";
        if (is("=")) {
          advance();
          if (is("<")) bad("HTML texts are not read");
          value = name();
        }
        all.emplace_back(key, value);
        if (is(",") || is(";")) advance();
      }
      advance();
    }
    return all;
  }

  void declare(const std::string& node, const std::string& block) {
    if (nodes_.insert(node).second) d_.nodes.push_back(node);
    if (!block.empty() && blocks_.insert({node, block}).second) d_.blocks.emplace_back(node, block);
  }
  void describe(const std::string& node, const Attributes& attributes) {
    for (const auto& [key, value] : attributes) {
      if (key == "block") declare(node, value);
      if (key == "shape" && value == "box") d_.labels.push_back(node);
    }
  }

  /// { statements }; returns the nodes named in it, for a -> { b c }.
  std::vector<std::string> statements(const std::string& outer) {
    expect("{");
    if (++depth_ > 64) bad("subgraphs nested more than 64 deep");
    std::vector<std::string> inside;
    std::string block = outer;
    while (!is("}")) {
      if (is(";") || is(",")) {
        advance();
        continue;
      }
      if (is_word("graph") || is_word("node") || is_word("edge")) {
        const bool own = is_word("graph");
        advance();
        for (const auto& [key, value] : attributes())
          if (own && key == "label" && !block.empty()) block = value;
        continue;
      }
      std::vector<std::string> ends = side(block, inside);
      if (ends.size() == 1 && is("=")) {  // label = "hair": of the subgraph
        advance();
        const std::string value = name();
        if (ends[0] == "label" && !block.empty()) block = value;
        continue;
      }
      if (is("--")) bad("an undirected edge in a digraph");
      std::vector<std::vector<std::string>> chain{ends};
      while (is("->")) {
        advance();
        chain.push_back(side(block, inside));
      }
      const auto given = attributes();
      for (const auto& part : chain)
        for (const auto& node : part) {
          // in a cluster a node that stands alone belongs to its block; the ends of an edge there need not
          declare(node, chain.size() == 1 ? block : "");
          inside.push_back(node);
        }
      if (chain.size() == 1 && ends.size() == 1) describe(ends[0], given);
      for (size_t i = 1; i < chain.size(); ++i)
        for (const auto& from : chain[i - 1])
          for (const auto& to : chain[i]) d_.edges.emplace_back(from, to);
    }
    advance();
    --depth_;
    return inside;
  }

  /// One side of an edge, or a statement's beginning: a node, or a subgraph's nodes.
  std::vector<std::string> side(const std::string& block, std::vector<std::string>& inside) {
    if (is_word("subgraph") || is("{")) {
      std::string inner = block;
      if (is_word("subgraph")) {
        advance();
        if (now_.name) {
          if (now_.text.starts_with("cluster")) inner = now_.text.substr(now_.text.starts_with("cluster_") ? 8 : 7);
          advance();
        }
      }
      auto nodes = statements(inner);
      inside.insert(inside.end(), nodes.begin(), nodes.end());
      return nodes;
    }
    std::string node = name();
    while (is(":")) advance(), name();  // a port
    return {node};
  }

  std::string path_, text_;
  size_t at_ = 0;
  int line_ = 1, depth_ = 0;
  Sign now_;
  Description d_;
  std::set<std::string> nodes_;
  std::set<std::pair<std::string, std::string>> blocks_;
};

}  // namespace

Description import_dot(const std::string& path, const ImportOptions& o) {
  std::ifstream file(path);
  if (!file) fail("graph.dot: cannot read ", path);
  std::stringstream text;
  text << file.rdbuf();
  return completed(Reader(path, text.str()).read(), o, path);
}

}  // namespace moonlab::graph
