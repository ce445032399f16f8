#include "host/graph/import_wordnet.hpp"

#include <algorithm>
#include <cstdio>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "host/error.hpp"

namespace moonlab::graph {

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) fail("wordnet: cannot read ", path);
  std::string text(static_cast<size_t>(file.tellg()), '\0');
  file.seekg(0);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) fail("wordnet: cannot read ", path);
  return text;
}

std::string find_folder(const std::string& given) {
  std::vector<std::string> places;
  if (!given.empty()) places.push_back(given);
  else {
    if (const char* dir = std::getenv("WNSEARCHDIR")) places.emplace_back(dir);
    if (const char* home = std::getenv("WNHOME")) places.push_back(std::string(home) + "/dict");
    places.emplace_back("/usr/share/wordnet");
  }
  for (const auto& place : places)
    if (std::filesystem::exists(place + "/data.noun")) return place;
  std::string tried;
  for (const auto& place : places) tried += (tried.empty() ? "" : ", ") + place;
  fail("wordnet: no dictionary (data.noun) in ", tried, given.empty() ? "; Debian's package wordnet-base has one" : "");
}

/// The fields of a line, from left to right; what does not fit raises with file and line.
class Fields {
 public:
  Fields(std::string_view line, const std::string& file, size_t number) : rest_(line), file_(file), number_(number) {}

  std::string_view word() {
    const size_t end = rest_.find(' ');
    if (rest_.empty() || end == 0) bad("a field is missing");
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return field;
  }
  int64_t number(int base = 10) {
    const std::string_view field = word();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (error != std::errc() || end != field.data() + field.size() || value < 0)
      bad("'" + std::string(field) + "' is no number");
    return value;
  }
  [[noreturn]] void bad(const std::string& what) const { fail(file_, ":", number_, ": ", what, "; not WordNet's format"); }

 private:
  std::string_view rest_;
  const std::string& file_;
  size_t number_;
};

/// Calls work(line, number) for every line but the licence, whose lines start with two spaces.
template <class Work>
void each_line(const std::string& text, Work&& work) {
  size_t at = 0, number = 0;
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    if (end == text.npos) end = text.size();
    ++number;
    if (end > at && text.compare(at, 2, "  ") != 0) work(std::string_view(text).substr(at, end - at), number);
    at = end + 1;
  }
}

struct Synset {
  int64_t offset;
  std::string_view word;  // the first
  int64_t sense = 1;      // which of the word's senses
  uint32_t parents, end;  // in `parents` of the dictionary
};

struct Dictionary {
  std::string data, index;
  std::vector<Synset> synsets;  // by offset
  std::vector<int64_t> parents;

  explicit Dictionary(const std::string& folder);

  int find(int64_t offset) const {
    auto at = std::lower_bound(synsets.begin(), synsets.end(), offset,
                               [](const Synset& s, int64_t o) { return s.offset < o; });
    return at != synsets.end() && at->offset == offset ? static_cast<int>(at - synsets.begin()) : -1;
  }
  std::string name(const Synset& s, SynsetName kind) const;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view a, std::string_view lowered) {
  return a.size() == lowered.size() &&
         std::equal(a.begin(), a.end(), lowered.begin(), [](char x, char y) { return lower(x) == y; });
}

Dictionary::Dictionary(const std::string& folder)
    : data(read(folder + "/data.noun")), index(read(folder + "/index.noun")) {
  const std::string data_file = folder + "/data.noun", index_file = folder + "/index.noun";
  synsets.reserve(data.size() / 180);
  parents.reserve(data.size() / 170);
  each_line(data, [&](std::string_view line, size_t number) {
    Fields f(line, data_file, number);
    Synset s{};
    s.offset = f.number();
    f.word();  // the lexicographer's file
    if (f.word() != "n") f.bad("a synset that is no noun");
    const int64_t words = f.number(16);
    if (words < 1) f.bad("a synset without words");
    for (int64_t i = 0; i < words; ++i) {
      const std::string_view word = f.word();
      if (i == 0) s.word = word;
      f.word();  // its id among the lexicographer's words
    }
    s.parents = static_cast<uint32_t>(parents.size());
    for (int64_t pointers = f.number(); pointers > 0; --pointers) {
      const std::string_view symbol = f.word();
      const int64_t target = f.number();
      f.word(), f.word();  // part of speech, which words
      if (symbol == "@" || symbol == "@i") parents.push_back(target);
    }
    s.end = static_cast<uint32_t>(parents.size());
    if (!synsets.empty() && synsets.back().offset >= s.offset) f.bad("offsets do not ascend");
    synsets.push_back(s);
  });
  each_line(index, [&](std::string_view line, size_t number) {
    Fields f(line, index_file, number);
    const std::string_view word = f.word();
    f.word();  // part of speech
    const int64_t senses = f.number();
    for (int64_t pointers = f.number(); pointers > 0; --pointers) f.word();
    f.word(), f.word();  // senses again, senses that are ranked
    for (int64_t k = 1; k <= senses; ++k) {
      const int at = find(f.number());
      if (at < 0) f.bad("a sense that data.noun lacks");
      if (same_word(synsets[at].word, word)) synsets[at].sense = k;
    }
  });
}

