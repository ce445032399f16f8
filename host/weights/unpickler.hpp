// Reading a pickle as data. Protocols 2 to 5; no code of the pickle's choosing ever runs.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "host/weights/pickle_value.hpp"

namespace moonlab::weights {

struct Unpickled {
  Ref root;
  size_t length;  // bytes up to and with the pickle's end: more may follow
};

/// Reads one pickle from the start of `bytes` into `arena`. Calls of collections.OrderedDict, collections.Counter,
/// builtins.set, bytearray, complex, _codecs.encode and torch.Size become the values they stand for; every other call
/// becomes a Call. `allow` is asked with each global's name ("os.system") where it is met, before anything after it is
/// read, and throws to refuse it. Names of Python 2 come as those of Python 3 ("__builtin__" as "builtins").
///
/// `where` begins every message ("model.pt: data.pkl"). Throws Error with the byte of the offence. Memory grows with
/// the pickle's length alone, whatever sizes it declares.
Unpickled unpickle(std::span<const std::byte> bytes, Arena& arena, const std::string& where,
                   const std::function<void(const std::string& global)>& allow);

/// The value that a call of a harmless builtin gives, added to the arena; nullptr where `name` is none of those above.
/// Throws std::invalid_argument with what is wrong about the arguments.
Ref builtin_call(Arena& arena, const std::string& name, const std::vector<Ref>& arguments);

/// Text in UTF-8 as the bytes of Latin-1. Throws std::invalid_argument where a character is not of Latin-1.
std::string to_latin1(const std::string& utf8);

}  // namespace moonlab::weights
