// Files made to do harm: each is refused by an Error that names the file and the offence.
#include <ATen/Functions.h>

#include <cstring>

#include "torch_file_parts.hpp"

using namespace torch_files;
using Catch::Contains;
using namespace std::string_literals;

namespace {

std::string u32(uint32_t n) { return std::string(reinterpret_cast<const char*>(&n), 4); }
std::string text(const std::string& s) { return "X" + u32(static_cast<uint32_t>(s.size())) + s; }
std::string number(int64_t n) { return "\x8a\x08"s + std::string(reinterpret_cast<const char*>(&n), 8); }
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string whole(const std::string& body) { return "\x80\x02" + body + "."; }

/// A storage of `count` floats named "0".
std::string storage(int64_t count, const std::string& key = "0") {
  return "(" + text("storage") + global("torch", "FloatStorage") + text(key) + text("cpu") + number(count) + "tQ";
}
std::string integers(const std::vector<int64_t>& list) {
  std::string out = "(";
  for (int64_t n : list) out += number(n);
  return out + "t";
}
std::string tensor_code(const std::string& from, int64_t offset, const std::vector<int64_t>& sizes,
                        const std::vector<int64_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + from + number(offset) + integers(sizes) +
         integers(strides) + "\x89NtR";
}
std::string error_of_tensor(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                            int64_t count = 4) {
  return error_of_pickle(whole(tensor_code(storage(count), offset, sizes, strides)),
                         {{"data/0", std::string(16, '\0')}});
}

template <class T>
void put(FileBytes& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

size_t find(const FileBytes& bytes, const std::string& what, size_t from = 0) {
  std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t at = all.find(what, from);
  REQUIRE(at != all.npos);
  return at;
}

}  // namespace

TEST_CASE("torch_file: cut short at any byte") {
  for (const char* name : {"state.pt", "state_legacy.pt", "deflated.pt"}) {
    const FileBytes full = bytes_of(fixture(name));
    for (size_t n = 0; n < full.size(); ++n) {
      const std::string error = error_of(FileBytes(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(n)));
      INFO(name << " cut to " << n << ": " << error);
      REQUIRE(error.starts_with("hand.pt"));
    }
  }
}

TEST_CASE("torch_file: any byte changed gives a value or an Error") {
  for (const char* name : {"state.pt", "state_legacy.pt", "nested.pt"}) {
    const FileBytes full = bytes_of(fixture(name));
    for (size_t n = 0; n < full.size(); ++n) {
      for (unsigned char change : {0x01, 0x80, 0xff}) {
        FileBytes changed = full;
        changed[n] ^= std::byte{change};
        const std::string error = error_of(changed);  // any other exception fails the test
        REQUIRE((error.empty() || error.starts_with("hand.pt")));
      }
    }
  }
}

TEST_CASE("torch_file: pickles that break their own rules") {
  CHECK_THAT(error_of_pickle(whole("")), Contains("empty stack"));
  CHECK_THAT(error_of_pickle(whole("NN")), Contains("too many"));
  CHECK_THAT(error_of_pickle(whole("t")), Contains("a mark that was not set"));
  CHECK_THAT(error_of_pickle(whole("h\x05")), Contains("recalls value 5"));
  CHECK_THAT(error_of_pickle(whole("](a")), Contains("empty stack"));
  CHECK_THAT(error_of_pickle(whole("NNa")), Contains("adds items to None"));
  CHECK_THAT(error_of_pickle(whole("}(Nu")), Contains("a key without a value"));
  CHECK_THAT(error_of_pickle(whole("NNR")), Contains("expected a tuple"));
  CHECK_THAT(error_of_pickle(whole("N)R")), Contains("calls None"));
  CHECK_THAT(error_of_pickle(whole("NNb")), Contains("gives a state to None"));
  CHECK_THAT(error_of_pickle("\x80\x00N."s), Contains("protocol 0"));
  CHECK_THAT(error_of_pickle(whole("I1\n")), Contains("code 73"));
  CHECK_THAT(error_of_pickle(whole("\x82\x01")), Contains("code 130"));  // the extension registry
  CHECK_THAT(error_of_pickle("\x80\x02N"), Contains("cut short"));
}

TEST_CASE("torch_file: sizes that lie ask for no memory") {
  CHECK_THAT(error_of_pickle(whole("X\xff\xff\xff\x7f")), Contains("cut short"));
  CHECK_THAT(error_of_pickle(whole("\x8d" + std::string(8, '\xff'))), Contains("cut short"));
  CHECK_THAT(error_of_pickle(whole("\x8e" + std::string(7, '\xff') + "\x7f")), Contains("cut short"));
  CHECK_THAT(error_of_pickle(whole("\x8b\xff\xff\xff\xff")), Contains("an integer of -1 bytes"));
  CHECK_THAT(error_of_tensor(0, {4}, {1}, int64_t{1} << 40), Contains("must have 4398046511104 bytes"));
  CHECK_THAT(error_of_tensor(0, {4}, {1}, INT64_MAX), Contains("claims 9223372036854775807 elements"));
  CHECK_THAT(error_of_tensor(0, {4}, {1}, -1), Contains("a storage of -1 elements"));
  // the old format: the number of elements stands before the bytes
  FileBytes legacy = bytes_of(fixture("state_legacy.pt"));
  put<int64_t>(legacy, find(legacy, "\x06"s + std::string(13, '\0') + "\x80\x3f"), int64_t{1} << 60);
  CHECK_THAT(error_of(legacy), Contains("claims 1152921504606846976 elements"));
}

TEST_CASE("torch_file: nothing outside the list is spoken of") {
  for (auto [module, name] : {std::pair{"os", "system"},
                              {"builtins", "eval"},
                              {"__builtin__", "exec"},
                              {"torch", "load"},
                              {"torch.hub", "load"},
                              {"numpy", "load"},
                              {"torch._utils", "_rebuild_wrapper_subclass"},
                              {"torch.jit", "load"},
                              {"collections", "deque"}}) {
    CHECK_THAT(error_of_pickle(whole(global(module, name) + "(" + text("echo pwned > pwned") + "tR")),
               Contains(name) && Contains("refused"));
    CHECK_THAT(error_of_pickle(whole(text(module) + text(name) + "\x93)R")), Contains(name));
  }
  CHECK_THAT(error_of_pickle(whole(global("torch", "float32") + ")R")), Contains("cannot be called"));
  CHECK_THAT(error_of_pickle(whole("(" + text("module") + text("x") + text("y") + text("z") + text("w") + "tQ")),
             Contains("expected a storage"));
  CHECK_THAT(error_of_pickle(whole("NQ")), Contains("expected (storage"));
}

TEST_CASE("torch_file: views that leave their storage") {
  CHECK(error_of_tensor(0, {2, 2}, {2, 1}) == "");
  CHECK(error_of_tensor(3, {1000000, 1000000}, {0, 0}) == "");  // one element, expanded: no memory
  CHECK_THAT(error_of_tensor(0, {5}, {1}), Contains("does not lie in its storage of 4"));
  CHECK_THAT(error_of_tensor(1, {2, 2}, {2, 1}), Contains("does not lie in its storage"));
  CHECK_THAT(error_of_tensor(0, {2}, {4}), Contains("does not lie in its storage"));
  CHECK_THAT(error_of_tensor(-1, {1}, {1}), Contains("an offset of -1"));
  CHECK_THAT(error_of_tensor(3, {2}, {-1}), Contains("negative"));
  CHECK_THAT(error_of_tensor(0, {-1}, {1}), Contains("negative"));
  CHECK_THAT(error_of_tensor(0, {INT64_MAX, 4}, {1, 1}), Contains("does not lie"));
  CHECK_THAT(error_of_tensor(INT64_MAX, {2}, {INT64_MAX}), Contains("does not lie"));
  CHECK_THAT(error_of_tensor(0, {2, 2}, {1}), Contains("2 sizes and 1 strides"));
  CHECK_THAT(error_of_tensor(0, {4}, {1}, 5), Contains("must have 20 bytes (5 elements), it has 16"));
  CHECK_THAT(error_of_pickle(whole(tensor_code(storage(4, "9"), 0, {4}, {1}))), Contains("storage '9' is missing"));
  CHECK_THAT(error_of_pickle(whole(tensor_code("N", 0, {4}, {1}))), Contains("argument 1 must be a storage, got None"));
  CHECK_THAT(error_of_pickle(whole(global("torch._utils", "_rebuild_tensor_v2") + ")R")),
             Contains("argument 1 is missing"));
}

TEST_CASE("torch_file: sparse indices out of range") {
  const std::string ones(16, '\1');
  auto longs = [](int64_t count, const std::string& key) {
    return "(" + text("storage") + global("torch", "LongStorage") + text(key) + text("cpu") + number(count) + "tQ";
  };
  const std::string layout = global("torch.serialization", "_get_layout") + "(" + text("torch.sparse_coo") + "tR";
  const std::string code = global("torch._utils", "_rebuild_sparse_tensor") + "(" + layout + "(" +
                           tensor_code(longs(2, "0"), 0, {1, 2}, {2, 1}) + tensor_code(storage(4, "1"), 0, {2}, {1}) +
                           integers({3}) + "ttR";
  CHECK_THAT(error_of_pickle(whole(code), {{"data/0", ones}, {"data/1", ones}}),
             Contains("size is inconsistent with indices"));
  CHECK(error_of_pickle(whole(code), {{"data/0", std::string(16, '\0')}, {"data/1", ones}}) == "");
}

TEST_CASE("torch_file: copies of one element without end") {
  const std::string wide = tensor_code(storage(4), 0, {int64_t{1} << 40}, {0});
  const std::string code = global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor") + "(" + wide +
                           global("torch", "float64") + text("cpu") + "\x89tR";
  CHECK_THAT(error_of_pickle(whole(code), {{"data/0", std::string(16, '\0')}}), Contains("more copies are asked for"));
  const std::vector<int64_t> ones(65, 1);
  CHECK_THAT(error_of_tensor(0, ones, ones), Contains("a tensor of 65 dims"));
  CHECK_THAT(error_of_pickle(whole(
                 "}(" +
                 [] {
                   std::string items;
                   for (int i = 0; i < 9000; ++i) items += "K\1N";
                   return items;
                 }() +
                 "uq\0"s + global("torch", "device") + "q\1"s +
                 [] {
                   std::string calls;
                   for (int i = 0; i < 9000; ++i) calls += "0h\1)h\0\x92"s;
                   return calls;
                 }())),
             Contains("over and over"));
}

TEST_CASE("torch_file: bombs") {
  std::string laughs = "]q\0"s;
  for (int level = 1; level < 60; ++level) {
    laughs += "](";
    for (int i = 0; i < 10; ++i) laughs += "h"s + static_cast<char>(level - 1);
    laughs += "eq"s + static_cast<char>(level);
  }
  CHECK_THAT(error_of_pickle(whole(laughs)), Contains("59 values too many"));  // read as it stands, in no time

  std::string copies = "](" + std::string(20000, 'N') + "e\x85q\0"s + global("collections", "Counter") + "q\1"s;
  std::string repeated = copies;
  for (int i = 0; i < 20000; ++i) repeated += "0h\1h\0R"s;
  CHECK_THAT(error_of_pickle(whole(repeated)), Contains("over and over") || Contains("whose item is None"));
  std::string bytes =
      text(std::string(50000, 'x')) + text("latin1") + "\x86q\0"s + global("_codecs", "encode") + "q\1"s;
  for (int i = 0; i < 20000; ++i) bytes += "0h\1h\0R"s;
  CHECK_THAT(error_of_pickle(whole(bytes)), Contains("over and over"));

  CHECK(error_of_pickle(whole(std::string(200000, ']') + std::string(199999, 'a'))) == "");  // nested 200000 deep
  CHECK(error_of_pickle(whole("]q\0h\0a"s)) == "");                                          // contains itself
  std::string calls = "Nq\0"s;
  for (int i = 0; i < 70; ++i) calls += "0" + global("numpy", "dtype") + "(h\0h\0tRq\0"s;  // each twice in the next
  CHECK(error_of_pickle(whole(calls)) == "");
}

TEST_CASE("torch_file: zip directories that lie") {
  const FileBytes good = archive(whole("N"), {{"data/0", "abcd"}, {"data/1", "efgh"}});
  REQUIRE(error_of(good) == "");
  const size_t first = find(good, "PK\1\2"), second = find(good, "PK\1\2", first + 1), end = find(good, "PK\5\6");
  auto changed = [&](size_t at, auto value) {
    FileBytes bytes = good;
    put(bytes, at, value);
    return error_of(bytes);
  };
  CHECK_THAT(changed(first + 24, uint32_t{1} << 30), Contains("with two sizes"));
  CHECK_THAT(changed(first + 20, uint64_t{0x4000000040000000}), Contains("does not lie in the file"));  // both sizes
  CHECK_THAT(changed(second + 42, uint32_t{0}), Contains("is called 'archive/data.pkl'"));
  CHECK_THAT(changed(second + 42, uint32_t{7}), Contains("does not stand at byte 7"));
  CHECK_THAT(changed(second + 42, uint32_t{0xfffffffe}), Contains("does not stand at byte 4294967294"));
  CHECK_THAT(changed(first + 8, uint16_t{1}), Contains("encrypted"));
  CHECK_THAT(changed(first + 10, uint16_t{12}), Contains("method 12"));
  CHECK_THAT(changed(first + 24, uint32_t{0xffffffff}), Contains("lacks its 64-bit size"));
  CHECK_THAT(changed(first + 30, uint16_t{0xffff}), Contains("broken"));
  CHECK_THAT(changed(end + 10, uint16_t{0xfff0}), Contains("says 65520 entries"));
  CHECK_THAT(changed(end + 16, uint32_t{0x7fffffff}), Contains("does not lie in the file"));
  CHECK_THAT(changed(end + 4, uint16_t{1}), Contains("several disks"));
  // two entries over the same bytes, and two of one name
  FileBytes twins = good;
  std::memcpy(twins.data() + second, twins.data() + find(good, "PK\1\2", second + 1),
              find(good, "PK\5\6") - find(good, "PK\1\2", second + 1));
  CHECK_THAT(error_of(twins), Contains("overlap"));
}

TEST_CASE("torch_file: compressed entries that claim too much or the wrong thing") {
  FileBytes deflated = bytes_of(fixture("deflated.pt"));
  REQUIRE(error_of(deflated) == "");
  const size_t entry = find(deflated, "PK\1\2");
  auto claim = [&](uint32_t size) {
    FileBytes bytes = deflated;
    put(bytes, entry + 24, size);
    return error_of(bytes);
  };
  CHECK_THAT(claim(0xf0000000), Contains("times its own size"));
  CHECK_THAT(claim(uint32_t{20} << 20), Contains("data.pkl is compressed and claims"));
  CHECK_THAT(claim(10), Contains("cannot be inflated to 10 bytes"));
  put<uint32_t>(deflated, entry + 16, 1);
  CHECK_THAT(error_of(deflated), Contains("checksum"));
}

TEST_CASE("torch_file: other files are called what they are") {
  auto of = [](const std::string& text) {
    auto all = std::as_bytes(std::span(text));
    return error_of(FileBytes(all.begin(), all.end()));
  };
  CHECK_THAT(of(""), Contains("hand.pt: is empty"));
  CHECK_THAT(of("hello"), Contains("neither a zip archive nor a pickle"));
  CHECK_THAT(of("\x80\x02N."), Contains("a pickle, but not of torch.save"));
  CHECK_THAT(of("\2\0\0\0\0\0\0\0{}"s), Contains("safetensors"));
  CHECK_THAT(of(std::string(257, '\0') + "ustar" + std::string(250, '\0')), Contains("first format"));
  CHECK_THAT(error_of(archive(whole("N"), {{"constants.pkl", "x"}})), Contains("torch.jit.load"));
  CHECK_THAT(error_of(archive(whole("N"), {{"byteorder", "middle"}})), Contains("byteorder is 'middle'"));
}
