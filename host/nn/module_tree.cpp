// A module as text: PyTorch's form, with shapes and numbers of parameters after it.
#include <ATen/ATen.h>

#include <sstream>

#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

std::string counted(const Module& module) {
  const int64_t n = module.count();
  if (!n) return "";
  std::string digits = std::to_string(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(i, ",");
  return "  " + digits + (n == 1 ? " parameter" : " parameters");
}

std::string shapes(const Module& module) {
  std::ostringstream s;
  for (const auto& e : module.entries())
    if (e.value.defined() && !e.buffer && !e.derived)
      s << (s.tellp() ? ", " : "  ") << e.name << ' ' << e.value.sizes();
  return s.str();
}

std::string indented(const std::string& text) {
  std::string s;
  for (char c : text) {
    s += c;
    if (c == '\n') s += "  ";
  }
  return s;
}

}  // namespace

std::string Module::tree() const {
  std::string inside = describe();
  if (children_.empty()) return kind_ + "(" + inside + ")" + shapes(*this) + counted(*this);
  std::string out = kind_ + "(";
  if (!inside.empty()) out += "\n  " + indented(inside);
  // equal neighbours of a list are written once, with their number
  const bool merges = kind_ == "ModuleList";
  for (auto child = children_.begin(); child != children_.end();) {
    const std::string first = child->first, text = child->second->tree();
    std::string last = first;
    int64_t n = 1;
    for (++child; merges && child != children_.end() && child->second->tree() == text; ++child, ++n)
      last = child->first;
    const std::string name =
        n == 1 ? "(" + first + "): " : "(" + first + "-" + last + "): " + std::to_string(n) + " x ";
    out += "\n  " + name + indented(text);
  }
  return out + "\n)" + shapes(*this) + counted(*this);
}

}  // namespace moonlab::nn
