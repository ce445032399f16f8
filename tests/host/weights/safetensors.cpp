// Reading and writing safetensors: what comes back, the bytes themselves, and every way in which a file may lie.
#include "host/weights/safetensors.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>

#include "host/error.hpp"
#include "host/file.hpp"

using Catch::Contains;
using namespace moonlab::weights;

namespace {

struct Folder {
  std::string path = moonlab::make_temporary_folder("safetensors");
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return path + "/" + name; }
};

Safetensors in_memory(const std::string& bytes) {
  return Safetensors(MappedFile::copy(std::as_bytes(std::span(bytes)), "x.safetensors"));
}

// A file of this header and so many zero bytes of data.
std::string file_of(const std::string& header, size_t data = 0) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return length + header + std::string(data, '\0');
}

void refused(const std::string& header, size_t data, const std::string& why) {
  INFO(header.substr(0, 200));
  CHECK_THROWS_WITH(in_memory(file_of(header, data)), Contains("x.safetensors: ") && Contains(why));
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the bytes are those of the reference library") {
  const auto bytes = safetensors_bytes({{"b", at::tensor({1, 2}, at::kByte)},
                                        {"a\n\"é", at::tensor({3}, at::kByte)},
                                        {"w", at::ones({1, 2}, at::kBFloat16)},
                                        {"n", at::scalar_tensor(7, at::kLong)},
                                        {"f", at::zeros({0, 3})}},
                                       {{"format", "pt"}});
  // recorded from the Python package
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("f":{"dtype":"F32","shape":[0,3],"data_offsets":[8,8]},"w":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]},)"
      R"("a\n\"é":{"dtype":"U8","shape":[1],"data_offsets":[12,13]},"b":{"dtype":"U8","shape":[2],"data_offsets":[13,15]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  using namespace std::string_literals;
  CHECK(bytes == file_of(padded) + "\x07\0\0\0\0\0\0\0\x80\x3f\x80\x3f\x03\x01\x02"s);
}

TEST_CASE("every dtype of the format comes back") {
  Folder folder;
  NamedTensors tensors;
  using enum at::ScalarType;
  for (auto type : {Double,
                    Float,
                    Half,
                    BFloat16,
                    Long,
                    Int,
                    Short,
                    Char,
                    Byte,
                    UInt16,
                    UInt32,
                    UInt64,
                    Bool,
                    ComplexFloat,
                    Float8_e4m3fn,
                    Float8_e5m2,
                    Float8_e4m3fnuz,
                    Float8_e5m2fnuz,
                    Float8_e8m0fnu,
                    Float4_e2m1fn_x2}) {
    const auto size = static_cast<int64_t>(c10::elementSize(type));
    auto values = at::arange(1, 1 + 6 * size, at::kByte);
    if (type == Bool) values = values.remainder(2);
    tensors.emplace_back(c10::toString(type), values.view(type).reshape({2, 3}));
    tensors.emplace_back(std::string("empty ") + c10::toString(type), at::empty({0, 2}, type));
  }
  tensors.emplace_back("scalar", at::scalar_tensor(2.5));
  const auto path = folder.file("all.safetensors");
  write_safetensors(path, tensors, {{"größe", "1\t2"}, {"", ""}});
  const Safetensors file(MappedFile::open(path));
  CHECK(file.entries().size() == tensors.size());
  CHECK(file.metadata() == Metadata{{"größe", "1\t2"}, {"", ""}});
  for (const auto& [name, expected] : tensors) {
    INFO(name);
    const auto got = file.tensor(file.entry(name));
    REQUIRE(got.scalar_type() == expected.scalar_type());
    REQUIRE(got.sizes() == expected.sizes());
    if (expected.numel() > 0)
      CHECK(got.view({-1}).view(at::kByte).equal(expected.contiguous().view({-1}).view(at::kByte)));
  }
  CHECK_THROWS_WITH(file.entry("scaler"), path + ": no tensor 'scaler'; did you mean 'scalar'?");
}

