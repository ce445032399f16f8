#include "host/tensor/slice_string.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>

#include "host/error.hpp"

namespace moonlab {

using at::indexing::TensorIndex;
using Terms = std::vector<TensorIndex>;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const size_t first = text.find_first_not_of(kSpace);
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

int64_t parse_integer(std::string_view word, std::string_view slice) {
  int64_t value = 0;
  const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) fail("slice '", slice, "': ", word, " does not fit 64 bits");
  if (error != std::errc() || end != digits.data() + digits.size())
    fail("slice '", slice, "': '", word, "' is no term; an integer, a range a:b:step, '...', None, True or False is");
  return value;
}

TensorIndex parse_range(std::string_view term, std::string_view slice) {
  std::string_view rest = term;
  std::optional<c10::SymInt> parts[3];
  for (size_t i = 0;; ++i) {
    if (i == 3) fail("slice '", slice, "': the range '", term, "' has more than start, end and step");
    const size_t colon = rest.find(':');
    if (const auto word = trimmed(rest.substr(0, colon)); !word.empty()) parts[i] = parse_integer(word, slice);
    if (colon == term.npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (parts[2] && *parts[2] < 1)
    fail("slice '", slice, "': a step must be positive, got ", *parts[2], "; x:flip(dim) reverses a dim");
  return at::indexing::Slice(parts[0], parts[1], parts[2]);
}

TensorIndex parse_term(std::string_view term, std::string_view slice) {
  if (term == "...") return at::indexing::Ellipsis;
  if (term == "None" || term == "nil") return at::indexing::None;
  if (term == "True" || term == "true") return true;
  if (term == "False" || term == "false") return false;
  if (term.find(':') != term.npos) return parse_range(term, slice);
  return parse_integer(term, slice);
}

Terms parse_terms(std::string_view slice) {
  Terms terms;
  std::string_view rest = slice;
  for (;;) {
    const size_t comma = rest.find(',');
    const auto term = trimmed(rest.substr(0, comma));
    if (term.empty() && comma == rest.npos && !terms.empty()) return terms;  // "1," as Python allows
    if (term.empty()) fail("slice '", slice, "': a term is missing");
    terms.push_back(parse_term(term, slice));
    if (comma == rest.npos) return terms;
    rest.remove_prefix(comma + 1);
  }
}

// Direct-mapped by the place of the text: Lua interns its strings, so a slice written in a script is always at the same
// address. The text itself is compared, so another string at that address is only a miss.
struct Entry {
  const char* place = nullptr;
  std::string text;
  std::shared_ptr<const Terms> terms;
};
constexpr size_t kEntries = 256;

}  // namespace

const std::shared_ptr<const Terms>& cached_terms(std::string_view text) {
  static thread_local auto cache = std::make_unique<std::array<Entry, kEntries>>();
  const auto address = reinterpret_cast<uintptr_t>(text.data());
  Entry& entry = (*cache)[(address >> 4 ^ address >> 12) % kEntries];
  if (entry.place != text.data() || entry.text != text) {
    entry.terms = std::make_shared<const Terms>(parse_terms(text));
    entry.text = text;
    entry.place = text.data();
  }
  return entry.terms;
}

}  // namespace moonlab
