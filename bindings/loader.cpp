// Loaders for Lua: batches of one dataset or of several.
#include "host/data/loader.hpp"

#include "bindings/data.hpp"
#include "bindings/text.hpp"
#include "bindings/transform.hpp"
#include "host/device.hpp"

namespace moonlab::lua {

using data::Dataset;
using data::Loader;

template <>
struct TypeName<Loader> {
  static constexpr const char* value = "loader";
};

namespace {

/// Puts a copy of a table in its place.
void copy_table(lua_State* L, int index) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, index);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_replace(L, index);
}

/// A field of the table at the top of the stack, or what stands for it.
double number_in(lua_State* L, const char* field, double otherwise) {
  lua_getfield(L, -1, field);
  if (!lua_isnil(L, -1)) otherwise = check_number(L, lua_gettop(L));
  lua_pop(L, 1);
  return otherwise;
}

/// The sources at the first argument; their `draw` goes to the options.
std::vector<data::Source> check_sources(lua_State* L, data::SamplerOptions& options) {
  std::vector<data::Source> sources;
  if (!lua_istable(L, 1)) argument_error(L, 1, "a list of { dataset, targets }");
  for (int i = 1; lua_rawgeti(L, 1, i), !lua_isnil(L, -1); ++i) {
    if (!lua_istable(L, -1)) argument_error(L, 1, "a list of { dataset, targets }");
    const double weight = number_in(L, "weight", 1);
    options.draw.push_back(number_in(L, "draw", 1));
    for (int k = 1; k <= 4; ++k) lua_rawgeti(L, -k, k);
    const int top = lua_gettop(L);
    auto targets = lua_isnil(L, top - 2) ? std::vector<int64_t>{} : check_integers(L, top - 2);
    at::Tensor features = optional_tensor(L, top);
    if (features.defined()) features = features.cpu();
    sources.push_back({*check_object<Dataset>(L, top - 3), std::move(targets), optional_boolean(L, top - 1, true),
                       features, weight});
    lua_settop(L, top - 5);
  }
  lua_pop(L, 1);
  return sources;
}

}  // namespace

/// loader({ { dataset [, targets [, normalise = true [, features]]], weight = 1, draw = 1 }, ... }, { batch, shuffle,
/// drop_last, mix, seed, device, transform, with, workers, tokenizer, max_length, classes, mixing }) -> loader. Texts
/// need the tokenizer; `classes` is the width of t where samples have several labels; `features` float [n, F] are given
/// in place of the samples; `weight` is that of their loss, `draw` how often they are drawn (host/data/sampler.hpp).
/// transform: bindings/transform.hpp; it runs on `workers` threads (2 to 8), which also decode pictures that stay in
/// their files (0: on this thread, but functions of Lua have one). mixing: { { kind, alpha, p }, ... } of
/// host/data/mixing.hpp; `classes` is then the width of t.
int new_loader(lua_State* L) {
  data::SamplerOptions options;
  auto sources = check_sources(L, options);
  data::TextInput input;
  if (lua_istable(L, 2)) {
    copy_table(L, 2);  // functions and objects are no JSON, and the caller's table stays what it is
    lua_getfield(L, 2, "tokenizer");
    if (!lua_isnil(L, -1)) input.tokenizer = check_object<text::Tokenizer>(L, lua_gettop(L));
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, 2, "tokenizer");
  }
  const GivenTransform transform = take_transform(L, 2);
  const Json o = check_options(L, 2,
                               {"batch", "shuffle", "drop_last", "mix", "seed", "device", "transform", "with",
                                "workers", "max_length", "classes", "mixing"});
  options.batch = o.value("batch", options.batch);
  options.shuffle = o.value("shuffle", options.shuffle);
  options.drop_last = o.value("drop_last", options.drop_last);
  options.mix = data::parse_mix(o.value("mix", std::string("proportional")));
  options.seed = o.value("seed", options.seed);
  input.max_length = o.value("max_length", input.max_length);
  const at::Device device = open_device(o.value("device", std::string("cpu")));
  auto loader = std::make_shared<Loader>(std::move(sources), std::move(options), device, input,
                                         o.value("classes", int64_t{0}), transform.make != nullptr);
  const auto workers = o.value("workers", data::BatchWorkers::usual());
  if (transform.make) loader->set_transform(transform.make, workers == 0 && transform.calls_lua ? 1 : workers);
  else if (loader->streamed()) loader->set_workers(workers);
  else if (o.contains("workers")) fail("option 'workers' belongs to 'transform', which is missing");
  if (o.contains("mixing")) loader->set_mixing(data::Mixing(o["mixing"]));
  push_object(L, std::move(loader));
  return 1;
}

