--- The linear layer alone, for modules that need no other.
return require("nn").Linear
