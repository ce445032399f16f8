--- Every layer of torch.nn against PyTorch 2.13: first draws after manual_seed(7), outputs and gradients in float64
-- as fingerprints (the sum of values times cos(1), cos(2), ...), and how it prints.
local t = require "test"
local nn = require "nn"

local function args(...) return { n = select("#", ...), ... } end

-- class, its arguments, shapes of the inputs, fingerprint of the outputs, of the first input's gradient, text
local cases = {
  { "ReLU", args(), { { 2, 3, 4 } }, -0.729851731055, 7.82222297759, "ReLU()" },
  { "ReLU6", args(), { { 2, 3, 4 } }, -0.729851731055, 7.82222297759, "ReLU6()" },
  { "SELU", args(), { { 2, 3, 4 } }, -0.715971091699, 9.46583951039, "SELU()" },
  { "SiLU", args(), { { 2, 3, 4 } }, -0.54789711341, 6.75056021365, "SiLU()" },
  { "Mish", args(), { { 2, 3, 4 } }, -0.612854937756, 7.32477691368, "Mish()" },
  { "Hardswish", args(), { { 2, 3, 4 } }, -0.518380023044, 6.37040976553, "Hardswish()" },
  { "Hardsigmoid", args(), { { 2, 3, 4 } }, -0.690711604506, 1.91110693259, "Hardsigmoid()" },
  { "Tanh", args(), { { 2, 3, 4 } }, -0.40316055061, 4.12875185192, "Tanh()" },
  { "Sigmoid", args(), { { 2, 3, 4 } }, -0.711006273562, 1.92072366239, "Sigmoid()" },
  { "LogSigmoid", args(), { { 2, 3, 4 } }, 0.459392668009, 5.22972197737, "LogSigmoid()" },
  { "Tanhshrink", args(), { { 2, 3, 4 } }, -0.390902478378, 7.33788940192, "Tanhshrink()" },
  { "Softsign", args(), { { 2, 3, 4 } }, -0.294526581635, 3.21760016421, "Softsign()" },
  { "ELU", args(), { { 2, 3, 4 } }, -0.700908632357, 8.53152425286, "ELU(alpha=1.0)" },
  { "CELU", args(), { { 2, 3, 4 } }, -0.700908632357, 8.53152425286, "CELU(alpha=1.0)" },
  { "LeakyReLU", args(), { { 2, 3, 4 } }, -0.730493844034, 7.85866716036, "LeakyReLU(negative_slope=0.01)" },
  { "GELU", args(), { { 2, 3, 4 } }, -0.603640002795, 7.28066667153, "GELU(approximate='none')" },
  { "Softplus", args(), { { 2, 3, 4 } }, -1.253455697, 6.23691927647, "Softplus(beta=1.0, threshold=20.0)" },
  { "Softshrink", args(), { { 2, 3, 4 } }, -0.487059285462, 10.2004647445, "Softshrink(0.5)" },
  { "Hardshrink", args(), { { 2, 3, 4 } }, -0.807827441609, 10.2004647445, "Hardshrink(0.5)" },
  { "Hardtanh", args(), { { 2, 3, 4 } }, -0.351126999517, 3.89988013775, "Hardtanh(min_val=-1.0, max_val=1.0)" },
  { "PReLU", args(), { { 2, 3, 4 } }, -0.745904555538, 8.73332754665, "PReLU(num_parameters=1)" },
  { "GLU", args(), { { 2, 3, 4 } }, 2.46503714375, -0.685257237844, "GLU(dim=-1)" },
  { "Softmax2d", args(), { { 2, 3, 4 } }, 0.0800087960298, 0.197256538515, "Softmax2d()" },
  { "Threshold", args(0.1, 20), { { 2, 3, 4 } }, -8.00374388397, 6.55604646828, "Threshold(threshold=0.1, value=20)" },
  { "Softmax", args(1), { { 2, 3, 4 } }, 0.356483616393, 2.40788731312, "Softmax(dim=1)" },
  { "LogSoftmax", args(-1), { { 2, 3, 4 } }, 5.64219196916, 8.49671499165, "LogSoftmax(dim=-1)" },
  { "Softmin", args(0), { { 2, 3, 4 } }, -1.19674432871, -0.197256538515, "Softmin(dim=0)" },
  { "GELU", args('tanh'), { { 2, 3, 4 } }, -0.60364998833, 7.27931022615, "GELU(approximate='tanh')" },
  { "RReLU", args(0.1, 0.3), { { 2, 3, 4 } }, -0.742693990642, 8.55110663284, "RReLU(lower=0.1, upper=0.3)" },
  { "Conv1d", args(4, 6, 3, { padding = 2, padding_mode = "circular" }), { { 2, 4, 9 } }, -0.091366428281, -6.21880037417,
    "Conv1d(4, 6, kernel_size=(3,), stride=(1,), padding=(2,), padding_mode=circular)" },
  { "Conv2d", args(4, 6, { 3, 2 }, 2, { 1, 2 }, { padding_mode = "reflect", groups = 2 }), { { 2, 4, 6, 6 } }, -11.275448713, 3.81006288397,
    "Conv2d(4, 6, kernel_size=(3, 2), stride=(2, 2), padding=(1, 2), groups=2, padding_mode=reflect)" },
  { "Conv2d", args(4, 2, 4, { padding = "same", padding_mode = "replicate" }), { { 2, 4, 6, 6 } }, 2.94887402266, 2.33049782865,
    "Conv2d(4, 2, kernel_size=(4, 4), stride=(1, 1), padding=same, padding_mode=replicate)" },
  { "Conv3d", args(2, 3, 2, { dilation = 2, bias = false }), { { 1, 2, 4, 4, 4 } }, 1.26081538398, 1.79051823748,
    "Conv3d(2, 3, kernel_size=(2, 2, 2), stride=(1, 1, 1), dilation=(2, 2, 2), bias=False)" },
  { "ConvTranspose1d", args(4, 2, 3, 2, 1, 1), { { 2, 4, 5 } }, 0.077044606689, 1.3872218472,
    "ConvTranspose1d(4, 2, kernel_size=(3,), stride=(2,), padding=(1,), output_padding=(1,))" },
  { "ConvTranspose2d", args(4, 6, 3, { stride = 2, groups = 2 }), { { 2, 4, 6, 6 } }, -0.300703075226, -0.105931695409,
    "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), groups=2)" },
  { "ConvTranspose3d", args(2, 3, 2), { { 1, 2, 3, 3, 3 } }, -0.375357481578, 6.59038958291,
    "ConvTranspose3d(2, 3, kernel_size=(2, 2, 2), stride=(1, 1, 1))" },
  { "MaxPool1d", args(3, 2, 1), { { 2, 3, 9 } }, 0.986618761985, 0.073597386713,
    "MaxPool1d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)" },
  { "MaxPool2d", args(3, { padding = 1, ceil_mode = true }), { { 2, 4, 6, 6 } }, -0.818526262201, -0.850975215717,
    "MaxPool2d(kernel_size=3, stride=3, padding=1, dilation=1, ceil_mode=True)" },
  { "MaxPool3d", args(2), { { 1, 2, 4, 4, 4 } }, -2.75184755565, 4.39008758529,
    "MaxPool3d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)" },
  { "AvgPool1d", args(3, 2, 1), { { 2, 3, 9 } }, 2.14596911889, -0.437788465331,
    "AvgPool1d(kernel_size=(3,), stride=(2,), padding=(1,))" },
  { "AvgPool2d", args(3, 2, 1, { count_include_pad = false }), { { 2, 4, 6, 6 } }, -0.643885528001, 0.51209432949,
    "AvgPool2d(kernel_size=3, stride=2, padding=1)" },
  { "AvgPool3d", args(2), { { 1, 2, 4, 4, 4 } }, -0.302916816789, 0.0420072700368,
    "AvgPool3d(kernel_size=2, stride=2, padding=0)" },
  { "AvgPool2d", args(2, { divisor_override = 3 }), { { 2, 4, 6, 6 } }, -4.0552087562, 0.258980198973,
    "AvgPool2d(kernel_size=2, stride=2, padding=0)" },
  { "LPPool1d", args(2, 3), { { 2, 3, 9 } }, -2.0675641401, 8.66541265989,
    "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)" },
  { "LPPool2d", args(2, 2), { { 2, 4, 6, 6 } }, -2.57579101102, -0.484122032477,
    "LPPool2d(norm_type=2, kernel_size=2, stride=None, ceil_mode=False)" },
  { "AdaptiveAvgPool1d", args(5), { { 2, 3, 9 } }, 2.48015923697, -0.608630657608,
    "AdaptiveAvgPool1d(output_size=5)" },
  { "AdaptiveAvgPool2d", args({ torch.None, 4 }), { { 2, 4, 6, 6 } }, 37.2898181261, 0.436146170583,
    "AdaptiveAvgPool2d(output_size=(None, 4))" },
  { "AdaptiveAvgPool3d", args(2), { { 1, 2, 3, 4, 5 } }, -0.141228374969, -0.213015980606,
    "AdaptiveAvgPool3d(output_size=2)" },
  { "AdaptiveMaxPool1d", args(5), { { 2, 3, 9 } }, 0.986618761985, 0.073597386713,
    "AdaptiveMaxPool1d(output_size=5)" },
  { "AdaptiveMaxPool2d", args({ 3, 4 }), { { 2, 4, 6, 6 } }, -6.16296166779, 0.109052424728,
    "AdaptiveMaxPool2d(output_size=(3, 4))" },
  { "AdaptiveMaxPool3d", args(2), { { 1, 2, 3, 4, 5 } }, -2.49339792613, -1.84310857677,
    "AdaptiveMaxPool3d(output_size=2)" },
  { "ReflectionPad1d", args(2), { { 2, 3, 5 } }, -18.0499426207, 0.741437236985, "ReflectionPad1d((2, 2))" },
  { "ReflectionPad2d", args({ 1, 2, 0, 1 }), { { 2, 4, 6, 6 } }, -36.1473010832, 1.80957307294,
    "ReflectionPad2d((1, 2, 0, 1))" },
  { "ReflectionPad3d", args(1), { { 1, 2, 3, 3, 3 } }, 26.9128465923, 0.43105170448,
    "ReflectionPad3d((1, 1, 1, 1, 1, 1))" },
  { "ReplicationPad1d", args(2), { { 2, 3, 5 } }, -6.14502069959, -1.82869237269, "ReplicationPad1d((2, 2))" },
  { "ReplicationPad2d", args({ 1, 2, 0, 1 }), { { 2, 4, 6, 6 } }, -9.8491478872, 2.46712520113,
    "ReplicationPad2d((1, 2, 0, 1))" },
  { "ReplicationPad3d", args(1), { { 1, 2, 3, 3, 3 } }, 27.2397574233, -0.126954365816,
    "ReplicationPad3d((1, 1, 1, 1, 1, 1))" },
  { "ZeroPad1d", args(2), { { 2, 3, 5 } }, -11.1828872145, -0.803639219022, "ZeroPad1d((2, 2))" },
  { "ZeroPad2d", args({ 1, 2, 0, 1 }), { { 2, 4, 6, 6 } }, -58.028959675, -1.14434765753, "ZeroPad2d((1, 2, 0, 1))" },
  { "ZeroPad3d", args(1), { { 1, 2, 3, 3, 3 } }, 5.83076064117, 0.153820642816, "ZeroPad3d((1, 1, 1, 1, 1, 1))" },
  { "CircularPad1d", args(2), { { 2, 3, 5 } }, -17.5630014262, -0.737899158971, "CircularPad1d((2, 2))" },
  { "CircularPad2d", args({ 1, 2, 0, 1 }), { { 2, 4, 6, 6 } }, -47.1696893694, -0.361916584848,
    "CircularPad2d((1, 2, 0, 1))" },
  { "CircularPad3d", args(1), { { 1, 2, 3, 3, 3 } }, -10.9691137479, 4.82817774326,
    "CircularPad3d((1, 1, 1, 1, 1, 1))" },
  { "ConstantPad2d", args(1, 3.5), { { 2, 4, 6, 6 } }, 2.12794615926, 0.732744622625,
    "ConstantPad2d(padding=(1, 1, 1, 1), value=3.5)" },
  { "BatchNorm1d", args(4), { { 5, 4 } }, 0.975357523655, 4.57427211802,
    "BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)" },
  { "BatchNorm2d", args(4, { momentum = torch.None }), { { 2, 4, 6, 6 } }, -2.1010903574, 100.494489304,
    "BatchNorm2d(4, eps=1e-05, momentum=None, affine=True, bias=True, track_running_stats=True)" },
  { "BatchNorm3d", args(2, { affine = false }), { { 2, 2, 3, 3, 3 } }, -0.738266153311, 37.9408329091,
    "BatchNorm3d(2, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)" },
  { "SyncBatchNorm", args(4), { { 2, 4, 6, 6 } }, -2.1010903574, 100.494489304,
    "SyncBatchNorm(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)" },
  { "InstanceNorm1d", args(4), { { 4, 9 } }, -2.47096438047, 9.87262026741,
    "InstanceNorm1d(4, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)" },
  { "InstanceNorm2d", args(4, { affine = true }), { { 2, 4, 6, 6 } }, -2.10069796426, 100.330532834,
    "InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=False)" },
  { "InstanceNorm3d", args(2), { { 2, 2, 3, 3, 3 } }, -0.739643145182, 37.3687421591,
    "InstanceNorm3d(2, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)" },
  { "GroupNorm", args(2, 4), { { 2, 4, 6, 6 } }, -2.10095299477, 101.163673669,
    "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)" },
  { "LayerNorm", args({ 3, 4 }), { { 2, 3, 4 } }, -0.276420990172, 6.93916093963,
    "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True, bias=True)" },
  { "LayerNorm", args(4, { bias = false }), { { 2, 3, 4 } }, 3.30359885762, 5.71781874785,
    "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=False)" },
  { "RMSNorm", args(4), { { 2, 3, 4 } }, -0.337923132766, 4.67591177411,
    "RMSNorm((4,), eps=None, elementwise_affine=True)" },
  { "LocalResponseNorm", args(3), { { 2, 4, 6, 6 } }, -2.971199599, 143.462175356,
    "LocalResponseNorm(3, alpha=0.0001, beta=0.75, k=1.0)" },
  { "Linear", args(4, 5), { { 2, 3, 4 } }, -0.457967075597, 0.514436679433,
    "Linear(in_features=4, out_features=5, bias=True)" },
  { "Bilinear", args(4, 3, 2), { { 5, 4 }, { 5, 3 } }, -2.39911522575, 1.26371558897,
    "Bilinear(in1_features=4, in2_features=3, out_features=2, bias=True)" },
  { "Identity", args(), { { 2, 3, 4 } }, -0.794063028988, 11.4666412538, "Identity()" },
  { "Flatten", args(), { { 2, 3, 4 } }, -0.794063028988, 11.4666412538, "Flatten(start_dim=1, end_dim=-1)" },
  { "Unflatten", args(1, { 3, 1 }), { { 2, 3, 4 } }, -0.794063028988, 11.4666412538,
    "Unflatten(dim=1, unflattened_size=(3, 1))" },
  { "RNN", args(4, 3, 2, "relu"), { { 3, 2, 4 } }, -8.66289278295, -0.394412845853, "RNN(4, 3, num_layers=2)" },
  { "RNN", args(4, 3), { { 3, 4 } }, -2.97677240354, 1.007478307, "RNN(4, 3)" },
  { "GRU", args(4, 3, 2, { bidirectional = true }), { { 3, 2, 4 } }, 2.28303220921, 0.252935192302,
    "GRU(4, 3, num_layers=2, bidirectional=True)" },
  { "LSTM", args(4, 5, 2, { proj_size = 3, batch_first = true, bidirectional = true }), { { 2, 3, 4 } }, 0.0748095081584, -0.0399136197622,
    "LSTM(4, 5, proj_size=3, num_layers=2, batch_first=True, bidirectional=True)" },
  { "RNNCell", args(4, 3), { { 2, 4 } }, -1.20805003674, 0.391545951143, "RNNCell(4, 3)" },
  { "GRUCell", args(4, 3, false), { { 4 } }, 0.0457828021487, -0.0384340683283, "GRUCell(4, 3, bias=False)" },
  { "LSTMCell", args(4, 3), { { 2, 4 } }, -1.18217349642, -0.0734308150152, "LSTMCell(4, 3)" },
  { "MultiheadAttention", args(4, 2), { { 3, 2, 4 }, { 5, 2, 4 }, { 5, 2, 4 } }, -0.365901179569, 0.305511456126, "" },
  { "MultiheadAttention", args(4, 2, { kdim = 3, vdim = 5, add_bias_kv = true, add_zero_attn = true, batch_first = true }), { { 2, 3, 4 }, { 2, 6, 3 }, { 2, 6, 5 } }, 0.776807275469, -0.0683438405139,
    "" },
  { "TransformerEncoderLayer", args(4, 2, 8, 0), { { 3, 2, 4 } }, 2.49528856971, 3.66864737228, "" },
  { "TransformerDecoderLayer", args(4, 2, 8, 0, "gelu", { norm_first = true }), { { 3, 2, 4 }, { 5, 2, 4 } }, -2.17402901719, 11.4571577044,
    "" },
  { "Transformer", args(4, 2, 2, 2, 8, 0), { { 5, 2, 4 }, { 3, 2, 4 } }, -2.7321352321, -1.35936204943, "" },
  { "CosineSimilarity", args(), { { 3, 4 }, { 3, 4 } }, 1.36526900557, 0.257582737562, "CosineSimilarity()" },
  { "PairwiseDistance", args(1, { keepdim = true }), { { 3, 4 }, { 3, 4 } }, -11.3085011349, -1.7812487957,
    "PairwiseDistance()" },
  { "L1Loss", args(), { { 3, 4 }, { 3, 4 } }, 1.03767701565, -0.133484259749, "L1Loss()" },
  { "MSELoss", args(), { { 3, 4 }, { 3, 4 } }, 2.75187156318, -0.437253792754, "MSELoss()" },
  { "SmoothL1Loss", args(), { { 3, 4 }, { 3, 4 } }, 0.792943805308, -0.111460956169, "SmoothL1Loss()" },
  { "HuberLoss", args(), { { 3, 4 }, { 3, 4 } }, 0.792943805308, -0.111460956169, "HuberLoss()" },
  { "SoftMarginLoss", args(), { { 3, 4 }, { 3, 4 } }, 0.720383394161, -0.0299336196169, "SoftMarginLoss()" },
  { "PoissonNLLLoss", args(), { { 3, 4 }, { 3, 4 } }, 1.87719453562, -0.29708090487, "PoissonNLLLoss()" },
  { "HingeEmbeddingLoss", args(), { { 3, 4 }, { 3, 4 } }, 0.719739450395, -0.0385698808122, "HingeEmbeddingLoss()" },
  { "MultiLabelSoftMarginLoss", args(), { { 3, 4 }, { 3, 4 } }, 0.833779940794, -0.0475103702613,
    "MultiLabelSoftMarginLoss()" },
  { "BCEWithLogitsLoss", args(), { { 3, 4 }, { 3, 4 } }, 0.833779940794, -0.0475103702613, "BCEWithLogitsLoss()" },
  { "CrossEntropyLoss", args({ label_smoothing = 0.1 }), { { 3, 4 }, { 3, 4 } }, 0.383738419489, -0.0868084645345,
    "CrossEntropyLoss()" },
  { "TripletMarginLoss", args({ swap = true }), { { 3, 4 }, { 3, 4 }, { 3, 4 } }, 1.30526631931, -0.00787689322374,
    "TripletMarginLoss()" },
  { "TripletMarginWithDistanceLoss", args(), { { 3, 4 }, { 3, 4 }, { 3, 4 } }, 0.98412502865, 0.204935117182, "" },
  { "MarginRankingLoss", args(0.5), { { 6 }, { 6 }, { 6 } }, 1.01875162051, -0.454431687859, "MarginRankingLoss()" },
  { "CosineEmbeddingLoss", args(0.2), { { 3, 4 }, { 3, 4 }, { 3 } }, 0, 0, "CosineEmbeddingLoss()" },
  { "PixelShuffle", args(2), { { 2, 4, 6, 6 } }, -3.44313563743, -0.797558158262, "PixelShuffle(upscale_factor=2)" },
  { "PixelUnshuffle", args(2), { { 2, 4, 6, 6 } }, -6.05876457885, 17.3895247351,
    "PixelUnshuffle(downscale_factor=2)" },
  { "ChannelShuffle", args(2), { { 2, 4, 6, 6 } }, -2.5110104345, 59.9629818124, "ChannelShuffle(groups=2)" },
  { "Unfold", args(2, { padding = 1, stride = 2 }), { { 2, 4, 6, 6 } }, -2.25048711682, -0.0399981381951,
    "Unfold(kernel_size=2, dilation=1, padding=1, stride=2)" },
  { "Fold", args({ 4, 4 }, 2), { { 1, 8, 9 } }, 0.990103580334, 4.21156982292,
    "Fold(output_size=(4, 4), kernel_size=2, dilation=1, padding=0, stride=1)" },
  { "Upsample", args({ scale_factor = 2, mode = "bicubic" }), { { 2, 4, 6, 6 } }, -3.25508083018, -0.0488138773354,
    "Upsample(scale_factor=2.0, mode='bicubic')" },
  { "Upsample", args({ 3, 9 }), { { 2, 4, 6, 6 } }, 0.99626590667, -0.337749156087,
    "Upsample(size=(3, 9), mode='nearest')" },
  { "UpsamplingBilinear2d", args({ scale_factor = 1.5 }), { { 2, 4, 6, 6 } }, -0.965671893117, 1.02512347308,
    "UpsamplingBilinear2d(scale_factor=1.5, mode='bilinear')" },
  { "UpsamplingNearest2d", args(9), { { 2, 4, 6, 6 } }, -3.35349890238, 0.587174815404,
    "UpsamplingNearest2d(size=9, mode='nearest')" },
}