TEST_CASE("views, conjugates and shared memory are written as plain copies") {
  const auto base = at::arange(6, at::kFloat).reshape({2, 3}).requires_grad_();
  const auto z = at::complex(at::ones({2}), at::ones({2}));
  const auto bytes =
      safetensors_bytes({{"a", base}, {"t", base.t()}, {"z", z.conj()}, {"step", base[0].expand({2, 3})}});
  const auto file = in_memory(bytes);
  CHECK(file.tensor(file.entry("t")).equal(base.t()));
  CHECK(file.tensor(file.entry("z")).equal(z.conj().resolve_conj()));
  CHECK(file.tensor(file.entry("step")).sizes() == at::IntArrayRef({2, 3}));
  CHECK(!file.tensor(file.entry("a")).requires_grad());
}

TEST_CASE("what the format lacks is refused, and the old file stays") {
  Folder folder;
  const auto path = folder.file("m.safetensors");
  write_safetensors(path, {{"a", at::ones({2})}});
  const auto before = read(path);
  const auto refused_writing = [&](const NamedTensors& tensors, const std::string& why) {
    CHECK_THROWS_WITH(write_safetensors(path, tensors), Contains(why));
    CHECK(read(path) == before);
  };
  refused_writing({{"z", at::ones({2}, at::kComplexDouble)}}, "'z' is complex128, which the format lacks");
  refused_writing({{"s", at::ones({2}).to_sparse()}}, "to_dense()");
  refused_writing({{"m", at::empty({2}, at::device(at::kMeta))}}, "has no values");
  refused_writing({{"__metadata__", at::ones({2})}}, "cannot be called '__metadata__'");
  refused_writing({{"a", at::ones({2})}, {"a", at::zeros({2}, at::kLong)}}, "'a' is given twice");
  refused_writing({{"\xff", at::ones({2})}}, "no valid UTF-8");
  refused_writing({{"u", at::Tensor()}}, "'u' is no tensor");
  CHECK_THROWS_WITH(write_safetensors(folder.file("none/m"), {}), Contains("No such file or directory"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);  // no temporary file is left
}

TEST_CASE("writing into a tensor of the mapping never reaches the file") {
  Folder folder;
  const auto path = folder.file("m.safetensors");
  write_safetensors(path, {{"a", at::ones({1000})}});
  const auto before = read(path);
  at::Tensor kept;
  {
    const Safetensors file(MappedFile::open(path));
    kept = file.tensor(file.entry("a"));
  }
  kept.mul_(3);  // the object is gone, the mapping is not
  CHECK(kept.sum().item<float>() == 3000);
  CHECK(read(path) == before);
  const Safetensors again(MappedFile::open(path));
  CHECK(again.tensor(again.entry("a")).sum().item<float>() == 1000);
  write_safetensors(path, {{"a", kept}});  // over the file it was read from
  CHECK(kept.sum().item<float>() == 3000);
  kept.resize_({2000}).zero_();  // a resized one lives on the heap
}

TEST_CASE("misaligned data is copied, aligned data is not") {
  auto bytes = file_of(
      R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})");
  bytes += '\1';
  const float value = 2.5f;
  bytes.append(reinterpret_cast<const char*>(&value), 4);
  const auto file = in_memory(bytes);
  CHECK(file.tensor(file.entry("f")).item<float>() == 2.5f);
  CHECK(file.tensor(file.entry("f")).data_ptr() != file.tensor(file.entry("f")).data_ptr());
  CHECK(file.tensor(file.entry("b")).data_ptr() == file.tensor(file.entry("b")).data_ptr());
}

