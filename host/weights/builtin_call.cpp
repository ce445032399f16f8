// The few calls in a pickle that only make plain data.
#include <stdexcept>

#include "host/weights/unpickler.hpp"

namespace moonlab::weights {

namespace {

using Arguments = std::vector<Ref>;

[[noreturn]] void wrong(const std::string& text) { throw std::invalid_argument(text); }

/// The pairs of a dict or of a list of pairs.
Pairs pairs_of(const Value& value) {
  if (const auto* mapping = value.as<Mapping>()) return mapping->items;
  const auto* list = value.as<Sequence>();
  if (!list) wrong("a dict of " + describe(value));
  Pairs pairs;
  for (Ref item : list->items) {
    const auto* pair = item->as<Sequence>();
    if (!pair || pair->items.size() != 2) wrong("a dict whose item is " + describe(*item) + ", expected a pair");
    pairs.emplace_back(pair->items[0], pair->items[1]);
  }
  return pairs;
}

Ref mapping(Arena& arena, Mapping::Kind kind, const Arguments& a, size_t first) {
  Mapping m{kind, {}};
  if (a.size() > first + 1) wrong("a dict of " + std::to_string(a.size()) + " arguments");
  if (a.size() == first + 1) m.items = pairs_of(*a[first]);
  return arena.make(std::move(m));
}

Ref sequence(Arena& arena, Sequence::Kind kind, const Arguments& a) {
  Sequence s{kind, {}};
  if (a.size() > 1) wrong("a collection of " + std::to_string(a.size()) + " arguments");
  if (a.size() == 1) {
    const auto* items = a[0]->as<Sequence>();
    if (!items) wrong("a collection of " + describe(*a[0]));
    s.items = items->items;
  }
  return arena.make(std::move(s));
}

Ref bytes(Arena& arena, const Arguments& a) {
  if (a.empty()) return arena.make(Bytes{});
  if (auto* b = a[0]->as<Bytes>(); b && a.size() == 1) return arena.make(Bytes{b->data});
  auto* text = a[0]->as<std::string>();
  auto* encoding = a.size() == 2 ? a[1]->as<std::string>() : nullptr;
  if (!text || !encoding) wrong("bytes of " + describe(*a[0]));
  if (*encoding == "utf-8" || *encoding == "utf8") return arena.make(Bytes{*text});
  if (*encoding != "latin1" && *encoding != "latin-1") wrong("bytes in the encoding '" + encoding->substr(0, 40) + "'");
  return arena.make(Bytes{to_latin1(*text)});
}

double real(const Value& value) {
  if (const auto* d = value.as<double>()) return *d;
  if (const auto* i = value.as<int64_t>()) return static_cast<double>(*i);
  wrong("a complex number of " + describe(value));
}

}  // namespace

std::string to_latin1(const std::string& utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      out.push_back(utf8[i]);
    } else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.size() &&
               (static_cast<unsigned char>(utf8[i + 1]) & 0xc0) == 0x80) {
      out.push_back(static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f)));
    } else {
      wrong("bytes with a character that is not Latin-1");
    }
  }
  return out;
}

Ref builtin_call(Arena& arena, const std::string& name, const Arguments& a) {
  if (name == "collections.OrderedDict") return mapping(arena, Mapping::ordered, a, 0);
  if (name == "collections.Counter") return mapping(arena, Mapping::counter, a, 0);
  // the factory of a defaultdict is a name, never called
  if (name == "collections.defaultdict") return mapping(arena, Mapping::dict, a, a.empty() ? 0 : 1);
  if (name == "builtins.dict") return mapping(arena, Mapping::dict, a, 0);
  if (name == "builtins.list") return sequence(arena, Sequence::list, a);
  if (name == "builtins.set" || name == "builtins.frozenset") return sequence(arena, Sequence::set, a);
  if (name == "torch.Size") return sequence(arena, Sequence::size, a);
  if (name == "builtins.bytearray" || name == "builtins.bytes" || name == "_codecs.encode") return bytes(arena, a);
  if (name == "builtins.complex") {
    if (a.size() != 2) wrong("a complex number of " + std::to_string(a.size()) + " arguments");
    return arena.make(std::make_unique<std::complex<double>>(real(*a[0]), real(*a[1])));
  }
  return nullptr;
}

}  // namespace moonlab::weights