local function wave(shape, k)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return (torch.arange(1, n + 1, { dtype = "float64" }) * (0.7 + 0.3 * k)):sin():mul(2):reshape(shape)
end

local function weights(x) return torch.arange(1, x:numel() + 1, { dtype = "float64" }):cos():reshape(x.shape) end

local function mark(outputs)
  local sum = 0
  for _, x in ipairs(outputs) do
    if x.dtype == "float64" then sum = sum + (x * weights(x)):sum() end
  end
  return sum
end

local function build(case)
  torch.manual_seed(7)
  return nn[case[1]](unpack(case[2], 1, case[2].n))
end

t.test("outputs, gradients and texts are PyTorch's", function()
  for i, case in ipairs(cases) do
    local layer = build(case):to "float64"
    if case[1] == "RReLU" then layer:eval() end
    local inputs = {}
    for k, shape in ipairs(case[3]) do inputs[k] = wave(shape, k - 1) end
    inputs[1].requires_grad = true
    local outputs = { layer(unpack(inputs)) }
    local sum = mark(outputs)
    local name = ("case %d, %s"):format(i, case[1])
    t.near(sum:item(), case[4], 1e-8 * (1 + math.abs(case[4])), name)
    if case[5] then
      sum:backward()
      t.near(mark({ inputs[1].grad }):item(), case[5], 1e-8 * (1 + math.abs(case[5])), name .. ", gradient")
    end
    if case[6] ~= "" then t.eq(tostring(layer):sub(1, #case[6]), case[6], name) end
  end
end)

t.test("dtype makes the parameters, state goes through a table and back", function()
  for _, case in ipairs(cases) do
    local last, options = case[2][case[2].n], {}
    local positional = case[2].n
    if type(last) == "table" and #last == 0 then
      for key, value in pairs(last) do options[key] = value end
      positional = positional - 1
    end
    options.dtype = "float64"
    local list = { unpack(case[2], 1, positional) }
    list[positional + 1] = options
    local ok, layer = pcall(nn[case[1]], unpack(list, 1, positional + 1))
    if ok then
      for _, pair in ipairs(layer:named_parameters()) do t.eq(pair[2].dtype, "float64", case[1] .. "." .. pair[1]) end
      local other = build(case):to "float64"
      other:load_state_dict(layer:state_dict())
      for key, value in pairs(layer:state_dict()) do t.ok(torch.equal(other:state_dict()[key], value), case[1] .. "." .. key) end
    else
      t.ok(#build(case):parameters() == 0, layer) -- layers without tensors may take no dtype
    end
  end
end)
