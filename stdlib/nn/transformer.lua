--- Encoder, decoder and both (Vaswani et al. 2017), with PyTorch's parts and keys.
local define = require "nn.define"

local transformer = {}

local function activation_of(given)
  if type(given) ~= "string" then return given end
  local F = require "nn.functional"
  if given == "relu" or given == "gelu" then return F[given] end
  error(("activation should be relu/gelu, not '%s'"):format(given), 0)
end

-- The parts that both kinds of layer have, in PyTorch's order of registration: its draws follow it.
local function parts(self, attentions, d_model, nhead, width, dropout, activation, eps, batch_first, norm_first, bias, device, dtype)
  local nn = require "nn"
  local function made(options)
    options.device, options.dtype, options.bias = device, dtype, bias
    return options
  end
  for _, name in ipairs(attentions) do
    self[name] = nn.MultiheadAttention(d_model, nhead, made { dropout = dropout, batch_first = batch_first })
  end
  self.linear1 = nn.Linear(d_model, width, made {})
  self.dropout = nn.Dropout(dropout)
  self.linear2 = nn.Linear(width, d_model, made {})
  for i = 1, #attentions + 1 do self["norm" .. i] = nn.LayerNorm(d_model, made { eps = eps }) end
  for i = 1, #attentions + 1 do self["dropout" .. i] = nn.Dropout(dropout) end
  self.norm_first, self.activation = norm_first, activation_of(activation)
end

-- x plus what f makes of it, normalised before f or after the sum.
local function residual(self, norm, x, f)
  if self.norm_first then return x + f(norm(x)) end
  return norm(x + f(x))
end

local function feed(self, x, drop) return drop(self.linear2(self.dropout(self.activation(self.linear1(x))))) end

local arguments = "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-5, batch_first=false, "
  .. "norm_first=false, bias=true, device=nil, dtype=nil"

transformer.TransformerEncoderLayer = define.layer("TransformerEncoderLayer(" .. arguments .. ")", {
  init = function(self, ...) parts(self, { "self_attn" }, ...) end,
  forward = define.method("TransformerEncoderLayer(src, src_mask=nil, src_key_padding_mask=nil, is_causal=false)",
    function(self, src, mask, padding, is_causal)
      local x = residual(self, self.norm1, src, function(y)
        return self.dropout1((self.self_attn(y, y, y, { attn_mask = mask, key_padding_mask = padding, need_weights = false, is_causal = is_causal })))
      end)
      return residual(self, self.norm2, x, function(y) return feed(self, y, self.dropout2) end)
    end),
})

transformer.TransformerDecoderLayer = define.layer("TransformerDecoderLayer(" .. arguments .. ")", {
  init = function(self, ...) parts(self, { "self_attn", "multihead_attn" }, ...) end,
  forward = define.method("TransformerDecoderLayer(tgt, memory, tgt_mask=nil, memory_mask=nil, tgt_key_padding_mask=nil, "
    .. "memory_key_padding_mask=nil, tgt_is_causal=false, memory_is_causal=false)",
    function(self, tgt, memory, mask, memory_mask, padding, memory_padding, is_causal, memory_is_causal)
      local x = residual(self, self.norm1, tgt, function(y)
        return self.dropout1((self.self_attn(y, y, y, { attn_mask = mask, key_padding_mask = padding, need_weights = false, is_causal = is_causal })))
      end)
      x = residual(self, self.norm2, x, function(y)
        return self.dropout2((self.multihead_attn(y, memory, memory, { attn_mask = memory_mask, key_padding_mask = memory_padding,
          need_weights = false, is_causal = memory_is_causal })))
      end)
      return residual(self, self.norm3, x, function(y) return feed(self, y, self.dropout3) end)
    end),
})

-- n copies of a layer, and a norm at the end.
local function stack(self, layer, n, norm)
  local nn = require "nn"
  local copies = {}
  for i = 1, n do copies[i] = nn.copy(layer) end
  self.layers = nn.ModuleList(copies)
  self.num_layers, self.norm = n, norm
end