/// epoch_shares({ size, ... }, { mix, draw = { ... } }) -> how many samples an epoch has of each dataset
int epoch_shares(lua_State* L) {
  const Json o = check_options(L, 2, {"mix", "draw"});
  data::SamplerOptions options;
  options.mix = data::parse_mix(o.value("mix", std::string("proportional")));
  options.draw = o.value("draw", std::vector<double>{});
  push(L, data::Sampler(check_integers(L, 1), std::move(options)).shares());
  return 1;
}

namespace {

/// mix = { permutation, lambda [, mask] } of the batch at the top of the stack
void set_mix(lua_State* L, data::MixedBatch& mix) {
  lua_createtable(L, 0, 3);
  push(L, std::move(mix.permutation));
  lua_setfield(L, -2, "permutation");
  lua_pushnumber(L, mix.lambda);
  lua_setfield(L, -2, "lambda");
  push(L, std::move(mix.mask));
  lua_setfield(L, -2, "mask");
  lua_setfield(L, -2, "mix");
}

/// next() -> { x, y, idx, domain, targets [, mask] [, t] [, w, weights] [, mix] } or nil after the epoch's last batch
int next(lua_State* L) {
  auto batch = check_object<Loader>(L, 1)->next();
  if (!batch) {
    lua_pushnil(L);
    return 1;
  }
  lua_createtable(L, 0, 4);
  push(L, std::move(batch->x));
  lua_setfield(L, -2, "x");
  push(L, std::move(batch->y));
  lua_setfield(L, -2, "y");
  push(L, std::move(batch->idx));
  lua_setfield(L, -2, "idx");
  push(L, std::move(batch->domain));
  lua_setfield(L, -2, "domain");
  push(L, std::move(batch->targets));
  lua_setfield(L, -2, "targets");
  push(L, std::move(batch->mask));  // nil where there is none
  lua_setfield(L, -2, "mask");
  push(L, std::move(batch->t));
  lua_setfield(L, -2, "t");
  push(L, std::move(batch->w));
  lua_setfield(L, -2, "w");
  push(L, std::move(batch->weights));
  lua_setfield(L, -2, "weights");
  if (batch->mix) set_mix(L, *batch->mix);
  return 1;
}

int begin(lua_State* L) {
  check_object<Loader>(L, 1)->begin(check_integer(L, 2), optional_integer(L, 3, 0));
  return 0;
}

/// for batch in loader:each(epoch [, batch]) do ... end: epochs and batches count from 0
int each(lua_State* L) {
  begin(L);
  lua_pushcfunction(L, next);
  lua_pushvalue(L, 1);
  return 2;
}

int epoch(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->epoch());
  return 1;
}
int batch(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->batch());
  return 1;
}
int batches(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->batches());
  return 1;
}
int loader_size(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->size());
  return 1;
}

}  // namespace

void register_loader(lua_State* L) {
  const luaL_Reg loader[] = {{"begin", begin}, {"next", next},       {"each", each},        {"epoch", epoch},
                             {"batch", batch}, {"batches", batches}, {"size", loader_size}, {nullptr, nullptr}};
  register_type<Loader>(L, loader);
}

}  // namespace moonlab::lua
