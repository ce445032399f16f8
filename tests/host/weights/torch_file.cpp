#include "host/weights/torch_file.hpp"

#include <ATen/Functions.h>

#include "torch_file_parts.hpp"

using namespace torch_files;

TEST_CASE("torch_file: both formats give the tensors that Python wrote") {
  for (const char* name : {"state.pt", "state_legacy.pt", "deflated.pt"}) {
    INFO(name);
    auto file = read_torch_file(MappedFile::open(fixture(name)));
    const auto* map = file.root->as<Mapping>();
    REQUIRE(map);
    CHECK(map->kind == Mapping::ordered);
    CHECK(*map->items[0].first->as<std::string>() == "weight");
    CHECK(map->attributes);
    const auto grid = at::arange(6, at::kFloat).view({2, 3});
    CHECK(at::equal(tensor(file, "weight"), grid));
    CHECK(tensor(file, "weight").requires_grad());
    CHECK(tensor(file, "turned").is_same_size(grid.t()));
    CHECK(tensor(file, "turned").strides() == at::IntArrayRef({1, 3}));
    CHECK(tensor(file, "turned").is_alias_of(tensor(file, "grid")));
    CHECK_FALSE(tensor(file, "weight").is_alias_of(tensor(file, "grid")));
    CHECK(at::equal(tensor(file, "half"), at::tensor({1.5, -2.0}).to(at::kBFloat16)));
    CHECK(tensor(file, "count").item<int64_t>() == 7);
    CHECK(tensor(file, "empty").sizes() == at::IntArrayRef({0, 3}));
    CHECK(tensor(file, "complex").is_conj());
    CHECK(tensor(file, "complex").item().toComplexDouble() == c10::complex<double>(1, -2));
  }
}

TEST_CASE("torch_file: a mapped tensor is not copied, and writing to it never reaches the file") {
  const auto before = bytes_of(fixture("state.pt"));
  auto mapped = MappedFile::open(fixture("state.pt"));
  auto file = read_torch_file(mapped, {.mapped = true, .unknown = false, .place = {}});
  const auto* data = static_cast<const std::byte*>(tensor(file, "grid").const_data_ptr());
  CHECK((data > mapped->bytes().data()));
  CHECK((data < mapped->bytes().data() + mapped->size()));
  mapped.reset();
  at::Tensor grid = tensor(file, "grid");
  grid.fill_(9);
  CHECK((bytes_of(fixture("state.pt")) == before));
}

TEST_CASE("torch_file: elements of a big-endian machine are turned round") {
  auto file = read_torch_file(MappedFile::open(fixture("big_endian.pt")));
  CHECK(at::equal(tensor(file, "x"), at::tensor({1.0f, 2.0f})));
  CHECK(at::equal(tensor(file, "y"), at::tensor({1, 258}, at::kLong)));
  CHECK(tensor(file, "z").item().toComplexDouble() == c10::complex<double>(3, 4));
}

TEST_CASE("torch_file: containers keep their kinds, sharing and cycles") {
  auto file = read_torch_file(MappedFile::open(fixture("nested.pt")));
  CHECK(&item(file, "self") == file.root);
  const auto* shared = item(file, "shared").as<Sequence>();
  REQUIRE(shared);
  CHECK(shared->items[0] == shared->items[1]);
  CHECK(item(file, "a").as<Sequence>()->items[2]->as<Sequence>()->kind == Sequence::tuple);
  CHECK(item(file, "size").as<Sequence>()->kind == Sequence::size);
  CHECK(item(file, "set").as<Sequence>()->kind == Sequence::set);
  CHECK(item(file, "count").as<Mapping>()->kind == Mapping::counter);
  CHECK(item(file, "bytes").as<moonlab::weights::Bytes>()->data == std::string("\0\xff", 2));
  CHECK(*item(file, "big").as<int64_t>() == (int64_t{1} << 60) + 1);
  CHECK(item(file, "huge").as<BigInteger>()->hex == "-0x400000000000000000");
  CHECK(*item(file, "dtype").as<std::string>() == "float16");
  CHECK(item(file, "1").as<std::string>());
}

TEST_CASE("torch_file: NumPy's arrays and scalars") {
  auto file = read_torch_file(MappedFile::open(fixture("numpy.pt")));
  CHECK(at::equal(tensor(file, "array"), at::arange(6, at::kFloat).view({2, 3}).t()));
  CHECK(*item(file, "number").as<double>() == 2.5);
}

