#include "host/tensor/elements.hpp"

#include <ATen/ATen.h>
#include <ATen/core/LegacyTypeDispatch.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "host/interrupt.hpp"

namespace moonlab {

namespace {

constexpr size_t kPollEvery = 1 << 16;

/// The elements as texts, not yet padded to the common width.
struct Cells {
  std::vector<std::string> texts;
  size_t width = 1;

  std::string padded(size_t i) const {
    const std::string& text = texts[i];
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
  }
};

std::string formatted(const char* format, int precision, double value) {
  char text[64];
  const auto size = static_cast<size_t>(std::snprintf(text, sizeof text, format, precision, value));
  if (size < sizeof text) return {text, size};
  std::string wide(size + 1, '\0');  // a large number where the style forbids scientific notation
  std::snprintf(wide.data(), wide.size(), format, precision, value);
  wide.pop_back();
  return wide;
}

std::string nonfinite(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

/// One notation for all: scientific if the finite nonzero ones span more than a factor of 1000 or leave [1e-4, 1e8];
/// no digits after the point if all are whole. Only the finite nonzero ones set the width.
Cells float_cells(const std::vector<double>& values, const PrintStyle& style) {
  double least = INFINITY, most = 0;
  bool whole = true;
  for (double v : values) {
    if (!std::isfinite(v) || v == 0) continue;
    least = std::min(least, std::abs(v));
    most = std::max(most, std::abs(v));
    whole = whole && v == std::ceil(v);
  }
  const bool any = most > 0;
  const bool spread = most / least > 1000.0 || most > 1.0e8 || least < 1.0e-4;
  const bool scientific = any && style.scientific.value_or(spread);
  const char* format = scientific ? "%.*e" : "%.*f";
  Cells cells;
  cells.texts.reserve(values.size());
  for (double v : values) {
    if (cells.texts.size() % kPollEvery == 0) poll_interrupt();
    const bool finite = std::isfinite(v);
    if (!finite) {
      cells.texts.push_back(nonfinite(v));
    } else if (whole && !scientific) {
      cells.texts.push_back(formatted("%.*f", 0, v) + ".");
    } else {
      cells.texts.push_back(formatted(format, style.precision, v));
    }
    if (finite && v != 0) cells.width = std::max(cells.width, cells.texts.back().size());
  }
  return cells;
}

template <class Value, class Text>
Cells cells_of(const Value* values, size_t count, Text&& text) {
  Cells cells;
  cells.texts.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (i % kPollEvery == 0) poll_interrupt();
    cells.texts.push_back(text(values[i]));
    cells.width = std::max(cells.width, cells.texts.back().size());
  }
  return cells;
}

std::vector<double> doubles(const at::Tensor& x) {
  at::Tensor wide = at::isFloat8Type(x.scalar_type()) ? x.to(at::kFloat).to(at::kDouble) : x.to(at::kDouble);
  wide = wide.contiguous();
  const double* first = wide.const_data_ptr<double>();
  return {first, first + wide.numel()};
}

/// "1.5+2.0j", both parts in their own notation. Only the real part is padded, and only to its own width: PyTorch
/// strips the imaginary part's padding, but counts it when it breaks lines.
Cells complex_cells(const at::Tensor& x, const PrintStyle& style) {
  const bool half = x.scalar_type() == at::kComplexHalf;
  at::Tensor parts = at::view_as_real(half ? x.to(at::kComplexFloat) : x);
  Cells real = float_cells(doubles(parts.select(-1, 0)), style);
  Cells imaginary = float_cells(doubles(parts.select(-1, 1)), style);
  Cells both;
  both.width = real.width + imaginary.width + 1;
  both.texts.reserve(real.texts.size());
  for (size_t i = 0; i < real.texts.size(); ++i) {
    const std::string& part = imaginary.texts[i];
    both.texts.push_back(real.padded(i) + (part[0] == '-' ? "" : "+") + part + "j");
  }
  return both;
}

Cells cells_of(const at::Tensor& x, const PrintStyle& style) {
  const at::ScalarType type = x.scalar_type();
  const auto count = static_cast<size_t>(x.numel());
  if (at::isComplexType(type)) return complex_cells(x, style);
  if (type == at::kBool)
    return cells_of(x.const_data_ptr<bool>(), count, [](bool v) { return std::string(v ? "True" : "False"); });
  if (type == at::kUInt64)
    return cells_of(x.const_data_ptr<uint64_t>(), count, [](uint64_t v) { return std::to_string(v); });
  if (type == at::kFloat4_e2m1fn_x2) return float_cells(doubles(x.view(at::kByte)), style);  // two to a byte: the bytes
  if (at::isFloatingType(type)) return float_cells(doubles(x), style);
  // dtypes narrower than a byte have no conversions: their bytes are shown
  at::Tensor wide = (at::isIntegralType(type, false) ? x : x.view(at::kByte)).to(at::kLong);
  return cells_of(wide.const_data_ptr<int64_t>(), static_cast<size_t>(wide.numel()),
                  [](int64_t v) { return std::to_string(v); });
}

/// The edges of every dim longer than both, the largest dim first so that little is copied.
at::Tensor edges_only(at::Tensor x, int64_t edge, std::vector<bool>& cut) {
  std::vector<int64_t> order(x.dim());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return x.size(a) > x.size(b); });
  for (int64_t dim : order) {
    const int64_t size = x.size(dim);
    cut[dim] = size > 2 * edge;
    if (cut[dim]) x = at::cat({x.narrow(dim, 0, edge), x.narrow(dim, size - edge, edge)}, dim);
  }
  return x;
}

