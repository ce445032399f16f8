--- Multi-head attention (Vaswani et al. 2017) with PyTorch's parameters and keys.
local define = require "nn.define"

local attention = {}

local function parameter(torch, shape, made)
  return torch.empty(shape, { dtype = made.dtype, device = made.device, requires_grad = true })
end

local function draw(self)
  local init = require "nn.initializers"
  if self.in_proj_weight then
    init.xavier_uniform_(self.in_proj_weight)
  else
    for _, name in ipairs { "q_proj_weight", "k_proj_weight", "v_proj_weight" } do init.xavier_uniform_(self[name]) end
  end
  local torch = require "torch"
  torch.no_grad(function()
    if self.in_proj_bias then
      self.in_proj_bias:zero_()
      self.out_proj.bias:zero_()
    end
  end)
  if self.bias_k then
    init.xavier_normal_(self.bias_k)
    init.xavier_normal_(self.bias_v)
  end
end

--- attention(query, key, value, {key_padding_mask=, need_weights=true, attn_mask=, average_attn_weights=true, is_causal=false})
-- -> output, weights (nil without need_weights). Shapes (L, N, E), (N, L, E) with batch_first, or (L, E). Masks of booleans
-- say what is left out; of numbers, what is added to the scores.
attention.MultiheadAttention = define.layer("MultiheadAttention(embed_dim, num_heads, dropout=0.0, bias=true, add_bias_kv=false, "
  .. "add_zero_attn=false, kdim=nil, vdim=nil, batch_first=false, device=nil, dtype=nil)", {
    init = function(self, embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, batch_first, device, dtype)
      local torch, nn = require "torch", require "nn"
      if embed_dim <= 0 or num_heads <= 0 then
        error(("MultiheadAttention: embed_dim and num_heads must be greater than 0, got %g and %g"):format(embed_dim, num_heads), 0)
      end
      if embed_dim % num_heads ~= 0 then
        error(("MultiheadAttention: embed_dim %d must be divisible by num_heads %d"):format(embed_dim, num_heads), 0)
      end
      self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
      self.kdim, self.vdim, self.add_zero_attn = kdim or embed_dim, vdim or embed_dim, add_zero_attn
      self.head_dim = embed_dim / num_heads
      local made = { dtype = dtype, device = device }
      if self.kdim == embed_dim and self.vdim == embed_dim then
        self.in_proj_weight = parameter(torch, { 3 * embed_dim, embed_dim }, made)
      else
        self.q_proj_weight = parameter(torch, { embed_dim, embed_dim }, made)
        self.k_proj_weight = parameter(torch, { embed_dim, self.kdim }, made)
        self.v_proj_weight = parameter(torch, { embed_dim, self.vdim }, made)
      end
      if bias then self.in_proj_bias = parameter(torch, { 3 * embed_dim }, made) end
      self.out_proj = nn.NonDynamicallyQuantizableLinear(embed_dim, embed_dim, { bias = bias, device = device, dtype = dtype })
      if add_bias_kv then
        self.bias_k = parameter(torch, { 1, 1, embed_dim }, made)
        self.bias_v = parameter(torch, { 1, 1, embed_dim }, made)
      end
      draw(self)
    end,
    forward = define.method("MultiheadAttention(query, key, value, key_padding_mask=nil, need_weights=true, attn_mask=nil, "
      .. "average_attn_weights=true, is_causal=false)",
      function(self, query, key, value, key_padding_mask, need_weights, attn_mask, average, is_causal)
        local turned = self.batch_first and query.ndim == 3
        if turned then query, key, value = query:transpose(0, 1), key:transpose(0, 1), value:transpose(0, 1) end
        local out, weights = require("nn.functional").multi_head_attention_forward(query, key, value, self.embed_dim, self.num_heads,
          self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight,
          self.out_proj.bias, { training = self.training, key_padding_mask = key_padding_mask, need_weights = need_weights,
            attn_mask = attn_mask, use_separate_proj_weight = not self.in_proj_weight, q_proj_weight = self.q_proj_weight,
            k_proj_weight = self.k_proj_weight, v_proj_weight = self.v_proj_weight, average_attn_weights = average, is_causal = is_causal })
        if turned then out = out:transpose(0, 1) end
        return out, weights
      end),
  })

return attention
