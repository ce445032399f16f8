#include "host/tensor/print.hpp"

#include <ATen/ATen.h>
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/TensorWrapper.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "host/tensor/graph_node.hpp"
#include "host/tensor/dtype.hpp"
#include "host/tensor/elements.hpp"
#include "host/tensor/properties.hpp"

namespace moonlab {

namespace {

std::string joined(at::IntArrayRef sizes, const char* separator) {
  std::string text;
  for (size_t i = 0; i < sizes.size(); ++i) text += (i ? separator : "") + std::to_string(sizes[i]);
  return text;
}

std::string tuple(at::IntArrayRef sizes) { return "(" + joined(sizes, ", ") + (sizes.size() == 1 ? ",)" : ")"); }

/// The shortest digits that give the number back, written as Python writes a float: "0.1", "1e-05", "1e+16".
std::string shortest(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char text[400];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const std::string scientific(text, end);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (value != 0 && (exponent < -4 || exponent >= 16)) return scientific;
  end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  std::string plain(text, end);
  return plain.find('.') == plain.npos ? plain + ".0" : plain;
}

std::string indented(const std::string& text, size_t by) {
  std::string out(by, ' ');
  for (char c : text) {
    out += c;
    if (c == '\n') out.append(by, ' ');
  }
  return out;
}

/// Text that grows by ", name=value" and breaks the line where the columns do not hold it.
class Suffixed {
 public:
  Suffixed(std::string text, size_t indent, size_t width, bool break_first)
      : text_(std::move(text)), indent_(indent), width_(width), break_(break_first) {
    const size_t newline = text_.rfind('\n');
    column_ = newline == text_.npos ? text_.size() + 2 : text_.size() - newline + 1;
  }

  void add(const std::string& suffix) {
    if (break_ || column_ + suffix.size() + 2 > width_) {
      text_ += ",\n" + std::string(indent_, ' ') + suffix;
      column_ = indent_ + suffix.size();
      break_ = false;
    } else {
      text_ += ", " + suffix;
      column_ += suffix.size() + 2;
    }
  }

  std::string close() { return text_ + ")"; }