/// Brackets, commas and line breaks around the cells.
struct Writer {
  const Cells& cells;
  bool complex;
  at::IntArrayRef shape;
  const std::vector<bool>& cut;
  const PrintStyle& style;
  size_t next = 0;
  std::string text = {};

  void vector(int64_t indent) {
    const int64_t length = static_cast<int64_t>(cells.width) + 2;
    const int64_t per_line = std::max<int64_t>(1, (style.line_width - indent) / length);
    int64_t column = 0;
    auto put = [&](const std::string& entry) {
      if (column > 0) text += column % per_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
      text += entry;
      ++column;
    };
    text += '[';
    for (int64_t i = 0; i < shape.back(); ++i) {
      if (cut.back() && i == style.edge_items) put(" ...");
      put(complex ? cells.texts[next] : cells.padded(next));
      ++next;
    }
    text += ']';
  }

  void write(size_t dim, int64_t indent) {
    if (shape.empty()) {
      text += complex ? cells.texts[0] : cells.padded(0);
      return;
    }
    if (dim + 1 == shape.size()) return vector(indent);
    const std::string separator = "," + std::string(shape.size() - dim - 1, '\n') + std::string(indent + 1, ' ');
    text += '[';
    for (int64_t i = 0; i < shape[dim]; ++i) {
      if (i > 0) text += separator;
      if (cut[dim] && i == style.edge_items) text += "..." + separator;
      write(dim + 1, indent + 1);
    }
    text += ']';
  }
};

}  // namespace

PrintStyle& print_style() {
  thread_local PrintStyle style;
  return style;
}

std::string elements_text(const at::Tensor& tensor, int64_t indent, const PrintStyle& style) {
  if (tensor.numel() == 0) return "[]";
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  at::Tensor x = tensor._is_zerotensor() ? tensor.clone() : tensor;
  std::vector<bool> cut(x.dim(), false);
  if (style.threshold >= 0 && x.numel() > style.threshold) x = edges_only(x, style.edge_items, cut);
  x = x.resolve_conj().resolve_neg().to(at::kCPU).contiguous();
  const Cells cells = cells_of(x, style);
  Writer writer{cells, at::isComplexType(x.scalar_type()), x.sizes(), cut, style};
  writer.write(0, indent);
  return writer.text;
}

}  // namespace moonlab
