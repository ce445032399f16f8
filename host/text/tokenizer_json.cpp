#include "host/text/tokenizer_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/error.hpp"
#include "host/text/bpe.hpp"
#include "host/text/unicode.hpp"
#include "host/text/wordpiece.hpp"

namespace moonlab::text {

namespace {

using Json = nlohmann::json;

class Reader {
 public:
  Reader(const std::string& text, std::string where) : where_(std::move(where)) {
    root_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (root_.is_discarded()) fail(where_, ": no JSON, or cut short");
    if (!root_.is_object()) fail(where_, ": expected a JSON object");
  }

  std::shared_ptr<Tokenizer> read() {
    const Json& model = part("model");
    read_added();
    const std::string type = string(model, "type", model.contains("merges") ? "BPE" : "WordPiece");
    try {
      if (type == "WordPiece") return wordpiece(model);
      if (type == "BPE") return byte_level(model);
    } catch (const Error& e) {
      const std::string text = e.what();
      if (text.compare(0, where_.size(), where_) == 0) throw;
      wrong(text);
    }
    wrong("a tokenizer of type '", type, "' is not known (WordPiece, BPE)");
  }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail(where_, ": ", parts...);
  }
  // A part of the root; null where it is absent.
  const Json& part(const std::string& name) const {
    static const Json nothing;
    auto found = root_.find(name);
    return found == root_.end() ? nothing : *found;
  }
  std::string string(const Json& of, const std::string& key, const std::string& fallback) const {
    auto found = of.is_object() ? of.find(key) : of.end();
    if (!of.is_object() || found == of.end() || found->is_null()) return fallback;
    if (!found->is_string()) wrong("'", key, "' is no text");
    return found->get<std::string>();
  }
  bool flag(const Json& of, const std::string& key, bool fallback) const {
    auto found = of.find(key);
    if (found == of.end() || found->is_null()) return fallback;
    if (!found->is_boolean()) wrong("'", key, "' is neither true nor false");
    return found->get<bool>();
  }
  int32_t id_of(const Json& value, const std::string& what) const {
    if (!value.is_number_integer() || value < 0 || value > 100'000'000)
      wrong("the id of ", what, " is no small number");
    return value.get<int32_t>();
  }

  void read_added() {
    const Json& list = part("added_tokens");
    if (list.is_null()) return;
    if (!list.is_array()) wrong("'added_tokens' is no list");
    for (const Json& item : list) {
      if (!item.is_object()) wrong("'added_tokens' holds what is no object");
      AddedToken token;
      token.content = string(item, "content", "");
      token.id = id_of(item.value("id", Json()), "added token '" + token.content + "'");
      token.special = flag(item, "special", false);
      token.single_word = flag(item, "single_word", false);
      token.strip_left = flag(item, "lstrip", false);
      token.strip_right = flag(item, "rstrip", false);
      token.normalized = flag(item, "normalized", !token.special);
      added_.push_back(std::move(token));
    }
  }

  // The model's vocabulary and the added tokens in the order of their ids.
  std::vector<std::string> vocabulary(const Json& model) const {
    const Json& vocab = model.value("vocab", Json());
    if (!vocab.is_object() || vocab.empty()) wrong("the model has no vocabulary");
    std::vector<std::pair<int32_t, std::string>> entries;
    for (const auto& [token, id] : vocab.items()) {
      if (find_invalid(token) != std::string::npos) wrong("a token is no UTF-8");
      entries.emplace_back(id_of(id, "'" + token + "'"), token);
    }
    for (const auto& token : added_)
      if (!vocab.contains(token.content)) entries.emplace_back(token.id, token.content);
      else if (vocab[token.content] != token.id) wrong("'", token.content, "' has two ids");
    std::sort(entries.begin(), entries.end());
    std::vector<std::string> tokens;
    for (auto& [id, token] : entries) {
      const auto next = static_cast<int32_t>(tokens.size());
      if (id < next) wrong("id ", id, " is given twice, to '", tokens[id], "' and '", token, "'");
      // holes happen in real files; a hole as large as the vocabulary is a mistake
      if (id > next + static_cast<int64_t>(entries.size()))
        wrong("id ", id, " of '", token, "' is far beyond ", next, " tokens");
      while (static_cast<int32_t>(tokens.size()) < id) tokens.emplace_back();
      tokens.push_back(std::move(token));
    }
    return tokens;
  }

  // What the post-processor puts around one text, and around and between two.
  template <class Options>
  void around(Options& options) const {
    const Json& processor = part("post_processor");
    if (processor.is_null()) return;
    const std::string type = string(processor, "type", "");
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      auto id = [&](const char* key) {
        const Json& pair = processor.value(key, Json());
        if (!pair.is_array() || pair.size() != 2) wrong("'", key, "' is no [token, id]");
        return id_of(pair[1], key);
      };
      const int32_t cls = id("cls"), sep = id("sep"), second = type == "BertProcessing" ? 1 : 0;
      options.before = {cls};
      options.after = {sep};
      options.pair = {{PairPart::kSpecial, {cls}, 0}, {PairPart::kFirst, {}, 0}, {PairPart::kSpecial, {sep}, 0}};
      if (!second) options.pair.push_back({PairPart::kSpecial, {sep}, 0});
      options.pair.push_back({PairPart::kSecond, {}, second});
      options.pair.push_back({PairPart::kSpecial, {sep}, second});
    } else if (type == "TemplateProcessing") {
      bool text = false;
      for (const PairPart& part : template_of("single"))
        if (part.kind != PairPart::kSpecial) {
          text = true;
        } else {
          auto& side = text ? options.after : options.before;
          side.insert(side.end(), part.ids.begin(), part.ids.end());
        }
      options.pair = template_of("pair");
    } else if (type != "ByteLevel") {
      wrong("a post-processor of type '", type,
            "' is not known (TemplateProcessing, BertProcessing, RobertaProcessing)");
    }
  }