std::string Dictionary::name(const Synset& s, SynsetName kind) const {
  char digits[16];
  if (kind == SynsetName::wnid) {
    std::snprintf(digits, sizeof digits, "n%08lld", static_cast<long long>(s.offset));
    return digits;
  }
  std::snprintf(digits, sizeof digits, ".n.%02lld", static_cast<long long>(s.sense));
  std::string name(s.word);
  for (char& c : name) c = lower(c);
  return name + digits;
}

/// Synsets by the names that people write: "dog.n.01", "n02084071", "dog".
class Names {
 public:
  explicit Names(const Dictionary& d) : d_(d) {
    numbers_.reserve(d.synsets.size());
    for (size_t i = 0; i < d.synsets.size(); ++i) {
      names_.push_back(d.name(d.synsets[i], SynsetName::synset));
      numbers_.emplace(names_.back(), static_cast<int>(i));
    }
  }
  int at(const std::string& name, const char* what) const {
    if (auto found = numbers_.find(name); found != numbers_.end()) return found->second;
    if (name.size() == 9 && name[0] == 'n') {
      int64_t offset = 0;
      const auto [end, error] = std::from_chars(name.data() + 1, name.data() + 9, offset);
      if (error == std::errc() && end == name.data() + 9)
        if (const int number = d_.find(offset); number >= 0) return number;
    }
    std::string word = name;
    for (char& c : word) c = c == ' ' ? '_' : lower(c);
    if (auto found = numbers_.find(word + ".n.01"); found != numbers_.end()) return found->second;
    fail("wordnet: no noun synset '", name, "' for ", what, did_you_mean(word + ".n.01", names_));
  }

 private:
  const Dictionary& d_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, int> numbers_;
};

}  // namespace

Description import_wordnet(const WordNetOptions& o) {
  const Dictionary d(find_folder(o.folder));
  const auto n = static_cast<int>(d.synsets.size());
  if (n == 0) fail("wordnet: the dictionary has no nouns");
  std::vector<std::vector<int>> children(n);
  for (int i = 0; i < n; ++i)
    for (uint32_t k = d.synsets[i].parents; k < d.synsets[i].end; ++k) {
      const int parent = d.find(d.parents[k]);
      if (parent < 0) fail("wordnet: synset ", d.name(d.synsets[i], SynsetName::wnid), " lies below ", d.parents[k], ", which data.noun lacks");
      children[parent].push_back(i);
    }
  int root = 0;
  std::vector<int> labels;
  if (!o.labels.empty() || d.name(d.synsets[0], SynsetName::synset) != o.root) {
    const Names names(d);
    root = names.at(o.root, "the root");
    for (const auto& label : o.labels) labels.push_back(names.at(label, "a label"));
  }
  std::vector<char> below(n, 0), kept(n, 1);
  std::vector<int> queue{root};
  below[root] = 1;
  for (size_t i = 0; i < queue.size(); ++i)
    for (int c : children[queue[i]])
      if (!below[c]) below[c] = 1, queue.push_back(c);
  for (size_t k = 0; k < labels.size(); ++k)
    if (!below[labels[k]])
      fail("wordnet: label '", o.labels[k], "' (", d.name(d.synsets[labels[k]], SynsetName::synset), ") does not lie below the root '", o.root, "'");
  if (!labels.empty() && o.only_ancestors) {
    std::fill(kept.begin(), kept.end(), 0);
    queue.assign(labels.begin(), labels.end());
    for (int l : labels) kept[l] = 1;
    for (size_t i = 0; i < queue.size(); ++i)
      for (uint32_t k = d.synsets[queue[i]].parents; k < d.synsets[queue[i]].end; ++k)
        if (const int p = d.find(d.parents[k]); !kept[p]) kept[p] = 1, queue.push_back(p);
  }
  Description g;
  std::vector<std::string> name(n);
  for (int i = 0; i < n; ++i)
    if (below[i] && kept[i]) name[i] = d.name(d.synsets[i], o.names);
  g.root = name[root];
  std::vector<char> in_block(n, 0);
  for (int i = 0; i < n; ++i) {
    if (name[i].empty()) continue;
    if (i != root) g.nodes.push_back(name[i]);
    bool leaf = true;
    for (int c : children[i]) {
      if (name[c].empty()) continue;
      leaf = false;
      g.edges.emplace_back(name[i], name[c]);
      if (o.blocks && !in_block[c]) in_block[c] = 1, g.blocks.emplace_back(name[c], "below " + name[i]);
    }
    if (labels.empty() && leaf && i != root) g.labels.push_back(name[i]);
  }
  for (int l : labels)
    if (std::find(g.labels.begin(), g.labels.end(), name[l]) == g.labels.end()) g.labels.push_back(name[l]);
  return g;
}

}  // namespace moonlab::graph