TEST_CASE("a file that is none, or not whole, says so") {
  CHECK_THROWS_WITH(in_memory(""), "x.safetensors: no safetensors file, or cut short: 0 bytes");
  CHECK_THROWS_WITH(in_memory(std::string(8, '\xff')), Contains("its header would have 18446744073709551615 bytes"));
  CHECK_THROWS_WITH(in_memory(file_of("{}").replace(0, 1, "\x03")), Contains("the header has 3 bytes, the file 2"));
  CHECK_THROWS_WITH(in_memory(file_of("")), Contains("does not begin with '{'"));
  CHECK_THROWS_WITH(in_memory(file_of(" {}")), Contains("does not begin with '{'"));
  CHECK(in_memory(file_of("{}")).entries().empty());
  CHECK(in_memory(file_of(R"({"__metadata__":{}}   )")).entries().empty());
  CHECK_THROWS_WITH(Safetensors(MappedFile::open("/nowhere/a")), "/nowhere/a: No such file or directory");
  CHECK_THROWS_WITH(Safetensors(MappedFile::open("/tmp")), "/tmp: a folder, expected a file");
  CHECK_THROWS_WITH(Safetensors(MappedFile::open("/dev/null")), "/dev/null: no regular file");

  const auto whole = safetensors_bytes({{"a", at::ones({3})}, {"b", at::ones({2, 2}, at::kLong)}}, {{"k", "v"}});
  in_memory(whole);
  for (size_t keep = 0; keep < whole.size(); ++keep) CHECK_THROWS_AS(in_memory(whole.substr(0, keep)), moonlab::Error);
  CHECK_THROWS_WITH(in_memory(whole + "x"), Contains("1 bytes follow the last tensor"));
}

TEST_CASE("a header that lies is refused by name") {
  const auto one = [](const std::string& fields) { return R"({"a":{)" + fields + "}}"; };
  const auto dims = [&](const std::string& shape, const std::string& offsets) {
    return one(R"("dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets);
  };
  refused(dims("[2]", "[0,4]"), 4, "tensor 'a' has 4 bytes, its dtype and shape make 8");
  refused(dims("[1]", "[4,8]"), 8, "after a gap that begins at 0");
  refused(dims("[1]", "[4,0]"), 4, "ends before it begins");
  refused(dims("[1]", "[0,4]"), 3, "cut short: the tensors have 4 bytes, the file 3");
  refused(dims("[1]", "[0,4]"), 9, "5 bytes follow the last tensor");
  refused(dims("[-1]", "[0,4]"), 4, "the negative number -1 in 'shape'");
  refused(dims("[1.0]", "[0,4]"), 4, "no integer of 64 bits in 'shape'");
  refused(dims("[18446744073709551615]", "[0,4]"), 4, "a size of 18446744073709551615");
  refused(dims("[99999999999999999999]", "[0,4]"), 4, "no integer of 64 bits");
  refused(dims("[4611686018427387904,4]", "[0,0]"), 0, "whose size overflows");
  refused(dims("[0,4611686018427387904,4611686018427387904]", "[0,0]"), 0, "whose size overflows");
  refused(dims("[1]", "[0,4,4]"), 4, "more than two 'data_offsets'");
  refused(dims("[1]", "[0]"), 4, "has 1 of two 'data_offsets'");
  refused(dims("[[1]]", "[0,4]"), 4, "has a list in 'shape'");
  refused(dims("1", "[0,4]"), 4, "has a number in 'shape'");
  refused(dims("null", "[0,4]"), 4, "has null in 'shape'");
  refused(dims("[\"1\"]", "[0,4]"), 4, "has a string in 'shape'");
  refused(dims("[1]", "[18446744073709551612,18446744073709551615]"), 4, "has 3 bytes");
  refused(dims("[1]", "[18446744073709551608,18446744073709551612]"), 4, "after a gap");
  std::string many = "[1";
  for (int i = 0; i < 64; ++i) many += ",1";
  refused(dims(many + "]", "[0,4]"), 4, "more than 64 dims");

  refused(one(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])"), 4,
          "has the unknown dtype 'F33'; did you mean 'F32'?");
  refused(one(R"("dtype":7,"shape":[1],"data_offsets":[0,4])"), 4, "has a number in 'dtype'");
  refused(one(R"("dtype":["F32"],"shape":[1],"data_offsets":[0,4])"), 4, "has a list in 'dtype'");
  refused(one(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2, "odd last dim");
  refused(one(R"("shape":[1],"data_offsets":[0,4])"), 4, "has no 'dtype'");
  refused(one(R"("dtype":"F32","data_offsets":[0,4])"), 4, "has no 'shape'");
  refused(one(R"("dtype":"F32","shape":[1])"), 4, "has no 'data_offsets'");
  refused(one(R"("dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4])"), 4, "gives 'shape' twice");
  refused(R"({"a":7})", 0, "tensor 'a' is a number");
  refused(R"({"a":[]})", 0, "tensor 'a' is a list");

  const std::string good = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  refused(R"({"a":)" + good + R"(,"a":)" + good + "}", 4, "names tensor 'a' twice");
  refused(R"({"a":)" + good + R"(,"b":)" + good + "}", 4, "inside the one before, which ends at 4");
  refused(R"({"__metadata__":{"k":"v","k":"w"}})", 0, "has metadata 'k' twice");
  refused(R"({"__metadata__":{},"__metadata__":{}})", 0, "has '__metadata__' twice");
  refused(R"({"__metadata__":{"k":1}})", 0, "has a number in its metadata, under 'k'");
  refused(R"({"__metadata__":[]})", 0, "has a list in its metadata");

  refused("{", 0, "no valid JSON at byte");
  refused("{}{}", 0, "no valid JSON at byte");
  refused("{\"a\xff\":1}", 0, "no valid UTF-8");
  refused(std::string("{}\0", 3), 0, "no valid JSON");
  refused("{\"" + std::string(3000, 'x') + "\":1}", 0, "xxx'... is a number");
  refused(one("\"more\":" + std::string(100000, '[')), 0, "nested deeper than 64");
  refused(one("\"more\":" + std::string(60, '[') + std::string(60, ']')), 0, "has no 'dtype'");
}