-- Without a word about causality masks are added as they are: finding out would wait for the device, and the result
-- is the same.
transformer.TransformerEncoder = define.layer("TransformerEncoder(encoder_layer, num_layers, norm=nil, enable_nested_tensor=true, mask_check=true)", {
  init = stack,
  forward = define.method("TransformerEncoder(src, mask=nil, src_key_padding_mask=nil, is_causal=nil)", function(self, src, mask, padding, is_causal)
    for i = 0, self.num_layers - 1 do
      src = self.layers[i](src, { src_mask = mask, src_key_padding_mask = padding, is_causal = is_causal or false })
    end
    return self.norm and self.norm(src) or src
  end),
})

transformer.TransformerDecoder = define.layer("TransformerDecoder(decoder_layer, num_layers, norm=nil)", {
  init = stack,
  forward = define.method("TransformerDecoder(tgt, memory, tgt_mask=nil, memory_mask=nil, tgt_key_padding_mask=nil, "
    .. "memory_key_padding_mask=nil, tgt_is_causal=nil, memory_is_causal=false)",
    function(self, tgt, memory, mask, memory_mask, padding, memory_padding, is_causal, memory_is_causal)
      for i = 0, self.num_layers - 1 do
        tgt = self.layers[i](tgt, memory, { tgt_mask = mask, memory_mask = memory_mask, tgt_key_padding_mask = padding,
          memory_key_padding_mask = memory_padding, tgt_is_causal = is_causal or false, memory_is_causal = memory_is_causal })
      end
      return self.norm and self.norm(tgt) or tgt
    end),
})

transformer.Transformer = define.layer("Transformer(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, "
  .. "dropout=0.1, activation='relu', custom_encoder=nil, custom_decoder=nil, layer_norm_eps=1e-5, batch_first=false, norm_first=false, "
  .. "bias=true, device=nil, dtype=nil)", {
    init = function(self, d_model, nhead, encoders, decoders, width, dropout, activation, encoder, decoder, eps, batch_first, norm_first, bias, device, dtype)
      local nn = require "nn"
      local function norm() return nn.LayerNorm(d_model, { eps = eps, bias = bias, device = device, dtype = dtype }) end
      local function layer(name)
        return nn[name](d_model, nhead, width, dropout, activation, eps, batch_first, norm_first, bias, device, dtype)
      end
      self.encoder = encoder or nn.TransformerEncoder(layer "TransformerEncoderLayer", encoders, norm())
      self.decoder = decoder or nn.TransformerDecoder(layer "TransformerDecoderLayer", decoders, norm())
      self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
      for _, p in ipairs(self:parameters()) do
        if p.ndim > 1 then nn.init.xavier_uniform_(p) end
      end
    end,
    forward = define.method("Transformer(src, tgt, src_mask=nil, tgt_mask=nil, memory_mask=nil, src_key_padding_mask=nil, "
      .. "tgt_key_padding_mask=nil, memory_key_padding_mask=nil, src_is_causal=nil, tgt_is_causal=nil, memory_is_causal=false)",
      function(self, src, tgt, src_mask, tgt_mask, memory_mask, src_padding, tgt_padding, memory_padding, src_causal, tgt_causal, memory_causal)
        local batch = self.batch_first and 0 or 1
        if src.ndim == 3 and src:size(batch) ~= tgt:size(batch) then error("the batch number of src and tgt must be equal", 0) end
        if src:size(-1) ~= self.d_model or tgt:size(-1) ~= self.d_model then
          error(("the feature number of src and tgt must be equal to d_model %d"):format(self.d_model), 0)
        end
        local memory = self.encoder(src, { mask = src_mask, src_key_padding_mask = src_padding, is_causal = src_causal or false })
        return self.decoder(tgt, memory, { tgt_mask = tgt_mask, memory_mask = memory_mask, tgt_key_padding_mask = tgt_padding,
          memory_key_padding_mask = memory_padding, tgt_is_causal = tgt_causal, memory_is_causal = memory_causal })
      end),
  })

--- A mask [n, n] with -inf above the diagonal: nothing sees what comes after it.
function transformer.Transformer.generate_square_subsequent_mask(n, options)
  local torch = require "torch"
  return torch.full({ n, n }, -math.huge, options):triu(1)
end

return transformer