  // A template of TemplateProcessing: "single" must be there, "pair" may be absent.
  std::vector<PairPart> template_of(const char* key) const {
    const Json& processor = part("post_processor");
    const Json& pieces = processor.value(key, Json());
    const Json& special = processor.value("special_tokens", Json());
    if (pieces.is_null() && std::string(key) == "pair") return {};
    if (!pieces.is_array()) wrong("the template '", key, "' is no list");
    std::vector<PairPart> parts;
    for (const Json& piece : pieces) {
      const bool sequence = piece.is_object() && piece.contains("Sequence");
      const Json content = piece.is_object() ? piece.value(sequence ? "Sequence" : "SpecialToken", Json()) : Json();
      const std::string name = string(content, "id", "");
      PairPart part;
      if (content.is_object() && content.contains("type_id"))
        part.type = id_of(content["type_id"], "a template's type");
      if (sequence) {
        part.kind = name == "B" ? PairPart::kSecond : PairPart::kFirst;
      } else {
        const Json& ids = special.is_object() && special.contains(name) ? special[name].value("ids", Json()) : Json();
        if (!ids.is_array()) wrong("the template's token '", name, "' has no ids");
        for (const Json& id : ids) part.ids.push_back(id_of(id, "'" + name + "'"));
      }
      parts.push_back(std::move(part));
    }
    return parts;
  }

  std::shared_ptr<Tokenizer> wordpiece(const Json& model) const {
    WordPieceOptions options;
    const Json& normalizer = part("normalizer");
    const std::string kind = string(normalizer, "type", "");
    if (kind != "BertNormalizer") wrong("WordPiece with the normalizer '", kind, "' is not known (BertNormalizer)");
    options.normalizer.clean = flag(normalizer, "clean_text", true);
    options.normalizer.split_cjk = flag(normalizer, "handle_chinese_chars", true);
    options.normalizer.lower = flag(normalizer, "lowercase", true);
    options.normalizer.strip_accents = flag(normalizer, "strip_accents", options.normalizer.lower);
    const std::string splitter = string(part("pre_tokenizer"), "type", "");
    if (splitter != "BertPreTokenizer")
      wrong("WordPiece with the pre-tokenizer '", splitter, "' is not known (BertPreTokenizer)");
    options.unknown = string(model, "unk_token", "[UNK]");
    options.prefix = string(model, "continuing_subword_prefix", "##");
    if (const Json& most = model.value("max_input_chars_per_word", Json(100)); true)
      options.max_characters = id_of(most, "max_input_chars_per_word");
    if (const Json& decoder = part("decoder"); decoder.is_object()) options.cleanup = flag(decoder, "cleanup", true);
    options.added = added_;
    around(options);
    return std::make_shared<WordPiece>(vocabulary(model), std::move(options));
  }

  std::shared_ptr<Tokenizer> byte_level(const Json& model) const {
    BpeOptions options;
    const Json& splitter = part("pre_tokenizer");
    const std::string kind = string(splitter, "type", "");
    if (kind != "ByteLevel") wrong("BPE with the pre-tokenizer '", kind, "' is not known (ByteLevel)");
    if (!flag(splitter, "use_regex", true)) wrong("BPE without GPT-2's cutting rule is not known");
    if (!part("normalizer").is_null()) wrong("BPE with a normalizer is not known");
    for (const char* key : {"dropout", "byte_fallback", "ignore_merges"})
      if (model.contains(key) && !model[key].is_null() && model[key] != false)
        wrong("BPE with '", key, "' is not known");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!string(model, key, "").empty()) wrong("BPE with '", key, "' is not known");
    options.prefix_space = flag(splitter, "add_prefix_space", false);
    options.unknown = string(model, "unk_token", "");
    options.added = added_;
    around(options);
    std::vector<std::string> tokens = vocabulary(model);
    for (const char* padding : {"<pad>", "[PAD]"})
      if (std::find(tokens.begin(), tokens.end(), padding) != tokens.end()) options.padding = padding;
    const Json& merges = model.value("merges", Json());
    if (!merges.is_array()) wrong("'merges' is no list");
    for (const Json& merge : merges) {
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        options.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      } else {
        const std::string text = merge.is_string() ? merge.get<std::string>() : "";
        const size_t blank = text.find(' ');
        if (blank == std::string::npos) wrong("merge ", options.merges.size() + 1, " is no pair");
        options.merges.emplace_back(text.substr(0, blank), text.substr(blank + 1));
      }
    }
    return std::make_shared<ByteLevelBpe>(std::move(tokens), std::move(options));
  }

  std::string where_;
  Json root_;
  std::vector<AddedToken> added_;
};

}  // namespace

std::shared_ptr<Tokenizer> parse_tokenizer(const std::string& text, const std::string& where) {
  return Reader(text, where).read();
}

}  // namespace moonlab::text