 private:
  std::string text_;
  size_t indent_;
  size_t width_;
  size_t column_;
  bool break_;
};

std::string repr(const at::Tensor& tensor, const PrintStyle& style);

struct Parts {
  std::string prefix = "tensor(";
  std::string contents;
  std::vector<std::string> suffixes;
};

bool has_default_dtype(const at::Tensor& x) {
  const auto floating = at::typeMetaToScalarType(at::get_default_dtype());
  const auto type = x.scalar_type();
  return type == floating || type == at::kLong || type == at::kBool ||
         type == (floating == at::kDouble ? at::kComplexDouble : at::kComplexFloat);
}

bool is_compressed(const at::Tensor& x) {
  return x.layout() == at::kSparseCsr || x.layout() == at::kSparseCsc || x.layout() == at::kSparseBsr ||
         x.layout() == at::kSparseBsc;
}

std::string dtype_suffix(const at::Tensor& x) { return "dtype=torch." + dtype_name(x.scalar_type()); }

/// "values=tensor([1., 2.])", a component of a sparse tensor.
std::string component(const std::string& name, const at::Tensor& x, size_t indent, const PrintStyle& style) {
  const std::string prefix = name + "=tensor(";
  std::string text = x.is_meta() ? "..." : elements_text(x, static_cast<int64_t>(indent + prefix.size()), style);
  if (x.is_meta() || x.numel() == 0) text += ", size=" + tuple(x.sizes());
  return prefix + text + ")";
}

void sparse_parts(const at::Tensor& x, const PrintStyle& style, Parts& parts) {
  parts.suffixes.push_back("size=" + tuple(x.sizes()));
  if (!x.is_meta()) parts.suffixes.push_back("nnz=" + std::to_string(x._nnz()));
  if (!has_default_dtype(x)) parts.suffixes.push_back(dtype_suffix(x));
  const size_t indent = parts.prefix.size();
  const std::string line = "\n" + std::string(indent, ' ');
  if (x.is_sparse()) {
    parts.contents = component("indices", x._indices(), indent, style) + "," + line +
                     component("values", x._values(), indent, style);
    return;
  }
  const bool rows = x.layout() == c10::Layout::SparseCsr || x.layout() == c10::Layout::SparseBsr;
  parts.contents =
      component(rows ? "crow_indices" : "ccol_indices", rows ? x.crow_indices() : x.ccol_indices(), indent, style) +
      "," + line +
      component(rows ? "col_indices" : "row_indices", rows ? x.col_indices() : x.row_indices(), indent, style) + "," +
      line + component("values", x.values(), indent, style);
}

void quantized_parts(const at::Tensor& x, const PrintStyle& style, Parts& parts) {
  parts.suffixes.push_back("size=" + tuple(x.sizes()));
  parts.suffixes.push_back(dtype_suffix(x));
  parts.suffixes.push_back("quantization_scheme=torch." + c10::toString(x.qscheme()));
  if (x.qscheme() == at::kPerTensorAffine || x.qscheme() == at::kPerTensorSymmetric) {
    parts.suffixes.push_back("scale=" + shortest(x.q_scale()));
    parts.suffixes.push_back("zero_point=" + std::to_string(x.q_zero_point()));
  } else {
    parts.suffixes.push_back("scale=" + repr(x.q_per_channel_scales(), style));
    parts.suffixes.push_back("zero_point=" + repr(x.q_per_channel_zero_points(), style));
    parts.suffixes.push_back("axis=" + std::to_string(x.q_per_channel_axis()));
  }
  parts.contents = elements_text(x.dequantize(), static_cast<int64_t>(parts.prefix.size()), style);
}

void nested_parts(const at::Tensor& x, const PrintStyle& style, Parts& parts) {
  parts.prefix = "nested_tensor(";
  for (const at::Tensor& item : x.unbind(0))
    parts.contents += (parts.contents.empty() ? "[\n" : ",\n") + indented(repr(item, style), 2);
  parts.contents = parts.contents.empty() ? "[\n\n]" : parts.contents + "\n]";
}

void dense_parts(const at::Tensor& x, const PrintStyle& style, Parts& parts) {
  const bool floating = x.scalar_type() == at::typeMetaToScalarType(at::get_default_dtype());
  if (x.is_meta() || x.numel() == 0) {
    // nothing shows the dtype here, so that of integers is told too
    if (x.is_meta() || x.dim() != 1) parts.suffixes.push_back("size=" + tuple(x.sizes()));
    if (!floating) parts.suffixes.push_back(dtype_suffix(x));
    parts.contents = x.is_meta() ? "..." : "[]";
    return;
  }
  if (!has_default_dtype(x)) parts.suffixes.push_back(dtype_suffix(x));
  parts.contents =
      elements_text(x.layout() == at::kStrided ? x : x.to_dense(), static_cast<int64_t>(parts.prefix.size()), style);
}

std::string history_name(const at::Tensor& x) {
  try {
    return node_name(x);
  } catch (const c10::Error&) {
    return "Invalid";  // a view made under no_grad and changed in place there: its history cannot be told
  }
}

/// A tensor inside vmap or grad: what it holds, one level in.
std::string wrapped_repr(const at::Tensor& x, const PrintStyle& style) {
  auto inside = [&](const at::Tensor& value) { return ", value=\n" + indented(repr(value, style), 4) + "\n)"; };
  if (auto* batched = at::functorch::maybeGetBatchedImpl(x))
    return "BatchedTensor(lvl=" + std::to_string(batched->level()) + ", bdim=" + std::to_string(batched->bdim()) +
           inside(batched->value());
  auto* tracked = at::functorch::maybeGetTensorWrapper(x);
  return "GradTrackingTensor(lvl=" + std::to_string(tracked->level().value_or(-2)) + inside(tracked->value());
}

std::string repr(const at::Tensor& x, const PrintStyle& style) {
  if (at::functorch::isBatchedTensor(x) || at::functorch::maybeGetTensorWrapper(x)) return wrapped_repr(x, style);
  Parts parts;
  if (!x.device().is_cpu()) parts.suffixes.push_back("device='" + x.device().str() + "'");
  if (x.is_sparse() || is_compressed(x)) sparse_parts(x, style, parts);
  else if (x.is_quantized()) quantized_parts(x, style, parts);
  else if (x.is_nested()) nested_parts(x, style, parts);
  else dense_parts(x, style, parts);

  if (x.layout() != at::kStrided)
    parts.suffixes.push_back("layout=torch." + (x.is_mkldnn() ? "_mkldnn" : layout_name(x.layout())));
  if (const std::string history = history_name(x); !history.empty())
    parts.suffixes.push_back("grad_fn=<" + history + ">");
  else if (x.requires_grad()) parts.suffixes.push_back("requires_grad=True");
  if (const at::Tensor& tangent = x._fw_grad(0); tangent.defined()) {
    const bool number = tangent.dim() == 0 && at::isFloatingType(tangent.scalar_type());
    parts.suffixes.push_back("tangent=" + (number ? shortest(tangent.item().toDouble()) : repr(tangent, style)));
  }
  const size_t indent = parts.prefix.size();
  Suffixed text(parts.prefix + parts.contents, indent, static_cast<size_t>(style.line_width), x.is_sparse());
  for (const std::string& suffix : parts.suffixes) text.add(suffix);
  return text.close();
}

int lines_of(const std::string& text) { return 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

/// The first and the last lines, and how many are left out between them.
std::string without_middle(const std::string& text, int max_lines) {
  const int total = lines_of(text), head = max_lines / 2, tail = max_lines - head - 1;
  std::string out;
  size_t at = 0;
  for (int line = 0; line < total; ++line) {
    size_t end = text.find('\n', at);
    end = end == text.npos ? text.size() : end + 1;
    if (line < head || line >= total - tail) out.append(text, at, end - at);
    else if (line == head)
      out += "... (" + std::to_string(total - head - tail) + " lines left out)" + (tail ? "\n" : "");
    at = end;
  }
  return out;
}

std::string header_line(const at::Tensor& x) {
  std::string text = "[" + dtype_name(x.scalar_type()) + " ";
  text += x.is_nested() ? "nested" : x.dim() == 0 ? "0-dim" : joined(x.sizes(), "x");
  text += " " + x.device().str();
  if (const std::string history = history_name(x); !history.empty()) text += ", grad_fn=<" + history + ">";
  else if (x.requires_grad()) text += ", requires_grad";
  return text + "]\n";
}

}  // namespace

std::string print(const at::Tensor& tensor, const PrintOptions& options) {
  if (!tensor.defined()) return "undefined tensor";
  at::NoGradGuard no_grad;
  // what is printed inside a vmap is computed outside it
  c10::impl::ExcludeDispatchKeyGuard outside(c10::DispatchKeySet(
      {c10::DispatchKey::FuncTorchDynamicLayerFrontMode, c10::DispatchKey::FuncTorchDynamicLayerBackMode}));
  const std::string header = options.header ? header_line(tensor) : "";
  PrintStyle style = print_style();
  if (options.full) style.threshold = -1;
  std::string text = header + repr(tensor, style);
  if (options.full) return text;
  if (options.max_lines <= 0) return text;
  for (int64_t edge : {12, 6, 3, 2, 1}) {
    if (lines_of(text) <= options.max_lines) return text;
    style.threshold = 2 * edge, style.edge_items = edge;
    text = header + repr(tensor, style);
  }
  return lines_of(text) <= options.max_lines ? text : without_middle(text, options.max_lines);
}

std::string summary(const at::Tensor& tensor) {
  if (!tensor.defined()) return "undefined tensor";
  const std::string sizes = tensor.is_nested() ? "nested" : joined(tensor.sizes(), ", ");
  return dtype_name(tensor.scalar_type()) + "[" + sizes + "] " + tensor.device().str();
}

}  // namespace moonlab
