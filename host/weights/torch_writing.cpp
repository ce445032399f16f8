// Writing the two formats of torch.save.
#include <ATen/Functions.h>

#include <filesystem>
#include <unordered_map>

#include "host/error.hpp"
#include "host/hash.hpp"
#include "host/tensor/dtype.hpp"
#include "host/weights/pickler.hpp"
#include "host/weights/torch_file.hpp"
#include "host/weights/torch_globals.hpp"
#include "host/weights/written_storages.hpp"
#include "host/weights/zip_writer.hpp"

namespace moonlab::weights {

namespace {

class TensorWriter {
 public:
  TensorWriter(Storages& storages, bool legacy) : storages_(storages), legacy_(legacy) {}

  void operator()(Pickler& p, const at::Tensor& t) const {
    if (t.layout() != at::kStrided) return sparse(p, t);
    if (t.is_meta()) return meta(p, t);
    if (t.is_quantized()) return quantized(p, t);
    const auto& entry = storages_.add(t);
    if (legacy_ && !entry.typed) {
      // PyTorch writes such files but cannot read them: its old format knows no untyped storages
      fail("a storage viewed as ", dtype_name(t.scalar_type()),
           storage_class(t.scalar_type()).empty() ? "" : " and another dtype",
           " has no form in the old format; write the zip format");
    }
    p.global(entry.typed ? "torch._utils._rebuild_tensor_v2" : "torch._utils._rebuild_tensor_v3");
    p.mark();
    place(p, t, entry);
    p.boolean(t.requires_grad());
    p.empty_ordered_dict();
    if (!entry.typed) p.global("torch." + dtype_name(t.scalar_type()));
    if (t.is_conj()) p.dict_of_true("conj");
    else if (t.is_neg()) p.dict_of_true("neg");
    p.tuple();
    p.call();
  }

 private:
  /// The storage, the first element, sizes, strides.
  void place(Pickler& p, const at::Tensor& t, const Storages::Entry& entry) const {
    p.mark();
    p.text("storage");
    p.global(entry.typed ? "torch." + storage_class(entry.type) : "torch.storage.UntypedStorage");
    p.text(entry.key);
    p.text(t.device().str());
    p.integer(entry.count);
    if (legacy_) p.none();  // no view of another storage
    p.tuple();
    p.persistent();
    p.integer(t.storage_offset());
    p.tuple(t.sizes());
    p.tuple(t.strides());
  }

  void meta(Pickler& p, const at::Tensor& t) const {
    p.global("torch._utils._rebuild_meta_tensor_no_storage");
    p.mark();
    p.global("torch." + dtype_name(t.scalar_type()));
    p.tuple(t.sizes());
    p.tuple(t.strides());
    p.boolean(t.requires_grad());
    p.tuple();
    p.call();
  }

  void sparse(Pickler& p, const at::Tensor& t) const {
    const bool coo = t.layout() == at::kSparse;
    if (!coo && !t.is_sparse_csr() && t.layout() != at::kSparseCsc && t.layout() != at::kSparseBsr &&
        t.layout() != at::kSparseBsc) {
      fail("a tensor of layout ", t.layout(), " cannot be written");
    }
    static const std::unordered_map<at::Layout, const char*> kNames{{at::kSparse, "torch.sparse_coo"},
                                                                    {at::kSparseCsr, "torch.sparse_csr"},
                                                                    {at::kSparseCsc, "torch.sparse_csc"},
                                                                    {at::kSparseBsr, "torch.sparse_bsr"},
                                                                    {at::kSparseBsc, "torch.sparse_bsc"}};
    p.global("torch._utils._rebuild_sparse_tensor");
    p.mark();
    p.global("torch.serialization._get_layout");
    p.mark();
    p.text(kNames.at(t.layout()));
    p.tuple();
    p.call();
    p.mark();
    const bool by_row = t.layout() == at::kSparseCsr || t.layout() == at::kSparseBsr;
    if (coo) {
      (*this)(p, t._indices());
    } else {
      (*this)(p, by_row ? t.crow_indices() : t.ccol_indices());
      (*this)(p, by_row ? t.col_indices() : t.row_indices());
    }
    (*this)(p, coo ? t._values() : t.values());
    p.tuple(t.sizes());
    if (coo) p.boolean(t.is_coalesced());
    p.tuple();
    p.tuple();
    p.call();
  }

