// Channels in host.worker.
#include "bindings/channel.hpp"

#include "bindings/parcel.hpp"

namespace moonlab::lua {

using thread::Channel;
using Outcome = thread::Channel::Outcome;

double optional_seconds(lua_State* L, int index) {
  const double seconds = optional_number(L, index, 1e9);
  if (!(seconds >= 0)) argument_error(L, index, "seconds (0 or more)");
  return seconds;
}

namespace {

std::shared_ptr<Channel> self(lua_State* L) { return check_object<Channel>(L, 1); }

int new_channel(lua_State* L) {
  const int64_t capacity = optional_integer(L, 1, 0);
  if (!lua_isnoneornil(L, 1) && capacity < 1)
    argument_error(L, 1, "how many values the channel may hold (1 or more), or nothing for no limit");
  push_object(L, std::make_shared<Channel>(static_cast<size_t>(capacity)));
  return 1;
}

int send(lua_State* L, int value, double seconds) {
  if (lua_isnoneornil(L, value)) fail("push: nil marks the end of a channel and cannot be pushed; torch.None can");
  thread::Parcel parcel = pack(L, value, value, "the value");
  const Outcome outcome = self(L)->push(parcel, seconds);
  if (outcome == Outcome::kClosed) fail("push: the channel is closed");
  lua_pushboolean(L, outcome == Outcome::kDone);
  return 1;
}

/// push(value [, seconds]) -> true, or false where there was no room in time. try_push(value) waits for nothing.
int push_value(lua_State* L) { return send(L, 2, optional_seconds(L, 3)); }
int try_push(lua_State* L) { return send(L, 2, 0); }

int receive(lua_State* L, double seconds) {
  std::optional<thread::Parcel> parcel;
  const Outcome outcome = self(L)->pop(parcel, seconds);
  if (outcome == Outcome::kDone) return unpack(L, *parcel);
  lua_pushnil(L);
  push(L, outcome == Outcome::kClosed ? "closed" : "timeout");
  return 2;
}

/// pop([seconds]) -> value, or nil and "closed" or "timeout". try_pop() waits for nothing.
int pop_value(lua_State* L) { return receive(L, optional_seconds(L, 2)); }
int try_pop(lua_State* L) { return receive(L, 0); }

/// for value in channel:each() do ... end: until it is closed and empty.
int next_value(lua_State* L) {
  lua_settop(L, 1);
  return receive(L, 1e9);
}
int each(lua_State* L) {
  self(L);
  lua_pushcfunction(L, next_value);
  lua_pushvalue(L, 1);
  return 2;
}

int close(lua_State* L) {
  self(L)->close();
  return 0;
}

int closed(lua_State* L) {
  lua_pushboolean(L, self(L)->closed());
  return 1;
}

int size(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(self(L)->size()));
  return 1;
}

int capacity(lua_State* L) {
  const size_t limit = self(L)->capacity();
  if (limit) lua_pushinteger(L, static_cast<lua_Integer>(limit));
  else lua_pushnil(L);
  return 1;
}

int same(lua_State* L) {
  auto a = test_object<Channel>(L, 1), b = test_object<Channel>(L, 2);
  lua_pushboolean(L, a && a == b);
  return 1;
}

int to_text(lua_State* L) {
  auto channel = self(L);
  std::string text = "channel: " + std::to_string(channel->size());
  if (channel->capacity()) text += " of " + std::to_string(channel->capacity());
  push(L, text + (channel->closed() ? " values, closed" : " values"));
  return 1;
}

}  // namespace

void add_channels(lua_State* L) {
  const luaL_Reg methods[] = {{"push", push_value}, {"try_push", try_push}, {"pop", pop_value}, {"try_pop", try_pop},
                              {"each", each},       {"close", close},       {"closed", closed}, {"size", size},
                              {"capacity", capacity}, {nullptr, nullptr}};
  const luaL_Reg meta[] = {{"__len", size}, {"__eq", same}, {"__tostring", to_text}, {nullptr, nullptr}};
  register_type<Channel>(L, methods, meta);
  lua_pushcfunction(L, new_channel);
  lua_setfield(L, -2, "channel");
}

}  // namespace moonlab::lua
