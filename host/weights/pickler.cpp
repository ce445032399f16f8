#include "host/weights/pickler.hpp"

#include <bit>
#include <stdexcept>

#include "host/error.hpp"
#include "host/weights/pickle_stream.hpp"

namespace moonlab::weights {

namespace {

constexpr int kDepth = 1000;
constexpr size_t kBatch = 1000;  // items put into a container at once, as Python does

std::string from_latin1(const std::string& data) {
  std::string utf8;
  for (unsigned char c : data) {
    if (c < 0x80) {
      utf8.push_back(static_cast<char>(c));
    } else {
      utf8.push_back(static_cast<char>(0xc0 | c >> 6));
      utf8.push_back(static_cast<char>(0x80 | (c & 0x3f)));
    }
  }
  return utf8;
}

}  // namespace

uint32_t Pickler::remember() {
  if (next_ < 256) code('q'), raw(static_cast<uint8_t>(next_));
  else code('r'), raw(next_);
  return next_++;
}

void Pickler::recall(uint32_t index) {
  if (index < 256) code('h'), raw(static_cast<uint8_t>(index));
  else code('j'), raw(index);
}

void Pickler::integer(int64_t i) {
  if (i >= 0 && i < 256) code('K'), raw(static_cast<uint8_t>(i));
  else if (i >= 0 && i < 65536) code('M'), raw(static_cast<uint16_t>(i));
  else if (i == static_cast<int32_t>(i)) code('J'), raw(static_cast<int32_t>(i));
  else code('\x8a'), raw(uint8_t{8}), raw(i);
}

void Pickler::real(double d) {
  code('G');
  raw(__builtin_bswap64(std::bit_cast<uint64_t>(d)));
}

void Pickler::text(const std::string& utf8) {
  auto [found, fresh] = texts_.try_emplace(utf8, next_);
  if (!fresh) return recall(found->second);
  if (utf8.size() > UINT32_MAX) fail("a text of ", utf8.size(), " bytes is too long for a pickle of protocol 2");
  code('X');
  raw(static_cast<uint32_t>(utf8.size()));
  text_ += utf8;
  remember();
}

void Pickler::global(const std::string& name) {
  auto [found, fresh] = globals_.try_emplace(name, next_);
  if (!fresh) return recall(found->second);
  const size_t dot = name.rfind('.');
  code('c');
  text_ += name.substr(0, dot) + "\n" + name.substr(dot + 1) + "\n";
  remember();
}

void Pickler::tuple(at::IntArrayRef integers) {
  mark();
  for (int64_t i : integers) integer(i);
  tuple();
}

void Pickler::empty_ordered_dict() {
  global("collections.OrderedDict");
  code(')');
  call();
}

void Pickler::dict_of_true(const std::string& key) {
  code('}');
  text(key);
  boolean(true);
  code('s');
}

/// Protocol 2 has no bytes: they are the Latin-1 code of a text.
void Pickler::bytes(const std::string& data) {
  global("_codecs.encode");
  mark();
  text(from_latin1(data));
  text("latin1");
  tuple();
  call();
}

void Pickler::big(const std::string& hex) {
  const bool negative = hex[0] == '-';
  std::string digits = hex.substr(negative ? 3 : 2);
  if (digits.size() % 2) digits.insert(0, "0");
  std::string magnitude;
  for (size_t i = digits.size(); i > 0; i -= 2)
    magnitude.push_back(static_cast<char>(std::stoi(digits.substr(i - 2, 2), nullptr, 16)));
  magnitude.push_back('\0');  // room for the sign
  if (negative) negate(magnitude);
  if (magnitude.size() > 255) fail("an integer of ", magnitude.size(), " bytes cannot be written");
  code('\x8a');
  raw(static_cast<uint8_t>(magnitude.size()));
  text_ += magnitude;
}

void Pickler::items(const std::vector<Ref>& list) {
  for (size_t i = 0; i < list.size(); i += kBatch) {
    mark();
    for (size_t k = i; k < std::min(list.size(), i + kBatch); ++k) value(list[k]);
    code('e');
  }
}

void Pickler::sequence(const Sequence& s, Ref self) {
  if (s.kind == Sequence::list) {
    code(']');
    seen_[self] = remember();
    return items(s.items);
  }
  if (!open_.emplace(self, true).second) fail("a tuple or set that contains itself cannot be written");
  if (s.kind == Sequence::set) global("builtins.set"), mark(), code(']'), items(s.items), tuple(), call();
  else {
    if (s.kind == Sequence::size) global("torch.Size"), mark();
    mark();
    for (Ref item : s.items) value(item);
    tuple();
    if (s.kind == Sequence::size) tuple(), call();
  }
  open_.erase(self);
  seen_[self] = remember();
}

void Pickler::mapping(const Mapping& m, Ref self) {
  if (m.kind == Mapping::dict) code('}');
  else if (m.kind == Mapping::ordered) empty_ordered_dict();
  else global("collections.Counter"), code(')'), call();
  seen_[self] = remember();
  for (size_t i = 0; i < m.items.size(); i += kBatch) {
    mark();
    for (size_t k = i; k < std::min(m.items.size(), i + kBatch); ++k) value(m.items[k].first), value(m.items[k].second);
    code('u');
  }
  if (m.attributes) {
    value(m.attributes);
    code('b');
  }
}

void Pickler::value(Ref v) {
  if (auto found = seen_.find(v); found != seen_.end()) return recall(found->second);
  if (++depth_ > kDepth) fail("nested deeper than ", kDepth, " levels");
  if (v->is_none()) none();
  else if (auto* b = v->as<bool>()) boolean(*b);
  else if (auto* i = v->as<int64_t>()) integer(*i);
  else if (auto* d = v->as<double>()) real(*d);
  else if (auto* s = v->as<std::string>()) text(*s);
  else if (auto* data = v->as<Bytes>()) bytes(data->data);
  else if (auto* number = v->as<BigInteger>()) big(number->hex);
  else if (auto* c = v->as<std::unique_ptr<std::complex<double>>>()) {
    global("builtins.complex"), mark(), real((*c)->real()), real((*c)->imag()), tuple(), call();
  } else if (auto* list = v->as<Sequence>()) sequence(*list, v);
  else if (auto* map = v->as<Mapping>()) mapping(*map, v);
  else if (auto* t = v->as<at::Tensor>()) {
    tensors_(*this, *t);
    seen_[v] = remember();
  } else fail(describe(*v), " cannot be written");
  --depth_;
}

std::string Pickler::finish() {
  code('.');
  return std::move(text_);
}

}  // namespace moonlab::weights