TEST_CASE("fields that the format does not know are passed over") {
  const auto file = in_memory(file_of(
      R"({"a":{"more":{"x":[1,{"y":null}],"dtype":"no"},"dtype":"U8","extra":-1.5,"shape":[2],"data_offsets":[0,2]}})",
      2));
  CHECK(file.tensor(file.entry("a")).equal(at::zeros({2}, at::kByte)));
}

TEST_CASE("an index names the parts of a model beside it") {
  Folder folder;
  const auto path = folder.file("model.safetensors.index.json");
  const auto write = [&](const std::string& text) { REQUIRE(moonlab::write_atomic(path, text).empty()); };
  write(R"({"metadata":{"total_size":8},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  CHECK(read_safetensors_index(path) ==
        Metadata{{"a", folder.file("m-1.safetensors")}, {"b", folder.file("m-2.safetensors")}});
  for (const char* bad : {"../m", "/etc/passwd", "", "..", "a/b"}) {
    write(std::string(R"({"weight_map":{"a":")") + bad + "\"}}");
    CHECK_THROWS_WITH(read_safetensors_index(path), Contains("expected the name of a file beside the index"));
  }
  write(R"({"weight_map":{"a":1}})");
  CHECK_THROWS_WITH(read_safetensors_index(path), Contains("the file of tensor 'a' is no string"));
  write("[]");
  CHECK_THROWS_WITH(read_safetensors_index(path), Contains("no object 'weight_map'"));
  write("{");
  CHECK_THROWS_WITH(read_safetensors_index(path), Contains("no valid JSON"));
  write(std::string(100000, '['));
  CHECK_THROWS_WITH(read_safetensors_index(path), Contains("nested deeper"));
}