  void quantized(Pickler& p, const at::Tensor& t) const {
    const auto& entry = storages_.add(t);
    if (!entry.typed) fail("a tensor of dtype ", t.scalar_type(), " cannot be written");
    p.global("torch._utils._rebuild_qtensor");
    p.mark();
    place(p, t, entry);
    p.mark();
    if (t.qscheme() == at::kPerTensorAffine) {
      p.global("torch.per_tensor_affine");
      p.real(t.q_scale());
      p.integer(t.q_zero_point());
    } else if (t.qscheme() == at::kPerChannelAffine || t.qscheme() == at::kPerChannelAffineFloatQParams) {
      p.global(t.qscheme() == at::kPerChannelAffine ? "torch.per_channel_affine"
                                                    : "torch.per_channel_affine_float_qparams");
      (*this)(p, t.q_per_channel_scales());
      (*this)(p, t.q_per_channel_zero_points());
      p.integer(t.q_per_channel_axis());
    } else {
      fail("a tensor of quantization scheme ", c10::toString(t.qscheme()), " cannot be written");
    }
    p.tuple();
    p.boolean(t.requires_grad());
    p.empty_ordered_dict();
    p.tuple();
    p.call();
  }

  Storages& storages_;
  bool legacy_;
};

/// The folder in the archive, as PyTorch names it: after the file, or "archive".
std::string folder_name(const std::string& path) {
  std::string stem = std::filesystem::path(path).stem().string();
  return stem.empty() || stem.size() > 200 ? "archive" : stem;
}

void write_zip(AtomicFile& file, const std::string& folder, const std::string& pickle, const Storages& storages) {
  ZipWriter zip(file, folder);
  zip.add("data.pkl", pickle);
  zip.add(".format_version", "1");
  zip.add(".storage_alignment", "64");
  zip.add("byteorder", "little");
  storages.each(
      [&](const Storages::Entry& entry, std::span<const std::byte> bytes) { zip.add("data/" + entry.key, bytes); });
  zip.add("version", "3\n");
  // forty digits that tell two files apart; from the content, so that equal values give equal files
  std::string digits;
  for (char c : sha256(pickle)) digits.push_back(static_cast<char>('0' + (c >= 'a' ? c - 'a' : c - '0')));
  zip.add(".data/serialization_id", digits.substr(0, 40));
  zip.finish();
}

void write_legacy(AtomicFile& file, const std::string& pickle, const Storages& storages) {
  using namespace std::string_view_literals;
  file.write("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."sv);
  Arena arena;
  auto text = [&](const char* s) { return arena.text(s); };
  Ref sizes = arena.make(
      Mapping{Mapping::dict,
              {{text("short"), arena.integer(2)}, {text("int"), arena.integer(4)}, {text("long"), arena.integer(4)}}});
  Pickler machine;
  machine.value(arena.make(Mapping{Mapping::dict,
                                   {{text("protocol_version"), arena.integer(1001)},
                                    {text("little_endian"), arena.make(true)},
                                    {text("type_sizes"), sizes}}}));
  file.write(machine.finish());
  file.write(pickle);
  Sequence keys;
  for (const auto& entry : storages.entries()) keys.items.push_back(arena.text(entry.key));
  Pickler list;
  list.value(arena.make(std::move(keys)));
  file.write(list.finish());
  storages.each([&](const Storages::Entry& entry, std::span<const std::byte> bytes) {
    file.write(std::as_bytes(std::span(&entry.count, 1)));
    file.write(bytes);
  });
}

}  // namespace

void write_torch_file(const std::string& path, Ref root, Arena& arena, bool legacy) {
  Storages storages;
  for (const Value& value : arena.values()) {
    if (const auto* t = value.as<at::Tensor>(); t && !t->is_meta()) storages.meet(*t);
  }
  std::string pickle;
  try {
    Pickler pickler(TensorWriter(storages, legacy));
    pickler.value(root);
    pickle = pickler.finish();
  } catch (const Error& e) {
    fail("torch.save: ", path, ": ", e.what());
  }
  AtomicFile file(path);
  if (legacy) write_legacy(file, pickle, storages);
  else write_zip(file, folder_name(path), pickle, storages);
  file.commit();
}

}  // namespace moonlab::weights