TEST_CASE("torch_file: other classes are refused by name, or kept as what they were called with") {
  CHECK_THROWS_WITH(read_torch_file(MappedFile::open(fixture("evil.pt"))),
                    Catch::Contains("'posix.system'") && Catch::Contains("evil.pt"));
  CHECK_THROWS_WITH(read_torch_file(MappedFile::open(fixture("namespace.pt"))),
                    Catch::Contains("'argparse.Namespace'"));
  CHECK_THROWS_WITH(read_torch_file(MappedFile::open(fixture("module.pt"))),
                    Catch::Contains("Linear") && Catch::Contains("model.state_dict()"));
  CHECK_THROWS_WITH(
      read_torch_file(
          MappedFile::open(fixture("cuda.pt")),
          {.mapped = false, .unknown = false, .place = [](auto&, auto&) { return at::empty({0}, at::kByte); }}),
      Catch::Contains("map_location gave 0 bytes"));
  auto file =
      read_torch_file(MappedFile::open(fixture("namespace.pt")), {.mapped = false, .unknown = true, .place = {}});
  CHECK(item(file, "args").as<Call>());
  read_torch_file(MappedFile::open(fixture("evil.pt")), {.mapped = false, .unknown = true, .place = {}});
  CHECK_FALSE(std::filesystem::exists("pwned"));
}

TEST_CASE("torch_file: what is written is read again, in both formats") {
  for (bool legacy : {false, true}) {
    INFO(legacy);
    const auto path = temporary("written.pt");
    Arena arena;
    const auto base = at::arange(12, at::kDouble);
    auto pair = [&](const char* key, Ref value) { return std::pair(arena.text(key), value); };
    Ref list = arena.make(Sequence{Sequence::list, {}});
    list->as<Sequence>()->items = {arena.integer(-1), arena.make(0.5), list};
    Ref root = arena.make(
        Mapping{Mapping::ordered,
                {pair("b", arena.make(base.slice(0, 2, 8, 3))), pair("a", arena.make(base.view({3, 4}).t())),
                 pair("list", list), pair("coo", arena.make(at::eye(3).to_sparse())),
                 pair("csr", arena.make(at::eye(3).to_sparse_csr())),
                 pair("bytes", arena.make(moonlab::weights::Bytes{"\xff"})),
                 pair("big", arena.make(BigInteger{"-0x10000000000000000"})), pair("long", arena.integer(INT64_MIN))}});
    write_torch_file(path, root, arena, legacy);
    auto file = read_torch_file(MappedFile::open(path));
    CHECK(at::equal(tensor(file, "b"), base.slice(0, 2, 8, 3)));
    CHECK(tensor(file, "b").is_alias_of(tensor(file, "a")));
    CHECK(tensor(file, "b").storage_offset() == 2);
    CHECK(tensor(file, "a").strides() == at::IntArrayRef({1, 4}));
    CHECK(item(file, "list").as<Sequence>()->items[2] == &item(file, "list"));
    CHECK(at::equal(tensor(file, "coo").to_dense(), at::eye(3)));
    CHECK(at::equal(tensor(file, "csr").to_dense(), at::eye(3)));
    CHECK(item(file, "bytes").as<moonlab::weights::Bytes>()->data == "\xff");
    CHECK(item(file, "big").as<BigInteger>()->hex == "-0x10000000000000000");
    CHECK(*item(file, "long").as<int64_t>() == INT64_MIN);
    std::filesystem::remove(path);
  }
}

TEST_CASE("torch_file: a failed write leaves the old file") {
  const auto folder = temporary("folder");
  std::filesystem::create_directory(folder);
  Arena arena;
  CHECK_THROWS_WITH(write_torch_file(folder, arena.integer(1), arena), Catch::Contains("is a folder"));
  CHECK_THROWS_WITH(write_torch_file(folder / "none" / "x.pt", arena.integer(1), arena),
                    Catch::Contains("No such file"));
  write_torch_file(folder / "x.pt", arena.integer(1), arena);
  CHECK_THROWS_WITH(write_torch_file(folder / "x.pt", arena.make(Global{"os.system"}), arena),
                    Catch::Contains("cannot be written"));
  CHECK(*read_torch_file(MappedFile::open(folder / "x.pt")).root->as<int64_t>() == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);  // no neighbour is left
  std::filesystem::remove_all(folder);
}
