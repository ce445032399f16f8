// require "host.text": tokenizers.
#include "bindings/text.hpp"

#include "bindings/all.hpp"
#include "bindings/data.hpp"
#include "host/text/batch.hpp"
#include "host/text/config.hpp"
#include "host/text/tokenizer_file.hpp"
#include "host/text/vocabulary.hpp"

namespace moonlab::lua {

using data::Dataset;
using text::Tokenizer;

namespace {

/// train_vocabulary({ dataset, ... }, { min_count = 1, max_size = 50000, lower = true }) -> tokenizer
int train_vocabulary(lua_State* L) {
  const Json o = check_options(L, 2, {"min_count", "max_size", "lower"});
  text::VocabularyOptions options;
  options.min_count = o.value("min_count", options.min_count);
  options.max_size = o.value("max_size", options.max_size);
  options.lower = o.value("lower", options.lower);
  std::vector<std::shared_ptr<Dataset>> datasets;
  if (!lua_istable(L, 1)) argument_error(L, 1, "a list of datasets");
  for (int i = 1; lua_rawgeti(L, 1, i), !lua_isnil(L, -1); ++i) {
    datasets.push_back(check_object<Dataset>(L, lua_gettop(L)));
    if (!datasets.back()->samples().is_text()) fail("'", datasets.back()->name(), "' holds images, not texts");
    lua_pop(L, 1);
  }
  std::vector<text::TextRows> parts;
  for (const auto& d : datasets) parts.push_back({d->samples().texts, d->rows()});
  push_object<Tokenizer>(L, text::train_vocabulary(parts, options));
  return 1;
}

/// read_tokenizer(path [, { lower = true }]): a folder, a tokenizer.json or a vocab.txt -> tokenizer
int read_tokenizer(lua_State* L) {
  const Json o = check_options(L, 2, {"lower"});
  push_object<Tokenizer>(L, text::read_tokenizer(check_string(L, 1), o.value("lower", true)));
  return 1;
}

/// read_config(file) -> the JSON object of a file as a table
int read_config(lua_State* L) {
  push(L, text::read_config(check_string(L, 1)));
  return 1;
}

/// by_length(dataset, tokenizer, max_length) -> long [n], the samples by falling number of tokens
int by_length(lua_State* L) {
  const auto dataset = check_object<Dataset>(L, 1);
  const data::Samples& samples = dataset->samples();
  if (!samples.is_text()) fail("'", dataset->name(), "' holds images, not texts");
  const auto tokens = samples.tokens.get(samples.texts, *check_object<Tokenizer>(L, 2), check_integer(L, 3));
  push(L, tokens->by_length(dataset->rows()));
  return 1;
}

const Tokenizer& self(lua_State* L) { return *check_object<Tokenizer>(L, 1); }

int size(lua_State* L) {
  lua_pushinteger(L, self(L).size());
  return 1;
}
int pad(lua_State* L) {
  lua_pushinteger(L, self(L).pad());
  return 1;
}
int token(lua_State* L) {
  push(L, self(L).token(check_integer(L, 2)));
  return 1;
}
int id(lua_State* L) {
  const int64_t found = self(L).id(check_string(L, 2));
  if (found < 0) lua_pushnil(L);
  else lua_pushinteger(L, found);
  return 1;
}
int fingerprint(lua_State* L) {
  push(L, self(L).fingerprint());
  return 1;
}
int describe(lua_State* L) {
  push(L, self(L).describe());
  return 1;
}

/// encode(text [, max_length]) -> list of ids, with the special ones around
int encode(lua_State* L) {
  text::WordCache cache;
  const auto ids = self(L).encode_whole(check_string(L, 2), optional_integer(L, 3, INT32_MAX), cache);
  push(L, std::vector<int64_t>(ids.begin(), ids.end()));
  return 1;
}

/// encode_pair(a, b [, max_length]) -> list of ids of two texts as one, list of their types (token_type_ids)
int encode_pair(lua_State* L) {
  text::WordCache cache;
  const auto pair =
      self(L).encode_pair(check_string(L, 2), check_string(L, 3), optional_integer(L, 4, INT32_MAX), cache);
  push(L, std::vector<int64_t>(pair.ids.begin(), pair.ids.end()));
  push(L, std::vector<int64_t>(pair.types.begin(), pair.types.end()));
  return 2;
}

/// batch_pairs({ a, ... }, { b, ... } [, max_length = 128]) -> tokens long [B, T], mask bool [B, T], types long [B, T]
int batch_pairs(lua_State* L) {
  auto made = text::encode_pairs(text::Texts(check_strings(L, 2)), text::Texts(check_strings(L, 3)), self(L),
                                 optional_integer(L, 4, 128));
  push(L, std::move(made.x));
  push(L, std::move(made.mask));
  push(L, std::move(made.types));
  return 3;
}

/// decode(ids) -> text
int decode(lua_State* L) {
  const auto ids = check_integers(L, 2);
  push(L, self(L).decode({ids.begin(), ids.end()}));
  return 1;
}

/// batch({ text, ... } [, max_length = 128]) -> tokens long [B, T], mask bool [B, T]
int batch(lua_State* L) {
  auto [x, mask] = text::encode_batch(text::Texts(check_strings(L, 2)), self(L), optional_integer(L, 3, 128));
  push(L, std::move(x));
  push(L, std::move(mask));
  return 2;
}

}  // namespace

int open_text(lua_State* L) {
  const luaL_Reg methods[] = {{"size", size},
                              {"pad", pad},
                              {"token", token},
                              {"id", id},
                              {"encode", encode},
                              {"decode", decode},
                              {"batch", batch},
                              {"fingerprint", fingerprint},
                              {"encode_pair", encode_pair},
                              {"batch_pairs", batch_pairs},
                              {nullptr, nullptr}};
  const luaL_Reg meta[] = {{"__tostring", describe}, {"__len", size}, {nullptr, nullptr}};
  register_type<Tokenizer>(L, methods, meta);
  const luaL_Reg functions[] = {{"train_vocabulary", train_vocabulary},
                                {"read_tokenizer", read_tokenizer},
                                {"read_config", read_config},
                                {"by_length", by_length},
                                {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
