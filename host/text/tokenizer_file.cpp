#include "host/text/tokenizer_file.hpp"

#include <algorithm>

#include "host/error.hpp"
#include "host/text/config.hpp"
#include "host/text/tokenizer_json.hpp"
#include "host/text/unicode.hpp"
#include "host/text/wordpiece.hpp"

namespace moonlab::text {

namespace {

// BERT's vocab.txt: the line's number is the id.
std::shared_ptr<Tokenizer> read_vocabulary(const std::filesystem::path& file, const Normalizer& normalizer) {
  const std::string content = read_whole(file);
  std::vector<std::string> tokens;
  for (size_t from = 0; from < content.size();) {
    size_t end = std::min(content.find('\n', from), content.size());
    std::string line = content.substr(from, end - from);
    from = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    if (find_invalid(line) != std::string::npos)
      fail(file.string(), ": line ", tokens.size() + 1, ": the token is no UTF-8");
    tokens.push_back(std::move(line));
  }
  if (tokens.empty()) fail(file.string(), ": holds no tokens");
  auto id = [&](const char* token) {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    if (found == tokens.end()) fail(file.string(), ": no token '", token, "'; a vocabulary of BERT has one");
    return static_cast<int32_t>(found - tokens.begin());
  };
  WordPieceOptions options;
  options.normalizer = normalizer;
  options.before = {id("[CLS]")};
  options.after = {id("[SEP]")};
  options.pair = {{PairPart::kSpecial, options.before, 0},
                  {PairPart::kFirst, {}, 0},
                  {PairPart::kSpecial, options.after, 0},
                  {PairPart::kSecond, {}, 1},
                  {PairPart::kSpecial, options.after, 1}};
  for (const char* special : {"[UNK]", "[SEP]", "[CLS]"}) options.added.push_back({special, id(special)});
  for (const char* special : {"[PAD]", "[MASK]"})
    if (std::find(tokens.begin(), tokens.end(), special) != tokens.end())
      options.added.push_back({special, id(special)});
  return std::make_shared<WordPiece>(std::move(tokens), std::move(options));
}

// What the tokenizer_config.json beside a vocab.txt says of it, where there is one.
Normalizer normalizer_of(const std::filesystem::path& folder, bool lower) {
  Normalizer normalizer;
  normalizer.lower = normalizer.strip_accents = lower;
  const auto file = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(file)) return normalizer;
  const auto config = read_config(file);
  auto flag = [&](const char* key, bool fallback) {
    auto found = config.find(key);
    if (found == config.end() || found->is_null()) return fallback;
    if (!found->is_boolean()) fail(file.string(), ": '", key, "' is neither true nor false");
    return found->get<bool>();
  };
  normalizer.lower = flag("do_lower_case", lower);
  normalizer.strip_accents = flag("strip_accents", normalizer.lower);
  normalizer.split_cjk = flag("tokenize_chinese_chars", true);
  return normalizer;
}

}  // namespace

std::shared_ptr<Tokenizer> read_tokenizer(const std::filesystem::path& path, bool lower) {
  if (std::filesystem::is_directory(path)) {
    if (std::filesystem::exists(path / "tokenizer.json")) return read_tokenizer(path / "tokenizer.json", lower);
    if (std::filesystem::exists(path / "vocab.txt"))
      return read_vocabulary(path / "vocab.txt", normalizer_of(path, lower));
    fail("no tokenizer in ", path.string(), ": it holds neither tokenizer.json nor vocab.txt");
  }
  if (path.extension() != ".json") {
    Normalizer normalizer;
    normalizer.lower = normalizer.strip_accents = lower;
    return read_vocabulary(path, normalizer);
  }
  return parse_tokenizer(read_whole(path), path.string());
}

}  // namespace moonlab::text
